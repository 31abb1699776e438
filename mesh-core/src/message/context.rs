//! Context: a content-addressed document with branches and a known-good head (PROTOCOL §9a, §6.1 context corruption).
//!
//! A [`Document`] is an ordered map of texts. A [`Commit`] names the document's hash, its parents and its author, and is
//! itself named by the hash of its bytes: whoever holds a commit's hash can check everything below it. Agents hold such
//! a hash, fetch what they lack and can be reloaded from the known-good head. Nothing here decides whom to fetch from.

mod document;
mod graph;
mod merge;
mod store;

pub use document::{
    Commit, CommitId, DOCUMENT_BYTES_MAX, DOCUMENT_KEYS_MAX, Document, KEY_BYTES_MAX,
    VALUE_BYTES_MAX,
};
pub use graph::Divergence;
pub use merge::{Collision, Merge, three_way};
pub use store::{
    BRANCHES_MAX, COMMITS_MAX, ContextStore, MAIN, MISSING_MAX, Merged, Missing, STORE_BYTES_MAX,
};

/// What cannot be done with a context. The store is unchanged in every case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// A key or a value outside its bounds.
    #[error("context key {key:?} cannot be set: {what}")]
    Entry {
        /// The key, cut to forty characters.
        key: String,
        /// What is wrong and what would be right.
        what: String,
    },
    /// Bytes that are no document or no commit.
    #[error("cannot read context {what}: {why}")]
    Undecodable {
        /// Document or commit.
        what: &'static str,
        /// The decoder's reason.
        why: String,
    },
    /// Bytes or a document that do not hash to the name they are given under: corruption (§6.1).
    #[error("context {what} {named} hashes to {found}; fetch it again from another holder")]
    WrongHash {
        /// Document or commit.
        what: &'static str,
        /// The hash it should have.
        named: crate::unit::Digest,
        /// The hash it has.
        found: crate::unit::Digest,
    },
    /// A commit or a document that this store does not hold.
    #[error("context {0} is not held here; fetch it first")]
    Unknown(crate::unit::Digest),
    /// A branch that does not exist.
    #[error("there is no context branch {0:?}")]
    NoBranch(String),
    /// A branch that exists already, or a name that is none.
    #[error("cannot make context branch {name:?}: {what}")]
    Branch {
        /// The name, cut to forty characters.
        name: String,
        /// What is wrong and what would be right.
        what: &'static str,
    },
    /// No room, even without what nobody needs any more.
    #[error("the context store is full ({what}); delete branches that are no longer needed")]
    Full {
        /// Which bound.
        what: &'static str,
    },
    /// No known-good head was ever marked.
    #[error("no context is marked as known good")]
    NoKnownGood,
}

#[cfg(test)]
mod tests;
