//! Whether a body is exactly one record of its writer schema, told without
//! building anything: the columnar decoder must not be handed anything else.

use crate::avro::model::{Plain, Schema, Type};
use crate::reason::Reason;

/// Records, unions, arrays and maps within each other, in one message.
const DEPTH_MAX: usize = 64;
/// The first two branches of a union, as they are written.
pub(super) const BRANCHES: [u8; 2] = [0, 2];
/// Bytes of the longest number: 64 bits, seven a byte.
const VARINT_BYTES_MAX: usize = 10;

/// A writer schema as its values lie in a body.
pub(super) struct Shape {
    nodes: Vec<Node>,
    root: usize,
}

/// A type, with the positions of the types within it.
enum Node {
    Boolean,
    Int,
    Long,
    /// So many bytes of anything: null, floating point, fixed.
    Fixed(usize),
    Bytes,
    Text,
    /// Number of symbols.
    Enum(usize),
    Union(Vec<usize>),
    /// A union of null and one other: null's branch as it is written, and the other.
    Optional(u8, usize),
    Record(Vec<usize>),
    Array(usize),
    Map(usize),
}

impl Node {
    fn new(of: &Type, types: &[Type]) -> Self {
        match of {
            Type::Plain { kind, .. } => match kind {
                Plain::Null => Self::Fixed(0),
                Plain::Boolean => Self::Boolean,
                Plain::Int => Self::Int,
                Plain::Long => Self::Long,
                Plain::Float => Self::Fixed(4),
                Plain::Double => Self::Fixed(8),
                Plain::Bytes => Self::Bytes,
                Plain::Text => Self::Text,
            },
            Type::Fixed { bytes, .. } => Self::Fixed(*bytes),
            Type::Enum { symbols, .. } => Self::Enum(symbols.len()),
            Type::Union(branches) => {
                let is_null = |at: usize| matches!(types[at], Type::Plain { kind: Plain::Null, .. });
                match branches.as_slice() {
                    [null, other] if is_null(*null) => Self::Optional(BRANCHES[0], *other),
                    [other, null] if is_null(*null) => Self::Optional(BRANCHES[1], *other),
                    _ => Self::Union(branches.clone()),
                }
            }
            Type::Record { fields, .. } => Self::Record(fields.iter().map(|field| field.of).collect()),
            Type::Array(items) => Self::Array(*items),
            Type::Map(values) => Self::Map(*values),
        }
    }
}

/// Why a body is no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) reason: Reason,
    pub(super) detail: &'static str,
}

const fn malformed(detail: &'static str) -> Fault {
    Fault { reason: Reason::BodyMalformed, detail }
}

const TRUNCATED: Fault = Fault { reason: Reason::BodyTruncated, detail: "the record does not end within its bytes" };
const TRAILING: Fault = Fault { reason: Reason::TrailingBytes, detail: "bytes follow the record" };

impl Shape {
    /// The shape of a schema's values.
    pub(super) fn new(schema: &Schema) -> Self {
        let types = schema.types();
        Self { nodes: types.iter().map(|of| Node::new(of, types)).collect(), root: schema.root() }
    }

    /// Holds `body` to one record and nothing after it.
    pub(super) fn check(&self, body: &[u8]) -> Result<(), Fault> {
        let mut rest = body;
        self.pass(self.root, &mut rest, DEPTH_MAX)?;
        if rest.is_empty() { Ok(()) } else { Err(TRAILING) }
    }

