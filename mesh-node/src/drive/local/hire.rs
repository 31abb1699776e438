//! Real workers in a lab: agents whose device is modelled and whose work is not.

#[cfg(test)]
mod tests;

use super::super::sim::node::NodeId;
use super::config::{Config, ConfigError};
use super::shard::Shard;
use super::{Mail, Shared};
use crate::worker::{Host, Journal, Outlet};
use mesh_core::place::{AgentId, Shape};
use mesh_core::role::{Agent, Input};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// How long workers have to end when the mesh does.
const ENDING: Duration = Duration::from_secs(5);

/// The workers of a mesh, on a runtime and a thread of their own. What runs is ended when this is.
#[derive(Debug)]
pub(super) struct Staff {
    pub(super) host: Host,
    outlets: Vec<Arc<Outlet>>,
}

/// Their thread, and how it is ended.
#[derive(Debug)]
pub(super) struct StaffThread {
    end: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl StaffThread {
    pub(super) fn end(self) {
        // A thread that panicked has told so itself.
        let _ = self.end.send(());
        let _ = self.thread.join();
    }
}

/// Hires everybody that the configuration names. `None` when that is nobody.
pub(super) fn hire(
    config: &Config,
    shape: Shape,
    boxes: &[SyncSender<Mail>],
) -> Result<Option<(Arc<Staff>, StaffThread)>, ConfigError> {
    if config.workers.is_empty() {
        return Ok(None);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("worker")
        .enable_all()
        .build()
        .map_err(ConfigError::Thread)?;
    let runtime = Apart(Some(runtime));
    let journal = match &config.worker_log {
        Some(path) => Journal::open(path)?,
        None => Journal::volatile(),
    };
    let host = Host::new(runtime.get().handle().clone(), journal);
    let outlets: Vec<Arc<Outlet>> = boxes
        .iter()
        .map(|inbox| {
            let inbox = inbox.clone();
            // A shard whose box is full is awake, and looks by itself.
            Arc::new(Outlet::new(move || drop(inbox.try_send(Mail::Worked))))
        })
        .collect();
    for (&place, spec) in &config.workers {
        if !is_there(place, shape, config.agents) {
            return Err(ConfigError::NoAgent(place, config.agents));
        }
        let outlet = &outlets[place.sector().index() % boxes.len()];
        host.employ(place, spec, outlet)
            .map_err(|error| ConfigError::Worker(place, error))?;
    }
    let staff = Arc::new(Staff { host, outlets });
    let (end, ended) = oneshot::channel();
    let theirs = Arc::clone(&staff);
    let thread = std::thread::Builder::new()
        .name("workers".to_owned())
        .spawn(move || {
            runtime.get().block_on(async {
                // Whoever held the other end is gone, or wants it to end.
                let _ = ended.await;
                let _ = tokio::time::timeout(ENDING, theirs.host.stop()).await;
            });
        })
        .map_err(ConfigError::Thread)?;
    Ok(Some((staff, StaffThread { end, thread })))
}

/// A runtime that may be dropped anywhere, also by who runs on another one: nothing waits for what it still does.
struct Apart(Option<Runtime>);

impl Apart {
    fn get(&self) -> &Runtime {
        self.0.as_ref().expect("it is taken when it is dropped")
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Whether the mesh has an agent at this place.
fn is_there(place: AgentId, shape: Shape, agents: u32) -> bool {
    let (sector, cluster) = (place.sector().index(), usize::from(place.cluster.slot()));
    let before = (sector * usize::from(shape.clusters) + cluster) * usize::from(shape.agents);
    sector < usize::from(shape.sectors)
        && cluster < usize::from(shape.clusters)
        && usize::from(place.slot()) < usize::from(shape.agents)
        && before + usize::from(place.slot()) < agents as usize
}

impl Shared {
    /// The host of an agent's real worker, where it has one.
    pub(super) fn worker_of(&self, place: AgentId) -> Option<&Host> {
        let staff = self.staff.as_ref()?;
        staff.host.has(place).then_some(&staff.host)
    }
}

impl Shard {
    /// What an agent with a real worker can do, and how it meets T.
    pub(super) fn employ(&self, agent: &mut Agent) {
        let host = self.shared.worker_of(agent.place());
        if let Some(contract) = host.and_then(|host| host.contract(agent.place())) {
            agent.set_mode(contract.mode);
            agent.set_abilities(contract.capabilities);
        }
    }

    /// What real workers have said since the last time.
    pub(super) fn hear_workers(&mut self) {
        let Some(staff) = self.shared.staff.clone() else {
            return;
        };
        for (place, event) in staff.outlets[self.index].take() {
            if let Some(index) = self.agent_at(place) {
                self.now = self.shared.clock.now();
                self.show_load(index);
                self.give(NodeId::Agent(index), Input::Worker(event));
            }
        }
    }

    /// An agent shows how much waits and runs at its real worker. False where it has none.
    pub(super) fn show_load(&mut self, index: u32) -> bool {
        let agent = &mut self.agents[index as usize];
        let Some(host) = self.shared.worker_of(agent.role.place()) else {
            return false;
        };
        agent.role.set_queue(host.load(agent.role.place()));
        true
    }
}
