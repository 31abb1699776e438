//! The append-only log: one hash-chained chain of rows per writer (§5.1, PROTOCOL §9).
//!
//! A row's bytes are what is stored, hashed and sent; each carries the hash of the one before, so nothing can be
//! changed, taken out or put in between without a trace. The end of a chain has no successor: its head is signed and
//! anchored in other writers' chains, so a cut tail shows too. Only the last rows stay in memory; the store has all.

mod verify;

pub use verify::{Broken, Verified, What, verify};

use super::record::{ConflictId, ConflictRecord};
use super::resolve::ResolutionRecord;
use crate::message::ConflictKind;
use crate::message::Lamport;
use crate::place::AgentId;
use crate::time::WallTime;
use crate::unit::Digest;
use core::fmt;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::{BTreeMap, VecDeque};

/// Rows kept in memory at most: an hour of 23 conflicts (§7.1) with their resolutions, five times over.
pub const TAIL_MAX: usize = 256;
/// Bytes of a row at most. The largest record has two claims of 16 stations of about 150 bytes and texts of 640, under
/// 8 KiB; a resolution is smaller.
pub const ROW_BYTES_MAX: usize = 16 * 1_024;
/// Writers whose heads are remembered at most: each sector and the clusters of one.
pub const ANCHORED_MAX: usize = 1_128;

/// Who writes a chain: a public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WriterId(pub [u8; 32]);

impl fmt::Display for WriterId {
    /// The first eight hex digits of the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Digest(self.0), f)
    }
}

impl fmt::Debug for WriterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A signature over the bytes of a head.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Mark(pub [u8; 64]);

impl fmt::Debug for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}{:02x}…", self.0[0], self.0[1])
    }
}

impl Serialize for Mark {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Mark {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl<'de> Visitor<'de> for Bytes {
            type Value = Mark;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a signature of 64 bytes")
            }
            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Mark, E> {
                let exact = bytes
                    .try_into()
                    .map_err(|_| E::invalid_length(bytes.len(), &self))?;
                Ok(Mark(exact))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Mark, A::Error> {
                let mut mark = [0; 64];
                for (n, byte) in mark.iter_mut().enumerate() {
                    *byte = items
                        .next_element()?
                        .ok_or_else(|| A::Error::invalid_length(n, &self))?;
                }
                match items.next_element::<u8>()? {
                    None => Ok(Mark(mark)),
                    Some(_) => Err(A::Error::invalid_length(65, &self)),
                }
            }
        }
        from.deserialize_bytes(Bytes)
    }
}

/// Signs for one writer. Keys live elsewhere; the simulator passes a stand-in.
pub trait Seal {
    /// The signature over `bytes`.
    fn sign(&self, bytes: &[u8]) -> [u8; 64];
}

/// Checks signatures of any writer.
pub trait SealCheck {
    /// Whether `mark` is `writer`'s signature over `bytes`.
    fn holds(&self, writer: WriterId, bytes: &[u8], mark: &[u8; 64]) -> bool;
}

/// The end of a chain at some time, signed by its writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Whose chain.
    pub writer: WriterId,
    /// How many rows it had.
    pub count: u64,
    /// The hash of the last of them.
    pub hash: Digest,
    /// The writer's signature over the three above.
    pub mark: Mark,
}

impl Head {
    /// The bytes that are signed.
    pub fn bytes(writer: WriterId, count: u64, hash: Digest) -> Vec<u8> {
        [
            b"mesh conflict head".as_slice(),
            &writer.0,
            &count.to_be_bytes(),
            &hash.0,
        ]
        .concat()
    }

    /// Whether its writer signed it.
    pub fn is_signed(&self, check: &dyn SealCheck) -> bool {
        let bytes = Self::bytes(self.writer, self.count, self.hash);
        check.holds(self.writer, &bytes, &self.mark.0)
    }
}

/// What a row says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// A conflict was reported.
    Conflict(Box<ConflictRecord>),
    /// A conflict was settled.
    Resolution(ResolutionRecord),
    /// Another writer's chain ended here when this was written.
    Anchor(Head),
}

/// One row, as decoded from its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Whose chain.
    pub writer: WriterId,
    /// Its number there, from 0.
    pub index: u64,
    /// The hash of the row before; of the writer's name for the first.
    pub before: Digest,
    /// When it was written, for people and for queries.
    pub wall: WallTime,
    /// When it was written, for order.
    pub lamport: Lamport,
    /// What it says.
    pub entry: Entry,
}

