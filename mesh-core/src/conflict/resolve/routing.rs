//! `CAPABILITY_MISMATCH`: routing fix (§5.1, §7.2).
//!
//! The work goes to an agent that can do it; an agent that claimed what it cannot do loses the capability; and a class
//! whose agents fail at it one after another gets a rule proposed, which an operator confirms.

use super::{Action, ConflictRecord, How, Plan, Step};
use crate::conflict::record::SUBJECT_MAX;
use crate::place::{AgentId, Class};
use crate::text::bounded::Text;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Different agents of a class that failed at a capability before a rule against the class is proposed: two may be a
/// coincidence, as in §7.2, where a person asks for the rule.
pub const RULE_AGENTS_MIN: usize = 3;
/// Pairs of class and capability remembered at most: six classes with some forty capabilities each.
pub const MISMATCHES_MAX: usize = 256;
/// Agents remembered for each pair; a rule is long proposed by then.
const AGENTS_MAX: usize = 64;

/// Which agents of which class were asked for what they cannot do.
#[derive(Debug, Clone, Default)]
pub struct Mismatches {
    agents: BTreeMap<(Class, Text<SUBJECT_MAX>), BTreeSet<AgentId>>,
    order: VecDeque<(Class, Text<SUBJECT_MAX>)>,
}

impl Mismatches {
    /// Remembers nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one more; how many different agents of the class it were so far.
    pub fn note(&mut self, class: Class, capability: &Text<SUBJECT_MAX>, agent: AgentId) -> usize {
        let key = (class, capability.clone());
        if !self.agents.contains_key(&key) {
            self.order.push_back(key.clone());
            if self.order.len() > MISMATCHES_MAX
                && let Some(oldest) = self.order.pop_front()
            {
                self.agents.remove(&oldest);
            }
        }
        let agents = self.agents.entry(key).or_default();
        if agents.len() < AGENTS_MAX {
            agents.insert(agent);
        }
        agents.len()
    }
}

/// Finds the work of a mismatch a place. `claims` says whether the agent's record lists the capability; `candidates` are
/// agents that have it, best first, as routing chose them (§4.2).
pub fn reroute(
    record: &ConflictRecord,
    class: Class,
    claims: bool,
    candidates: &[AgentId],
    mismatches: &mut Mismatches,
) -> Plan {
    let mut plan = Plan::new(record);
    let (agent, capability) = (record.agent, &record.detail.subject);
    if claims {
        plan.find(
            Step::ConfirmMismatch,
            format!("{agent} lists {capability} and cannot do it"),
        );
        plan.actions.push(Action::RevokeCapability {
            agent,
            capability: capability.clone(),
        });
    } else {
        plan.find(
            Step::ConfirmMismatch,
            format!("{agent} never listed {capability}"),
        );
    }

    let failed = mismatches.note(class, capability, agent);
    let repeats = format!("{failed} agents of class {class} could not do {capability}");
    let to = candidates.iter().copied().find(|&other| other != agent);
    plan.find(
        Step::Reassign,
        match to {
            Some(other) => format!("{other} takes it over"),
            None => format!("nobody else can do {capability}"),
        },
    );
    plan.find(Step::CountRepeats, &repeats);
    if failed >= RULE_AGENTS_MIN {
        plan.find(
            Step::ProposeRule,
            format!("exclude {class} from {capability}"),
        );
        plan.actions.push(Action::ProposeRule {
            class,
            capability: capability.clone(),
            agents: failed as u16,
        });
    }
    match to {
        Some(to) => {
            let reassign = Action::Reassign {
                message: record.message,
                to,
            };
            plan.settle(How::Repaired, [reassign, Action::DiscardData])
        }
        None => plan.ask(
            format!("no agent can do {capability}: add one that can, or dismiss the task?"),
            Vec::new(),
            &[How::Dismiss],
        ),
    }
}
