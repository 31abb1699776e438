//! A coordinator's guards at work: what may be passed on, where to, and what is done about what they notice.

use super::super::dispute::{self, Disputes, Mail};
use super::super::lookout::Lookout;
use super::super::{Output, Outputs};
use super::{Coordinator, TIER};
use crate::guard::level::Gate;
use crate::message::Priority;
use crate::message::{Body, ClusterTargets, Hop};
use crate::place::Class;
use crate::time::Moment;
use crate::trust::seat::Seat;
use crate::unit::Share;

impl Coordinator {
    /// Whether a throw from above may be passed on: not while its kind of commands is suspected (§9.2), and not when it is
    /// said to come before its cause.
    pub(super) fn may_pass(
        &mut self,
        now: Moment,
        hop: &Hop,
        targets: &[ClusterTargets],
        out: &mut Outputs,
    ) -> bool {
        let agents: usize = targets.iter().map(|part| part.agents.len()).sum();
        let known: usize = self
            .leads
            .iter()
            .filter_map(|record| record.report.as_ref())
            .map(|report| report.rows.len())
            .sum();
        let share = Share::of(agents.min(known), known).unwrap_or(Share::NONE);
        for found in self.disputes.caused(&hop.header) {
            // A sector's own report is in the name of its first place.
            let report = dispute::paradox(self.sector.cluster(0).agent(0), found);
            let lamport = self.lamport.tick();
            let epoch = self.epoch;
            let mut mail = Mail { out, epoch };
            self.disputes
                .reported(now, lamport, &report, &mut self.steps, &mut mail);
        }
        self.lookout
            .command(&hop.header, share, now, &mut self.steps)
    }

    /// What may be routed to a cluster: the strictest of what its guard and desired state say.
    pub fn gate(&self, slot: u8) -> Gate {
        let cluster = self.sector.cluster(slot);
        let level = self.desired.effective(cluster.agent(0), Class::Edge);
        self.lookout.gate(cluster).max(level.breaker)
    }

    /// Looks at the time for the guards, and does what they want done.
    pub(super) fn guard(&mut self, now: Moment, out: &mut Outputs) {
        if self.office.serving().is_none() {
            return self.steps.0.clear();
        }
        self.lookout.wake(now, &mut self.steps);
        if now >= self.disputes.next_wake() {
            let epoch = self.epoch;
            let mut mail = Mail { out, epoch };
            self.disputes.wake(now, &mut self.steps, &mut mail);
        }
        if self.steps.0.is_empty() {
            return;
        }
        let left = self
            .steps
            .carry_out(now, TIER, self.epoch, &mut self.desired, out);
        for seat in left.deposed {
            if let Seat::Lead(cluster) = seat
                && let Some(record) = self.leads.get(usize::from(cluster.slot()))
            {
                out.0.push(Output::Depose(seat, record.link.epoch()));
            }
        }
    }

    /// Its conflicts.
    pub const fn disputes(&self) -> &Disputes {
        &self.disputes
    }

    /// Its guard: breakers above all.
    pub const fn lookout(&self) -> &Lookout {
        &self.lookout
    }
}

/// What matters when a lead sends too much.
pub(super) const fn priority(body: &Body) -> Priority {
    match body {
        Body::ClusterReport(_) => Priority::Critical,
        Body::Armed(_) | Body::Fold(_) | Body::Levels(_) => Priority::High,
        _ => Priority::Normal,
    }
}
