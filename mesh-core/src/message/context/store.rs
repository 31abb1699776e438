//! The store: branches over commits over documents, with the known-good head, all within bounds.

mod fetch;

pub use fetch::Missing;

use super::document::{Commit, CommitId, Document};
use super::graph::{self, Divergence};
use super::merge::{Collision, Merge, three_way};
use super::{ContextError, KEY_BYTES_MAX, VALUE_BYTES_MAX};
use crate::unit::Digest;
use std::collections::{BTreeMap, BTreeSet};

/// Commits held at most: with a change a minute, seventeen hours of history to merge against. Older ones are pruned.
pub const COMMITS_MAX: usize = 1_024;
/// Branches at most: 64 conflicts under reconciliation at once; past that people have lost the thread anyway.
pub const BRANCHES_MAX: usize = 64;
/// Bytes of documents held at most: 32 of the largest.
pub const STORE_BYTES_MAX: usize = 32 * super::DOCUMENT_BYTES_MAX;
/// Hashes asked for at once at most: 64 × 32 bytes, one small message.
pub const MISSING_MAX: usize = 64;
/// The branch that every store begins with.
pub const MAIN: &str = "main";

/// What merging one branch into another did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merged {
    /// Nothing to do: the branch holds it all.
    Already(CommitId),
    /// The branch moved forward to the other's head.
    FastForward(CommitId),
    /// A new commit joins both.
    Joined(CommitId),
    /// Nothing was changed: these keys need a person.
    Collides(Vec<Collision>),
}

/// Commits, documents and branches of one node.
#[derive(Debug, Clone)]
pub struct ContextStore {
    commits: BTreeMap<CommitId, Commit>,
    documents: BTreeMap<Digest, Document>,
    branches: BTreeMap<String, CommitId>,
    known_good: Option<CommitId>,
    bytes: usize,
}

impl ContextStore {
    /// A store whose branch [`MAIN`] begins with `document`, known to be good.
    pub fn new(document: Document, author: &str) -> Self {
        let first = Commit {
            parents: Vec::new(),
            content: document.digest(),
            author: cut(author, KEY_BYTES_MAX),
            note: "beginning".to_owned(),
            lamport: 0,
        };
        let mut store = Self::empty();
        let id = first.id();
        store.hold_document(first.content, document);
        store.commits.insert(id, first);
        store.branches.insert(MAIN.to_owned(), id);
        store.known_good = Some(id);
        store
    }

    /// A store that holds nothing yet and will fetch: [`ContextStore::adopt`], then [`ContextStore::missing`].
    pub const fn empty() -> Self {
        Self {
            commits: BTreeMap::new(),
            documents: BTreeMap::new(),
            branches: BTreeMap::new(),
            known_good: None,
            bytes: 0,
        }
    }

    /// Records `document` as the new head of `branch` and returns that head. An unchanged document makes no commit.
    pub fn commit(
        &mut self,
        branch: &str,
        document: Document,
        author: &str,
        note: &str,
        lamport: u64,
    ) -> Result<CommitId, ContextError> {
        let head = self.head(branch)?;
        let parent = self.commits.get(&head).ok_or(ContextError::Unknown(head))?;
        let content = document.digest();
        if content == parent.content && self.documents.contains_key(&content) {
            return Ok(head);
        }
        Ok(self.advance(branch, vec![head], document, author, note, lamport))
    }

    /// Makes a branch at a held commit.
    pub fn branch(&mut self, name: &str, at: CommitId) -> Result<(), ContextError> {
        if !self.commits.contains_key(&at) {
            return Err(ContextError::Unknown(at));
        }
        if self.branches.contains_key(name) {
            return Err(refuse_name(name, "it exists already"));
        }
        self.adopt(name, at)
    }

