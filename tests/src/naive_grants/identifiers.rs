//! Shapes of identifiers, by patterns: `9` a digit, `A` a capital letter, `*`
//! either, anything else itself.

/// Whether `text` has the shape of `pattern`.
fn fits(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(byte, wanted)| match wanted {
            b'9' => byte.is_ascii_digit(),
            b'A' => byte.is_ascii_uppercase(),
            b'*' => byte.is_ascii_digit() || byte.is_ascii_uppercase(),
            other => byte == other,
        })
}

fn fits_any(text: &str, patterns: &[&str]) -> bool {
    patterns.iter().any(|pattern| fits(text, pattern))
}

/// A letter and eight digits.
pub(super) fn is_gss(text: &str) -> bool {
    fits(&text.trim().to_uppercase(), "A99999999")
}

/// A postcode, or the outward half of one standing alone.
pub(super) fn is_postcode(text: &str) -> bool {
    const OUTWARD: [&str; 7] = ["A9", "A99", "A9A", "AA9", "AA99", "AA9A", "GIR"];
    let one_word = !text.trim().contains(char::is_whitespace);
    let packed: String = text.to_uppercase().split_whitespace().collect();
    if one_word && fits_any(&packed, &OUTWARD) {
        return true;
    }
    let Some(at) = packed.len().checked_sub(3).filter(|&at| packed.is_char_boundary(at)) else { return false };
    let (outward, inward) = packed.split_at(at);
    // A letter O in the place of a digit can only be a zero.
    fits_any(outward, &OUTWARD) && (fits(inward, "9AA") || fits(inward, "OAA"))
}

/// An org-id in the form its register writes it, `None` where it has not the
/// shape of one.
pub(super) fn canonical(text: &str) -> Option<String> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix("360G-") {
        let (publisher, id) = rest.split_once('-').map_or((rest, None), |(publisher, id)| (publisher, Some(id)));
        let named = !publisher.is_empty() && publisher.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let identified = id.is_none_or(|id| !id.is_empty() && !id.contains(char::is_whitespace) && !is_dummy(id));
        return (named && identified).then(|| text.to_owned());
    }
    let (country, rest) = text.split_once('-')?;
    let (list, id) = rest.split_once('-')?;
    let (country, list) = (country.to_uppercase(), list.to_uppercase());
    let listed =
        fits(&country, "AA") && (2..=16).contains(&list.len()) && list.chars().all(|c| c.is_ascii_alphanumeric());
    let id = if country == "GB" { british(&list, id.trim())? } else { plain(id)? };
    listed.then(|| format!("{country}-{list}-{id}"))
}

fn british(list: &str, id: &str) -> Option<String> {
    let upper = id.to_uppercase();
    match list {
        "CHC" => charity(id),
        "COH" => company(&upper),
        "SC" => {
            let packed: String = upper.split_whitespace().collect();
            let number = packed.trim_start_matches("SC").replacen('O', "0", usize::from(packed.contains("SCO")));
            let number: u32 = number.parse().ok().filter(|number| (1..1_000_000).contains(number))?;
            Some(format!("SC{number:06}"))
        }
        "NIC" => {
            let number =
                upper.trim_start_matches("NIC").trim_start_matches("NI").trim().trim_start_matches('0').to_owned();
            fits(&number, "999999").then_some(number)
        }
        "MPR" => ((1..=8).contains(&upper.len()) && id.chars().any(|c| c.is_ascii_digit()) && alphanumeric(&upper))
            .then_some(upper),
        "EDU" => fits(id, "999999").then(|| id.to_owned()),
        "NHS" => ((3..=8).contains(&upper.len()) && alphanumeric(&upper)).then_some(upper),
        "LAE" => (fits_any(&upper, &["AA", "AAA", "AAAA"]) && !is_dummy(&upper)).then_some(upper),
        "GOR" => {
            let number = upper.trim_start_matches(|c: char| c.is_ascii_uppercase());
            let sound = (1..=3).contains(&(upper.len() - number.len())) && (1..=6).contains(&number.len());
            (sound && number.chars().all(|c| c.is_ascii_digit())).then(|| upper.clone())
        }
        _ => plain(id),
    }
}

/// Six or seven digits; a linked charity's number may follow.
fn charity(id: &str) -> Option<String> {
    let (number, linked) = id.split_once('-').map_or((id, "0"), |(number, linked)| (number, linked));
    let main = number.trim_start_matches('0');
    let sound =
        number.len() <= 8 && fits_any(main, &["999999", "9999999"]) && fits_any(linked, &["9", "99", "999", "9999"]);
    sound.then(|| if linked.trim_matches('0').is_empty() { main.to_owned() } else { format!("{main}-{linked}") })
}

/// Eight characters: digits, a prefix and digits, or a registered society's.
fn company(id: &str) -> Option<String> {
    const SOCIETIES: [&str; 5] = ["AA99999A", "AA9999AA", "AA999AAA", "AA99AAAA", "AA9AAAAA"];
    if fits_any(id, &SOCIETIES) {
        return Some(id.to_owned());
    }
    let number = id.trim_start_matches(|c: char| c.is_ascii_uppercase());
    let prefix = &id[..id.len() - number.len()];
    let sound = prefix.len() <= 2 && id.len() <= 8 && number.parse::<u32>().is_ok_and(|number| number > 0);
    sound.then(|| format!("{prefix}{number:0>width$}", width = 8 - prefix.len()))
}

fn plain(id: &str) -> Option<String> {
    let sound = id.chars().all(|c| c.is_ascii_alphanumeric() || "._/:-".contains(c))
        && id.contains(|c: char| c.is_ascii_alphanumeric());
    (sound && !is_dummy(id)).then(|| id.to_owned())
}

fn alphanumeric(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric())
}

/// Words that stand for no identifier.
fn is_dummy(id: &str) -> bool {
    let upper = id.to_uppercase();
    upper.trim_end_matches(|c: char| c.is_ascii_digit()) == "DUMMY"
        || ["N/A", "NA", "NONE", "NULL", "TBC", "UNKNOWN"].contains(&upper.as_str())
}
