//! `commonweal publish`.

use crate::settings::Loaded;
use crate::{AppError, cli};
use commonweal_runtime::Exit;

pub(crate) fn run(settings: &cli::Settings) -> Result<Exit, AppError> {
    let loaded = Loaded::with_logs(settings)?;
    let options = loaded.publish_options()?;
    let published = loaded.runtime()?.block_on(commonweal_publish::publish(&options))?;
    let manifest = &published.manifest;
    println!(
        "published ledger commit {} by method {} under reference {} to {}",
        manifest.ledger_version,
        manifest.method.version,
        manifest.reference_version,
        loaded.config.published_dir().display()
    );
    for table in &manifest.tables {
        println!("  {:<16} {:>10} rows {:>12} bytes  {}", table.table, table.rows, table.bytes, table.sha256);
    }
    Ok(Exit::Ok)
}
