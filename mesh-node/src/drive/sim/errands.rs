//! What simulated workers do with errands: each takes its device's time and is done; each is to run once.

use super::node::NodeId;
use super::world::{Event, World};
use mesh_core::message::MessageId;
use mesh_core::message::errand::{Errand, Outcome, Returned};
use mesh_core::role::{Input, WorkerEvent};
use mesh_core::unit::Weight;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Errands as they truly went.
#[derive(Debug, Default)]
pub(super) struct Errands {
    /// Who runs what.
    running: Vec<(u32, MessageId)>,
    /// Who ran each first.
    ran: BTreeMap<MessageId, u32>,
    /// What came back to whom.
    pub(super) returned: Vec<(u32, Arc<Returned>)>,
}

impl World {
    /// A worker is given an errand.
    pub(super) fn errand(&mut self, agent: u32, errand: &Errand) {
        if let Some(first) = self.errands.ran.insert(errand.id, agent) {
            let first = self.name_of(NodeId::Agent(first));
            let what = format!("runs an errand that {first} has run");
            self.blame(NodeId::Agent(agent), &what);
        }
        let device = &mut self.agents[agent as usize].device;
        let queue = u32::from(device.queue());
        let took = device.processing(Weight::default(), queue, &mut self.chance);
        let number = self.errands.running.len() as u32;
        self.errands.running.push((agent, errand.id));
        self.queue.push(self.now + took, Event::Errand(number));
    }

    /// A worker is done with an errand.
    pub(super) fn errand_done(&mut self, number: u32) {
        let Some(&(agent, id)) = self.errands.running.get(number as usize) else {
            return;
        };
        let outcome = Outcome::Done(Arc::from(&b"done"[..]));
        let said = WorkerEvent::Did(id, Box::new(outcome));
        self.give(NodeId::Agent(agent), Input::Worker(said));
    }
}

#[cfg(test)]
mod tests;
