//! The port between a role and whoever drives it.

use super::desired::WriteError;
use super::notary::Notary;
use super::notice::{Notice, Protect};
use crate::conflict::log::{Row, StoredRow};
use crate::conflict::quarantine::Held;
use crate::conflict::{self, ConflictId};
use crate::guard::freeze::FreezeReport;
use crate::guard::level::{self, Entry};
use crate::message::errand::{Errand, Outcome, Returned, Wish};
use crate::message::{Body, ConflictKind, Epoch, Header, MessageId, TaskOrder, TaskSaid};
use crate::operation::answer::{ConflictLine, Keys, OperationLine};
use crate::operation::event::Stamped;
use crate::operation::follow::AgentSeen;
use crate::operation::refusal::Ground;
use crate::operation::review::Reviews;
use crate::operation::schedule::Schedule;
use crate::operation::task::{Task, TaskId};
use crate::operation::undo::History;
use crate::operation::word::{KeyAct, LogKind};
use crate::operation::{self, Answer, Operation, Progress, Scopes};
use crate::place::{AgentId, Class, ClusterId, Slots};
use crate::text::Foreign;
use crate::time::{Boot, Micros, Moment, WallTime};
use crate::trust::KeyId;
use crate::trust::Rights;
use crate::trust::seat::{Claim, Seat, SeatAnswer};
use crate::unit::Digest;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a role is given.
#[derive(Debug, Clone)]
pub enum Input {
    /// The process has started; nothing else comes before it.
    Start(Start),
    /// `next_wake` has come, or may have.
    Wake,
    /// A message, verified by the driver.
    Message(Arrival),
    /// The worker has something to say.
    Worker(WorkerEvent),
    /// The answer to the claim with this epoch.
    Seat(Epoch, SeatAnswer),
    /// Somebody asks for something, through the only door from above (orchestrators take these).
    Operation(Box<Ask>),
    /// What was to be kept under this ticket is kept, and survives the death of every process.
    Stored(Ticket),
    /// What the store has, for who has just taken the orchestrator's seat and asked for it.
    Recalled(Box<Saved>),
    /// What a service with this ticket has brought (orchestrators take these).
    Brought(Ticket, Box<Brought>),
    /// Who sits at which slot below, as the certificates of place say now (leads take these).
    Seated(Arc<[Option<Sitter>]>),
    /// So many clusters the sector has now (coordinators take these).
    Clusters(u8),
}

/// Whoever sits at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sitter {
    /// What kind.
    pub class: Class,
    /// Its key: messages signed by any other are not from this place.
    pub key: KeyId,
}

/// Something asked of the mesh.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// Chosen by the caller; the same id again returns the first result.
    pub id: AskId,
    /// Who asks.
    pub caller: Caller,
    /// What.
    pub operation: Operation,
    /// Whether what has to be said first (a yes, a phrase) was said.
    pub confirmed: bool,
}

/// The name of a request, at most 128 characters.
pub type AskId = Arc<str>;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The operator's name.
    pub name: Arc<str>,
    /// From where: `local`, a host, a console.
    pub from: Arc<str>,
    /// What the caller may ask.
    pub rights: Rights,
    /// Nobody is there to answer: a schedule, a rule, another machine (§6.3).
    pub automated: bool,
}

impl Caller {
    /// Whoever owns this process.
    pub fn owner() -> Self {
        Self {
            name: Arc::from("owner"),
            from: Arc::from("local"),
            rights: Rights::ALL,
            automated: false,
        }
    }
}

/// What comes back of something asked: progress, any number of times, and then one of the others, once.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// It is under way.
    Progress(Box<Progress>),
    /// It is done, or this is what was to be seen.
    Answer(Box<Answer>),
    /// It is not done, and nothing was changed.
    Refused(Box<operation::Refusal>),
}

/// The number of something to be kept. The store refuses what comes with a lower epoch than it has seen, and says nothing:
/// somebody else has the seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ticket {
    /// Of the orchestrator's seat.
    pub epoch: Epoch,
    /// They only grow within an epoch.
    pub number: u64,
}

/// Something to be kept in the mesh's store.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// A task as it is now; under its id it replaces what was there.
    Task(Box<KeptTask>),
    /// A proof sheet.
    Sheet(Box<crate::throw::Sheet>),
    /// A row of the audit trail.
    Audit(Box<OperationLine>),
    /// What waits, was done and is to be done later, as one document.
    Desk(Box<Desk>),
    /// A backup (§10.1), beside those of before.
    Backup(Box<Backup>),
}

