//! What is only looked at: figures, lists, findings, plans. Nothing here changes the mesh.

use super::Orchestrator;
use super::chart::Chart;
use super::eyes::Eyes;
use crate::diagnose::{self, health, runbook};
use crate::operation::answer::{
    AgentLine, Answer, BreakerLine, ConflictLine, Inspection, OperationLine, POINTS_MAX, Plan,
    ROWS_MAX, RegionLine, RowKind, Rows, SheetRef, Status, Trend,
};
use crate::operation::preview::preview;
use crate::operation::refusal::Ground;
use crate::operation::view::{BreakerAt, BreakerRow, View};
use crate::operation::word::{Metric, Openness, Order as Way, SheetFormat, SortBy, What};
use crate::operation::{Operation, Refusal, Scopes};
use crate::place::scope::{Region, ScopeSet};
use crate::place::{ClusterId, SectorId};
use crate::registry::{self, Order, Selection, SortKey};
use crate::role::Ask;
use crate::throw::Sheet;
use crate::time::{Micros, Moment};
use crate::unit::{Digest, Impedance, Share};
use std::collections::BTreeMap;

/// Rows of an inspection when there are few agents: one cluster of the default shape.
const FEW: usize = 30;
/// What a list without a limit gives at most, of what is not agents.
const LISTED: usize = 1_000;
/// An hour.
const HOUR: Micros = Micros::seconds(3_600);

impl Orchestrator {
    /// Answers what only looks; `None` when the operation does more than that.
    #[expect(clippy::too_many_lines, reason = "one arm for each operation")]
    pub(super) fn look(&mut self, now: Moment, ask: &Ask) -> Option<Result<Answer, Refusal>> {
        let eyes = Eyes { mesh: self, now };
        let answer =
            match &ask.operation {
                Operation::Status {} => Ok(Answer::Status(self.status(now))),
                Operation::Inspect { scope, except } => Ok(Answer::Inspect(Box::new(
                    self.inspection(scope, except.as_ref(), now),
                ))),
                Operation::List {
                    what,
                    scope,
                    except,
                    state,
                    span_s,
                    sort,
                    order,
                    limit,
                } => {
                    let which = Which {
                        set: set_of(scope.as_ref(), except.as_ref()),
                        state: *state,
                        span: span_s.map(|span| span.0),
                    };
                    let limit = limit.map_or(usize::MAX, |limit| limit as usize);
                    Ok(Answer::Rows(self.rows(
                        *what,
                        &which,
                        (*sort, *order),
                        limit,
                        now,
                    )))
                }
                Operation::Count {
                    what,
                    scope,
                    except,
                    state,
                    span_s,
                } => {
                    let which = Which {
                        set: set_of(scope.as_ref(), except.as_ref()),
                        state: *state,
                        span: span_s.map(|span| span.0),
                    };
                    let count = if *what == What::Agents {
                        self.replica.table.select(&which.set, now).len() as u64
                    } else {
                        self.rows(*what, &which, (None, None), 0, now).total
                    };
                    Ok(Answer::Count { count })
                }
                Operation::Diagnose { scope, except } => Ok(Answer::Findings {
                    findings: diagnose::diagnose(scope, except.as_ref(), &eyes),
                }),
                Operation::Trend {
                    metric,
                    scope,
                    except,
                    span_s,
                } => self.trend(
                    *metric,
                    scope.as_ref(),
                    except.as_ref(),
                    span_s.map(|span| span.0),
                ),
                Operation::Health {} => Ok(Answer::Health {
                    checks: health::check(&eyes),
                }),
                Operation::Runbook { name, scope, .. } => {
                    let scope = scope.clone().unwrap_or_else(Scopes::all);
                    Ok(Answer::Runbook {
                        steps: runbook::walk(*name, &scope, &eyes),
                    })
                }
                Operation::Task { task_id } => self.board.find(task_id).map_or_else(
                    || {
                        Err(not_found(&format!(
                            "no task {task_id} is open or lately ended"
                        )))
                    },
                    |kept| {
                        Ok(Answer::Task {
                            task: kept.task.clone(),
                        })
                    },
                ),
                Operation::Plan { operation } => self
                    .plan(operation, ask, now)
                    .map(|plan| Answer::Plan(Box::new(plan))),
                Operation::WhatIf { operation } => {
                    let inner = Ask {
                        operation: operation.as_ref().clone(),
                        confirmed: true,
                        ..ask.clone()
                    };
                    Ok(Answer::WhatIf {
                        preview: preview(operation, self.shape, &eyes),
                        refusal: self.would_refuse(&inner, now),
                    })
                }
                Operation::Proof {
                    throw_id, format, ..
                } => self.proof(throw_id, *format),
                Operation::Audit {
                    by, span_s, limit, ..
                } => {
                    let since = span_s.map(|span| self.wall_at(now) + -span.0);
                    let rows = self.door.audit.iter().rev();
                    let rows: Vec<OperationLine> = rows
                        .filter(|row| by.as_ref().is_none_or(|by| row.by.raw() == by))
                        .filter(|row| since.is_none_or(|since| row.at >= since))
                        .take(limit.map_or(LISTED, |limit| limit as usize))
                        .cloned()
                        .collect();
                    Ok(Answer::Rows(Rows {
                        total: rows.len() as u64,
                        rows: RowKind::Operations(rows),
                    }))
                }
                Operation::Context {
                    action: crate::operation::word::ContextAct::Show,
                    scope,
                    except,
                    ..
                } => {
                    let set = set_of(scope.as_ref(), except.as_ref());
                    Ok(Answer::Context(self.contexts(&set, now)))
                }
                Operation::Follow { .. }
                | Operation::Explain { .. }
                | Operation::Answer { .. }
                | Operation::Help { .. }
                | Operation::Theme { .. }
                | Operation::Quit {} => Ok(Answer::Ok),
                Operation::Kpis { span_s } => {
                    let hours = span_s.map_or(24, |span| (span.0.0 / HOUR.0).max(1) as usize);
                    return Some(Ok(self.kpis(hours, now)));
                }
                _ => return None,
            };
        Some(answer)
    }

