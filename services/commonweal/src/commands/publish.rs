//! `commonweal publish`: once, or as a service.

use crate::outlet::Outlet;
use crate::settings::Loaded;
use crate::{AppError, cli};
use commonweal_journal::{Journal, JournalError};
use commonweal_publish::{Options, Protection, Store};
use commonweal_runtime::{Exit, Shutdown};

pub(crate) fn run(settings: &cli::Settings, asked: &cli::Publish) -> Result<Exit, AppError> {
    let loaded = Loaded::with_logs(settings)?;
    let mut options = loaded.publish_options()?;
    if let Some(version) = &asked.method {
        options.method = loaded.shelf().open(version)?;
    }
    if asked.before_disclosure {
        options.protection = Protection::None;
    } else if !asked.against.is_empty() {
        options.protection = Protection::Full { against: asked.against.clone() };
    }
    let store = loaded.store()?;
    if asked.follow {
        return follow(&loaded, &options, store);
    }
    let folder = asked.to.clone().unwrap_or_else(|| loaded.config.published_dir());
    // Without an instant: whatever is posted, in a journal of any date.
    let micros = asked.as_of.unwrap_or(i64::MAX);
    let publication = match &asked.to {
        None => commonweal_publish::publish(&options),
        Some(folder) => commonweal_publish::publish_as_of(&options, micros, folder),
    };
    let runtime = loaded.runtime()?;
    let published = runtime.block_on(publication)?;
    let manifest = &published.manifest;
    println!(
        "published ledger commit {} by method {} under reference {} to {}",
        manifest.ledger_version,
        manifest.method.version,
        manifest.reference_version,
        folder.display()
    );
    if asked.before_disclosure {
        println!("  {}", manifest.disclosure);
    }
    for table in &manifest.tables {
        println!("  {:<16} {:>10} rows {:>12} bytes  {}", table.table, table.rows, table.bytes, table.sha256);
    }
    // What goes elsewhere is for whoever asked.
    if let Some(store) = store.filter(|_| asked.to.is_none()) {
        let sent = runtime.block_on(store.send(&options.data_dir))?;
        let url = &loaded.config.publish.store_url;
        println!("copied to {url}: {} tables that differed, {} bytes", sent.tables, sent.bytes);
    }
    Ok(Exit::Ok)
}

/// Publishes whenever something was posted since the last time, at most once an
/// interval, until a shutdown is requested; then once more.
fn follow(loaded: &Loaded, options: &Options, store: Option<Store>) -> Result<Exit, AppError> {
    let Some(interval) = loaded.config.publish.interval() else {
        return Err(AppError::Usage("publish --follow needs publish.interval_seconds above 0".to_owned()));
    };
    let shutdown = Shutdown::on_signals(loaded.config.shutdown.grace()).map_err(AppError::Runtime)?;
    let dir = loaded.config.journal_dir();
    loaded.runtime()?.block_on(async {
        let outlet = Outlet::open(store, &options.data_dir, interval);
        let mut last = None;
        loop {
            let ending = shutdown.is_requested();
            match Journal::open(&dir).await {
                Ok(journal) if last != Some(journal.settled_version()) => {
                    let published = commonweal_publish::publish(options).await?;
                    last = Some(published.manifest.ledger_version);
                    tracing::info!(commit = last, "published");
                    outlet.published();
                }
                // Nothing was posted yet, or nothing since.
                Ok(_) | Err(JournalError::Missing(_)) => {}
                Err(error) => return Err(error.into()),
            }
            if ending {
                outlet.close(Some(loaded.config.shutdown.grace())).await?;
                return Ok(Exit::Ok);
            }
            tokio::select! {
                () = tokio::time::sleep(interval) => {}
                () = shutdown.requested() => {}
            }
        }
    })
}
