//! The freezes in force as the orchestrator follows them: counts, proofs, questions for what is missing, and the end
//! with the names of those not proven stopped (PROTOCOL §6).

use super::{BEAT, Event, Outputs, To};
use crate::guard::freeze::{FreezeReport, FreezeRun, PROOF_WAIT};
use crate::guard::level::{Kind, Levels, Stamp};
use crate::message::{Body, Epoch, Prove, StopBundle, StopCount};
use crate::place::scope::Region;
use crate::place::{AgentId, ClusterId, Slots};
use crate::time::{Micros, Moment};
use crate::trust::key::Signature;

/// Freezes followed at once; the oldest is no longer followed (it stays in force) when there is one more. 64 × 1,000
/// clusters × 64 bytes are 4 MB.
const RUNS_MAX: usize = 64;
/// The first question for what is missing; the wait doubles.
const ASK_FIRST: Micros = Micros::seconds(1);
/// After taking the seat: two beats, in which every lead and every coordinator has beaten once.
const REPORTED: Micros = Micros(2 * BEAT.0);
/// People hear of progress this often.
const TELL_GAP: Micros = Micros::millis(50);

/// All freezes that are followed.
#[derive(Debug, Default)]
pub(super) struct Freezes {
    runs: Vec<Followed>,
    /// Before this the replica does not know yet who is there.
    from: Moment,
}

#[derive(Debug)]
struct Followed {
    region: Region,
    epoch: Stamp,
    run: FreezeRun,
    ask_at: Moment,
    ask_gap: Micros,
    tell_at: Moment,
    ended: bool,
}

impl Freezes {
    /// The seat was taken: freezes are followed as soon as every sector has had time to report.
    pub(super) fn serve(&mut self, now: Moment) {
        self.from = now + REPORTED;
    }

    /// Nothing is followed any more: the seat is lost.
    pub(super) fn retire(&mut self) {
        self.runs.clear();
    }

    /// Desired state has changed: whatever hold is in force for a region and not followed yet is followed from now on,
    /// what is lifted is not. `targets`: the agents of a region that are frozen at this epoch.
    pub(super) fn follow(
        &mut self,
        now: Moment,
        levels: &Levels,
        targets: impl Fn(Region, Stamp) -> Vec<(ClusterId, Slots)>,
        out: &mut Outputs,
    ) {
        if now < self.from {
            return;
        }
        let in_force = |region: Region, epoch: Stamp| {
            [Kind::Freeze, Kind::Seal]
                .iter()
                .any(|kind| levels.standing(kind, region) == Some(epoch))
        };
        self.runs.retain_mut(|followed| {
            let stays = in_force(followed.region, followed.epoch);
            if !stays && !followed.ended {
                followed.end(now, out);
            }
            stays
        });
        for entry in levels.entries() {
            let (region, epoch) = (entry.region, entry.stamp);
            let freezes = matches!(entry.kind, Kind::Freeze | Kind::Seal);
            let known = |followed: &Followed| (followed.region, followed.epoch) == (region, epoch);
            if !freezes || !in_force(region, epoch) || self.runs.iter().any(known) {
                continue;
            }
            let targets = targets(region, epoch);
            if targets.is_empty() {
                continue;
            }
            if self.runs.len() == RUNS_MAX {
                self.runs.remove(0);
            }
            self.runs.push(Followed {
                region,
                epoch,
                run: FreezeRun::new(region, epoch, targets, now, now + PROOF_WAIT),
                ask_at: now + ASK_FIRST,
                ask_gap: ASK_FIRST,
                tell_at: Moment::NEVER,
                ended: false,
            });
        }
    }

    /// A lead says how many of its agents have stopped.
    pub(super) fn count(&mut self, now: Moment, count: StopCount) {
        for followed in self.runs.iter_mut().filter(|one| one.epoch == count.epoch) {
            followed.run.count(count.cluster, count.stopped);
            followed.tell_at = followed.tell_at.min(now + TELL_GAP);
        }
    }

    /// A cluster's proofs. `verify` as in [`FreezeRun::bundle`].
    pub(super) fn bundle(
        &mut self,
        now: Moment,
        bundle: &StopBundle,
        verify: impl Fn(AgentId, &[u8], &Signature) -> bool,
        out: &mut Outputs,
    ) {
        for followed in self.runs.iter_mut().filter(|one| one.epoch <= bundle.epoch) {
            followed
                .run
                .bundle(bundle.cluster, bundle.epoch, &bundle.proofs, now, &verify);
            followed.tell_at = followed.tell_at.min(now + TELL_GAP);
            if followed.run.is_finished() && !followed.ended {
                followed.end(now, out);
            }
        }
    }

    /// What is due: questions for what is missing, news of progress, the end of the waiting.
    pub(super) fn wake(&mut self, now: Moment, seat: Epoch, out: &mut Outputs) {
        for followed in &mut self.runs {
            if followed.run.poll(now) {
                followed.end(now, out);
            }
            if now >= followed.tell_at {
                followed.tell_at = Moment::NEVER;
                out.event(Event::Freezing(Box::new(followed.run.report(now))));
            }
            if now >= followed.ask_at {
                followed.ask_gap = Micros(followed.ask_gap.0 * 2);
                followed.ask_at = if followed.run.is_finished() {
                    Moment::NEVER
                } else {
                    now + followed.ask_gap
                };
                followed.ask(seat, out);
            }
        }
    }

    /// When [`Freezes::wake`] has something to do.
    pub(super) fn next_wake(&self) -> Moment {
        let due = |one: &Followed| one.run.next_deadline().min(one.ask_at).min(one.tell_at);
        self.runs.iter().map(due).min().unwrap_or(Moment::NEVER)
    }

    /// How far those that are followed have come.
    pub(super) fn reports(&self, now: Moment) -> impl Iterator<Item = FreezeReport> {
        self.runs
            .iter()
            .map(move |followed| followed.run.report(now))
    }

    /// Those not proven stopped by the freeze of this epoch, in order.
    pub(super) fn unproven(&self, epoch: Stamp) -> impl Iterator<Item = AgentId> {
        let of = self
            .runs
            .iter()
            .filter(move |followed| followed.epoch == epoch);
        of.flat_map(|followed| followed.run.unproven())
    }
}

impl Followed {
    fn end(&mut self, now: Moment, out: &mut Outputs) {
        self.ended = true;
        self.tell_at = Moment::NEVER;
        let report = Box::new(self.run.report(now));
        out.event(Event::Frozen(report, self.run.unproven().collect()));
    }

    /// Asks the sectors in which proofs are missing.
    fn ask(&self, seat: Epoch, out: &mut Outputs) {
        let mut sectors: Vec<_> = self.run.unproven().map(AgentId::sector).collect();
        sectors.dedup();
        for sector in sectors {
            let prove = Prove {
                epoch: self.epoch,
                region: self.region,
            };
            out.send(To::Child(sector.index() as u16), seat, Body::Prove(prove));
        }
    }
}
