//! Healing as a plan of concrete steps (§7.1): each names its subject, why, whether it can be taken back, and how it went.
//!
//! Steps of one phase run side by side; a phase begins when the one before has ended, since a lead must be there before
//! its agents can be restarted, and a breaker is probed only when all else is done.

use super::resource::{Hardware, Resource};
use super::scope::Scopes;
use super::task::TaskId;
use super::view::{AgentRow, BreakerAt, HostId, QuarantineReason, View};
use crate::place::{AgentId, SectorId};
use crate::registry::State;
use crate::text::Foreign;
use crate::time::Micros;
use crate::trust::seat::Seat;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Steps of one plan at most: a sector of the largest mesh, each agent with one step. What is left over is found by
/// healing again.
pub const STEPS_MAX: usize = 16_384;
/// Steps under way at the same time at most: a default sector's worth of restarts.
pub const RUNNING_MAX: usize = 300;
/// A task that waited so long for hardware that its agent lacks goes elsewhere.
const STUCK_AFTER: Micros = Micros::seconds(60);

/// What a step does, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A vacant seat is filled.
    FillSeat(Seat),
    /// The host starts the agent again.
    Restart(AgentId),
    /// The place goes to a spare, with its state.
    Replace {
        /// The place.
        agent: AgentId,
        /// The spare; none left means that this step cannot be done.
        spare: Option<HostId>,
    },
    /// The agent fetches its context again.
    SyncContext {
        /// Who.
        agent: AgentId,
        /// From whom.
        from: Source,
    },
    /// The agent is let out of quarantine once its hash is right.
    Release(AgentId),
    /// A task goes to somebody who can do it.
    Reassign(TaskId),
    /// A breaker is probed, and half-closed if that goes well.
    ProbeBreaker(BreakerAt),
}

/// Where context comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The nearest sector that is well.
    Sector(SectorId),
    /// The known-good head, when no sector is.
    KnownGood,
}

/// Why a step is in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Nobody holds it.
    Vacant,
    /// It does not answer, and its host does.
    Crashed,
    /// Its host is gone.
    HostGone,
    /// It holds another context than it should.
    Diverged,
    /// It was isolated for what is put right before.
    PutRight,
    /// It waits for what its agent does not have.
    WaitsInVain,
    /// It is open.
    Open,
}

/// How far a step is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Its phase has not come.
    Waiting,
    /// Under way.
    Running,
    /// Done.
    Done,
    /// It did not work.
    Failed(Foreign),
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// Whether it can be taken back.
    pub reversible: bool,
    /// How far it is.
    pub outcome: Outcome,
}

/// A plan, and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    steps: Vec<Step>,
}

/// How many steps of each kind were done: the lines of §7.1.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Healed {
    /// Seats filled.
    pub seats: usize,
    /// Agents restarted.
    pub restarted: usize,
    /// Agents replaced.
    pub replaced: usize,
    /// Agents whose context was synced, and from which sectors.
    pub synced: usize,
    /// Those sectors.
    pub synced_from: Vec<SectorId>,
    /// Agents let out of quarantine.
    pub released: usize,
    /// Tasks reassigned.
    pub reassigned: usize,
    /// Breakers reset.
    pub breakers: usize,
    /// Steps that did not work.
    pub failed: usize,
}

/// What a scope needs. `auto` and `all` look everywhere; what is well gets no step.
pub fn plan(scope: &Scopes, except: Option<&Scopes>, view: &dyn View) -> Plan {
    let everywhere = Scopes::all();
    let scope = if scope.is_auto() { &everywhere } else { scope };
    let rows: Vec<AgentRow> = view.agents(scope, except).collect();
    let places: BTreeSet<AgentId> = rows.iter().map(|row| row.id).collect();
    let mut steps = seats(view, &places, scope.is_all());
    let mut spares = Spares::of(view);
    let sources = Sources::of(view);
    for row in &rows {
        match row.state {
            State::Offline if row.host_up => {
                steps.push(step(Action::Restart(row.id), Reason::Crashed, false));
            }
            State::Offline => {
                let action = Action::Replace {
                    agent: row.id,
                    spare: spares.take(row.hardware),
                };
                steps.push(step(action, Reason::HostGone, false));
            }
            State::Active | State::Degraded if row.context != row.context_wanted => {
                steps.push(step(sources.sync(row.id), Reason::Diverged, true));
            }
            State::Quarantined if may_release(row) => {
                if row.context != row.context_wanted {
                    steps.push(step(sources.sync(row.id), Reason::Diverged, true));
                }
                steps.push(step(Action::Release(row.id), Reason::PutRight, true));
            }
            State::Active | State::Degraded | State::Quarantined => {}
        }
    }
    steps.extend(tasks(view, &places));
    let guarded = |at: BreakerAt| match at {
        BreakerAt::Mesh => scope.is_all(),
        BreakerAt::Sector(_) | BreakerAt::Cluster(_) => places.iter().any(|id| at.guards(*id)),
    };
    let open = view.breakers().filter(|row| row.open && guarded(row.at));
    steps.extend(open.map(|row| step(Action::ProbeBreaker(row.at), Reason::Open, true)));
    steps.sort_by_key(|step| step.action.phase());
    steps.truncate(STEPS_MAX);
    Plan { steps }
}

