//! What a run came to, in the figures of §11.

use super::invariant::Violation;
use super::operate::Books;
use super::scenario::Scenario;
use super::verdict::Verdict;
use super::world::{Event, World};
use mesh_core::throw::ClassTally32;
use mesh_core::time::{Micros, Moment};
use serde::Serialize;

/// The whole is looked at this often.
const SURVEY_EVERY: Micros = Micros::seconds(1);

/// One run in numbers; `mesh-node sim --json` prints it.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Agents at the end.
    pub agents: usize,
    /// Length of the run in virtual time.
    pub seconds: f64,
    /// Its seed.
    pub seed: u64,
    /// Events handled.
    pub events: u64,
    /// Length of the run in real time.
    pub wall_s: f64,
    /// The most memory that the process had.
    pub peak_rss_mb: f64,
    /// Broken invariants.
    pub violations: u64,
    /// Hash over every event and result: equal for equal seeds, in every build.
    pub state_hash: String,
    /// The figures of §11.
    pub kpi: Kpi,
    /// What was asked at the console, and what came of it.
    pub door: Books,
    /// What was found, and after how many seconds first.
    pub detected: std::collections::BTreeMap<&'static str, f64>,
    /// Messages that were dropped, by reason: at the door of a node, and by its role.
    pub refused: std::collections::BTreeMap<&'static str, u64>,
    /// Regions whose breaker was open at some time.
    pub tripped: Vec<String>,
    /// Rows in all chains of conflicts.
    pub conflict_rows: usize,
    /// The first broken invariants.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub broken: Vec<Violation>,
    /// The scenario's expectations and what became of them.
    pub verdicts: Vec<Verdict>,
}

impl Report {
    /// Whether every expectation was met; one of them is that no invariant broke.
    pub fn holds(&self) -> bool {
        self.verdicts.iter().all(|verdict| verdict.met)
    }
}

/// The figures of §11. Shares are of the eligible: targeted without people and without the skipped.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Kpi {
    /// Operations that reached quorum.
    pub quorum_share: f64,
    /// READY by T.
    pub in_window_share: f64,
    /// READY within 50 ms of the median predicted when it was sent.
    pub within_50ms_share: f64,
    /// Of the targeted without people: skipped.
    pub skipped_share: f64,
    /// CONFLICT, of the answers.
    pub conflict_share: f64,
    /// Of the time: at least 95 % of the agents active.
    pub availability: f64,
    /// From an operation's acceptance to the end of its gather.
    pub gather_p95_ms: f64,
    /// Releases of those that held, against T in true time.
    pub release_spread_p99_ms: f64,
    /// The longest from the loss of a lead, or the notice that an agent, a cluster or its lead fails, until the cluster was
    /// whole again; what is not over counts so far. 0 without an incident.
    pub recovery_cluster_s: f64,
    /// The same for sectors.
    pub recovery_sector_s: f64,
    /// Operations that ended.
    pub operations: usize,
    /// From a freeze to the count of 99 % of those that it concerns, the longest; absent without a freeze.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freeze_p99_ms: Option<f64>,
    /// Tasks that are done, of those with an outcome; 1 when there were none.
    pub tasks_done_share: f64,
    /// Tasks past their time without an outcome.
    pub tasks_lost: u64,
    /// Tasks begun twice that may run once.
    pub tasks_run_twice: u64,
}

/// Runs a scenario to its end. `step` is told how far it is, from 0 to 1, about every hundredth.
pub fn run(scenario: Scenario, step: impl FnMut(f64)) -> Report {
    run_with(World::new(scenario), step)
}

