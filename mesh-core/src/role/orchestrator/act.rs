//! What changes the mesh, carried out: throws, levels, tasks.

use super::Orchestrator;
use super::board::{Known, Wanted};
use super::door::{Outcome, routing_of};
use super::eyes::Eyes;
use super::keep::Stopping;
use super::look::set_of;
use super::throws::{Order, Purpose};
use crate::guard::level::{Kind, Value};
use crate::message::{Priority, Strategy, Verb};
use crate::operation::answer::Answer;
use crate::operation::event::Event as Happened;
use crate::operation::preview::{self, breakers, preview};
use crate::operation::refusal::Ground;
use crate::operation::review::From as ReviewFrom;
use crate::operation::task::TaskId;
use crate::operation::view::{BreakerAt, View};
use crate::operation::word::Grant;
use crate::operation::{Operation, Refusal, Scopes};
use crate::place::scope::Name;
use crate::place::scope::{Region, ScopeSet};
use crate::place::{AgentId, ClusterId, SectorId, Slots};
use crate::role::{Ask, KeyService, Outputs};
use crate::throw::quorum::Thresholds;
use crate::time::{Micros, Moment};
use std::sync::Arc;

/// Regions that one operation writes levels for at most: every cluster of the default shape by name.
const REGIONS_MAX: usize = 1_000;
/// A throw whose T is farther off than this is scheduled instead of held on its way.
const AHEAD_MAX: Micros = Micros::seconds(60);

