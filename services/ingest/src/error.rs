//! What makes a whole batch impossible to validate.

/// The caller handed over something that is no raw batch. A bad event is
/// never an error: it is a rejection.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    #[error("the batch is not of the {dataset} contract: column {column} should be {expected}, found {found}")]
    Column { dataset: &'static str, column: String, expected: String, found: String },
    #[error("the batch has {rows} rows but {origins} origins; pass one partition and one offset a row")]
    Origins { rows: usize, origins: usize },
    #[error("the validated batch cannot be built: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
}
