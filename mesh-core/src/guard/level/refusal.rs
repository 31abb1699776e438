//! Why an entry is not taken, decided from the entry alone and the largest known term, so that it does not depend on what
//! came before.

use super::entry::{Author, Entry, Kind, Stamp, Value};
use super::store::ENTRIES_MAX;
use crate::guard::level::region::Node as _;
use crate::place::scope::Region;

/// What merging an entry came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merged {
    /// It counts from now on.
    Applied,
    /// It was there already, or something later and at least as wide says all that it says.
    Stale,
    /// It counts for nothing and was not kept.
    Refused(Refusal),
}

/// Why an entry is refused; the levels are as they were before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The region's numbers belong to no mesh.
    #[error("{0} cannot exist; sectors are 1 to 1000, clusters and agents 1 to 128")]
    Place(Region),
    /// The value means nothing for the kind.
    #[error(
        "{value:?} means nothing for {kind:?}; a context takes a head, everything else hold or lift"
    )]
    Value {
        /// The entry's kind.
        kind: Kind,
        /// Its value.
        value: Value,
    },
    /// The author has no right to it.
    #[error(
        "the {author} may not write {value:?} of {kind:?} for {region}; it may protect what is below it"
    )]
    Unauthorised {
        /// Who tried.
        author: Author,
        /// The entry's kind.
        kind: Kind,
        /// Where.
        region: Region,
        /// What.
        value: Value,
    },
    /// The signature does not hold.
    #[error("an entry in the name of the {0} is not signed by the key of that seat")]
    Signature(Author),
    /// A lead or coordinator writes in a term that no orchestrator is known to have; it may be offered again later.
    #[error("term {term} of an entry by the {author} is above the known term {known}")]
    FutureTerm {
        /// The entry's term.
        term: u64,
        /// Who wrote it.
        author: Author,
        /// The largest term known here.
        known: u64,
    },
    /// The counter is past what this author may use.
    #[error(
        "counter {counter} is above {most}, the last one the {author} may use in a term; a new term starts from 1"
    )]
    Counter {
        /// The entry's counter.
        counter: u64,
        /// Who wrote it.
        author: Author,
        /// The largest allowed.
        most: u64,
    },
    /// There is no room.
    #[error("{ENTRIES_MAX} entries of desired state are kept already; lift or widen some")]
    Full,
}

/// Whether the entry may be written at all: the place, the value, the author's right, and a stamp within its bounds.
pub(super) fn check(entry: &Entry, known: u64) -> Result<(), Refusal> {
    let Entry {
        kind,
        region,
        value,
        stamp,
        author,
        ..
    } = entry;
    if !region.is_possible() || !author.realm().is_possible() {
        return Err(Refusal::Place(*region));
    }
    if !kind.takes(*value) {
        return Err(Refusal::Value {
            kind: kind.clone(),
            value: *value,
        });
    }
    if !author.may_write(kind, *region, *value) {
        return Err(Refusal::Unauthorised {
            author: *author,
            kind: kind.clone(),
            region: *region,
            value: *value,
        });
    }
    let most = if author.commands() {
        Stamp::COUNTER_MAX
    } else {
        Stamp::COUNTER_LOCAL_MAX
    };
    if stamp.counter > most {
        return Err(Refusal::Counter {
            counter: stamp.counter,
            author: *author,
            most,
        });
    }
    if !author.commands() && stamp.term > known {
        return Err(Refusal::FutureTerm {
            term: stamp.term,
            author: *author,
            known,
        });
    }
    Ok(())
}
