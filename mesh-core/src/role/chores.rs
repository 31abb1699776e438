//! What an agent has been given to do beside throws: tasks, each taken once, told of until their end is known.

use super::{Outputs, To, Work};
use crate::message::{Body, Epoch, TaskAct, TaskNews, TaskOrder, TaskSaid};
use crate::operation::task::TaskId;
use crate::place::AgentId;
use std::sync::Arc;

/// Tasks that an agent has open at most; one more is declined as busy and goes elsewhere.
pub const CHORES_MAX: usize = 16;
/// Ended tasks remembered for a parent that asks again; the worker's own log knows all of them.
const ENDED_MAX: usize = 8;

/// An agent's tasks.
#[derive(Debug, Default)]
pub struct Chores(Vec<Chore>);

#[derive(Debug)]
struct Chore {
    id: TaskId,
    said: TaskSaid,
}

impl Chores {
    /// An order from above. `can` says whether the agent has a capability, `open` whether it takes new work at all.
    pub fn order(
        &mut self,
        place: AgentId,
        order: &Arc<TaskOrder>,
        can: impl Fn(&str) -> bool,
        open: bool,
        out: &mut Outputs,
    ) {
        let known = self.0.iter().position(|chore| chore.id == order.id);
        let said = match (order.act, known) {
            (TaskAct::Ping, _) => TaskSaid::Here,
            // The lead tells of the end.
            (TaskAct::Calibrate, _) => return,
            (TaskAct::Run, Some(index)) => self.0[index].said.clone(),
            (TaskAct::Run, None) => match order.requires.as_deref() {
                Some(wanted) if !can(wanted) => TaskSaid::Incapable,
                _ if !open || self.open() >= CHORES_MAX => TaskSaid::Busy,
                _ => {
                    self.0.push(Chore {
                        id: order.id.clone(),
                        said: TaskSaid::Queued,
                    });
                    out.work(Work::Task(Arc::clone(order)));
                    TaskSaid::Queued
                }
            },
            (TaskAct::GiveUp, Some(index)) if ended(&self.0[index].said) => {
                self.0[index].said.clone()
            }
            // Only the worker knows whether anything has happened, also when this boot knows nothing of it.
            (TaskAct::GiveUp, _) => return out.work(Work::GiveUp(order.id.clone())),
            (TaskAct::Cancel, _) => {
                self.0.retain(|chore| chore.id != order.id);
                return out.work(Work::Drop(order.id.clone()));
            }
        };
        tell(place, order.id.clone(), said, out);
    }

    /// The worker says how a task stands.
    pub fn said(&mut self, place: AgentId, id: TaskId, said: TaskSaid, out: &mut Outputs) {
        match self.0.iter_mut().find(|chore| chore.id == id) {
            // Who gave a task up may be asked to run it again.
            Some(_) if said == TaskSaid::GivenUp => self.0.retain(|chore| chore.id != id),
            Some(chore) => chore.said = said.clone(),
            None => {}
        }
        let ended_count = self.0.iter().filter(|chore| ended(&chore.said)).count();
        if ended_count > ENDED_MAX
            && let Some(oldest) = self.0.iter().position(|chore| ended(&chore.said))
        {
            self.0.remove(oldest);
        }
        tell(place, id, said, out);
    }

    /// A new start: what was open is for the worker's log to tell.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// How many are open.
    pub fn open(&self) -> usize {
        self.0.iter().filter(|chore| !ended(&chore.said)).count()
    }
}

const fn ended(said: &TaskSaid) -> bool {
    matches!(
        said,
        TaskSaid::Done(_) | TaskSaid::Failed(_) | TaskSaid::Interrupted
    )
}

fn tell(agent: AgentId, id: TaskId, said: TaskSaid, out: &mut Outputs) {
    let news = TaskNews { id, agent, said };
    out.send(To::Parent, Epoch::default(), Body::TaskNews(Arc::new(news)));
}