const fn step(action: Action, reason: Reason, reversible: bool) -> Step {
    Step {
        action,
        reason,
        reversible,
        outcome: Outcome::Waiting,
    }
}

/// Only what a right hash proves well again; whom an operator, a contradiction or a doubtful key put there, a person lets
/// out.
const fn may_release(row: &AgentRow) -> bool {
    matches!(
        row.quarantine,
        Some(QuarantineReason::ContextDivergence | QuarantineReason::HashMismatch)
    )
}

fn seats(view: &dyn View, places: &BTreeSet<AgentId>, everywhere: bool) -> Vec<Step> {
    let concerns = |seat: Seat| match seat {
        Seat::Lead(id) => places.iter().any(|place| place.cluster == id),
        Seat::Coordinator(id) => places.iter().any(|place| place.sector() == id),
        Seat::Orchestrator => everywhere,
    };
    view.seats()
        .filter(|row| row.holder.is_none() && concerns(row.seat))
        .map(|row| step(Action::FillSeat(row.seat), Reason::Vacant, false))
        .collect()
}

fn tasks<'a>(view: &'a dyn View, places: &'a BTreeSet<AgentId>) -> impl Iterator<Item = Step> + 'a {
    let now = view.now();
    let in_vain = move |at: AgentId, resource: Resource, since| {
        now.since(since) >= STUCK_AFTER
            && view
                .agent(at)
                .is_some_and(|row| !row.hardware.has(resource))
    };
    view.tasks().filter_map(move |task| {
        let (at, wait) = (
            task.at().filter(|at| places.contains(at))?,
            task.waits_for()?,
        );
        in_vain(at, wait.resource, wait.since)
            .then(|| step(Action::Reassign(task.id.clone()), Reason::WaitsInVain, true))
    })
}

/// Free places on spare hosts.
struct Spares(Vec<(HostId, u16, Hardware)>);

impl Spares {
    fn of(view: &dyn View) -> Self {
        Self(
            view.spares()
                .map(|spare| (spare.host, spare.free, spare.hardware))
                .collect(),
        )
    }

    /// A spare that has what the place had.
    fn take(&mut self, hardware: Hardware) -> Option<HostId> {
        let fits =
            |(_, free, has): &&mut (HostId, u16, Hardware)| *free > 0 && has.covers(hardware);
        let spare = self.0.iter_mut().find(fits)?;
        spare.1 -= 1;
        Some(spare.0)
    }
}

/// Which sectors hold the right context.
struct Sources(Vec<SectorId>);

impl Sources {
    fn of(view: &dyn View) -> Self {
        let mut sectors: BTreeMap<SectorId, (u32, u32)> = BTreeMap::new();
        for row in view.agents(&Scopes::all(), None) {
            let (right, all) = sectors.entry(row.id.sector()).or_default();
            *right += u32::from(row.state == State::Active && row.context == row.context_wanted);
            *all += 1;
        }
        // A sector is a source while at least nine tenths of it are well, so that one agent in trouble does not end that.
        Self(
            sectors
                .into_iter()
                .filter(|(_, (right, all))| right * 10 >= all * 9)
                .map(|(id, _)| id)
                .collect(),
        )
    }

