//! A role's conflicts: its desk, and what passes between desks (§5.1, PROTOCOL §9).
//!
//! An agent's CONFLICT comes as an acknowledgement; its detail follows in a message of its own, is recorded at the lead's
//! desk, and is passed up as far as its priority reaches. A settlement goes the way that the conflict came. The desk is
//! made with the first conflict: nearly all leads never need one.

use super::notice::{Step, Steps};
use super::{Event, Output, Outputs, Start, To};
use crate::conflict::lamport::Paradox;
use crate::conflict::log::{ConflictLog, WriterId};
use crate::conflict::resolve::{Mismatches, reroute};
use crate::conflict::{
    Action, Causality, Claim, ConflictDetail, ConflictId, ConflictRecord, Desk, DeskError,
    DeskOutput, Plan, Priority, Report, ResolutionRecord, Settlement, Stamp, Tier,
};
use crate::guard::level::{Kind, Value};
use crate::message::{Body, ConflictKind, Epoch, Header, Lamport, MessageId};
use crate::place::scope::Region;
use crate::place::{AgentId, Class};
use crate::text::Text;
use crate::time::{Moment, WallTime};
use crate::trust::KeyId;
use crate::unit::Digest;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A conflict on its way up: recorded below, open there and from now on here too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// Up to which tier.
    pub to: Tier,
    /// How urgent it is by now.
    pub priority: Priority,
    /// The conflict.
    pub record: ConflictRecord,
}

/// A settlement on its way to the other desks that know of the conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// Who reported the conflict: the way down.
    pub agent: AgentId,
    /// How it was settled.
    pub resolution: ResolutionRecord,
}

/// Conflicts at one role.
#[derive(Debug)]
pub struct Disputes {
    tier: Tier,
    writer: WriterId,
    /// Rows that this node's chain has, and the hash of the last, from before its start.
    chain: Option<(u64, Digest)>,
    wall: WallTime,
    started: Moment,
    desk: Option<Box<Desk>>,
    causality: Option<Box<Causality>>,
    mismatches: Option<Box<Mismatches>>,
}

impl Disputes {
    /// No conflicts yet. `key` and the boot of the node name the chain that it writes: a node that lost its disk begins
    /// another chain instead of forking its old one.
    pub const fn new(tier: Tier) -> Self {
        Self {
            tier,
            writer: WriterId([0; 32]),
            chain: None,
            wall: WallTime(0),
            started: Moment(0),
            desk: None,
            causality: None,
            mismatches: None,
        }
    }

    /// The node has started.
    pub fn start(&mut self, now: Moment, start: &Start, key: KeyId) {
        let mut name = [0; 32];
        name[..8].copy_from_slice(&key.0.to_be_bytes());
        name[8..12].copy_from_slice(&start.boot.0.to_be_bytes());
        self.writer = WriterId(name);
        self.wall = start.wall;
        self.started = now;
        self.desk = None;
        self.causality = None;
    }

    /// The seat was taken or lost: what is open belongs to its holder, the chain goes on.
    pub fn turn(&mut self) {
        if let Some(desk) = self.desk.take() {
            let log = desk.log();
            let last = log.tail().next_back().map(|row| row.hash);
            self.chain = last.map(|hash| (log.count(), hash)).or(self.chain);
        }
        self.causality = None;
    }

    /// An agent's report.
    pub fn reported(
        &mut self,
        now: Moment,
        lamport: Lamport,
        report: &Report,
        steps: &mut Steps,
        up: &mut Mail<'_>,
    ) -> ConflictId {
        let mut found = Vec::new();
        let at = self.stamp(now, lamport);
        let id = self.desk_mut().on_conflict(at, report, &mut found);
        carry_out(found, steps, up);
        id
    }

    /// A conflict from a desk below.
    pub fn escalated(
        &mut self,
        now: Moment,
        lamport: Lamport,
        escalation: &Escalation,
        steps: &mut Steps,
        up: &mut Mail<'_>,
    ) {
        let mut found = Vec::new();
        let at = self.stamp(now, lamport);
        let Escalation {
            to,
            priority,
            record,
        } = escalation;
        self.desk_mut()
            .on_escalated(at, record.clone(), *priority, *to, &mut found);
        carry_out(found, steps, up);
    }

