//! Faults strike: what a scenario says goes wrong is done to the world here.

use super::conduct::Amends;
use super::link::LinkFaults;
use super::node::NodeId;
use super::operate::Wanted;
use super::scenario::{Fault, FaultKind, Seat as SeatKind, StoreTrouble, Whom};
use super::world::{Event, World, new_role, sector_at};
use mesh_core::place::scope::{Region, Scope};
use mesh_core::place::{AgentId, Class};
use mesh_core::role::{Agent, Order};
use mesh_core::time::{Micros, Moment};
use mesh_core::trust::seat::{Claim, Seat, SeatAnswer};
use mesh_core::unit::Weight;
use std::sync::Arc;

/// What is wrong at present, beside what the nodes themselves hold.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    cuts: Vec<Cut>,
    store: Option<(StoreTrouble, f64, u32)>,
    /// What is undone when a fault is over, by its number.
    undo: Vec<(u32, Undo)>,
    /// Every strike of every fault, in the order of their numbers.
    strikes: Vec<usize>,
}

/// Nodes between which nothing passes, until the fault with this number is over.
#[derive(Debug)]
struct Cut {
    fault: u32,
    side: Vec<NodeId>,
    other: Option<Vec<NodeId>>,
    one_way: bool,
}

#[derive(Debug)]
enum Undo {
    Speed(Vec<u32>),
    Voice(Vec<u32>),
    Links(Vec<(NodeId, u16)>),
    Cut,
    Store,
    Clock(Vec<(NodeId, f64)>),
    Conduct(Vec<u32>, Amends),
}

impl World {
    /// Puts all strikes of all faults into the queue.
    pub(super) fn schedule_faults(&mut self) {
        let duration = self.scenario.duration;
        for (index, fault) in self.scenario.faults.iter().enumerate() {
            for at in fault.times(duration) {
                let number = self.trouble.strikes.len() as u32;
                self.trouble.strikes.push(index);
                self.queue.push(Moment(at.0), Event::Fault(number));
            }
        }
    }

