//! Healing under way: each step is begun, looked after and ended by what the replica then shows (§7.1).

use super::Orchestrator;
use super::door::{Outcome, progress};
use super::eyes::Eyes;
use crate::guard::level::{Kind, Value};
use crate::operation::answer::{Answer, Progress};
use crate::operation::heal::{self, Action, Outcome as Ended, Plan};
use crate::operation::refusal::Ground;
use crate::operation::view::{BreakerAt, View};
use crate::operation::{Refusal, Scopes};
use crate::place::AgentId;
use crate::place::scope::Region;
use crate::registry::State;
use crate::role::{Ask, AskId, HostAct, Output, Outputs};
use crate::time::{Micros, Moment};
use std::sync::Arc;

/// How long a step may take until the replica shows it: a restart, and two beats to be seen.
const STEP_MAX: Micros = Micros::seconds(30);
/// Between two looks.
const LOOK: Micros = Micros::seconds(1);
/// Healings under way at most.
const HEALS_MAX: usize = 16;

/// A healing under way.
#[derive(Debug)]
pub(super) struct Healing {
    asked: AskId,
    scope: Scopes,
    except: Option<Scopes>,
    plan: Plan,
    /// Running steps, and since when.
    running: Vec<(usize, Moment)>,
    look_at: Moment,
}

impl Healing {
    pub(super) const fn next_wake(&self) -> Moment {
        self.look_at
    }
}

impl Orchestrator {
    pub(super) fn heal(
        &mut self,
        now: Moment,
        ask: &Ask,
        scope: &Scopes,
        except: Option<&Scopes>,
        out: &mut Outputs,
    ) -> Result<Outcome, Refusal> {
        if self.door.heals.len() >= HEALS_MAX {
            let why = "as many healings are under way as one node looks after; wait for one";
            return Err(Refusal::new(Ground::TooMuch, why));
        }
        let plan = heal::plan(scope, except, &Eyes { mesh: self, now });
        self.door.heals.push(Healing {
            asked: Arc::clone(&ask.id),
            scope: scope.clone(),
            except: except.cloned(),
            plan,
            running: Vec::new(),
            look_at: now,
        });
        self.advance_heals(now, out);
        Ok(Outcome::Later)
    }

    /// Looks after the healings that are due.
    pub(super) fn advance_heals(&mut self, now: Moment, out: &mut Outputs) {
        let mut index = 0;
        while index < self.door.heals.len() {
            if now < self.door.heals[index].look_at {
                index += 1;
                continue;
            }
            let mut healing = self.door.heals.swap_remove(index);
            self.look_after(now, &mut healing, out);
            if !healing.plan.is_over() {
                healing.look_at = now + LOOK;
                self.door.heals.push(healing);
                // The one that took its place is looked at next.
                let last = self.door.heals.len() - 1;
                self.door.heals.swap(index, last);
                index += 1;
                continue;
            }
            let sick = heal::plan(
                &healing.scope,
                healing.except.as_ref(),
                &Eyes { mesh: self, now },
            );
            let answer = Answer::Healed {
                healed: healing.plan.healed(),
                healthy: sick.steps().is_empty(),
            };
            self.finish(now, &healing.asked, Ok(answer), out);
        }
    }

    fn look_after(&mut self, now: Moment, healing: &mut Healing, out: &mut Outputs) {
        for (index, begun) in core::mem::take(&mut healing.running) {
            let action = healing.plan.steps()[index].action.clone();
            if self.is_well(&action, now) {
                healing.plan.ended(index, Ok(()));
            } else if now.since(begun) > STEP_MAX {
                let why = "nothing came of it within half a minute";
                healing.plan.ended(index, Err(why.into()));
            } else {
                healing.running.push((index, begun));
            }
        }
        loop {
            let begun = healing.plan.begin();
            let mut at_once = false;
            for index in &begun {
                let action = healing.plan.steps()[*index].action.clone();
                match self.begin_step(now, &action, out) {
                    Ok(true) => at_once |= healing.plan.ended(*index, Ok(())),
                    Ok(false) => healing.running.push((*index, now)),
                    Err(refusal) => {
                        let why = refusal.to_string();
                        at_once |= healing.plan.ended(*index, Err(why.as_str().into()));
                    }
                }
            }
            if !at_once {
                break;
            }
        }
        let steps = healing.plan.steps();
        let over = |step: &&heal::Step| matches!(step.outcome, Ended::Done | Ended::Failed(_));
        let steps = Progress::Steps {
            ended: steps.iter().filter(over).count() as u32,
            of: steps.len() as u32,
        };
        progress(&healing.asked, steps, out);
    }

    /// Begins a step; true when it is done at once.
    fn begin_step(
        &mut self,
        now: Moment,
        action: &Action,
        out: &mut Outputs,
    ) -> Result<bool, Refusal> {
        match action {
            // Standbys stand for the seat by themselves; what is to be seen is that one has it.
            Action::FillSeat(_) => Ok(false),
            Action::Restart(agent) => {
                out.0.push(Output::Host(HostAct::Restart(*agent)));
                Ok(false)
            }
            Action::Replace { agent, .. } => {
                out.0.push(Output::Host(HostAct::Replace(*agent)));
                Ok(false)
            }
            Action::SyncContext { agent, .. } => {
                let row = self.replica.table.row(*agent);
                let head = row.and_then(|row| self.desired.effective(*agent, row.class()).context);
                let Some(head) = head else { return Ok(true) };
                let value = Value::Head(head);
                self.write_one(now, &Kind::Context, Region::Agent(*agent), value, out)?;
                Ok(false)
            }
            Action::Release(agent) => {
                let region = Region::Agent(*agent);
                self.write_one(now, &Kind::Quarantine, region, Value::Lift, out)?;
                Ok(true)
            }
            Action::Reassign(task) => {
                self.reassign(now, core::slice::from_ref(task), None, out);
                Ok(true)
            }
            Action::ProbeBreaker(at) => {
                let region = match at {
                    BreakerAt::Mesh => Region::All,
                    BreakerAt::Sector(id) => Region::Sector(*id),
                    BreakerAt::Cluster(id) => Region::Cluster(*id),
                };
                self.write_one(now, &Kind::Breaker, region, Value::Lift, out)?;
                self.door.breakers.remove(at);
                Ok(true)
            }
        }
    }

    fn write_one(
        &mut self,
        now: Moment,
        kind: &Kind,
        region: Region,
        value: Value,
        out: &mut Outputs,
    ) -> Result<(), Refusal> {
        let regions = [region];
        self.write_all(now, kind, value, &regions, None, out)
            .map(|_| ())
    }

    /// Whether the replica shows what a step was for.
    fn is_well(&self, action: &Action, now: Moment) -> bool {
        let up = |agent: AgentId| {
            let row = self.replica.table.row(agent);
            row.is_some_and(|row| row.state() != State::Offline)
        };
        let eyes = Eyes { mesh: self, now };
        match action {
            Action::FillSeat(seat) => eyes
                .seats()
                .any(|row| row.seat == *seat && row.holder.is_some()),
            Action::Restart(agent) | Action::Replace { agent, .. } => up(*agent),
            Action::SyncContext { agent, .. } => eyes
                .agent(*agent)
                .is_some_and(|row| row.context == row.context_wanted),
            Action::Release(_) | Action::Reassign(_) | Action::ProbeBreaker(_) => true,
        }
    }
}
