//! A server that gives tokens to a client which shows its name and secret: as
//! an identity provider does, but unsigned, which the tests' Kafka takes.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub const CLIENT: &str = "ledger@council";
/// It has characters that a form writes otherwise.
pub const SECRET: &str = "s3cr3t+of/the:client";
pub const SCOPE: &str = "kafka read";

/// What the server does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Giving,
    /// 503, as when it is overloaded.
    Busy,
    /// Takes the request and says nothing.
    Silent,
}

/// The server, on a thread that lasts as long as the process.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// `HOST:PORT`.
    pub address: String,
    state: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Debug)]
struct State {
    mood: Mood,
    life: Duration,
    /// Somebody before it looks at who asks.
    guarded: bool,
    issued: Vec<String>,
}

impl Issuer {
    /// Gives tokens of this life to who is let in.
    pub fn start(life: Duration) -> Self {
        Self::with(State { mood: Mood::Giving, life, guarded: false, issued: Vec::new() })
    }

    /// The same to whoever comes: another server stands before it.
    pub fn guarded(life: Duration) -> Self {
        Self::with(State { mood: Mood::Giving, life, guarded: true, issued: Vec::new() })
    }

    fn with(state: State) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let issuer = Self { address, state: Arc::new((Mutex::new(state), Condvar::new())) };
        let serving = issuer.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let serving = serving.clone();
                // A client may break off whenever it likes.
                thread::spawn(move || serving.serve(stream?));
            }
        });
        issuer
    }

    /// Where tokens are asked for.
    pub fn url(&self) -> String {
        format!("http://{}/token", self.address)
    }

    pub fn set_mood(&self, mood: Mood) {
        self.state.0.lock().expect("no thread failed").mood = mood;
    }

    /// Tokens given so far.
    pub fn issued(&self) -> Vec<String> {
        self.state.0.lock().expect("no thread failed").issued.clone()
    }

    /// Waits until so many have been given, since the beginning.
    pub fn await_issued(&self, count: usize, limit: Duration) {
        let deadline = Instant::now() + limit;
        let mut state = self.state.0.lock().expect("no thread failed");
        while state.issued.len() < count {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{} tokens were given within {limit:?}, not {count}", state.issued.len());
            state = self.state.1.wait_timeout(state, left).expect("no thread failed").0;
        }
    }

    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let mut stream = BufReader::new(stream);
        let (mut first, mut authorization, mut bytes) = (String::new(), String::new(), 0);
        stream.read_line(&mut first)?;
        loop {
            let mut line = String::new();
            stream.read_line(&mut line)?;
            let Some((name, value)) = line.split_once(':') else { break };
            match name.to_ascii_lowercase().as_str() {
                "authorization" => value.trim().clone_into(&mut authorization),
                "content-length" => bytes = value.trim().parse().map_err(io::Error::other)?,
                _ => {}
            }
        }
        let mut body = vec![0; bytes];
        stream.read_exact(&mut body)?;
        let Some((status, answer)) = self.answer(&first, &authorization, &String::from_utf8_lossy(&body)) else {
            // Until the other side has had enough.
            stream.read_to_end(&mut body)?;
            return Ok(());
        };
        let answer = answer.to_string();
        let head = format!("HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {}", answer.len());
        stream.get_mut().write_all(format!("{head}\r\nConnection: close\r\n\r\n{answer}").as_bytes())
    }

    fn answer(&self, first: &str, authorization: &str, body: &str) -> Option<(u16, Value)> {
        let mut state = self.state.0.lock().expect("no thread failed");
        match state.mood {
            Mood::Silent => return None,
            Mood::Busy => return Some((503, json!({"error": "temporarily_unavailable"}))),
            Mood::Giving => {}
        }
        // The client's name and secret are written as in a form before they are joined (RFC 6749, 2.3.1).
        let login = STANDARD.encode("ledger%40council:s3cr3t%2Bof%2Fthe%3Aclient");
        if !state.guarded && authorization != format!("Basic {login}") {
            return Some((401, json!({"error": "invalid_client", "error_description": "who are you?"})));
        }
        if !first.starts_with("POST /token ") || body != "grant_type=client_credentials&scope=kafka+read" {
            return Some((400, json!({"error": "invalid_request", "error_description": format!("{first} {body}")})));
        }
        let token = token(CLIENT, state.life);
        let answer = json!({"access_token": token, "token_type": "Bearer", "expires_in": state.life.as_secs()});
        state.issued.push(token);
        self.state.1.notify_all();
        Some((200, answer))
    }
}

/// An unsigned token for `subject` that holds for so long; negative where it has
/// ended.
#[expect(clippy::disallowed_methods, reason = "a token says when it ends, by the clock that the broker goes by")]
pub fn token_ending(subject: &str, seconds: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_secs();
    let now = i64::try_from(now).expect("a clock before the year 292 billion");
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({"sub": subject, "iat": now.min(now + seconds), "exp": now + seconds});
    format!("{}.{}.", part(&json!({"alg": "none"})), part(&claims))
}

fn token(subject: &str, life: Duration) -> String {
    token_ending(subject, i64::try_from(life.as_secs()).expect("a short life"))
}
