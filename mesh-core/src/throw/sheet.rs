//! The proof sheet: predicted against actual, for every throw (PROTOCOL §4).

use super::quorum::Decision;
use crate::message::{
    ClassTally, ErrorHistogram, Fold, Header, MessageId, SkipReason, Strategy, Verb,
};
use crate::place::{AgentId, ClusterId, SectorId, Slots};
use crate::time::{Micros, Moment, WallTime};
use crate::unit::Share;
use core::fmt;
use serde::{Deserialize, Serialize};

/// Stragglers named on a sheet at most: what fits a screen twice; the rest can be asked for.
pub(super) const STRAGGLERS_MAX: usize = 100;

/// How the targets of a throw stand; the five always add up to `targeted` (PROTOCOL §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Account {
    /// All.
    pub targeted: u32,
    /// READY by T.
    pub ready: u32,
    /// In conflict.
    pub conflict: u32,
    /// On their way.
    pub transit: u32,
    /// Left out, with a reason.
    pub skipped: u32,
    /// Not to be reached.
    pub unreachable: u32,
}

impl Account {
    /// Whether everybody is accounted for.
    pub const fn balanced(&self) -> bool {
        self.ready as u64
            + self.conflict as u64
            + self.transit as u64
            + self.skipped as u64
            + self.unreachable as u64
            == self.targeted as u64
    }

    /// Takes in the account of another part.
    pub const fn join(&mut self, part: &Self) {
        self.targeted += part.targeted;
        self.ready += part.ready;
        self.conflict += part.conflict;
        self.transit += part.transit;
        self.skipped += part.skipped;
        self.unreachable += part.unreachable;
    }

    /// Counts a cluster's fold.
    pub fn add(&mut self, fold: &Fold) {
        self.targeted += fold.targeted.len() as u32;
        self.ready += fold.ready.len() as u32;
        self.conflict += fold.conflict.len() as u32;
        self.transit += fold.transit.len() as u32;
        self.skipped += fold.skipped.len() as u32;
        self.unreachable += fold.unreachable.len() as u32;
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            targeted,
            ready,
            conflict,
            transit,
            skipped,
            unreachable,
        } = self;
        write!(
            f,
            "{ready} ready, {conflict} conflict, {transit} transit, {skipped} skipped, {unreachable} unreachable of {targeted}"
        )
    }
}

/// A sector's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SectorLine {
    /// Which.
    pub sector: SectorId,
    /// How many were where.
    pub account: Account,
}

/// An agent that was not READY by T.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Straggler {
    /// Who.
    pub agent: AgentId,
    /// What became of it.
    pub fate: Fate,
}

/// An agent that was skipped because T was too soon for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Short {
    /// Who.
    pub agent: AgentId,
    /// The lead that it would have needed.
    pub need: Micros,
}

/// How an agent missed T.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// READY after T.
    Late,
    /// Never answered.
    Silent,
    /// Answered after the account was sealed.
    AfterSeal,
    /// CONFLICT.
    Conflict,
    /// Known to be gone.
    Unreachable,
}

/// What came of one throw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sheet {
    /// Which operation.
    pub operation: MessageId,
    /// What it asked.
    pub verb: Verb,
    /// How it went down.
    pub strategy: Strategy,
    /// When it was made, for people.
    pub created: WallTime,
    /// From its acceptance to T.
    pub lead: Micros,
    /// From its acceptance to the end of the gather.
    pub elapsed: Micros,
    /// What the quorum decided.
    pub decision: Decision,
    /// How many were where.
    pub account: Account,
    /// By class.
    pub classes: Vec<ClassTally32>,
    /// By sector.
    pub sectors: Vec<SectorLine>,
    /// Why the skipped were skipped.
    pub skips: Vec<(SkipReason, u32)>,
    /// What those would have needed who could not make T, the first of them.
    pub short: Vec<Short>,
    /// READY minus predicted, by [`crate::message::ERROR_EDGES`].
    pub errors: Vec<u32>,
    /// Release minus T by the agents' clocks.
    pub releases: Vec<u32>,
    /// The largest bound of a translated T.
    pub bound: Micros,
    /// Who was not READY by T, the first of them.
    pub stragglers: Vec<Straggler>,
    /// How many there were in all.
    pub straggler_count: u32,
}

/// One class's line of a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassTally32 {
    /// Which class.
    pub class: crate::place::Class,
    /// Whom it was for.
    pub targeted: u32,
    /// What rates divide by: without people and without the skipped.
    pub eligible: u32,
    /// READY.
    pub ready: u32,
    /// CONFLICT.
    pub conflict: u32,
    /// READY by T.
    pub in_window: u32,
    /// READY within 50 ms of the median predicted.
    pub within_50: u32,
}

