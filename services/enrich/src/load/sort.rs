//! Sorts canonical lines in bounded memory: full buffers are sorted and spilled
//! to scratch files, which are merged at the end. Of lines with equal keys the
//! one that came last stays.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// Text held in memory before a run is spilled.
pub(crate) const RUN_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A line, its key's length, and its place in the order of arrival. Ordered by
/// key and arrival.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    line: String,
    key_len: usize,
    arrival: u64,
}

impl Entry {
    fn key(&self) -> &str {
        &self.line[..self.key_len]
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(other.key()).then(self.arrival.cmp(&other.arrival))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Takes lines in any order.
pub(crate) struct Sorter {
    key_columns: usize,
    scratch: PathBuf,
    run_bytes_max: usize,
    entries: Vec<Entry>,
    bytes: usize,
    arrivals: u64,
    runs: Vec<PathBuf>,
}

impl Sorter {
    /// Runs are spilled into `scratch`, a folder of the caller's.
    pub(crate) fn new(key_columns: usize, scratch: &Path, run_bytes_max: usize) -> Self {
        Self {
            key_columns,
            scratch: scratch.to_owned(),
            run_bytes_max,
            entries: Vec::new(),
            bytes: 0,
            arrivals: 0,
            runs: Vec::new(),
        }
    }

    /// Takes a line without its newline.
    ///
    /// # Errors
    /// A full buffer could not be spilled.
    pub(crate) fn push(&mut self, line: &str) -> io::Result<()> {
        let separator = super::parse::SEPARATOR;
        let key_len =
            line.match_indices(separator).nth(self.key_columns - 1).map_or(line.len(), |(position, _)| position);
        self.entries.push(Entry { line: line.to_owned(), key_len, arrival: self.arrivals });
        self.arrivals += 1;
        self.bytes += line.len() + size_of::<Entry>();
        if self.bytes >= self.run_bytes_max {
            self.spill()?;
        }
        Ok(())
    }

    fn spill(&mut self) -> io::Result<()> {
        self.entries.sort_unstable();
        let path = self.scratch.join(format!("run-{}", self.runs.len()));
        let mut writer = BufWriter::new(File::create(&path)?);
        for entry in self.entries.drain(..) {
            writer.write_all(&(entry.line.len() as u64).to_le_bytes())?;
            writer.write_all(&(entry.key_len as u64).to_le_bytes())?;
            writer.write_all(&entry.arrival.to_le_bytes())?;
            writer.write_all(entry.line.as_bytes())?;
        }
        writer.flush()?;
        self.runs.push(path);
        self.bytes = 0;
        Ok(())
    }

    /// The lines in order of their keys, each key once.
    ///
    /// # Errors
    /// A spilled run could not be read back.
    pub(crate) fn finish(mut self) -> io::Result<SortedLines> {
        self.entries.sort_unstable();
        let mut runs: Vec<Run> = Vec::with_capacity(self.runs.len() + 1);
        for path in &self.runs {
            runs.push(Run::Spilled(BufReader::new(File::open(path)?)));
        }
        runs.push(Run::Held(self.entries.into_iter()));
        let mut heads = BinaryHeap::with_capacity(runs.len());
        for (index, run) in runs.iter_mut().enumerate() {
            if let Some(entry) = run.next()? {
                heads.push(Reverse((entry, index)));
            }
        }
        Ok(SortedLines { runs, heads, repeated: 0, replaced: 0 })
    }
}

enum Run {
    Spilled(BufReader<File>),
    Held(std::vec::IntoIter<Entry>),
}

impl Run {
    fn next(&mut self) -> io::Result<Option<Entry>> {
        match self {
            Self::Held(entries) => Ok(entries.next()),
            Self::Spilled(reader) => read_entry(reader),
        }
    }
}

fn read_entry(reader: &mut BufReader<File>) -> io::Result<Option<Entry>> {
    let Some(len) = read_number(reader)? else {
        return Ok(None);
    };
    let cut_short = || io::Error::from(ErrorKind::UnexpectedEof);
    let key_len = read_number(reader)?.ok_or_else(cut_short)?;
    let arrival = read_number(reader)?.ok_or_else(cut_short)?;
    let mut line = String::new();
    if reader.take(len).read_to_string(&mut line)? as u64 != len {
        return Err(cut_short());
    }
    let key_len = usize::try_from(key_len).map_err(io::Error::other)?;
    Ok(Some(Entry { line, key_len, arrival }))
}

/// Eight bytes as a number, or none at the end of the run.
fn read_number(reader: &mut impl Read) -> io::Result<Option<u64>> {
    let mut bytes = [0; 8];
    match reader.read_exact(&mut bytes) {
        Ok(()) => Ok(Some(u64::from_le_bytes(bytes))),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// Lines in order of their keys, each key once.
pub(crate) struct SortedLines {
    runs: Vec<Run>,
    heads: BinaryHeap<Reverse<(Entry, usize)>>,
    /// Lines left out because an equal one came.
    pub repeated: u64,
    /// Lines left out because another with the same key came later.
    pub replaced: u64,
}

impl SortedLines {
    /// The next line, or none at the end.
    ///
    /// # Errors
    /// A spilled run could not be read back.
    pub(crate) fn next_line(&mut self) -> io::Result<Option<String>> {
        let Some(mut current) = self.pop()? else {
            return Ok(None);
        };
        while self.heads.peek().is_some_and(|Reverse((next, _))| next.key() == current.key()) {
            let Some(next) = self.pop()? else { break };
            if next.line == current.line {
                self.repeated += 1;
            } else {
                self.replaced += 1;
            }
            current = next;
        }
        Ok(Some(current.line))
    }

    fn pop(&mut self) -> io::Result<Option<Entry>> {
        let Some(Reverse((entry, index))) = self.heads.pop() else {
            return Ok(None);
        };
        if let Some(next) = self.runs[index].next()? {
            self.heads.push(Reverse((next, index)));
        }
        Ok(Some(entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        /// Proves that sorting through spilled runs of any size gives what a map
        /// gives to which lines are added in order: keys sorted, the last line kept,
        /// the lines left out counted.
        #[test]
        fn sorts_as_a_map(lines in prop::collection::vec(("[a-c]{1,2}", "[a-b]{0,2}", "[x-y]?"), 0..80), limit in 1_usize..2000) {
            let folder = tempfile::tempdir().unwrap();
            let mut sorter = Sorter::new(2, folder.path(), limit);
            let mut model = BTreeMap::new();
            for (a, b, value) in &lines {
                sorter.push(&format!("{a}\u{1f}{b}\u{1f}{value}")).unwrap();
                model.insert((a.clone(), b.clone()), value.clone());
            }
            let mut sorted = sorter.finish().unwrap();
            let mut found = Vec::new();
            while let Some(line) = sorted.next_line().unwrap() {
                found.push(line);
            }
            let expected: Vec<String> = model.iter().map(|((a, b), value)| format!("{a}\u{1f}{b}\u{1f}{value}")).collect();
            prop_assert_eq!(&found, &expected);
            prop_assert_eq!(sorted.repeated + sorted.replaced, (lines.len() - expected.len()) as u64);
        }
    }
}
