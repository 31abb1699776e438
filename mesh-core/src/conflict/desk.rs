//! The desk: where one lead, coordinator or orchestrator deals with its conflicts (`ConflictHandler` of §5.1).
//!
//! Calling order: [`Desk::on_conflict`] for a report from below it, [`Desk::on_escalated`] for one that a lower desk has
//! already recorded, [`Desk::on_settled`] for one settled at another desk; [`Desk::wake`] when [`Desk::next_deadline`]
//! is reached; [`Desk::resolve`] with an operator's word or [`Desk::apply`] with a strategy's plan. Each puts what must
//! be done into a list of [`DeskOutput`]s. Every call may be repeated: the same report, escalation or settlement twice
//! does nothing the second time.

mod hour;
mod output;

pub use output::{DeskError, DeskOutput, Open, Stamp};

use super::log::{ConflictLog, Entry, Head, SealCheck};
use super::quarantine::Quarantine;
use super::record::{ConflictId, ConflictRecord, Report};
use super::resolve::{Action, How, Plan, ResolutionRecord, Settlement, Strategy, actions_of};
use super::triage::{Priority, Tier, Urgency};
use crate::message::ConflictKind;
use crate::text::Text;
use crate::time::Moment;
use hour::Hour;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Open conflicts at most: §11 allows one response in a hundred to be a conflict, so three cascades of 30,000 in a row
/// at the worst it allows.
pub const OPEN_MAX: usize = 1_024;
/// Open conflicts of one agent at most: a cluster of 30 fills a desk only if all of them do.
pub const OPEN_PER_AGENT_MAX: usize = 32;
/// Settled conflicts remembered at most, so that a late repetition of the report does not open one again.
pub const CLOSED_MAX: usize = 4_096;
/// Shown at once at most.
pub const LIST_MAX: usize = 200;

/// One desk.
#[derive(Debug, Clone)]
pub struct Desk {
    tier: Tier,
    log: ConflictLog,
    quarantine: Quarantine,
    open: BTreeMap<ConflictId, Open>,
    deadlines: BTreeSet<(Moment, ConflictId)>,
    closed: BTreeSet<ConflictId>,
    closed_order: VecDeque<ConflictId>,
    hour: Hour,
    dropped: u64,
}

impl Desk {
    /// A desk that writes its rows to `log`.
    pub const fn new(tier: Tier, log: ConflictLog) -> Self {
        Self {
            tier,
            log,
            quarantine: Quarantine::new(),
            open: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            closed: BTreeSet::new(),
            closed_order: VecDeque::new(),
            hour: Hour::new(),
            dropped: 0,
        }
    }

    /// A report from an agent: recorded, quarantined, triaged and, if it is urgent, passed up (§5.1).
    pub fn on_conflict(
        &mut self,
        at: Stamp,
        report: &Report,
        out: &mut Vec<DeskOutput>,
    ) -> ConflictId {
        let id = report.id();
        if self.knows(id) {
            return id;
        }
        let record = report.record(at.wall, at.lamport);
        let row = self.log.append(
            at.wall,
            at.lamport,
            Entry::Conflict(Box::new(record.clone())),
        );
        out.push(DeskOutput::Store(row));
        out.push(DeskOutput::Hold(
            self.quarantine.hold(at.now, report).clone(),
        ));
        self.hour.count(at.now, record.detail.kind);
        let urgency = Urgency::new(Priority::of(&record.detail), at.now);
        self.open(at.now, record, urgency, out);
        self.tell(id, out);
        id
    }

    /// A conflict that a lower desk has recorded and passed up to `to`; it may be known here and more urgent by now.
    pub fn on_escalated(
        &mut self,
        at: Stamp,
        record: ConflictRecord,
        priority: Priority,
        to: Tier,
        out: &mut Vec<DeskOutput>,
    ) {
        let id = record.id;
        if self.closed.contains(&id) {
            return;
        }
        let mut urgency = Urgency::new(priority.max(Priority::of(&record.detail)), at.now);
        urgency.reached = urgency.reached.max(to).max(self.tier);
        match self.open.get_mut(&id) {
            Some(known)
                if known.urgency.priority >= urgency.priority
                    && known.urgency.reached >= urgency.reached =>
            {
                return;
            }
            Some(known) => {
                self.deadlines.remove(&(known.urgency.deadline, id));
                urgency.deadline = urgency.deadline.min(known.urgency.deadline);
                urgency.missed = known.urgency.missed;
                known.urgency = urgency;
                self.deadlines.insert((urgency.deadline, id));
            }
            None => {
                self.hour.count(at.now, record.detail.kind);
                self.open(at.now, record, urgency, out);
            }
        }
        self.tell(id, out);
    }

