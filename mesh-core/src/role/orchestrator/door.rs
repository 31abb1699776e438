//! The door: what is asked is admitted or not, carried out once, answered, and written down.
//!
//! In this order: a repeated id gets the first result; then rights, the mode of §6.3, freezes, the yes that it needs.
//! What a mode holds back waits in a queue, or for a person's approval as a review item.

use super::Orchestrator;
use super::throws::Purpose;
use crate::guard::kpi::{Meter, ThrowRecord};
use crate::guard::mode::{Admission, HeldQueue, ModeKeeper, Offer, OperationTraits, admit};
use crate::message::{Priority, Routing};
use crate::operation::answer::{Answer, OperationLine, Progress, Thrown};
use crate::operation::event::{EVENTS_MAX, Event as Happened, Stamped};
use crate::operation::refusal::{Ground, allowed_when_frozen};
use crate::operation::review::From as ReviewFrom;
use crate::operation::schedule::Due;
use crate::operation::view::{BreakerAt, ConflictRow, QuarantineReason, Upkeep};
use crate::operation::{Confirm, Operation, Refusal, Scopes};
use crate::place::scope::ScopeSet;
use crate::place::{AgentId, ClusterId};
use crate::role::{Ask, AskId, Caller, Desk, KeptTask, Output, Outputs, Record, Reply, Ticket};
use crate::throw::Sheet;
use crate::throw::quorum::Decision;
use crate::time::{Micros, Moment, WallTime};
use crate::trust::Right;
use crate::unit::Share;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Results remembered for repeats: four a second for four minutes, longer than any caller tries again.
const RESULTS_MAX: usize = 1_024;
/// Bytes of an id at most.
const ID_MAX: usize = 128;
/// Sheets kept to be asked for: a few kB each. The store has all.
pub(super) const SHEETS_MAX: usize = 64;
/// Rows of the audit trail kept to be listed; the store has all.
pub(super) const AUDIT_MAX: usize = 1_000;
/// How long an operation waits for a better mode.
const HELD_FOR: Micros = Micros::seconds(600);

/// What is kept behind the door.
#[derive(Debug)]
pub(super) struct Door {
    results: BTreeMap<AskId, Option<Reply>>,
    order: VecDeque<AskId>,
    held: HeldQueue<Ask>,
    pub(super) mode: ModeKeeper,
    pub(super) desk: Desk,
    /// The desk is to be written.
    pub(super) dirty: bool,
    pub(super) meter: Meter,
    pub(super) sheets: VecDeque<Sheet>,
    pub(super) audit: VecDeque<OperationLine>,
    pub(super) events: VecDeque<Stamped>,
    numbered: u64,
    pub(super) conflicts: VecDeque<ConflictRow>,
    pub(super) breakers: BTreeMap<BreakerAt, Moment>,
    pub(super) quarantines: BTreeMap<AgentId, QuarantineReason>,
    pub(super) upkeep: Upkeep,
    pub(super) last_cascade: Option<Moment>,
    /// Of the throws since the last survey: READY by T, and eligible.
    pub(super) arrivals: (u64, u64),
    /// Who asked for what is still open, by the id of the request.
    pub(super) open: BTreeMap<AskId, (Caller, Operation)>,
    pub(super) watches: Vec<super::keep::Watch>,
    pub(super) watched: u64,
    pub(super) thaws: Vec<super::keep::Stopping>,
    pub(super) questions: Vec<super::ask::Question>,
    pub(super) heals: Vec<super::heals::Healing>,
    pub(super) pipelines: Vec<super::keep::Piped>,
    pub(super) gallery: super::follow::Gallery,
    pub(super) services: super::service::Services,
    pub(super) growths: Vec<super::growth::Growth>,
    /// Agents that are let into the routing pool by and by (§10.2).
    pub(super) newcomers: BTreeMap<AgentId, super::growth::Newcomer>,
    pub(super) contexts: super::contexts::Contexts,
}