impl Orchestrator {
    /// Carries an operation out. A refusal has changed nothing.
    #[expect(clippy::too_many_lines, reason = "one arm for each operation")]
    pub(super) fn perform(
        &mut self,
        now: Moment,
        ask: &Ask,
        out: &mut Outputs,
    ) -> Result<Outcome, Refusal> {
        if let Some(answer) = self.look(now, ask) {
            return answer.map(Outcome::Now);
        }
        match &ask.operation {
            Operation::Cascade { .. } | Operation::Broadcast { .. } => self.fire(now, ask, out),
            Operation::Ask {
                question,
                sample,
                scope,
                except,
            } => {
                let set = set_of(scope.as_ref(), except.as_ref());
                let sample = sample.map_or(preview::ASKED_BY_DEFAULT, |sample| sample as usize);
                self.question(now, ask, question, sample, &set, out)
            }
            Operation::Ping { scope, except } => {
                let set = set_of(Some(scope), except.as_ref());
                self.ping(now, ask, &set, out)
            }
            Operation::Avoid { for_s, .. } => self.level(
                now,
                ask,
                &Kind::Avoid,
                Value::Hold,
                for_s.map(|span| span.0),
                out,
            ),
            Operation::Restore { .. } => self.level(now, ask, &Kind::Avoid, Value::Lift, None, out),
            Operation::Freeze { scope, except } => {
                self.freeze(now, ask, scope, except.as_ref(), out)
            }
            Operation::Thaw { .. } => {
                self.unsealed(now, ask)?;
                self.level(now, ask, &Kind::Freeze, Value::Lift, None, out)
            }
            Operation::Quarantine { .. } => {
                self.level(now, ask, &Kind::Quarantine, Value::Hold, None, out)
            }
            Operation::Release { .. } => {
                self.level(now, ask, &Kind::Quarantine, Value::Lift, None, out)
            }
            Operation::Trip { .. } => self.breakers(now, ask, Value::Hold, out),
            Operation::Reset { .. } => self.breakers(now, ask, Value::Lift, out),
            Operation::Unlock { .. } => {
                self.level(now, ask, &Kind::Weights, Value::Lift, None, out)
            }
            Operation::Capability {
                action, capability, ..
            } => {
                let capability = Name::new(capability)
                    .map_err(|error| Refusal::new(Ground::Wrong, error.to_string()))?;
                let value = match action {
                    Grant::Grant => Value::Lift,
                    Grant::Revoke => Value::Hold,
                };
                self.level(now, ask, &Kind::Capability(capability), value, None, out)
            }
            Operation::Context {
                action,
                scope,
                branch,
                hash,
                ..
            } => {
                let what = (*action, scope.as_ref());
                self.context(now, ask, what, (branch.as_deref(), hash.as_deref()), out)
            }
            Operation::Calibrate { scope, except } => {
                let set = set_of(Some(scope), except.as_ref());
                self.calibrate(now, ask, &set, out)
            }
            Operation::Promote { scope, to, .. } => self.promote(now, ask, scope, *to, out),
            Operation::Scale {
                add,
                remove,
                class,
                scope,
                ..
            } => self.scale(now, ask, (*add, *remove), *class, scope.as_ref(), out),
            Operation::Move { scope, except, to } => {
                self.move_agents(now, ask, (scope, except.as_ref()), to.as_ref(), out)
            }
            Operation::Backup { action } => self.backup(now, ask, *action, out),
            Operation::Verify { log } => self.verify(now, ask, *log, out),
            Operation::Keys {
                action, key, for_s, ..
            } => {
                let service = KeyService {
                    act: *action,
                    key: key.clone(),
                    agents: self.key_holders(ask, now),
                    lasting: for_s.map(|span| span.0),
                };
                self.keys(now, ask, service, out)
            }
            Operation::Delegate {
                task,
                to,
                timeout_s,
                requires,
                priority,
                idempotent,
            } => {
                match self.asked_again(now, &ask.id) {
                    Known::Ended(answer) => return Ok(Outcome::Now(*answer)),
                    Known::Open => return Ok(Outcome::Later),
                    Known::Not => {}
                }
                let wanted = Wanted {
                    name: task.clone(),
                    to: to.clone(),
                    timeout: timeout_s.map(|span| span.0),
                    requires: requires.clone(),
                    priority: priority.unwrap_or(1),
                    idempotent: idempotent.unwrap_or(false),
                    input: None,
                };
                self.delegate(now, Some(Arc::clone(&ask.id)), wanted, out)?;
                Ok(Outcome::Later)
            }
            Operation::Pipeline {
                steps,
                to,
                timeout_s,
            } => {
                let timeout = timeout_s.map(|span| span.0);
                self.pipe(now, ask, steps, to.as_ref(), timeout, out)
            }
            Operation::Reassign {
                scope,
                task_id,
                except,
                to,
            } => {
                let ids =
                    self.tasks_of(scope.as_ref(), except.as_ref(), task_id.as_deref(), now)?;
                let tasks = self.reassign(now, &ids, to.as_ref(), out);
                Ok(Outcome::Now(self.done(now, ask, 0, tasks)))
            }
            Operation::Cancel {
                scope,
                task_id,
                except,
            } => {
                let ids =
                    self.tasks_of(scope.as_ref(), except.as_ref(), task_id.as_deref(), now)?;
                let tasks = self.cancel(now, &ids, out);
                Ok(Outcome::Now(self.done(now, ask, 0, tasks)))
            }
            Operation::Heal { scope, except } => self.heal(now, ask, scope, except.as_ref(), out),
            Operation::Resolve { conflict_id, .. } => self.resolve(now, ask, conflict_id, out),
            Operation::Review {
                action,
                review_id,
                comment,
            } => self.review(now, ask, *action, review_id, comment.as_deref(), out),
            Operation::Schedule {
                at,
                in_s,
                operation,
            } => {
                let wall = self.wall_at(now);
                let at = match (at, in_s) {
                    (_, Some(span)) => wall + span.0,
                    (Some(at), None) => at.wall().ok_or_else(local_time)?,
                    (None, None) => wall,
                };
                self.schedule(now, ask, at, operation)
            }
            Operation::Unschedule { schedule_id } => self.unschedule(schedule_id),
            Operation::Watch {
                scope,
                except,
                condition,
            } => Ok(Outcome::Now(self.watch(
                ask,
                scope,
                except.as_ref(),
                condition,
            ))),
            Operation::Unwatch { watch_id } => self.unwatch(watch_id),
            Operation::Undo {} => self.undo(now, ask, out),
            // Answered above, where one only looks.
            other => Err(Refusal::new(
                Ground::Wrong,
                format!("{} is nothing to be carried out", other.name()),
            )),
        }
    }

