//! What travels (§2.4, appendix B).
//!
//! An operation's [`Header`] is built once, signed once by the orchestrator and shared by every copy; what changes from
//! hop to hop (the target in the sender's clock, its error bound, the time left, the children addressed) is in the
//! [`Hop`] around it. Beats and acknowledgements are plain values that allocate nothing.

mod ack;
mod beat;
mod body;
pub mod context;
pub mod delivery;
pub mod envelope;
mod fold;
mod header;
mod id;
mod level;
mod report;
mod throw;

pub use ack::{Ack, Answer, ConflictKind, SkipReason};
pub use beat::{Beat, Claims, Echo, EchoEntry, Exchange, Micros32};
pub use body::{Body, Probe};
pub use fold::{ClassTally, ERROR_EDGES, ErrorHistogram, Fold, SectorFold};
pub use header::{Header, Priority, Routing, Strategy, Verb};
pub use id::{Epoch, IdMint, Lamport, MessageId};
pub use level::{Probed, Prove, StopBundle, StopCount, Stopped};
pub use report::{ClusterReport, Need, RowReport, SectorReport};
pub use throw::{Armed, ClusterTargets, Compensation, Hop, Proceed, Targets};