    /// A settlement from another desk. Whether it was open here.
    pub fn settled(&mut self, now: Moment, settlement: &Settled) -> bool {
        let Some(desk) = &mut self.desk else {
            return false;
        };
        let open = desk.get(settlement.resolution.conflict).is_ok();
        desk.on_settled(now, &settlement.resolution);
        open
    }

    /// Settles a conflict as an operator says.
    #[expect(
        clippy::too_many_arguments,
        reason = "an operator's word has that many parts, and the role's list and mail come with every call"
    )]
    pub fn resolve(
        &mut self,
        now: Moment,
        lamport: Lamport,
        id: ConflictId,
        said: Settlement,
        operator: &str,
        note: &str,
        steps: &mut Steps,
        up: &mut Mail<'_>,
    ) -> Result<Settled, DeskError> {
        let at = self.stamp(now, lamport);
        let desk = self.desk_mut();
        let agent = desk.get(id)?.record.agent;
        let mut found = Vec::new();
        let resolution = desk.resolve(at, id, said, operator, note, &mut found)?;
        carry_out(found, steps, up);
        Ok(Settled { agent, resolution })
    }

    /// Carries out a strategy's plan. The settlement, if it came to one.
    pub fn apply(
        &mut self,
        now: Moment,
        lamport: Lamport,
        plan: Plan,
        by: &str,
        steps: &mut Steps,
        up: &mut Mail<'_>,
    ) -> Result<Option<Settled>, DeskError> {
        let at = self.stamp(now, lamport);
        let desk = self.desk_mut();
        let agent = desk.get(plan.conflict)?.record.agent;
        let mut found = Vec::new();
        let settled = desk.apply(at, plan, by, &mut found)?;
        carry_out(found, steps, up);
        Ok(settled.map(|resolution| Settled { agent, resolution }))
    }

    /// What a lead can settle by itself: work that went to an agent that cannot do it (§5.1 routing fix). `candidates` may
    /// take it over.
    pub fn plan(&mut self, id: ConflictId, class: Class, candidates: &[AgentId]) -> Option<Plan> {
        let open = self.desk.as_ref()?.get(id).ok()?;
        if open.record.detail.kind != ConflictKind::CapabilityMismatch {
            return None;
        }
        let mismatches = self.mismatches.get_or_insert_with(Box::default);
        Some(reroute(&open.record, class, true, candidates, mismatches))
    }

    /// Looks at the deadlines.
    pub fn wake(&mut self, now: Moment, steps: &mut Steps, up: &mut Mail<'_>) {
        let Some(desk) = &mut self.desk else { return };
        if now < desk.next_deadline() {
            return;
        }
        let mut found = Vec::new();
        desk.wake(now, &mut found);
        carry_out(found, steps, up);
    }

    /// When [`Disputes::wake`] has something to do.
    pub fn next_wake(&self) -> Moment {
        self.desk
            .as_ref()
            .map_or(Moment::NEVER, |desk| desk.next_deadline())
    }

    /// An operation with a cause: checked against what was seen lately. Nothing is kept of operations without one until
    /// the first that has one.
    pub fn caused(&mut self, header: &Header) -> Vec<Paradox> {
        let causes: Vec<MessageId> = header.causation.into_iter().collect();
        let causality = self.causality.get_or_insert_with(Box::default);
        causality.observe(header.id, header.lamport, &causes)
    }

    /// The desk, once there has been a conflict.
    pub fn desk(&self) -> Option<&Desk> {
        self.desk.as_deref()
    }

    fn desk_mut(&mut self) -> &mut Desk {
        let (tier, writer, chain) = (self.tier, self.writer, self.chain);
        self.desk.get_or_insert_with(|| {
            let log = match chain {
                Some((count, last)) => ConflictLog::resume(writer, count, last),
                None => ConflictLog::new(writer),
            };
            Box::new(Desk::new(tier, log))
        })
    }

    fn stamp(&self, now: Moment, lamport: Lamport) -> Stamp {
        Stamp {
            now,
            wall: self.wall + now.since(self.started),
            lamport,
        }
    }
}

/// Where a desk's messages go.
#[derive(Debug)]
pub struct Mail<'a> {
    /// The list of outputs.
    pub out: &'a mut Outputs,
    /// The epoch of the sender's seat.
    pub epoch: Epoch,
}

