//! Who keeps a client in tokens: a thread of its own, since asking takes time
//! that whoever reads or sends has not.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::client::{Client, ClientContext};

use super::LoginError;
use super::endpoint::Endpoint;
use super::seat::Seat;
use super::token::Token;
use crate::clock::{Clock as _, SystemClock};
use crate::config::{KafkaConfig, SaslMechanism};
use crate::secret::SecretSource;
use crate::shutdown::Shutdown;

/// Least time between two looks at a file, and after a first failure.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// Longest time to the next try.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// How long refusals may still arrive that are of the token before: logins
/// that were under way, and what the client tells of them late.
const LATE_REFUSALS: Duration = Duration::from_secs(15);
/// How long whoever waits for the first token does not look at shutdown.
const STEP: Duration = Duration::from_millis(100);

/// Keeps one client in tokens until it is dropped.
#[derive(Debug)]
pub(crate) struct Keeper {
    seat: Arc<Seat>,
    login: Arc<Login>,
}

/// How the login stands.
#[derive(Debug, Default)]
pub(crate) struct Login {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The latest, and until when it holds.
    token: Option<(Token, Instant)>,
    /// When there was one again, after a time without.
    regained: Option<Instant>,
    /// Why there was none the last time.
    failed: Option<LoginError>,
    /// Nobody needs tokens any more.
    closed: bool,
}

impl State {
    fn holds(&self) -> bool {
        self.token.as_ref().is_some_and(|(_, until)| Instant::now() < *until)
    }
}

/// Where tokens come from.
enum Source {
    File { path: PathBuf, secret: SecretSource },
    Endpoint(Endpoint),
}

impl Keeper {
    /// A keeper that has its first token; `None` where the login takes none.
    /// Waits `kafka.connect_timeout_seconds` for an endpoint that does not
    /// answer, and gives up early when `shutdown` is requested.
    ///
    /// # Errors
    /// Why there is no token.
    pub(crate) fn start(config: &KafkaConfig, shutdown: Option<&Shutdown>) -> Result<Option<Self>, LoginError> {
        let security = &config.security;
        if security.sasl_mechanism != SaslMechanism::Oauthbearer {
            return Ok(None);
        }
        let source = if security.token_url.is_empty() {
            let path = security.token_file.clone();
            let secret = SecretSource::File { setting: "kafka.security.token_file", path: path.clone() };
            Source::File { path, secret }
        } else {
            Source::Endpoint(Endpoint::new(security)?)
        };
        let keeper = Self { seat: Arc::default(), login: Arc::default() };
        let (seat, login) = (Arc::clone(&keeper.seat), Arc::clone(&keeper.login));
        let no_thread = |error: std::io::Error| LoginError::Settings { reason: error.to_string() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(no_thread)?;
        // It is not waited for at the end: a request that is under way ends within its own limit.
        thread::Builder::new()
            .name("kafka-tokens".to_owned())
            .spawn(move || login.keep(&seat, || runtime.block_on(source.fetch())))
            .map_err(no_thread)?;
        keeper.login.first(config.connect_timeout(), shutdown)?;
        Ok(Some(keeper))
    }

    /// How the login stands.
    pub(crate) const fn login(&self) -> &Arc<Login> {
        &self.login
    }

    /// Keeps this client, which has the token at hand when this returns. The
    /// keeper is to be dropped before the client.
    pub(crate) fn serve<C: ClientContext>(&self, client: &Client<C>) -> Result<(), LoginError> {
        self.seat.take(client);
        let state = self.login.state();
        state.token.as_ref().map_or(Ok(()), |(token, _)| self.seat.give(token))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.seat.leave();
        self.login.state().closed = true;
        self.login.changed.notify_all();
    }
}

impl Source {
    async fn fetch(&self) -> Result<Token, LoginError> {
        match self {
            Self::File { path, secret } => {
                let text = secret.read().map_err(|reason| LoginError::Settings { reason })?;
                let path = path.display().to_string();
                Token::of_text(&text.0, SystemClock.now_micros()).map_err(|reason| LoginError::File { path, reason })
            }
            Self::Endpoint(endpoint) => endpoint.ask().await,
        }
    }
}

impl Login {
    /// Whether a refused login may come from a token that was not renewed in
    /// time, for want of an answer.
    pub(crate) fn is_overdue(&self) -> bool {
        let state = self.state();
        !state.holds() || state.regained.is_some_and(|at| at.elapsed() < LATE_REFUSALS)
    }

    /// Why there will be no login any more: there is no token that holds, and
    /// asking again will not help.
    pub(crate) fn verdict(&self) -> Option<LoginError> {
        let state = self.state();
        state.failed.clone().filter(|error| !state.holds() && !error.is_transient())
    }

