//! What a scenario expects of a run, held against what came of it.

use super::figures::{Kpi, share};
use super::node::{NodeId, SeatRole};
use super::scenario::{Bound, Expect, Seat as SeatKind};
use super::world::World;
use mesh_core::guard::level::{Effective, Gate, Kind, Value};
use mesh_core::place::scope::{Region, Scope};
use mesh_core::trust::seat::Seat;
use serde::Serialize;

/// What is said of a figure of something that did not happen: never taken for met.
const NOT_MEASURED: &str = "not measured";

/// One expectation and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// What was looked at, as the scenario names it: `kpi.quorum_share`, `active`.
    pub what: String,
    /// What was wanted of it.
    pub wanted: String,
    /// What was found.
    pub found: String,
    /// Whether that is what was wanted.
    pub met: bool,
}

impl Verdict {
    fn new(
        what: impl Into<String>,
        wanted: impl Into<String>,
        found: Result<String, String>,
    ) -> Self {
        let met = found.is_ok();
        Self {
            what: what.into(),
            wanted: wanted.into(),
            found: found.unwrap_or_else(|other| other),
            met,
        }
    }
}

/// How an agent stands at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Active,
    Frozen,
    Quarantined,
    Avoided,
}

impl World {
    /// Every expectation of the scenario, in its order.
    pub fn verdicts(&self) -> Vec<Verdict> {
        let expect = &self.scenario.expect;
        let broken = self.truth.violations;
        let found = format!("{broken}");
        let mut verdicts = vec![Verdict::new(
            "violations",
            format!("<= {}", expect.violations),
            if broken <= expect.violations {
                Ok(found)
            } else {
                Err(found)
            },
        )];
        let unexpected = &self.requests.books.unexpected;
        verdicts.push(Verdict::new(
            "operations",
            "each carried out or refused as the scenario says",
            match unexpected.as_slice() {
                [] => Ok(format!("all {} as it says", self.requests.books.asked)),
                [first, rest @ ..] => Err(format!("{first} (and {} more)", rest.len())),
            },
        ));
        verdicts.extend(expect.detected.iter().map(|name| self.detected(name, true)));
        verdicts.extend(
            expect
                .not_detected
                .iter()
                .map(|name| self.detected(name, false)),
        );
        for (word, scopes, standing) in [
            ("frozen", &expect.frozen, Standing::Frozen),
            ("active", &expect.active, Standing::Active),
            ("quarantined", &expect.quarantined, Standing::Quarantined),
            ("avoided", &expect.avoided, Standing::Avoided),
        ] {
            verdicts.extend(
                scopes
                    .iter()
                    .map(|scope| self.standing(word, scope, standing)),
            );
        }
        verdicts.extend(expect.tripped.iter().map(|scope| self.tripped(scope)));
        verdicts.extend(expect.mode.iter().map(|mode| self.mode(mode)));
        let kpi = Kpi::of(self);
        verdicts.extend(
            expect
                .kpi
                .iter()
                .map(|(name, bound)| self.bounded(&kpi, name, *bound)),
        );
        verdicts
    }

    /// A figure by its name in scenarios; none where nothing of the kind happened, or nobody measures it.
    pub fn figure(&self, kpi: &Kpi, name: &str) -> Option<f64> {
        let truth = &self.truth;
        let ended = (!truth.sheets.is_empty()).then_some(());
        let tally = Some(self.counted()).filter(|tally| tally.ended > 0);
        match name {
            "quorum_share" => ended.map(|()| kpi.quorum_share),
            "in_window_share" => ended.map(|()| kpi.in_window_share),
            "within_50ms_share" => ended.map(|()| kpi.within_50ms_share),
            "skipped_share" => ended.map(|()| kpi.skipped_share),
            "conflict_share" => ended.map(|()| kpi.conflict_share),
            "gather_p95_ms" => ended.map(|()| kpi.gather_p95_ms),
            "availability" => (truth.surveys > 0).then_some(kpi.availability),
            "active_share" => (truth.surveys > 0).then_some(truth.active_share),
            "release_spread_p99_ms" => truth
                .spread
                .quantile(0.99)
                .map(mesh_core::time::Micros::as_millis_f64),
            "recovery_cluster_s" => self.incidents.cluster_s(self.now),
            "recovery_sector_s" => self.incidents.sector_s(self.now),
            "takeover_lead_s" => self.takeover(SeatKind::Lead),
            "takeover_coordinator_s" => self.takeover(SeatKind::Coordinator),
            "takeover_orchestrator_s" => self.takeover(SeatKind::Orchestrator),
            "takeovers" => Some(truth.takeovers.len() as f64),
            "agents" => Some(self.agents.len() as f64),
            "conflicts_recorded" => Some(truth.conflict_rows() as f64),
            "operations" => Some(truth.sheets.len() as f64),
            "operations_refused" => Some(truth.operations_refused as f64),
            "messages_lost" => Some(self.post.lost as f64),
            "freeze_p99_ms" => self.standing.freeze_p99_ms(),
            "tasks_done_share" => tally.map(|tally| tally.done as f64 / tally.ended as f64),
            "tasks_lost" => tally.map(|tally| tally.lost as f64),
            "tasks_run_twice" => tally.map(|tally| tally.twice as f64),
            "messages_refused" => {
                let at_doors = self.signing.refusals().total();
                Some((truth.refused_total + at_doors) as f64)
            }
            "peak_pending" => Some(truth.peak_pending as f64),
            _ => None,
        }
    }