    /// The throw that an operation asks for, and at whom.
    pub(super) fn order_of(
        &self,
        operation: &Operation,
        now: Moment,
    ) -> Result<(Order, ScopeSet), Refusal> {
        let set = set_of(operation.scope(), operation.except());
        let priority = Priority::try_from(operation.priority()).unwrap_or_default();
        let order = Order {
            priority,
            routing: routing_of(operation),
            ..Order::default()
        };
        match operation {
            Operation::Cascade {
                verb,
                payload,
                strategy,
                window_ms,
                at,
                in_s,
                spread_ms,
                ..
            } => {
                let strategy = strategy.unwrap_or_default();
                let within = match (at, in_s) {
                    (_, Some(span)) => Some(span.0),
                    (Some(at), None) => {
                        let at = at.wall().ok_or_else(local_time)?;
                        let within = at - self.wall_at(now);
                        if within < Micros::ZERO {
                            let why = "that T has passed; give one to come";
                            return Err(Refusal::new(Ground::Wrong, why));
                        }
                        Some(within)
                    }
                    (None, None) => None,
                };
                let thresholds = if strategy == Strategy::Parallel {
                    Thresholds::PARALLEL
                } else {
                    Thresholds::DEFAULT
                };
                let order = Order {
                    verb: *verb,
                    strategy,
                    payload: Arc::from(payload.as_deref().unwrap_or_default().as_bytes()),
                    window: window_ms.map_or(order.window, |window| window.0),
                    within,
                    thresholds,
                    spread_max: spread_ms.map(|spread| spread.0),
                    ..order
                };
                Ok((order, set))
            }
            Operation::Broadcast { message, .. } => {
                let order = Order {
                    verb: Verb::Orient,
                    payload: Arc::from(message.as_bytes()),
                    // For urgent broadcasts (§3.3): everyone at once.
                    strategy: if priority >= Priority::High {
                        Strategy::Parallel
                    } else {
                        Strategy::Wave
                    },
                    ..order
                };
                Ok((order, set))
            }
            other => Err(Refusal::new(
                Ground::Wrong,
                format!("{} throws nothing", other.name()),
            )),
        }
    }

    fn fire(&mut self, now: Moment, ask: &Ask, out: &mut Outputs) -> Result<Outcome, Refusal> {
        let (order, set) = self.order_of(&ask.operation, now)?;
        if let Some(within) = order.within.filter(|within| *within > AHEAD_MAX) {
            let at = self.wall_at(now) + within;
            let mut later = ask.operation.clone();
            if let Operation::Cascade { at, in_s, .. } = &mut later {
                (*at, *in_s) = (None, None);
            }
            return self.schedule(now, ask, at, &later);
        }
        let aim = self.replica.table.select(&set, now).targets();
        if aim.is_empty() {
            return Err(Refusal::new(Ground::NotFound, "nobody is meant"));
        }
        let targeted: usize = aim.iter().map(|(_, slots)| slots.len()).sum();
        let thrown = if order.strategy == Strategy::PriorityFirst {
            self.campaign(now, &order, &aim, Some(Arc::clone(&ask.id)), out)
        } else {
            self.launch(now, &order, &aim, Purpose::Asked(Arc::clone(&ask.id)), out)
        };
        let Some(id) = thrown else {
            let why = "as many throws are under way as one node keeps; try again in a second";
            return Err(Refusal::new(Ground::TooMuch, why));
        };
        let event = Happened::ThrowStarted {
            id: id.to_string(),
            line: ask.operation.line().as_str().into(),
            targeted: targeted as u32,
        };
        self.tell(now, event, out);
        let people: Vec<(ClusterId, usize)> = aim
            .iter()
            .map(|(cluster, slots)| {
                let class_of = self.replica.class_of(*cluster);
                let human = |slot: &u8| class_of(*slot).is_human();
                (*cluster, slots.iter().filter(human).count())
            })
            .filter(|(_, count)| *count > 0)
            .collect();
        let (from, line) = (ReviewFrom::Throw(id.to_string()), ask.operation.line());
        self.ask_people(now, &from, &line, order.priority as u8, &people, out);
        Ok(Outcome::Later)
    }