/// What would be needed to go on after the loss of everything but the store's backups (§10.1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Backup {
    /// When it was made.
    pub at: WallTime,
    /// The registry: a row for every agent.
    pub agents: Vec<AgentSeen>,
    /// Desired state.
    pub levels: Vec<Entry>,
    /// Open conflicts.
    pub conflicts: Vec<ConflictLine>,
    /// Open tasks.
    pub tasks: Vec<KeptTask>,
    /// Reviews, schedules, history.
    pub desk: Desk,
    /// Of everything above, as [`Backup::digest`] makes it.
    pub sum: Digest,
}

impl Backup {
    /// The hash of what it holds, whatever its sum says; `None` when it cannot be written down.
    pub fn digest(&self) -> Option<Digest> {
        let content = (
            &self.at,
            &self.agents,
            &self.levels,
            &self.conflicts,
            &self.tasks,
            &self.desk,
        );
        let bytes = rmp_serde::to_vec(&content).ok()?;
        Some(Digest::of(&bytes))
    }

    /// Whether it is as it was made.
    pub fn is_whole(&self) -> bool {
        self.digest() == Some(self.sum)
    }
}

/// Something that only whoever drives the orchestrator can do; [`Input::Brought`] says what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Service {
    /// The node that hosts this agent is to have this seat: it stands for it, and the grantor lets nobody else have it
    /// meanwhile. Whoever holds it now loses it as by a takeover, and stays as standby.
    Appoint {
        /// Whose node.
        agent: AgentId,
        /// Which seat, the agent's own cluster's or sector's.
        seat: Seat,
    },
    /// The backup that was kept last, read back.
    ReadBackup,
    /// A chained log is recomputed from its first row.
    Verify(LogKind),
    /// Something about keys.
    Keys(KeyService),
}

/// What is to be done about keys (PROTOCOL §10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyService {
    /// What.
    pub act: KeyAct,
    /// The key, or the start of it; otherwise those of the agents.
    pub key: Option<String>,
    /// The agents that are meant; none when it is about the mesh as a whole.
    pub agents: Vec<AgentId>,
    /// How long a token or a key is to be good.
    pub lasting: Option<Micros>,
}

/// What a service brings.
#[derive(Debug, Clone, PartialEq)]
pub enum Brought {
    /// The seat is taken, with this epoch.
    Appointed(Epoch),
    /// The last backup, if there is one.
    Backup(Option<Box<Backup>>),
    /// How many rows of the log there are, and the number of the first altered one, if any.
    Verified {
        /// Rows that were read.
        rows: u64,
        /// The first altered one.
        altered: Option<u64>,
    },
    /// Keys as they are now, and how many were changed.
    Keys(Box<Keys>, u64),
    /// Nothing: why not.
    Nothing(Ground, Foreign),
}

/// A task with what its scheduling needs beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptTask {
    /// The task itself.
    pub task: Task,
    /// Where it may go.
    pub to: Option<Scopes>,
    /// Its input.
    pub input: Arc<str>,
    /// Its result, once it has one.
    pub result: Option<Arc<str>>,
    /// Under which id it was asked for: asked again, also of another orchestrator, it is this task and no second one.
    #[serde(default)]
    pub asked: Option<AskId>,
}

/// What is kept between operations and must outlive an orchestrator.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Desk {
    /// What waits for a person.
    pub reviews: Reviews,
    /// What is to be done later.
    pub schedule: Schedule,
    /// What was done, and what takes it back.
    pub history: History,
}

/// What the store has for a new orchestrator.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Saved {
    /// All tasks without an outcome.
    pub tasks: Vec<KeptTask>,
    /// Those that ended last, the oldest first.
    pub ended: Vec<KeptTask>,
    /// The last rows of the audit trail, the oldest first.
    pub audit: Vec<OperationLine>,
    /// The desk, if one was ever kept.
    pub desk: Option<Desk>,
    /// When the last backup was made.
    pub backup: Option<WallTime>,
}

/// What a role learns when it starts.
#[derive(Debug, Clone)]
pub struct Start {
    /// Which start this is; it has grown since the last one.
    pub boot: Boot,
    /// For the role's own randomness.
    pub seed: u64,
    /// Wall time now, for ids.
    pub wall: WallTime,
    /// Whether links lose messages: then commands are sent twice, a bucket apart.
    pub lossy: bool,
    /// Signs and vouches for it.
    pub notary: Arc<dyn Notary>,
    /// Desired state as it was on disk: all that [`Output::Keep`] gave, in any order.
    pub levels: Arc<[Entry]>,
}

/// A message that has come in.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// From whom, seen from here.
    pub from: From,
    /// The key that signed it.
    pub signer: KeyId,
    /// The epoch of the sender's seat; 0 for agents.
    pub epoch: Epoch,
    /// When it was signed, by the sender's clock.
    pub sent: Moment,
    /// When the socket was read, by the clock here.
    pub received: Moment,
    /// What it says.
    pub body: Body,
}