    /// Waits for the first token.
    fn first(&self, limit: Duration, shutdown: Option<&Shutdown>) -> Result<(), LoginError> {
        let begun = Instant::now();
        let mut state = self.state();
        loop {
            if state.holds() {
                return Ok(());
            }
            let over = begun.elapsed() >= limit;
            if let Some(error) = state.failed.as_ref().filter(|error| over || !error.is_transient()) {
                return Err(error.clone());
            }
            if shutdown.is_some_and(Shutdown::is_requested) {
                return Err(LoginError::Interrupted);
            }
            // One request lasts no longer than its own limit, so a failure comes, if no token does.
            state = self.changed.wait_timeout(state, STEP).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Fetches tokens and hands them on, until nobody needs them any more.
    fn keep(&self, seat: &Seat, fetch: impl Fn() -> Result<Token, LoginError>) {
        let (mut due, mut pause) = (Instant::now(), PAUSE_MIN);
        while self.is_open_at(due) {
            let asked = Instant::now();
            let outcome = fetch().and_then(|token| {
                let renew_after = token.renew_after();
                self.renewed(token, asked, seat).map(|()| renew_after)
            });
            match outcome {
                Ok(renew_after) => {
                    pause = PAUSE_MIN;
                    due = asked + renew_after.max(PAUSE_MIN);
                }
                Err(error) => {
                    due = Instant::now() + pause;
                    pause = (pause * 2).min(PAUSE_MAX);
                    self.failed(error);
                }
            }
        }
    }

    fn renewed(&self, token: Token, asked: Instant, seat: &Seat) -> Result<(), LoginError> {
        // Under the lock, so that an older one is not handed over later.
        let mut state = self.state();
        seat.give(&token)?;
        if state.failed.take().is_some() {
            tracing::info!(principal = token.principal, "there is a token to log in to kafka with again");
        }
        tracing::debug!(principal = token.principal, life_seconds = token.life.as_secs(), "token for kafka renewed");
        let until = asked + token.life;
        if state.token.is_some() && !state.holds() {
            state.regained = Some(Instant::now());
        }
        state.token = Some((token, until));
        drop(state);
        self.changed.notify_all();
        Ok(())
    }

    fn failed(&self, error: LoginError) {
        let mut state = self.state();
        // Whoever waits for the first one tells by himself.
        if state.token.is_some() && state.failed.as_ref() != Some(&error) {
            let holds = state.holds();
            tracing::warn!(%error, holds, "the token for kafka is not renewed; it is tried again");
        }
        state.failed = Some(error);
        drop(state);
        self.changed.notify_all();
    }

    /// Waits until then; false where nobody needs tokens any more.
    fn is_open_at(&self, due: Instant) -> bool {
        let mut state = self.state();
        while !state.closed {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        false
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::config::Secret;
    use std::sync::mpsc;

    fn token(life: Duration) -> Token {
        Token { value: Secret("t".to_owned()), principal: "p".to_owned(), life, ends_millis: i64::MAX }
    }

    fn away() -> LoginError {
        LoginError::Unavailable { url: "u".to_owned(), reason: "nobody".to_owned() }
    }

    fn refused() -> LoginError {
        LoginError::Refused { url: "u".to_owned(), status: 401, reason: "no".to_owned() }
    }

    /// Proves that a refusal ends the wait for the first token at once and an
    /// absence at the limit, and that a request to stop ends it too.
    #[test]
    fn the_first_token_is_waited_for_within_a_limit() {
        let login = Login::default();
        login.failed(refused());
        assert_eq!(login.first(Duration::from_hours(1), None), Err(refused()));
        let login = Login::default();
        login.failed(away());
        assert_eq!(login.first(Duration::from_millis(1), None), Err(away()));
        let shutdown = Shutdown::new();
        shutdown.trigger();
        assert_eq!(login.first(Duration::from_hours(1), Some(&shutdown)), Err(LoginError::Interrupted));
        login.renewed(token(Duration::from_hours(1)), Instant::now(), &Seat::default()).unwrap();
        assert_eq!(login.first(Duration::ZERO, None), Ok(()));
    }

    /// Proves that no failure matters while the token at hand holds, and that
    /// afterwards a refusal is final where an absence is not.
    #[test]
    fn a_failure_matters_once_the_token_has_run_out() {
        let login = Login::default();
        login.renewed(token(Duration::from_hours(1)), Instant::now(), &Seat::default()).unwrap();
        login.failed(refused());
        assert!(login.verdict().is_none() && !login.is_overdue());
        let login = Login::default();
        login.renewed(token(Duration::ZERO), Instant::now(), &Seat::default()).unwrap();
        assert!(login.verdict().is_none() && login.is_overdue());
        login.failed(away());
        assert!(login.verdict().is_none());
        login.failed(refused());
        assert_eq!(login.verdict(), Some(refused()));
        login.renewed(token(Duration::from_hours(1)), Instant::now(), &Seat::default()).unwrap();
        // What is refused now may be of the token before.
        assert!(login.verdict().is_none() && login.is_overdue());
        login.state().regained = Instant::now().checked_sub(LATE_REFUSALS);
        assert!(!login.is_overdue());
    }

    /// Proves that a failure is followed by another try and a token by the
    /// next, and that the thread ends when none is needed any more.
    #[test]
    fn tokens_are_renewed_until_they_are_not_needed() {
        let (login, seat) = (Arc::new(Login::default()), Seat::default());
        let (asked, times) = mpsc::channel();
        let keeping = Arc::clone(&login);
        let thread = thread::spawn(move || {
            let answers = Mutex::new(vec![Ok(token(Duration::from_secs(1))), Err(away())]);
            keeping.keep(&seat, || {
                asked.send(Instant::now()).unwrap();
                answers.lock().unwrap().pop().unwrap_or(Ok(token(Duration::from_hours(1))))
            });
        });
        let at: Vec<Instant> = (0..3).map(|_| times.recv().unwrap()).collect();
        // A failure, then a token that lives a second, then one that lives an hour.
        assert!(at[1] - at[0] >= PAUSE_MIN && at[2] - at[1] >= PAUSE_MIN);
        login.state().closed = true;
        login.changed.notify_all();
        thread.join().unwrap();
    }
}
