//! Conflicts: triage, the hash-chained log, quarantine, resolution (§5).
mod bounded;
pub use bounded::{Text, TextError};
