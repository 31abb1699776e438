//! The procedures of §10 as guided steps: each checks by itself what can be checked, says what it found, and offers the
//! operations that the procedure asks for. A person walks through them; nothing is done unasked.

use super::finding::{Evidence, Figure, Subject};
use super::health;
use super::survey::Survey;
use crate::operation::scale;
use crate::operation::view::{BreakerAt, ClusterRow};
use crate::operation::word::{BackupAct, KeyAct, LogKind, Runbook};
use crate::operation::{Operation, Scopes, View};
use crate::place::{ClusterId, SectorId};
use crate::registry::State;
use crate::time::Micros;
use crate::trust::seat::Seat;
use crate::unit::Share;
use serde::{Deserialize, Serialize};

/// No beat for so long means that nobody was heard: six beats of five seconds (§6.1).
const SILENT: Micros = Micros::seconds(30);
/// A cluster or sector with less of it active than this has failed.
const FAILED: f64 = 0.5;

/// What a step is about, by the numbers of the specification's lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// §10.3 1: is it unresponsive, or is it the network to us?
    VerifyUnresponsive(SectorId),
    /// §10.3 2: is its coordinator down?
    CoordinatorDown(SectorId),
    /// §10.3 3: which leads do not answer?
    LeadDown(ClusterId),
    /// §10.3 3: do its clusters have leads but no agents?
    ClusterFailed(ClusterId),
    /// §10.3 4: have agents failed everywhere in it?
    Widespread(SectorId),
    /// §10.3 5: what is to be learnt.
    Learn,
    /// §10.2 1 and 3: is there room?
    Places,
    /// §10.2 2: identities.
    Identities,
    /// §10.2 5: do they beat?
    Beating,
    /// §10.2 6: are their profiles stable?
    Settled,
    /// §10.2 8: do they cause conflicts?
    Integration,
    /// §10.1: a question of the daily check.
    Daily(health::Question),
}

/// What a step's check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Checked {
    /// As it should be: go on.
    Good,
    /// Not as it should be: see what is offered.
    Bad,
    /// Only a person can tell.
    Person,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What it is about.
    pub kind: StepKind,
    /// What was found.
    pub checked: Checked,
    /// On what that rests.
    pub evidence: Vec<Evidence>,
    /// What the procedure would do now, in order.
    pub offers: Vec<Operation>,
}

/// The steps of a runbook in a scope, checked against the mesh as it is; walking it again checks again.
pub fn walk(runbook: Runbook, scope: &Scopes, view: &dyn View) -> Vec<Step> {
    let survey = Survey::of(scope, None, view);
    match runbook {
        Runbook::SectorUnresponsive => {
            let mut sectors: Vec<SectorId> = survey.agents.keys().map(|id| id.sector()).collect();
            sectors.dedup();
            sectors
                .into_iter()
                .flat_map(|sector| sector_steps(&survey, sector))
                .chain([learn()])
                .take(super::FINDINGS_MAX)
                .collect()
        }
        Runbook::AddAgents => add_steps(&survey, scope),
        Runbook::DailyCheck => health::check(view).into_iter().map(daily).collect(),
    }
}

fn step(kind: StepKind, bad: bool, evidence: Vec<Evidence>, offers: Vec<Operation>) -> Step {
    let checked = if bad { Checked::Bad } else { Checked::Good };
    Step {
        kind,
        checked,
        evidence,
        offers: if bad { offers } else { Vec::new() },
    }
}

/// §10.3 1 to 4.
fn sector_steps(survey: &Survey<'_>, sector: SectorId) -> Vec<Step> {
    let seat = Seat::Coordinator(sector);
    let coordinator = step(
        StepKind::CoordinatorDown(sector),
        vacant(survey, seat),
        Vec::new(),
        fill(survey, seat),
    );
    let mut steps = vec![heard(survey, sector), coordinator];
    for cluster in survey.clusters.iter().filter(|row| row.id.sector == sector) {
        let seat = Seat::Lead(cluster.id);
        if vacant(survey, seat) {
            steps.push(step(
                StepKind::LeadDown(cluster.id),
                true,
                Vec::new(),
                fill(survey, seat),
            ));
        }
        steps.extend(failed(cluster));
    }
    steps.push(widespread(survey, sector));
    steps
}

fn vacant(survey: &Survey<'_>, seat: Seat) -> bool {
    survey
        .seats
        .iter()
        .find(|row| row.seat == seat)
        .is_none_or(|row| row.holder.is_none())
}

/// What the rule for vacant seats would do about this one.
fn fill(survey: &Survey<'_>, seat: Seat) -> Vec<Operation> {
    super::region::rules(survey)
        .into_iter()
        .find(|finding| finding.subjects.contains(&Subject::Seat(seat)))
        .and_then(|finding| finding.remedy)
        .unwrap_or_default()
}

