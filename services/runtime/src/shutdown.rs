//! Ending on request: the first SIGINT or SIGTERM asks, the second insists.

use std::io;
use std::thread;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::exit::Exit;

/// A request to finish, shared by all clones. Once made it stays made.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    token: CancellationToken,
}

impl Shutdown {
    /// A handle that nothing but [`Shutdown::trigger`] sets off.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A handle that SIGINT and SIGTERM set off. From the first signal on,
    /// a second one, or `grace` gone by, ends the process at once, with
    /// [`Exit::Interrupted`] or [`Exit::ShutdownOverran`]. The signals are
    /// caught from the moment this returns. [`Shutdown::trigger`] starts no
    /// such countdown.
    ///
    /// # Errors
    /// Where the system refuses a thread or a signal handler.
    pub fn on_signals(grace: Duration) -> io::Result<Self> {
        let shutdown = Self::new();
        // A runtime of its own: signals are heard however busy the others are.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut signals = {
            let _inside = runtime.enter();
            Signals { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? }
        };
        let asked = shutdown.clone();
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            runtime.block_on(async {
                let name = signals.next().await;
                tracing::info!(
                    signal = name,
                    grace_seconds = grace.as_secs(),
                    "finishing; a second signal ends at once"
                );
                asked.trigger();
                insist(&mut signals, grace).await;
            });
        })?;
        Ok(shutdown)
    }

    /// Asks everybody who holds a clone to finish.
    pub fn trigger(&self) {
        self.token.cancel();
    }

    /// Whether finishing was asked for.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Waits on this thread until finishing is asked for, at most for `limit`;
    /// whether it was. Not on an async runtime's threads.
    #[must_use]
    pub fn requested_within(&self, limit: Duration) -> bool {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_time().build() else {
            // Without a runtime it is noticed later, at the limit.
            thread::sleep(limit);
            return self.is_requested();
        };
        runtime.block_on(async { tokio::time::timeout(limit, self.requested()).await.is_ok() })
    }

    /// Returns once finishing is asked for; at once where it was already.
    pub async fn requested(&self) {
        self.token.cancelled().await;
    }
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "ending without another step is what the second signal asks for")]
async fn insist(signals: &mut Signals, grace: Duration) {
    let exit = tokio::select! {
        _name = signals.next() => Exit::Interrupted,
        () = tokio::time::sleep(grace) => Exit::ShutdownOverran,
    };
    tracing::error!(exit = exit.name(), code = exit.code(), "ending at once");
    std::process::exit(i32::from(exit.code()));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that a request reaches every clone, including one that waits
    /// already and one that asks later.
    #[test]
    fn a_request_reaches_every_clone() {
        let shutdown = Shutdown::new();
        let waiting = shutdown.clone();
        assert!(!waiting.is_requested());
        let waiter = thread::spawn(move || futures::executor::block_on(waiting.requested()));
        shutdown.trigger();
        assert!(waiter.join().is_ok());
        assert!(shutdown.clone().is_requested());
        futures::executor::block_on(shutdown.requested());
    }
}
