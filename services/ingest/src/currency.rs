//! Currencies of ISO 4217.

/// Active codes of ISO 4217 list one as it stood in 2025, sorted. `XTS`
/// (testing) and `XXX` (no currency) name no money and are left out.
const ACTIVE: [[u8; 3]; 177] = codes(
    b"AEDAFNALLAMDAOAARSAUDAWGAZNBAMBBDBDTBGNBHDBIFBMDBNDBOBBOVBRLBSDBTNBWPBYNBZDCADCDFCHECHFCHWCLFCLPCNYCOPCOU\
      CRCCUPCVECZKDJFDKKDOPDZDEGPERNETBEURFJDFKPGBPGELGHSGIPGMDGNFGTQGYDHKDHNLHTGHUFIDRILSINRIQDIRRISKJMDJODJPY\
      KESKGSKHRKMFKPWKRWKWDKYDKZTLAKLBPLKRLRDLSLLYDMADMDLMGAMKDMMKMNTMOPMRUMURMVRMWKMXNMXVMYRMZNNADNGNNIONOKNPR\
      NZDOMRPABPENPGKPHPPKRPLNPYGQARRONRSDRUBRWFSARSBDSCRSDGSEKSGDSHPSLESOSSRDSSPSTNSVCSYPSZLTHBTJSTMTTNDTOPTRY\
      TTDTWDTZSUAHUGXUSDUSNUYIUYUUYWUZSVEDVESVNDVUVWSTXADXAFXAGXAUXBAXBBXBCXBDXCDXCGXDRXOFXPDXPFXPTXSUXUAYERZAR\
      ZMWZWG",
);

const fn codes<const BYTES: usize, const COUNT: usize>(text: &[u8; BYTES]) -> [[u8; 3]; COUNT] {
    assert!(BYTES == 3 * COUNT, "three letters a code");
    let mut codes = [[0; 3]; COUNT];
    let mut code = 0;
    while code < COUNT {
        codes[code] = [text[3 * code], text[3 * code + 1], text[3 * code + 2]];
        code += 1;
    }
    codes
}

/// Whether `code` is an active ISO 4217 code, in upper case.
#[must_use]
pub fn is_active(code: &str) -> bool {
    <[u8; 3]>::try_from(code.as_bytes()).is_ok_and(|code| ACTIVE.binary_search(&code).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that the list can be searched by halving, and that it tells
    /// money from other text.
    #[test]
    fn list_is_sorted_and_tells_money() {
        assert!(ACTIVE.is_sorted_by(|a, b| a < b));
        for code in ["GBP", "EUR", "USD", "AED", "ZWG"] {
            assert!(is_active(code), "{code}");
        }
        for code in ["gbp", "GB", "GBPS", "£", "XXX", "XTS", "DEM", "pounds sterling", ""] {
            assert!(!is_active(code), "{code}");
        }
    }
}
