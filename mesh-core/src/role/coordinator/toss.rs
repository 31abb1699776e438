//! One operation at a coordinator: which of its leads it went to, what they said of it, and what those above are owed.

use super::super::mailing::Letter;
use super::super::unheard::unheard;
use super::{FOLD_GAP, FOLD_GAP_AFTER, class_in};
use crate::message::{Armed, Body, ClusterReport, ClusterTargets, Fold, Hop, SectorFold, Targets};
use crate::throw::Relay;
use crate::time::{Micros, Moment};
use std::sync::Arc;

/// One operation here.
#[derive(Debug)]
pub(super) struct Toss {
    pub(super) hop: Arc<Hop>,
    pub(super) target: Moment,
    pub(super) bound: Micros,
    /// When its time to live is over here.
    pub(super) expires: Moment,
    pub(super) relay: Relay,
    pub(super) parts: Vec<Part>,
    pub(super) fold_at: Moment,
    pub(super) drop_at: Moment,
    pub(super) told: bool,
    /// How often the final account has been sent.
    pub(super) said: u8,
    /// How often everything is said.
    pub(super) copies: u8,
}

#[derive(Debug)]
pub(super) struct Part {
    pub(super) targets: ClusterTargets,
    pub(super) fold: Option<Arc<Fold>>,
    /// In how many more accounts upwards it is told: one, or [`COPIES`] where messages get lost.
    pub(super) owed: u8,
}

impl Toss {
    pub(super) fn letter_for(&self, targets: &ClusterTargets) -> Letter {
        let hop = Hop {
            header: Arc::clone(&self.hop.header),
            target: self.target,
            bound: self.bound,
            gated: self.hop.gated,
            targets: Targets::Cluster(targets.clone()),
        };
        Letter {
            id: self.hop.header.id,
            expires: self.expires,
            body: Body::Throw(Arc::new(hop)),
        }
    }

    pub(super) fn armed(&self) -> Armed {
        Armed {
            operation: self.hop.header.id,
            seal: self.hop.header.window,
        }
    }

    pub(super) fn part(&self, child: u16) -> Option<&Part> {
        self.parts
            .iter()
            .find(|part| u16::from(part.targets.slot) == child)
    }

    /// A lead's account; an older one than the last is ignored. Whether it is the first final one.
    pub(super) fn take(&mut self, now: Moment, child: u16, fold: Arc<Fold>) -> bool {
        let Some(part) = self
            .parts
            .iter_mut()
            .find(|part| u16::from(part.targets.slot) == child)
        else {
            return false;
        };
        if part
            .fold
            .as_ref()
            .is_some_and(|known| known.version >= fold.version)
        {
            return false;
        }
        // One that says that it is for others than we asked is not an account of what we asked.
        if fold.targeted != part.targets.agents || !fold.balanced() {
            return false;
        }
        let first = fold.sealed && !part.fold.as_ref().is_some_and(|known| known.sealed);
        if fold.sealed {
            self.relay.sealed(now, child);
        }
        part.fold = Some(fold);
        part.owed = self.copies;
        self.tell_soon(now);
        first
    }

    /// Nothing came of a lead: its agents stay where its last account left them, or count as unreachable when it never
    /// took the throw in.
    pub(super) fn lose(
        &mut self,
        now: Moment,
        child: u16,
        armed: bool,
        report: Option<&ClusterReport>,
    ) {
        let operation = self.hop.header.id;
        let Some(part) = self
            .parts
            .iter_mut()
            .find(|part| u16::from(part.targets.slot) == child)
        else {
            return;
        };
        let fold = match &part.fold {
            Some(known) => Fold {
                version: known.version + 1,
                sealed: true,
                ..Fold::clone(known)
            },
            None => unheard(operation, part.targets.agents, armed, class_in(report)),
        };
        part.fold = Some(Arc::new(fold));
        part.owed = self.copies;
        self.tell_soon(now);
    }

    pub(super) fn tell_soon(&mut self, now: Moment) {
        let gap = if now < self.target {
            FOLD_GAP
        } else {
            FOLD_GAP_AFTER
        };
        self.fold_at = self.fold_at.min(now + gap);
    }

    /// Everything that is known goes into the next account.
    pub(super) fn owe_all(&mut self) {
        for part in self.parts.iter_mut().filter(|part| part.fold.is_some()) {
            part.owed = part.owed.max(1);
        }
    }

    pub(super) fn fold(&mut self) -> SectorFold {
        let mut clusters = Vec::new();
        for part in &mut self.parts {
            if let (1.., Some(fold)) = (part.owed, &part.fold) {
                part.owed -= 1;
                clusters.push((part.targets.slot, Arc::clone(fold)));
            }
        }
        SectorFold {
            operation: self.hop.header.id,
            clusters,
            sealed: self.relay.complete(),
        }
    }

    pub(super) fn next_deadline(&self) -> Moment {
        self.relay
            .next_deadline()
            .min(self.fold_at)
            .min(self.drop_at)
    }
}