/// What becomes of something that is carried out.
#[expect(
    clippy::large_enum_variant,
    reason = "taken apart as soon as it is returned"
)]
pub(super) enum Outcome {
    /// It is done.
    Now(Answer),
    /// It goes on; the answer comes later.
    Later,
}

impl Door {
    pub(super) fn new(now: Moment) -> Self {
        Self {
            results: BTreeMap::new(),
            order: VecDeque::new(),
            held: HeldQueue::new(),
            mode: ModeKeeper::new(now, None),
            desk: Desk::default(),
            dirty: false,
            meter: Meter::new(),
            sheets: VecDeque::new(),
            audit: VecDeque::new(),
            events: VecDeque::new(),
            numbered: 0,
            conflicts: VecDeque::new(),
            breakers: BTreeMap::new(),
            quarantines: BTreeMap::new(),
            upkeep: Upkeep::default(),
            last_cascade: None,
            arrivals: (0, 0),
            open: BTreeMap::new(),
            watches: Vec::new(),
            watched: 0,
            thaws: Vec::new(),
            questions: Vec::new(),
            heals: Vec::new(),
            pipelines: Vec::new(),
            gallery: super::follow::Gallery::default(),
            services: super::service::Services::default(),
            growths: Vec::new(),
            newcomers: BTreeMap::new(),
            contexts: super::contexts::Contexts::default(),
        }
    }

    /// Conflicts in the last `span`.
    pub(super) fn conflict_count(&self, now: Moment, span: Micros) -> u32 {
        let recent = self.conflicts.iter().rev();
        recent.take_while(|row| now.since(row.at) <= span).count() as u32
    }

    /// Conflicts of a cluster in the last hour.
    pub(super) fn conflicts_of(&self, cluster: ClusterId, now: Moment) -> u32 {
        let recent = self.conflicts.iter().rev();
        let recent = recent.take_while(|row| now.since(row.at) <= Micros::seconds(3_600));
        recent.filter(|row| row.agent.cluster == cluster).count() as u32
    }

    /// What is remembered of an id.
    fn known(&self, id: &AskId) -> Option<&Option<Reply>> {
        self.results.get(id)
    }

    fn remember(&mut self, id: &AskId, reply: Option<Reply>) {
        if self.results.insert(Arc::clone(id), reply).is_none() {
            self.order.push_back(Arc::clone(id));
        }
        while self.order.len() > RESULTS_MAX {
            // What is still open is not forgotten: it goes to the end of the line.
            let Some(oldest) = self.order.pop_front() else {
                return;
            };
            match self.results.get(&oldest) {
                Some(None) if self.order.len() < 2 * RESULTS_MAX => self.order.push_back(oldest),
                _ => {
                    self.results.remove(&oldest);
                }
            }
            if self.results.values().all(Option::is_none) {
                return;
            }
        }
    }

    /// When something waits to be looked at.
    pub(super) fn next_wake(&self) -> Moment {
        let watched = self.heals.iter().map(super::heals::Healing::next_wake);
        let questions = self.questions.iter().map(|question| question.until);
        let growths = self.growths.iter().map(super::growth::Growth::next_wake);
        let own = self
            .held
            .next_deadline()
            .min(self.mode.next_deadline())
            .min(self.services.next_wake());
        watched
            .chain(questions)
            .chain(growths)
            .fold(own, Moment::min)
    }
}

