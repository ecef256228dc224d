//! Elements of the `grants` array, one at a time, so that a file's size does
//! not matter.
//!
//! Only brackets and strings are followed here; each element is read as JSON
//! by the caller.

use super::scan::{Scan, Step};
use crate::{ProducerError, input};
use std::fmt;
use std::io::{BufRead, Read};

/// Most bytes one grant may have; beyond it the file is surely broken.
const ELEMENT_BYTES_MAX: usize = 16 << 20;
const BYTE_ORDER_MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// One element, as its bytes stand in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    /// Place in the array, from 1.
    pub(super) position: u64,
    /// Offset of its first byte in the unpacked file.
    pub(super) byte: u64,
    pub(super) bytes: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    /// Inside the package, at a key; `first` until one was read.
    Keys {
        first: bool,
    },
    /// Inside `grants`.
    Grants {
        first: bool,
    },
    End,
}

pub(super) struct Elements {
    input: Box<dyn BufRead + Send>,
    file: String,
    byte: u64,
    state: State,
    found: bool,
    position: u64,
    buffer: Vec<u8>,
}

impl fmt::Debug for Elements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Elements").field("file", &self.file).field("byte", &self.byte).finish_non_exhaustive()
    }
}

impl Elements {
    pub(super) fn new<R: Read + Send + 'static>(reader: R, file: &str) -> Result<Self, ProducerError> {
        let read = |error| ProducerError::Read { file: file.to_owned(), error };
        Ok(Self {
            input: input::unpacked(reader).map_err(read)?,
            file: file.to_owned(),
            byte: 0,
            state: State::Start,
            found: false,
            position: 0,
            buffer: Vec::new(),
        })
    }

    /// The next element, or `None` where the package has ended properly.
    pub(super) fn next(&mut self) -> Result<Option<Element<'_>>, ProducerError> {
        loop {
            match self.state {
                State::Start => self.open()?,
                State::Keys { first } => self.key(first)?,
                State::Grants { first } => {
                    if self.opens_element(first)? {
                        let byte = self.byte;
                        self.position += 1;
                        self.value()?;
                        self.state = State::Grants { first: false };
                        return Ok(Some(Element { position: self.position, byte, bytes: &self.buffer }));
                    }
                    self.state = State::Keys { first: false };
                }
                State::End => return Ok(None),
            }
        }
    }

    fn open(&mut self) -> Result<(), ProducerError> {
        if self.peek()? == Some(BYTE_ORDER_MARK[0]) {
            for expected in BYTE_ORDER_MARK {
                self.expect(expected, "a byte order mark")?;
            }
        }
        self.skip_space()?;
        self.expect(b'{', "`{` of a package")?;
        self.state = State::Keys { first: true };
        Ok(())
    }

    /// Reads one key and, unless it is `grants`, its value.
    fn key(&mut self, first: bool) -> Result<(), ProducerError> {
        self.skip_space()?;
        match self.peek()? {
            Some(b'}') => return self.close(),
            Some(b',') if !first => {
                self.bump();
                self.skip_space()?;
            }
            Some(b'"') if first => {}
            _ => return Err(self.unexpected("a key, `,` or `}` in the package")),
        }
        if self.peek()? != Some(b'"') {
            return Err(self.unexpected("a key"));
        }
        self.value()?;
        let grants = serde_json::from_slice::<String>(&self.buffer).is_ok_and(|key| key == "grants");
        self.skip_space()?;
        self.expect(b':', "`:` after a key")?;
        self.skip_space()?;
        if grants {
            self.expect(b'[', "`[` of the grants")?;
            self.found = true;
            self.state = State::Grants { first: true };
        } else {
            self.value()?;
            self.state = State::Keys { first: false };
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), ProducerError> {
        self.bump();
        self.skip_space()?;
        if self.peek()?.is_some() {
            return Err(self.unexpected("the end of the file after the package"));
        }
        if !self.found {
            return Err(self.broken("the package has no `grants` array"));
        }
        self.state = State::End;
        Ok(())
    }

    /// Moves to the next element; false at the array's end.
    fn opens_element(&mut self, first: bool) -> Result<bool, ProducerError> {
        self.skip_space()?;
        match self.peek()? {
            Some(b']') => {
                self.bump();
                Ok(false)
            }
            Some(b',') if !first => {
                self.bump();
                self.skip_space()?;
                Ok(true)
            }
            Some(byte) if first && byte != b',' => Ok(true),
            _ => Err(self.unexpected("a grant, `,` or `]` in the grants")),
        }
    }

    /// Reads one value into the buffer.
    fn value(&mut self) -> Result<(), ProducerError> {
        self.buffer.clear();
        let mut scan = Scan::default();
        while let Some(byte) = self.peek()? {
            let step = scan.step(byte);
            if step == Step::After {
                break;
            }
            if self.buffer.len() == ELEMENT_BYTES_MAX {
                let message = format!("a value is longer than {ELEMENT_BYTES_MAX} bytes");
                return Err(self.broken(&message));
            }
            self.buffer.push(byte);
            self.bump();
            if step == Step::Last {
                break;
            }
        }
        if scan.is_open() || self.buffer.is_empty() {
            return Err(self.unexpected("a whole value"));
        }
        Ok(())
    }

    fn skip_space(&mut self) -> Result<(), ProducerError> {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek()? {
            self.bump();
        }
        Ok(())
    }

    fn expect(&mut self, expected: u8, what: &str) -> Result<(), ProducerError> {
        if self.peek()? == Some(expected) {
            self.bump();
            Ok(())
        } else {
            Err(self.unexpected(what))
        }
    }

    fn peek(&mut self) -> Result<Option<u8>, ProducerError> {
        match self.input.fill_buf() {
            Ok(bytes) => Ok(bytes.first().copied()),
            Err(error) => Err(ProducerError::Read { file: self.file.clone(), error }),
        }
    }

    fn bump(&mut self) {
        self.input.consume(1);
        self.byte += 1;
    }

    fn unexpected(&mut self, expected: &str) -> ProducerError {
        let found = match self.peek() {
            Ok(Some(byte)) => format!("`{}`", byte.escape_ascii()),
            Ok(None) => "the end of the file".to_owned(),
            Err(error) => return error,
        };
        let grant = if matches!(self.state, State::Grants { .. }) {
            format!(", at grant {}", self.position.max(1))
        } else {
            String::new()
        };
        self.broken(&format!("expected {expected}, found {found}{grant}"))
    }

    fn broken(&self, message: &str) -> ProducerError {
        ProducerError::Json { file: self.file.clone(), byte: self.byte, message: message.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    fn split(text: &[u8]) -> Result<Vec<String>, String> {
        let mut elements = Elements::new(Cursor::new(text.to_vec()), "test.json").map_err(|error| error.to_string())?;
        let mut found = Vec::new();
        while let Some(element) = elements.next().map_err(|error| error.to_string())? {
            assert_eq!(element.position, found.len() as u64 + 1);
            assert_eq!(&text[usize::try_from(element.byte).unwrap()..][..element.bytes.len()], element.bytes);
            found.push(String::from_utf8_lossy(element.bytes).into_owned());
        }
        Ok(found)
    }

    /// Proves that elements are found whatever stands around and inside them.
    #[test]
    fn elements_are_found() {
        assert_eq!(split(br#"{"grants":[]}"#).unwrap(), Vec::<String>::new());
        let text = "\u{feff}{\"version\": \"1.4\", \"meta\": {\"grants\": [1, {}]}, \"grants\" : [ {\"a\": \"]},\\\"\"} ,\n\
                    [1,[2]], 12.50 , null,\"x\"\r\n], \"after\": true }\n ";
        assert_eq!(split(text.as_bytes()).unwrap(), [r#"{"a": "]},\""}"#, "[1,[2]]", "12.50", "null", "\"x\""]);
    }

    /// Proves that a file that is no package of grants is refused with its
    /// name, the place, and what was expected.
    #[test]
    fn broken_files_are_refused() {
        let cases: [(&[u8], &str); 12] = [
            (b"", "expected `{` of a package, found the end of the file"),
            (b"[{}]", "expected `{` of a package"),
            (br#"{"grunts":[]}"#, "no `grants` array"),
            (br#"{"grants":{}}"#, "expected `[` of the grants"),
            (br#"{"grants":[{"id":"1"}"#, "found the end of the file, at grant 1"),
            (br#"{"grants":[{"id":"1"},{"id":"#, "expected a whole value"),
            (br#"{"grants":[{} {}]}"#, "expected a grant, `,` or `]`"),
            (br#"{"grants":[{},]}"#, "expected a whole value"),
            (br#"{"grants":[,{}]}"#, "expected a grant"),
            (br#"{"grants":[]"#, "expected a key, `,` or `}`"),
            (br#"{"grants":[]} {}"#, "the end of the file after the package"),
            (b"\xEF\xBB{}", "a byte order mark"),
        ];
        for (text, message) in cases {
            let error = split(text).unwrap_err();
            assert!(error.starts_with("test.json: byte "), "{error}");
            assert!(error.contains(message), "{error} should hold {message}");
        }
    }

    proptest! {
        /// Proves that any bytes are either split or refused.
        #[test]
        fn any_bytes_are_survived(text in "[\\[\\]{}\",:\\\\ a1]{0,60}", bytes: Vec<u8>) {
            let _split = split(format!("{{\"grants\":[{text}").as_bytes());
            let _split = split(text.as_bytes());
            let _split = split(&bytes);
        }
    }
}