    /// Writes a level for the whole scope.
    fn level(
        &mut self,
        now: Moment,
        ask: &Ask,
        kind: &Kind,
        value: Value,
        lasting: Option<Micros>,
        out: &mut Outputs,
    ) -> Result<Outcome, Refusal> {
        let (scope, except) = (ask.operation.scope(), ask.operation.except());
        let regions = self.regions(&set_of(scope, except), now)?;
        let seen = preview(&ask.operation, self.shape, &Eyes { mesh: self, now });
        self.write_all(now, kind, value, &regions, lasting, out)?;
        let changed = seen.agents.saturating_sub(seen.already) as u64;
        Ok(Outcome::Now(self.done(now, ask, changed, 0)))
    }

    /// Refuses what would thaw a part that is sealed for a suspected orchestrator: only the root key lifts that (§9.2).
    fn unsealed(&self, now: Moment, ask: &Ask) -> Result<(), Refusal> {
        let (scope, except) = (ask.operation.scope(), ask.operation.except());
        let regions = self.regions(&set_of(scope, except), now)?;
        let sealed = self.desired.levels().entries().find(|entry| {
            entry.kind == Kind::Seal
                && entry.value == Value::Hold
                && regions.iter().any(|region| region.meets(entry.region))
        });
        sealed.map_or(Ok(()), |entry| {
            let why = format!(
                "{} is sealed since commands came that nobody who may give them would give; the mesh's root key lifts it",
                entry.region
            );
            Err(Refusal::new(Ground::Frozen, why))
        })
    }

    pub(super) fn write_all(
        &mut self,
        now: Moment,
        kind: &Kind,
        value: Value,
        regions: &[Region],
        lasting: Option<Micros>,
        out: &mut Outputs,
    ) -> Result<Vec<crate::guard::level::Stamp>, Refusal> {
        let mut stamps = Vec::with_capacity(regions.len());
        for &region in regions {
            let written = self
                .desired
                .write(now, kind.clone(), region, value, lasting, out);
            match written {
                Ok(stamp) => stamps.push(stamp),
                Err(error) => {
                    self.levels_changed(now, out);
                    return Err(Refusal::new(Ground::Wrong, error.to_string()));
                }
            }
        }
        self.levels_changed(now, out);
        Ok(stamps)
    }

    fn freeze(
        &mut self,
        now: Moment,
        ask: &Ask,
        scope: &Scopes,
        except: Option<&Scopes>,
        out: &mut Outputs,
    ) -> Result<Outcome, Refusal> {
        let set = set_of(Some(scope), except);
        let regions = self.regions(&set, now)?;
        let tasks = {
            let eyes = Eyes { mesh: self, now };
            preview(&ask.operation, self.shape, &eyes).tasks
        };
        let stamps = self.write_all(now, &Kind::Freeze, Value::Hold, &regions, None, out)?;
        self.remember_done(now, ask);
        self.door.thaws.push(Stopping {
            asked: Arc::clone(&ask.id),
            stamps,
            tasks: tasks as u32,
            until: now + crate::guard::freeze::PROOF_WAIT + Micros::seconds(5),
        });
        Ok(Outcome::Later)
    }

    fn breakers(
        &mut self,
        now: Moment,
        ask: &Ask,
        value: Value,
        out: &mut Outputs,
    ) -> Result<Outcome, Refusal> {
        let scope = ask.operation.scope().cloned().unwrap_or_else(Scopes::all);
        let (at, agents) = {
            let eyes = Eyes { mesh: self, now };
            let rows: Vec<_> = eyes.agents(&scope, ask.operation.except()).collect();
            let mut at = breakers(&scope, &rows);
            if value == Value::Lift && scope.is_all() {
                at.extend(eyes.breakers().map(|row| row.at));
                at.dedup();
            }
            (at, rows.len())
        };
        let regions: Vec<Region> = at
            .iter()
            .map(|at| match at {
                BreakerAt::Mesh => Region::All,
                BreakerAt::Sector(id) => Region::Sector(*id),
                BreakerAt::Cluster(id) => Region::Cluster(*id),
            })
            .collect();
        if regions.len() > REGIONS_MAX {
            return Err(too_many(regions.len()));
        }
        self.write_all(now, &Kind::Breaker, value, &regions, None, out)?;
        for at in at {
            use crate::operation::event::BreakerTurn;
            let turn = if value == Value::Hold {
                self.door.breakers.insert(at, now);
                BreakerTurn::Opened
            } else {
                self.door.breakers.remove(&at);
                BreakerTurn::Closed
            };
            let event = Happened::Breaker {
                at,
                turn,
                failures: 0,
            };
            self.tell(now, event, out);
        }
        Ok(Outcome::Now(self.done(now, ask, agents as u64, 0)))
    }

