//! Names of organisations as entries state them, counted.

use super::amounts::{self, cell_amounts};
use crate::PublishError;
use crate::grouping::{Amounts, Coder, Codes, NULL, Pairs, scan};
use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use std::path::PathBuf;

const PARTIES: [(&str, &str); 2] = [("organisation_id", "organisation_name"), ("counterparty_id", "counterparty_name")];

/// Names under way: pairs of an id and a name.
pub(super) struct Names {
    /// Of ids and of names.
    coders: [Coder; 2],
    codes: [Codes; 2],
    sums: Pairs,
    /// Number of the pair that an id came with last: it rarely changes its name.
    last: Codes,
}

impl Names {
    pub(super) fn new() -> Self {
        Self { coders: Default::default(), codes: Default::default(), sums: Pairs::default(), last: Codes::new() }
    }

    /// Merges segments of names.
    pub(super) fn read(paths: &[PathBuf]) -> Result<Self, PublishError> {
        let mut names = Self::new();
        let mut amounts = Vec::new();
        scan(paths, &["id", "name", "entries"], |batch| {
            cell_amounts(batch, &mut amounts)?;
            names.encode(batch, ["id", "name"])?;
            names.add(&amounts, NULL);
            Ok(())
        })?;
        Ok(names)
    }

    /// Adds new entries: both parties share the coders of ids and names.
    pub(super) fn add_entries(&mut self, batch: &RecordBatch, amounts: &[Amounts]) -> Result<(), PublishError> {
        let unknown = self.coders[0].code("unknown");
        for (id, name) in PARTIES {
            self.encode(batch, [id, name])?;
            self.add(amounts, unknown);
        }
        Ok(())
    }

    fn encode(&mut self, batch: &RecordBatch, columns: [&str; 2]) -> Result<(), PublishError> {
        for ((coder, codes), name) in self.coders.iter_mut().zip(&mut self.codes).zip(columns) {
            coder.encode(amounts::column(batch, name)?, codes).map_err(PublishError::arrow(name))?;
        }
        Ok(())
    }

    /// Adds the encoded rows that have a name and another id than `unknown`.
    fn add(&mut self, amounts: &[Amounts], unknown: u32) {
        let Self { coders, codes: [ids, names], sums, last } = self;
        last.resize(coders[0].len(), 0);
        for ((id, name), amount) in ids.iter().zip(names).zip(amounts) {
            if *id == unknown || *id == NULL || *name == NULL {
                continue;
            }
            let number = &mut last[*id as usize];
            if !sums.add_known(*number, [*id, *name], amount) {
                *number = sums.add([*id, *name], amount);
            }
        }
    }

    /// Rows of the segment: names without an entry are left out.
    pub(super) fn batches(&self) -> impl Iterator<Item = Result<RecordBatch, PublishError>> {
        self.sums.chunks(|sum| !sum.is_zero()).map(|mut chunk| {
            let mut columns = Vec::new();
            for ((name, coder), codes) in ["id", "name"].iter().zip(&self.coders).zip(&mut chunk.pairs) {
                let codes = std::mem::take(codes);
                let arrays = coder.decode(&DataType::Utf8, &[codes]).map_err(PublishError::arrow(*name))?;
                columns.extend(arrays.into_iter().map(|array| (*name, array, true)));
            }
            columns.push(("entries", amounts::sum_array("entries", &mut chunk)?, true));
            RecordBatch::try_from_iter_with_nullable(columns).map_err(PublishError::arrow("names"))
        })
    }
}
