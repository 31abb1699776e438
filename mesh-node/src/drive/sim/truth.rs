//! What only the simulator knows: the true time of every T, every release, every death; and the invariants held against
//! it.

use super::invariant::Violation;
use super::node::NodeId;
use super::world::Event;
use mesh_core::conflict::log::{SealCheck, StoredRow, WriterId, verify};
use mesh_core::guard::level::Gate;
use mesh_core::message::MessageId;
use mesh_core::place::AgentId;
use mesh_core::place::scope::Region;
use mesh_core::role::{Notice, Refusal};
use mesh_core::throw::Sheet;
use mesh_core::throw::quorum::Decision;
use mesh_core::time::{Micros, Moment};
use mesh_core::trust::seat::Seat;
use std::collections::{BTreeMap, BTreeSet};

/// Broken invariants that are told in full; the rest are counted.
const TOLD_MAX: usize = 20;
/// Rounding of two translations, each to a whole microsecond.
pub(super) const ROUNDING: Micros = Micros(4);

/// No heads are given to the verification: the books have every row as it was stored.
struct NoHeads;

impl SealCheck for NoHeads {
    fn holds(&self, _: WriterId, _: &[u8], _: &[u8; 64]) -> bool {
        false
    }
}

/// The simulator's own books.
#[derive(Debug, Default)]
pub(super) struct Truth {
    pub(super) events: u64,
    pub(super) hash: u64,
    pub(super) throws: Vec<(MessageId, Moment)>,
    pub(super) sheets: Vec<Sheet>,
    pub(super) spread: Spread,
    pub(super) violations: u64,
    pub(super) told: Vec<Violation>,
    pub(super) refused_total: u64,
    pub(super) operations_refused: u64,
    pub(super) peak_pending: usize,
    pub(super) refusals: BTreeMap<Refusal, u64>,
    vacant: BTreeMap<Seat, Moment>,
    pub(super) takeovers: Vec<(Seat, Micros)>,
    pub(super) surveys: u32,
    pub(super) surveys_available: u32,
    pub(super) active_share: f64,
    pub(super) last: Moment,
    /// What was found, by the names that scenarios expect, and when first.
    pub(super) detected: BTreeMap<&'static str, Moment>,
    /// The same by whom or what it concerns.
    found: BTreeSet<(&'static str, Region)>,
    /// How often each was told.
    pub(super) notices: BTreeMap<&'static str, u64>,
    /// Regions whose breaker was open at some time.
    pub(super) tripped: BTreeSet<Region>,
    /// All rows of every chain of conflicts, in the order in which they were stored.
    chains: BTreeMap<WriterId, Vec<StoredRow>>,
}

/// How far releases were from T, in true time: bins of 100 µs up to a second.
#[derive(Debug)]
pub(super) struct Spread(Vec<u32>);

impl Default for Spread {
    fn default() -> Self {
        Self(vec![0; 10_001])
    }
}

impl Spread {
    fn add(&mut self, distance: Micros) {
        let bin = (distance.0 / 100).clamp(0, 10_000) as usize;
        self.0[bin] += 1;
    }

    /// The upper edge of the bin in which this share of them ends.
    pub(super) fn quantile(&self, share: f64) -> Option<Micros> {
        let total: u64 = self.0.iter().map(|&count| u64::from(count)).sum();
        let rank = libm::ceil(total as f64 * share) as u64;
        let mut below = 0;
        let bin = self.0.iter().position(|&count| {
            below += u64::from(count);
            below >= rank && total > 0
        })?;
        Some(Micros((bin as i64 + 1) * 100))
    }
}

impl Truth {
    /// One more event; the hash of the run goes on over it.
    pub(super) fn count(&mut self, at: Moment, event: &Event) {
        self.events += 1;
        let what = match *event {
            Event::Wake(NodeId::Agent(index)) => u64::from(index),
            Event::Wake(NodeId::Seat(index)) => 1 << 32 | u64::from(index),
            Event::Deliver(NodeId::Agent(index), _) => 2 << 32 | u64::from(index),
            Event::Deliver(NodeId::Seat(index), _) => 3 << 32 | u64::from(index),
            Event::Prepared(agent, _) => 4 << 32 | u64::from(agent),
            Event::Seat(node, ..) => 5 << 32 | u64::from(node),
            Event::Restart(_) => 6 << 32,
            Event::Fault(index) | Event::Over(index) => 7 << 32 | u64::from(index),
            Event::Misdeed(number) => 17 << 32 | u64::from(number),
            Event::Cascade | Event::Churn | Event::Survey | Event::Delegate => 8 << 32,
            Event::Chore(agent, _) | Event::GivenUp(agent, _) | Event::Say(agent, _) => {
                9 << 32 | u64::from(agent)
            }
            Event::Stored(seat, _) | Event::Recalled(seat) => 10 << 32 | u64::from(seat),
            Event::Errand(number) => 18 << 32 | u64::from(number),
            Event::Still(agent) => 11 << 32 | u64::from(agent),
            Event::Brought(ticket) => 18 << 32 | ticket.number,
        };
        self.last = at;
        self.mix(at.0 as u64 ^ what << 24);
    }