    /// The scope as the regions that levels are written for: as it was said where nothing is left out, otherwise the
    /// widest places all of whose agents are meant.
    pub(super) fn regions(&self, set: &ScopeSet, now: Moment) -> Result<Vec<Region>, Refusal> {
        let said: Vec<Region> = set.scopes.regions().collect();
        if set.except.is_none() && said.len() == set.scopes.as_slice().len() {
            return Ok(said);
        }
        let table = &self.replica.table;
        let targets = table.select(set, now).targets();
        let mut regions: Vec<Region> = Vec::new();
        let mut whole: Vec<(SectorId, usize)> = Vec::new();
        let mut clusters: Vec<(ClusterId, Slots)> = Vec::new();
        for (cluster, slots) in targets {
            if slots == table.agents(cluster) {
                match whole.last_mut() {
                    Some((sector, count)) if *sector == cluster.sector => *count += 1,
                    _ => whole.push((cluster.sector, 1)),
                }
            }
            clusters.push((cluster, slots));
        }
        let sectors = whole.into_iter().filter(|(sector, count)| {
            let all = table.clusters().filter(|(id, _)| id.sector == *sector);
            all.count() == *count
        });
        let sectors: Vec<SectorId> = sectors.map(|(sector, _)| sector).collect();
        regions.extend(sectors.iter().map(|id| Region::Sector(*id)));
        for (cluster, slots) in clusters {
            if sectors.contains(&cluster.sector) {
                continue;
            }
            if slots == table.agents(cluster) {
                regions.push(Region::Cluster(cluster));
            } else {
                regions.extend(slots.iter().map(|slot| Region::Agent(cluster.agent(slot))));
            }
        }
        if regions.is_empty() {
            return Err(Refusal::new(Ground::NotFound, "nobody is meant"));
        }
        if regions.len() > REGIONS_MAX {
            return Err(too_many(regions.len()));
        }
        Ok(regions)
    }

    /// The tasks that an operation means.
    fn tasks_of(
        &self,
        scope: Option<&Scopes>,
        except: Option<&Scopes>,
        id: Option<&str>,
        now: Moment,
    ) -> Result<Vec<TaskId>, Refusal> {
        if let Some(id) = id {
            let mut open = self.board.open();
            let found = open.find(|task| task.id.as_str() == id);
            let missing = || super::look::not_found(&format!("no task {id} is open"));
            return Ok(vec![found.ok_or_else(missing)?.id.clone()]);
        }
        let set = set_of(scope, except);
        let inside: std::collections::BTreeSet<AgentId> =
            self.replica.table.select(&set, now).places().collect();
        let open = self.board.open();
        let own = open.filter(|task| task.at().is_some_and(|at| inside.contains(&at)));
        Ok(own.map(|task| task.id.clone()).collect())
    }

    /// What was changed, remembered with what takes it back.
    pub(super) fn done(&mut self, now: Moment, ask: &Ask, agents: u64, tasks: u64) -> Answer {
        let (id, undo) = self.remember_done(now, ask);
        Answer::Done {
            id,
            agents,
            tasks,
            undo,
        }
    }

    fn remember_done(
        &mut self,
        now: Moment,
        ask: &Ask,
    ) -> (crate::operation::undo::DoneId, Vec<String>) {
        let inverse: Vec<Operation> = ask.operation.inverse().into_iter().collect();
        let lines = inverse.iter().map(Operation::line).collect();
        let wall = self.wall_at(now);
        let history = &mut self.door.desk.history;
        let id = history.push(ask.operation.clone(), &ask.caller.name, wall, inverse);
        self.door.dirty = true;
        (id, lines)
    }
}

fn local_time() -> Refusal {
    let why = "a time of day is the console's; say it with its date and zone, as RFC 3339";
    Refusal::new(Ground::Wrong, why)
}

fn too_many(count: usize) -> Refusal {
    let why = format!("{count} places at once are more than {REGIONS_MAX}; name wider ones");
    Refusal::new(Ground::TooMuch, why)
}
