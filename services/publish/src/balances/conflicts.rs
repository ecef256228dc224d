//! Conflicting identities: which contents were stated, and which is in force.
//!
//! A content that came first and won is in the journal as a plain record; the
//! entries made by the conflict tell of the other only. So for a conflict just
//! opened the record is looked up once, and kept with the conflict.

use super::{Balances, Kind};
use crate::{LedgerState, PublishError};
use commonweal_journal::Book;
use commonweal_query::Session;
use std::path::PathBuf;
use std::sync::Arc;

const PARTS: &str = "conflict_parts";
const UNKEPT: &str = "unkept_identities";

/// Contents of the identities in conflict now, from the segments in `parts`:
/// `dataset, source, event_id, revision, content_digest, kept`.
pub(crate) fn open_contents_sql(parts: &str) -> String {
    format!(
        "WITH contents AS (\
           SELECT dataset, source, event_id, revision, content_digest, SUM(standing) AS standing, \
                  SUM(conflict) AS conflict \
           FROM {parts} GROUP BY dataset, source, event_id, revision, content_digest), \
         identities AS (\
           SELECT dataset, source, event_id, MAX(revision) AS revision \
           FROM contents GROUP BY dataset, source, event_id HAVING SUM(conflict) > 0) \
         SELECT c.dataset, c.source, c.event_id, c.revision, c.content_digest, c.standing > 0 AS kept \
         FROM contents c JOIN identities i ON c.dataset = i.dataset AND c.source = i.source \
           AND c.event_id = i.event_id AND c.revision = i.revision"
    )
}

/// Query for the records in force of conflicts that do not name theirs yet;
/// none where each does.
pub(super) async fn kept_contents(
    session: &Session,
    balances: &Balances,
    state: &LedgerState,
) -> Result<Option<String>, PublishError> {
    session.add_files(PARTS, &Kind::Conflicts.schema(), &balances.segments(Kind::Conflicts)).await?;
    let unkept = format!(
        "SELECT dataset, source, event_id, revision FROM ({}) AS contents \
         GROUP BY dataset, source, event_id, revision HAVING SUM(CASE WHEN kept THEN 1 ELSE 0 END) = 0",
        open_contents_sql(PARTS)
    );
    let (schema, batches) = session.query("conflicts without a content in force", &unkept).await?;
    if batches.iter().all(|batch| batch.num_rows() == 0) {
        return Ok(None);
    }
    session.add_batches(UNKEPT, &Arc::clone(&schema), batches)?;
    let mut queries = Vec::new();
    for book in [Book::Funding, Book::Employment] {
        let table = format!("all_{book}");
        let paths: Vec<PathBuf> =
            state.files.iter().filter(|file| file.book == book).map(|file| file.path.clone()).collect();
        session.add_files(&table, &book.schema(), &paths).await?;
        queries.push(format!(
            "SELECT '{book}' AS dataset, f.source, f.event_id, f.revision, f.content_digest, \
             CAST(SUM(f.entry + f.cancelled) AS BIGINT) AS standing, CAST(0 AS BIGINT) AS conflict \
             FROM {table} f JOIN {UNKEPT} u ON f.source = u.source AND f.event_id = u.event_id \
               AND f.revision = u.revision \
             WHERE u.dataset = '{book}' AND f.cause <> 'conflict' AND f.conflict = 0 \
             GROUP BY f.source, f.event_id, f.revision, f.content_digest \
             HAVING SUM(f.entry + f.cancelled) > 0"
        ));
    }
    Ok(Some(queries.join(" UNION ALL ")))
}