impl Orchestrator {
    /// Somebody asks for something.
    pub(super) fn asked(&mut self, now: Moment, ask: Ask, out: &mut Outputs) {
        if ask.id.is_empty() || ask.id.len() > ID_MAX {
            let why = "an id has 1 to 128 characters";
            let refusal = Refusal::new(Ground::Wrong, why);
            return reply(&ask.id, Reply::Refused(Box::new(refusal)), out);
        }
        if !self.serving() {
            let why = "this node does not have the orchestrator's seat; ask whoever serves";
            let refusal = Refusal::new(Ground::Unavailable, why);
            return reply(&ask.id, Reply::Refused(Box::new(refusal)), out);
        }
        if !self.board.recalled && needs_store(&ask.operation) {
            let why = "the store has not yet told what there is; ask again in some seconds";
            let refusal = Refusal::new(Ground::Unavailable, why);
            return reply(&ask.id, Reply::Refused(Box::new(refusal)), out);
        }
        if let Some(known) = self.door.known(&ask.id) {
            let again = known
                .clone()
                .unwrap_or_else(|| Reply::Progress(Box::new(Progress::Accepted)));
            return reply(&ask.id, again, out);
        }
        if ask.operation.changes() || is_throw(&ask.operation) {
            self.door.remember(&ask.id, None);
            self.door.open.insert(
                Arc::clone(&ask.id),
                (ask.caller.clone(), ask.operation.clone()),
            );
        }
        self.admit(now, ask, false, out);
    }

    /// Whether it may be carried out now; if it may, it is.
    fn admit(&mut self, now: Moment, ask: Ask, approved: bool, out: &mut Outputs) {
        if let Some(refusal) = self.refused(&ask, now) {
            return self.finish(now, &ask.id, Err(refusal), out);
        }
        let traits = self.traits(&ask, approved, now);
        match admit(self.door.mode.mode(), traits) {
            Admission::Accept => {}
            Admission::Refuse(why) => {
                let refusal = mode_refusal(why);
                return self.finish(now, &ask.id, Err(refusal), out);
            }
            Admission::Queue(_) => {
                let id = Arc::clone(&ask.id);
                match self.door.held.hold(ask, traits, now + HELD_FOR) {
                    Offer::Held => {
                        return reply(&id, Reply::Progress(Box::new(Progress::Accepted)), out);
                    }
                    Offer::Displaced(other) | Offer::Full(other) => {
                        let why = "too many operations wait for a better mode";
                        let refusal = Refusal::new(Ground::TooMuch, why);
                        return self.finish(now, &other.id, Err(refusal), out);
                    }
                }
            }
            Admission::NeedsApproval(why) => {
                let question = format!("{}: approve {}?", why.mode, ask.operation.line());
                let added = self.door.desk.reviews.add(
                    ReviewFrom::Held,
                    question.as_str().into(),
                    Some(ask.operation.clone()),
                    4,
                    Some(self.wall_at(now) + HELD_FOR),
                );
                self.door.dirty = true;
                let refusal = match added {
                    Ok(id) => {
                        let event = Happened::Review {
                            id,
                            question: question.as_str().into(),
                        };
                        self.tell(now, event, out);
                        Refusal::new(Ground::NeedsApproval(id.0), why.why()).allowing(["review"])
                    }
                    Err(error) => Refusal::new(Ground::TooMuch, error.to_string()),
                };
                return self.finish(now, &ask.id, Err(refusal), out);
            }
        }
        let id = Arc::clone(&ask.id);
        match self.perform(now, &ask, out) {
            Ok(Outcome::Now(answer)) => self.finish(now, &id, Ok(answer), out),
            Ok(Outcome::Later) => {
                reply(&id, Reply::Progress(Box::new(Progress::Accepted)), out);
            }
            Err(refusal) => self.finish(now, &id, Err(refusal), out),
        }
    }

    /// What stands against it whatever the mode: rights, places that are not there, a freeze, a missing yes.
    pub(super) fn refused(&self, ask: &Ask, now: Moment) -> Option<Refusal> {
        let operation = &ask.operation;
        let right = right_of(operation);
        if !ask.caller.rights.has(right) {
            let why = format!("{} needs the right to {right}", operation.name());
            return Some(Refusal::new(Ground::NotAllowed, why));
        }
        if let Some(refusal) = self.nowhere(operation, now) {
            return Some(refusal);
        }
        let traits = operation.traits();
        if !traits.when_frozen
            && operation.changes()
            && let Some(frozen) = self.frozen_part(operation, now)
        {
            return Some(Refusal::frozen(&frozen).allowing(allowed_when_frozen()));
        }
        let confirm = operation.confirm_needed();
        if confirm != Confirm::None && !ask.confirmed {
            let why = format!("{} changes much at once", operation.line());
            return Some(Refusal::new(Ground::NeedsYes(confirm), why));
        }
        None
    }