    /// Moves `rest` past one value.
    fn pass(&self, node: usize, rest: &mut &[u8], depth: usize) -> Result<(), Fault> {
        match &self.nodes[node] {
            Node::Boolean => match take(rest, 1)? {
                [0 | 1] => Ok(()),
                _ => Err(malformed("a boolean is neither 0 nor 1")),
            },
            Node::Int => match i32::try_from(long(rest)?) {
                Ok(_) => Ok(()),
                Err(_) => Err(malformed("an int does not fit in 32 bits")),
            },
            Node::Long => long(rest).map(drop),
            Node::Fixed(bytes) => take(rest, *bytes).map(drop),
            Node::Bytes => block(rest).map(drop),
            Node::Text => {
                let text = block(rest)?;
                // Most text is ASCII, which is quicker to tell.
                let sound = text.is_ascii() || std::str::from_utf8(text).is_ok();
                if sound { Ok(()) } else { Err(malformed("a text is not UTF-8")) }
            }
            Node::Enum(symbols) => match usize::try_from(long(rest)?) {
                Ok(symbol) if symbol < *symbols => Ok(()),
                _ => Err(malformed("an enum has no such symbol")),
            },
            Node::Union(branches) => {
                let branch = usize::try_from(long(rest)?).ok().and_then(|branch| branches.get(branch));
                let branch = branch.ok_or(malformed("a union has no such branch"))?;
                self.pass(*branch, rest, deeper(depth)?)
            }
            Node::Optional(null, other) => {
                if states(*null, rest)? {
                    self.pass(*other, rest, depth)?;
                }
                Ok(())
            }
            Node::Record(fields) => {
                let depth = deeper(depth)?;
                for field in fields {
                    self.pass(*field, rest, depth)?;
                }
                Ok(())
            }
            Node::Array(item) => {
                let depth = deeper(depth)?;
                items(rest, |rest| self.pass(*item, rest, depth))
            }
            Node::Map(value) => {
                let depth = deeper(depth)?;
                items(rest, |rest| {
                    std::str::from_utf8(block(rest)?).map_err(|_| malformed("a key is not UTF-8"))?;
                    self.pass(*value, rest, depth)
                })
            }
        }
    }
}

fn deeper(depth: usize) -> Result<usize, Fault> {
    depth.checked_sub(1).ok_or(malformed("the record is nested too deeply"))
}

pub(super) fn take<'b>(rest: &mut &'b [u8], bytes: usize) -> Result<&'b [u8], Fault> {
    let (taken, after) = rest.split_at_checked(bytes).ok_or(TRUNCATED)?;
    *rest = after;
    Ok(taken)
}

/// Whether a value follows, in a union of two with null's branch written as `null`.
#[inline]
pub(super) fn states(null: u8, rest: &mut &[u8]) -> Result<bool, Fault> {
    let (branch, after) = rest.split_first().ok_or(TRUNCATED)?;
    *rest = after;
    match *branch {
        branch if branch == null => Ok(false),
        branch if branch == BRANCHES[1] - null => Ok(true),
        _ => Err(malformed("a union has no such branch")),
    }
}

/// A zigzag number, in at most the bytes that 64 bits take; most take one.
#[inline]
pub(super) fn long(rest: &mut &[u8]) -> Result<i64, Fault> {
    match **rest {
        [byte, ref after @ ..] if byte < 0x80 => {
            *rest = after;
            Ok(i64::from(byte >> 1) ^ -i64::from(byte & 1))
        }
        _ => longer(rest),
    }
}

fn longer(rest: &mut &[u8]) -> Result<i64, Fault> {
    let mut value = 0_u64;
    for (at, byte) in rest.iter().enumerate().take(VARINT_BYTES_MAX) {
        let low = u64::from(byte & 0x7F);
        if at == VARINT_BYTES_MAX - 1 && *byte > 1 {
            break;
        }
        value |= low << (7 * at);
        if byte & 0x80 == 0 {
            *rest = &rest[at + 1..];
            return Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
        }
    }
    if rest.len() < VARINT_BYTES_MAX { Err(TRUNCATED) } else { Err(malformed("a number does not fit in 64 bits")) }
}

/// Bytes after their number.
pub(super) fn block<'b>(rest: &mut &'b [u8]) -> Result<&'b [u8], Fault> {
    let bytes = usize::try_from(long(rest)?).map_err(|_| malformed("a length is negative"))?;
    take(rest, bytes)
}

