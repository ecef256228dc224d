//! Files as they come: plain or gzipped.

use flate2::read::MultiGzDecoder;
use std::io::{self, BufRead, BufReader, Cursor, Read};

const GZIP_MAGIC: [u8; 2] = [0x1F, 0x8B];

/// A buffered reader of what `reader` holds, unpacked where it starts with
/// gzip's magic bytes; a file's name is never asked.
///
/// # Errors
/// Where the first bytes cannot be read.
pub(crate) fn unpacked<R: Read + Send + 'static>(mut reader: R) -> io::Result<Box<dyn BufRead + Send>> {
    let mut start = Vec::with_capacity(GZIP_MAGIC.len());
    reader.by_ref().take(GZIP_MAGIC.len() as u64).read_to_end(&mut start)?;
    let gzipped = start == GZIP_MAGIC;
    let whole = Cursor::new(start).chain(reader);
    Ok(if gzipped { Box::new(BufReader::new(MultiGzDecoder::new(whole))) } else { Box::new(BufReader::new(whole)) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write as _;

    fn read(bytes: Vec<u8>) -> Vec<u8> {
        let mut out = Vec::new();
        unpacked(Cursor::new(bytes)).unwrap().read_to_end(&mut out).unwrap();
        out
    }

    /// Proves that plain, gzipped, many-membered and very short inputs all
    /// read as what they hold.
    #[test]
    fn plain_and_gzipped_read_alike() {
        let mut packed = Vec::new();
        for part in ["first ", "second"] {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(part.as_bytes()).unwrap();
            packed.extend(encoder.finish().unwrap());
        }
        assert_eq!(read(packed), b"first second");
        assert_eq!(read(b"first second".to_vec()), b"first second");
        assert_eq!(read(b"f".to_vec()), b"f");
        assert_eq!(read(Vec::new()), b"");
    }
}