    /// What the mode has against it, if it would not be carried out at once.
    pub(super) fn held_back(&self, ask: &Ask, now: Moment) -> Option<Refusal> {
        match admit(self.door.mode.mode(), self.traits(ask, false, now)) {
            Admission::Accept => None,
            Admission::Refuse(why) | Admission::Queue(why) | Admission::NeedsApproval(why) => {
                Some(mode_refusal(why))
            }
        }
    }

    /// A scope that names no agent.
    fn nowhere(&self, operation: &Operation, now: Moment) -> Option<Refusal> {
        let scope = operation.scope()?;
        if scope.is_all() || scope.is_auto() || self.replica.table.is_empty() {
            return None;
        }
        // A filter may well mean nobody at the moment; a place that is not there is a mistake.
        let places = scope.regions().count() == scope.as_slice().len();
        let set = ScopeSet::new(scope.clone());
        let nobody = places && self.replica.table.select(&set, now).is_empty();
        nobody.then(|| {
            let why = format!("no agent is known in {scope}");
            Refusal::new(Ground::NotFound, why)
        })
    }

    /// The scope of an operation, when all of it is frozen; what is frozen only in part is carried out for the rest.
    fn frozen_part(&self, operation: &Operation, now: Moment) -> Option<Scopes> {
        if self.desired.levels().is_empty() {
            return None;
        }
        let scope = operation.scope().cloned().unwrap_or_else(Scopes::all);
        let counts = self.replica.table.select(
            &ScopeSet {
                scopes: scope.clone(),
                except: operation.except().cloned(),
            },
            now,
        );
        let counts = counts.counts();
        (counts.agents > 0 && counts.frozen == counts.agents).then_some(scope)
    }

    fn traits(&self, ask: &Ask, approved: bool, now: Moment) -> OperationTraits {
        let traits = ask.operation.traits();
        let targets = if traits.scatters {
            let scope = ask.operation.scope().cloned().unwrap_or_else(Scopes::all);
            let set = ScopeSet {
                scopes: scope,
                except: ask.operation.except().cloned(),
            };
            self.replica.table.select(&set, now).len() as u32
        } else {
            0
        };
        OperationTraits {
            priority: Priority::try_from(ask.operation.priority()).unwrap_or_default(),
            targets,
            scatters: traits.scatters,
            mesh_wide: traits.mesh_wide,
            automated: ask.caller.automated,
            background: traits.background,
            read_only: !traits.changes && !traits.scatters,
            protective: traits.protects,
            approved,
        }
    }

    /// It has ended, one way or the other: whoever asked is told, once, and it is written down.
    pub(super) fn finish(
        &mut self,
        now: Moment,
        id: &AskId,
        result: Result<Answer, Refusal>,
        out: &mut Outputs,
    ) {
        let said = match &result {
            Ok(answer) => said_of(answer),
            Err(refusal) => refusal.to_string(),
        };
        let end = match result {
            Ok(answer) => Reply::Answer(Box::new(answer)),
            Err(refusal) => Reply::Refused(Box::new(refusal)),
        };
        if let Some((caller, operation)) = self.door.open.remove(id) {
            self.door.remember(id, Some(end.clone()));
            let line = operation.line();
            let row = OperationLine {
                at: self.wall_at(now),
                by: caller.name.as_ref().into(),
                from: caller.from.as_ref().into(),
                operation,
                result: said.as_str().into(),
            };
            let ticket = self.ticket();
            let record = Record::Audit(Box::new(row.clone()));
            out.0.push(Output::Store(ticket, record));
            if self.door.audit.len() >= AUDIT_MAX {
                self.door.audit.pop_front();
            }
            self.door.audit.push_back(row);
            let event = Happened::Operation {
                by: caller.name.as_ref().into(),
                line: line.as_str().into(),
                result: said.as_str().into(),
            };
            self.tell(now, event, out);
        }
        reply(id, end, out);
    }

