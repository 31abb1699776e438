//! Conflicts: triage, the hash-chained log, quarantine, resolution (§5).
//!
//! A CONFLICT is information, not failure (§1.4). A report becomes one row of an append-only log, its data waits in
//! quarantine, its priority sets a deadline and who hears of it, and a strategy for its type works out how it is
//! settled: in another row of the log, never by changing the first.
//!
//! | module | what it is |
//! |---|---|
//! | [`record`] | the five types, the report and the record |
//! | [`triage`] | priorities, deadlines, escalation |
//! | [`log`] | the chain of rows, signed heads, verification |
//! | [`quarantine`] | where conflicting data waits |
//! | [`resolve`] | the five strategies and what an operator may say |
//! | [`desk`] | the value that ties these together, one for each lead, coordinator and orchestrator |
//! | [`lamport`] | causes and effects by Lamport time, without clocks |
//! | [`compare`] | answers to the same question, and who contradicts its peers again and again |

pub mod compare;
pub mod desk;
pub mod lamport;
pub mod log;
pub mod quarantine;
pub mod record;
pub mod resolve;
pub mod triage;
mod wide;

pub use desk::{Desk, DeskError, DeskOutput, Open, Stamp};
pub use lamport::{Causality, Paradox};
pub use record::{Claim, ConflictDetail, ConflictId, ConflictRecord, Report, Station};
pub use resolve::{Action, How, Plan, ResolutionRecord, Settlement, Strategy};
pub use triage::{Priority, Tier};
