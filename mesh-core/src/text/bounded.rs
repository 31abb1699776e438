//! Texts and lists in records, with their bounds in their types.
//!
//! What we write ourselves is cut to fit; what arrives too long is refused while it is being decoded, before it is held.

use core::fmt;
use core::marker::PhantomData;
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::{Deserialize as DeriveDeserialize, Serialize};

/// A text of at most `MAX` bytes, as a field of a record.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, DeriveDeserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct Text<const MAX: usize>(String);

/// A text longer than its place allows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a text of {bytes} bytes beginning {head:?} is too long; at most {max} bytes")]
pub struct TextError {
    /// How long it was.
    pub bytes: usize,
    /// How it began.
    pub head: String,
    /// How long it may be.
    pub max: usize,
}

impl<const MAX: usize> Text<MAX> {
    /// As much of `text` as fits, cut between characters and marked as cut.
    pub fn cut(text: &str) -> Self {
        if text.len() <= MAX {
            return Self(text.to_owned());
        }
        let mark = if MAX < '…'.len_utf8() { "" } else { "…" };
        let mut end = MAX - mark.len();
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        Self(format!("{}{mark}", &text[..end]))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is no text.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<const MAX: usize> TryFrom<String> for Text<MAX> {
    type Error = TextError;
    fn try_from(text: String) -> Result<Self, TextError> {
        if text.len() <= MAX {
            Ok(Self(text))
        } else {
            Err(TextError {
                bytes: text.len(),
                head: text.chars().take(24).collect(),
                max: MAX,
            })
        }
    }
}

impl<const MAX: usize> From<Text<MAX>> for String {
    fn from(text: Text<MAX>) -> Self {
        text.0
    }
}

impl<const MAX: usize> From<&str> for Text<MAX> {
    fn from(text: &str) -> Self {
        Self::cut(text)
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    /// Safe to show, and no more than a line; [`Text::as_str`] is the text as it came.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::foreign::show(&self.0, f)
    }
}

/// Decodes a list of at most `MAX` items; for `deserialize_with`.
pub(crate) fn list<'de, D, T, const MAX: usize>(from: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Items<T, const MAX: usize>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Items<T, MAX> {
        type Value = Vec<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a list of at most {MAX} items")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
            let mut held = Vec::new();
            while let Some(item) = items.next_element()? {
                if held.len() == MAX {
                    return Err(A::Error::invalid_length(MAX + 1, &self));
                }
                held.push(item);
            }
            Ok(held)
        }
    }
    from.deserialize_seq(Items::<T, MAX>(PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_texts_are_cut_between_characters_and_foreign_ones_refused() {
        assert_eq!(Text::<8>::cut("short").as_str(), "short");
        assert_eq!(Text::<8>::cut("ääääääää").as_str(), "ää…");
        assert_eq!(Text::<2>::cut("abc").as_str(), "ab");
        assert_eq!(Text::<0>::cut("abc").as_str(), "");
        assert_eq!(Text::<8>::cut("\u{1b}[2J").to_string(), "␛[2J");
        let refused = serde_json::from_str::<Text<4>>("\"abcde\"").expect_err("too long");
        assert!(refused.to_string().contains("at most 4 bytes"), "{refused}");
    }

    #[test]
    fn a_list_past_its_bound_is_refused_while_decoding() {
        #[derive(Debug, DeriveDeserialize)]
        struct Holder {
            #[serde(deserialize_with = "list::<_, _, 2>")]
            items: Vec<u8>,
        }
        let held: Holder = serde_json::from_str(r#"{"items":[1,2]}"#).expect("fits");
        assert_eq!(held.items, [1, 2]);
        assert!(serde_json::from_str::<Holder>(r#"{"items":[1,2,3]}"#).is_err());
    }
}
