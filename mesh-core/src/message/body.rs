//! Everything that travels between roles, as one closed list.

use super::delivery::{Missing, Numbered, Received, Tail};
use super::errand::{Passed, Returned};
use super::{
    Ack, Armed, Beat, Changes, ClusterReport, Echo, Epoch, Exchange, Fold, Hop, MessageId, Probed,
    Proceed, Prove, SectorFold, SectorReport, StopBundle, StopCount, Stopped, TaskNews, TaskOrder,
};
use crate::conflict::Report;
use crate::guard::level::{Entry, Summary};
use crate::place::scope::Name;
use crate::registry::GlobalReport;
use crate::role::{Escalation, Notice, Settled};
use crate::time::Boot;
use crate::trust::KeyId;
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
    Probed(Probed),
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
    /// Upwards: agents whose state changed.
    Changes(Arc<Changes>),
    /// Orchestrator to coordinators, every ten seconds: all cluster summaries (§4.3).
    Map(Arc<GlobalReport>),
    /// Agent to lead: what it can do, where that is not what its class can.
    Able(Arc<[Name]>),
    /// Downwards: work for one agent, or about it.
    Task(Arc<TaskOrder>),
    /// Upwards: what an agent says of work.
    TaskNews(Arc<TaskNews>),
    /// Both ways: desired state to take in. Urgent: it never waits behind a gap.
    Levels(Arc<[Entry]>),
    /// Both ways: what the sender has, since digests differ. Answered with what it lacks and with a question for the rest.
    LevelsHave(Arc<Summary>),
    /// Both ways: entries with these prints are lacking here.
    LevelsWanted(Arc<[u64]>),
    /// Agent to lead: it has stopped.
    Stopped(Box<Stopped>),
    /// Upwards: how many have stopped.
    StopCount(StopCount),
    /// Upwards: the signatures of those, one bundle a cluster.
    StopBundle(Arc<StopBundle>),
    /// Downwards: beat at once.
    Hail,
    /// Lead to agent: load the context with this short hash in place of the one that is held.
    Reload(u64),
    /// Upwards: a guard has noticed something that concerns more than its own tier.
    Notice(Arc<Notice>),
    /// Agent to lead: the detail of a CONFLICT, after its acknowledgement (appendix B, `CONFLICT_REPORT`).
    Conflict(Arc<Report>),
    /// Upwards: a conflict that a desk below could not settle, or that is too urgent for it.
    Escalated(Arc<Escalation>),
    /// Both ways: a conflict is settled.
    Settled(Arc<Settled>),
    /// Downwards: say again who has stopped.
    Prove(Prove),
    /// Downwards: what must arrive, in order and once (PROTOCOL §5): throws, tasks, reloads and settlements.
    Numbered(Arc<Numbered>),
    /// Upwards: these numbers are missing here.
    Missing(Missing),
    /// Downwards: the answer to that, beside what is sent again.
    Tail(Tail),
    /// Upwards: so much has arrived.
    Received(Received),
    /// Between agents, by way of those above them: what one worker asks of another.
    Errand(Arc<Passed>),
    /// The same way back: what came of it.
    Returned(Arc<Returned>),
}

impl Body {
    /// What it says, whether it is numbered or not.
    pub fn content(&self) -> &Self {
        match self {
            Self::Numbered(numbered) => &numbered.body,
            bare => bare,
        }
    }
}

/// A child's side of an exchange outside the beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Which start of the child this is.
    pub boot: Boot,
    /// Of the seat above, as the child knows it: whose clock the exchange is in.
    pub epoch: Epoch,
    /// Whom it obeys with that epoch.
    pub obeys: Option<KeyId>,
    /// The parent's last message with a time.
    pub exchange: Option<Exchange>,
}
