//! The mesh grows, shrinks and moves while it runs (§10.2, §10.3): agents are begun at free places, drained before they
//! leave, moved to healthy clusters, and newcomers are let into the routing pool by and by.
//!
//! Hosts begin and end agents; leads report them. What is told here is what the registry shows, never what was asked for.

use super::Orchestrator;
use super::door::{Outcome, progress};
use super::look::set_of;
use crate::guard::level::{Kind, Value};
use crate::operation::answer::Progress;
use crate::operation::event::Event as Happened;
use crate::operation::refusal::Ground;
use crate::operation::scale::{self, ScaleError};
use crate::operation::settle::{Settling, Stage};
use crate::operation::task::{Task, TaskId};
use crate::operation::view::View;
use crate::operation::{Refusal, Scopes, preview};
use crate::place::scope::{Region, ScopeSet};
use crate::place::{AgentId, Class, ClusterId, Shape, Slots};
use crate::registry::State;
use crate::role::{Ask, AskId, HostAct, Output, Outputs};
use crate::time::{Micros, Moment};
use crate::unit::Share;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Between two looks at who has come and gone.
const LOOK: Micros = Micros::seconds(1);
/// Changes under way at most: two at a time could give one place to two agents.
const GROWTHS_MAX: usize = 1;
/// How long those who leave may take to finish what they have begun.
const DRAIN_MAX: Micros = Micros::seconds(300);
/// How long a host may take to begin, end or move an agent, and the registry to show it.
const HOST_MAX: Micros = Micros::seconds(120);
/// Settling may take this long (§10.2), and hosts some time before it.
const ADD_MAX: Micros = Micros::seconds(480);

/// A change of who sits where, under way.
#[derive(Debug)]
pub(super) struct Growth {
    asked: AskId,
    change: Change,
    began: Moment,
    /// How many are meant.
    of: u64,
    /// How many have come, gone or moved.
    done: u64,
    look_at: Moment,
}

/// What is to change.
#[derive(Debug)]
enum Change {
    /// These are to come and to settle.
    Come(BTreeSet<AgentId>),
    /// These are to leave, those to go elsewhere with their new places.
    Leave(BTreeMap<AgentId, Leaver>),
}

/// Somebody who leaves a place.
#[derive(Debug, Clone, Copy)]
struct Leaver {
    /// Where to, when not out of the mesh.
    to: Option<AgentId>,
    /// The host was told.
    told: Option<Moment>,
}

/// A newcomer.
#[derive(Debug)]
pub(super) struct Newcomer {
    settling: Settling,
    /// The report that was taken in last.
    reported: Moment,
}

impl Newcomer {
    /// What part of its traffic it gets.
    pub(super) const fn share(&self) -> Share {
        self.settling.share()
    }
}

impl Growth {
    pub(super) const fn next_wake(&self) -> Moment {
        self.look_at
    }
}

impl Orchestrator {
    /// More agents or fewer.
    pub(super) fn scale(
        &mut self,
        now: Moment,
        ask: &Ask,
        (add, remove): (Option<u32>, Option<u32>),
        class: Option<Class>,
        scope: Option<&Scopes>,
        out: &mut Outputs,
    ) -> Result<Outcome, Refusal> {
        self.room_for_growth()?;
        let everywhere = Scopes::all();
        let scope = scope.unwrap_or(&everywhere);
        let eyes = self.eyes(now);
        let impossible = |error: ScaleError| Refusal::new(Ground::TooMuch, error.to_string());
        if let Some(count) = add {
            let class = class.unwrap_or_else(|| preview::commonest(&eyes));
            let plan = scale::add(&eyes, self.shape, scope, class, count as usize);
            let plan = plan.map_err(impossible)?;
            if plan.unplaced > 0 {
                let why = format!(
                    "{} of {count} find no place in {scope}; name more sectors, or add fewer",
                    plan.unplaced
                );
                return Err(Refusal::new(Ground::TooMuch, why).allowing(["scale", "what_if"]));
            }
            let mut come = BTreeSet::new();
            for placement in plan.placements {
                let cluster = placement.cluster;
                let taken = self.replica.table.agents(cluster);
                let free = Slots::first(Shape::CHILDREN_MAX).without(taken);
                let slots: Slots = free.iter().take(usize::from(placement.agents)).collect();
                come.extend(slots.iter().map(|slot| cluster.agent(slot)));
                let class = placement.class;
                out.0.push(Output::Host(HostAct::Begin {
                    cluster,
                    class,
                    slots,
                }));
            }
            return Ok(self.grow(now, ask, Change::Come(come)));
        }
        let leaving = scale::remove(&eyes, scope, class, remove.unwrap_or(0) as usize);
        let leaving = leaving.map_err(impossible)?;
        let leavers = leaving.into_iter().map(|leaving| (leaving.agent, None));
        self.drain(now, ask, leavers.collect(), out)
    }

