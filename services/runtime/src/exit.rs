//! How the program ends: one code a cause. `docs/exit-codes.md` is made from
//! this list.

use std::fmt;
use std::process::ExitCode;

macro_rules! exits {
    ($($variant:ident, $code:literal, $name:literal, $sentence:literal;)*) => {
        /// Outcome of a run, as the process's exit code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Exit {
            $(#[doc = $sentence] $variant,)*
        }

        impl Exit {
            /// Every outcome, by code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The process's exit code.
            #[must_use]
            pub const fn code(self) -> u8 {
                match self { $(Self::$variant => $code,)* }
            }

            /// Short name, for logs.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// One sentence for people.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)* }
            }
        }
    };
}

// 64 and up follow BSD's sysexits.h where it has a fitting code.
exits! {
    Ok, 0, "ok",
        "All that was asked for is done; after SIGINT or SIGTERM: everything read is flushed, every request answered.";
    CheckFailed, 1, "check failed",
        "A check found something wrong: a hole in the receipts, a sum that does not agree, messages lost before they were read, a release that does not come out the same again.";
    Usage, 2, "usage",
        "The command line is wrong.";
    Config, 64, "configuration",
        "A setting is missing, unknown or out of range; nothing was opened.";
    Data, 65, "data",
        "A file given on the command line cannot be read as what it should be.";
    RegistryUnavailable, 68, "registry unavailable",
        "The schema registry does not answer, refuses the login, or lacks a schema that is written with.";
    KafkaUnavailable, 69, "kafka unavailable",
        "Kafka does not answer, refuses the login, or lacks a topic.";
    Internal, 70, "internal error",
        "A fault of the program itself; please report it with the log.";
    StoreUnavailable, 71, "object store unavailable",
        "The object store does not answer, refuses the login, or did not take a file; what the data folder holds is published all the same.";
    Busy, 72, "busy",
        "Another run of the same command is at work on the same data folder; this one has done nothing.";
    Fenced, 73, "fenced",
        "Another writer has taken over the journal; this one has stopped and lost nothing.";
    Io, 74, "input/output",
        "A file or directory cannot be read or written, or an address not be listened on.";
    ReferenceMismatch, 75, "reference mismatch",
        "The journal is under another reference version than the one configured, or is being brought to another; the message says what to do.";
    ShutdownOverran, 76, "shutdown overran",
        "Finishing took longer than `shutdown.grace_seconds`; what was not committed is read again at the next start.";
    PartitionCount, 77, "partition count",
        "An internal topic has another number of partitions than the journal was posted from; `commonweal topics repartition` is the way out.";
    OffsetsLost, 78, "offsets lost",
        "Kafka has deleted messages before they were read; what was read is committed. `kafka.on_lost_offsets` says how to go on.";
    Interrupted, 130, "interrupted",
        "A second signal ended the process at once; what was not committed is read again at the next start. Or a signal ended a command before it was through, and the same command goes on from there.";
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.code())
    }
}

/// The page `docs/exit-codes.md`, made from the list above.
#[must_use]
pub fn documentation() -> String {
    use fmt::Write as _;
    let mut page = String::from(
        "# Exit codes\n\nHow `commonweal` ends.\n\n| code | name | what it means |\n| --- | --- | --- |\n",
    );
    for exit in Exit::ALL {
        // Writing to a String cannot fail.
        let _written = writeln!(page, "| {} | {} | {} |", exit.code(), exit.name(), exit.sentence());
    }
    page
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    /// Proves that codes are listed in rising order, so no two outcomes share
    /// one.
    #[test]
    fn codes_rise() {
        assert!(Exit::ALL.windows(2).all(|pair| pair[0].code() < pair[1].code()));
    }

    /// Proves that the documentation in the repository is the one made from
    /// the enum. `COMMONWEAL_BLESS=1` rewrites it.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "a developer asks for the rewrite through the environment")]
    fn documentation_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/exit-codes.md");
        if std::env::var_os("COMMONWEAL_BLESS").is_some() {
            std::fs::write(path, documentation()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), documentation());
    }
}