    /// A conflict that the store holds without a resolution, after a restart: back on the desk, with a fresh deadline.
    pub fn reopen(&mut self, now: Moment, record: ConflictRecord, out: &mut Vec<DeskOutput>) {
        if !self.knows(record.id) {
            let urgency = Urgency::new(Priority::of(&record.detail), now);
            self.open(now, record, urgency, out);
        }
    }

    /// A conflict that another desk has settled, whose row is in that desk's chain.
    pub fn on_settled(&mut self, now: Moment, resolution: &ResolutionRecord) {
        self.quarantine
            .take(now, resolution.conflict, Some(resolution.how));
        self.close(resolution.conflict);
    }

    /// Every deadline that has passed: one level more urgent, one tier further up.
    pub fn wake(&mut self, now: Moment, out: &mut Vec<DeskOutput>) {
        while let Some(&(deadline, id)) = self.deadlines.first()
            && deadline <= now
            && deadline < Moment::NEVER
        {
            self.deadlines.pop_first();
            // Deadlines are those of open conflicts.
            let Some(open) = self.open.get_mut(&id) else {
                continue;
            };
            open.urgency.miss(now);
            // Always later than now: no interval of a missed deadline is zero.
            self.deadlines.insert((open.urgency.deadline, id));
            self.tell(id, out);
        }
    }

    /// Settles a conflict as an operator says.
    pub fn resolve(
        &mut self,
        at: Stamp,
        id: ConflictId,
        said: Settlement,
        operator: &str,
        note: &str,
        out: &mut Vec<DeskOutput>,
    ) -> Result<ResolutionRecord, DeskError> {
        let open = self.get(id)?;
        let how = How::from(said);
        let resolution = ResolutionRecord {
            conflict: id,
            kind: open.record.detail.kind,
            how,
            strategy: None,
            by: Text::cut(operator),
            note: Text::cut(note),
        };
        let actions = actions_of(how, &open.record);
        self.settle(at, resolution.clone(), actions, out);
        Ok(resolution)
    }

    /// Carries out a strategy's plan: settles the conflict if the plan does, and passes its actions on in any case. The
    /// record of the settlement, if it came to one.
    pub fn apply(
        &mut self,
        at: Stamp,
        plan: Plan,
        by: &str,
        out: &mut Vec<DeskOutput>,
    ) -> Result<Option<ResolutionRecord>, DeskError> {
        let open = self.get(plan.conflict)?;
        let Some(how) = plan.how else {
            let conflict = plan.conflict;
            out.extend(plan.actions.into_iter().map(|action| DeskOutput::Act {
                conflict,
                action,
                data: None,
            }));
            return Ok(None);
        };
        let resolution = ResolutionRecord {
            conflict: plan.conflict,
            kind: open.record.detail.kind,
            how,
            strategy: Some(plan.strategy),
            by: Text::cut(by),
            note: plan.note(),
        };
        self.settle(at, resolution.clone(), plan.actions, out);
        Ok(Some(resolution))
    }

    /// Anchors the head of another desk's chain in this one's.
    pub fn anchor(
        &mut self,
        at: Stamp,
        head: Head,
        check: &dyn SealCheck,
        out: &mut Vec<DeskOutput>,
    ) {
        let row = self.log.anchor(at.wall, at.lamport, head, check);
        out.extend(row.map(DeskOutput::Store));
    }

    /// When [`Desk::wake`] is due; [`Moment::NEVER`] when nothing has a deadline.
    pub fn next_deadline(&self) -> Moment {
        self.deadlines
            .first()
            .map_or(Moment::NEVER, |&(deadline, _)| deadline)
    }

    /// The open conflict whose id begins with `text`, in either case.
    pub fn find(&self, text: &str) -> Result<ConflictId, DeskError> {
        let text: String = text
            .chars()
            .take(40)
            .collect::<String>()
            .to_ascii_lowercase();
        let mut found = self
            .open
            .keys()
            .copied()
            .filter(|id| !text.is_empty() && id.to_string().starts_with(&text));
        match (found.next(), found.count()) {
            (None, _) => Err(DeskError::Unknown(text)),
            (Some(id), 0) => Ok(id),
            (Some(_), more) => Err(DeskError::Ambiguous {
                text,
                count: more + 1,
            }),
        }
    }

    /// The open conflict that this desk learnt of last.
    pub fn latest(&self) -> Option<ConflictId> {
        self.open
            .values()
            .max_by_key(|open| (open.since, open.record.lamport, open.record.id))
            .map(|open| open.record.id)
    }

    /// An open conflict.
    pub fn get(&self, id: ConflictId) -> Result<&Open, DeskError> {
        self.open
            .get(&id)
            .ok_or_else(|| DeskError::Unknown(id.to_string()))
    }

    /// Open conflicts, the most urgent first, then the oldest; at most `limit` and [`LIST_MAX`].
    pub fn list(&self, limit: usize) -> Vec<&Open> {
        let mut open: Vec<&Open> = self.open.values().collect();
        open.sort_by_key(|open| {
            let urgency = core::cmp::Reverse(open.urgency.priority);
            (urgency, open.since, open.record.id)
        });
        open.truncate(limit.min(LIST_MAX));
        open
    }