    /// Agents go to healthy clusters of their class.
    pub(super) fn move_agents(
        &mut self,
        now: Moment,
        ask: &Ask,
        (scope, except): (&Scopes, Option<&Scopes>),
        to: Option<&Scopes>,
        out: &mut Outputs,
    ) -> Result<Outcome, Refusal> {
        self.room_for_growth()?;
        let moves = self.moves(&set_of(Some(scope), except), to, now)?;
        let moves = moves.into_iter().map(|(from, to)| (from, Some(to)));
        self.drain(now, ask, moves.collect(), out)
    }

    /// Who of these goes where: to clusters of its class that are healthy, the emptiest first; whoever sits in one of them
    /// already and is not led elsewhere stays.
    fn moves(
        &self,
        set: &ScopeSet,
        to: Option<&Scopes>,
        now: Moment,
    ) -> Result<Vec<(AgentId, AgentId)>, Refusal> {
        let table = &self.replica.table;
        let meant: Vec<(AgentId, Class)> = table
            .select(set, now)
            .rows()
            .map(|row| (row.place(), row.class()))
            .collect();
        if meant.is_empty() {
            return Err(Refusal::new(Ground::NotFound, "nobody is meant"));
        }
        let leaves: BTreeSet<ClusterId> = meant.iter().map(|(agent, _)| agent.cluster).collect();
        let eyes = self.eyes(now);
        let guards: Vec<_> = eyes.breakers().map(|row| row.at).collect();
        let targets: Option<BTreeSet<ClusterId>> = to.map(|to| {
            let set = ScopeSet::new(to.clone());
            let targets = table.select(&set, now).targets();
            targets.into_iter().map(|(cluster, _)| cluster).collect()
        });
        // By class: clusters with what is free in each.
        let mut free: BTreeMap<Class, Vec<(ClusterId, Slots)>> = BTreeMap::new();
        for row in eyes.clusters() {
            let healthy = u32::from(row.active) * 100 >= u32::from(row.agents) * 95;
            let open = guards.iter().any(|at| at.guards(row.id.agent(0)));
            let wanted = targets
                .as_ref()
                .is_none_or(|targets| targets.contains(&row.id));
            let Some(class) = row.class.filter(|_| healthy && !open && wanted) else {
                continue;
            };
            if leaves.contains(&row.id) {
                continue;
            }
            // A cluster may take a tenth more than its shape says, and some places in any case.
            let most = (self.shape.agents + self.shape.agents / 10 + 2).min(Shape::CHILDREN_MAX);
            let slots = Slots::first(most).without(table.agents(row.id));
            if !slots.is_empty() {
                free.entry(class).or_default().push((row.id, slots));
            }
        }
        let mut moves = Vec::with_capacity(meant.len());
        for (agent, class) in meant {
            let roomiest = free.get_mut(&class).and_then(|clusters| {
                clusters
                    .iter_mut()
                    .filter(|(_, slots)| !slots.is_empty())
                    .max_by_key(|(id, slots)| (slots.len(), core::cmp::Reverse(*id)))
            });
            let Some((cluster, slots)) = roomiest else {
                let why = format!(
                    "no healthy cluster of class {class} has room for {agent}; add some first, or name others"
                );
                return Err(Refusal::new(Ground::TooMuch, why).allowing(["scale"]));
            };
            let Some(slot) = slots.iter().next() else {
                continue;
            };
            slots.remove(slot);
            moves.push((agent, cluster.agent(slot)));
        }
        Ok(moves)
    }

    /// Nothing new goes to those who leave; what they have not begun goes elsewhere.
    fn drain(
        &mut self,
        now: Moment,
        ask: &Ask,
        leavers: Vec<(AgentId, Option<AgentId>)>,
        out: &mut Outputs,
    ) -> Result<Outcome, Refusal> {
        let regions: Vec<Region> = leavers
            .iter()
            .map(|(agent, _)| Region::Agent(*agent))
            .collect();
        let lasting = Some(DRAIN_MAX + HOST_MAX);
        self.write_all(now, &Kind::Avoid, Value::Hold, &regions, lasting, out)?;
        let leavers: BTreeMap<AgentId, Leaver> = leavers
            .into_iter()
            .map(|(agent, to)| (agent, Leaver { to, told: None }))
            .collect();
        let held = self.tasks_at(|agent| leavers.contains_key(&agent));
        self.reassign(now, &held, None, out);
        Ok(self.grow(now, ask, Change::Leave(leavers)))
    }

    fn tasks_at(&self, inside: impl Fn(AgentId) -> bool) -> Vec<TaskId> {
        let open = self.board.open();
        let own = open.filter(|task| task.at().is_some_and(&inside));
        own.map(|task: &Task| task.id.clone()).collect()
    }

    fn room_for_growth(&self) -> Result<(), Refusal> {
        if self.door.growths.len() < GROWTHS_MAX {
            return Ok(());
        }
        let why = "another scale or move is under way; wait until it has ended";
        Err(Refusal::new(Ground::TooMuch, why).allowing(["status", "what_if"]))
    }

    fn grow(&mut self, now: Moment, ask: &Ask, change: Change) -> Outcome {
        let of = match &change {
            Change::Come(places) => places.len(),
            Change::Leave(leavers) => leavers.len(),
        };
        self.door.growths.push(Growth {
            asked: Arc::clone(&ask.id),
            change,
            began: now,
            of: of as u64,
            done: 0,
            look_at: now,
        });
        Outcome::Later
    }

