//! Settings that are more than a number or a text.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{Datelike as _, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// librdkafka properties by their own names. Debug output masks the secret
/// ones; the dump does too.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Properties(pub BTreeMap<String, String>);

/// Stands where a secret would.
pub(super) const MASK: &str = "********";

impl Properties {
    /// Whether a property's value must never be shown.
    #[must_use]
    pub fn is_secret(name: &str) -> bool {
        const MARKS: [&str; 7] = ["password", "secret", "token", ".pem", "jaas", "oauthbearer.config", "credential"];
        let name = name.to_ascii_lowercase();
        MARKS.iter().any(|mark| name.contains(mark))
    }

    /// The same properties with every secret value masked.
    #[must_use]
    pub fn masked(&self) -> Self {
        let shown = |(name, value): (&String, &String)| {
            (name.clone(), if Self::is_secret(name) { MASK.to_owned() } else { value.clone() })
        };
        Self(self.0.iter().map(shown).collect())
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.masked().0).finish()
    }
}

/// A value that is never shown: debug output masks it, the dump does too.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl Secret {
    /// The same with the value masked, where there is one.
    #[must_use]
    pub fn masked(&self) -> Self {
        Self(if self.0.is_empty() { String::new() } else { MASK.to_owned() })
    }

    /// Whether it is printable ASCII, which an HTTP header can carry.
    #[must_use]
    pub fn is_sendable(&self) -> bool {
        self.0.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked().0)
    }
}

/// A calendar day, written YYYY-MM-DD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub NaiveDate);

impl Day {
    /// Days since 1970-01-01, as in Arrow's Date32.
    #[must_use]
    pub fn days_since_1970(self) -> i32 {
        const DAYS_TO_1970: i32 = 719_163;
        self.0.num_days_from_ce() - DAYS_TO_1970
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d"))
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        NaiveDate::parse_from_str(&text, "%Y-%m-%d")
            .map(Self)
            .map_err(|_error| serde::de::Error::custom(format!("is {text:?}; allowed: a day as YYYY-MM-DD")))
    }
}
