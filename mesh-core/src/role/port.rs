//! The port between a role and whoever drives it.

use super::desired::WriteError;
use super::notary::Notary;
use super::notice::{Notice, Protect};
use crate::conflict::log::{Row, StoredRow};
use crate::conflict::quarantine::Held;
use crate::conflict::{self, ConflictId};
use crate::guard::freeze::FreezeReport;
use crate::guard::level::{self, Entry};
use crate::message::{Body, ConflictKind, Epoch, Header, MessageId, TaskOrder, TaskSaid};
use crate::operation::answer::OperationLine;
use crate::operation::event::Stamped;
use crate::operation::review::Reviews;
use crate::operation::schedule::Schedule;
use crate::operation::task::{Task, TaskId};
use crate::operation::undo::History;
use crate::operation::{self, Answer, Operation, Progress, Scopes};
use crate::place::{AgentId, Slots};
use crate::time::{Boot, Micros, Moment, WallTime};
use crate::trust::KeyId;
use crate::trust::Rights;
use crate::trust::seat::{Claim, Seat, SeatAnswer};
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
    /// The desk, if one was ever kept.
    pub desk: Option<Desk>,
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
}

/// What a worker says of the work it was given.
#[derive(Debug, Clone)]
pub enum WorkerEvent {
    /// Prepared; it acts when it is released.
    Ready(MessageId),
    /// The same, with a short hash of what it will answer to this question.
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
    /// For the store: tell what you have, as [`Input::Recalled`].
    Recall,
    /// For the process that hosts an agent.
    Host(HostAct),
}

/// What a host is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostAct {
    /// Start this agent again.
    Restart(AgentId),
    /// Put a spare in the place of this agent.
    Replace(AgentId),
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
    /// Whoever commands is under suspicion; nothing is carried out until the root key lifts the seal (§9.2).
    Sealed,
    /// A breaker on the way is open (§6.2).
    Breaker,
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