/// Where a message came from, seen from the receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// The holder of the seat above, or one who says so: the epoch decides.
    Parent,
    /// The child at this slot.
    Child(u16),
    /// The coordinator of another sector, by its slot.
    Peer(u16),
}

/// Where a message goes, seen from the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// The seat above.
    Parent,
    /// The child at this slot.
    Child(u16),
    /// These children, as one message.
    Children(Slots),
    /// All children, as one message.
    Everyone,
    /// The coordinator of another sector, by its slot; only coordinators have peers.
    Peer(u16),
}

/// What a worker says of the work it was given.
#[derive(Debug, Clone)]
pub enum WorkerEvent {
    /// Prepared; it acts when it is released.
    Ready(MessageId),
    /// The same, with a short hash of what it will answer to this question; in a vote the option, counted from 1.
    Answered(MessageId, u64),
    /// It cannot integrate this.
    Conflict(MessageId, ConflictKind),
    /// The same, with what it has and was given, and the data in question.
    Disputed(MessageId, Box<(conflict::ConflictDetail, Vec<u8>)>),
    /// How a task stands. `Started` is said when that is on disk; what is found begun and without an end after a restart
    /// is `Interrupted`.
    Task(TaskId, TaskSaid),
    /// After [`Work::Freeze`]: nothing runs any more.
    Still,
    /// It wants something of another worker.
    Ask(Box<Wish>),
    /// What came of an errand that it was given.
    Did(MessageId, Box<Outcome>),
}

/// What a role asks of its driver, in this order.
#[derive(Debug, Clone)]
pub enum Output {
    /// A message.
    Send {
        /// To whom.
        to: To,
        /// The epoch of the sender's seat.
        epoch: Epoch,
        /// What.
        body: Body,
    },
    /// For the worker.
    Work(Work),
    /// For whoever grants seats.
    Claim(Claim),
    /// For the same: the seat is free.
    Vacate(Seat, Epoch),
    /// For the same, from the holder of the seat above: whoever has this seat with this epoch or a lower one has it no more,
    /// and does not get it again (§9.2).
    Depose(Seat, Epoch),
    /// These entries of desired state count now; they are to be there at the next start. An agent names all that it holds, a
    /// seat what is new.
    Keep(Arc<[Entry]>),
    /// A row of this node's append-only log of conflicts.
    Record(Box<StoredRow>),
    /// Data in quarantine, to be kept beside its row.
    Hold(Box<Held>),
    /// Something that people or counters may want to know.
    Event(Event),
    /// For whoever asked.
    Reply(AskId, Reply),
    /// For the store; [`Input::Stored`] says that it is done.
    Store(Ticket, Record),
    /// For the store: tell what you have, as [`Input::Recalled`]. From then on it takes nothing that comes with a lower epoch
    /// than this: what was read would not be the truth any more.
    Recall(Epoch),
    /// For the process that hosts an agent.
    Host(HostAct),
    /// For whoever grants seats, keeps the store or keeps keys; [`Input::Brought`] answers.
    Service(Ticket, Box<Service>),
}

/// What a host is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostAct {
    /// Start this agent again.
    Restart(AgentId),
    /// Put a spare in the place of this agent.
    Replace(AgentId),
    /// Start agents that were not there, with identities of their own, at these free slots of a cluster; a cluster that was
    /// not there is made, with a lead and a standby (§10.2).
    Begin {
        /// Which cluster.
        cluster: ClusterId,
        /// Of which class.
        class: Class,
        /// At which slots.
        slots: Slots,
    },
    /// End this agent for good: it has been drained, and its place is free (§10.2).
    Retire(AgentId),
    /// Put this agent, with its device, its key and its worker's log, in another place, which is free (§10.3).
    Move {
        /// From where.
        from: AgentId,
        /// To where.
        to: AgentId,
    },
}

/// What a worker is asked to do.
#[derive(Debug, Clone)]
pub enum Work {
    /// Get ready, and say so.
    Prepare {
        /// What is asked.
        header: Arc<Header>,
        /// T by the clock here.
        target: Moment,
    },
    /// T has come.
    Release {
        /// Which.
        operation: MessageId,
        /// T by the clock here.
        target: Moment,
        /// How far off it may be.
        bound: Micros,
    },
    /// Never mind.
    Cancel {
        /// Which.
        operation: MessageId,
    },
    /// A task, to be run once. What the worker's own log knows of it counts: done is said again, begun and not declared
    /// repeatable is interrupted.
    Task(Arc<TaskOrder>),
    /// Give this task up, if nothing has happened yet; then `GivenUp`, otherwise how it stands.
    GiveUp(TaskId),
    /// End this task; nothing need be said.
    Drop(TaskId),
    /// Start nothing, and do with what runs as the worker has declared (pause, finish or abandon); say
    /// [`WorkerEvent::Still`] when nothing runs.
    Freeze,
    /// Go on with what was paused.
    Thaw,
    /// Load the context with this short hash in place of the one that is held.
    Reload(u64),
    /// Another worker asks for something; say what came of it.
    Errand(Arc<Errand>),
    /// What came of something that this worker has asked for.
    Returned(Arc<Returned>),
}

