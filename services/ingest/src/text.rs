//! Text in canonical form, without copying what already is.

use arrow::array::{Array, StringArray, StringBuilder};
use arrow::error::ArrowError;
use std::borrow::Cow;

/// A text column in canonical form. `canonical` gives a text's form, borrowed
/// where the text has it already; blank forms become null. Where every row has
/// its form already the column is shared, not copied.
///
/// # Errors
/// The column grows past what 32-bit offsets reach.
pub(crate) fn rewrite<'a>(
    column: &'a StringArray,
    mut canonical: impl FnMut(usize, &'a str) -> Cow<'a, str>,
) -> Result<StringArray, ArrowError> {
    let mut rewritten: Option<StringBuilder> = None;
    for row in 0..column.len() {
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
    Ok(rewritten.map_or_else(|| column.clone(), |mut builder| builder.finish()))
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
    }

    /// Proves that a column in canonical form is shared and not copied.
    #[test]
    fn canonical_columns_are_shared() {
        let column = StringArray::from(vec![Some("a"), None, Some("b c")]);
        let rewritten = rewrite(&column, |_, text| tidy(text)).unwrap();
        assert_eq!(rewritten.value_data().as_ptr(), column.value_data().as_ptr());
    }
}
