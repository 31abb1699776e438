//! Finding the first altered row of a chain.

use super::{Entry, Head, SealCheck, StoredRow, WriterId, beginning};
use crate::unit::Digest;
use std::collections::BTreeMap;

/// A chain without a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many rows.
    pub count: u64,
    /// The hash of the last.
    pub last: Digest,
    /// Up to which row other writers or the writer's own head vouch for it; what follows could be cut unseen.
    pub anchored: u64,
    /// The last head of each other chain that is anchored in this one, to verify those with.
    pub heads: Vec<Head>,
}

/// The first fault of a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("row {index} of the conflict log of {writer} {what}")]
pub struct Broken {
    /// Whose chain.
    pub writer: WriterId,
    /// The first row that is not as it was written.
    pub index: u64,
    /// What is wrong with it.
    pub what: What,
}

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum What {
    /// Its bytes do not hash to the hash stored beside them.
    #[error("was altered: its bytes do not have the stored hash")]
    Altered,
    /// Its bytes and its hash were both replaced; the next row still names the original.
    #[error("was rewritten: the row after it names another hash")]
    Rewritten,
    /// It does not name the row before it, and the chain goes on from it: the row itself was replaced.
    #[error("does not follow the row before it")]
    Detached,
    /// Another row stands where this one should be.
    #[error("is missing or out of order: row {found} stands in its place")]
    OutOfOrder {
        /// The number of the row in its place.
        found: u64,
    },
    /// The row is of another chain.
    #[error("belongs to another writer")]
    Stranger,
    /// Its bytes are whole and yet no row.
    #[error("cannot be read")]
    Unreadable,
    /// The chain ends before a head that its writer signed.
    #[error("is missing: a signed head counts {signed} rows")]
    Cut {
        /// How many rows there were.
        signed: u64,
    },
    /// The chain is whole, but not the one whose head its writer signed: everything from some row up to this one was
    /// written again.
    #[error("is not the row that its writer signed; rows from {since} on may be rewritten")]
    Forked {
        /// The first row that no earlier signed head vouches for.
        since: u64,
    },
}

/// Goes through the rows of a chain in the order of the store. `heads` are heads of this chain found elsewhere, in other
/// chains or in messages; heads of other chains and forged ones prove nothing and are passed over.
pub fn verify<I>(
    writer: WriterId,
    rows: I,
    heads: &[Head],
    check: &dyn SealCheck,
) -> Result<Verified, Broken>
where
    I: IntoIterator<Item = StoredRow>,
{
    let broken = |index, what| Broken {
        writer,
        index,
        what,
    };
    let signed: BTreeMap<u64, Vec<Digest>> = heads
        .iter()
        .filter(|head| head.writer == writer && head.count > 0 && head.is_signed(check))
        .fold(BTreeMap::new(), |mut map, head| {
            map.entry(head.count)
                .or_insert_with(Vec::new)
                .push(head.hash);
            map
        });
    let vouched = |count: u64, hash: Digest| {
        signed
            .get(&count)
            .map(|known| known.iter().all(|&other| other == hash))
    };

    let mut verified = Verified {
        count: 0,
        last: beginning(writer),
        anchored: 0,
        heads: Vec::new(),
    };
    let mut heads_here: BTreeMap<WriterId, Head> = BTreeMap::new();
    let mut rows = rows.into_iter().peekable();
    while let Some(stored) = rows.next() {
        let index = verified.count;
        if Digest::of(&stored.bytes) != stored.hash {
            return Err(broken(index, What::Altered));
        }
        let row = stored.row().map_err(|_| broken(index, What::Unreadable))?;
        if row.writer != writer || stored.writer != writer {
            return Err(broken(index, What::Stranger));
        }
        if row.index != index || stored.index != index {
            let found = if row.index == index {
                stored.index
            } else {
                row.index
            };
            return Err(broken(index, What::OutOfOrder { found }));
        }
        if row.before != verified.last {
            // One of the two was replaced. Whoever is named by the next row, or by a signed head, is the original.
            let named_by_next = rows
                .peek()
                .and_then(|next| next.row().ok())
                .map(|next| next.before == stored.hash);
            let original = named_by_next.or(vouched(index + 1, stored.hash));
            return Err(match index.checked_sub(1) {
                Some(earlier) if original != Some(false) => broken(earlier, What::Rewritten),
                _ => broken(index, What::Detached),
            });
        }
        if vouched(index + 1, stored.hash) == Some(false) {
            let since = verified.anchored;
            // With the row before vouched for, only this one can be the changed one.
            let what = if since == index {
                What::Rewritten
            } else {
                What::Forked { since }
            };
            return Err(broken(index, what));
        }
        if vouched(index + 1, stored.hash) == Some(true) {
            verified.anchored = index + 1;
        }
        if let Entry::Anchor(head) = row.entry {
            heads_here.insert(head.writer, head);
        }
        verified.count += 1;
        verified.last = stored.hash;
    }
    match signed.keys().next_back() {
        Some(&most) if most > verified.count => {
            Err(broken(verified.count, What::Cut { signed: most }))
        }
        _ => Ok(Verified {
            heads: heads_here.into_values().collect(),
            ..verified
        }),
    }
}