/// Something that happened at a role.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A message was dropped, and why.
    Refused(Refusal),
    /// This node has a seat from now on.
    Serving(Seat, Epoch),
    /// This node has it no more.
    Stopped(Seat, Epoch),
    /// An operation has ended; its sheet is complete.
    Sealed(Box<crate::throw::Sheet>),
    /// A guard has noticed something.
    Notice(Arc<Notice>),
    /// Desired state that a guard asked for could not be written.
    Unprotected(Box<(Protect, WriteError)>),
    /// A conflict, a settlement or an anchor was recorded here.
    Conflict(Box<Row>),
    /// A conflict was settled here.
    Settled(Box<conflict::ResolutionRecord>),
    /// A conflict needs people: it is critical, or deadlines have passed and nobody is above.
    ConflictAlert {
        /// Which.
        conflict: ConflictId,
        /// How urgent it is now.
        priority: conflict::Priority,
        /// How many deadlines have passed.
        missed: u8,
    },
    /// What settles a conflict is to be done.
    ConflictAction(ConflictId, Box<conflict::Action>),
    /// No room on the desk: this one is in the store only.
    ConflictDropped(ConflictId),
    /// An operation began: its id and its T by the clock of the node that threw it.
    Thrown(MessageId, Moment),
    /// What consoles, logs and hooks are told.
    Told(Box<Stamped>),
    /// An entry of desired state was refused, from whom.
    LevelRefused(Option<From>, Box<level::Refusal>),
    /// A freeze has come further; some were counted or proven since the last time.
    Freezing(Box<FreezeReport>),
    /// A freeze has ended, by proof or by time, with the names of those not proven stopped.
    Frozen(Box<FreezeReport>, Arc<[AgentId]>),
}

/// Why a message was dropped; each is counted and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// Its sender's seat has been taken over.
    StaleEpoch,
    /// It comes from a boot before the one known.
    OldBoot,
    /// Its time to live has passed.
    Expired,
    /// It was here before.
    Duplicate,
    /// Numbered so far ahead that it has to come again in its turn.
    Ahead,
    /// Not sent: the child acknowledges nothing, and as much as may be is outstanding.
    Unanswered,
    /// Sent, and its time passed before its child acknowledged it.
    Unacknowledged,
    /// It is not for this place, or not from where it says.
    WrongPlace,
    /// This node does not have the seat that it is for.
    NotServing,
    /// Not one that this role takes.
    Unexpected,
    /// Its sender sends far more than is usual (§9.2).
    Flooded,
    /// Signed by a key that is not the one of this place.
    WrongKey,
    /// A command without the orchestrator's own signature.
    Forged,
    /// A command that was taken before.
    Replayed,
    /// Whoever commands is under suspicion; nothing is carried out until the root key lifts the seal (§9.2).
    Sealed,
    /// A breaker on the way is open (§6.2).
    Breaker,
}

impl Refusal {
    /// Its words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::StaleEpoch => "stale epoch",
            Self::OldBoot => "old boot",
            Self::Expired => "passed TTL",
            Self::Duplicate => "duplicate id",
            Self::Ahead => "far ahead",
            Self::Unanswered => "unanswered",
            Self::Unacknowledged => "unacknowledged",
            Self::WrongPlace => "wrong place",
            Self::NotServing => "not serving",
            Self::Unexpected => "unexpected",
            Self::Flooded => "flooded",
            Self::WrongKey => "wrong key",
            Self::Forged => "forged command",
            Self::Replayed => "replayed command",
            Self::Sealed => "sealed",
            Self::Breaker => "breaker",
        }
    }
}

/// The list that outputs are put in; the driver keeps one and drains it.
#[derive(Debug, Default)]
pub struct Outputs(pub Vec<Output>);

impl Outputs {
    /// A message.
    pub fn send(&mut self, to: To, epoch: Epoch, body: Body) {
        self.0.push(Output::Send { to, epoch, body });
    }

    /// For the worker.
    pub fn work(&mut self, work: Work) {
        self.0.push(Output::Work(work));
    }

    /// For people and counters.
    pub fn event(&mut self, event: Event) {
        self.0.push(Output::Event(event));
    }

    /// A message was dropped.
    pub fn refuse(&mut self, why: Refusal) {
        self.event(Event::Refused(why));
    }
}
