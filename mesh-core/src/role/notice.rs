//! What the guards of a role notice, and what is to be done about it, as plain values.
//!
//! A guard looks at what passes and puts [`Step`]s into a list; the role carries them out. A [`Notice`] goes to people
//! as an event and up the tree as far as it concerns anybody; a [`Protect`] becomes an entry of desired state, so that
//! whoever routes learns it at its next beat and whoever joins late learns it too (PROTOCOL §6).

use super::desired::Desired;
use super::{Event, HostAct, Output, Outputs, To};
use crate::conflict::Tier;
use crate::guard::breaker::Why;
use crate::guard::failure::FailureClass;
use crate::guard::level::{Gate, Kind, Value};
use crate::guard::tamper::{Finding, Threat};
use crate::message::{Body, Epoch};
use crate::place::scope::Region;
use crate::time::{Micros, Moment};
use crate::trust::seat::Seat;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Something that was noticed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// A failure of §6.1.
    Failed {
        /// Whose.
        subject: Region,
        /// Which.
        class: FailureClass,
        /// Whether it is past its threshold for the next tier.
        escalated: bool,
        /// How long it had been silent, where silence is what was noticed: those above count it when it began.
        silent: Micros,
    },
    /// A failure is over.
    Recovered {
        /// Whose.
        subject: Region,
        /// Which it was.
        class: FailureClass,
    },
    /// A threat of §9.2.
    Threat(Box<Finding>),
    /// A breaker changed (§6.2).
    Gate {
        /// Whose.
        region: Region,
        /// What it lets through from now on.
        to: Gate,
        /// Why.
        why: Why,
    },
    /// A second holder of a key that is in use: refused, and shown.
    Clone {
        /// Where the key is admitted.
        subject: Region,
    },
}

impl Notice {
    /// The highest tier that is told of it.
    pub const fn reaches(&self) -> Tier {
        match self {
            Self::Failed {
                class, escalated, ..
            } => {
                if class.escalates_at_once() {
                    Tier::Orchestrator
                } else if *escalated || matches!(class, FailureClass::AgentCrash) {
                    Tier::Coordinator
                } else {
                    Tier::Lead
                }
            }
            Self::Recovered { class, .. } => match class {
                FailureClass::TransientNetwork | FailureClass::ImpedanceSpike => Tier::Lead,
                FailureClass::AgentCrash => Tier::Coordinator,
                FailureClass::ContextCorruption
                | FailureClass::ByzantineBehavior
                | FailureClass::CascadeFailure => Tier::Orchestrator,
            },
            Self::Threat(_) | Self::Gate { .. } | Self::Clone { .. } => Tier::Orchestrator,
        }
    }

    /// Whom or what it concerns.
    pub fn subject(&self) -> Region {
        match self {
            Self::Failed { subject, .. }
            | Self::Recovered { subject, .. }
            | Self::Clone { subject } => *subject,
            Self::Threat(finding) => finding.subject,
            Self::Gate { region, .. } => *region,
        }
    }

    /// The name under which it is counted and expected, for failures, threats and cloned keys.
    pub fn name(&self) -> Option<&'static str> {
        Some(match self {
            Self::Failed { class, .. } => match class {
                FailureClass::TransientNetwork => "transient_network",
                FailureClass::AgentCrash => "agent_crash",
                FailureClass::ImpedanceSpike => "impedance_spike",
                FailureClass::ContextCorruption => "context_corruption",
                FailureClass::ByzantineBehavior => "byzantine_behavior",
                FailureClass::CascadeFailure => "cascade_failure",
            },
            Self::Threat(finding) => match finding.threat {
                Threat::RogueAgent => "rogue_agent",
                Threat::ClusterCompromise => "cluster_compromise",
                Threat::SectorCompromise => "sector_compromise",
                Threat::OrchestratorCompromise => "orchestrator_compromise",
                Threat::DenialOfService => "denial_of_service",
                Threat::TimingAttack => "timing_attack",
            },
            Self::Clone { .. } => "cloned_key",
            Self::Recovered { .. } | Self::Gate { .. } => return None,
        })
    }
}

