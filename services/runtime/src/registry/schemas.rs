//! Schemas by id for whoever reads: what is known is told at once, what is not
//! is asked for on a thread of its own, so that an outage stops nobody.

use super::inquiry::{Inquiries, News, Next};
use super::{Client, RegistryError};
use commonweal_schemas::avro::{WriterSchema, WriterSchemas};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A registry's schemas. Clones share what is known; with the last of them the
/// thread ends, once it has the answer that it may be waiting for.
#[derive(Clone)]
pub struct RegistrySchemas {
    handle: Arc<Handle>,
}

struct Handle {
    desk: Arc<Desk>,
}

struct Desk {
    state: Mutex<State>,
    /// An id is asked for, an answer is there, or nobody is left to tell.
    changed: Condvar,
}

struct State {
    inquiries: Inquiries,
    closed: bool,
}

impl RegistrySchemas {
    pub(super) fn start(client: Arc<Client>, wait: Duration) -> Result<Self, RegistryError> {
        let state = State { inquiries: Inquiries::new(wait), closed: false };
        let desk = Arc::new(Desk { state: Mutex::new(state), changed: Condvar::new() });
        let asking = Arc::clone(&desk);
        thread::Builder::new()
            .name("registry".to_owned())
            .spawn(move || asking.ask(&client))
            .map_err(|error| RegistryError::Settings { reason: format!("no thread to ask on: {error}") })?;
        Ok(Self { handle: Arc::new(Handle { desk }) })
    }

    /// Waits until each id has been answered for once or the registry is known
    /// to be away, at most for `limit`: most answers are there in a few
    /// milliseconds.
    pub fn first_answers(&self, limit: Duration) {
        let desk = &self.handle.desk;
        // Whether it was reached or the time is up makes no difference to the caller.
        drop(desk.changed.wait_timeout_while(desk.lock(), limit, |state| state.inquiries.has_unanswered()));
    }

    /// Waits for any answer, at most for `limit`.
    pub fn next_answer(&self, limit: Duration) {
        let desk = &self.handle.desk;
        drop(desk.changed.wait_timeout(desk.lock(), limit));
    }
}

impl WriterSchemas for RegistrySchemas {
    fn writer_schema(&self, id: u32) -> WriterSchema {
        let desk = &self.handle.desk;
        let mut state = desk.lock();
        let (schema, news) = state.inquiries.look_up(id, Instant::now());
        drop(state);
        tell(id, news);
        if schema == WriterSchema::Awaited {
            desk.changed.notify_all();
        }
        schema
    }
}

impl std::fmt::Debug for RegistrySchemas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegistrySchemas").finish_non_exhaustive()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.desk.lock().closed = true;
        self.desk.changed.notify_all();
    }
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Each change is made whole before the lock is let go.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for one id after the other until nobody is left to tell.
    fn ask(&self, client: &Client) {
        let mut state = self.lock();
        while !state.closed {
            let now = Instant::now();
            state = match state.inquiries.next(now) {
                Next::Ask(id) => {
                    drop(state);
                    let answer = client.fetch(id);
                    let mut state = self.lock();
                    let news = state.inquiries.answered(id, answer, Instant::now());
                    tell(id, news);
                    self.changed.notify_all();
                    state
                }
                Next::WaitUntil(due) => {
                    let waited = self.changed.wait_timeout(state, due.saturating_duration_since(now));
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                Next::Idle => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

fn tell(id: u32, news: Option<News>) {
    match news {
        None => {}
        Some(News::Waits(reason)) => {
            tracing::warn!(id, reason, "a schema id is not known; its messages wait while it is asked for");
        }
        Some(News::Unreachable(reason)) => {
            tracing::error!(id, reason, "a schema cannot be fetched; what is known goes on, the rest waits");
        }
        Some(News::GivenUp(reason)) => {
            tracing::error!(id, reason, "a schema id is given up; its messages are refused");
        }
        Some(News::Found) => tracing::info!(id, "a schema that was waited for is there"),
    }
}