    /// Why something would be refused now, if it would.
    fn would_refuse(&self, ask: &Ask, now: Moment) -> Option<Refusal> {
        let against = self.refused(ask, now);
        against.or_else(|| self.held_back(ask, now))
    }

    pub(super) fn status(&self, now: Moment) -> Status {
        self.status_of(&Heads::of(&self.replica.table), now)
    }

    /// The same from figures that were summed up a moment ago.
    pub(super) fn status_of(&self, heads: &Heads, now: Moment) -> Status {
        let table = &self.replica.table;
        let counts = table.counts();
        let eyes = Eyes { mesh: self, now };
        let breakers: Vec<_> = eyes.breakers().collect();
        let open = breakers.iter().filter(|row| row.open).count() as u32;
        let behind = |id: SectorId| {
            breakers.iter().any(|row| match row.at {
                BreakerAt::Mesh => true,
                BreakerAt::Sector(at) => at == id,
                BreakerAt::Cluster(_) => false,
            })
        };
        let healthy = table
            .sector_ids()
            .filter(|id| self.replica.healthy(*id) && !behind(*id))
            .count();
        Status {
            agents: counts.agents,
            active: counts.active,
            sectors: table.sector_ids().count() as u32,
            sectors_healthy: healthy as u32,
            impedance: heads.impedance,
            impedance_p95: heads.impedance_p95,
            conflicts: self.door.conflict_count(now, HOUR),
            mode: self.door.mode.mode().to_string(),
            last_cascade: self.door.last_cascade.map(|at| now.since(at)),
            frozen: counts.frozen,
            breakers: (open, breakers.len() as u32 - open),
            reviews: self.door.desk.reviews.open().count() as u32,
            age: heads
                .oldest
                .map_or(Micros::ZERO, |at| (now - at).max(Micros::ZERO)),
        }
    }

