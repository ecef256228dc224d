//! A plain HTTP/1.1 client over one connection, without the client libraries
//! of the program under test.

use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

const WAIT: Duration = Duration::from_mins(1);

/// A connection that stays open from request to request.
#[derive(Debug)]
pub struct Http {
    stream: BufReader<TcpStream>,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The errors of a 422: line, field and reason of each.
    pub fn errors(&self) -> Vec<(Option<u64>, Option<String>, String)> {
        let body = self.json();
        let errors = body["errors"].as_array().unwrap_or_else(|| panic!("no errors: {body}"));
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let of =
            |error: &Value| (error["line"].as_u64(), text(&error["field"]), text(&error["reason"]).expect("a reason"));
        errors.iter().map(of).collect()
    }
}

impl Http {
    /// # Panics
    /// Nobody listens there.
    pub fn connect(address: &str) -> Self {
        Self::try_connect(address).expect("somebody listens")
    }

    /// `None` where nobody listens.
    pub fn try_connect(address: &str) -> Option<Self> {
        let stream = TcpStream::connect(address).ok()?;
        stream.set_read_timeout(Some(WAIT)).expect("a limit");
        stream.set_nodelay(true).expect("an option");
        Some(Self { stream: BufReader::new(stream) })
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], b"");
        self.answer()
    }

    pub fn post(&mut self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.send("POST", path, headers, body);
        self.answer()
    }

    /// Sends a request and leaves the answer to be read.
    pub fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) {
        self.begin(method, path, headers, body.len());
        self.write(body);
    }

    /// Sends the head alone of a request whose body has so many bytes.
    pub fn begin(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body_bytes: usize) {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: test\r\ncontent-length: {body_bytes}\r\n");
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        self.write(format!("{head}\r\n").as_bytes());
    }

    /// Sends a piece as it is. Whether it is read to the end is the other
    /// side's to say, by its answer.
    pub fn write(&mut self, bytes: &[u8]) {
        let _unread = self.stream.get_mut().write_all(bytes);
    }

    /// Whether nothing arrives for so long.
    pub fn is_silent_for(&mut self, time: Duration) -> bool {
        self.stream.get_ref().set_read_timeout(Some(time)).expect("a limit");
        let silent = self.stream.fill_buf().is_err();
        self.stream.get_ref().set_read_timeout(Some(WAIT)).expect("a limit");
        silent
    }

    /// The next answer.
    pub fn answer(&mut self) -> Answer {
        self.try_answer().expect("an answer")
    }

    /// The next answer; `None` where the connection is closed instead.
    pub fn try_answer(&mut self) -> Option<Answer> {
        let mut line = || {
            let mut line = String::new();
            self.stream.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
            Some(line.trim_end().to_owned())
        };
        let status = line()?.split(' ').nth(1)?.parse().ok()?;
        let mut headers = Vec::new();
        loop {
            let line = line()?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut answer = Answer { status, headers, body: Vec::new() };
        let bytes = answer.header("content-length").map_or(0, |length| length.parse().expect("a length"));
        answer.body.resize(bytes, 0);
        self.stream.read_exact(&mut answer.body).ok()?;
        Some(answer)
    }
}