    /// How many are open.
    pub fn open_count(&self) -> usize {
        self.open.len()
    }

    /// How many were dropped for want of room.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Conflicts learnt of within the last hour ("Conflicts (last hour)", §7.1), to the minute.
    pub fn last_hour(&self, now: Moment) -> u32 {
        ConflictKind::ALL
            .iter()
            .map(|&kind| self.hour.of(now, kind))
            .sum()
    }

    /// The same for one type.
    pub fn last_hour_of(&self, now: Moment, kind: ConflictKind) -> u32 {
        self.hour.of(now, kind)
    }

    /// The desk's chain.
    pub const fn log(&self) -> &ConflictLog {
        &self.log
    }

    /// The desk's quarantine.
    pub const fn quarantine(&self) -> &Quarantine {
        &self.quarantine
    }

    /// Which tier it is of.
    pub const fn tier(&self) -> Tier {
        self.tier
    }

    fn knows(&self, id: ConflictId) -> bool {
        self.open.contains_key(&id) || self.closed.contains(&id)
    }

    fn open(
        &mut self,
        now: Moment,
        record: ConflictRecord,
        urgency: Urgency,
        out: &mut Vec<DeskOutput>,
    ) {
        let id = record.id;
        self.deadlines.insert((urgency.deadline, id));
        let strategy = Strategy::of(record.detail.kind);
        self.open.insert(
            id,
            Open {
                record,
                urgency,
                since: now,
                strategy,
            },
        );
        if let Some(least) = self.excess(id) {
            self.forget(least);
            // The store keeps its data; here it goes with its conflict.
            self.quarantine.take(now, least, None);
            self.dropped = self.dropped.saturating_add(1);
            out.push(DeskOutput::Dropped(least));
        }
    }

    /// The conflict that must make room after `id` came: of its own agent's if that one has too many, so that one agent
    /// cannot crowd out the others, else of all; the least urgent, of these the oldest.
    fn excess(&self, id: ConflictId) -> Option<ConflictId> {
        let agent = self.open.get(&id)?.record.agent;
        let of_agent = || self.open.values().filter(|open| open.record.agent == agent);
        let least = |open: &&Open| (open.urgency.priority, open.since, open.record.id);
        let found = if of_agent().count() > OPEN_PER_AGENT_MAX {
            of_agent().min_by_key(least)
        } else if self.open.len() > OPEN_MAX {
            self.open.values().min_by_key(least)
        } else {
            None
        };
        found.map(|open| open.record.id)
    }

    /// Passes an open conflict up as far as its urgency reaches, or alerts the people here.
    fn tell(&self, id: ConflictId, out: &mut Vec<DeskOutput>) {
        let Some(open) = self.open.get(&id) else {
            return; // Dropped at once, by a desk full of more urgent ones.
        };
        let Urgency {
            priority,
            reached,
            missed,
            ..
        } = open.urgency;
        if reached > self.tier {
            out.push(DeskOutput::Escalate {
                to: reached,
                priority,
                record: Box::new(open.record.clone()),
            });
        } else if self.tier == Tier::Orchestrator && (missed > 0 || priority == Priority::Critical)
        {
            out.push(DeskOutput::Alert {
                conflict: id,
                priority,
                missed,
            });
        }
    }

    fn settle(
        &mut self,
        at: Stamp,
        resolution: ResolutionRecord,
        actions: Vec<Action>,
        out: &mut Vec<DeskOutput>,
    ) {
        let conflict = resolution.conflict;
        let entry = Entry::Resolution(resolution.clone());
        out.push(DeskOutput::Store(
            self.log.append(at.wall, at.lamport, entry),
        ));
        let mut held = self.quarantine.take(at.now, conflict, Some(resolution.how));
        for action in actions {
            let data = match action {
                Action::ReleaseData | Action::DiscardData => held.take().map(Box::new),
                _ => None,
            };
            out.push(DeskOutput::Act {
                conflict,
                action,
                data,
            });
        }
        self.close(conflict);
        out.push(DeskOutput::Settled(Box::new(resolution)));
    }

    fn close(&mut self, id: ConflictId) {
        self.forget(id);
        if self.closed.insert(id) {
            self.closed_order.push_back(id);
        }
        if self.closed_order.len() > CLOSED_MAX
            && let Some(oldest) = self.closed_order.pop_front()
        {
            self.closed.remove(&oldest);
        }
    }

    fn forget(&mut self, id: ConflictId) {
        if let Some(open) = self.open.remove(&id) {
            self.deadlines.remove(&(open.urgency.deadline, id));
        }
    }
}

#[cfg(test)]
mod tests;
