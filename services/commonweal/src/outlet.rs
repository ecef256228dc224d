//! Copies to the object store, beside everything else: neither the books nor
//! the next publication waits for a store.

use crate::AppError;
use commonweal_publish::{Store, StoreError};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Where published files are copied to, if anywhere.
pub(crate) struct Outlet(Option<Open>);

struct Open {
    store: Arc<Store>,
    data_dir: Arc<Path>,
    /// Number of publications so far: several that come while a copy is on its
    /// way are one reason for the next.
    publications: watch::Sender<u64>,
    copies: JoinHandle<()>,
}

impl Outlet {
    /// Waits for the first publication. A copy that fails is made again with
    /// the next one, or after `again`.
    pub(crate) fn open(store: Option<Store>, data_dir: &Path, again: Duration) -> Self {
        Self(store.map(|store| {
            let (store, data_dir) = (Arc::new(store), Arc::from(data_dir));
            let (publications, seen) = watch::channel(0);
            let copies = tokio::spawn(follow(Arc::clone(&store), Arc::clone(&data_dir), again, seen));
            Open { store, data_dir, publications, copies }
        }))
    }

    /// Something was published.
    pub(crate) fn published(&self) {
        if let Some(open) = &self.0 {
            open.publications.send_modify(|count| *count += 1);
        }
    }

    /// Copies the last publication, if there was one. Where the process has
    /// only `grace` left to end in, a copy takes half of it at most and what
    /// goes wrong is logged: the next publication makes it good.
    ///
    /// # Errors
    /// The last copy failed, with no hurry to be at fault.
    pub(crate) async fn close(self, grace: Option<Duration>) -> Result<(), AppError> {
        let Some(open) = self.0 else { return Ok(()) };
        // What it was sending is sent below, in full: objects are replaced whole.
        open.copies.abort();
        let _aborted = open.copies.await;
        if *open.publications.borrow() == 0 {
            return Ok(());
        }
        let copy = open.store.send(&open.data_dir);
        let Some(grace) = grace else {
            copy.await?;
            return Ok(());
        };
        match tokio::time::timeout(grace / 2, copy).await {
            Ok(Ok(_sent)) => {}
            Ok(Err(error)) => failed(error),
            Err(_late) => {
                let seconds = (grace / 2).as_secs_f64();
                tracing::warn!(
                    seconds,
                    "the last copy to the object store was cut off; the next publication makes it good"
                );
            }
        }
        Ok(())
    }
}

async fn follow(store: Arc<Store>, data_dir: Arc<Path>, again: Duration, mut publications: watch::Receiver<u64>) {
    let mut owed = false;
    loop {
        tokio::select! {
            changed = publications.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(again), if owed => {}
        }
        owed = match store.send(&data_dir).await {
            Ok(_sent) => false,
            Err(error) => {
                failed(error);
                true
            }
        };
    }
}

fn failed(error: StoreError) {
    let reason = AppError::from(error).chain();
    tracing::error!(reason, "the object store has not the last publication; the copy is made again");
}
