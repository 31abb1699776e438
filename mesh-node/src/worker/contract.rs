//! What a worker promises: what it can do, how much at once, for how long, and what a freeze does to it.

use mesh_core::place::scope::Name;
use mesh_core::registry::HoldMode;
use std::time::Duration;

/// A worker's contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    /// Its kind, in a word.
    pub kind: &'static str,
    /// What it can do; tasks that need something else are not given to it.
    pub capabilities: Vec<Name>,
    /// How many tasks it runs at once.
    pub at_once: usize,
    /// How long one may take; a task's own time counts where it is shorter.
    pub timeout: Duration,
    /// How much longer it may take to end when it is told to.
    pub grace: Duration,
    /// Bytes of memory that a process of it may have, where the system can hold it to that.
    pub memory: Option<u64>,
    /// What a freeze does to what runs.
    pub on_freeze: OnFreeze,
    /// How it meets T.
    pub mode: HoldMode,
}

/// What a freeze does to work that runs (PROTOCOL §6). Nothing begins in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFreeze {
    /// It is stopped where it is, and goes on after the thaw. Its time stands still as well.
    Pause,
    /// It runs to its end; the agent has stopped only then.
    Finish,
    /// It is ended. What may run twice is begun anew after the thaw, the rest has failed.
    Abandon,
}
