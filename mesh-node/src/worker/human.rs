//! `human`: a person, through review items (PROTOCOL §4).
//!
//! What is asked of an agent of class F becomes a review item where it is accepted, at the orchestrator's desk: it waits in
//! the console for an answer, outlives every process, and expires with its task. So nothing of a task reaches this worker
//! while there is an orchestrator; what does says that it waits for a person, until it is given up or its time is over.

use super::job::ended;
use super::{Asked, Contract, Doing, End, Job, Prepared};
use mesh_core::operation::resource::Resource;

/// A person.
#[derive(Debug)]
pub(super) struct Worker {
    contract: Contract,
}

impl Worker {
    pub(super) const fn new(contract: Contract) -> Self {
        Self { contract }
    }
}

impl super::Worker for Worker {
    fn contract(&self) -> &Contract {
        &self.contract
    }

    /// Nobody answers within a throw's window; the item does.
    fn prepare<'a>(&'a self, _: &'a Asked) -> Doing<'a, Prepared> {
        Box::pin(std::future::pending())
    }

    fn act<'a>(&'a self, _: &'a Asked) -> Doing<'a, Result<(), End>> {
        Box::pin(async { Ok(()) })
    }

    fn task<'a>(&'a self, job: &'a Job) -> Doing<'a, Result<String, End>> {
        Box::pin(async move {
            if job.task.is_none() {
                return Err(End::failed(
                    "people are asked through review items: delegate a task to this place instead",
                ));
            }
            job.waits(Resource::Person, "an answer to a review item");
            // Nothing runs while somebody thinks.
            job.paused(true);
            Err(ended(job.over().await, job.within, "nobody's answer"))
        })
    }

    fn stop(&self) -> Doing<'_, ()> {
        Box::pin(async {})
    }
}