    /// Looks after the changes that are due.
    pub(super) fn advance_growths(&mut self, now: Moment, out: &mut Outputs) {
        let mut index = 0;
        while index < self.door.growths.len() {
            if now < self.door.growths[index].look_at {
                index += 1;
                continue;
            }
            let mut growth = self.door.growths.swap_remove(index);
            growth.look_at = now + LOOK;
            let before = growth.done;
            let over = match &mut growth.change {
                Change::Come(places) => {
                    growth.done = growth.of - self.still_to_settle(places) as u64;
                    growth.done == growth.of || now.since(growth.began) > ADD_MAX
                }
                Change::Leave(leavers) => {
                    self.see_off(now, leavers, out);
                    growth.done = growth.of - leavers.len() as u64;
                    let late = now.since(growth.began) > DRAIN_MAX + HOST_MAX;
                    leavers.is_empty() || late
                }
            };
            if over {
                let answer = self.done_for(now, &growth.asked, growth.done);
                self.finish(now, &growth.asked, Ok(answer), out);
                continue;
            }
            if growth.done != before {
                let steps = Progress::Steps {
                    ended: growth.done as u32,
                    of: growth.of as u32,
                };
                progress(&growth.asked, steps, out);
            }
            self.door.growths.push(growth);
            let last = self.door.growths.len() - 1;
            self.door.growths.swap(index, last);
            index += 1;
        }
        self.settle_newcomers(now, out);
    }

    /// How many of these are not there yet, or have no stable profile.
    fn still_to_settle(&self, places: &BTreeSet<AgentId>) -> usize {
        let open = places.iter().filter(|agent| {
            let there = self.replica.table.row(**agent);
            let up = there.is_some_and(|row| row.state() != State::Offline);
            let newcomer = self.door.newcomers.get(*agent);
            !up || newcomer.is_some_and(|one| one.settling.stage() == Stage::Profiling)
        });
        open.count()
    }

    /// Those who have nothing to do any more leave; those who are gone are struck off.
    fn see_off(&mut self, now: Moment, leavers: &mut BTreeMap<AgentId, Leaver>, out: &mut Outputs) {
        let busy: BTreeSet<AgentId> = self
            .board
            .open()
            .filter_map(Task::at)
            .filter(|agent| leavers.contains_key(agent))
            .collect();
        let mut gone = Vec::new();
        for (&agent, leaver) in leavers.iter_mut() {
            match leaver.told {
                None if busy.contains(&agent) => {}
                None => {
                    leaver.told = Some(now);
                    let act = match leaver.to {
                        Some(to) => HostAct::Move { from: agent, to },
                        None => HostAct::Retire(agent),
                    };
                    out.0.push(Output::Host(act));
                }
                Some(_) => {
                    let table = &self.replica.table;
                    let arrived = leaver.to.is_none_or(|to| {
                        let row = table.row(to);
                        row.is_some_and(|row| row.state() != State::Offline)
                    });
                    if table.row(agent).is_none() && arrived {
                        gone.push(agent);
                    }
                }
            }
        }
        for agent in gone {
            leavers.remove(&agent);
            // Whoever sits there next is not led around for it.
            let region = Region::Agent(agent);
            let _ = self
                .desired
                .write(now, Kind::Avoid, region, Value::Lift, None, out);
        }
    }

    /// Somebody is reported who was not known before. Those that are there when the seat is taken are none.
    pub(super) fn newcomer(&mut self, now: Moment, agent: AgentId) {
        let wanted = |growth: &Growth| match &growth.change {
            Change::Come(places) => places.contains(&agent),
            Change::Leave(leavers) => leavers.values().any(|leaver| leaver.to == Some(agent)),
        };
        if self.door.growths.iter().any(wanted) {
            let newcomer = Newcomer {
                settling: Settling::new(now),
                reported: now,
            };
            self.door.newcomers.insert(agent, newcomer);
        }
    }

    fn settle_newcomers(&mut self, now: Moment, out: &mut Outputs) {
        if self.door.newcomers.is_empty() {
            return;
        }
        let mut told = Vec::new();
        let (table, conflicts) = (&self.replica.table, &self.door.conflicts);
        self.door.newcomers.retain(|&agent, newcomer| {
            let Some(row) = table.row(agent) else {
                return false;
            };
            if row.reported() > newcomer.reported
                && let Some(z) = row.impedance()
            {
                newcomer.reported = row.reported();
                newcomer.settling.beat(z);
            }
            let recent = conflicts.iter().rev();
            let mut recent = recent.take_while(|one| now.since(one.at) < LOOK);
            let odd = recent.any(|one| one.agent == agent);
            let share = if odd { Share::ALL } else { Share::NONE };
            if newcomer.settling.step(share, now) {
                let percent = (newcomer.settling.share().value() * 100.0) as u8;
                told.push(Happened::Settling { agent, percent });
            }
            newcomer.settling.stage() != Stage::Settled
        });
        for event in told {
            self.tell(now, event, out);
        }
    }
}