    /// The longest takeover of such a seat, in seconds.
    pub(super) fn takeover(&self, kind: SeatKind) -> Option<f64> {
        let of = |seat: &Seat| match kind {
            SeatKind::Lead => matches!(seat, Seat::Lead(_)),
            SeatKind::Coordinator => matches!(seat, Seat::Coordinator(_)),
            SeatKind::Orchestrator => matches!(seat, Seat::Orchestrator),
        };
        let takeovers = self.truth.takeovers.iter().filter(|(seat, _)| of(seat));
        takeovers
            .map(|(_, took)| *took)
            .max()
            .map(mesh_core::time::Micros::as_seconds_f64)
    }

    fn bounded(&self, kpi: &Kpi, name: &str, bound: Bound) -> Verdict {
        let found = match self.figure(kpi, name) {
            None => Err(NOT_MEASURED.to_owned()),
            Some(figure) if bound.holds(figure) => Ok(rounded(figure)),
            Some(figure) => Err(rounded(figure)),
        };
        Verdict::new(format!("kpi.{name}"), bound.to_string(), found)
    }

    fn detected(&self, name: &str, wanted: bool) -> Verdict {
        let (what, wish) = if wanted {
            ("detected", name.to_owned())
        } else {
            ("not_detected", format!("no {name}"))
        };
        let (finding, scope) = Expect::finding(name);
        let subjects: Vec<String> = self
            .truth
            .found(finding, scope)
            .map(|subject| subject.to_string())
            .collect();
        let text = match subjects.as_slice() {
            [] => "not found".to_owned(),
            [first] => format!("found in {first}"),
            [first, rest @ ..] => format!("found in {first} and {} more", rest.len()),
        };
        let found = if subjects.is_empty() == wanted {
            Err(text)
        } else {
            Ok(text)
        };
        Verdict::new(what, wish, found)
    }

    fn standing(&self, word: &str, text: &str, wanted: Standing) -> Verdict {
        // The scenario was checked when it was read.
        let scope = Scope::parse(text).unwrap_or(Scope::ALL);
        let (mut all, mut there, mut first) = (0_u32, 0_u32, None);
        for (index, agent) in self.agents.iter().enumerate() {
            let (place, class) = (agent.role.place(), agent.role.class());
            if !scope.matches_place(place, class).unwrap_or(false) {
                continue;
            }
            all += 1;
            if self.stands(index as u32, wanted) {
                there += 1;
            } else {
                first = first.or(Some(place));
            }
        }
        let found = match (all, first) {
            (0, _) => Err("nobody is there".to_owned()),
            (_, None) => Ok(format!("all {all}")),
            (_, Some(first)) => Err(format!(
                "{there} of {all} ({:.0} %), not {first}",
                share(f64::from(there), f64::from(all)) * 100.0
            )),
        };
        Verdict::new(word, text, found)
    }

