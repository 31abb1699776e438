//! What travels (§2.4, appendix B).
//!
//! An operation's [`Header`] is built once, signed once by the orchestrator and shared by every copy; what changes from
//! hop to hop (the target in the sender's clock, its error bound, the time left, the children addressed) is in the
//! [`Hop`] around it. Beats and acknowledgements are plain values that allocate nothing.

mod ack;
mod beat;
mod body;
mod conflict;
pub mod context;
pub mod delivery;
pub mod envelope;
pub mod errand;
mod fold;
mod header;
mod id;
mod lamport;
mod level;
mod report;
mod task;
mod throw;
mod warrant;

pub use ack::{Ack, Answer, SkipReason};
pub use beat::{Beat, Claims, Echo, EchoEntry, Exchange, Micros32};
pub use body::{Body, Probe};
pub use conflict::{ConflictKind, KindError};
pub use fold::{ClassTally, ERROR_EDGES, ErrorHistogram, Fold, SectorFold};
#[cfg(test)]
pub(crate) use header::header_of_nothing;
pub use header::{Header, Priority, Routing, Strategy, Verb};
pub use id::{Epoch, IdMint, MessageId};
pub use lamport::{JUMP_MAX, JumpError, Lamport, LamportClock};
pub use level::{Probed, Prove, StopBundle, StopCount, Stopped};
pub use report::{Changes, ClusterReport, Forwarded, Need, RowReport, SectorReport};
pub use task::{TaskAct, TaskNews, TaskOrder, TaskSaid};
pub use throw::{Armed, ClusterTargets, Compensation, Hop, Proceed, Targets};
pub use warrant::{Command, Taken, Unwarranted, Warrant};

#[cfg(test)]
mod vectors;
