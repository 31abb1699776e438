//! Questions to a sample of agents, pings and calibrations: short orders whose answers are gathered for a few seconds.

use super::Orchestrator;
use super::door::Outcome;
use crate::message::{TaskAct, TaskNews, TaskOrder, TaskSaid, Warrant};
use crate::operation::Refusal;
use crate::operation::answer::{Answer, Asked, Ping};
use crate::operation::refusal::Ground;
use crate::operation::review::From as ReviewFrom;
use crate::operation::task::TaskId;
use crate::place::scope::ScopeSet;
use crate::place::{AgentId, ClusterId};
use crate::registry::State;
use crate::role::{Ask, AskId, Outputs};
use crate::text::Foreign;
use crate::time::{Micros, Moment};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How long answers are waited for.
const WAIT: Micros = Micros::seconds(5);
/// Questions under way at most.
const QUESTIONS_MAX: usize = 64;
/// Agents that are asked or pinged at once at most.
const SAMPLE_MAX: usize = 1_000;

/// What is wanted of those who are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// An answer.
    Question,
    /// That they say that they are there.
    Ping,
    /// That their leads measure them afresh (§9.2 "manual calibration").
    Calibration,
}

/// A question, a ping or a calibration under way.
#[derive(Debug)]
pub(super) struct Question {
    asked: AskId,
    id: TaskId,
    kind: Sort,
    sent: Moment,
    pub(super) until: Moment,
    /// Who has not answered, in order.
    open: BTreeSet<AgentId>,
    count: u32,
    answers: BTreeMap<Foreign, u32>,
    conflicts: Vec<AgentId>,
    trips: Vec<(AgentId, Micros)>,
}

impl Orchestrator {
    /// Asks a sample of those meant, drawn by chance.
    pub(super) fn question(
        &mut self,
        now: Moment,
        ask: &Ask,
        text: &str,
        sample: usize,
        set: &ScopeSet,
        out: &mut Outputs,
    ) -> Result<Outcome, Refusal> {
        let selection = self.replica.table.select(set, now);
        let there = selection
            .rows()
            .filter(|row| row.state() != State::Offline && !row.is_frozen());
        let mut meant: Vec<AgentId> = there.map(|row| row.place()).collect();
        let sample = sample.min(meant.len()).min(SAMPLE_MAX);
        // The first steps of a shuffle (Fisher and Yates).
        for done in 0..sample {
            let other = done + self.chance.below((meant.len() - done) as u64) as usize;
            meant.swap(done, other);
        }
        meant.truncate(sample);
        self.send_question(now, ask, text, meant, Sort::Question, out)
    }

    /// Measures the round trip to those meant.
    pub(super) fn ping(
        &mut self,
        now: Moment,
        ask: &Ask,
        set: &ScopeSet,
        out: &mut Outputs,
    ) -> Result<Outcome, Refusal> {
        let selection = self.replica.table.select(set, now);
        let meant: Vec<AgentId> = selection.places().take(SAMPLE_MAX + 1).collect();
        if meant.len() > SAMPLE_MAX {
            let why =
                format!("more than {SAMPLE_MAX} agents are meant; ping a sector or a cluster");
            return Err(Refusal::new(Ground::TooMuch, why));
        }
        self.send_question(now, ask, "", meant, Sort::Ping, out)
    }

    /// Measures those meant afresh: what is known of them is given up, and eight exchanges make it anew.
    pub(super) fn calibrate(
        &mut self,
        now: Moment,
        ask: &Ask,
        set: &ScopeSet,
        out: &mut Outputs,
    ) -> Result<Outcome, Refusal> {
        let selection = self.replica.table.select(set, now);
        let there = selection.rows().filter(|row| {
            row.state() != State::Offline && !row.is_frozen() && !row.class().is_human()
        });
        let meant: Vec<AgentId> = there.map(|row| row.place()).take(SAMPLE_MAX + 1).collect();
        if meant.len() > SAMPLE_MAX {
            let why = format!(
                "more than {SAMPLE_MAX} agents are meant; calibrate a sector or a cluster at a time"
            );
            return Err(Refusal::new(Ground::TooMuch, why));
        }
        self.send_question(now, ask, "", meant, Sort::Calibration, out)
    }

