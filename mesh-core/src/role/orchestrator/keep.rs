//! What is kept between operations: freezes until they are proven, watches, reviews, schedules, pipelines, undo.

use super::Orchestrator;
use super::board::{Wanted, delegated};
use super::door::{Outcome, progress};
use super::look::{not_found, set_of};
use crate::guard::level::Stamp;
use crate::operation::answer::{Answer, Frozen, NAMES_MAX, Progress};
use crate::operation::event::Event as Happened;
use crate::operation::pipeline::{Next, Pipeline};
use crate::operation::refusal::Ground;
use crate::operation::review::{From as ReviewFrom, ReviewId};
use crate::operation::schedule::ScheduleId;
use crate::operation::task::Outcome as TaskOutcome;
use crate::operation::word::ReviewAct;
use crate::operation::{Condition, Operation, Refusal, Scopes};
use crate::place::scope::{Mark, ScopeSet, Term};
use crate::place::{AgentId, ClusterId};
use crate::role::{Ask, AskId, KeptTask, Outputs};
use crate::time::{Micros, Moment, WallTime};
use crate::unit::Share;
use std::sync::Arc;

/// Watches at most: several screens of them.
const WATCHES_MAX: usize = 256;
/// How long people have for what reaches all of them: a working day.
const PEOPLE_HAVE: Micros = Micros::seconds(8 * 3_600);
/// Pipelines under way at most.
const PIPES_MAX: usize = 1_000;

/// Somebody waits until these freezes are proven.
#[derive(Debug)]
pub(super) struct Stopping {
    pub(super) asked: AskId,
    pub(super) stamps: Vec<Stamp>,
    pub(super) tasks: u32,
    pub(super) until: Moment,
}

/// Somebody wants to be told when something is so.
#[derive(Debug)]
pub(super) struct Watch {
    id: u64,
    set: ScopeSet,
    condition: Condition,
    line: String,
}

/// A pipeline under way.
#[derive(Debug)]
pub(super) struct Piped {
    asked: AskId,
    pipeline: Pipeline,
    to: Option<Scopes>,
    deadline: Moment,
    result: Option<Arc<str>>,
}

impl Orchestrator {
    /// Freezes that are proven, or have had their time.
    pub(super) fn advance_stops(&mut self, now: Moment, out: &mut Outputs) {
        if self.door.thaws.is_empty() {
            return;
        }
        let reports: Vec<_> = self.freezes.reports(now).collect();
        let mut index = 0;
        while index < self.door.thaws.len() {
            let stop = &self.door.thaws[index];
            let own = || {
                reports
                    .iter()
                    .filter(|report| stop.stamps.contains(&report.epoch))
            };
            let over = own().count() > 0 && own().all(|report| report.finished);
            if !over && now < stop.until {
                index += 1;
                continue;
            }
            let sum = |of: fn(&crate::guard::freeze::FreezeReport) -> usize| {
                own().map(of).sum::<usize>() as u32
            };
            let (agents, proven) = (sum(|report| report.targeted), sum(|report| report.proven));
            let unproven: Vec<AgentId> = stop
                .stamps
                .iter()
                .flat_map(|stamp| self.freezes.unproven(*stamp))
                .take(NAMES_MAX)
                .collect();
            let stop = self.door.thaws.swap_remove(index);
            let epoch = stop.stamps.last().map_or(0, |stamp| stamp.counter);
            let frozen = Frozen {
                epoch,
                agents,
                proven,
                unproven,
                tasks: stop.tasks,
                saved: "the mesh's store".into(),
            };
            let event = Happened::FreezeProof {
                epoch,
                proven,
                of: agents,
            };
            self.tell(now, event, out);
            // What was in flight when all stood still (PROTOCOL §6): to look at, and to go on from elsewhere.
            self.back_up(now, out);
            self.finish(now, &stop.asked, Ok(Answer::Frozen(frozen)), out);
        }
    }

    pub(super) fn watch(
        &mut self,
        ask: &Ask,
        scope: &Scopes,
        except: Option<&Scopes>,
        condition: &Condition,
    ) -> Answer {
        if self.door.watches.len() >= WATCHES_MAX {
            self.door.watches.remove(0);
        }
        self.door.watched += 1;
        let id = self.door.watched;
        self.door.watches.push(Watch {
            id,
            set: set_of(Some(scope), except),
            condition: condition.clone(),
            line: ask.operation.line(),
        });
        Answer::Watching { id }
    }

    pub(super) fn unwatch(&mut self, id: &str) -> Result<Outcome, Refusal> {
        let at = self
            .door
            .watches
            .iter()
            .position(|watch| watch.id.to_string() == id);
        let Some(at) = at else {
            return Err(not_found(&format!("there is no watch {id}")));
        };
        let id = self.door.watches.remove(at).id;
        Ok(Outcome::Now(Answer::Watching { id }))
    }