    /// Whether an agent stands so.
    fn stands(&self, agent: u32, wanted: Standing) -> bool {
        let node = &self.agents[agent as usize];
        let (place, class) = (node.role.place(), node.role.class());
        match wanted {
            Standing::Active => {
                // Whom the standing churn has just taken comes back as always: that is its surroundings, not a fault.
                let away = !node.host.up && self.now < node.host.away_until;
                let well = node.host.up && !node.host.silent && self.is_given_work(agent);
                away || well && node.role.applied().frozen().is_none()
            }
            // One that is down at the end is as its disk says: so it starts.
            Standing::Frozen if node.host.up => node.role.applied().frozen().is_some(),
            Standing::Frozen => {
                let kept = self.disks.read(NodeId::Agent(agent));
                kept.iter().any(|entry| {
                    matches!(entry.kind, Kind::Freeze | Kind::Seal)
                        && entry.value == Value::Hold
                        && entry.region.covers(place, class)
                })
            }
            Standing::Quarantined => self.all_above(agent, |level, _| level.quarantined),
            Standing::Avoided => {
                self.all_above(agent, |level, gate| level.avoided || gate == Gate::Open)
            }
        }
    }

    /// Whether a lead serves that the agent obeys and that sends work to it: it is not isolated, nor routed around.
    fn is_given_work(&self, agent: u32) -> bool {
        let node = &self.agents[agent as usize];
        let (place, class) = (node.role.place(), node.role.class());
        let leads = self.clusters[node.cluster as usize].leads;
        leads.iter().any(|&lead| {
            let lead = &self.seats[lead as usize];
            let SeatRole::Lead(role) = &lead.role else {
                return false;
            };
            let obeyed = node.host.obeys.is_some_and(|(_, key)| key == lead.host.key);
            let level = role.desired().effective(place, class);
            let routed = !level.quarantined && !level.avoided && level.breaker != Gate::Open;
            obeyed && lead.host.up && role.serving() && routed
        })
    }

    /// Whether it holds for an agent at all who route to it: its lead, its coordinator and the orchestrator, as far as
    /// they are there; at least one is.
    fn all_above(&self, agent: u32, holds: impl Fn(&Effective, Gate) -> bool) -> bool {
        let node = &self.agents[agent as usize];
        let (place, class) = (node.role.place(), node.role.class());
        let leads = self.clusters[node.cluster as usize].leads;
        let above = self.sectors[place.sector().index()].coordinators;
        let seats = leads.into_iter().chain(above).chain(self.orchestrators);
        let seats = seats.map(|seat| &self.seats[seat as usize]);
        let mut held = seats
            .filter(|seat| seat.host.up && seat.role.serving())
            .map(|seat| match &seat.role {
                SeatRole::Orchestrator(role) => {
                    let level = role.desired().effective(place, class);
                    holds(&level, role.gate(place.cluster))
                }
                SeatRole::Coordinator(role) => {
                    let level = role.desired().effective(place, class);
                    holds(&level, role.gate(place.cluster.slot()))
                }
                SeatRole::Lead(role) => {
                    let level = role.desired().effective(place, class);
                    holds(&level, level.breaker)
                }
            })
            .peekable();
        held.peek().is_some() && held.all(|held| held)
    }

    fn tripped(&self, text: &str) -> Verdict {
        let region = match Scope::parse(text) {
            Ok(Scope::Region(region)) => region,
            // The scenario was checked when it was read.
            Ok(_) | Err(_) => Region::All,
        };
        let tripped = self.truth.tripped.contains(&region);
        let others = self.truth.tripped.iter().map(ToString::to_string);
        let others = others.collect::<Vec<_>>().join(", ");
        let found = match (tripped, others.is_empty()) {
            (true, _) => Ok("it was open".to_owned()),
            (false, true) => Err("no breaker was open".to_owned()),
            (false, false) => Err(format!("those of {others} were open")),
        };
        Verdict::new("tripped", text, found)
    }

    fn mode(&self, wanted: &str) -> Verdict {
        let mode =
            self.orchestrators
                .into_iter()
                .find_map(|seat| match &self.seats[seat as usize].role {
                    SeatRole::Orchestrator(role) if role.serving() => Some(role.mode()),
                    _ => None,
                });
        let found = match mode.map(|mode| mode.to_string().to_lowercase()) {
            None => Err("nobody is the orchestrator".to_owned()),
            Some(mode) if mode == wanted => Ok(mode),
            Some(mode) => Err(mode),
        };
        Verdict::new("mode", wanted, found)
    }
}

/// A figure with four decimals at most.
fn rounded(figure: f64) -> String {
    format!("{}", libm::round(figure * 1e4) / 1e4)
}
