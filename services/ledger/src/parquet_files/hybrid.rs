//! Parquet's hybrid of run lengths and bit packing, as in its format's
//! `Encodings.md`: runs of one value as their length, all else in groups of
//! eight values.

/// Values of a bit-packed group.
const GROUP: usize = 8;
/// Groups in one bit-packed run: as many as its header takes in one byte.
const GROUPS_MAX: usize = 63;

/// Bits that hold every number below `count`.
pub(super) const fn bit_width(count: usize) -> u8 {
    let bits = usize::BITS - count.saturating_sub(1).leading_zeros();
    // At most 64.
    bits.to_le_bytes()[0]
}

/// Appends `values`, each below 2^`width`, to `out`.
pub(super) fn encode(values: &[u32], width: u8, out: &mut Vec<u8>) {
    let mut packed = 0;
    let mut at = 0;
    while at < values.len() {
        let run = run_length(&values[at..]);
        // Bit-packed values come in whole groups: a run may only begin where a
        // group ends, and what completes the group is taken from it.
        let completes = (GROUP - (at - packed) % GROUP) % GROUP;
        if run < completes + GROUP {
            at += run;
            continue;
        }
        pack(&values[packed..at + completes], width, out);
        repeat(values[at], run - completes, width, out);
        at += run;
        packed = at;
    }
    pack(&values[packed..], width, out);
}

fn run_length(values: &[u32]) -> usize {
    values.iter().take_while(|value| Some(*value) == values.first()).count()
}

/// Appends a run of `count` times `value`, which is below 2^`width`.
pub(super) fn repeat(value: u32, count: usize, width: u8, out: &mut Vec<u8>) {
    varint((count as u64) << 1, out);
    out.extend_from_slice(&value.to_le_bytes()[..usize::from(width).div_ceil(8)]);
}

/// Packs values, the last group filled up with zeros.
fn pack(values: &[u32], width: u8, out: &mut Vec<u8>) {
    for run in values.chunks(GROUP * GROUPS_MAX) {
        let groups = run.len().div_ceil(GROUP);
        varint((groups as u64) << 1 | 1, out);
        for group in run.chunks(GROUP) {
            pack_group(group, width, out);
        }
    }
}

/// Eight values of `width` bits are `width` bytes, least significant bit first.
fn pack_group(group: &[u32], width: u8, out: &mut Vec<u8>) {
    let width = usize::from(width);
    let shifted = || group.iter().zip((0_u32..).step_by(width.max(1)));
    // A group mostly fits one word.
    match width {
        0..=8 => {
            let bits = shifted().fold(0_u64, |bits, (value, at)| bits | u64::from(*value) << at);
            out.extend_from_slice(&bits.to_le_bytes()[..width]);
        }
        9..=16 => {
            let bits = shifted().fold(0_u128, |bits, (value, at)| bits | u128::from(*value) << at);
            out.extend_from_slice(&bits.to_le_bytes()[..width]);
        }
        _ => pack_wide(group, width, out),
    }
}

fn pack_wide(group: &[u32], width: usize, out: &mut Vec<u8>) {
    let end = out.len() + width;
    let (mut bits, mut filled) = (0_u64, 0_usize);
    for value in group {
        bits |= u64::from(*value) << filled;
        filled += width;
        while filled >= 8 {
            out.push(bits.to_le_bytes()[0]);
            bits >>= 8;
            filled -= 8;
        }
    }
    if filled > 0 {
        out.push(bits.to_le_bytes()[0]);
    }
    out.resize(end, 0);
}

fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A plain reading of the format.
    fn decode(bytes: &[u8], width: u8, count: usize) -> Vec<u32> {
        let mut values = Vec::new();
        let mut at = 0;
        while values.len() < count {
            let (mut header, mut shift) = (0_u64, 0);
            loop {
                header |= u64::from(bytes[at] & 0x7F) << shift;
                shift += 7;
                at += 1;
                if bytes[at - 1] & 0x80 == 0 {
                    break;
                }
            }
            let number = |bits: &[bool]| bits.iter().rev().fold(0, |number, bit| number << 1 | u32::from(*bit));
            let width = usize::from(width);
            if header & 1 == 0 {
                let bytes_of_value = width.div_ceil(8);
                let bits: Vec<bool> = bits(&bytes[at..at + bytes_of_value]).collect();
                values.extend(std::iter::repeat_n(number(&bits), (header >> 1) as usize));
                at += bytes_of_value;
            } else {
                let packed = (header >> 1) as usize * width;
                let bits: Vec<bool> = bits(&bytes[at..at + packed]).collect();
                let each = (0..(header >> 1) as usize * GROUP).map(|value| &bits[value * width..(value + 1) * width]);
                values.extend(each.map(number));
                at += packed;
            }
        }
        assert_eq!(at, bytes.len(), "nothing is left over");
        values.truncate(count);
        values
    }

    fn bits(bytes: &[u8]) -> impl Iterator<Item = bool> {
        bytes.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1))
    }

    proptest! {
        /// Proves that what is encoded reads back by the format's rules, for
        /// runs of any length among other values and any width.
        #[test]
        fn values_read_back(
            runs in prop::collection::vec((any::<u32>(), prop_oneof![3 => 1..3_usize, 1 => 5..40_usize, 1 => 500..700_usize]), 0..60),
            width in 0..=17_u8,
        ) {
            let mask = (1_u32 << width) - 1;
            let values: Vec<u32> =
                runs.iter().flat_map(|(value, count)| std::iter::repeat_n(value & mask, *count)).collect();
            let mut bytes = Vec::new();
            encode(&values, width, &mut bytes);
            prop_assert_eq!(decode(&bytes, width, values.len()), values);
        }
    }

    /// Proves the widths around powers of two.
    #[test]
    fn widths() {
        assert_eq!([0, 1, 2, 3, 4, 5, 256, 257].map(bit_width), [0, 0, 1, 2, 2, 3, 8, 9]);
    }
}