    /// Watches that have come true are told once.
    pub(super) fn look_at_watches(&mut self, now: Moment, out: &mut Outputs) {
        let mut index = 0;
        while index < self.door.watches.len() {
            if self.holds(&self.door.watches[index], now) {
                let watch = self.door.watches.remove(index);
                let event = Happened::Watched {
                    id: watch.id,
                    line: watch.line.as_str().into(),
                };
                self.tell(now, event, out);
            } else {
                index += 1;
            }
        }
    }

    fn holds(&self, watch: &Watch, now: Moment) -> bool {
        let table = &self.replica.table;
        let selection = table.select(&watch.set, now);
        let counts = selection.counts();
        if counts.agents == 0 {
            return false;
        }
        let active = counts.active_rate().unwrap_or(Share::NONE) >= Share::new(0.95);
        match watch.condition.text() {
            "active" => active,
            "healthy" => {
                active && counts.quarantined == 0 && counts.avoided == 0 && counts.frozen == 0
            }
            "thawed" => counts.frozen == 0,
            "quiet" => selection.rows().all(|row| row.queue() == 0),
            text => {
                let Ok(term) = Term::parse(text) else {
                    return false;
                };
                let mut of = selection
                    .rows()
                    .filter(|row| !row.marks().has(Mark::Offline))
                    .filter_map(|row| table.subject(row.place(), now));
                of.all(|subject| term.matches(&subject))
            }
        }
    }

    /// People are in no window under a minute: they get an item instead, one for each cluster of them (PROTOCOL §4). A full
    /// desk gets no more.
    pub(super) fn ask_people(
        &mut self,
        now: Moment,
        from: &ReviewFrom,
        question: &str,
        priority: u8,
        people: &[(ClusterId, usize)],
        out: &mut Outputs,
    ) {
        let deadline = self.wall_at(now) + PEOPLE_HAVE;
        for (cluster, count) in people {
            let whom = if *count == 1 { "person" } else { "people" };
            let text = format!("{count} {whom} of {cluster}: {question}");
            let reviews = &mut self.door.desk.reviews;
            let added = reviews.add(
                from.clone(),
                text.as_str().into(),
                None,
                priority,
                Some(deadline),
            );
            let Ok(id) = added else { return };
            self.door.dirty = true;
            let question = text.as_str().into();
            self.tell(now, Happened::Review { id, question }, out);
        }
    }

    pub(super) fn review(
        &mut self,
        now: Moment,
        ask: &Ask,
        action: ReviewAct,
        id: &str,
        comment: Option<&str>,
        out: &mut Outputs,
    ) -> Result<Outcome, Refusal> {
        let by = Arc::clone(&ask.caller.name);
        let found = self.door.desk.reviews.find(id);
        let item = found
            .map_err(|error| not_found(&error.to_string()))?
            .clone();
        let wrong = |error: crate::operation::review::ReviewError| {
            Refusal::new(Ground::Wrong, error.to_string())
        };
        let number: ReviewId = item.id;
        if let Some(text) = comment
            && action != ReviewAct::Show
        {
            let reviews = &mut self.door.desk.reviews;
            reviews.comment(number, &by, text.into()).map_err(wrong)?;
            self.door.dirty = true;
        }
        match action {
            ReviewAct::Show | ReviewAct::Comment => {}
            ReviewAct::Approve | ReviewAct::Reject => {
                let yes = action == ReviewAct::Approve;
                let decided = self.door.desk.reviews.decide(number, yes, &by);
                let operation = decided.map_err(wrong)?;
                self.door.dirty = true;
                if let Some(operation) = operation {
                    self.approved(now, operation, &ask.caller, out);
                }
                if let ReviewFrom::Task(task) = &item.from {
                    self.task_decided(now, task, yes, comment, out);
                }
            }
        }
        let item = self
            .door
            .desk
            .reviews
            .find(&number.0.to_string())
            .cloned()
            .unwrap_or(item);
        Ok(Outcome::Now(Answer::Review {
            item: Box::new(item),
        }))
    }

    pub(super) fn schedule(
        &mut self,
        now: Moment,
        ask: &Ask,
        at: WallTime,
        operation: &Operation,
    ) -> Result<Outcome, Refusal> {
        let wall = self.wall_at(now);
        let added = self
            .door
            .desk
            .schedule
            .add(operation.clone(), &ask.caller.name, at, wall);
        let id = added.map_err(|error| Refusal::new(Ground::Wrong, error.to_string()))?;
        self.door.dirty = true;
        Ok(Outcome::Now(Answer::Scheduled { id, at }))
    }

    pub(super) fn unschedule(&mut self, id: &str) -> Result<Outcome, Refusal> {
        let number = id.parse().unwrap_or(0);
        let kept = self.door.desk.schedule.cancel(ScheduleId(number));
        let kept = kept.map_err(|error| not_found(&error.to_string()))?;
        self.door.dirty = true;
        Ok(Outcome::Now(Answer::Unscheduled {
            kept: Box::new(kept),
        }))
    }