/// What the desk has decided.
fn carry_out(found: Vec<DeskOutput>, steps: &mut Steps, mail: &mut Mail<'_>) {
    for output in found {
        match output {
            DeskOutput::Store(row) => {
                if let Ok(row) = row.row() {
                    mail.out.event(Event::Conflict(Box::new(row)));
                }
                mail.out.0.push(Output::Record(Box::new(row)));
            }
            DeskOutput::Hold(held) => mail.out.0.push(Output::Hold(Box::new(held))),
            DeskOutput::Escalate {
                to,
                priority,
                record,
            } => {
                let escalation = Escalation {
                    to,
                    priority,
                    record: *record,
                };
                let body = Body::Escalated(Arc::new(escalation));
                mail.out.send(To::Parent, mail.epoch, body);
            }
            DeskOutput::Alert {
                conflict,
                priority,
                missed,
            } => mail.out.event(Event::ConflictAlert {
                conflict,
                priority,
                missed,
            }),
            DeskOutput::Act {
                conflict, action, ..
            } => act(conflict, action, steps, mail),
            DeskOutput::Settled(resolution) => mail.out.event(Event::Settled(resolution)),
            DeskOutput::Dropped(id) => mail.out.event(Event::ConflictDropped(id)),
        }
    }
}

/// What a role can do by itself of what settles a conflict; the rest is told, for the driver and for people.
fn act(conflict: ConflictId, action: Action, steps: &mut Steps, mail: &mut Mail<'_>) {
    match &action {
        Action::QuarantineAgent { agent } => {
            steps.protect(Kind::Quarantine, Region::Agent(*agent), Value::Hold);
        }
        Action::ReloadKnownGood { agent } => steps.0.push(Step::Reload(agent.slot(), 0)),
        Action::MakeBranch { .. }
        | Action::SyncContext { .. }
        | Action::FetchContext { .. }
        | Action::ReleaseData
        | Action::DiscardData
        | Action::Correct { .. }
        | Action::Reorder { .. }
        | Action::ResetClock { .. }
        | Action::Reassign { .. }
        | Action::RevokeCapability { .. }
        | Action::ProposeRule { .. }
        | Action::Refetch { .. }
        | Action::Review(_) => {}
    }
    mail.out
        .event(Event::ConflictAction(conflict, Box::new(action)));
}

/// What an agent reports of an operation that it could not integrate.
pub(super) fn report(
    agent: AgentId,
    operation: MessageId,
    kind: ConflictKind,
    context: u64,
    detail: Option<(ConflictDetail, Vec<u8>)>,
) -> Report {
    let (detail, data) = detail.unwrap_or_else(|| (bare(kind, context), Vec::new()));
    Report {
        agent,
        message: operation,
        causes: Vec::new(),
        detail,
        data,
    }
}

/// A lead's own report of an answer that contradicts its peers' (§6.1: the record for forensics).
pub(super) fn contradiction(agent: AgentId, odd: super::vigil::Odd) -> Report {
    let shown = |answer: u64| Claim::new(&format!("{answer:016x}"), Vec::new());
    Report {
        agent,
        message: odd.question,
        causes: Vec::new(),
        detail: ConflictDetail {
            kind: ConflictKind::DataContradiction,
            subject: Text::cut("answer"),
            expected: shown(odd.majority),
            received: shown(odd.answer),
            context_hash: Digest::default(),
            divergence_depth: 0,
            affects_agent_count: 1,
        },
        data: odd.answer.to_be_bytes().to_vec(),
    }
}

/// A lead's own report of an operation that came before its cause.
pub(super) fn paradox(agent: AgentId, found: Paradox) -> Report {
    let shown =
        |event: MessageId, time: Lamport| Claim::new(&format!("{event} at {}", time.0), Vec::new());
    Report {
        agent,
        message: found.effect,
        causes: vec![found.cause],
        detail: ConflictDetail {
            kind: ConflictKind::TemporalParadox,
            subject: Text::cut("causality"),
            expected: shown(found.cause, found.cause_time),
            received: shown(found.effect, found.effect_time),
            context_hash: Digest::default(),
            divergence_depth: 0,
            affects_agent_count: 1,
        },
        data: Vec::new(),
    }
}

/// A conflict of which only the type is known.
fn bare(kind: ConflictKind, context: u64) -> ConflictDetail {
    ConflictDetail {
        kind,
        subject: Text::cut("payload"),
        expected: Claim::default(),
        received: Claim::default(),
        context_hash: Digest::of(&context.to_be_bytes()),
        divergence_depth: 0,
        affects_agent_count: 1,
    }
}