/// A piece of desired state that a guard wants written in its role's name (PROTOCOL §6: what protects, and only below).
#[derive(Debug, Clone, PartialEq)]
pub struct Protect {
    /// What it is about.
    pub kind: Kind,
    /// Where.
    pub region: Region,
    /// What shall hold.
    pub value: Value,
    /// For how long it is meant; the guard that wrote it lifts it.
    pub lasting: Option<Micros>,
}

/// Something for the role to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Tell people, and whoever above it concerns.
    Notice(Notice),
    /// Write desired state.
    Protect(Protect),
    /// Ask the child at this slot for a beat at once.
    Hail(u16),
    /// Ask the host of an agent for this.
    Host(HostAct),
    /// Take the seat of this child from whoever holds it.
    Depose(Seat),
    /// Have the agent at this slot load the context with this short hash.
    Reload(u8, u64),
}

/// The list that guards put steps in. It is empty nearly always and then holds no memory.
#[derive(Debug, Default)]
pub struct Steps(pub Vec<Step>);

impl Steps {
    /// A failure.
    pub fn failed(&mut self, subject: Region, class: FailureClass, escalated: bool) {
        self.silent(subject, class, escalated, Micros::ZERO);
    }

    /// A failure that was noticed by so long a silence.
    pub fn silent(
        &mut self,
        subject: Region,
        class: FailureClass,
        escalated: bool,
        silent: Micros,
    ) {
        self.0.push(Step::Notice(Notice::Failed {
            subject,
            class,
            escalated,
            silent,
        }));
    }

    /// A failure that is over.
    pub fn recovered(&mut self, subject: Region, class: FailureClass) {
        self.0
            .push(Step::Notice(Notice::Recovered { subject, class }));
    }

    /// A threat, if there is one.
    pub fn threat(&mut self, finding: Option<Finding>) {
        self.0
            .extend(finding.map(|finding| Step::Notice(Notice::Threat(Box::new(finding)))));
    }

    /// Desired state without an end.
    pub fn protect(&mut self, kind: Kind, region: Region, value: Value) {
        self.protect_for(kind, region, value, None);
    }

    /// Desired state that is meant to last so long.
    pub fn protect_for(
        &mut self,
        kind: Kind,
        region: Region,
        value: Value,
        lasting: Option<Micros>,
    ) {
        self.0.push(Step::Protect(Protect {
            kind,
            region,
            value,
            lasting,
        }));
    }
}

/// What is left for the role itself when the steps are carried out.
#[derive(Debug, Default)]
pub struct Left {
    /// Desired state has changed.
    pub changed: bool,
    /// Whom to have load which context.
    pub reloads: Vec<(u8, u64)>,
    /// Whose seats to take.
    pub deposed: Vec<Seat>,
}

impl Steps {
    /// Carries out what every role does alike: tells, writes, hails, asks hosts.
    pub fn carry_out(
        &mut self,
        now: Moment,
        tier: Tier,
        epoch: Epoch,
        desired: &mut Desired,
        out: &mut Outputs,
    ) -> Left {
        let mut left = Left::default();
        for step in self.0.drain(..) {
            match step {
                Step::Notice(notice) => {
                    let notice = Arc::new(notice);
                    if notice.reaches() > tier {
                        out.send(To::Parent, epoch, Body::Notice(Arc::clone(&notice)));
                    }
                    out.event(Event::Notice(notice));
                }
                Step::Protect(protect) => {
                    let Protect {
                        kind,
                        region,
                        value,
                        lasting,
                    } = protect.clone();
                    match desired.write(now, kind, region, value, lasting, out) {
                        Ok(_) => left.changed = true,
                        Err(error) => {
                            out.event(Event::Unprotected(Box::new((protect, error))));
                        }
                    }
                }
                Step::Hail(slot) => out.send(To::Child(slot), epoch, Body::Hail),
                Step::Host(act) => out.0.push(Output::Host(act)),
                Step::Depose(seat) => left.deposed.push(seat),
                Step::Reload(slot, context) => left.reloads.push((slot, context)),
            }
        }
        left
    }
}