    /// A fault strikes.
    #[expect(clippy::too_many_lines, reason = "one arm for each kind of fault")]
    pub(super) fn strike(&mut self, number: u32) {
        let Fault { kind, .. } =
            self.scenario.faults[self.trouble.strikes[number as usize]].clone();
        match kind {
            FaultKind::Crash {
                whom,
                restart,
                lose_unsynced,
            } => {
                for agent in self.chosen_where(&whom, |host| host.up) {
                    if lose_unsynced {
                        self.disks.lose_unsynced(self.now, NodeId::Agent(agent));
                    }
                    self.crash(NodeId::Agent(agent), restart);
                }
            }
            FaultKind::Restart { whom } => {
                for agent in self.chosen(&whom) {
                    self.restart(NodeId::Agent(agent));
                }
            }
            FaultKind::Kill {
                role,
                whom,
                restart,
                standby,
                lose_unsynced,
            } => self.kill(role, &whom, restart, standby, lose_unsynced),
            FaultKind::Slow {
                whom,
                factor,
                lasts,
            } => {
                let agents = self.chosen(&whom);
                for &agent in &agents {
                    self.agents[agent as usize].device.slow_down(factor);
                }
                self.undo_later(number, lasts, Undo::Speed(agents));
            }
            FaultKind::Silent { whom, lasts } => {
                let agents = self.chosen(&whom);
                for &agent in &agents {
                    self.agents[agent as usize].host.silent = true;
                }
                self.undo_later(number, lasts, Undo::Voice(agents));
            }
            FaultKind::Partition {
                side,
                other,
                one_way,
                lasts,
            } => {
                let side = self.nodes_of(&side);
                let other = (!other.is_empty()).then(|| self.nodes_of(&other));
                self.trouble.cuts.push(Cut {
                    fault: number,
                    side,
                    other,
                    one_way,
                });
                self.standing.disturbed(self.now);
                self.undo_later(number, lasts, Undo::Cut);
            }
            FaultKind::Reconnect {} => {
                self.trouble.cuts.clear();
                self.standing.disturbed(self.now);
            }
            FaultKind::Network {
                whom,
                loss,
                burst,
                duplication,
                reordering,
                delay_factor,
                trunks,
                lasts,
            } => {
                let mut rates = self.scenario.network.rates();
                rates.loss = loss.unwrap_or(rates.loss);
                rates.burst = burst.or(rates.burst);
                rates.duplication = duplication.unwrap_or(rates.duplication);
                rates.reordering = reordering.unwrap_or(rates.reordering);
                rates.delay_factor = delay_factor.unwrap_or(rates.delay_factor);
                let faults = self.faults.len() as u16;
                self.faults.push(LinkFaults::new(&rates));
                let nodes = self.nodes_with_seats(&whom, trunks);
                let undo = nodes.iter().map(|&node| {
                    (
                        node,
                        core::mem::replace(&mut self.host_mut(node).faults, faults),
                    )
                });
                let undo = Undo::Links(undo.collect::<Vec<_>>());
                self.undo_later(number, lasts, undo);
            }
            FaultKind::Clock {
                whom,
                seats,
                step,
                drift_ppm,
                stop,
            } => {
                self.disturb_clocks(number, &whom, seats, step, drift_ppm, stop);
            }
            FaultKind::SeatStore {
                trouble,
                rate,
                lasts,
            } => {
                self.trouble.store = Some((trouble, rate, number));
                self.undo_later(number, lasts, Undo::Store);
            }
            FaultKind::Operate {
                operation,
                scope,
                args,
                refused,
                either,
            } => {
                let wanted = match (refused, either) {
                    (_, true) => Wanted::Either,
                    (true, false) => Wanted::Refused,
                    (false, false) => Wanted::Done,
                };
                self.operate(&operation, scope.as_deref(), &args, wanted);
            }
            FaultKind::Lie {
                whom,
                claim,
                factor,
                lasts,
            } => {
                let agents = self.chosen(&whom);
                self.let_lie(&agents, claim, factor);
                self.undo_later(number, lasts, Undo::Conduct(agents, Amends::Lies(claim)));
            }
            FaultKind::Wrong { whom, rate, lasts } => {
                let agents = self.chosen(&whom);
                self.let_err(&agents, rate);
                self.undo_later(number, lasts, Undo::Conduct(agents, Amends::Answers));
            }
            FaultKind::Conflict {
                whom,
                conflict,
                rate,
                lasts,
            } => {
                let agents = self.chosen(&whom);
                self.let_conflict(&agents, conflict, rate);
                self.undo_later(number, lasts, Undo::Conduct(agents, Amends::Conflicts));
            }
            FaultKind::Clone { whom, at_place } => {
                let agents = self.chosen(&whom);
                self.copy_keys(&agents, at_place.as_deref());
            }
            FaultKind::CorruptContext { whom } => {
                let agents = self.chosen(&whom);
                self.corrupt_context(&agents);
            }
            FaultKind::Flood {
                whom,
                factor,
                lasts,
            } => {
                let agents = self.chosen(&whom);
                self.let_flood(&agents, factor, lasts);
            }
            FaultKind::Compromise {
                role,
                whom,
                conduct,
                lasts,
            } => {
                let holders = self.take_over(role, &whom, conduct, lasts);
                self.undo_later(number, lasts, Undo::Conduct(holders, Amends::Seat(conduct)));
            }
        }
    }

    /// What a fault changed is over.
    pub(super) fn relent(&mut self, number: u32) {
        let Some(index) = self.trouble.undo.iter().position(|(of, _)| *of == number) else {
            return;
        };
        self.relent_at(index);
    }

    fn relent_at(&mut self, index: usize) {
        self.standing.disturbed(self.now);
        let (number, undo) = self.trouble.undo.remove(index);
        match undo {
            Undo::Speed(agents) => agents
                .iter()
                .for_each(|&agent| self.agents[agent as usize].device.slow_down(1.0)),
            Undo::Voice(agents) => agents
                .iter()
                .for_each(|&agent| self.agents[agent as usize].host.silent = false),
            Undo::Links(nodes) => nodes
                .into_iter()
                .for_each(|(node, faults)| self.host_mut(node).faults = faults),
            Undo::Conduct(whom, amends) => self.make_amends(&whom, amends),
            Undo::Cut => self.trouble.cuts.retain(|cut| cut.fault != number),
            Undo::Store => {
                if self
                    .trouble
                    .store
                    .is_some_and(|(.., fault)| fault == number)
                {
                    self.trouble.store = None;
                }
            }
            Undo::Clock(nodes) => {
                for (node, drift) in nodes {
                    let now = self.now;
                    self.host_mut(node).clock.set_drift(now, drift);
                    self.upset(node);
                    self.wake_again(node);
                }
            }
        }
    }

    /// Whether something is cut off from something.
    pub(super) fn is_cut(&self) -> bool {
        !self.trouble.cuts.is_empty()
    }