impl Sheet {
    /// An empty sheet for an operation accepted at `accepted`, with T at `target`.
    pub fn new(header: &Header, accepted: Moment, target: Moment) -> Self {
        Self {
            operation: header.id,
            verb: header.verb,
            strategy: header.strategy,
            created: header.created,
            lead: target.since(accepted),
            elapsed: Micros::ZERO,
            decision: Decision::Wait,
            account: Account::default(),
            classes: Vec::new(),
            sectors: Vec::new(),
            skips: Vec::new(),
            short: Vec::new(),
            errors: vec![0; ErrorHistogram::default().0.len()],
            releases: vec![0; ErrorHistogram::default().0.len()],
            bound: Micros::ZERO,
            stragglers: Vec::new(),
            straggler_count: 0,
        }
    }

    /// Takes in the account of one cluster.
    pub fn add(&mut self, cluster: ClusterId, fold: &Fold) {
        self.account.add(fold);
        match self.sectors.last_mut() {
            Some(line) if line.sector == cluster.sector => line.account.add(fold),
            _ => {
                let mut account = Account::default();
                account.add(fold);
                self.sectors.push(SectorLine {
                    sector: cluster.sector,
                    account,
                });
            }
        }
        fold.tallies.iter().for_each(|tally| self.add_tally(tally));
        for (reason, slots) in &fold.skips {
            let count = slots.len() as u32;
            match self.skips.iter_mut().find(|(known, _)| known == reason) {
                Some((_, total)) => *total += count,
                None => self.skips.push((*reason, count)),
            }
        }
        let room = STRAGGLERS_MAX - self.short.len();
        let short = fold.short.iter().take(room);
        self.short.extend(short.map(|&(slot, need)| Short {
            agent: cluster.agent(slot),
            need: need.into(),
        }));
        for (total, &count) in self.errors.iter_mut().zip(&fold.errors.0) {
            *total += u32::from(count);
        }
        for (total, &count) in self.releases.iter_mut().zip(&fold.releases.0) {
            *total += u32::from(count);
        }
        self.bound = self.bound.max(fold.bound);
        self.name(cluster, fold.late, Fate::Late);
        self.name(cluster, fold.after_seal, Fate::AfterSeal);
        self.name(cluster, fold.transit.without(fold.after_seal), Fate::Silent);
        self.name(cluster, fold.conflict, Fate::Conflict);
        self.name(cluster, fold.unreachable, Fate::Unreachable);
    }

    /// Targeted without people and without the skipped.
    pub fn eligible(&self) -> u32 {
        self.classes.iter().map(|class| class.eligible).sum()
    }

    /// READY by T, of the eligible.
    pub fn in_window(&self) -> Option<Share> {
        Share::of(
            self.classes
                .iter()
                .map(|class| class.in_window)
                .sum::<u32>() as usize,
            self.eligible() as usize,
        )
    }

    /// READY within 50 ms of the median predicted, of the eligible.
    pub fn within_50(&self) -> Option<Share> {
        Share::of(
            self.classes
                .iter()
                .map(|class| class.within_50)
                .sum::<u32>() as usize,
            self.eligible() as usize,
        )
    }

    fn add_tally(&mut self, tally: &ClassTally) {
        let index = self
            .classes
            .iter()
            .position(|line| line.class == tally.class)
            .unwrap_or_else(|| {
                self.classes.push(ClassTally32 {
                    class: tally.class,
                    targeted: 0,
                    eligible: 0,
                    ready: 0,
                    conflict: 0,
                    in_window: 0,
                    within_50: 0,
                });
                self.classes.len() - 1
            });
        let line = &mut self.classes[index];
        line.targeted += u32::from(tally.targeted);
        line.eligible += u32::from(tally.eligible);
        line.ready += u32::from(tally.ready);
        line.conflict += u32::from(tally.conflict);
        line.in_window += u32::from(tally.in_window);
        line.within_50 += u32::from(tally.within_50);
    }

    fn name(&mut self, cluster: ClusterId, slots: Slots, fate: Fate) {
        self.straggler_count += slots.len() as u32;
        let room = STRAGGLERS_MAX - self.stragglers.len();
        self.stragglers
            .extend(slots.iter().take(room).map(|slot| Straggler {
                agent: cluster.agent(slot),
                fate,
            }));
    }
}
