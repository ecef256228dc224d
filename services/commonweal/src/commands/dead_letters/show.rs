//! One dead letter, with everything that is known of it.

use super::{Letters, instant};
use crate::AppError;
use crate::cli::BytesForm;
use crate::settings::Loaded;
use crate::table::one_line;
use commonweal_ledger::letters::Letter;
use commonweal_runtime::Exit;
use commonweal_schemas::Reason;
use commonweal_schemas::replay::MessageOrigin;
use std::fmt::Write as _;

const LINE_BYTES: usize = 16;

pub(super) fn run(loaded: &Loaded, origin: &MessageOrigin, form: BytesForm) -> Result<Exit, AppError> {
    let letters = Letters::open(loaded)?;
    let Some(letter) = letters.one(origin)? else {
        return Err(AppError::Usage(format!(
            "there is no dead letter of {origin} as of commit {}; `dead-letters list --each` names those there are",
            letters.journal.version()
        )));
    };
    print!("{}", page(&letter, letters.replayed.contains(origin), form));
    Ok(Exit::Ok)
}

fn page(letter: &Letter, replayed: bool, form: BytesForm) -> String {
    let of = &letter.letter;
    let mut page = String::new();
    let mut line = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _written = writeln!(page, "{name:<12} {}", one_line(value));
    };
    line("origin", &letter.origin().to_string());
    line("written", &of.origin_timestamp.map_or_else(|| "unknown".to_owned(), instant));
    line("dataset", &of.dataset);
    line("stage", &of.stage);
    line("reason", &of.reason);
    if let Some(reason) = Reason::from_code(&of.reason) {
        line("", reason.sentence());
    }
    line("message", &of.message);
    for (name, value) in [("field", &of.field), ("source", &letter.source), ("event_id", &letter.event_id)] {
        if let Some(value) = value {
            line(name, value);
        }
    }
    line("attempt", &letter.attempt().to_string());
    line("replayed", if replayed { "yes" } else { "no" });
    line("posted", &format!("{} by commit {}", instant(letter.posted_at), letter.commit));
    for header in &of.headers {
        bytes(&mut page, &format!("header {}", one_line(&header.key)), header.value.as_deref(), form);
    }
    bytes(&mut page, "key", of.key.as_deref(), form);
    bytes(&mut page, "value", of.payload.as_deref(), form);
    page
}

/// Appends bytes under their name. A null is not the same as no bytes.
fn bytes(page: &mut String, name: &str, bytes: Option<&[u8]>, form: BytesForm) {
    // Writing to a String cannot fail.
    let _written = match bytes {
        None => writeln!(page, "{name}: null"),
        Some(bytes) => writeln!(page, "{name}: {} bytes", bytes.len()).and_then(|()| match form {
            BytesForm::Hex => page.write_str(&hex(bytes)),
            BytesForm::Text => writeln!(page, "  {}", text(bytes)),
        }),
    };
}

/// Offset, hexadecimal and printable characters, 16 bytes a line.
fn hex(bytes: &[u8]) -> String {
    let mut dump = String::with_capacity(bytes.len() * 5);
    for (number, line) in bytes.chunks(LINE_BYTES).enumerate() {
        let digits: String = line.iter().fold(String::new(), |mut digits, byte| {
            let _written = write!(digits, " {byte:02x}");
            digits
        });
        let shown = |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' };
        let characters: String = line.iter().map(shown).collect();
        let width = LINE_BYTES * 3;
        let _written = writeln!(dump, "  {:08x} {digits:<width$}  |{characters}|", number * LINE_BYTES);
    }
    dump
}

/// UTF-8, with escapes for control characters, backslashes and what is no
/// text, so that the bytes can be had back from it.
fn text(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\\' => shown.push_str("\\\\"),
                character if character.is_control() => shown.extend(character.escape_default()),
                character => shown.push(character),
            }
        }
        for byte in chunk.invalid() {
            let _written = write!(shown, "\\x{byte:02x}");
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that both forms show every byte: no two contents look alike.
    #[test]
    fn bytes_are_shown_whole() {
        let all: Vec<u8> = (0..=255).collect();
        let dump = hex(&all);
        let digits: Vec<u8> = dump
            .lines()
            .flat_map(|line| line[11..11 + 3 * LINE_BYTES].split_whitespace())
            .map(|digits| u8::from_str_radix(digits, 16).unwrap())
            .collect();
        assert_eq!(digits, all);
        assert!(dump.ends_with("|................|\n") && dump.contains("|0123456789:;<=>?|"), "{dump}");
        assert_eq!(text("a\n\\x41é".as_bytes()), "a\\n\\\\x41é");
        assert_eq!(text(&[b'a', 0xFF, 0, b'b']), "a\\xff\\u{0}b");
        assert!(hex(&[]).is_empty());
    }
}
