//! Text in canonical form, without copying what already is.

use arrow::array::{Array, StringArray, StringBuilder};
use arrow::datatypes::ArrowNativeType;
use arrow::error::ArrowError;
use std::borrow::Cow;
use std::ops::Range;

/// Rows that are looked at together before each is looked at by itself.
pub(crate) const BLOCK_ROWS: usize = 64;

/// A text column in canonical form. `canonical` gives a text's form, borrowed
/// where the text has it already; blank forms become null. Where every row has
/// its form already the column is shared, not copied.
///
/// # Errors
/// The column grows past what 32-bit offsets reach.
pub(crate) fn rewrite<'a>(
    column: &'a StringArray,
    canonical: impl FnMut(usize, &'a str) -> Cow<'a, str>,
) -> Result<StringArray, ArrowError> {
    rewrite_unless(column, |_| false, canonical)
}

/// The same, where `canonical` has nothing to say of tidy text of at most
/// `bytes_max` bytes: most blocks hold nothing else, and are passed over.
///
/// # Errors
/// As [`rewrite`].
pub(crate) fn rewrite_untidy<'a>(
    column: &'a StringArray,
    bytes_max: usize,
    canonical: impl FnMut(usize, &'a str) -> Cow<'a, str>,
) -> Result<StringArray, ArrowError> {
    rewrite_unless(column, |rows| is_plain(column, rows, bytes_max), canonical)
}

fn rewrite_unless<'a>(
    column: &'a StringArray,
    has_form: impl Fn(Range<usize>) -> bool,
    mut canonical: impl FnMut(usize, &'a str) -> Cow<'a, str>,
) -> Result<StringArray, ArrowError> {
    if column.null_count() == column.len() {
        return Ok(column.clone());
    }
    let mut rewritten: Option<StringBuilder> = None;
    for block in blocks(column) {
        if has_form(block.clone()) {
            if let Some(builder) = &mut rewritten {
                builder.append_array(&column.slice(block.start, block.len()))?;
            }
            continue;
        }
        for row in block {
            if column.is_null(row) {
                if let Some(builder) = &mut rewritten {
                    builder.append_null();
                }
                continue;
            }
            let text = column.value(row);
            let form = canonical(row, text);
            let same = !form.is_empty() && matches!(form, Cow::Borrowed(_)) && form.len() == text.len();
            if same && rewritten.is_none() {
                continue;
            }
            let builder = match &mut rewritten {
                Some(builder) => builder,
                None => rewritten.insert(beginning(column, row)?),
            };
            if form.is_empty() {
                builder.append_null();
            } else {
                builder.append_value(form);
            }
        }
    }
    Ok(rewritten.map_or_else(|| column.clone(), |mut builder| builder.finish()))
}

/// The column's rows in blocks of [`BLOCK_ROWS`].
pub(crate) fn blocks(column: &StringArray) -> impl Iterator<Item = Range<usize>> {
    let rows = column.len();
    (0..rows).step_by(BLOCK_ROWS).map(move |start| start..(start + BLOCK_ROWS).min(rows))
}

/// Whether each of `rows` is null or tidy printable ASCII of 1 to `bytes_max`
/// bytes, told from the bytes of all at once.
pub(crate) fn is_plain(column: &StringArray, rows: Range<usize>, bytes_max: usize) -> bool {
    let ends = &column.value_offsets()[rows.start..=rows.end];
    let (first, last) = (ends[0].as_usize(), ends[rows.len()].as_usize());
    let bytes = &column.value_data()[first..last];
    // Without branches, so that many bytes are looked at in one step.
    let strange = bytes.iter().fold(0, |seen, byte| seen | u8::from(!(b' '..=b'~').contains(byte)));
    let pairs = bytes.iter().zip(bytes.iter().skip(1));
    let doubled = pairs.fold(0, |seen, (one, next)| seen | (u8::from(*one == b' ') & u8::from(*next == b' ')));
    if strange | doubled != 0 {
        return false;
    }
    rows.zip(ends.windows(2)).all(|(row, ends)| match &bytes[ends[0].as_usize() - first..ends[1].as_usize() - first] {
        [] => column.is_null(row),
        text => text.first() != Some(&b' ') && text.last() != Some(&b' ') && text.len() <= bytes_max,
    })
}