/// The same for a world that is there already.
pub fn run_with(mut world: World, mut step: impl FnMut(f64)) -> Report {
    let begun = std::time::Instant::now();
    let duration = world.scenario.duration;
    for hundredth in 1..=100 {
        world.run_until(Moment(duration.0 / 100 * hundredth));
        step(hundredth as f64 / 100.0);
    }
    world.run();
    world.settle();
    world.truth.verify_chains();
    let tally = world.tally();
    let truth = &world.truth;
    Report {
        agents: world.agent_count(),
        seconds: duration.as_seconds_f64(),
        seed: world.scenario.seed,
        events: truth.events,
        wall_s: begun.elapsed().as_secs_f64(),
        peak_rss_mb: peak_rss_mb(),
        violations: truth.violations,
        state_hash: format!("{:016x}", truth.hash),
        kpi: Kpi {
            freeze_p99_ms: world.standing.freeze_p99_ms(),
            tasks_done_share: if tally.ended == 0 {
                1.0
            } else {
                tally.done as f64 / tally.ended as f64
            },
            tasks_lost: tally.lost,
            tasks_run_twice: tally.twice,
            ..Kpi::of(&world)
        },
        door: world.requests.books.clone(),
        detected: truth
            .detected
            .iter()
            .map(|(name, at)| (*name, at.since(Moment(0)).as_seconds_f64()))
            .collect(),
        refused: world.refused(),
        tripped: truth.tripped.iter().map(ToString::to_string).collect(),
        conflict_rows: truth.conflict_rows(),
        broken: truth.told.clone(),
        verdicts: world.verdicts(),
    }
}

impl World {
    /// Messages that were dropped, by reason.
    pub(super) fn refused(&self) -> std::collections::BTreeMap<&'static str, u64> {
        let roles = self.truth.refusals.iter();
        let mut refused: std::collections::BTreeMap<_, _> =
            roles.map(|(why, count)| (why.words(), *count)).collect();
        for (why, count) in self.signing.refusals().iter() {
            *refused.entry(why.words()).or_default() += u64::from(count);
        }
        refused
    }
}

impl Kpi {
    /// The figures of a run so far.
    pub fn of(world: &World) -> Self {
        let truth = &world.truth;
        let classes = || {
            let all = truth.sheets.iter().flat_map(|sheet| &sheet.classes);
            all.filter(|class| !class.class.is_human())
        };
        let sum = |pick: fn(&ClassTally32) -> u32| classes().map(pick).map(f64::from).sum::<f64>();
        let (targeted, eligible) = (sum(|class| class.targeted), sum(|class| class.eligible));
        let (ready, conflict) = (sum(|class| class.ready), sum(|class| class.conflict));
        let mut elapsed: Vec<Micros> = truth.sheets.iter().map(|sheet| sheet.elapsed).collect();
        elapsed.sort_unstable();
        let rank = (elapsed.len() * 95).div_ceil(100).saturating_sub(1);
        Self {
            quorum_share: truth.quorum_share().unwrap_or(0.0),
            in_window_share: share(sum(|class| class.in_window), eligible),
            within_50ms_share: share(sum(|class| class.within_50), eligible),
            skipped_share: share(targeted - eligible, targeted),
            conflict_share: share(conflict, ready + conflict),
            availability: share(f64::from(truth.surveys_available), f64::from(truth.surveys)),
            gather_p95_ms: elapsed
                .get(rank)
                .copied()
                .unwrap_or_default()
                .as_millis_f64(),
            release_spread_p99_ms: truth
                .spread
                .quantile(0.99)
                .unwrap_or_default()
                .as_millis_f64(),
            recovery_cluster_s: world.incidents.cluster_s(world.now()).unwrap_or(0.0),
            recovery_sector_s: world.incidents.sector_s(world.now()).unwrap_or(0.0),
            operations: truth.sheets.len(),
            ..Self::default()
        }
    }
}

/// A part of a whole, and 0 of nothing.
pub(super) fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

impl World {
    /// Looks at the whole: how many agents are up.
    pub(super) fn survey(&mut self) {
        let up = self.agents.iter().filter(|agent| agent.host.up).count();
        let share = up as f64 / self.agents.len() as f64;
        self.truth.surveys += 1;
        self.truth.surveys_available += u32::from(share >= 0.95);
        self.truth.active_share = share;
        if self.truth.surveys.is_multiple_of(10) {
            self.tally();
        }
        self.look_at_levels();
        self.look_at_incidents();
        self.look_at_all();
        self.queue.push(self.now + SURVEY_EVERY, Event::Survey);
    }
}

/// The most memory that this process had, where the system tells.
fn peak_rss_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|rest| {
        rest.trim()
            .trim_end_matches(" kB")
            .trim()
            .parse::<f64>()
            .ok()
    });
    kilobytes.unwrap_or(0.0) / 1024.0
}