    fn sync(&self, agent: AgentId) -> Action {
        let near = self
            .0
            .iter()
            .min_by_key(|id| (id.0.abs_diff(agent.sector().0), **id));
        Action::SyncContext {
            agent,
            from: near.map_or(Source::KnownGood, |id| Source::Sector(*id)),
        }
    }
}

impl Action {
    /// Phases in the order in which they run.
    const fn phase(&self) -> u8 {
        match self {
            Self::FillSeat(_) => 0,
            Self::Restart(_) | Self::Replace { .. } => 1,
            Self::SyncContext { .. } => 2,
            Self::Release(_) => 3,
            Self::Reassign(_) => 4,
            Self::ProbeBreaker(_) => 5,
        }
    }

    /// The agent that it concerns.
    const fn agent(&self) -> Option<AgentId> {
        match self {
            Self::Restart(agent)
            | Self::Replace { agent, .. }
            | Self::SyncContext { agent, .. }
            | Self::Release(agent) => Some(*agent),
            Self::FillSeat(_) | Self::Reassign(_) | Self::ProbeBreaker(_) => None,
        }
    }
}

impl Plan {
    /// Begins the steps that may begin now, at most [`RUNNING_MAX`] at a time, and gives their positions. An agent whose
    /// context could not be put right is not released: that step fails with it.
    pub fn begin(&mut self) -> Vec<usize> {
        let over = |step: &Step| matches!(step.outcome, Outcome::Done | Outcome::Failed(_));
        let Some(phase) = self
            .steps
            .iter()
            .filter(|step| !over(step))
            .map(|step| step.action.phase())
            .min()
        else {
            return Vec::new();
        };
        let failed: BTreeSet<AgentId> = self
            .steps
            .iter()
            .filter(|step| matches!(step.outcome, Outcome::Failed(_)))
            .filter_map(|step| step.action.agent())
            .collect();
        let mut running = self
            .steps
            .iter()
            .filter(|step| step.outcome == Outcome::Running)
            .count();
        let mut begun = Vec::new();
        for (index, step) in self.steps.iter_mut().enumerate() {
            if step.outcome != Outcome::Waiting
                || step.action.phase() != phase
                || running >= RUNNING_MAX
            {
                continue;
            }
            if step
                .action
                .agent()
                .is_some_and(|agent| failed.contains(&agent))
            {
                step.outcome = Outcome::Failed("the step before it failed".into());
            } else if matches!(step.action, Action::Replace { spare: None, .. }) {
                step.outcome =
                    Outcome::Failed("no spare host with the same hardware is left".into());
            } else {
                step.outcome = Outcome::Running;
                running += 1;
                begun.push(index);
            }
        }
        // Steps that failed at once may have ended the phase.
        if begun.is_empty() && running == 0 && self.steps.iter().any(|step| !over(step)) {
            self.begin()
        } else {
            begun
        }
    }

    /// A running step has ended. False when it is not running.
    pub fn ended(&mut self, index: usize, result: Result<(), Foreign>) -> bool {
        let running = self
            .steps
            .get_mut(index)
            .filter(|step| step.outcome == Outcome::Running);
        running
            .map(|step| step.outcome = result.map_or_else(Outcome::Failed, |()| Outcome::Done))
            .is_some()
    }

    /// The steps, in the order of their phases.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The steps by themselves.
    pub fn into_steps(self) -> Vec<Step> {
        self.steps
    }

    /// Whether all steps have ended.
    pub fn is_over(&self) -> bool {
        self.steps
            .iter()
            .all(|step| matches!(step.outcome, Outcome::Done | Outcome::Failed(_)))
    }