/// Blocks of items up to the empty one.
pub(super) fn items<E: From<Fault>>(
    rest: &mut &[u8],
    mut pass: impl FnMut(&mut &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    loop {
        let count = long(rest)?;
        if count == 0 {
            return Ok(());
        }
        if count < 0 {
            // A negative number of items is followed by their size.
            long(rest)?;
        }
        // Items of no bytes at all could be without end in a short message.
        if count.unsigned_abs() > rest.len() as u64 {
            return Err(TRUNCATED.into());
        }
        for _ in 0..count.unsigned_abs() {
            pass(rest)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(schema: &str, body: &[u8]) -> Result<(), Reason> {
        Shape::new(&Schema::parse(schema).unwrap()).check(body).map_err(|fault| fault.reason)
    }

    /// Proves the length of each type and what each refuses.
    #[test]
    fn types_and_refusals() {
        const MALFORMED: Result<(), Reason> = Err(Reason::BodyMalformed);
        const CUT: Result<(), Reason> = Err(Reason::BodyTruncated);
        let greatest = [&[0xFF; 9][..], &[1]].concat();
        let cases: [(&str, &[u8], Result<(), Reason>); 28] = [
            (r#""null""#, &[], Ok(())),
            (r#""boolean""#, &[1], Ok(())),
            (r#""boolean""#, &[2], MALFORMED),
            (r#""int""#, &[0xFE, 0xFF, 0xFF, 0xFF, 0x0F], Ok(())),
            (r#""int""#, &[0x80, 0x80, 0x80, 0x80, 0x10], MALFORMED),
            (r#""long""#, &greatest, Ok(())),
            (r#""long""#, &[0xFF; 10], MALFORMED),
            (r#""long""#, &[0xFF; 9], CUT),
            (r#""double""#, &[0; 8], Ok(())),
            (r#""float""#, &[0; 3], CUT),
            (r#""bytes""#, &[4, 0xFF, 0xFF], Ok(())),
            (r#""string""#, &[4, 0xC3, 0xA9], Ok(())),
            (r#""string""#, &[4, 0xFF, 0xFF], MALFORMED),
            (r#""string""#, &[1], MALFORMED),
            (r#"{"type":"enum","name":"E","symbols":["A","B"]}"#, &[2], Ok(())),
            (r#"{"type":"enum","name":"E","symbols":["A","B"]}"#, &[4], MALFORMED),
            (r#"{"type":"fixed","name":"F","size":2}"#, &[0; 3], Err(Reason::TrailingBytes)),
            (r#"["null","long"]"#, &[2, 2], Ok(())),
            (r#"["null","long"]"#, &[4], MALFORMED),
            (r#"["long","null"]"#, &[2], Ok(())),
            (r#"["long","null"]"#, &[0, 2], Ok(())),
            (r#"["long","null","string"]"#, &[2], Ok(())),
            (r#"["long","null","string"]"#, &[6], MALFORMED),
            (r#"{"type":"array","items":"long"}"#, &[4, 2, 2, 3, 4, 2, 2, 0], Ok(())),
            (r#"{"type":"array","items":"long"}"#, &[4, 2, 2], CUT),
            (r#"{"type":"array","items":"null"}"#, &greatest, CUT),
            (r#"{"type":"map","values":"long"}"#, &[2, 2, b'k', 2, 0], Ok(())),
            (r#"{"type":{"type":"string","logicalType":"uuid"}}"#, &[2, b'u'], Ok(())),
        ];
        for (schema, body, expected) in cases {
            assert_eq!(check(schema, body), expected, "{schema} {body:?}");
        }
    }

    /// Proves that a record may contain itself, by its short or its full name,
    /// and that nesting without end is refused, not followed.
    #[test]
    fn records_within_themselves() {
        let list = r#"{"type":"record","name":"List","namespace":"a.b","fields":[
            {"name":"next","type":["null","List"]},{"name":"also","type":["null","a.b.List"]}]}"#;
        assert_eq!(check(list, &[2, 0, 0, 0]), Ok(()));
        assert_eq!(check(list, &[2; 4_096]), Err(Reason::BodyMalformed));
    }
}