    fn inspection(&self, scope: &Scopes, except: Option<&Scopes>, now: Moment) -> Inspection {
        let eyes = Eyes { mesh: self, now };
        let selection = self.replica.table.select(&set_of(Some(scope), except), now);
        let counts = selection.counts();
        let rows: Vec<_> = eyes.agents(scope, except).collect();
        let mut reasons = BTreeMap::new();
        for reason in rows.iter().filter_map(|row| row.quarantine) {
            *reasons.entry(reason).or_insert(0) += 1;
        }
        let mean = |of: fn(&crate::operation::view::AgentRow) -> Option<Impedance>| {
            let measured: Vec<i64> = rows.iter().filter_map(of).map(|z| z.0.0).collect();
            let count = measured.len() as i64;
            (count > 0).then(|| Impedance(Micros(measured.iter().sum::<i64>() / count)))
        };
        let inside = |at: BreakerAt| rows.iter().any(|row| at.guards(row.id));
        let age = selection.rows().map(|row| row.age(now)).max();
        Inspection {
            scope: scope.clone(),
            agents: counts.agents,
            states: [
                counts.active,
                counts.degraded,
                counts.offline,
                counts.quarantined,
            ],
            avoided: counts.avoided,
            frozen: counts.frozen,
            impedance: mean(|row| row.impedance).zip(mean(|row| row.usual)),
            quarantine: reasons.into_iter().collect(),
            breakers: eyes
                .breakers()
                .map(|row| row.at)
                .filter(|at| inside(*at))
                .collect(),
            last_cascade: self.door.last_cascade.map(|at| now.since(at)),
            notable: diagnose::notable(scope, except, &eyes),
            rows: if rows.len() <= FEW {
                let places = selection.rows();
                places.map(|row| self.line(&row, now)).collect()
            } else {
                Vec::new()
            },
            age: age.unwrap_or(Micros::ZERO),
        }
    }

