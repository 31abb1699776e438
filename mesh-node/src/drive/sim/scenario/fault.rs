//! What can go wrong, and when.

use super::super::link::Burst;
use super::span;
use super::target::{Claim, Misconduct, Seat, StoreTrouble, Whom};
use mesh_core::message::ConflictKind;
use mesh_core::time::Micros;
use serde::{Deserialize, Serialize};
use toml::Table;

/// One fault: once, or again and again.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// When, from the start of the run.
    pub at: Micros,
    /// Again after each of these.
    pub every: Option<Micros>,
    /// The last repetition is before this; the end of the run by default.
    pub until: Option<Micros>,
    /// What.
    pub kind: FaultKind,
}

impl Fault {
    /// Repetitions of one fault at most: once a second for more than a day.
    pub const TIMES_MAX: usize = 100_000;

    /// Once.
    pub const fn once(at: Micros, kind: FaultKind) -> Self {
        Self {
            at,
            every: None,
            until: None,
            kind,
        }
    }

    /// All moments at which it strikes in a run of `duration`.
    pub fn times(&self, duration: Micros) -> impl Iterator<Item = Micros> + use<> {
        let end = self.until.map_or(duration, |until| until.min(duration));
        let step = self.every.filter(|every| every.0 > 0);
        core::iter::successors(Some(self.at), move |at| step.map(|step| *at + step))
            .take_while(move |at| *at < end)
            .take(Self::TIMES_MAX)
    }
}

/// What goes wrong, by `kind`. A `lasts` that is left out is until the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultKind {
    /// Agents die; their host starts them again after `restart`, or never.
    Crash {
        /// Whom.
        #[serde(default)]
        whom: Whom,
        /// When they start again.
        #[serde(
            default,
            with = "span::option",
            skip_serializing_if = "Option::is_none"
        )]
        restart: Option<Micros>,
        /// What was not yet synced to disk is gone.
        #[serde(default, skip_serializing_if = "is_false")]
        lose_unsynced: bool,
    },
    /// Dead agents start again.
    Restart {
        /// Whom.
        #[serde(default)]
        whom: Whom,
    },
    /// The host of a seat dies.
    Kill {
        /// Which seat.
        role: Seat,
        /// Whose: a cluster, a sector or all; only `count` of them when given.
        #[serde(default)]
        whom: Whom,
        /// When its host starts again; whoever took over stays.
        #[serde(
            default,
            with = "span::option",
            skip_serializing_if = "Option::is_none"
        )]
        restart: Option<Micros>,
        /// Whether a standby may take the seat meanwhile.
        #[serde(default = "yes", skip_serializing_if = "is_true")]
        standby: bool,
        /// What was not yet synced to disk is gone.
        #[serde(default, skip_serializing_if = "is_false")]
        lose_unsynced: bool,
    },
    /// Agents take `factor` times as long for everything.
    Slow {
        /// Whom.
        #[serde(default)]
        whom: Whom,
        /// How much longer.
        factor: f64,
        /// For how long.
        #[serde(
            default,
            with = "span::option",
            skip_serializing_if = "Option::is_none"
        )]
        lasts: Option<Micros>,
    },
    /// Agents live and receive but send nothing.
    Silent {
        /// Whom.
        #[serde(default)]
        whom: Whom,
        /// For how long.
        #[serde(
            default,
            with = "span::option",
            skip_serializing_if = "Option::is_none"
        )]
        lasts: Option<Micros>,
    },
    /// Agents report `factor` times the truth of themselves. Together and alike, this is the timing attack of §9.2.
    Lie {
        /// Whom.
        #[serde(default)]
        whom: Whom,
        /// About what.
        claim: Claim,
        /// What they report over what is so.
        factor: f64,
        /// For how long.
        #[serde(
            default,
            with = "span::option",
            skip_serializing_if = "Option::is_none"
        )]
        lasts: Option<Micros>,
    },
    /// Agents give wrong answers (Byzantine, §6.1).
    Wrong {
        /// Whom.
        #[serde(default)]
        whom: Whom,
        /// How often.
        #[serde(default = "always")]
        rate: f64,
        /// For how long.
        #[serde(
            default,
            with = "span::option",
            skip_serializing_if = "Option::is_none"
        )]
        lasts: Option<Micros>,
    },
    /// Agents answer with a conflict.
    Conflict {
        /// Whom.
        #[serde(default)]
        whom: Whom,
        /// Which.
        conflict: ConflictKind,
        /// How often.
        #[serde(default = "always")]
        rate: f64,
        /// For how long.
        #[serde(
            default,
            with = "span::option",
            skip_serializing_if = "Option::is_none"
        )]
        lasts: Option<Micros>,
    },
    /// A second agent appears with the key of the first.
    Clone {
        /// Whose key.
        #[serde(default)]
        whom: Whom,
        /// Where the copy appears, as a cluster's scope; beside the first by default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_place: Option<String>,
    },
    /// The context that agents hold no longer is what its hash says (§6.1).
    CorruptContext {
        /// Whom.
        #[serde(default)]
        whom: Whom,
    },
    /// Agents send `factor` times their usual messages (§9.2 denial of service).
    Flood {
        /// Whom.
        #[serde(default)]
        whom: Whom,
        /// How many times the usual rate.
        factor: f64,
        /// For how long.
        #[serde(
            default,
            with = "span::option",
            skip_serializing_if = "Option::is_none"
        )]
        lasts: Option<Micros>,
    },
    /// A seat's holder is in the wrong hands (§9.2).
    Compromise {
        /// Which seat.
        role: Seat,
        /// Whose.
        #[serde(default)]
        whom: Whom,
        /// What it does.
        conduct: Misconduct,
        /// For how long.
        #[serde(
            default,
            with = "span::option",
            skip_serializing_if = "Option::is_none"
        )]
        lasts: Option<Micros>,
    },
    /// Nothing passes between `side` (with the seats of its clusters and sectors) and `other`, the rest by default.
    /// `seat:lead`, `seat:coordinator` and `seat:orchestrator` stand for the holders of seats.
    Partition {
        /// One side, as scopes.
        side: Vec<String>,
        /// The other; everyone else when empty.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        other: Vec<String>,
        /// Only what `side` sends is lost.
        #[serde(default, skip_serializing_if = "is_false")]
        one_way: bool,
        /// For how long.
        #[serde(
            default,
            with = "span::option",
            skip_serializing_if = "Option::is_none"
        )]
        lasts: Option<Micros>,
    },
    /// All partitions end.
    Reconnect {},
    /// The links of agents get worse; what is left out stays as it is.
    Network {
        /// Whose.
        #[serde(default)]
        whom: Whom,
        /// Share of messages lost.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        loss: Option<f64>,
        /// Loss in bursts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        burst: Option<Burst>,
        /// Share of messages that arrive twice.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        duplication: Option<f64>,
        /// Share of messages that are overtaken.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reordering: Option<f64>,
        /// Factor on every delay.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delay_factor: Option<f64>,
        /// Also the trunks above the agents of the scope.
        #[serde(default, skip_serializing_if = "is_false")]
        trunks: bool,
        /// For how long.
        #[serde(
            default,
            with = "span::option",
            skip_serializing_if = "Option::is_none"
        )]
        lasts: Option<Micros>,
    },
    /// Clocks jump, drift otherwise, or stand still.
    Clock {
        /// Whose.
        #[serde(default)]
        whom: Whom,
        /// Also those of the seats above the agents of the scope.
        #[serde(default, skip_serializing_if = "is_false")]
        seats: bool,
        /// Forward by this, or backward when negative.
        #[serde(
            default,
            with = "span::option",
            skip_serializing_if = "Option::is_none"
        )]
        step: Option<Micros>,
        /// From now on fast by this, parts per million.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        drift_ppm: Option<f64>,
        /// Stands still for this long.
        #[serde(
            default,
            with = "span::option",
            skip_serializing_if = "Option::is_none"
        )]
        stop: Option<Micros>,
    },
    /// The store that grants seats is in trouble.
    SeatStore {
        /// How.
        trouble: StoreTrouble,
        /// Share of the claims that meet it.
        #[serde(default = "always")]
        rate: f64,
        /// For how long.
        #[serde(
            default,
            with = "span::option",
            skip_serializing_if = "Option::is_none"
        )]
        lasts: Option<Micros>,
    },
    /// Somebody at the console does something: no fault, but what the mesh must do under faults.
    Operate {
        /// The operation, as in the console's table.
        operation: String,
        /// Its scope, where it takes one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<String>,
        /// Its other arguments.
        #[serde(default, skip_serializing_if = "Table::is_empty")]
        args: Table,
        /// Whether it is expected to be refused.
        #[serde(default, skip_serializing_if = "is_false")]
        refused: bool,
        /// Whether it may as well be carried out as be refused.
        #[serde(default, skip_serializing_if = "is_false")]
        either: bool,
    },
}

