//! Desired state at the orchestrator: written in its name, followed until freezes are proven, marked in the replica
//! (PROTOCOL §6).

use super::Orchestrator;
use super::replica::Replica;
use crate::guard::freeze::FreezeReport;
use crate::guard::level::{Entry, Kind, Stamp, Value};
use crate::message::Body;
use crate::place::scope::Region;
use crate::place::{AgentId, Class, ClusterId, Slots};
use crate::role::desired::{Desired, WriteError};
use crate::role::{From, Outputs};
use crate::time::{Micros, Moment};

impl Orchestrator {
    /// Writes a level in the name of this seat and spreads it at once; see [`Desired::write`].
    pub fn write(
        &mut self,
        now: Moment,
        kind: Kind,
        region: Region,
        value: Value,
        lasting: Option<Micros>,
        out: &mut Outputs,
    ) -> Result<Stamp, WriteError> {
        let stamp = self
            .desired
            .write(now, kind, region, value, lasting, out)?;
        self.levels_changed(now, out);
        Ok(stamp)
    }

    /// Desired state as it is known here.
    pub const fn desired(&self) -> &Desired {
        &self.desired
    }

    /// Takes in entries that were written elsewhere, such as those of the root key, and spreads them. How many count now.
    pub fn accept(&mut self, now: Moment, entries: &[Entry], out: &mut Outputs) -> usize {
        let applied = self.desired.accept(now, entries, out).len();
        if applied > 0 {
            self.levels_changed(now, out);
        }
        applied
    }

    /// How far the freezes in force have come.
    pub fn freezes(&self, now: Moment) -> impl Iterator<Item = FreezeReport> {
        self.freezes.reports(now)
    }

    /// Those not proven stopped by the freeze of this epoch.
    pub fn unproven(&self, epoch: Stamp) -> impl Iterator<Item = AgentId> {
        self.freezes.unproven(epoch)
    }

    /// A message about desired state.
    pub(super) fn take_levels(&mut self, now: Moment, from: From, body: Body, out: &mut Outputs) {
        if !self.desired.take(now, from, body, out).is_empty() {
            self.levels_changed(now, out);
        }
    }

    pub(super) fn wake_levels(&mut self, now: Moment, out: &mut Outputs) {
        if now >= self.desired.next_wake() && !self.desired.wake(now, out).is_empty() {
            self.levels_changed(now, out);
        }
        if now >= self.freezes.next_wake() {
            self.freezes.wake(now, self.epoch, out);
        }
    }

    /// Something is in force, or no longer, that was not before: the replica's rows are marked, and freezes are followed
    /// until they are proven.
    pub(super) fn levels_changed(&mut self, now: Moment, out: &mut Outputs) {
        let (replica, desired) = (&mut self.replica, &self.desired);
        replica.mark(Region::All, |agent, class| desired.effective(agent, class), now);
        let replica = &self.replica;
        let targets = |region: Region, epoch: Stamp| frozen_below(replica, desired, region, epoch);
        self.freezes.follow(now, desired.levels(), targets, out);
    }
}

/// The agents of a region that are frozen at this epoch or a later one, as far as the replica knows them.
fn frozen_below(
    replica: &Replica,
    desired: &Desired,
    region: Region,
    epoch: Stamp,
) -> Vec<(ClusterId, Slots)> {
    replica.where_true(|agent: AgentId, class: Class| {
        region.covers(agent, class) && desired.effective(agent, class).frozen >= Some(epoch)
    })
}
