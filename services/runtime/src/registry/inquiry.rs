//! What is known of each schema id, and which to ask for next: no I/O, and
//! time is passed in.

use super::{Fetched, RegistryError};
use commonweal_schemas::avro::WriterSchema;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Ids that something is kept of; beyond, the stalest makes room.
const IDS_MAX: usize = 4_096;
/// Ids that may wait for their registration at once. More are no producer's
/// haste but garbage: further ones are given up at the registry's first no.
const WAITING_MAX: usize = 64;
/// Pause before asking again; it doubles up to the greater.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// How long a verdict stands at least, so that who was told it can act on it.
const VERDICT_MIN: Duration = Duration::from_secs(5);

/// What is known of one id.
enum Entry {
    Settled {
        schema: WriterSchema,
        used: Instant,
    },
    Asked {
        since: Instant,
        due: Instant,
        pause: Duration,
        said: Option<String>,
    },
    /// Not to be had within the wait; stands until `until`.
    GivenUp {
        until: Instant,
        why: String,
    },
}

/// What the one who asks is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Ask(u32),
    WaitUntil(Instant),
    Idle,
}

/// What there is to tell of an answer, or of a wait that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// The id is asked for again; why.
    Waits(String),
    Unreachable(String),
    GivenUp(String),
    /// It was found after all.
    Found,
}

pub(super) struct Inquiries {
    wait: Duration,
    entries: HashMap<u32, Entry>,
    /// While the registry does not answer, nobody asks before this.
    closed: Option<Closed>,
}

struct Closed {
    until: Instant,
    pause: Duration,
    why: String,
}

impl Inquiries {
    /// Ids are given up after `wait`.
    pub(super) fn new(wait: Duration) -> Self {
        Self { wait, entries: HashMap::new(), closed: None }
    }

    /// What is known of `id`; an id that is new is from now on asked for.
    /// Where a wait has ended by this, the news of it.
    pub(super) fn look_up(&mut self, id: u32, now: Instant) -> (WriterSchema, Option<News>) {
        match self.entries.get_mut(&id) {
            Some(Entry::Settled { schema, used }) => {
                *used = now;
                return (schema.clone(), None);
            }
            Some(Entry::GivenUp { until, why }) if now < *until => return (WriterSchema::Unknown(why.clone()), None),
            Some(Entry::Asked { since, said, .. }) => {
                let why = said.as_ref().or(self.closed.as_ref().map(|closed| &closed.why));
                return match why {
                    Some(why) if now.saturating_duration_since(*since) >= self.wait => {
                        let why = format!("{why} (asked for during {} s)", self.wait.as_secs());
                        self.give_up(id, why.clone(), now);
                        (WriterSchema::Unknown(why.clone()), Some(News::GivenUp(why)))
                    }
                    _ => (WriterSchema::Awaited, None),
                };
            }
            Some(Entry::GivenUp { .. }) | None => {}
        }
        if self.entries.contains_key(&id) || self.make_room() {
            self.entries.insert(id, Entry::Asked { since: now, due: now, pause: PAUSE_MIN, said: None });
        }
        (WriterSchema::Awaited, None)
    }

    /// Whether an id has been asked for and not been answered once.
    pub(super) fn has_unanswered(&self) -> bool {
        self.closed.is_none() && self.entries.values().any(|entry| matches!(entry, Entry::Asked { said: None, .. }))
    }

    /// Which id to ask for, or how long to wait with it.
    pub(super) fn next(&self, now: Instant) -> Next {
        let asked = self.entries.iter().filter_map(|(&id, entry)| match entry {
            Entry::Asked { due, .. } => Some((*due, id)),
            _ => None,
        });
        let Some((due, id)) = asked.min() else { return Next::Idle };
        let due = self.closed.as_ref().map_or(due, |closed| due.max(closed.until));
        if due <= now { Next::Ask(id) } else { Next::WaitUntil(due) }
    }