    /// Everything that faults changed is over.
    pub(super) fn relent_all(&mut self) {
        // In reverse, so that what was changed twice is as it was before both.
        while let Some(last) = self.trouble.undo.len().checked_sub(1) {
            self.relent_at(last);
        }
        self.trouble.cuts.clear();
        self.trouble.store = None;
    }

    /// Whether nothing passes from the one to the other.
    pub(super) fn cut(&self, from: NodeId, to: NodeId) -> bool {
        self.trouble.cuts.iter().any(|cut| {
            let beyond = |node: NodeId| match &cut.other {
                Some(other) => other.binary_search(&node).is_ok(),
                None => cut.side.binary_search(&node).is_err(),
            };
            let inside = |node: NodeId| cut.side.binary_search(&node).is_ok();
            inside(from) && beyond(to) || !cut.one_way && beyond(from) && inside(to)
        })
    }

    /// The grantor's answer to a claim; `None` when there is none.
    pub(super) fn grant(&mut self, claim: Claim) -> Option<SeatAnswer> {
        let trouble = self
            .trouble
            .store
            .filter(|&(_, rate, _)| self.chance.happens(rate));
        match trouble.map(|(kind, ..)| kind) {
            Some(StoreTrouble::Outage) => None,
            Some(StoreTrouble::Unknown) => {
                if self.chance.happens(0.5) {
                    self.seat_table.claim(self.now, claim);
                }
                Some(SeatAnswer::Unknown)
            }
            Some(StoreTrouble::LostWrites) => Some(self.seat_table.clone().claim(self.now, claim)),
            None => Some(self.seat_table.claim(self.now, claim)),
        }
    }

    /// One of the standing load's cascades.
    pub(super) fn cascade(&mut self) {
        let load = self.scenario.load.clone();
        let scope = Scope::parse(&load.scope).unwrap_or(Scope::ALL);
        let order = Order {
            strategy: load.strategy,
            weight: Weight((load.weight * 100.0) as u16),
            window: load.window,
            ..Order::default()
        };
        self.throw(&order, &scope);
        self.queue.push(self.now + load.every, Event::Cascade);
    }

    /// Somebody orders a throw at whoever is the orchestrator.
    pub(super) fn throw(&mut self, order: &Order, scope: &Scope) {
        let wanted =
            |agent: AgentId, class: Class| scope.matches_place(agent, class).unwrap_or(true);
        let Some(index) = self
            .orchestrators
            .into_iter()
            .find(|&index| self.seats[index as usize].role.serving())
        else {
            self.truth.operations_refused += 1;
            return;
        };
        let node = NodeId::Seat(index);
        let seat = &mut self.seats[index as usize];
        let super::node::SeatRole::Orchestrator(role) = &mut seat.role else {
            return;
        };
        let local = seat.host.clock.read(self.now);
        let mut out = core::mem::take(&mut self.out);
        let thrown = role.throw(local, order, wanted, &mut out);
        let next = role.next_wake();
        if let Some(operation) = thrown {
            let _ = operation;
        } else {
            self.truth.operations_refused += 1;
        }
        self.carry_out(node, local, &mut out);
        self.out = out;
        self.arm(node, next);
    }

    /// The first death of the standing churn.
    pub(super) fn schedule_churn(&mut self) {
        let per_minute = self.scenario.churn.per_minute * self.agents.len() as f64;
        if per_minute > 0.0 {
            // Exponential gaps: deaths come independently of one another.
            let gap = -libm::log(1.0 - self.chance.unit()) * 60e6 / per_minute;
            self.queue.push(self.now + Micros(gap as i64), Event::Churn);
        }
    }

    /// Somebody dies by the standing churn, and the next one is drawn.
    pub(super) fn churn(&mut self) {
        let victim = self.chance.below(self.agents.len() as u64) as u32;
        let node = NodeId::Agent(victim);
        if self.host(node).up {
            self.host_mut(node).away_until = self.now + self.scenario.churn.away;
        }
        self.crash(node, Some(self.scenario.churn.away));
        self.schedule_churn();
    }

