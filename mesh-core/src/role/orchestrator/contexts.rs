//! Context at the orchestrator: the documents' branches, the head that is known to be good, and who is to hold it
//! (PROTOCOL §9a).

use super::Orchestrator;
use super::door::Outcome;
use super::look::set_of;
use crate::guard::level::{Kind, Value};
use crate::message::context::{CommitId, ContextError, ContextStore, Document, MAIN, Merged};
use crate::operation::answer::Context;
use crate::operation::refusal::Ground;
use crate::operation::word::ContextAct;
use crate::operation::{Refusal, Scopes};
use crate::place::scope::ScopeSet;
use crate::registry::{Group, GroupBy};
use crate::role::{Ask, Outputs};
use crate::time::Moment;
use crate::unit::Digest;
use std::collections::BTreeMap;

/// Hashes told of who holds what, at most.
const HELD_MAX: usize = 1_000;

/// The context documents.
#[derive(Debug)]
pub(super) struct Contexts(ContextStore);

impl Default for Contexts {
    /// Begins with an empty document.
    fn default() -> Self {
        Self(ContextStore::new(Document::new(), "orchestrator"))
    }
}

impl Orchestrator {
    pub(super) fn context(
        &mut self,
        now: Moment,
        ask: &Ask,
        (action, scope): (ContextAct, Option<&Scopes>),
        (branch, hash): (Option<&str>, Option<&str>),
        out: &mut Outputs,
    ) -> Result<Outcome, Refusal> {
        let set = set_of(scope, ask.operation.except());
        let name = branch.unwrap_or(MAIN);
        let by = ask.caller.name.clone();
        let head = match action {
            // Answered where one only looks.
            ContextAct::Show => return Err(Refusal::new(Ground::Wrong, "show changes nothing")),
            ContextAct::Branch => {
                let store = &mut self.door.contexts.0;
                let at = match hash {
                    Some(hash) => hash_of(hash)?,
                    None => store.head(MAIN).map_err(refused)?,
                };
                store.branch(name, at).map_err(refused)?;
                return Ok(Outcome::Now(self.done(now, ask, 0, 0)));
            }
            ContextAct::Merge => {
                let lamport = self.lamport.tick().0;
                let store = &mut self.door.contexts.0;
                let merged = store.merge(MAIN, name, &BTreeMap::new(), &by, lamport);
                match merged.map_err(refused)? {
                    Merged::Collides(keys) => {
                        let keys: Vec<&str> = keys.iter().map(|one| one.key.as_str()).collect();
                        let why = format!(
                            "{name} and {MAIN} differ in {}; a person has to choose: {}",
                            keys.len(),
                            keys.join(", ")
                        );
                        return Err(Refusal::new(Ground::Wrong, why));
                    }
                    Merged::Already(_) | Merged::FastForward(_) | Merged::Joined(_) => {
                        return Ok(Outcome::Now(self.done(now, ask, 0, 0)));
                    }
                }
            }
            ContextAct::MarkGood => {
                let store = &mut self.door.contexts.0;
                let head = match hash {
                    Some(hash) => hash_of(hash)?,
                    None => store.head(name).map_err(refused)?,
                };
                if store.get(head).is_some() {
                    store.mark_known_good(head).map_err(refused)?;
                }
                head
            }
            ContextAct::Reload => self.good_for(&set, now).ok_or_else(|| {
                Refusal::new(Ground::NotFound, "no head is known to be good yet")
                    .allowing(["context"])
            })?,
        };
        let regions = self.regions(&set, now)?;
        self.write_all(now, &Kind::Context, Value::Head(head), &regions, None, out)?;
        let agents = self.replica.table.select(&set, now).len();
        Ok(Outcome::Now(self.done(now, ask, agents as u64, 0)))
    }

    /// The head that these should hold: by desired state, otherwise the one known to be good.
    fn good_for(&self, set: &ScopeSet, now: Moment) -> Option<CommitId> {
        let first = self.replica.table.select(set, now).rows().next();
        let wanted = first.and_then(|row| {
            let held = self.desired.effective(row.place(), row.class());
            held.context
        });
        wanted.or_else(|| self.door.contexts.0.known_good())
    }

    pub(super) fn contexts(&self, set: &ScopeSet, now: Moment) -> Context {
        let groups = self.replica.table.select(set, now).groups(GroupBy::Context);
        let mut held: Vec<(u64, u32)> = groups
            .into_iter()
            .filter_map(|(group, counts)| match group {
                Group::Context(context) => Some((context, counts.agents)),
                Group::Sector(_) | Group::Cluster(_) | Group::Class(_) | Group::Task(_) => None,
            })
            .collect();
        held.sort_unstable_by_key(|(context, count)| (core::cmp::Reverse(*count), *context));
        held.truncate(HELD_MAX);
        let branches = self.door.contexts.0.branches();
        Context {
            branches: branches
                .map(|(name, head)| (name.to_owned(), head))
                .collect(),
            known_good: self.good_for(&ScopeSet::new(Scopes::all()), now),
            held,
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` hands it over")]
fn refused(error: ContextError) -> Refusal {
    let ground = match &error {
        ContextError::Unknown(_) | ContextError::NoBranch(_) | ContextError::NoKnownGood => {
            Ground::NotFound
        }
        ContextError::Full { .. } => Ground::TooMuch,
        ContextError::Entry { .. }
        | ContextError::Undecodable { .. }
        | ContextError::WrongHash { .. }
        | ContextError::Branch { .. } => Ground::Wrong,
    };
    Refusal::new(ground, error.to_string()).allowing(["context"])
}

fn hash_of(hex: &str) -> Result<Digest, Refusal> {
    let wrong = || {
        let why = format!(
            "{} is no hash; a head is 64 hex digits",
            crate::text::excerpt(hex)
        );
        Refusal::new(Ground::Wrong, why).allowing(["context"])
    };
    let digits = hex.as_bytes();
    if digits.len() != 64 {
        return Err(wrong());
    }
    let mut bytes = [0u8; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        let text = core::str::from_utf8(pair).map_err(|_| wrong())?;
        *byte = u8::from_str_radix(text, 16).map_err(|_| wrong())?;
    }
    Ok(Digest(bytes))
}
