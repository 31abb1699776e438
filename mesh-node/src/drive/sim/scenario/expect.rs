//! What a run must have come to at its end.

use mesh_core::place::Class;
use mesh_core::place::scope::{Region, Scope};
use mesh_core::text::nearest;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// What must hold at the end of a run. Scopes are written as on the console.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// Broken invariants at most: none, except in scenarios that show an invariant fire.
    pub violations: u64,
    /// Failure classes, threats and the like that must have been found ([`Expect::FINDINGS`]): `"rogue_agent"` anywhere, or
    /// `"rogue_agent in cluster:2-1"` about somebody there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub detected: Vec<String>,
    /// Those that must not have been found: false alarms.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_detected: Vec<String>,
    /// Scopes whose agents are all frozen at the end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub frozen: Vec<String>,
    /// Scopes whose agents all work at the end: they are up, led, not frozen, not isolated and not routed around.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub active: Vec<String>,
    /// Scopes whose agents are all in quarantine at the end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quarantined: Vec<String>,
    /// Scopes to which nothing new is routed at the end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub avoided: Vec<String>,
    /// Scopes whose breaker was open at some time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tripped: Vec<String>,
    /// The mode at the end (§6.3): `full`, `degraded_light`, `degraded_moderate`, `degraded_severe` or `emergency`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Bounds of figures: `kpi.quorum_share = ">= 0.99"`.
    #[serde(
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "figures"
    )]
    pub kpi: BTreeMap<String, Bound>,
}

impl Expect {
    /// What can be detected: the failure classes of §6.1, the threats of §9.2, and keys that appear twice.
    pub const FINDINGS: [&str; 13] = [
        "transient_network",
        "agent_crash",
        "impedance_spike",
        "context_corruption",
        "byzantine_behavior",
        "cascade_failure",
        "rogue_agent",
        "cluster_compromise",
        "sector_compromise",
        "orchestrator_compromise",
        "denial_of_service",
        "timing_attack",
        "cloned_key",
    ];

    /// A finding's name, and where it is looked for: `"NAME"` or `"NAME in REGION"`.
    pub fn finding(text: &str) -> (&str, Region) {
        let (name, region) = text.split_once(" in ").unwrap_or((text, "all"));
        match Scope::parse(region) {
            Ok(Scope::Region(region)) => (name, region),
            // A scenario is checked when it is read; nothing is within a class but itself.
            Ok(_) | Err(_) => (name, Region::Class(Class::Human)),
        }
    }

    /// The modes of §6.3.
    pub const MODES: [&str; 5] = [
        "full",
        "degraded_light",
        "degraded_moderate",
        "degraded_severe",
        "emergency",
    ];
}

/// Figures that can be bounded: those of §11 and of `mesh-node sim --json`, and what seats, tasks and scaling come to.
pub const KPI_NAMES: [&str; 27] = [
    "quorum_share",
    "in_window_share",
    "within_50ms_share",
    "skipped_share",
    "conflict_share",
    "conflicts_recorded",
    "availability",
    "active_share",
    "gather_p95_ms",
    "release_spread_p99_ms",
    "recovery_cluster_s",
    "recovery_sector_s",
    "takeover_lead_s",
    "takeover_coordinator_s",
    "takeover_orchestrator_s",
    "takeovers",
    "agents",
    "operations",
    "operations_refused",
    "messages_lost",
    "messages_refused",
    "registry_lag_s",
    "freeze_p99_ms",
    "tasks_done_share",
    "tasks_lost",
    "tasks_run_twice",
    "peak_pending",
];

/// A figure's bound, written `>= 0.99`, `<= 5`, or `= 0`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// Not less.
    AtLeast(f64),
    /// Not more.
    AtMost(f64),
    /// Exactly.
    Exactly(f64),
}

impl Bound {
    /// From text; `None` when it is no bound.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (make, number): (fn(f64) -> Self, &str) = if let Some(rest) = text.strip_prefix(">=") {
            (Self::AtLeast, rest)
        } else if let Some(rest) = text.strip_prefix("<=") {
            (Self::AtMost, rest)
        } else {
            (Self::Exactly, text.strip_prefix('=')?)
        };
        let number: f64 = number.trim().parse().ok()?;
        number.is_finite().then(|| make(number))
    }

    /// Whether `figure` keeps to it. Not-a-number never does: what was not measured cannot be claimed.
    pub fn holds(self, figure: f64) -> bool {
        match self {
            Self::AtLeast(least) => figure >= least,
            Self::AtMost(most) => figure <= most,
            Self::Exactly(value) => (figure - value).abs() < 1e-9,
        }
    }
}

impl core::fmt::Display for Bound {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::AtLeast(value) => write!(f, ">= {value}"),
            Self::AtMost(value) => write!(f, "<= {value}"),
            Self::Exactly(value) => write!(f, "= {value}"),
        }
    }
}

impl Serialize for Bound {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// Figures by name, each known and bounded.
fn figures<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, Bound>, D::Error> {
    let texts = BTreeMap::<String, String>::deserialize(from)?;
    let bounds = texts.into_iter().map(|(name, text)| {
        if !KPI_NAMES.contains(&name.as_str()) {
            let hint = nearest(&name, KPI_NAMES).map_or_else(
                || format!("known are {}", KPI_NAMES.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(D::Error::custom(format!("`{name}` is no figure; {hint}")));
        }
        let bound = Bound::parse(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "`{name}` = {text:?} is no bound; write it like \">= 0.99\", \"<= 700\" or \"= 0\""
            ))
        })?;
        Ok((name, bound))
    });
    bounds.collect()
}