    /// A node dies with everything that it had not on disk.
    pub(super) fn crash(&mut self, node: NodeId, restart: Option<Micros>) {
        if !self.host(node).up {
            return;
        }
        let host = self.host_mut(node);
        host.up = false;
        (host.armed, host.armed_next) = (Moment::NEVER, Moment::NEVER);
        if let NodeId::Seat(index) = node {
            let seat = &self.seats[index as usize];
            self.standing.disturbed(self.now);
            if seat.role.serving() {
                self.truth.died(self.now, seat.seat);
                let lost = match seat.seat {
                    Seat::Lead(cluster) => Region::Cluster(cluster),
                    Seat::Coordinator(sector) => Region::Sector(sector),
                    Seat::Orchestrator => Region::All,
                };
                self.incidents.begin(lost, self.now);
            }
            self.dethroned(node);
            self.reset(node);
        }
        if let Some(after) = restart {
            self.queue.push(self.now + after, Event::Restart(node));
        }
    }

    /// A dead node starts again: a new boot on a clock with another origin.
    pub(super) fn restart(&mut self, node: NodeId) {
        if self.host(node).up || self.host(node).retired {
            return;
        }
        let origin = Moment(self.chance.below(1_000_000_000) as i64);
        let now = self.now;
        let host = self.host_mut(node);
        host.up = true;
        host.boot.0 += 1;
        host.obeys = None;
        host.clock.reboot(now, origin);
        self.reset(node);
        self.standing.restarted(now, node);
        if let NodeId::Agent(agent) = node {
            self.forgets(agent);
        }
        let start = self.start_of(node);
        self.give(node, mesh_core::role::Input::Start(start));
        if let NodeId::Seat(index) = node {
            self.tell_places(self.seats[index as usize].seat);
        }
    }

    /// A role that knows nothing.
    fn reset(&mut self, node: NodeId) {
        match node {
            NodeId::Agent(index) => {
                let agent = &mut self.agents[index as usize];
                agent.role = Agent::new(agent.role.place(), agent.role.class());
            }
            NodeId::Seat(index) => {
                let (seat, key) = (
                    self.seats[index as usize].seat,
                    self.seats[index as usize].host.key,
                );
                let classes: Arc<[Class]> = match seat {
                    Seat::Lead(cluster) => {
                        let info = &self.clusters[self.cluster_index(cluster)];
                        std::iter::repeat_n(info.class, info.agents.len()).collect()
                    }
                    Seat::Coordinator(_) | Seat::Orchestrator => Arc::from([]),
                };
                self.seats[index as usize].role = new_role(seat, self.shape, &classes, key);
                self.serving[index as usize] = false;
            }
        }
    }

    fn kill(
        &mut self,
        role: SeatKind,
        whom: &Whom,
        restart: Option<Micros>,
        standby: bool,
        lose_unsynced: bool,
    ) {
        let seats = self.holders_of(role, whom);
        let count = whom.how_many(seats.len());
        for holders in seats.into_iter().take(count) {
            for holder in holders {
                if !standby || self.seats[holder as usize].role.serving() {
                    if lose_unsynced {
                        self.disks.lose_unsynced(self.now, NodeId::Seat(holder));
                    }
                    self.crash(NodeId::Seat(holder), restart);
                }
            }
        }
    }

    /// The two nodes of each seat that a fault names.
    pub(super) fn holders_of(&self, role: SeatKind, whom: &Whom) -> Vec<[u32; 2]> {
        match role {
            SeatKind::Orchestrator => vec![self.orchestrators],
            SeatKind::Coordinator => {
                let sectors = scope_of(whom);
                let picked = (0..self.sectors.len()).filter(|&index| {
                    let first = sector_at(index as u32).cluster(0).agent(0);
                    sectors.matches_place(first, Class::Edge).unwrap_or(false)
                });
                picked
                    .map(|index| self.sectors[index].coordinators)
                    .collect()
            }
            SeatKind::Lead => {
                let scope = scope_of(whom);
                let picked = self.clusters.iter().filter(|info| {
                    scope
                        .matches_place(info.id.agent(0), info.class)
                        .unwrap_or(false)
                });
                picked.map(|info| info.leads).collect()
            }
        }
    }

    fn disturb_clocks(
        &mut self,
        number: u32,
        whom: &Whom,
        seats: bool,
        step: Option<Micros>,
        drift_ppm: Option<f64>,
        stop: Option<Micros>,
    ) {
        let nodes = self.nodes_with_seats(whom, seats);
        let now = self.now;
        let mut stopped = Vec::new();
        for node in nodes {
            let clock = &mut self.host_mut(node).clock;
            if let Some(by) = step {
                clock.step(now, by);
            }
            if let Some(drift) = drift_ppm {
                clock.set_drift(now, drift);
            }
            if stop.is_some() {
                if !clock.is_stopped() {
                    stopped.push((node, clock.drift()));
                }
                clock.stop(now);
            }
            self.upset(node);
            self.wake_again(node);
        }
        if stop.is_some() {
            self.undo_later(number, stop, Undo::Clock(stopped));
        }
    }

