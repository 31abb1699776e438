//! What an agent really runs.
//!
//! A [`Host`] takes [`Work`](mesh_core::role::Work) for any number of agents, runs it on tokio and puts what its workers say
//! in [`Outlet`]s, where whoever drives the roles takes it out. An agent without work costs an entry in a table: no task, no
//! timer, no process. Every kind of worker is one [`Worker`] with a [`Contract`]:
//!
//! | kind | what it runs | meets T by | at once | a freeze | limits |
//! |---|---|---|---|---|---|
//! | `builtin` | echo, hash, sleep, sysinfo | HOLD | 4 | pauses `sleep`, lets the rest finish | time |
//! | `exec` | a command, one process a task | HOLD | 1 | stops the processes where they are | time, memory, output |
//! | `exec-lines` | a process that lives on and speaks JSON lines | HOLD | 1 | stops the process where it is | time, memory, output |
//! | `http` | POST to a function | LEAD-ONLY | 4 | lets calls that are out finish | time, answer |
//! | `llm` | a chat endpoint as `OpenAI` made it | LEAD-ONLY | 1 | lets calls that are out finish | time, answer, tokens |
//! | `human` | a person, through review items | ASYNC | 16 | nothing runs | time |
//!
//! A task is written down as begun, with a sync, before `Started` is said, and with its end before that is told
//! ([`Journal`]). What is found begun and without an end after a crash is `Interrupted` unless it may run twice. While a
//! task is not running it says what it waits for: its turn, the disk, a service, a worker that is started again.
//!
//! What a worker writes is foreign: bounded when it is read, and shown only through
//! [`Foreign`](mesh_core::text::Foreign). Keys come from the environment and are in no message, no log and no `Debug`.

mod backoff;
mod builtin;
mod contract;
mod desk;
mod exec;
mod host;
mod http;
mod human;
mod job;
pub mod journal;
mod llm;
mod outlet;
mod run;
mod spec;
#[cfg(test)]
mod tests;

pub use builtin::Run as BuiltinRun;
pub use contract::{Contract, OnFreeze};
pub use host::{Figures, Host};
pub use job::{Asked, End, Job, Over, Prepared};
pub use journal::{Journal, JournalError};
pub use outlet::Outlet;
pub use spec::{Builtin, Exec, Http, Human, Limits, Llm, Spec, SpecError};

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

/// Something that a worker does.
pub type Doing<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What an agent runs. Dropping what one of these returns ends the work at once.
pub trait Worker: Debug + Send + Sync {
    /// What it can do, and within which bounds.
    fn contract(&self) -> &Contract;

    /// A throw has come: get ready for T, or say why not. What is LEAD-ONLY acts here, since it was called early.
    fn prepare<'a>(&'a self, asked: &'a Asked) -> Doing<'a, Prepared>;

    /// T has come.
    fn act<'a>(&'a self, asked: &'a Asked) -> Doing<'a, Result<(), End>>;

    /// A task, from its beginning to its result.
    fn task<'a>(&'a self, job: &'a Job) -> Doing<'a, Result<String, End>>;

    /// Nothing more will come: what lives on ends.
    fn stop(&self) -> Doing<'_, ()>;
}

/// Makes rustls sign and verify with `ring` in this process. Whoever opens TLS connections calls it first; it may be called
/// any number of times.
pub fn install_tls() {
    // Only the first call installs; one that another part of the process has installed serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
