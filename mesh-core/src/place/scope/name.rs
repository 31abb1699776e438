//! Names of capabilities and tasks: words joined by `_`, short enough to keep and plain enough to stand in a filter.

use crate::text::excerpt;
use core::borrow::Borrow;
use core::fmt;
use serde::{Deserialize, Deserializer, Serialize};

/// A name like `llm_inference`: lower-case letters, digits and `_ - . / :`, beginning with a letter or a digit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Name(Box<str>);

/// A text that is no [`Name`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no name; names are words joined by _ such as llm_inference, at most {} characters",
    Name::LEN_MAX
)]
pub struct NameError {
    /// What was given, cut to forty characters.
    pub text: String,
}

impl Name {
    /// Characters of a name at most: three times the longest capability that the specification speaks of.
    pub const LEN_MAX: usize = 64;

    /// Checked, and folded to lower case.
    pub fn new(text: &str) -> Result<Self, NameError> {
        let plain = |c: u8| c.is_ascii_alphanumeric() || b"_-./:".contains(&c);
        let fits = (1..=Self::LEN_MAX).contains(&text.len())
            && text.bytes().all(plain)
            && text.as_bytes()[0].is_ascii_alphanumeric();
        fits.then(|| Self(text.to_ascii_lowercase().into()))
            .ok_or_else(|| NameError {
                text: excerpt(text),
            })
    }

    /// Its text.
    pub const fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl core::str::FromStr for Name {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}
