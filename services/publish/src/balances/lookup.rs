//! Which balance an entry went into.

use super::amounts::entry_amounts;
use super::cells::Cells;
use super::fold::encode_keys;
use super::kinds::Kind;
use crate::PublishError;
use crate::grouping::{Amounts, Chunk};
use arrow::array::RecordBatch;
use commonweal_schemas::Dataset;

impl Cells {
    /// Balances by number, and their sums.
    pub(crate) fn chunks(&self) -> impl Iterator<Item = Chunk> {
        self.pairs().chunks(|_| true)
    }

    /// Numbers of the balances that entries of one dataset went into, none for
    /// those that came to nothing since, and what they added.
    pub(crate) fn look_up(
        &mut self,
        dataset: Dataset,
        batch: &RecordBatch,
        amounts: &mut Vec<Amounts>,
    ) -> Result<Vec<Option<u32>>, PublishError> {
        entry_amounts(batch, amounts)?;
        encode_keys(self, batch, &Kind::Keys(dataset).keys())?;
        Ok(self.find_encoded(batch.num_rows()))
    }
}
