//! `TEMPORAL_PARADOX`: clock reconciliation (§5.1).
//!
//! Causes are what is believed: an event's author says what it reacted to. Times that contradict them are mended, and the
//! agent at most of the contradictions is named. Only a circle of causes cannot be mended.

use super::{Action, ConflictRecord, How, Plan, Step};
use crate::conflict::record::CAUSES_MAX;
use crate::message::{Lamport, MessageId};
use crate::place::AgentId;
use std::collections::{BTreeMap, BTreeSet};

/// Events looked at around one paradox at most; the first are taken.
pub const CHAIN_MAX: usize = 256;

/// A message as far as order is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: MessageId,
    /// Whose it is.
    pub by: AgentId,
    /// Its Lamport time.
    pub time: Lamport,
    /// What it says caused it.
    pub causes: Vec<MessageId>,
}

/// Checks the events around a paradox, names the suspected clock and rebuilds the causal chain.
pub fn rebuild(record: &ConflictRecord, events: &[Event]) -> Plan {
    let mut plan = Plan::new(record);
    let known: BTreeMap<MessageId, &Event> = events
        .iter()
        .take(CHAIN_MAX)
        .map(|event| (event.id, event))
        .collect();

    // Each contradiction as (who caused, who reacted).
    let mut wrong: Vec<(AgentId, AgentId)> = Vec::new();
    let mut unknown: BTreeSet<MessageId> = BTreeSet::new();
    for event in known.values() {
        for cause in event.causes.iter().take(CAUSES_MAX) {
            match known.get(cause) {
                Some(cause) if cause.time >= event.time => wrong.push((cause.by, event.by)),
                Some(_) => {}
                None => drop(unknown.insert(*cause)),
            }
        }
    }
    plan.find(
        Step::CheckLamport,
        format!(
            "{} contradictions among {} events",
            wrong.len(),
            known.len()
        ),
    );
    plan.find(
        Step::CheckCauses,
        format!("{} causes are not known here", unknown.len()),
    );

    let suspect = suspect(&wrong);
    plan.find(
        Step::FindClock,
        match suspect {
            Some(agent) => format!("{agent} stands at most of the contradictions"),
            None => "no clock contradicts a cause".to_owned(),
        },
    );

    let order = order(&known);
    if order.len() < known.len() {
        let placed: BTreeSet<MessageId> = order.iter().map(|&(id, _)| id).collect();
        let left = known.keys().filter(|id| !placed.contains(id)).count();
        let found = format!("{left} events cause each other in a circle");
        plan.find(Step::RebuildChain, &found);
        let question = format!("{found}, so no order is right: dismiss the received event?");
        return plan.ask(question, Vec::new(), &[How::Dismiss, How::KeepReceived]);
    }
    plan.find(
        Step::RebuildChain,
        format!("{} events in causal order", order.len()),
    );
    let last = order
        .iter()
        .map(|&(_, time)| time)
        .max()
        .unwrap_or_default();
    let reset = suspect.map(|agent| Action::ResetClock { agent, to: last });
    let reorder = Action::Reorder { order };
    plan.settle(
        How::Repaired,
        [reorder, Action::ReleaseData].into_iter().chain(reset),
    )
}

/// The agent that contradicts the most different peers; among equals the one that reacted, since it is the reacting side
/// that must count on from what it has seen.
fn suspect(wrong: &[(AgentId, AgentId)]) -> Option<AgentId> {
    let mut peers: BTreeMap<AgentId, BTreeSet<AgentId>> = BTreeMap::new();
    let mut reacted: BTreeMap<AgentId, usize> = BTreeMap::new();
    for &(cause, effect) in wrong {
        peers.entry(cause).or_default().insert(effect);
        peers.entry(effect).or_default().insert(cause);
        *reacted.entry(effect).or_default() += 1;
    }
    peers
        .into_iter()
        .max_by_key(|(agent, peers)| {
            let reacted = reacted.get(agent).copied().unwrap_or(0);
            (peers.len(), reacted, core::cmp::Reverse(*agent))
        })
        .map(|(agent, _)| agent)
}

/// The events in an order that the causes allow (Kahn 1962), each with a time after its causes: its own where that
/// holds. Events that wait for each other in a circle are left out.
fn order(known: &BTreeMap<MessageId, &Event>) -> Vec<(MessageId, Lamport)> {
    let mut waits: BTreeMap<MessageId, usize> = BTreeMap::new();
    let mut effects: BTreeMap<MessageId, Vec<MessageId>> = BTreeMap::new();
    for event in known.values() {
        let causes: BTreeSet<MessageId> = event
            .causes
            .iter()
            .take(CAUSES_MAX)
            .filter(|cause| known.contains_key(cause))
            .copied()
            .collect();
        waits.insert(event.id, causes.len());
        for cause in causes {
            effects.entry(cause).or_default().push(event.id);
        }
    }
    let mut times: BTreeMap<MessageId, Lamport> =
        known.iter().map(|(&id, event)| (id, event.time)).collect();
    let mut ready: BTreeSet<(Lamport, MessageId)> = waits
        .iter()
        .filter(|(_, waits)| **waits == 0)
        .map(|(id, _)| (times[id], *id))
        .collect();
    let mut order = Vec::with_capacity(known.len());
    while let Some((time, id)) = ready.pop_first() {
        order.push((id, time));
        for effect in effects.remove(&id).unwrap_or_default() {
            let after = Lamport(time.0.saturating_add(1));
            // Every id of these maps is one of the known events.
            let (Some(own), Some(waits)) = (times.get_mut(&effect), waits.get_mut(&effect)) else {
                continue;
            };
            *own = (*own).max(after);
            *waits -= 1;
            if *waits == 0 {
                ready.insert((*own, effect));
            }
        }
    }
    order
}