    pub(super) fn undo(
        &mut self,
        now: Moment,
        ask: &Ask,
        out: &mut Outputs,
    ) -> Result<Outcome, Refusal> {
        let history = &mut self.door.desk.history;
        let wrong = |error: crate::operation::undo::UndoError| {
            Refusal::new(Ground::Wrong, error.to_string())
        };
        let id = history.next(&ask.caller.name).map_err(wrong)?.id;
        let inverse = history.take_back(id).map_err(wrong)?;
        let lines: Vec<String> = inverse.iter().map(Operation::line).collect();
        for operation in inverse {
            let inner = Ask {
                operation,
                ..ask.clone()
            };
            self.perform(now, &inner, out)?;
            // What takes something back is not itself to be taken back by the next undo.
            let last = self.door.desk.history.iter().last().map(|done| done.id);
            if let Some(last) = last.filter(|last| *last != id) {
                let _ = self.door.desk.history.take_back(last);
            }
        }
        // A freeze that was taken back this way has nobody waiting for its proof but this answer.
        self.door.thaws.retain(|stop| stop.asked != ask.id);
        self.door.dirty = true;
        Ok(Outcome::Now(Answer::Undone {
            line: lines.join("; "),
        }))
    }

    /// The conflict is settled here; its log is the store's.
    pub(super) fn resolve(
        &mut self,
        now: Moment,
        ask: &Ask,
        id: &str,
        out: &mut Outputs,
    ) -> Result<Outcome, Refusal> {
        let at = if id == "latest" {
            self.door.conflicts.len().checked_sub(1)
        } else {
            self.door.conflicts.iter().position(|row| row.id == id)
        };
        let Some(row) = at.and_then(|at| self.door.conflicts.remove(at)) else {
            return Err(not_found(&format!("no conflict {id} is open")));
        };
        let event = Happened::ConflictResolved {
            id: row.id,
            how: ask.operation.line(),
        };
        self.tell(now, event, out);
        Ok(Outcome::Now(self.done(now, ask, 1, 0)))
    }

    pub(super) fn pipe(
        &mut self,
        now: Moment,
        ask: &Ask,
        steps: &[String],
        to: Option<&Scopes>,
        timeout: Option<Micros>,
        out: &mut Outputs,
    ) -> Result<Outcome, Refusal> {
        if self.door.pipelines.len() >= PIPES_MAX {
            let why = "as many pipelines are under way as the mesh keeps";
            return Err(Refusal::new(Ground::TooMuch, why));
        }
        let names = steps.iter().map(|step| step.as_str().into());
        let pipeline =
            Pipeline::new(names).map_err(|error| Refusal::new(Ground::Wrong, error.to_string()))?;
        self.door.pipelines.push(Piped {
            asked: Arc::clone(&ask.id),
            pipeline,
            to: to.cloned(),
            deadline: now + timeout.unwrap_or(Micros::seconds(300)),
            result: None,
        });
        let index = self.door.pipelines.len() - 1;
        self.pipe_on(now, index, None, out);
        Ok(Outcome::Later)
    }

    /// A task of a pipeline has ended: the next one begins, with its result. False when it is of none.
    pub(super) fn pipe_ended(
        &mut self,
        now: Moment,
        asked: &AskId,
        kept: &KeptTask,
        out: &mut Outputs,
    ) -> bool {
        let at = self
            .door
            .pipelines
            .iter()
            .position(|piped| piped.asked == *asked);
        let Some(index) = at else { return false };
        let piped = &mut self.door.pipelines[index];
        let outcome = kept.task.outcome().cloned();
        piped
            .pipeline
            .ended(&kept.task.id, outcome.unwrap_or(TaskOutcome::Expired));
        piped.result.clone_from(&kept.result);
        self.pipe_on(now, index, Some(kept), out);
        true
    }

    fn pipe_on(&mut self, now: Moment, index: usize, last: Option<&KeptTask>, out: &mut Outputs) {
        let piped = &self.door.pipelines[index];
        let asked = Arc::clone(&piped.asked);
        match piped.pipeline.next() {
            Next::Accept {
                index: step, name, ..
            } => {
                let wanted = Wanted {
                    name: name.raw().to_owned(),
                    to: piped.to.clone(),
                    timeout: Some((piped.deadline - now).max(Micros(1))),
                    priority: 1,
                    input: piped.result.clone(),
                    ..Wanted::default()
                };
                match self.delegate(now, Some(Arc::clone(&asked)), wanted, out) {
                    Ok(task) => {
                        self.door.pipelines[index].pipeline.accepted(step, task);
                        let line = Progress::Step { line: name };
                        progress(&asked, line, out);
                    }
                    Err(refusal) => {
                        self.door.pipelines.swap_remove(index);
                        self.finish(now, &asked, Err(refusal), out);
                    }
                }
            }
            Next::Wait(_) => {}
            Next::Done(_) | Next::Stopped { .. } => {
                self.door.pipelines.swap_remove(index);
                if let Some(kept) = last {
                    let answer = delegated(kept, now);
                    self.finish(now, &asked, Ok(answer), out);
                }
            }
        }
    }
}