    /// Something that consoles, logs and hooks are told.
    pub(super) fn tell(&mut self, now: Moment, event: Happened, out: &mut Outputs) {
        self.door.numbered += 1;
        let stamped = Stamped {
            number: self.door.numbered,
            at: self.wall_at(now),
            event,
        };
        if self.door.events.len() >= EVENTS_MAX {
            self.door.events.pop_front();
        }
        self.door.events.push_back(stamped.clone());
        out.event(crate::role::Event::Told(Box::new(stamped)));
    }

    /// A throw has ended.
    pub(super) fn sealed(
        &mut self,
        now: Moment,
        purpose: Purpose,
        sheet: &Sheet,
        out: &mut Outputs,
    ) {
        self.count(now, sheet);
        if self.door.sheets.len() >= SHEETS_MAX {
            self.door.sheets.pop_front();
        }
        self.door.sheets.push_back(sheet.clone());
        let ticket = self.ticket();
        let record = Record::Sheet(Box::new(sheet.clone()));
        out.0.push(Output::Store(ticket, record));
        match purpose {
            Purpose::Load => {}
            Purpose::Asked(id) => {
                let counts = sheet.account;
                let event = Happened::ThrowSealed {
                    id: sheet.operation.to_string(),
                    counts,
                    decision: sheet.decision.to_string(),
                    took: sheet.elapsed,
                };
                self.tell(now, event, out);
                let answered = self.wants_ack(&id);
                let thrown = Thrown {
                    throw_id: sheet.operation.to_string(),
                    counts,
                    decision: sheet.decision.to_string(),
                    acknowledged: answered.then_some(counts.ready + counts.conflict),
                    took: sheet.elapsed,
                    stragglers: sheet.stragglers.iter().map(|one| one.agent).collect(),
                };
                self.finish(now, &id, Ok(Answer::Thrown(thrown)), out);
            }
            Purpose::Phase(number) => {
                if let Some(done) = self.phase_sealed(now, number, sheet, out)
                    && let Some(id) = done.asked.clone()
                {
                    let thrown = Thrown {
                        throw_id: done.first.to_string(),
                        counts: done.account,
                        decision: done.decision().to_string(),
                        acknowledged: None,
                        took: now.since(done.accepted),
                        stragglers: done.stragglers.clone(),
                    };
                    self.finish(now, &id, Ok(Answer::Thrown(thrown)), out);
                }
            }
        }
    }

    fn wants_ack(&self, id: &AskId) -> bool {
        let open = self.door.open.get(id);
        matches!(
            open,
            Some((
                _,
                Operation::Broadcast {
                    require_ack: Some(true),
                    ..
                }
            ))
        )
    }

    /// The figures of §11.
    fn count(&mut self, now: Moment, sheet: &Sheet) {
        let own = || sheet.classes.iter().filter(|line| !line.class.is_human());
        let sum = |pick: fn(&crate::throw::ClassTally32) -> u32| own().map(pick).sum::<u32>();
        let (ready, conflicts) = (sum(|line| line.ready), sum(|line| line.conflict));
        let everybody = u64::from(sheet.account.targeted) * 100
            >= u64::from(self.replica.table.counts().agents) * 95;
        let record = ThrowRecord {
            quorum: Some(sheet.decision == Decision::Proceed),
            eligible: sum(|line| line.eligible),
            in_window: sum(|line| line.in_window),
            measured: ready,
            within_50ms: sum(|line| line.within_50),
            responses: ready + conflicts,
            conflicts,
            cascade: everybody.then_some(sheet.elapsed),
        };
        self.door.meter.throw(&record, now);
        self.door.arrivals.0 += u64::from(record.in_window);
        self.door.arrivals.1 += u64::from(record.eligible);
        if sheet.decision == Decision::Proceed {
            self.door.last_cascade = Some(now);
        }
    }

