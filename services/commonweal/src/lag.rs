//! How far the books are behind the brokers, partition by partition.

use std::fmt;

/// A partition as the brokers have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// First offset that is still there.
    pub(crate) log_start: i64,
    /// One past the last offset that can be read: whatever lies behind it
    /// belongs to a transaction that is still open, or follows one.
    pub(crate) stable_end: i64,
    /// One past the last offset.
    pub(crate) log_end: i64,
}

/// How the books and the brokers stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Everything that can be read is in the books.
    Level,
    Behind,
    /// Nothing of the partition is in the books yet.
    Unread,
    /// The brokers have deleted offsets that the books wait for.
    Lost,
    /// The books are further than the brokers: another topic of this name.
    Ahead,
    /// The books know a partition that the brokers do not.
    Gone,
}

impl State {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Level => "level",
            Self::Behind => "behind",
            Self::Unread => "unread",
            Self::Lost => "lost",
            Self::Ahead => "ahead",
            Self::Gone => "gone",
        }
    }

    /// Whether somebody has to look after it: waiting does not mend it.
    pub(crate) const fn is_fault(self) -> bool {
        matches!(self, Self::Lost | Self::Ahead | Self::Gone)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The lag of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lag {
    /// Next offset that the books expect; `None` where they have nothing.
    pub(crate) position: Option<i64>,
    pub(crate) held: Option<Held>,
    pub(crate) state: State,
    /// Offsets that can be read and are not in the books. Markers of
    /// transactions are among them, and what was aborted or compacted away.
    pub(crate) offsets: i64,
    /// Messages at those offsets, where they were counted.
    pub(crate) messages: Option<i64>,
    /// Offsets that cannot be read yet, for a transaction is open.
    pub(crate) held_back: i64,
    /// Offsets that the brokers deleted before they were in the books.
    pub(crate) deleted: i64,
}

impl Lag {
    /// The lag of a partition whose offsets were asked for after the books'
    /// position was, so that a pipeline at work is never found ahead.
    pub(crate) fn of(position: Option<i64>, held: Option<Held>) -> Self {
        let Some(at) = held else {
            let messages = Some(0);
            return Self { position, held, state: State::Gone, offsets: 0, messages, held_back: 0, deleted: 0 };
        };
        let expected = position.unwrap_or(0);
        let offsets = (at.stable_end - expected.max(at.log_start)).max(0);
        let deleted = (at.log_start - expected).max(0);
        let state = match position {
            Some(position) if position > at.stable_end => State::Ahead,
            Some(_) if deleted > 0 => State::Lost,
            None if at.stable_end > 0 => State::Unread,
            _ if offsets > 0 => State::Behind,
            _ => State::Level,
        };
        let held_back = (at.log_end - at.stable_end).max(0);
        let messages = (offsets == 0).then_some(0);
        Self { position, held, state, offsets, messages, held_back, deleted }
    }

    /// The same where something of the topic is in the books: then it was to be
    /// read, though nothing of this partition is.
    pub(crate) const fn of_known_topic(mut self) -> Self {
        if self.position.is_none() && self.deleted > 0 {
            self.state = State::Lost;
        }
        self
    }

    /// Offsets from here on wait to be read; none below this one do.
    pub(crate) fn next_readable(&self) -> Option<i64> {
        self.held.map(|held| self.position.unwrap_or(0).max(held.log_start).min(held.stable_end))
    }

    /// What waits: messages where they were counted, else offsets.
    pub(crate) fn waiting(&self) -> i64 {
        self.messages.unwrap_or(self.offsets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lag(position: Option<i64>, (log_start, stable_end, log_end): (i64, i64, i64)) -> (State, i64, i64, i64) {
        let lag = Lag::of(position, Some(Held { log_start, stable_end, log_end }));
        (lag.state, lag.offsets, lag.held_back, lag.deleted)
    }

    /// Proves that each way the books and the brokers can stand to each other
    /// is told apart, with the offsets that wait, are held back and are gone.
    #[test]
    fn positions_against_ends() {
        assert_eq!(lag(Some(7), (0, 7, 7)), (State::Level, 0, 0, 0));
        assert_eq!(lag(Some(5), (0, 7, 7)), (State::Behind, 2, 0, 0));
        assert_eq!(lag(None, (0, 0, 0)), (State::Level, 0, 0, 0));
        assert_eq!(lag(None, (0, 7, 7)), (State::Unread, 7, 0, 0));
        // An open transaction: level with what can be read.
        assert_eq!(lag(Some(7), (0, 7, 12)), (State::Level, 0, 5, 0));
        // Deleted up to the end, or in part, before it was read.
        assert_eq!(lag(Some(5), (9, 12, 12)), (State::Lost, 3, 0, 4));
        assert_eq!(lag(Some(5), (7, 7, 7)), (State::Lost, 0, 0, 2));
        assert_eq!(lag(None, (9, 12, 12)), (State::Unread, 3, 0, 9));
        assert_eq!(lag(None, (9, 9, 9)), (State::Unread, 0, 0, 9));
        // Deleted what the books have.
        assert_eq!(lag(Some(9), (7, 12, 12)), (State::Behind, 3, 0, 0));
        assert_eq!(lag(Some(8), (0, 7, 7)), (State::Ahead, 0, 0, 0));
        assert_eq!(Lag::of(Some(3), None).state, State::Gone);
        // Nothing of it was read, though others of the topic were.
        let held = Some(Held { log_start: 9, stable_end: 12, log_end: 12 });
        assert_eq!(Lag::of(None, held).of_known_topic().state, State::Lost);
        let held = Some(Held { log_start: 0, stable_end: 12, log_end: 12 });
        assert_eq!(Lag::of(None, held).of_known_topic().state, State::Unread);
    }

    /// Proves that counting starts where reading would.
    #[test]
    fn counting_starts_where_reading_would() {
        let next = |position, log_start| {
            Lag::of(position, Some(Held { log_start, stable_end: 9, log_end: 9 })).next_readable()
        };
        assert_eq!((next(Some(4), 0), next(Some(4), 6), next(None, 2)), (Some(4), Some(6), Some(2)));
        assert_eq!((next(Some(12), 0), Lag::of(Some(3), None).next_readable()), (Some(9), None));
    }
}
