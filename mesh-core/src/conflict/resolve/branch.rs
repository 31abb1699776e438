//! `CONTEXT_DIVERGENCE`: branch and reconcile (§5.1).
//!
//! The received context gets a branch, so that both go on. What was edited on one side only, or alike on both, is joined
//! by itself; keys that both sides changed differently go to a person, and until then both branches stand.

use super::{Action, COLLISIONS_MAX, ConflictRecord, How, Plan, Step, branch_name};
use crate::message::context::{ContextError, ContextStore, Merged};
use crate::unit::Digest;
use std::collections::BTreeMap;

/// Commits fetched behind a received head: past this many the contexts have been apart for so long that a person should
/// look at it.
const HISTORY: u32 = 64;

/// Reconciles the head `received` into `branch` of the store. Whatever is lacking is asked for; run it again then. With
/// `answers` (a person's values for colliding keys, none removing the key) it finishes what it had to ask.
pub fn reconcile(
    record: &ConflictRecord,
    store: &mut ContextStore,
    branch: &str,
    received: Digest,
    answers: &BTreeMap<String, Option<String>>,
    author: &str,
) -> Result<Plan, ContextError> {
    let mut plan = Plan::new(record);
    let ours = store.head(branch)?;
    let side = branch_name(record.id);
    store.adopt(side.as_str(), received)?;
    plan.find(
        Step::MakeBranches,
        format!("{side} holds {received}, {branch} holds {ours}"),
    );

    let missing = store.missing(received, HISTORY);
    // Where our own history was pruned its parents are missing on their side too: nobody needs those.
    let lacks_head = store.document(received).is_err();
    let parted = store.divergence(ours, received).ok();
    let no_base = parted.is_none_or(|divergence| divergence.base.is_none());
    if lacks_head || (no_base && !missing.commits.is_empty()) {
        plan.find(Step::RunBranches, "the received history is not here yet");
        plan.actions.push(Action::FetchContext {
            hashes: missing
                .commits
                .into_iter()
                .chain(missing.documents)
                .collect(),
        });
        return Ok(plan);
    }
    let divergence = store.divergence(ours, received)?;
    plan.find(
        Step::RunBranches,
        format!(
            "{} commits apart on our side, {} on theirs",
            divergence.ours, divergence.theirs
        ),
    );
    let met = match (store.convergence(ours, received), divergence.base) {
        (Some((met, _)), _) => format!("both came to the same content at {met}"),
        (None, Some(base)) => format!("they parted at {base}"),
        (None, None) => "they share no history".to_owned(),
    };
    plan.find(Step::FindConvergence, met);

    let lamport = record.lamport.0;
    let head = match store.merge(branch, side.as_str(), answers, author, lamport) {
        Ok(Merged::Collides(collisions)) => {
            let found = format!("{} keys were changed on both sides", collisions.len());
            plan.find(Step::ReviewRest, &found);
            plan.actions.push(Action::MakeBranch {
                branch: side,
                head: received,
            });
            let question = format!(
                "{found}, the first is {:?}: which values stand? Up to {COLLISIONS_MAX} are shown.",
                collisions.first().map_or("", |c| c.key.as_str())
            );
            let choices = [How::KeepExpected, How::KeepReceived, How::Branch];
            return Ok(plan.ask(question, collisions, &choices));
        }
        Ok(Merged::Already(head) | Merged::FastForward(head) | Merged::Joined(head)) => head,
        // The two sides fit, but their union does not fit into a document, or the base is no longer held.
        Err(error @ (ContextError::Entry { .. } | ContextError::Unknown(_))) => {
            plan.find(Step::ReviewRest, error.to_string());
            let choices = [How::KeepExpected, How::KeepReceived, How::Branch];
            return Ok(plan.ask(
                format!("the contexts cannot be joined by themselves: {error}"),
                Vec::new(),
                &choices,
            ));
        }
        Err(error) => return Err(error),
    };
    store.delete_branch(side.as_str())?;
    plan.find(Step::ReviewRest, "nothing is left to decide");
    let sync = Action::SyncContext {
        branch: branch.into(),
        head,
    };
    Ok(plan.settle(How::Merged, [sync, Action::DiscardData]))
}