/// The first `rows` rows, with room for as many more as `column` has.
fn beginning(column: &StringArray, rows: usize) -> Result<StringBuilder, ArrowError> {
    let mut builder = StringBuilder::with_capacity(column.len(), column.value_data().len());
    builder.append_array(&column.slice(0, rows))?;
    Ok(builder)
}

/// `text` trimmed, with each inner run of white space and control characters
/// one space.
pub(crate) fn tidy(text: &str) -> Cow<'_, str> {
    if is_tidy(text) {
        return Cow::Borrowed(text);
    }
    let mut tidied = String::with_capacity(text.len());
    for word in text.split(is_blank).filter(|word| !word.is_empty()) {
        if !tidied.is_empty() {
            tidied.push(' ');
        }
        tidied.push_str(word);
    }
    Cow::Owned(tidied)
}

fn is_blank(character: char) -> bool {
    character.is_whitespace() || character.is_control()
}

/// Whether nothing in `text` is to be seen.
pub(crate) fn is_blank_text(text: &str) -> bool {
    match text.as_bytes().first() {
        Some(first) if first.is_ascii_graphic() => false,
        _ => text.chars().all(is_blank),
    }
}

fn is_tidy(text: &str) -> bool {
    let mut after_space = true;
    for &byte in text.as_bytes() {
        match byte {
            b' ' if after_space => return false,
            b' ' => after_space = true,
            0x21..=0x7E => after_space = false,
            0x80.. => return is_tidy_beyond_ascii(text),
            _ => return false,
        }
    }
    !after_space || text.is_empty()
}

fn is_tidy_beyond_ascii(text: &str) -> bool {
    let mut after_space = true;
    for character in text.chars() {
        let space = character == ' ';
        if (space && after_space) || (!space && is_blank(character)) {
            return false;
        }
        after_space = space;
    }
    !after_space
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Proves that tidying agrees with the plain definition, borrows
        /// exactly what is tidy, and does nothing a second time.
        #[test]
        fn tidy_is_what_it_says(text in "[ a-z\u{a0}\t\u{e9}\u{85}\u{2003}]{0,12}") {
            let naive = text.split(|c: char| c.is_whitespace() || c.is_control())
                .filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
            let tidied = tidy(&text);
            prop_assert_eq!(&tidied, &naive);
            prop_assert_eq!(matches!(tidied, Cow::Borrowed(_)), text == naive);
            prop_assert_eq!(is_blank_text(&text), naive.is_empty());
        }

        /// Proves that a rewritten column holds each row's form, null where it
        /// is blank, wherever the first change lies.
        #[test]
        fn rewrite_keeps_every_row(rows in proptest::collection::vec(proptest::option::of("[ ab]{0,3}"), 0..20)) {
            let column = StringArray::from(rows.clone());
            let rewritten = rewrite(&column, |_, text| tidy(text)).unwrap();
            let naive: Vec<Option<String>> = rows.iter()
                .map(|row| row.as_deref().map(|text| tidy(text).into_owned()).filter(|text| !text.is_empty()))
                .collect();
            prop_assert_eq!(rewritten, StringArray::from(naive));
        }

        /// Proves that passing over plain blocks changes nothing, and that a
        /// block is plain where each of its rows is, by the plain definition.
        #[test]
        fn plain_blocks_have_their_form(
            rows in proptest::collection::vec(proptest::option::weighted(0.9, "[ -~]{1,3}|a b|[ \u{e9}\u{85}]{0,1}"), 0..200),
            first in 0_usize..5,
        ) {
            let column = StringArray::from(rows);
            let first = first.min(column.len());
            let column = column.slice(first, column.len() - first);
            let rewritten = rewrite(&column, |_, text| tidy(text)).unwrap();
            prop_assert_eq!(rewrite_untidy(&column, 2, |_, text| tidy(text)).unwrap(), rewritten);
            for row in 0..column.len() {
                let text = column.value(row);
                let plain = text.is_ascii() && tidy(text) == text && (1..=2).contains(&text.len());
                prop_assert_eq!(is_plain(&column, row..row + 1, 2), plain || column.is_null(row));
            }
        }
    }

    /// Proves that a column in canonical form is shared and not copied.
    #[test]
    fn canonical_columns_are_shared() {
        let column = StringArray::from(vec![Some("a"), None, Some("b c")]);
        let rewritten = rewrite(&column, |_, text| tidy(text)).unwrap();
        assert_eq!(rewritten.value_data().as_ptr(), column.value_data().as_ptr());
    }
}
