//! Somebody at the console: operations go through the orchestrator's door, as in life, and what comes back is counted.

use super::node::NodeId;
use super::world::World;
use mesh_core::operation::event::Stamped;
use mesh_core::operation::{Event as Happened, Operation};
use mesh_core::role::{Ask, Caller, Input, Reply};
use mesh_core::time::Moment;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What was asked, and what came of it.
#[derive(Debug, Default)]
pub(super) struct Requests {
    numbered: u64,
    open: BTreeMap<Arc<str>, Request>,
    pub(super) books: Books,
    /// Events told, by the words of their type.
    pub(super) told: BTreeMap<&'static str, u64>,
    /// How requests ended, for whoever looks.
    #[cfg(test)]
    pub(super) ends: BTreeMap<Arc<str>, Reply>,
}

#[derive(Debug)]
struct Request {
    line: String,
    at: Moment,
    wanted: Wanted,
}

/// What is expected of something that is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// That it is carried out.
    Done,
    /// That it is refused.
    Refused,
    /// Nothing: the mesh may have good reasons either way.
    Either,
}

/// Requests in numbers.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Books {
    /// Asked.
    pub asked: u64,
    /// Answered.
    pub answered: u64,
    /// Refused.
    pub refused: u64,
    /// No orchestrator was there to ask.
    pub unheard: u64,
    /// Refused against expectation, or carried out against it: the first of them, in words.
    pub unexpected: Vec<String>,
}

/// Surprises told in full; the rest would be more of the same.
const UNEXPECTED_MAX: usize = 20;

impl Books {
    fn surprise(&mut self, what: String) {
        if self.unexpected.len() < UNEXPECTED_MAX {
            self.unexpected.push(what);
        }
    }
}

impl World {
    /// An operation of the scenario; false when nobody took it.
    pub(super) fn operate(
        &mut self,
        name: &str,
        scope: Option<&str>,
        args: &toml::Table,
        wanted: Wanted,
    ) -> bool {
        let mut object = serde_json::Map::new();
        object.insert("op".into(), name.into());
        if let Some(scope) = scope {
            object.insert("scope".into(), scope.into());
        }
        for (key, value) in args {
            // Tables of a scenario hold what JSON holds; dates, which it does not, read as text.
            let value = serde_json::to_value(value).unwrap_or_else(|_| value.to_string().into());
            object.insert(key.clone(), value);
        }
        match Operation::from_json(&object.into()) {
            Ok(operation) => self.ask(operation, wanted),
            Err(error) => {
                let what = format!("operate {name} cannot be read: {error}");
                self.requests.books.surprise(what);
                false
            }
        }
    }

    /// Asks whoever is the orchestrator; false when nobody is.
    pub(super) fn ask(&mut self, operation: Operation, wanted: Wanted) -> bool {
        let now = self.now;
        let requests = &mut self.requests;
        requests.numbered += 1;
        requests.books.asked += 1;
        let id: Arc<str> = Arc::from(format!("sim-{}", requests.numbered));
        let node = self
            .orchestrators
            .into_iter()
            .find(|&index| self.seats[index as usize].role.serving());
        let Some(index) = node else {
            let books = &mut self.requests.books;
            books.unheard += 1;
            if wanted != Wanted::Either {
                books.surprise(format!("{}: nobody is the orchestrator", operation.line()));
            }
            return false;
        };
        let request = Request {
            line: operation.line(),
            at: now,
            wanted,
        };
        self.requests.open.insert(Arc::clone(&id), request);
        let ask = Ask {
            id,
            caller: Caller::owner(),
            operation,
            confirmed: true,
        };
        self.give(NodeId::Seat(index), Input::Operation(Box::new(ask)));
        true
    }

    /// Something came back.
    pub(super) fn replied(&mut self, id: &Arc<str>, reply: Reply) {
        #[cfg(test)]
        if !matches!(reply, Reply::Progress(_)) {
            self.requests.ends.insert(Arc::clone(id), reply.clone());
        }
        let books = &mut self.requests.books;
        let unexpected = match reply {
            Reply::Progress(_) => return,
            Reply::Answer(_) => {
                books.answered += 1;
                None
            }
            Reply::Refused(refusal) => {
                books.refused += 1;
                Some(refusal)
            }
        };
        let Some(request) = self.requests.open.remove(id) else {
            return;
        };
        let as_wanted = match request.wanted {
            Wanted::Done => unexpected.is_none(),
            Wanted::Refused => unexpected.is_some(),
            Wanted::Either => true,
        };
        if !as_wanted {
            let what = unexpected.map_or_else(
                || "it was carried out".into(),
                |refusal| refusal.to_string(),
            );
            let what = format!("{} at {}: {what}", request.line, request.at);
            self.requests.books.surprise(what);
        }
    }

    /// Something that consoles are told.
    pub(super) fn told(&mut self, event: &Stamped) {
        let word = match &event.event {
            Happened::AgentState { .. } => "agent_state",
            Happened::Quarantined { .. } => "quarantined",
            Happened::Breaker { .. } => "breaker",
            Happened::Takeover { .. } => "takeover",
            Happened::Autonomy { .. } => "autonomy",
            Happened::Mode { .. } => "mode",
            Happened::Conflict { .. } => "conflict",
            Happened::ConflictResolved { .. } => "conflict_resolved",
            Happened::ThrowStarted { .. } => "throw_started",
            Happened::ThrowProgress { .. } => "throw_progress",
            Happened::ThrowSealed { .. } => "throw_sealed",
            Happened::FreezeProof { .. } => "freeze_proof",
            Happened::Threat { .. } => "threat",
            Happened::Task { .. } => "task",
            Happened::Review { .. } => "review",
            Happened::Alert { .. } => "alert",
            Happened::Admitted { .. } => "admitted",
            Happened::KeyRefused { .. } => "key_refused",
            Happened::Settling { .. } => "settling",
            Happened::Watched { .. } => "watched",
            Happened::Operation { .. } => "operation",
            Happened::Missed { .. } => "missed",
        };
        *self.requests.told.entry(word).or_default() += 1;
    }
}

#[cfg(test)]
mod tests;
