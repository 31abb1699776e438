//! Where what workers say waits for whoever drives the roles.

use mesh_core::operation::task::TaskId;
use mesh_core::place::AgentId;
use mesh_core::role::WorkerEvent;
use std::collections::VecDeque;
use std::mem::discriminant;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// A queue of what was said. It holds at most what is open at its agents: news of a kind about one task replaces the news
/// of that kind that nobody has taken yet.
pub struct Outlet {
    said: Mutex<VecDeque<(AgentId, WorkerEvent)>>,
    any: AtomicBool,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl std::fmt::Debug for Outlet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outlet")
            .field("any", &self.any)
            .finish_non_exhaustive()
    }
}

impl Outlet {
    /// `wake` is called when something is there and nothing was before; it may be called from any thread and must not wait.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            said: Mutex::default(),
            any: AtomicBool::new(false),
            wake: Box::new(wake),
        }
    }

    /// Everything that was said since the last time, in order.
    pub fn take(&self) -> VecDeque<(AgentId, WorkerEvent)> {
        if !self.any.swap(false, Ordering::AcqRel) {
            return VecDeque::new();
        }
        std::mem::take(&mut *self.said.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn say(&self, agent: AgentId, event: WorkerEvent) {
        {
            let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
            let same = said
                .iter_mut()
                .rev()
                .find(|(by, before)| *by == agent && replaces(&event, before));
            match same {
                Some((_, before)) => *before = event,
                None => said.push_back((agent, event)),
            }
        }
        if !self.any.swap(true, Ordering::AcqRel) {
            (self.wake)();
        }
    }
}

/// Whether the later one says all that the earlier one does.
fn replaces(later: &WorkerEvent, earlier: &WorkerEvent) -> bool {
    let of = |event: &WorkerEvent| -> Option<TaskId> {
        match event {
            WorkerEvent::Task(id, _) => Some(id.clone()),
            _ => None,
        }
    };
    match (later, earlier) {
        (WorkerEvent::Still, WorkerEvent::Still) => true,
        (WorkerEvent::Task(_, now), WorkerEvent::Task(_, then)) => {
            discriminant(now) == discriminant(then) && of(later) == of(earlier)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mesh_core::message::TaskSaid;
    use mesh_core::operation::resource::Resource;
    use std::sync::Arc;
    use std::sync::atomic::AtomicU32;

    #[test]
    fn a_flood_of_news_about_one_task_is_one_piece_of_news_and_one_call() {
        let calls = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&calls);
        let outlet = Outlet::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        let agent = "1-1-1".parse().expect("a place");
        let id = TaskId::try_from("t".to_owned()).expect("an id");
        for number in 0..10_000 {
            let waits = TaskSaid::Waits(Resource::Other, format!("{number}").as_str().into());
            outlet.say(agent, WorkerEvent::Task(id.clone(), waits));
        }
        outlet.say(agent, WorkerEvent::Task(id, TaskSaid::Started));
        let taken = outlet.take();
        assert_eq!(taken.len(), 2);
        assert!(matches!(&taken[0].1,
            WorkerEvent::Task(_, TaskSaid::Waits(_, detail)) if detail.raw() == "9999"));
        assert_eq!(calls.load(Ordering::Relaxed), 1);
        assert!(outlet.take().is_empty());
    }
}
