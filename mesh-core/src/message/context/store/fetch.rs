//! Fetching: what is lacking, and taking it in.

use super::super::ContextError;
use super::super::document::{Commit, CommitId, Document};
use super::{ContextStore, MISSING_MAX, check};
use crate::unit::Digest;
use std::collections::BTreeSet;

/// What has to be fetched to hold a head.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Missing {
    /// Commits, nearest to the head first.
    pub commits: Vec<CommitId>,
    /// Documents by content hash.
    pub documents: Vec<Digest>,
}

impl Missing {
    /// Whether everything is there.
    pub const fn is_empty(&self) -> bool {
        self.commits.is_empty() && self.documents.is_empty()
    }
}

impl ContextStore {
    /// Takes in a fetched commit, if its bytes hash to the name it was asked for under.
    pub fn insert_commit(&mut self, named: CommitId, bytes: &[u8]) -> Result<(), ContextError> {
        check("commit", named, Digest::of(bytes))?;
        let commit = Commit::decode(bytes)?;
        // Bytes in another encoding of the same fields would be held under a name that we cannot make again.
        check("commit", named, commit.id())?;
        self.commits.insert(named, commit);
        self.prune();
        Ok(())
    }

    /// Takes in a fetched document, if its bytes hash to the name it was asked for under.
    pub fn insert_document(&mut self, named: Digest, bytes: &[u8]) -> Result<(), ContextError> {
        check("document", named, Digest::of(bytes))?;
        let document = Document::decode(bytes)?;
        check("document", named, document.digest())?;
        self.hold_document(named, document);
        self.prune();
        Ok(())
    }

    /// What must be fetched to hold `head` with its document and `history` commits behind it; at most [`MISSING_MAX`]
    /// of each, so ask again until it is empty.
    pub fn missing(&self, head: CommitId, history: u32) -> Missing {
        let mut missing = Missing::default();
        if let Some(commit) = self.commits.get(&head)
            && !self.documents.contains_key(&commit.content)
        {
            missing.documents.push(commit.content);
        }
        let (mut seen, mut row) = (BTreeSet::new(), vec![head]);
        for _ in 0..=history {
            let mut next = Vec::new();
            for id in row {
                if !seen.insert(id) {
                    continue;
                }
                match self.commits.get(&id) {
                    Some(commit) => next.extend(&commit.parents),
                    None if missing.commits.len() < MISSING_MAX => missing.commits.push(id),
                    None => return missing,
                }
            }
            if next.is_empty() {
                break;
            }
            row = next;
        }
        missing
    }
}
