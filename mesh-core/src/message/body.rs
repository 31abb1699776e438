//! Everything that travels between roles, as one closed list.

use super::{
    Ack, Armed, Beat, ClusterReport, Echo, Epoch, Exchange, Fold, Hop, MessageId, Proceed,
    SectorFold, SectorReport,
};
use crate::time::Boot;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A message without its envelope. What is sent for each agent is held in place; what is shared is counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Body {
    /// Child to parent, every beat (appendix B, `HEARTBEAT`).
    Beat(Beat),
    /// Parent to its children, every beat.
    Echo(Arc<Echo>),
    /// Child to parent: an exchange of four timestamps outside the beat, eight of them 50 ms apart after a start.
    Probe(Probe),
    /// Parent to child: the answer to a probe.
    Probed(Exchange),
    /// Downwards (appendix B, `COORDINATE`).
    Throw(Arc<Hop>),
    /// Downwards: the gate of the tier above is open, or closed for good.
    Proceed(Proceed),
    /// Upwards: a throw was taken in.
    Armed(Armed),
    /// Agent to lead (appendix B, `ACK`).
    Ack(Ack),
    /// Downwards: the answer to this operation is missing here; send it again.
    Poll(MessageId),
    /// Lead to coordinator.
    Fold(Arc<Fold>),
    /// Coordinator to orchestrator.
    SectorFold(Arc<SectorFold>),
    /// Coordinator to a lead that has just taken its seat: what the one before it last reported.
    Handover(Arc<ClusterReport>),
    /// Lead to coordinator, every beat.
    ClusterReport(Arc<ClusterReport>),
    /// Coordinator to orchestrator, every beat.
    SectorReport(Arc<SectorReport>),
}

/// A child's side of an exchange outside the beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Which start of the child this is.
    pub boot: Boot,
    /// Of the seat above, as the child knows it: whose clock the exchange is in.
    pub epoch: Epoch,
    /// The parent's last message with a time.
    pub exchange: Option<Exchange>,
}