    /// Takes in what came of asking for `id`.
    pub(super) fn answered(&mut self, id: u32, answer: Result<Fetched, RegistryError>, now: Instant) -> Option<News> {
        match answer {
            Ok(fetched) => {
                self.closed = None;
                let schema = match fetched {
                    Fetched::Avro(schema_json) => WriterSchema::Found(schema_json),
                    Fetched::Unusable(why) => WriterSchema::Unusable(why),
                };
                let before = self.entries.insert(id, Entry::Settled { schema, used: now });
                let waited = matches!(before, Some(Entry::Asked { said: Some(_), .. } | Entry::GivenUp { .. }));
                waited.then_some(News::Found)
            }
            Err(RegistryError::UnknownId { reason, .. }) => {
                self.closed = None;
                self.refused(id, reason, now)
            }
            Err(error) => {
                let why = error.to_string();
                let pause = self.closed.as_ref().map_or(PAUSE_MIN, |closed| (closed.pause * 2).min(PAUSE_MAX));
                let was_closed = self.closed.replace(Closed { until: now + pause, pause, why: why.clone() }).is_some();
                (!was_closed).then_some(News::Unreachable(why))
            }
        }
    }

    /// The registry says that it does not know `id`.
    fn refused(&mut self, id: u32, why: String, now: Instant) -> Option<News> {
        let waiting = |entry: &&Entry| matches!(entry, Entry::Asked { said: Some(_), .. });
        let crowded = self.entries.values().filter(waiting).count() >= WAITING_MAX;
        let Some(Entry::Asked { due, pause, said, .. }) = self.entries.get_mut(&id) else { return None };
        let first = said.is_none();
        if first && crowded {
            let why = format!("{why} (not waited for: {WAITING_MAX} others are)");
            self.give_up(id, why.clone(), now);
            return Some(News::GivenUp(why));
        }
        (*due, *pause) = (now + *pause, (*pause * 2).min(PAUSE_MAX));
        *said = Some(why.clone());
        first.then_some(News::Waits(why))
    }

    fn give_up(&mut self, id: u32, why: String, now: Instant) {
        self.entries.insert(id, Entry::GivenUp { until: now + self.wait.max(VERDICT_MIN), why });
    }