    /// Takes a number into the hash of the run.
    pub(super) const fn mix(&mut self, number: u64) {
        self.hash = (self.hash ^ number)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .rotate_left(29);
    }

    /// An operation was accepted, with T at this true moment.
    pub(super) fn thrown(&mut self, operation: MessageId, target: Moment) {
        self.throws.push((operation, target));
    }

    /// The number of an operation, for events to carry.
    pub(super) fn number(&self, operation: MessageId) -> Option<u32> {
        self.throws
            .iter()
            .rposition(|(id, _)| *id == operation)
            .map(|index| index as u32)
    }

    /// The operation with that number.
    pub(super) fn operation(&self, throw: u32) -> MessageId {
        self.throws[throw as usize].0
    }

    /// An agent released; `held` is T by its own clock, as a true moment. Gives by how much that is off.
    pub(super) fn released(
        &mut self,
        now: Moment,
        agent: AgentId,
        operation: MessageId,
        held: Moment,
    ) -> Option<Micros> {
        let Some(&(_, target)) = self.throws.iter().rfind(|(id, _)| *id == operation) else {
            self.violate(
                now,
                &format!("{agent} released {operation}, which nobody threw"),
            );
            return None;
        };
        // Who was READY in time held until T; a late one released when it was ready, which is no spread of the hold.
        if now.since(held) <= ROUNDING {
            self.spread.add(now.since(target).abs());
        }
        self.mix(now.0 as u64);
        Some(held.since(target).abs())
    }

    /// An operation ended.
    pub(super) fn sealed(&mut self, sheet: Sheet) {
        self.mix(u64::from(sheet.account.ready) << 32 | u64::from(sheet.account.transit));
        self.mix(sheet.elapsed.0 as u64);
        self.sheets.push(sheet);
    }

    /// A guard has noticed something.
    pub(super) fn noticed(&mut self, now: Moment, notice: &Notice) {
        if let Some(name) = notice.name() {
            self.detected.entry(name).or_insert(now);
            self.found.insert((name, notice.subject()));
            *self.notices.entry(name).or_default() += 1;
            self.mix(now.0 as u64 ^ name.len() as u64);
        }
        if let Notice::Gate {
            region,
            to: Gate::Open,
            ..
        } = notice
        {
            self.tripped.insert(*region);
        }
    }

    /// A row of a chain of conflicts is stored.
    pub(super) fn recorded(&mut self, row: StoredRow) {
        self.mix(row.index);
        self.chains.entry(row.writer).or_default().push(row);
    }

    /// Every chain is whole, from its first row to its last.
    pub(super) fn verify_chains(&mut self) {
        let chains = core::mem::take(&mut self.chains);
        for (writer, rows) in &chains {
            if let Err(broken) = verify(*writer, rows.iter().cloned(), &[], &NoHeads) {
                self.violate(self.last, &broken.to_string());
            }
        }
        self.chains = chains;
    }

    /// How many rows all chains have, and the number of the first that is not as it was written.
    pub(super) fn chains_checked(&self) -> (u64, Option<u64>) {
        let broken = self.chains.iter().find_map(|(writer, rows)| {
            let checked = verify(*writer, rows.iter().cloned(), &[], &NoHeads);
            checked.err().map(|broken| broken.index)
        });
        (self.conflict_rows() as u64, broken)
    }

    /// Conflicts on record, over all chains.
    pub(super) fn conflict_rows(&self) -> usize {
        self.chains.values().map(Vec::len).sum()
    }

    /// A message was dropped.
    pub(super) fn refused(&mut self, why: Refusal) {
        *self.refusals.entry(why).or_default() += 1;
        self.refused_total += 1;
    }

    /// The holder of a seat died.
    pub(super) fn died(&mut self, now: Moment, seat: Seat) {
        self.vacant.entry(seat).or_insert(now);
    }

    /// A node has a seat from now on.
    pub(super) fn serving(&mut self, now: Moment, seat: Seat) {
        if let Some(died) = self.vacant.remove(&seat) {
            self.takeovers.push((seat, now.since(died)));
        }
    }

    /// An invariant is broken.
    pub(super) fn violate(&mut self, now: Moment, what: &str) {
        self.violations += 1;
        if self.told.len() < TOLD_MAX {
            self.told.push(Violation {
                event: self.events,
                at_s: now.since(Moment(0)).as_seconds_f64(),
                what: what.to_owned(),
            });
        }
    }

    /// Those in `within` whom a finding of this name concerns.
    pub(super) fn found(&self, name: &str, within: Region) -> impl Iterator<Item = Region> {
        let found = self.found.iter().filter(move |(own, _)| *own == name);
        found
            .map(|(_, subject)| *subject)
            .filter(move |subject| subject.within(within))
    }

    /// Operations that reached quorum, of all that ended.
    pub(super) fn quorum_share(&self) -> Option<f64> {
        let reached = self
            .sheets
            .iter()
            .filter(|sheet| sheet.decision == Decision::Proceed)
            .count();
        (!self.sheets.is_empty()).then(|| reached as f64 / self.sheets.len() as f64)
    }
}