    /// What waits behind the door and may go on now: operations for a better mode, reviews, schedules.
    pub(super) fn advance_door(&mut self, now: Moment, out: &mut Outputs) {
        for ask in self.door.held.expire(now) {
            let why = "it waited for a better mode for as long as it may";
            let refusal = Refusal::new(Ground::Mode(self.door.mode.mode().to_string()), why);
            self.finish(now, &ask.id, Err(refusal), out);
        }
        if let Some(change) = self.door.mode.poll(now) {
            self.mode_changed(now, change, out);
        }
        self.advance_stops(now, out);
        self.advance_questions(now, out);
        self.advance_heals(now, out);
        self.advance_services(now, out);
        self.advance_growths(now, out);
    }

    /// Every second: the mode, what is scheduled, what has expired.
    pub(super) fn advance_clocked(&mut self, now: Moment, out: &mut Outputs) {
        let (active, seated) = self.replica.rate();
        if let Some(share) = Share::of(active, seated) {
            self.door.meter.active(share, now);
        }
        if let Some(change) = self.door.mode.observe(active, seated, now) {
            self.mode_changed(now, change, out);
        }
        let wall = self.wall_at(now);
        let due = self.door.desk.schedule.due(wall);
        for due in due {
            self.door.dirty = true;
            match due {
                Due::Now(kept) => {
                    let ask = Ask {
                        id: Arc::from(format!("schedule-{}-{}", kept.id.0, kept.at.0)),
                        caller: Caller {
                            name: Arc::from(kept.by.as_str()),
                            from: Arc::from("schedule"),
                            automated: true,
                            ..Caller::owner()
                        },
                        operation: kept.operation,
                        confirmed: true,
                    };
                    self.asked(now, ask, out);
                }
                Due::Missed(kept) => {
                    let line = kept.operation.line();
                    let event = Happened::Missed {
                        line: line.as_str().into(),
                    };
                    self.tell(now, event, out);
                }
            }
        }
        if !self.door.desk.reviews.expire(wall).is_empty() {
            self.door.dirty = true;
        }
        if self.board.recalled && core::mem::take(&mut self.door.dirty) {
            let ticket = self.ticket();
            let desk = Box::new(self.door.desk.clone());
            out.0.push(Output::Store(ticket, Record::Desk(desk)));
        }
        self.look_at_watches(now, out);
    }

    fn mode_changed(
        &mut self,
        now: Moment,
        change: crate::guard::mode::ModeChange,
        out: &mut Outputs,
    ) {
        let event = Happened::Mode {
            from: change.from.to_string(),
            to: change.to.to_string(),
        };
        self.tell(now, event, out);
        if change.to > change.from && change.alert >= crate::guard::mode::Alert::Urgent {
            let text = format!(
                "mode {}: {} of the agents are active",
                change.to, change.active
            );
            let event = Happened::Alert {
                text: text.as_str().into(),
            };
            self.tell(now, event, out);
        }
        if change.save_state {
            // "Preserve state to persistent storage" (§6.3), beside what is kept all the time.
            self.door.dirty = true;
            self.back_up(now, out);
        }
        let mode = self.door.mode.mode();
        for ask in self.door.held.release(mode, now) {
            self.admit(now, ask, false, out);
        }
    }

    /// An operation whose review item was approved.
    pub(super) fn approved(
        &mut self,
        now: Moment,
        operation: Operation,
        by: &Caller,
        out: &mut Outputs,
    ) {
        let wall = self.wall_at(now);
        let ask = Ask {
            id: Arc::from(format!("approved-{}", self.mint.next(wall))),
            caller: by.clone(),
            operation,
            confirmed: true,
        };
        self.door.remember(&ask.id, None);
        self.door.open.insert(
            Arc::clone(&ask.id),
            (ask.caller.clone(), ask.operation.clone()),
        );
        self.admit(now, ask, true, out);
    }

