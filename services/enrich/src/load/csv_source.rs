//! Reads a CSV file, plain or gzipped, row by row, never whole: finds the
//! columns of a kind by name and digests the bytes as they pass.

use super::headers::{HEADERS_MAX, headers};
use super::parse::{Malformed, Parsed, parse};
use crate::{Kind, ReferenceError};
use csv::{ByteRecord, ErrorKind};
use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// What is read of the file at a time.
const READ_BYTES: usize = 256 * 1024;

/// What passed of a file so far.
#[derive(Default)]
struct Tally {
    digest: Sha256,
    bytes: u64,
}

struct Tallied<R> {
    inner: R,
    tally: Rc<RefCell<Tally>>,
}

impl<R: Read> Read for Tallied<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let mut tally = self.tally.borrow_mut();
        tally.digest.update(&buffer[..read]);
        tally.bytes += read as u64;
        Ok(read)
    }
}

/// What became of the next row.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Row {
    /// Its canonical lines were added.
    Lines,
    /// It says nothing of this kind.
    Ignored,
    /// It cannot be taken.
    Malformed { line: u64, why: Malformed },
}

/// A CSV file being read as rows of one kind.
pub(crate) struct CsvSource {
    kind: Kind,
    path: PathBuf,
    reader: csv::Reader<Box<dyn Read>>,
    columns: Vec<Option<usize>>,
    record: ByteRecord,
    tally: Rc<RefCell<Tally>>,
    bytes_total: u64,
}

impl CsvSource {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// The file cannot be read, or a column the kind needs is missing.
    pub(crate) fn open(kind: Kind, path: &Path) -> Result<Self, ReferenceError> {
        let file = File::open(path).map_err(ReferenceError::io(path, "open the file"))?;
        let length = file.metadata().map_err(ReferenceError::io(path, "read the size"))?.len();
        let tally = Rc::new(RefCell::new(Tally::default()));
        let tallied = Tallied { inner: file, tally: Rc::clone(&tally) };
        let mut buffered = BufReader::with_capacity(READ_BYTES, tallied);
        let start = buffered.fill_buf().map_err(ReferenceError::io(path, "read the file"))?;
        let gzipped = start.starts_with(&[0x1f, 0x8b]);
        let input: Box<dyn Read> = if gzipped { Box::new(MultiGzDecoder::new(buffered)) } else { Box::new(buffered) };
        Self::new(kind, path, input, tally, length, None)
    }

    /// Reads compiled-in text, in which lines that start with `#` are comments.
    pub(crate) fn builtin(kind: Kind, name: &str, text: &'static str) -> Result<Self, ReferenceError> {
        let tally = Rc::new(RefCell::new(Tally::default()));
        let length = text.len() as u64;
        Self::new(kind, Path::new(name), Box::new(text.as_bytes()), tally, length, Some(b'#'))
    }

    fn new(
        kind: Kind,
        path: &Path,
        input: Box<dyn Read>,
        tally: Rc<RefCell<Tally>>,
        bytes_total: u64,
        comment: Option<u8>,
    ) -> Result<Self, ReferenceError> {
        let reader = csv::ReaderBuilder::new().has_headers(false).comment(comment).from_reader(input);
        let mut source = Self {
            kind,
            path: path.to_owned(),
            reader,
            columns: Vec::new(),
            record: ByteRecord::new(),
            tally,
            bytes_total,
        };
        source.read_header()?;
        Ok(source)
    }

    fn read_header(&mut self) -> Result<(), ReferenceError> {
        if let Err(error) = self.reader.read_byte_record(&mut self.record) {
            return Err(self.unreadable(&error));
        }
        let names: Vec<String> = self
            .record
            .iter()
            .map(|name| {
                let text = String::from_utf8_lossy(name);
                text.trim_start_matches('\u{feff}').trim().to_lowercase()
            })
            .collect();
        for header in headers(self.kind) {
            let position = header.position(&names);
            if position.is_none() && header.required {
                return Err(ReferenceError::MissingColumn {
                    file: self.path.clone(),
                    column: header.name,
                    accepted: header.accepted.join(", ").replace('#', "NN"),
                    found: names.join(", "),
                });
            }
            self.columns.push(position);
        }
        Ok(())
    }

    /// Reads one row and adds its canonical lines; `None` at the end.
    ///
    /// # Errors
    /// The file cannot be read any further. A malformed row is no error.
    pub(crate) fn next_row(&mut self, lines: &mut String) -> Result<Option<Row>, ReferenceError> {
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => return Ok(None),
            Ok(true) => {}
            Err(error) => {
                return match error.kind() {
                    ErrorKind::UnequalLengths { pos, expected_len, len } => Ok(Some(Row::Malformed {
                        line: pos.as_ref().map_or(0, csv::Position::line),
                        why: Malformed {
                            column: "*",
                            message: format!("the row has {len} fields where the header has {expected_len}"),
                        },
                    })),
                    _ => Err(self.unreadable(&error)),
                };
            }
        }
        let line = self.record.position().map_or(0, csv::Position::line);
        let written = lines.len();
        Ok(Some(match self.parse_record(lines) {
            Ok(Parsed::Lines) => Row::Lines,
            Ok(Parsed::Ignored) => Row::Ignored,
            Err(why) => {
                lines.truncate(written);
                Row::Malformed { line, why }
            }
        }))
    }

    fn parse_record(&self, lines: &mut String) -> Result<Parsed, Malformed> {
        let mut fields = [""; HEADERS_MAX];
        for ((field, position), header) in fields.iter_mut().zip(&self.columns).zip(headers(self.kind)) {
            let bytes = position.and_then(|position| self.record.get(position)).unwrap_or_default();
            let refused = |message: &str| Malformed { column: header.name, message: message.to_owned() };
            let text = std::str::from_utf8(bytes).map_err(|_| refused("the text is not UTF-8"))?.trim();
            if text.chars().any(char::is_control) {
                return Err(refused("the text holds a line break or another control character"));
            }
            *field = text;
        }
        parse(self.kind, &fields[..self.columns.len()], lines)
    }

    fn unreadable(&self, error: &csv::Error) -> ReferenceError {
        ReferenceError::Unreadable {
            file: self.path.clone(),
            line: self.reader.position().line(),
            message: error.to_string(),
        }
    }

    /// Bytes of the file read so far, and bytes it has.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        (self.tally.borrow().bytes, self.bytes_total)
    }

    /// SHA-256 of the bytes read: of the whole file once the end was reached.
    pub(crate) fn sha256(&self) -> String {
        crate::store::hex(&self.tally.borrow().digest.clone().finalize())
    }
}