    /// Points a branch, new or old, at a head that need not be held yet; [`ContextStore::missing`] then says what to
    /// fetch, and what is fetched for it is not pruned.
    pub fn adopt(&mut self, name: &str, head: CommitId) -> Result<(), ContextError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
        if name.is_empty() || name.len() > KEY_BYTES_MAX || !name.chars().all(plain) {
            return Err(refuse_name(
                name,
                "a name is 1 to 128 letters, digits and - _ . /",
            ));
        }
        if !self.branches.contains_key(name) && self.branches.len() >= BRANCHES_MAX {
            return Err(ContextError::Full { what: "branches" });
        }
        self.branches.insert(name.to_owned(), head);
        Ok(())
    }

    /// Deletes a branch; its head. What nothing else needs is pruned when room is needed. [`MAIN`] stays.
    pub fn delete_branch(&mut self, name: &str) -> Result<CommitId, ContextError> {
        if name == MAIN {
            return Err(refuse_name(name, "the main branch cannot be deleted"));
        }
        self.branches
            .remove(name)
            .ok_or_else(|| ContextError::NoBranch(cut(name, 40)))
    }

    /// Merges branch `from` into branch `into`, leaving `from` as it is. `choices` are a person's answers for colliding
    /// keys (none removes the key); with no choices this is the automatic merge.
    pub fn merge(
        &mut self,
        into: &str,
        from: &str,
        choices: &BTreeMap<String, Option<String>>,
        author: &str,
        lamport: u64,
    ) -> Result<Merged, ContextError> {
        let (ours, theirs) = (self.head(into)?, self.head(from)?);
        let divergence = self.divergence(ours, theirs)?;
        if divergence.theirs == 0 {
            return Ok(Merged::Already(ours));
        }
        if divergence.base == Some(ours) {
            self.document(theirs)?;
            self.branches.insert(into.to_owned(), theirs);
            return Ok(Merged::FastForward(theirs));
        }
        let Merge {
            mut document,
            mut collisions,
        } = self.preview(ours, theirs)?;
        for (key, choice) in choices {
            let Some(at) = collisions.iter().position(|c| &c.key == key) else {
                continue;
            };
            collisions.remove(at);
            match choice {
                Some(value) => document.set(key, value)?,
                None => drop(document.remove(key)),
            }
        }
        if !collisions.is_empty() {
            return Ok(Merged::Collides(collisions));
        }
        let note = format!("merge {from} into {into}");
        let parents = vec![ours, theirs];
        Ok(Merged::Joined(
            self.advance(into, parents, document, author, &note, lamport),
        ))
    }

    /// Marks a held and intact commit as the known-good head.
    pub fn mark_known_good(&mut self, commit: CommitId) -> Result<(), ContextError> {
        self.verify(commit)?;
        self.known_good = Some(commit);
        Ok(())
    }

    /// Points `branch` back at the known-good head, for an agent whose context is corrupt (§6.1).
    pub fn reload(&mut self, branch: &str) -> Result<(CommitId, &Document), ContextError> {
        let good = self.known_good.ok_or(ContextError::NoKnownGood)?;
        self.verify(good)?;
        self.adopt(branch, good)?;
        Ok((good, self.document(good)?))
    }

    /// The head of a branch.
    pub fn head(&self, branch: &str) -> Result<CommitId, ContextError> {
        self.branches
            .get(branch)
            .copied()
            .ok_or_else(|| ContextError::NoBranch(cut(branch, 40)))
    }

    /// All branches and their heads, in order of name.
    pub fn branches(&self) -> impl Iterator<Item = (&str, CommitId)> {
        self.branches
            .iter()
            .map(|(name, &head)| (name.as_str(), head))
    }

    /// The known-good head.
    pub const fn known_good(&self) -> Option<CommitId> {
        self.known_good
    }

    /// A held commit.
    pub fn get(&self, commit: CommitId) -> Option<&Commit> {
        self.commits.get(&commit)
    }

    /// The document of a commit.
    pub fn document(&self, commit: CommitId) -> Result<&Document, ContextError> {
        let held = self
            .commits
            .get(&commit)
            .ok_or(ContextError::Unknown(commit))?;
        self.documents
            .get(&held.content)
            .ok_or(ContextError::Unknown(held.content))
    }

    /// Whether a held commit and its document hash to their names, by making the hashes again.
    pub fn verify(&self, commit: CommitId) -> Result<(), ContextError> {
        let held = self
            .commits
            .get(&commit)
            .ok_or(ContextError::Unknown(commit))?;
        check("commit", commit, held.id())?;
        check("document", held.content, self.document(commit)?.digest())
    }

    /// Whether what an agent has loaded is what its context hash says (§6.1 context corruption).
    pub fn verify_loaded(&self, commit: CommitId, loaded: &Document) -> Result<(), ContextError> {
        let held = self
            .commits
            .get(&commit)
            .ok_or(ContextError::Unknown(commit))?;
        check("document", held.content, loaded.digest())
    }

    /// How far two held heads have come apart.
    pub fn divergence(&self, ours: CommitId, theirs: CommitId) -> Result<Divergence, ContextError> {
        for id in [ours, theirs] {
            if !self.commits.contains_key(&id) {
                return Err(ContextError::Unknown(id));
            }
        }
        Ok(graph::divergence(&self.commits, ours, theirs))
    }

    /// The latest commits, one on each side, at which two diverged heads came to hold the same document.
    pub fn convergence(&self, ours: CommitId, theirs: CommitId) -> Option<(CommitId, CommitId)> {
        graph::convergence(&self.commits, ours, theirs)
    }

    /// What merging two heads would give, without doing it. Heads that met by themselves are merged from where they met;
    /// heads with no common history are merged as if from nothing.
    pub fn preview(&self, ours: CommitId, theirs: CommitId) -> Result<Merge, ContextError> {
        let met = self.convergence(ours, theirs).map(|(ours, _)| ours);
        let nothing = Document::new();
        let base = match met.or(self.divergence(ours, theirs)?.base) {
            Some(base) => self.document(base)?,
            None => &nothing,
        };
        three_way(base, self.document(ours)?, self.document(theirs)?)
    }

    /// Commits and bytes of documents held.
    pub fn size(&self) -> (usize, usize) {
        (self.commits.len(), self.bytes)
    }

    fn advance(
        &mut self,
        branch: &str,
        parents: Vec<CommitId>,
        document: Document,
        author: &str,
        note: &str,
        lamport: u64,
    ) -> CommitId {
        let after = parents
            .iter()
            .filter_map(|id| self.commits.get(id))
            .map(|parent| parent.lamport.saturating_add(1))
            .max();
        let commit = Commit {
            parents,
            content: document.digest(),
            author: cut(author, KEY_BYTES_MAX),
            note: cut(note, VALUE_BYTES_MAX),
            lamport: lamport.max(after.unwrap_or(0)),
        };
        let id = commit.id();
        self.hold_document(commit.content, document);
        self.commits.insert(id, commit);
        self.branches.insert(branch.to_owned(), id);
        self.prune();
        id
    }

    fn hold_document(&mut self, name: Digest, document: Document) {
        let bytes = document.byte_count();
        if self.documents.insert(name, document).is_none() {
            self.bytes += bytes;
        }
    }

    /// Makes room, when there is too much, down to seven eighths of the bounds: first what no branch leads to, then
    /// the oldest history. Heads and the known-good head always stay.
    fn prune(&mut self) {
        if self.commits.len() <= COMMITS_MAX && self.bytes <= STORE_BYTES_MAX {
            return;
        }
        let kept: BTreeSet<CommitId> = self
            .branches
            .values()
            .copied()
            .chain(self.known_good)
            .collect();
        let reachable: BTreeSet<CommitId> = kept
            .iter()
            .flat_map(|&head| graph::ancestry(&self.commits, head))
            .collect();
        let mut oldest: Vec<(bool, u64, CommitId)> = self
            .commits
            .iter()
            .filter(|(id, _)| !kept.contains(id))
            .map(|(&id, commit)| (reachable.contains(&id), commit.lamport, id))
            .collect();
        oldest.sort_unstable();
        let mut needed: BTreeMap<Digest, usize> = BTreeMap::new();
        for commit in self.commits.values() {
            *needed.entry(commit.content).or_default() += 1;
        }
        let bytes = &mut self.bytes;
        // Documents that were fetched for no commit are nobody's.
        self.documents.retain(|name, document| {
            let keep = needed.contains_key(name);
            *bytes -= if keep { 0 } else { document.byte_count() };
            keep
        });
        for (_, _, id) in oldest {
            if self.commits.len() <= COMMITS_MAX / 8 * 7 && self.bytes <= STORE_BYTES_MAX / 8 * 7 {
                return;
            }
            let Some(commit) = self.commits.remove(&id) else {
                continue;
            };
            if let Some(count) = needed.get_mut(&commit.content) {
                *count -= 1;
                if *count == 0
                    && let Some(document) = self.documents.remove(&commit.content)
                {
                    self.bytes -= document.byte_count();
                }
            }
        }
    }
}

fn check(what: &'static str, named: Digest, found: Digest) -> Result<(), ContextError> {
    if named == found {
        Ok(())
    } else {
        Err(ContextError::WrongHash { what, named, found })
    }
}

fn refuse_name(name: &str, what: &'static str) -> ContextError {
    ContextError::Branch {
        name: cut(name, 40),
        what,
    }
}

/// As much of `text` as fits into `max` bytes, cut between characters.
fn cut(text: &str, max: usize) -> String {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}