impl FaultKind {
    /// All kinds as they are written, in the order above.
    pub const NAMES: [&str; 18] = [
        "crash",
        "restart",
        "kill",
        "slow",
        "silent",
        "lie",
        "wrong",
        "conflict",
        "clone",
        "corrupt_context",
        "flood",
        "compromise",
        "partition",
        "reconnect",
        "network",
        "clock",
        "seat_store",
        "operate",
    ];

    /// Whom it strikes, where it strikes somebody.
    pub const fn whom(&self) -> Option<&Whom> {
        match self {
            Self::Crash { whom, .. }
            | Self::Restart { whom }
            | Self::Kill { whom, .. }
            | Self::Slow { whom, .. }
            | Self::Silent { whom, .. }
            | Self::Lie { whom, .. }
            | Self::Wrong { whom, .. }
            | Self::Conflict { whom, .. }
            | Self::Clone { whom, .. }
            | Self::CorruptContext { whom }
            | Self::Flood { whom, .. }
            | Self::Compromise { whom, .. }
            | Self::Network { whom, .. }
            | Self::Clock { whom, .. } => Some(whom),
            Self::Partition { .. }
            | Self::Reconnect {}
            | Self::SeatStore { .. }
            | Self::Operate { .. } => None,
        }
    }
}

const fn yes() -> bool {
    true
}

const fn always() -> f64 {
    1.0
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
const fn is_true(value: &bool) -> bool {
    *value
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
const fn is_false(value: &bool) -> bool {
    !*value
}