    /// What was done.
    pub fn healed(&self) -> Healed {
        let mut healed = Healed::default();
        let mut from = BTreeSet::new();
        for step in &self.steps {
            match (&step.outcome, &step.action) {
                (Outcome::Failed(_), _) => healed.failed += 1,
                (Outcome::Waiting | Outcome::Running, _) => {}
                (Outcome::Done, Action::FillSeat(_)) => healed.seats += 1,
                (Outcome::Done, Action::Restart(_)) => healed.restarted += 1,
                (Outcome::Done, Action::Replace { .. }) => healed.replaced += 1,
                (Outcome::Done, Action::SyncContext { from: source, .. }) => {
                    healed.synced += 1;
                    if let Source::Sector(id) = source {
                        from.insert(*id);
                    }
                }
                (Outcome::Done, Action::Release(_)) => healed.released += 1,
                (Outcome::Done, Action::Reassign(_)) => healed.reassigned += 1,
                (Outcome::Done, Action::ProbeBreaker(_)) => healed.breakers += 1,
            }
        }
        healed.synced_from = from.into_iter().collect();
        healed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::view::sample::{Sample, place};
    use crate::operation::view::{BreakerRow, Spare};
    use crate::time::Moment;

    /// The example of §7.1: three restarted, one replaced, context synced from the neighbour, breaker reset.
    fn sector_twelve() -> Sample {
        let mut view = Sample::new(13, 2, 30);
        for agent in ["12-1-1", "12-1-2", "12-2-9"] {
            view.row(agent).state = State::Offline;
        }
        let gone = view.row("12-2-3");
        (gone.state, gone.host_up) = (State::Offline, false);
        for agent in 10..=20 {
            let row = view.row(&format!("12-2-{agent}"));
            (row.state, row.quarantine, row.context) = (
                State::Quarantined,
                Some(QuarantineReason::ContextDivergence),
                7,
            );
        }
        view.breakers.push(BreakerRow {
            at: BreakerAt::Sector(SectorId(12)),
            open: true,
            since: Moment(0),
            failures: 51,
        });
        view.spares = vec![Spare {
            host: HostId(900),
            free: 1,
            hardware: Hardware::NONE,
        }];
        view
    }

    fn run(plan: &mut Plan, works: impl Fn(&Action) -> bool) -> Vec<u8> {
        let mut phases = Vec::new();
        while !plan.is_over() {
            let begun = plan.begin();
            for index in begun {
                let action = plan.steps()[index].action.clone();
                phases.push(action.phase());
                assert!(plan.ended(
                    index,
                    if works(&action) {
                        Ok(())
                    } else {
                        Err("no".into())
                    }
                ));
                assert!(!plan.ended(index, Ok(())), "a step ends once");
            }
        }
        phases
    }

    #[test]
    fn a_sector_is_healed_by_the_steps_of_the_specification() {
        let view = sector_twelve();
        let mut plan = plan(&Scopes::sector(SectorId(12)), None, &view);
        let phases = run(&mut plan, |_| true);
        assert!(phases.is_sorted());
        let healed = plan.healed();
        assert_eq!(
            (
                healed.restarted,
                healed.replaced,
                healed.synced,
                healed.released
            ),
            (3, 1, 11, 11)
        );
        assert_eq!(
            (healed.synced_from, healed.breakers, healed.failed),
            (vec![SectorId(11)], 1, 0)
        );
    }

    #[test]
    fn auto_finds_the_same_as_naming_the_place_and_nothing_elsewhere() {
        let view = sector_twelve();
        assert_eq!(
            plan(&Scopes::auto(), None, &view),
            plan(&Scopes::sector(SectorId(12)), None, &view)
        );
        assert_eq!(
            plan(&Scopes::sector(SectorId(3)), None, &view)
                .steps()
                .len(),
            0
        );
        assert!(plan(&Scopes::auto(), None, &Sample::new(2, 2, 3)).is_over());
    }

    #[test]
    fn whose_context_was_not_put_right_stays_in_quarantine() {
        let mut plan = plan(&Scopes::auto(), None, &sector_twelve());
        let bad = place("12-2-10");
        run(
            &mut plan,
            |action| !matches!(action, Action::SyncContext { agent, .. } if *agent == bad),
        );
        let healed = plan.healed();
        assert_eq!((healed.synced, healed.released, healed.failed), (10, 10, 2));
    }

    #[test]
    fn whom_an_operator_isolated_healing_does_not_let_out() {
        let mut view = Sample::new(1, 1, 3);
        let row = view.row("1-1-1");
        (row.state, row.quarantine) = (State::Quarantined, Some(QuarantineReason::Operator));
        assert_eq!(plan(&Scopes::auto(), None, &view).steps().len(), 0);
    }

    #[test]
    fn without_a_spare_the_replacement_says_so() {
        let mut view = sector_twelve();
        view.spares.clear();
        let mut plan = plan(&Scopes::auto(), None, &view);
        run(&mut plan, |_| true);
        assert_eq!((plan.healed().replaced, plan.healed().failed), (0, 1));
    }
}
