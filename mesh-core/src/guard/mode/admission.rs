//! Whether an operation is let in, in the mode that holds. This is where the restrictions of §6.3 are enforced.

use super::Mode;
use crate::message::Priority;
use core::fmt;
use serde::{Deserialize, Serialize};

/// What admission needs to know of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts about an operation, each asked for by one rule of §6.3"
)]
pub struct OperationTraits {
    /// How much it matters; priority 3 is critical.
    pub priority: Priority,
    /// Agents it addresses.
    pub targets: u32,
    /// It is a scatter-gather, broadcast or cascade.
    pub scatters: bool,
    /// It addresses the mesh as a whole.
    pub mesh_wide: bool,
    /// Nobody asked for it just now: a schedule, a rule, another machine.
    pub automated: bool,
    /// It is background work.
    pub background: bool,
    /// It reads and changes nothing.
    pub read_only: bool,
    /// It protects or repairs: freeze, quarantine, avoid, trip, heal. Never refused, since it is what the mode calls for.
    pub protective: bool,
    /// A person has said yes to it as a review item.
    pub approved: bool,
}

/// The rule that stands against an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Background work that is not critical.
    Background,
    /// A scatter over too many agents.
    Scatter,
    /// Not critical.
    NotCritical,
    /// Automated.
    Automated,
    /// On the whole mesh.
    MeshWide,
    /// Anything that acts while the cause is not known.
    Unexplained,
    /// Not urgent.
    NotUrgent,
}

/// What happens to an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It runs.
    Accept,
    /// It waits in a [`super::HeldQueue`] until the mode is better.
    Queue(Refusal),
    /// It runs when a person says yes to its review item.
    NeedsApproval(Refusal),
    /// It does not run.
    Refuse(Refusal),
}

/// Which mode stands against an operation, why, and what would be allowed. Its text is for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The mode that holds.
    pub mode: Mode,
    /// Which of its rules.
    pub rule: Rule,
}

impl Refusal {
    /// Why, in words.
    pub const fn why(self) -> &'static str {
        match self.rule {
            Rule::Background => "background work is switched off",
            Rule::Scatter => "a scatter over more than 1000 agents is switched off",
            Rule::NotCritical => "only critical operations run",
            Rule::Automated => "automated operations are halted",
            Rule::MeshWide => "an operation on the whole mesh needs a person's approval",
            Rule::Unexplained => "nothing acts before somebody has looked for the cause",
            Rule::NotUrgent => "what is not urgent waits",
        }
    }

    /// What would be allowed instead.
    pub const fn allowed(self) -> &'static str {
        match self.rule {
            Rule::Background => "run it in the foreground, or as critical (priority 3)",
            Rule::Scatter => "narrow it to 1000 agents or fewer, for example sector by sector",
            Rule::NotCritical => "reading, protecting and healing, and operations of priority 3",
            Rule::Automated => {
                "reading, protecting and healing, and what a person asks for and approves"
            }
            Rule::MeshWide => "approve its review item, or narrow it to a sector",
            Rule::Unexplained => {
                "reading, protecting and healing now; this one when its review item is approved"
            }
            Rule::NotUrgent => {
                "it runs by itself when the mode is better; priority 2 or 3 runs now"
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}; allowed: {}",
            self.mode,
            self.why(),
            self.allowed()
        )
    }
}

/// Decides on an operation in a mode (§6.3): refusals first, then approval, then waiting.
pub fn admit(mode: Mode, operation: OperationTraits) -> Admission {
    if operation.read_only || operation.protective {
        return Admission::Accept;
    }
    let limits = mode.restrictions();
    let critical = operation.priority == Priority::Critical;
    let too_wide = |most: u32| operation.scatters && operation.targets > most;
    let refuse = |rule| Admission::Refuse(Refusal { mode, rule });
    let ask = |rule| Admission::NeedsApproval(Refusal { mode, rule });

    if limits.automation_halted && operation.automated {
        return refuse(Rule::Automated);
    }
    if limits.critical_only && !critical {
        return refuse(Rule::NotCritical);
    }
    if limits.no_background && operation.background && !critical {
        return refuse(Rule::Background);
    }
    // From SEVERE on, what is wide is critical (the rest is refused above) and a person decides on it.
    let by_approval = limits.mesh_wide_needs_approval && operation.mesh_wide;
    if limits.scatter_max.is_some_and(too_wide) && !by_approval {
        return refuse(Rule::Scatter);
    }
    if by_approval && !operation.approved {
        return ask(Rule::MeshWide);
    }
    if limits.automation_halted && !operation.approved {
        return ask(Rule::Unexplained);
    }
    if limits
        .queued_below
        .is_some_and(|least| operation.priority < least)
    {
        return Admission::Queue(Refusal {
            mode,
            rule: Rule::NotUrgent,
        });
    }
    Admission::Accept
}
