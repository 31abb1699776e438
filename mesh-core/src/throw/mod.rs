//! The throw (§3): schedule, gather, cascade, quorum, proof sheet.
//!
//! A lead keeps a [`Cast`] for each operation: when each of its agents is sent to, and what became of it. A coordinator
//! and the orchestrator keep a [`Relay`]: which of their children have armed, whether the gate is open, which have
//! sealed their account, whom to send to again. The orchestrator makes a [`Sheet`] of the folds that come up.

mod cast;
pub mod quorum;
mod relay;
mod schedule;
mod sheet;

pub use cast::{Cast, CastDue};
pub use relay::{Gate, Relay, RelayDue};
pub use schedule::{Slotting, Timing, slotting};
pub use sheet::{Account, ClassTally32, Fate, SectorLine, Sheet, Short, Straggler};