impl Row {
    /// By which a store finds rows (§8.1: by time, agent and type): the conflict, who reported it and its type.
    pub const fn keys(&self) -> (Option<ConflictId>, Option<AgentId>, Option<ConflictKind>) {
        match &self.entry {
            Entry::Conflict(record) => (
                Some(record.id),
                Some(record.agent),
                Some(record.detail.kind),
            ),
            Entry::Resolution(record) => (Some(record.conflict), None, Some(record.kind)),
            Entry::Anchor(_) => (None, None, None),
        }
    }
}

/// A row as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRow {
    /// Whose chain.
    pub writer: WriterId,
    /// Its number there, from 0.
    pub index: u64,
    /// The row, encoded once; these bytes are what is hashed.
    pub bytes: Vec<u8>,
    /// Their hash.
    pub hash: Digest,
}

/// Bytes that are no row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read row {index} of the conflict log of {writer}: {why}")]
pub struct RowError {
    /// Whose chain.
    pub writer: WriterId,
    /// Which row.
    pub index: u64,
    /// The decoder's reason.
    pub why: String,
}

impl StoredRow {
    /// The row in it.
    pub fn row(&self) -> Result<Row, RowError> {
        let refuse = |why: String| RowError {
            writer: self.writer,
            index: self.index,
            why,
        };
        if self.bytes.len() > ROW_BYTES_MAX {
            return Err(refuse(format!(
                "{} bytes; at most {ROW_BYTES_MAX}",
                self.bytes.len()
            )));
        }
        rmp_serde::from_slice(&self.bytes).map_err(|error| refuse(error.to_string()))
    }
}

/// What the first row of a chain follows.
pub fn beginning(writer: WriterId) -> Digest {
    Digest::of(&[b"mesh conflict log".as_slice(), &writer.0].concat())
}

/// The writing end of one chain.
#[derive(Debug, Clone)]
pub struct ConflictLog {
    writer: WriterId,
    count: u64,
    last: Digest,
    tail: VecDeque<StoredRow>,
    anchored: BTreeMap<WriterId, u64>,
}

impl ConflictLog {
    /// A new chain.
    pub fn new(writer: WriterId) -> Self {
        Self::resume(writer, 0, beginning(writer))
    }

    /// Continues a stored chain of `count` rows whose last row hashes to `last`.
    pub const fn resume(writer: WriterId, count: u64, last: Digest) -> Self {
        Self {
            writer,
            count,
            last,
            tail: VecDeque::new(),
            anchored: BTreeMap::new(),
        }
    }

    /// Appends a row and returns it to be stored.
    pub fn append(&mut self, wall: WallTime, lamport: Lamport, entry: Entry) -> StoredRow {
        let row = Row {
            writer: self.writer,
            index: self.count,
            before: self.last,
            wall,
            lamport,
            entry,
        };
        let bytes = rmp_serde::to_vec_named(&row)
            .expect("every field of a row has a form, and a Vec takes it all");
        let stored = StoredRow {
            writer: self.writer,
            index: self.count,
            hash: Digest::of(&bytes),
            bytes,
        };
        self.count += 1;
        self.last = stored.hash;
        self.tail.push_back(stored.clone());
        if self.tail.len() > TAIL_MAX {
            self.tail.pop_front();
        }
        stored
    }

    /// Anchors another writer's head, if it says more than the last one anchored here. A forged one is nobody's word
    /// and is left out, as are writers past [`ANCHORED_MAX`].
    pub fn anchor(
        &mut self,
        wall: WallTime,
        lamport: Lamport,
        head: Head,
        check: &dyn SealCheck,
    ) -> Option<StoredRow> {
        let known = self.anchored.get(&head.writer).copied();
        let full = known.is_none() && self.anchored.len() >= ANCHORED_MAX;
        let stale = known.unwrap_or(0) >= head.count;
        if head.writer == self.writer || full || stale || !head.is_signed(check) {
            return None;
        }
        self.anchored.insert(head.writer, head.count);
        Some(self.append(wall, lamport, Entry::Anchor(head)))
    }

    /// The signed head, to be anchored elsewhere.
    pub fn head(&self, seal: &dyn Seal) -> Head {
        let bytes = Head::bytes(self.writer, self.count, self.last);
        Head {
            writer: self.writer,
            count: self.count,
            hash: self.last,
            mark: Mark(seal.sign(&bytes)),
        }
    }

    /// Whose chain this is.
    pub const fn writer(&self) -> WriterId {
        self.writer
    }

    /// How many rows it has.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The last rows, oldest first.
    pub fn tail(&self) -> impl DoubleEndedIterator<Item = &StoredRow> {
        self.tail.iter()
    }
}

#[cfg(test)]
mod tests;