    fn send_question(
        &mut self,
        now: Moment,
        ask: &Ask,
        text: &str,
        meant: Vec<AgentId>,
        kind: Sort,
        out: &mut Outputs,
    ) -> Result<Outcome, Refusal> {
        if meant.is_empty() {
            return Err(Refusal::new(
                Ground::NotFound,
                "nobody is there to be asked",
            ));
        }
        if self.door.questions.len() >= QUESTIONS_MAX {
            let why = "as many questions are open as one node keeps; ask again in a second";
            return Err(Refusal::new(Ground::TooMuch, why));
        }
        let wall = self.wall_at(now);
        let id = TaskId::try_from(self.mint.next(wall).to_string())
            .map_err(|error| Refusal::new(Ground::Wrong, error.to_string()))?;
        let is_human = |agent: &AgentId| {
            let class = self.replica.table.class(*agent);
            kind == Sort::Question && class.is_some_and(crate::place::Class::is_human)
        };
        let people: Vec<(ClusterId, usize)> = meant
            .iter()
            .filter(|agent| is_human(agent))
            .map(|agent| (agent.cluster, 1))
            .collect();
        let machines: Vec<AgentId> = meant
            .iter()
            .filter(|agent| !is_human(agent))
            .copied()
            .collect();
        let from = ReviewFrom::Question(id.clone());
        self.ask_people(now, &from, text, 2, &people, out);
        for &agent in &machines {
            let order = TaskOrder {
                id: id.clone(),
                agent,
                act: match kind {
                    Sort::Question => TaskAct::Run,
                    Sort::Ping => TaskAct::Ping,
                    Sort::Calibration => TaskAct::Calibrate,
                },
                name: text.into(),
                requires: None,
                input: Arc::from(""),
                idempotent: true,
                priority: 2,
                left: WAIT,
                warrant: Warrant::default(),
            };
            self.order(now, order, out);
        }
        self.door.questions.push(Question {
            asked: Arc::clone(&ask.id),
            id,
            kind,
            sent: now,
            until: now + WAIT,
            count: meant.len() as u32,
            open: meant.into_iter().collect(),
            answers: BTreeMap::new(),
            conflicts: Vec::new(),
            trips: Vec::new(),
        });
        Ok(Outcome::Later)
    }

    /// Whether the news are an answer to a question; then it is counted.
    pub(super) fn asked_news(&mut self, now: Moment, news: &TaskNews, out: &mut Outputs) -> bool {
        let questions = &mut self.door.questions;
        let Some(question) = questions.iter_mut().find(|question| question.id == news.id) else {
            return false;
        };
        match &news.said {
            TaskSaid::Done(answer) if question.open.remove(&news.agent) => {
                let answer: Foreign = answer.as_ref().into();
                *question.answers.entry(answer).or_default() += 1;
            }
            TaskSaid::Failed(_) if question.open.remove(&news.agent) => {
                question.conflicts.push(news.agent);
            }
            // On its way, or heard before.
            _ => {}
        }
        self.advance_questions(now, out);
        true
    }

    /// An agent has answered a ping.
    pub(super) fn pong(&mut self, now: Moment, news: &TaskNews, out: &mut Outputs) {
        let questions = &mut self.door.questions;
        if let Some(question) = questions
            .iter_mut()
            .find(|question| question.id == news.id && question.kind != Sort::Question)
            && question.open.remove(&news.agent)
        {
            question.trips.push((news.agent, now.since(question.sent)));
            self.advance_questions(now, out);
        }
    }

    /// Questions that all have answered, or whose time is up.
    pub(super) fn advance_questions(&mut self, now: Moment, out: &mut Outputs) {
        let mut index = 0;
        while index < self.door.questions.len() {
            let question = &self.door.questions[index];
            if !question.open.is_empty() && now < question.until {
                index += 1;
                continue;
            }
            let question = self.door.questions.swap_remove(index);
            let id = Arc::clone(&question.asked);
            let answer = if question.kind == Sort::Calibration {
                self.done_for(now, &id, question.trips.len() as u64)
            } else {
                question.answer()
            };
            self.finish(now, &id, Ok(answer), out);
        }
    }
}

impl Question {
    fn answer(self) -> Answer {
        if self.kind == Sort::Ping {
            let there = self.trips.into_iter().map(|(agent, trip)| Ping {
                agent,
                round_trip: Some(trip),
                clock_bound: None,
            });
            let silent = self.open.into_iter().map(|agent| Ping {
                agent,
                round_trip: None,
                clock_bound: None,
            });
            let mut pings: Vec<Ping> = there.chain(silent).collect();
            pings.sort_by_key(|ping| ping.agent);
            return Answer::Pings { pings };
        }
        let answered = self.count - self.open.len() as u32;
        let mut answers: Vec<(Foreign, u32)> = self.answers.into_iter().collect();
        answers.sort_by_key(|(_, count)| core::cmp::Reverse(*count));
        Answer::Asked(Asked {
            asked: self.count,
            answered,
            answers,
            conflicts: self.conflicts,
        })
    }
}
