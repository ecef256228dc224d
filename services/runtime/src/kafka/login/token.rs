//! What a token says of itself.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::config::Secret;

/// Life of a token that does not say when it ends: after as long another is
/// asked for.
const ASSUMED_LIFE: Duration = Duration::from_mins(5);
/// Longest life that is believed, so that a token is looked at once a day.
const LIFE_MAX: Duration = Duration::from_hours(24);
const MICROS: i64 = 1_000_000;

/// A bearer token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) value: Secret,
    /// Whom it speaks for: for logs alone, the brokers read the token.
    pub(crate) principal: String,
    /// How long it still held when it was read.
    pub(crate) life: Duration,
    /// When it ends, in milliseconds since 1970.
    pub(crate) ends_millis: i64,
}

impl Token {
    /// A token as it stands in a file; `now_micros` since 1970.
    pub(super) fn of_text(text: &str, now_micros: i64) -> Result<Self, String> {
        Self::new(text, None, "unknown", now_micros)
    }

    /// The token in an endpoint's answer. It holds for as long as that says;
    /// the endpoint's clock may differ from ours.
    pub(super) fn of_answer(answer: &Value, client: &str, now_micros: i64) -> Result<Self, String> {
        let text = answer["access_token"].as_str().ok_or("an answer without access_token")?;
        let kind = answer["token_type"].as_str().unwrap_or("Bearer");
        if !kind.eq_ignore_ascii_case("Bearer") {
            return Err(format!("a token of type {kind:?}, not Bearer"));
        }
        let seconds = &answer["expires_in"];
        let seconds = seconds.as_i64().or_else(|| seconds.as_str()?.parse().ok());
        Self::new(text, seconds, client, now_micros)
    }

    fn new(text: &str, seconds: Option<i64>, otherwise: &str, now_micros: i64) -> Result<Self, String> {
        let value = Secret(text.to_owned());
        if text.is_empty() || !value.is_sendable() || text.contains(' ') {
            return Err("it is not one word of printable ASCII".to_owned());
        }
        let claims = claims(text).unwrap_or_default();
        // Whole seconds or not: RFC 7519 allows both.
        #[expect(clippy::cast_possible_truncation, reason = "cast saturates, and what is beyond a day is cut")]
        let ends = claims["exp"].as_i64().or_else(|| claims["exp"].as_f64().map(|seconds| seconds as i64));
        let left = seconds.or_else(|| ends.map(|ends| ends.saturating_sub(now_micros / MICROS)));
        let life = match left {
            None => ASSUMED_LIFE,
            Some(left) if left <= 0 => return Err(format!("it ended {} s ago", left.saturating_neg())),
            Some(left) => Duration::from_secs(left.unsigned_abs()).min(LIFE_MAX),
        };
        let principal = claims["sub"].as_str().filter(|name| !name.contains('\0')).unwrap_or(otherwise).to_owned();
        let ends_millis = now_micros / 1_000 + i64::try_from(life.as_millis()).unwrap_or(i64::MAX);
        Ok(Self { value, principal, life, ends_millis })
    }

    /// How long after it was read to look for the next: before librdkafka asks
    /// (0.8 of its life) and before a broker wants the login renewed (0.9).
    pub(super) fn renew_after(&self) -> Duration {
        self.life * 7 / 10
    }
}

/// What a JSON Web Token claims, signed or not: that is the brokers' to check.
fn claims(token: &str) -> Option<Value> {
    let parts: Vec<&str> = token.split('.').collect();
    let [_header, claims, _signature] = parts.as_slice() else { return None };
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use serde_json::json;

    const NOW: i64 = 1_700_000_000;

    fn jwt(claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.", part(&json!({"alg": "none"})), part(claims))
    }

    fn read(text: &str) -> Result<Token, String> {
        Token::of_text(text, NOW * MICROS)
    }

    /// Proves that a token from a file lives as long as it claims, whole
    /// seconds or not, at most a day, and speaks for its subject; that one
    /// without an end is looked at again in minutes; and that one which has
    /// ended is refused with by how much.
    #[test]
    fn a_token_says_when_it_ends() {
        let token = read(&jwt(&json!({"sub": "ledger", "exp": NOW + 60}))).unwrap();
        assert_eq!((token.life, token.principal.as_str()), (Duration::from_mins(1), "ledger"));
        assert_eq!(token.ends_millis, (NOW + 60) * 1_000);
        assert_eq!(token.renew_after(), Duration::from_secs(42));
        assert_eq!(read(&jwt(&json!({"exp": 1_700_000_060.5}))).unwrap().life, Duration::from_mins(1));
        assert_eq!(read(&jwt(&json!({"exp": i64::MAX}))).unwrap().life, LIFE_MAX);
        for opaque in ["opaque", "a.b.c", "a.b", &jwt(&json!({"sub": "x"})), &jwt(&json!([]))] {
            assert_eq!(read(opaque).unwrap().life, ASSUMED_LIFE, "{opaque}");
        }
        assert_eq!(read(&jwt(&json!({"exp": NOW - 5}))).unwrap_err(), "it ended 5 s ago");
        for wrong in ["", "two words", "line\nend", "ß"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    /// Proves that the endpoint's word on the time left goes before the
    /// token's own, that an opaque token speaks for the client, and what
    /// answers are none.
    #[test]
    fn an_answer_is_read() {
        let answer = |answer: Value| Token::of_answer(&answer, "client", NOW * MICROS);
        let token = jwt(&json!({"exp": NOW - 100}));
        let life = |seconds: Value| answer(json!({"access_token": token, "expires_in": seconds})).unwrap().life;
        assert_eq!(life(json!(30)), Duration::from_secs(30));
        assert_eq!(life(json!("30")), Duration::from_secs(30));
        let opaque = answer(json!({"access_token": "opaque", "token_type": "bearer"})).unwrap();
        assert_eq!((opaque.life, opaque.principal.as_str()), (ASSUMED_LIFE, "client"));
        for (wrong, said) in [
            (json!({}), "access_token"),
            (json!({"access_token": "t", "token_type": "mac"}), "mac"),
            (json!({"access_token": "t", "expires_in": 0}), "ended 0 s ago"),
            (json!([]), "access_token"),
        ] {
            assert!(answer(wrong).unwrap_err().contains(said));
        }
    }

    /// Proves that no output of a token shows it.
    #[test]
    fn a_token_is_not_shown() {
        let token = read(&jwt(&json!({"exp": NOW + 60}))).unwrap();
        assert!(!format!("{token:?}").contains(&token.value.0));
    }
}