    /// A task that somebody waits for has ended.
    pub(super) fn task_ended(
        &mut self,
        now: Moment,
        asked: &AskId,
        kept: &KeptTask,
        answer: Answer,
        out: &mut Outputs,
    ) {
        if !self.pipe_ended(now, asked, kept, out) {
            self.finish(now, asked, Ok(answer), out);
        }
    }

    /// The number of the next thing to be kept.
    pub(super) const fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket {
            epoch: self.epoch,
            number: self.tickets,
        }
    }

    /// The wall at a moment of the clock here.
    pub(super) fn wall_at(&self, now: Moment) -> WallTime {
        self.wall + now.since(self.started)
    }
}

/// Which right an operation needs (PROTOCOL §10).
fn right_of(operation: &Operation) -> Right {
    if !operation.changes() && !is_throw(operation) {
        return Right::Look;
    }
    match operation {
        Operation::Freeze { .. }
        | Operation::Quarantine { .. }
        | Operation::Trip { .. }
        | Operation::Cancel { .. } => Right::Stop,
        Operation::Cascade { scope, .. } if scope.as_ref().is_none_or(Scopes::is_all) => {
            Right::Change
        }
        Operation::Thaw { .. }
        | Operation::Heal { .. }
        | Operation::Promote { .. }
        | Operation::Scale { .. }
        | Operation::Move { .. }
        | Operation::Capability { .. }
        | Operation::Unlock { .. }
        | Operation::Calibrate { .. }
        | Operation::Context { .. }
        | Operation::Backup { .. }
        | Operation::Reset { .. }
        | Operation::Release { .. } => Right::Change,
        Operation::Keys { .. } => Right::Keys,
        Operation::Schedule { operation, .. } => right_of(operation),
        // Everything else is undone with one word, or asks and answers.
        _ => Right::Steer,
    }
}

pub(super) fn is_throw(operation: &Operation) -> bool {
    crate::operation::table::THROWS.contains(&operation.name())
}

/// The order that an operation makes of its priority.
pub(super) fn routing_of(operation: &Operation) -> Routing {
    match operation {
        Operation::Broadcast { .. } => Routing::Broadcast,
        _ => Routing::ScatterGather,
    }
}

fn mode_refusal(why: crate::guard::mode::Refusal) -> Refusal {
    Refusal::new(Ground::Mode(why.mode.to_string()), why.why()).allowing([why.allowed()])
}

fn said_of(answer: &Answer) -> String {
    match answer {
        Answer::Thrown(thrown) => format!("{}: {}", thrown.decision, thrown.counts),
        Answer::Frozen(frozen) => {
            format!("{} of {} proven stopped", frozen.proven, frozen.agents)
        }
        Answer::Delegated { state, .. } => state.to_string(),
        Answer::Done { agents, tasks, .. } => format!("{agents} agents, {tasks} tasks"),
        Answer::Scheduled { id, .. } => format!("scheduled as {}", id.0),
        Answer::Undone { line } => format!("undone by {line}"),
        // What only looks, or is told in full elsewhere.
        _ => "done".into(),
    }
}

/// It goes on.
pub(super) fn progress(id: &AskId, progress: Progress, out: &mut Outputs) {
    reply(id, Reply::Progress(Box::new(progress)), out);
}

fn reply(id: &AskId, reply: Reply, out: &mut Outputs) {
    out.0.push(Output::Reply(Arc::clone(id), reply));
}

/// Whether it is about something of which only the store knows whether it is there already.
const fn needs_store(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::Delegate { .. }
            | Operation::Pipeline { .. }
            | Operation::Reassign { .. }
            | Operation::Cancel { .. }
            | Operation::Review { .. }
            | Operation::Schedule { .. }
            | Operation::Unschedule { .. }
            | Operation::Undo {}
    )
}