    /// A clock was changed: the timer was set by the old one.
    pub(super) fn wake_again(&mut self, node: NodeId) {
        let host = self.host_mut(node);
        (host.armed, host.armed_next) = (Moment::NEVER, Moment::NEVER);
        self.give(node, mesh_core::role::Input::Wake);
    }

    fn undo_later(&mut self, number: u32, lasts: Option<Micros>, undo: Undo) {
        self.trouble.undo.push((number, undo));
        if let Some(lasts) = lasts {
            self.queue.push(self.now + lasts, Event::Over(number));
        }
    }

    /// The agents that a fault strikes, drawn by chance where not all of them.
    pub(super) fn chosen(&mut self, whom: &Whom) -> Vec<u32> {
        self.chosen_where(whom, |_| true)
    }

    /// The same of those whose host is as it must be: nobody dies twice.
    fn chosen_where(&mut self, whom: &Whom, fits: impl Fn(&super::node::Host) -> bool) -> Vec<u32> {
        let scope = scope_of(whom);
        let inside = |agent: &super::node::AgentNode| {
            scope
                .matches_place(agent.role.place(), agent.role.class())
                .unwrap_or(false)
        };
        let mut agents: Vec<u32> = self
            .agents
            .iter()
            .enumerate()
            .filter(|(_, agent)| inside(agent) && fits(&agent.host))
            .map(|(index, _)| index as u32)
            .collect();
        let count = whom.how_many(agents.len());
        // The first steps of a shuffle (Fisher and Yates).
        for done in 0..count {
            let other = done + self.chance.below((agents.len() - done) as u64) as usize;
            agents.swap(done, other);
        }
        agents.truncate(count);
        agents.sort_unstable();
        agents
    }

    fn nodes_with_seats(&mut self, whom: &Whom, seats: bool) -> Vec<NodeId> {
        let mut nodes: Vec<NodeId> = self.chosen(whom).into_iter().map(NodeId::Agent).collect();
        if seats {
            nodes.extend(self.seats_of(&scope_of(whom)));
        }
        nodes
    }

    /// The seats of the clusters and sectors that a scope names.
    fn seats_of(&self, scope: &Scope) -> Vec<NodeId> {
        let inside = |seat: Seat| match (scope, seat) {
            (Scope::Region(Region::All), _) => true,
            (Scope::Region(Region::Sector(sector)), Seat::Coordinator(of)) => of == *sector,
            (Scope::Region(Region::Sector(sector)), Seat::Lead(of)) => of.sector == *sector,
            (Scope::Region(Region::Cluster(cluster)), Seat::Lead(of)) => of == *cluster,
            _ => false,
        };
        let seats = self
            .seats
            .iter()
            .enumerate()
            .filter(|(_, seat)| inside(seat.seat));
        seats.map(|(index, _)| NodeId::Seat(index as u32)).collect()
    }

    /// The nodes of one side of a partition, sorted.
    fn nodes_of(&self, scopes: &[String]) -> Vec<NodeId> {
        let mut nodes = Vec::new();
        for text in scopes {
            let of = |pick: fn(Seat) -> bool| {
                let seats = self
                    .seats
                    .iter()
                    .enumerate()
                    .filter(move |(_, seat)| pick(seat.seat));
                seats
                    .map(|(index, _)| NodeId::Seat(index as u32))
                    .collect::<Vec<_>>()
            };
            match text.as_str() {
                "seat:lead" => nodes.extend(of(|seat| matches!(seat, Seat::Lead(_)))),
                "seat:coordinator" => nodes.extend(of(|seat| matches!(seat, Seat::Coordinator(_)))),
                "seat:orchestrator" => nodes.extend(of(|seat| matches!(seat, Seat::Orchestrator))),
                text => {
                    let Ok(scope) = Scope::parse(text) else {
                        continue;
                    };
                    let inside = self.agents.iter().enumerate().filter(|(_, agent)| {
                        scope
                            .matches_place(agent.role.place(), agent.role.class())
                            .unwrap_or(false)
                    });
                    nodes.extend(inside.map(|(index, _)| NodeId::Agent(index as u32)));
                    nodes.extend(self.seats_of(&scope));
                }
            }
        }
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }
}

fn scope_of(whom: &Whom) -> Scope {
    // The scenario was checked when it was read.
    Scope::parse(&whom.scope).unwrap_or(Scope::ALL)
}
