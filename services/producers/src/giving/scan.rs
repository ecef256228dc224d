//! Where a JSON value ends, following brackets and strings alone.

/// What a byte is to the value being followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Part of it.
    Inside,
    /// Its last byte.
    Last,
    /// The first byte that is no longer of it.
    After,
}

/// Follows one value from its first byte on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scan {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Scan {
    pub(super) fn step(&mut self, byte: u8) -> Step {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
        } else {
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' | b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' if self.depth == 0 => {
                    return Step::After;
                }
                b'}' | b']' => self.depth -= 1,
                _ => {}
            }
        }
        let closes = matches!(byte, b'"' | b'}' | b']');
        if closes && !self.is_open() { Step::Last } else { Step::Inside }
    }

    /// Whether a bracket or a string is still open.
    pub(super) const fn is_open(self) -> bool {
        self.depth > 0 || self.in_string
    }
}
