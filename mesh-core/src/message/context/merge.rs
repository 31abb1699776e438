//! Three-way merge of documents, key by key.

use super::{ContextError, Document};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A key that both sides changed differently: only a person can tell which is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collision {
    /// The key.
    pub key: String,
    /// What both sides started from; none when the key did not exist.
    pub base: Option<String>,
    /// What our side made of it; none when it was removed.
    pub ours: Option<String>,
    /// What their side made of it; none when it was removed.
    pub theirs: Option<String>,
}

/// What merging two documents gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// Everything that could be merged. A colliding key holds what the base had, so that neither side wins silently.
    pub document: Document,
    /// Keys that need a person; empty when the merge is complete.
    pub collisions: Vec<Collision>,
}

/// Merges `ours` and `theirs`, which both started from `base`. Exchanging the sides changes only which value of a
/// collision is called ours. Fails only when the union is larger than a document may be.
pub fn three_way(
    base: &Document,
    ours: &Document,
    theirs: &Document,
) -> Result<Merge, ContextError> {
    let keys: BTreeSet<&str> = [base, ours, theirs]
        .into_iter()
        .flat_map(|document| document.iter().map(|(key, _)| key))
        .collect();
    let mut merge = Merge {
        document: Document::new(),
        collisions: Vec::new(),
    };
    for key in keys {
        let (was, our, their) = (base.value(key), ours.value(key), theirs.value(key));
        let merged = if our == their || their == was {
            our
        } else if our == was {
            their
        } else {
            merge.collisions.push(Collision {
                key: key.to_owned(),
                base: was.map(str::to_owned),
                ours: our.map(str::to_owned),
                theirs: their.map(str::to_owned),
            });
            was
        };
        if let Some(value) = merged {
            merge.document.set(key, value)?;
        }
    }
    Ok(merge)
}
