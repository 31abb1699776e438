//! The desk: where one lead, coordinator or orchestrator deals with its conflicts (`ConflictHandler` of §5.1).
//!
//! Calling order: [`Desk::on_conflict`] for a report from below it, [`Desk::on_escalated`] for one that a lower desk has
//! already recorded, [`Desk::on_settled`] for one settled at another desk; [`Desk::wake`] when [`Desk::next_deadline`]
//! is reached; [`Desk::resolve`] with an operator's word or [`Desk::apply`] with a strategy's plan. Each puts what must
//! be done into a list of [`DeskOutput`]s. Every call may be repeated: the same report, escalation or settlement twice
//! does nothing the second time.

use super::bounded::Text;
use super::lamport::Lamport;
use super::log::{ConflictLog, Entry, Head, SealCheck, StoredRow};
use super::quarantine::{Held, Quarantine};
use super::record::{ConflictId, ConflictKind, ConflictRecord, Report};
use super::resolve::{Action, How, Plan, ResolutionRecord, Strategy, actions_of};
use super::triage::{Priority, Tier, Urgency};
use crate::time::{Moment, WallTime};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Open conflicts at most: §11 allows one response in a hundred to be a conflict, so three cascades of 30,000 in a row
/// at the worst it allows.
pub const OPEN_MAX: usize = 1_024;
/// Settled conflicts remembered at most, so that a late repetition of the report does not open one again.
pub const CLOSED_MAX: usize = 4_096;
/// Shown at once at most.
pub const LIST_MAX: usize = 200;

/// When something happens, by every measure that it is recorded in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// This node's clock, for deadlines.
    pub now: Moment,
    /// The wall clock, for people.
    pub wall: WallTime,
    /// The Lamport time, for order.
    pub lamport: Lamport,
}

/// Something for the role to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeskOutput {
    /// Store this row, and act on what follows only when it is stored.
    Store(StoredRow),
    /// Store the quarantined data beside its row.
    Hold(Held),
    /// Tell the desk above; it goes on from there to `to`.
    Escalate {
        /// Up to which tier.
        to: Tier,
        /// How urgent it is now.
        priority: Priority,
        /// The conflict.
        record: Box<ConflictRecord>,
    },
    /// Tell the people at this desk: it is critical, or a deadline has passed and nobody is above.
    Alert {
        /// The conflict.
        conflict: ConflictId,
        /// How urgent it is now.
        priority: Priority,
        /// How many deadlines have passed.
        missed: u8,
    },
    /// Carry this out.
    Act {
        /// For which conflict.
        conflict: ConflictId,
        /// What.
        action: Action,
        /// The data that leaves the quarantine, where the action releases or discards it.
        data: Option<Box<Held>>,
    },
    /// Tell the other desks that know of it that it is settled.
    Settled(Box<ResolutionRecord>),
    /// No room: this one is no longer worked on here. Its row and its data remain in the store.
    Dropped(ConflictId),
}

/// What a desk refuses; nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// No open conflict has this name.
    #[error("no open conflict begins with {0:?}; list the open ones with `list conflicts`")]
    Unknown(String),
    /// Several open conflicts begin with these digits.
    #[error("{count} open conflicts begin with {text:?}; give more of its digits")]
    Ambiguous {
        /// What was given.
        text: String,
        /// How many it could be.
        count: usize,
    },
    /// A word that only a strategy may use.
    #[error(
        "an operator cannot settle a conflict as {0}; say keep_expected, keep_received, branch or dismiss"
    )]
    NotByHand(How),
}

/// A conflict that is being worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// What it is.
    pub record: ConflictRecord,
    /// How urgent it is and until when.
    pub urgency: Urgency,
    /// Since when this desk knows of it.
    pub since: Moment,
    /// The strategy for it.
    pub strategy: Strategy,
}

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
        let row = self
            .log
            .append(at.wall, at.lamport, Entry::Conflict(record.clone()));
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
        how: How,
        operator: &str,
        note: &str,
        out: &mut Vec<DeskOutput>,
    ) -> Result<ResolutionRecord, DeskError> {
        let open = self.get(id)?;
        if !How::WORDS.iter().any(|(_, word)| *word == how) {
            return Err(DeskError::NotByHand(how));
        }
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

    /// The open conflict whose id begins with `text`; at least four digits unless only one is open.
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
        if self.open.len() > OPEN_MAX
            && let Some(least) = self
                .open
                .values()
                .min_by_key(|open| (open.urgency.priority, open.since, open.record.id))
        {
            let least = least.record.id;
            self.forget(least);
            self.dropped = self.dropped.saturating_add(1);
            out.push(DeskOutput::Dropped(least));
        }
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

/// Counts by type over sixty minutes.
#[derive(Debug, Clone)]
struct Hour {
    /// The minute that each cell counts, and its counts; a cell is reused an hour later.
    minutes: [(i64, [u32; 5]); 60],
}

impl Hour {
    const fn new() -> Self {
        Self {
            minutes: [(i64::MIN, [0; 5]); 60],
        }
    }

    fn count(&mut self, now: Moment, kind: ConflictKind) {
        let minute = minute(now);
        let cell = &mut self.minutes[minute.rem_euclid(60) as usize];
        if cell.0 != minute {
            *cell = (minute, [0; 5]);
        }
        let count = &mut cell.1[kind as usize];
        *count = count.saturating_add(1);
    }

    fn of(&self, now: Moment, kind: ConflictKind) -> u32 {
        let last = minute(now);
        self.minutes
            .iter()
            .filter(|(minute, _)| (last - 59..=last).contains(minute))
            .fold(0, |sum, (_, counts)| {
                sum.saturating_add(counts[kind as usize])
            })
    }
}

const fn minute(now: Moment) -> i64 {
    now.0.div_euclid(60_000_000)
}

#[cfg(test)]
mod tests;