    /// Lets go of the stalest entry where the table is full: of a verdict
    /// first, then of a schema. False where all are being asked for.
    fn make_room(&mut self) -> bool {
        if self.entries.len() < IDS_MAX {
            return true;
        }
        let staleness = |entry: &Entry| match entry {
            Entry::GivenUp { until, .. } => Some((0, *until)),
            Entry::Settled { used, .. } => Some((1, *used)),
            Entry::Asked { .. } => None,
        };
        let stalest = self.entries.iter().filter_map(|(&id, entry)| Some((staleness(entry)?, id))).min();
        stalest.is_some_and(|(_, id)| self.entries.remove(&id).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_mins(1);

    fn avro() -> Fetched {
        Fetched::Avro("\"int\"".to_owned())
    }

    fn no(id: u32) -> Result<Fetched, RegistryError> {
        Err(RegistryError::UnknownId { id, reason: "no such schema".to_owned() })
    }

    fn away() -> Result<Fetched, RegistryError> {
        Err(RegistryError::Unavailable { url: "u".to_owned(), reason: "nobody".to_owned() })
    }

    fn is_unknown(schema: &WriterSchema) -> bool {
        matches!(schema, WriterSchema::Unknown(_))
    }

    /// Asks as the thread would from `now` to `end`; how often, and whether
    /// the pauses between only grow.
    fn ask_until(
        inquiries: &mut Inquiries,
        mut now: Instant,
        end: Instant,
        answer: &dyn Fn(u32) -> Result<Fetched, RegistryError>,
    ) -> (usize, bool) {
        let (mut asked, mut pauses) = (0, Vec::new());
        while now < end {
            match inquiries.next(now) {
                Next::Ask(id) => {
                    inquiries.answered(id, answer(id), now);
                    asked += 1;
                }
                Next::WaitUntil(due) => {
                    pauses.push(due - now);
                    now = due;
                }
                Next::Idle => break,
            }
        }
        (asked, pauses.is_sorted())
    }

    /// Proves that a found schema is asked for once and stays, while another
    /// id waits and while the registry is away.
    #[test]
    fn found_schemas_stay() {
        let (mut inquiries, now) = (Inquiries::new(WAIT), Instant::now());
        assert_eq!(inquiries.look_up(7, now), (WriterSchema::Awaited, None));
        assert!(inquiries.has_unanswered());
        assert_eq!(inquiries.next(now), Next::Ask(7));
        assert_eq!(inquiries.answered(7, Ok(avro()), now), None);
        assert_eq!(inquiries.next(now), Next::Idle);
        inquiries.look_up(8, now);
        assert!(matches!(inquiries.answered(8, away(), now), Some(News::Unreachable(_))));
        let later = now + WAIT * 1_000;
        assert_eq!(inquiries.look_up(7, later).0, WriterSchema::Found("\"int\"".to_owned()));
    }

    /// Proves that an unknown id is asked for with growing pauses, is given up
    /// after the wait and not before, that the verdict stands as long, and that
    /// the id is then asked for anew.
    #[test]
    fn unknown_ids_wait_and_are_given_up() {
        let (mut inquiries, now) = (Inquiries::new(WAIT), Instant::now());
        inquiries.look_up(7, now);
        let end = now + WAIT;
        let (asked, grows) = ask_until(&mut inquiries, now, end, &no);
        assert!(grows && (10..30).contains(&asked), "asked {asked} times");
        let just_before = end.checked_sub(Duration::from_millis(1)).unwrap();
        assert_eq!(inquiries.look_up(7, just_before), (WriterSchema::Awaited, None));
        let (verdict, news) = inquiries.look_up(7, end);
        assert!(is_unknown(&verdict) && matches!(news, Some(News::GivenUp(_))));
        assert_eq!(inquiries.look_up(7, end), (verdict, None));
        assert_eq!(inquiries.next(end), Next::Idle);
        assert_eq!(inquiries.look_up(7, end + WAIT), (WriterSchema::Awaited, None));
        assert_eq!(inquiries.next(end + WAIT), Next::Ask(7));
        assert_eq!(inquiries.answered(7, Ok(avro()), end + WAIT), None);
    }

    /// Proves that an id that is registered within the wait is found.
    #[test]
    fn late_registration_is_found() {
        let (mut inquiries, now) = (Inquiries::new(WAIT), Instant::now());
        inquiries.look_up(7, now);
        assert!(matches!(inquiries.answered(7, no(7), now), Some(News::Waits(_))));
        assert_eq!(inquiries.answered(7, no(7), now + PAUSE_MIN), None);
        assert!(!inquiries.has_unanswered());
        assert_eq!(inquiries.answered(7, Ok(avro()), now + WAIT / 2), Some(News::Found));
        assert_eq!(inquiries.look_up(7, now + WAIT * 2).0, WriterSchema::Found("\"int\"".to_owned()));
    }

    /// Proves that a registry that is away is not asked once per id, that ids
    /// which could not be fetched are given up after the wait with the reason,
    /// and that without a wait a first question is asked all the same.
    #[test]
    fn an_outage_is_one_for_all() {
        let (mut inquiries, now) = (Inquiries::new(WAIT), Instant::now());
        for id in 0..50 {
            inquiries.look_up(id, now);
        }
        let (asked, grows) = ask_until(&mut inquiries, now, now + WAIT, &|_| away());
        assert!(grows && asked < 30, "asked {asked} times");
        assert!((0..50).all(|id| is_unknown(&inquiries.look_up(id, now + WAIT).0)));

        let mut hasty = Inquiries::new(Duration::ZERO);
        assert_eq!(hasty.look_up(7, now).0, WriterSchema::Awaited);
        assert_eq!(hasty.look_up(7, now + WAIT).0, WriterSchema::Awaited);
        hasty.answered(7, no(7), now + WAIT);
        assert!(is_unknown(&hasty.look_up(7, now + WAIT).0));
    }

    /// Proves that garbage, which names ids without end, keeps neither memory
    /// nor its partition for long: beyond the crowd each is given up at the
    /// first no, and old verdicts make room before schemas do.
    #[test]
    fn garbage_is_bounded() {
        let (mut inquiries, now) = (Inquiries::new(WAIT), Instant::now());
        inquiries.look_up(0, now);
        inquiries.answered(0, Ok(avro()), now);
        for id in 1..20_000 {
            inquiries.look_up(id, now);
            if let Next::Ask(id) = inquiries.next(now) {
                inquiries.answered(id, no(id), now);
            }
        }
        assert!(inquiries.entries.len() <= IDS_MAX);
        let waiting = inquiries.entries.values().filter(|entry| matches!(entry, Entry::Asked { .. })).count();
        assert_eq!(waiting, WAITING_MAX);
        assert!(matches!(inquiries.look_up(0, now).0, WriterSchema::Found(_)));
    }
}
