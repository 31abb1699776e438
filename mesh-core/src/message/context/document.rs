//! The document and the commit, their bytes and their hashes.

use super::ContextError;
use crate::unit::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A commit's name: the hash of its bytes. This is the context hash that agents hold and report (§5.1).
pub type CommitId = Digest;

/// Bytes of a key at most: a path of a few words.
pub const KEY_BYTES_MAX: usize = 128;
/// Bytes of a value at most: two pages of text; what is larger is a file, and its hash belongs here.
pub const VALUE_BYTES_MAX: usize = 4_096;
/// Keys of a document at most.
pub const DOCUMENT_KEYS_MAX: usize = 4_096;
/// Bytes of a document's keys and values at most: a quarter of the 1 MiB that a broker's message may have, so that a
/// document with its framing always travels in one.
pub const DOCUMENT_BYTES_MAX: usize = 256 * 1_024;

/// An ordered map of texts: what the mesh agrees to know.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Document {
    entries: BTreeMap<String, String>,
    #[serde(skip)]
    bytes: usize,
}

impl Document {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// From pairs; a later pair of the same key wins.
    pub fn of<K: AsRef<str>, V: AsRef<str>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, ContextError> {
        let mut document = Self::new();
        for (key, value) in pairs {
            document.set(key.as_ref(), value.as_ref())?;
        }
        Ok(document)
    }

    /// Sets a key.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), ContextError> {
        let refuse = |what: String| {
            Err(ContextError::Entry {
                key: crate::text::excerpt(key),
                what,
            })
        };
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            return refuse(format!(
                "the key has {} bytes; 1 to {KEY_BYTES_MAX} are possible",
                key.len()
            ));
        }
        if value.len() > VALUE_BYTES_MAX {
            return refuse(format!(
                "the value has {} bytes; at most {VALUE_BYTES_MAX}",
                value.len()
            ));
        }
        let old = self.entries.get(key).map_or(0, |old| key.len() + old.len());
        let bytes = self.bytes - old + key.len() + value.len();
        if bytes > DOCUMENT_BYTES_MAX {
            return refuse(format!(
                "the document would have {bytes} bytes; at most {DOCUMENT_BYTES_MAX}"
            ));
        }
        if old == 0 && self.entries.len() == DOCUMENT_KEYS_MAX {
            return refuse(format!("the document has {DOCUMENT_KEYS_MAX} keys already"));
        }
        self.entries.insert(key.to_owned(), value.to_owned());
        self.bytes = bytes;
        Ok(())
    }

    /// Takes a key out; what it held.
    pub fn remove(&mut self, key: &str) -> Option<String> {
        let value = self.entries.remove(key)?;
        self.bytes -= key.len() + value.len();
        Some(value)
    }

    /// What a key holds.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.entries.get(key).map(String::as_str)
    }

    /// Keys and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// How many keys.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of keys and values.
    pub const fn byte_count(&self) -> usize {
        self.bytes
    }

    /// Its bytes. Equal documents have equal bytes, because the keys are in order.
    pub fn encode(&self) -> Vec<u8> {
        rmp_serde::to_vec(&self.entries).expect("a map of texts has a form, and a Vec takes it all")
    }

    /// From bytes, within all bounds.
    pub fn decode(bytes: &[u8]) -> Result<Self, ContextError> {
        // Framing is at most 3 bytes for each text and 5 for the map.
        if bytes.len() > DOCUMENT_BYTES_MAX + 6 * DOCUMENT_KEYS_MAX + 5 {
            return Err(ContextError::Undecodable {
                what: "document",
                why: format!("{} bytes are too many", bytes.len()),
            });
        }
        let entries: BTreeMap<String, String> =
            rmp_serde::from_slice(bytes).map_err(|error| ContextError::Undecodable {
                what: "document",
                why: error.to_string(),
            })?;
        Self::of(entries)
    }

    /// Its name: the hash of its bytes.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.encode())
    }
}

/// One step of a context's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// What it follows: none for a beginning, two for a merge.
    pub parents: Vec<CommitId>,
    /// The hash of its document.
    pub content: Digest,
    /// Who made it: a place or an operator's name, at most [`KEY_BYTES_MAX`] bytes.
    pub author: String,
    /// Why, in a line, at most [`VALUE_BYTES_MAX`] bytes.
    pub note: String,
    /// The author's Lamport time, larger than that of its parents.
    pub lamport: u64,
}

impl Commit {
    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        rmp_serde::to_vec_named(self).expect("plain fields have a form, and a Vec takes it all")
    }

    /// From bytes, within all bounds.
    pub fn decode(bytes: &[u8]) -> Result<Self, ContextError> {
        let refuse = |why: String| ContextError::Undecodable {
            what: "commit",
            why,
        };
        if bytes.len() > 2 * VALUE_BYTES_MAX {
            return Err(refuse(format!("{} bytes are too many", bytes.len())));
        }
        let commit: Self = rmp_serde::from_slice(bytes).map_err(|e| refuse(e.to_string()))?;
        if commit.parents.len() > 2 {
            return Err(refuse(format!(
                "{} parents; a commit has at most 2",
                commit.parents.len()
            )));
        }
        if commit.author.len() > KEY_BYTES_MAX || commit.note.len() > VALUE_BYTES_MAX {
            return Err(refuse("author or note is too long".to_owned()));
        }
        Ok(commit)
    }

    /// Its name: the hash of its bytes.
    pub fn id(&self) -> CommitId {
        Digest::of(&self.encode())
    }
}
