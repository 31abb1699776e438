//! The MESH-30K protocol as plain values.
//!
//! Nothing in this crate opens a socket, reads a clock, draws a random number from the system, starts a thread, prints
//! or keeps global state: time and messages go in, messages and deadlines come out. Whoever holds a role (a simulator,
//! one process, a fleet over a broker) does the rest. That is what lets an hour of thirty thousand agents be repeated
//! exactly from a seed.
//!
//! The folders are the words of the specification:
//!
//! | module | what it is |
//! |---|---|
//! | [`place`] | sector, cluster, agent; the mesh's shape; impedance classes; scopes and the filter language |
//! | [`time`] | microseconds and moments; estimates of another node's clock |
//! | [`text`] | closed sets of words, the word that was meant, text from outside, hex digits |
//! | [`message`] | what travels: bodies, operation headers, envelopes, delivery, context |
//! | [`impedance`] | profile, predictor, confidence |
//! | [`throw`] | schedule, gather, cascade, quorum, proof sheet |
//! | [`registry`] | the table of agents, summaries, queries, sketches |
//! | [`conflict`] | triage, the hash-chained log, quarantine, resolution |
//! | [`guard`] | breakers, failure detection, modes, desired state, threats |
//! | [`trust`] | keys, certificates, admission, seats |
//! | [`role`] | agent, lead, coordinator, orchestrator |
//! | [`operation`] | what the console may ask and what it gets back |
//! | [`diagnose`] | findings and root causes with their evidence |

pub mod chance;
pub mod conflict;
pub mod diagnose;
pub mod guard;
pub mod impedance;
pub mod message;
pub mod operation;
pub mod place;
pub mod registry;
pub mod role;
pub mod text;
pub mod throw;
pub mod time;
pub mod trust;
pub mod unit;
pub mod warm;
