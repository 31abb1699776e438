//! Words and texts: closed sets of words, the word that was probably meant, text from outside, bytes as digits.
//!
//! Text from outside comes in two forms. [`Foreign`] is what somebody said to us: it is cut to what we care to keep and
//! goes on. [`Text`] is a field of a record that is hashed or signed: cutting what another node wrote would change the
//! record, so what does not fit is refused while it is decoded. Both are kept as they came and shown safely.

pub mod bounded;
mod foreign;
mod hex;
mod nearest;
mod word;

pub use bounded::{Text, TextError};
pub use foreign::{Foreign, SHOWN_MAX};
pub use hex::{hex, unhex};
pub use nearest::nearest;
pub(crate) use word::words;

/// Characters of what was given that an error repeats.
pub const EXCERPT_MAX: usize = 40;

/// The beginning of what was given, so that an error stays one line; to be quoted with `{:?}`, which shows what hides.
pub fn excerpt(text: &str) -> String {
    text.chars().take(EXCERPT_MAX).collect()
}
