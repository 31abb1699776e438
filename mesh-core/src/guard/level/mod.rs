//! Desired state as levels with epochs (PROTOCOL §6): a map that merges the same in any order, so that whoever missed a
//! command learns it at its next beat.
//!
//! An entry says what shall hold for a [`Region`](crate::place::scope::Region), under a [`Stamp`] and an [`Author`]. For an agent, a *hold* is in
//! force unless a covering *lift* with a later stamp comes from the same rank or a higher one. So "freeze all, thaw
//! sector 3" leaves sector 3 thawed, "freeze all" again freezes it again, and a lead that has been taken over can lift
//! neither the orchestrator's freeze nor its coordinator's quarantine. At equal stamps the hold stays.
//!
//! [`Levels`] keeps only entries that no wider or equal, later entry of the same kind and of no lower rank makes
//! redundant. Which entries those are depends on the set alone and not on the order of arrival, which makes merging
//! commutative, associative and idempotent, and makes digests comparable.

mod difference;
mod effective;
mod entry;
mod refusal;
pub(crate) mod region;
mod store;
#[cfg(test)]
mod tests;

pub use difference::{DIFFERENCE_MAX, Difference, SUMMARY_MAX, Summary};
pub use effective::{Effective, Gate};
pub use entry::{Author, Entry, Kind, Rank, Stamp, Value};
pub use refusal::{Merged, Refusal};
pub use store::{ENTRIES_MAX, Levels, WIDE_MAX};
