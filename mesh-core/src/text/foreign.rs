//! What somebody said to us, made safe to show: control characters visible, length bounded.

use core::fmt::{self, Write};
use serde::{Deserialize, Serialize};

/// Characters of foreign text shown on one line at most; longer ones end in `…`.
pub const SHOWN_MAX: usize = 240;

/// Text that came from an agent, a worker or a caller. It is kept as it came, up to [`Foreign::LEN_MAX`] bytes, and
/// shown only through [`fmt::Display`], which lets no control or direction-changing character through.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct Foreign(String);

impl Foreign {
    /// Bytes kept at most: a long paragraph.
    pub const LEN_MAX: usize = 8_192;

    /// Cut at [`Foreign::LEN_MAX`], never within a character.
    pub fn new(text: impl Into<String>) -> Self {
        let mut text = text.into();
        if text.len() > Self::LEN_MAX {
            let end = (0..=Self::LEN_MAX)
                .rev()
                .find(|&at| text.is_char_boundary(at))
                .unwrap_or(0);
            text.truncate(end);
        }
        Self(text)
    }

    /// As it came; never for a terminal.
    pub fn raw(&self) -> &str {
        &self.0
    }
}

impl From<String> for Foreign {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Foreign {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(&self.0, f)
    }
}

/// Writes the beginning of `text` with everything visible that would move, hide or reorder what stands around it.
pub(super) fn show(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (shown, c) in text.chars().enumerate() {
        if shown >= SHOWN_MAX {
            return f.write_char('…');
        }
        match c {
            '\n' => f.write_str("␊")?,
            '\t' => f.write_str("␉")?,
            '\u{0}'..='\u{1f}' => {
                // The control pictures stand at the same distance from U+2400.
                f.write_char(char::from_u32(0x2400 + c as u32).unwrap_or('␀'))?;
            }
            '\u{7f}' => f.write_str("␡")?,
            _ if is_hidden(c) => write!(f, "\\u{{{:x}}}", c as u32)?,
            _ => f.write_char(c)?,
        }
    }
    Ok(())
}

/// Characters that move, hide or reorder what stands around them.
const fn is_hidden(c: char) -> bool {
    matches!(c, '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_escape_sequence_reaches_a_terminal() {
        let shown = Foreign::from("\u{1b}[2J\r\nhi\u{202e}there\u{9b}m\u{7f}").to_string();
        assert_eq!(shown, "␛[2J␍␊hi\\u{202e}there\\u{9b}m␡");
        assert!(shown.chars().all(|c| !c.is_control()));
    }

    #[test]
    fn long_text_is_cut_when_kept_and_when_shown() {
        let long = Foreign::new("é".repeat(10_000));
        assert!(long.raw().len() <= Foreign::LEN_MAX);
        assert_eq!(long.to_string().chars().count(), SHOWN_MAX + 1);
    }
}