fn heard(survey: &Survey<'_>, sector: SectorId) -> Step {
    let heard = survey
        .agents
        .values()
        .filter(|row| row.id.sector() == sector)
        .map(|row| row.last_beat)
        .max();
    let ago = heard.map(|heard| survey.now.since(heard));
    let evidence = ago.map(|ago| {
        Evidence::new("last beat of any agent", Figure::Span(ago)).against(Figure::Span(SILENT))
    });
    let ping = Operation::Ping {
        scope: Scopes::sector(sector),
        except: None,
    };
    let silent = ago.is_none_or(|ago| ago >= SILENT);
    step(
        StepKind::VerifyUnresponsive(sector),
        silent,
        evidence.into_iter().collect(),
        vec![ping],
    )
}

/// A cluster most of which is gone: isolated, its agents to healthy ones.
fn failed(cluster: &ClusterRow) -> Option<Step> {
    let active = Share::of(usize::from(cluster.active), usize::from(cluster.agents))?;
    let evidence =
        Evidence::new("active", Figure::Share(active)).against(Figure::Share(Share::new(FAILED)));
    let scope = Scopes::cluster(cluster.id);
    let offers = vec![
        Operation::Trip {
            scope: scope.clone(),
            except: None,
        },
        Operation::Move {
            scope,
            except: None,
            to: None,
        },
    ];
    (active.value() < FAILED).then(|| {
        step(
            StepKind::ClusterFailed(cluster.id),
            true,
            vec![evidence],
            offers,
        )
    })
}

fn widespread(survey: &Survey<'_>, sector: SectorId) -> Step {
    let states: Vec<State> = survey
        .agents
        .values()
        .filter(|row| row.id.sector() == sector)
        .map(|row| row.state)
        .collect();
    let lost = states
        .iter()
        .filter(|state| **state == State::Offline)
        .count();
    let share = Share::of(lost, states.len()).unwrap_or(Share::NONE);
    let evidence = vec![
        Evidence::new("agents offline", Figure::Count(lost as u64)),
        Evidence::new("of the sector", Figure::Share(share))
            .against(Figure::Share(Share::new(FAILED))),
    ];
    let scope = Scopes::sector(sector);
    let tripped = survey
        .breakers
        .iter()
        .any(|row| row.open && row.at == BreakerAt::Sector(sector));
    let trip = (!tripped).then(|| Operation::Trip {
        scope: scope.clone(),
        except: None,
    });
    let offers = trip
        .into_iter()
        .chain([Operation::Diagnose {
            scope: scope.clone(),
            except: None,
        }])
        .collect();
    step(
        StepKind::Widespread(sector),
        share.value() >= FAILED,
        evidence,
        offers,
    )
}

/// What follows an incident is a person's to think about; the audit trail is where to begin.
fn learn() -> Step {
    let offers = vec![
        Operation::Verify {
            log: LogKind::Audit,
        },
        Operation::Backup {
            action: BackupAct::Make,
        },
    ];
    Step {
        kind: StepKind::Learn,
        checked: Checked::Person,
        evidence: Vec::new(),
        offers,
    }
}

fn add_steps(survey: &Survey<'_>, scope: &Scopes) -> Vec<Step> {
    let free = scale::free_places(survey.view, scope);
    let room = Evidence::new("free places", Figure::Count(free as u64));
    let token = Operation::Keys {
        action: KeyAct::Token,
        key: None,
        scope: None,
        except: None,
        for_s: None,
    };
    let joined: Vec<_> = survey
        .agents
        .values()
        .filter(|row| row.usual.is_none() && !row.class.is_human())
        .collect();
    let silent = joined
        .iter()
        .filter(|row| row.state == State::Offline)
        .count();
    let unmeasured = joined.iter().filter(|row| row.impedance.is_none()).count();
    let counted = |what: &str, n: usize| {
        vec![
            Evidence::new(what, Figure::Count(n as u64))
                .against(Figure::Count(joined.len() as u64)),
        ]
    };
    let overdue = super::region::overdue(survey);
    let offers = overdue
        .iter()
        .filter_map(|finding| finding.remedy.clone())
        .flatten()
        .collect();
    let evidence = overdue
        .iter()
        .flat_map(|finding| finding.evidence.clone())
        .collect();
    vec![
        Step {
            kind: StepKind::Places,
            checked: Checked::Good,
            evidence: vec![room],
            offers: Vec::new(),
        },
        Step {
            kind: StepKind::Identities,
            checked: Checked::Person,
            evidence: Vec::new(),
            offers: vec![token],
        },
        step(
            StepKind::Beating,
            silent > 0,
            counted("new agents not heard", silent),
            vec![Operation::Ping {
                scope: scope.clone(),
                except: None,
            }],
        ),
        step(
            StepKind::Settled,
            unmeasured > 0,
            counted("new agents not measured", unmeasured),
            vec![Operation::Calibrate {
                scope: scope.clone(),
                except: None,
            }],
        ),
        step(StepKind::Integration, !overdue.is_empty(), evidence, offers),
    ]
}

fn daily(answered: health::Answered) -> Step {
    let offers = answered
        .findings
        .iter()
        .filter_map(|finding| finding.remedy.clone())
        .flatten()
        .collect();
    step(
        StepKind::Daily(answered.question),
        !answered.good,
        answered.evidence,
        offers,
    )
}
