//! Confluent wire format: a zero byte, the schema id as four big-endian
//! bytes, the Avro body.

use crate::reason::Reason;

/// Bytes before the Avro body.
pub const PREFIX_BYTES: usize = 5;
const MAGIC: u8 = 0;

/// Appends the prefix for schema `id`; the caller appends the body.
pub fn write_prefix(id: u32, out: &mut Vec<u8>) {
    out.push(MAGIC);
    out.extend_from_slice(&id.to_be_bytes());
}

/// Schema id of a framed message.
///
/// # Errors
/// The reason a message cannot be read: empty, wrong magic byte, or shorter
/// than its prefix.
pub fn schema_id(message: &[u8]) -> Result<u32, Reason> {
    match message {
        [] => Err(Reason::PayloadEmpty),
        [MAGIC, a, b, c, d, ..] => Ok(u32::from_be_bytes([*a, *b, *c, *d])),
        [MAGIC, ..] => Err(Reason::BodyTruncated),
        _ => Err(Reason::MagicWrong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that what `write_prefix` frames, `schema_id` reads, and that each
    /// way of being no frame has its own reason.
    #[test]
    fn prefix_round_trip_and_refusals() {
        let mut framed = Vec::new();
        write_prefix(0xDEAD_BEEF, &mut framed);
        assert_eq!(framed.len(), PREFIX_BYTES);
        assert_eq!(schema_id(&framed), Ok(0xDEAD_BEEF));
        assert_eq!(schema_id(&[]), Err(Reason::PayloadEmpty));
        assert_eq!(schema_id(&[1, 0, 0, 0, 1]), Err(Reason::MagicWrong));
        assert_eq!(schema_id(&[0, 0, 1]), Err(Reason::BodyTruncated));
    }
}