    fn line(&self, row: &registry::Row, now: Moment) -> AgentLine {
        let eyes = Eyes { mesh: self, now };
        let id = row.place();
        let state = eyes.agent(id).map(|seen| seen.state);
        let tasks = &self.replica.table;
        AgentLine {
            id,
            class: row.class(),
            state: state.unwrap_or_default(),
            avoided: row.is_avoided(),
            frozen: row.is_frozen(),
            impedance: row.impedance(),
            queue: u16::try_from(row.queue()).unwrap_or(u16::MAX),
            reliability: row.reliability(),
            drift: row.drift() as f32,
            beat: row.silent_for(now).unwrap_or(Micros::MAX),
            task: tasks
                .tasks()
                .name(row.task())
                .map(|name| name.as_str().into()),
            context: row.context(),
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each kind of list")]
    fn rows(
        &self,
        what: What,
        which: &Which,
        (sort, way): (Option<SortBy>, Option<Way>),
        limit: usize,
        now: Moment,
    ) -> Rows {
        let eyes = Eyes { mesh: self, now };
        let selection = self.replica.table.select(&which.set, now);
        let inside = |agent| selected(&selection, agent);
        let descending = way.map_or(sort.is_some(), |way| way == Way::Descending);
        let since = which.span.map(|span| self.wall_at(now) + -span);
        let open = |is_open: bool| match which.state {
            None => true,
            Some(Openness::Open) => is_open,
            Some(Openness::Closed) => !is_open,
        };
        match what {
            What::Agents => {
                let key = match sort {
                    Some(SortBy::Impedance) => SortKey::Impedance,
                    Some(SortBy::Queue) => SortKey::Queue,
                    Some(SortBy::Reliability) => SortKey::Reliability,
                    Some(SortBy::Drift) => SortKey::Drift,
                    Some(SortBy::Conflicts | SortBy::Agents) | None => SortKey::Place,
                };
                let order = Order { key, descending };
                let window = selection.window(order, 0, limit.min(ROWS_MAX));
                let rows = window.into_iter();
                let rows = rows.filter_map(|id| self.replica.table.row(id));
                Rows {
                    total: selection.len() as u64,
                    rows: RowKind::Agents(rows.map(|row| self.line(&row, now)).collect()),
                }
            }
            What::Clusters => {
                let guards: Vec<_> = eyes.breakers().collect();
                let ids: Vec<ClusterId> =
                    selection.targets().into_iter().map(|(id, _)| id).collect();
                let lines = ids
                    .into_iter()
                    .map(|id| self.region_line(id, Region::Cluster(id), &guards, now));
                let (total, lines) = sorted(lines.collect(), sort, descending, limit);
                Rows {
                    total,
                    rows: RowKind::Clusters(lines),
                }
            }
            What::Sectors => {
                let guards: Vec<_> = eyes.breakers().collect();
                let mut ids: Vec<SectorId> = selection
                    .targets()
                    .into_iter()
                    .map(|(id, _)| id.sector)
                    .collect();
                ids.dedup();
                let lines = ids
                    .into_iter()
                    .map(|id| self.region_line(id, Region::Sector(id), &guards, now));
                let (total, lines) = sorted(lines.collect(), sort, descending, limit);
                Rows {
                    total,
                    rows: RowKind::Sectors(lines),
                }
            }
            What::Conflicts => {
                let rows = self.door.conflicts.iter().rev();
                let rows = rows.filter(|row| inside(row.agent) && open(true));
                let rows =
                    rows.filter(|row| which.span.is_none_or(|span| now.since(row.at) <= span));
                let (total, rows) = cut(rows, limit);
                let line = |row: &crate::operation::view::ConflictRow| ConflictLine {
                    id: row.id.clone(),
                    kind: row.kind.to_owned(),
                    priority: row.priority,
                    agent: row.agent,
                    expected: "".into(),
                    received: "".into(),
                    age: now.since(row.at),
                    settled: None,
                };
                Rows {
                    total,
                    rows: RowKind::Conflicts(rows.into_iter().map(line).collect()),
                }
            }
            What::Breakers => {
                let rows: Vec<_> = eyes.breakers().collect();
                let whole = which.set.scopes.is_all();
                let rows = rows
                    .iter()
                    .filter(|row| whole || selection.places().any(|agent| row.at.guards(agent)));
                let (total, rows) = cut(rows, limit);
                Rows {
                    total,
                    rows: RowKind::Breakers(
                        rows.into_iter().map(|row| breaker_line(row, now)).collect(),
                    ),
                }
            }
            What::Tasks => {
                let whole = which.set.scopes.is_all() && which.set.except.is_none();
                let ended = self.board.ended.iter().rev().map(|kept| &kept.task);
                let all = self.board.open().chain(ended);
                let rows = all.filter(|task| {
                    open(!task.state().is_final()) && (whole || task.at().is_some_and(inside))
                });
                let rows = rows.filter(|task| {
                    which
                        .span
                        .is_none_or(|span| now.since(task.accepted) <= span)
                });
                let (total, rows) = cut(rows, limit);
                Rows {
                    total,
                    rows: RowKind::Tasks(rows.into_iter().cloned().collect()),
                }
            }
            What::Reviews => {
                use crate::operation::review::Standing;
                let rows = self.door.desk.reviews.iter();
                let rows = rows.filter(|item| open(item.state == Standing::Open));
                let (total, rows) = cut(rows, limit);
                Rows {
                    total,
                    rows: RowKind::Reviews(rows.into_iter().cloned().collect()),
                }
            }
            What::Events => {
                let rows = self.door.events.iter().rev();
                let rows = rows.filter(|event| since.is_none_or(|since| event.at >= since));
                let (total, rows) = cut(rows, limit);
                Rows {
                    total,
                    rows: RowKind::Events(rows.into_iter().cloned().collect()),
                }
            }
            What::Operations => {
                let whole = which.set.scopes.is_all() && which.set.except.is_none();
                let names = |operation: &Operation| {
                    let scope = operation.scope().cloned().unwrap_or_else(Scopes::all);
                    let own = self.replica.table.select(&ScopeSet::new(scope), now);
                    own.places().any(inside)
                };
                let rows = self.door.audit.iter().rev();
                let rows = rows.filter(|row| since.is_none_or(|since| row.at >= since));
                let rows = rows.filter(|row| whole || names(&row.operation));
                let (total, rows) = cut(rows, limit);
                Rows {
                    total,
                    rows: RowKind::Operations(rows.into_iter().cloned().collect()),
                }
            }
        }
    }

    /// A cluster's or sector's line; `guards` are the breakers that are not closed.
    pub(super) fn region_line<Id>(
        &self,
        id: Id,
        region: Region,
        guards: &[BreakerRow],
        now: Moment,
    ) -> RegionLine<Id> {
        let vitals = self.replica.table.vitals(region);
        let stands_before = |at: BreakerAt| match at {
            BreakerAt::Mesh => true,
            BreakerAt::Sector(at) => region.sector() == Some(at),
            BreakerAt::Cluster(at) => region.cluster() == Some(at),
        };
        let rows = self.replica.table.rows(region);
        let conflicts = self.door.conflicts.iter().rev();
        let recent = conflicts.take_while(|row| now.since(row.at) <= HOUR);
        let inside = recent.filter(|row| Region::Agent(row.agent).within(region));
        RegionLine {
            id,
            agents: vitals.counts.agents,
            active: vitals.counts.active,
            impedance: vitals.mean(),
            impedance_p95: vitals.p95(),
            queue: rows.map(|row| row.queue()).sum(),
            conflicts: inside.count() as u32,
            closed: !guards.iter().any(|row| stands_before(row.at)),
        }
    }

    fn trend(
        &self,
        metric: Metric,
        scope: Option<&Scopes>,
        except: Option<&Scopes>,
        span: Option<Micros>,
    ) -> Result<Answer, Refusal> {
        let step = super::replica::MAP_EVERY;
        let count = ((span.unwrap_or(HOUR).0 / step.0).max(1) as usize).min(POINTS_MAX);
        let regions: Vec<Region> = scope.map_or_else(
            || vec![Region::All],
            |scope| scope.regions().collect::<Vec<_>>(),
        );
        let kept = match regions.as_slice() {
            _ if except.is_some() => None,
            [Region::All] => Some(self.replica.mesh()),
            [Region::Sector(id)] => self.replica.of_sector(*id),
            [Region::Cluster(id)] => self.replica.of_cluster(*id),
            _ => None,
        };
        let Some(series) = kept else {
            let why = "the last hour is kept of the mesh, of each sector and, for ten minutes, of each cluster; the store has more";
            return Err(Refusal::new(Ground::Unavailable, why));
        };
        let points = series.last(count).map(|point| point.figure(metric));
        Ok(Answer::Trend(Trend {
            metric,
            step,
            points: points.collect(),
        }))
    }

    fn kpis(&mut self, hours: usize, now: Moment) -> Answer {
        let report = self.door.meter.report(hours, now);
        Answer::Kpis {
            kpis: report.figures,
        }
    }

    /// What a throw would look like, from the code that fires it.
    pub(super) fn plan(
        &self,
        operation: &Operation,
        ask: &Ask,
        now: Moment,
    ) -> Result<Plan, Refusal> {
        let (order, set) = self.order_of(operation, now)?;
        let aim = self.replica.table.select(&set, now).targets();
        let chart = Chart::new(&order, &aim, self);
        let eyes = Eyes { mesh: self, now };
        let copy = crate::role::lead::second_copy(self.lossy);
        let mut plan = chart.plan(&order, &aim, &self.replica, copy, |agent, row| {
            eyes.spared(agent, row)
        });
        let inner = Ask {
            operation: operation.clone(),
            confirmed: true,
            ..ask.clone()
        };
        plan.refusal = self.would_refuse(&inner, now);
        Ok(plan)
    }

    fn proof(&self, id: &str, format: Option<SheetFormat>) -> Result<Answer, Refusal> {
        let sheet = if id == "latest" {
            self.door.sheets.back()
        } else {
            let mut sheets = self.door.sheets.iter();
            sheets.find(|sheet| sheet.operation.to_string() == id)
        };
        let Some(sheet) = sheet else {
            let why = format!("no sheet of throw {id} is kept here; the store has older ones");
            return Err(not_found(&why));
        };
        let json = serde_json::to_string(sheet).unwrap_or_default();
        let written = match format {
            None => None,
            Some(SheetFormat::Json) => Some(json.clone()),
            Some(SheetFormat::Csv) => Some(csv(sheet)),
            Some(SheetFormat::Svg) => {
                let why = "pictures of sheets are drawn by the console";
                return Err(Refusal::new(Ground::Unavailable, why));
            }
        };
        Ok(Answer::Proof(SheetRef {
            throw_id: sheet.operation.to_string(),
            sheet: Digest::of(json.as_bytes()),
            counts: sheet.account,
            error_p90: None,
            spread_p99: None,
            written,
        }))
    }
}

/// The head figures that need a look at every row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heads {
    impedance: Option<Impedance>,
    impedance_p95: Option<Impedance>,
    /// When the row that waits longest for news was reported.
    oldest: Option<Moment>,
}

impl Heads {
    pub(super) fn of(table: &registry::Table) -> Self {
        let vitals = table.vitals(Region::All);
        Self {
            impedance: vitals.mean(),
            impedance_p95: vitals.p95(),
            oldest: table.rows(Region::All).map(|row| row.reported()).min(),
        }
    }
}

/// Which rows are meant.
struct Which {
    set: ScopeSet,
    state: Option<Openness>,
    span: Option<Micros>,
}

pub(super) fn set_of(scope: Option<&Scopes>, except: Option<&Scopes>) -> ScopeSet {
    ScopeSet {
        scopes: scope.cloned().unwrap_or_else(Scopes::all),
        except: except.cloned(),
    }
}

fn selected(selection: &Selection<'_>, agent: crate::place::AgentId) -> bool {
    selection.places().any(|place| place == agent)
}

pub(super) fn breaker_line(row: &BreakerRow, now: Moment) -> BreakerLine {
    BreakerLine {
        at: row.at,
        open: row.open,
        age: now.since(row.since),
        failures: row.failures,
    }
}

pub(super) fn not_found(why: &str) -> Refusal {
    Refusal::new(Ground::NotFound, why)
}

/// How many there are, and the first of them.
fn cut<T>(rows: impl Iterator<Item = T>, limit: usize) -> (u64, Vec<T>) {
    let mut all: Vec<T> = rows.collect();
    let total = all.len() as u64;
    all.truncate(limit.min(LISTED));
    (total, all)
}

fn sorted<Id>(
    mut lines: Vec<RegionLine<Id>>,
    sort: Option<SortBy>,
    descending: bool,
    limit: usize,
) -> (u64, Vec<RegionLine<Id>>) {
    let total = lines.len() as u64;
    let key = |line: &RegionLine<Id>| match sort {
        None => 0,
        Some(SortBy::Impedance | SortBy::Drift) => line.impedance.map_or(0, |z| z.0.0),
        Some(SortBy::Queue) => i64::from(line.queue),
        Some(SortBy::Conflicts) => i64::from(line.conflicts),
        Some(SortBy::Agents) => i64::from(line.agents),
        Some(SortBy::Reliability) => {
            let share = Share::of(line.active as usize, line.agents as usize);
            (share.unwrap_or_default().value() * 1e6) as i64
        }
    };
    if descending {
        lines.sort_by_key(|line| core::cmp::Reverse(key(line)));
    } else {
        lines.sort_by_key(key);
    }
    lines.truncate(limit.min(ROWS_MAX));
    (total, lines)
}

/// One straggler a line.
fn csv(sheet: &Sheet) -> String {
    let lines = sheet.stragglers.iter().map(|one| {
        let fate = serde_json::to_string(&one.fate).unwrap_or_default();
        format!("{},{}\n", one.agent, fate.trim_matches('"'))
    });
    core::iter::once("agent,fate\n".to_owned())
        .chain(lines)
        .collect()
}
