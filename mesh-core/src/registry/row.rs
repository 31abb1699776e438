//! One agent's row: as it is reported, as it is stored (one column a field), and as it is read.

use super::{CapabilitySet, HoldMode, State, TaskId};
use crate::impedance::ProfileDigest;
use crate::place::scope::{Mark, Marks, Name};
use crate::place::{AgentId, Class};
use crate::time::{Boot, Micros, Moment};
use crate::unit::{Impedance, Share};

/// What a report says of one agent.
#[derive(Debug, Clone, PartialEq)]
pub struct RowUpdate {
    /// Its class.
    pub class: Class,
    /// Its state as its lead judges it.
    pub state: State,
    /// How it takes part in throws.
    pub mode: HoldMode,
    /// Rolling average of the round trip.
    pub latency: Micros,
    /// Rolling average of the processing.
    pub processing: Micros,
    /// Pending operations.
    pub queue: u32,
    /// Z; `None` for people and for who was never measured.
    pub impedance: Option<Impedance>,
    /// Success rate.
    pub reliability: Share,
    /// Drift coefficient, dimensionless (PROTOCOL §3).
    pub drift: f64,
    /// How long ago its last heartbeat came when this was written; `None` when none ever came.
    pub silent_for: Option<Micros>,
    /// First eight bytes of its context's hash ([`crate::unit::Digest::short`]).
    pub context: u64,
    /// What it can do, in bits of the receiving table's [`super::Capabilities`].
    pub capabilities: CapabilitySet,
    /// What it is doing.
    pub task: Option<Name>,
    /// Its boot number; a report from an older one is refused.
    pub boot: Boot,
    /// The epoch of desired state that it has applied.
    pub epoch: u64,
    /// Its long-run average of Z (§6.1).
    pub usual: Option<Impedance>,
    /// How early it has to be sent to at the usual on-time rate; `None` while it cannot be thrown at.
    pub lead: Option<Micros>,
    /// Its profile, small; `None` until it was measured.
    pub digest: Option<ProfileDigest>,
}

impl RowUpdate {
    /// An agent that is known by place and class only: offline, never measured, never heard.
    pub const fn unknown(class: Class) -> Self {
        Self {
            class,
            state: State::Offline,
            mode: if class.is_human() {
                HoldMode::Async
            } else {
                HoldMode::Hold
            },
            latency: Micros::ZERO,
            processing: Micros::ZERO,
            queue: 0,
            impedance: None,
            reliability: Share::ALL,
            drift: 0.0,
            silent_for: None,
            context: 0,
            capabilities: CapabilitySet::EMPTY,
            task: None,
            boot: Boot(0),
            epoch: 0,
            usual: None,
            lead: None,
            digest: None,
        }
    }
}

/// Declares [`Row`] and its columns from one list of fields.
macro_rules! columns {
    ($($(#[$doc:meta])* $field:ident: $kind:ty,)*) => {
        /// One row as it is stored: small, `Copy`, in the units of its columns.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct Row {
            $($(#[$doc])* pub(super) $field: $kind,)*
        }

        /// The rows of one sector, in order of place, one vector a field.
        #[derive(Debug, Clone, Default)]
        pub(super) struct Columns {
            $(pub(super) $field: Vec<$kind>,)*
        }

        impl Columns {
            /// Bytes of one row.
            #[cfg(test)]
            pub(super) const ROW_BYTES: usize = 0 $(+ size_of::<$kind>())*;

            /// Room for exactly `more` further rows.
            pub(super) fn reserve(&mut self, more: usize) {
                $(self.$field.reserve_exact(more);)*
            }

            pub(super) fn insert(&mut self, at: usize, row: Row) {
                $(self.$field.insert(at, row.$field);)*
            }

            pub(super) fn remove(&mut self, at: usize) {
                $(self.$field.remove(at);)*
            }

            pub(super) fn set(&mut self, at: usize, row: Row) {
                $(self.$field[at] = row.$field;)*
            }

            pub(super) fn get(&self, at: usize) -> Row {
                Row { $($field: self.$field[at],)* }
            }

            /// Bytes held, used or not.
            pub(super) fn bytes(&self) -> usize {
                0 $(+ self.$field.capacity() * size_of::<$kind>())*
            }
        }
    };
}

columns! {
    /// Its place, packed.
    place: Packed,
    /// Its class.
    class: Class,
    /// Its operational state, and whether it is avoided or frozen.
    marks: Marks,
    /// Whether nothing was reported of it for too long.
    stale: bool,
    /// How it takes part in throws.
    mode: HoldMode,
    /// What it is doing.
    task: TaskId,
    /// Ten-thousandths.
    reliability: u16,
    /// Thousandths; saturates at 65.535.
    drift: u16,
    /// Microseconds; saturates at 71 minutes, as do all the short times.
    latency: u32,
    /// Microseconds.
    processing: u32,
    /// Pending operations.
    queue: u32,
    /// Microseconds; `NO_IMPEDANCE` for none.
    impedance: u32,
    /// Boot number.
    boot: u32,
    /// Epoch of desired state.
    epoch: u64,
    /// Last heartbeat on this table's owner's clock; `NEVER_HEARD` for none.
    heard: Moment,
    /// When this row was last reported.
    reported: Moment,
    /// Since when it is in its operational state.
    since: Moment,
    /// First eight bytes of its context's hash.
    context: u64,
    /// What it can do.
    capabilities: CapabilitySet,
    /// Its long-run average of Z, microseconds; `NO_IMPEDANCE` for none.
    usual: u32,
    /// Its lead time, microseconds; `NO_IMPEDANCE` while it cannot be thrown at.
    lead: u32,
    /// Its profile.
    digest: Option<ProfileDigest>,
    /// When this row changed last, in looks of whoever follows.
    stamp: u32,
}

/// Stands in the impedance column for "none".
pub(super) const NO_IMPEDANCE: u32 = u32::MAX;
/// Stands in the column of heartbeats for "never".
pub(super) const NEVER_HEARD: Moment = Moment(i64::MIN);

/// A place in one word, ordered as places are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Packed(pub(super) u32);

impl Packed {
    pub(super) const fn place(self) -> AgentId {
        AgentId::unpack(self.0)
    }
}

impl From<AgentId> for Packed {
    fn from(place: AgentId) -> Self {
        Self(place.pack())
    }
}

/// Microseconds that fit a column; the greatest value is left to mean "none".
const fn short(time: Micros) -> u32 {
    if time.0 < 0 {
        0
    } else if time.0 >= NO_IMPEDANCE as i64 {
        NO_IMPEDANCE - 1
    } else {
        time.0 as u32
    }
}

impl Row {
    /// The row that `update` makes of an agent that was avoided and frozen as `kept` says.
    pub(super) fn new(
        place: AgentId,
        update: &RowUpdate,
        task: TaskId,
        kept: Marks,
        now: Moment,
    ) -> Self {
        let state = update.state.for_class(update.class);
        let human = update.class.is_human();
        Self {
            place: place.into(),
            class: update.class,
            marks: kept.with(state.mark()),
            stale: false,
            mode: update.mode,
            task,
            reliability: libm::round(update.reliability.value() * 10_000.0) as u16,
            // A cast from float saturates, and makes 0 of not-a-number.
            drift: libm::round(update.drift * 1_000.0) as u16,
            latency: short(update.latency),
            processing: short(update.processing),
            queue: update.queue,
            impedance: match update.impedance {
                Some(z) if !human => short(z.0),
                _ => NO_IMPEDANCE,
            },
            boot: update.boot.0,
            epoch: update.epoch,
            heard: match update.silent_for {
                Some(silence) => now - silence.max(Micros::ZERO),
                None => NEVER_HEARD,
            },
            reported: now,
            since: now,
            context: update.context,
            capabilities: update.capabilities,
            usual: match update.usual {
                Some(z) if !human => short(z.0),
                _ => NO_IMPEDANCE,
            },
            lead: match update.lead {
                Some(lead) if !human => short(lead),
                _ => NO_IMPEDANCE,
            },
            digest: update.digest,
            stamp: 0,
        }
    }

    /// Where it sits.
    pub const fn place(&self) -> AgentId {
        self.place.place()
    }

    /// Its class.
    pub const fn class(&self) -> Class {
        self.class
    }

    /// Its operational state.
    pub fn state(&self) -> State {
        State::of(self.marks)
    }

    /// Since when, on the owner's clock, it is in that state.
    pub const fn since(&self) -> Moment {
        self.since
    }

    /// Its operational state, avoided, frozen.
    pub const fn marks(&self) -> Marks {
        self.marks
    }

    /// Whether it is routed around.
    pub const fn is_avoided(&self) -> bool {
        self.marks.has(Mark::Avoided)
    }

    /// Whether it is stopped.
    pub const fn is_frozen(&self) -> bool {
        self.marks.has(Mark::Frozen)
    }

    /// Whether nothing was reported of it for too long.
    pub const fn is_stale(&self) -> bool {
        self.stale
    }

    /// Whether work may be sent to it as far as the registry knows: active, not avoided, not frozen (§4.2, §6.2).
    pub const fn is_routable(&self) -> bool {
        routable(self.marks)
    }

    /// How it takes part in throws.
    pub const fn mode(&self) -> HoldMode {
        self.mode
    }

    /// Rolling average of the round trip.
    pub const fn latency(&self) -> Micros {
        Micros(self.latency as i64)
    }

    /// Rolling average of the processing.
    pub const fn processing(&self) -> Micros {
        Micros(self.processing as i64)
    }

    /// Pending operations.
    pub const fn queue(&self) -> u32 {
        self.queue
    }

    /// Z; `None` for people and for who was never measured.
    pub const fn impedance(&self) -> Option<Impedance> {
        match self.impedance {
            NO_IMPEDANCE => None,
            z => Some(Impedance(Micros(z as i64))),
        }
    }

    /// Success rate, to a ten-thousandth.
    pub fn reliability(&self) -> Share {
        Share::new(f64::from(self.reliability) / 10_000.0)
    }

    /// Drift coefficient, to a thousandth.
    pub fn drift(&self) -> f64 {
        f64::from(self.drift) / 1_000.0
    }

    /// Success rate in ten-thousandths, as it is kept.
    pub const fn reliability_10k(&self) -> u16 {
        self.reliability
    }

    /// Drift coefficient in thousandths, as it is kept.
    pub const fn drift_1k(&self) -> u16 {
        self.drift
    }

    /// Time since its last heartbeat; `None` when it was never heard.
    pub fn silent_for(&self, now: Moment) -> Option<Micros> {
        (self.heard != NEVER_HEARD).then(|| (now - self.heard).max(Micros::ZERO))
    }

    /// How old what this row says is.
    pub fn age(&self, now: Moment) -> Micros {
        (now - self.reported).max(Micros::ZERO)
    }

    /// When it was reported.
    pub const fn reported(&self) -> Moment {
        self.reported
    }

    /// First eight bytes of its context's hash.
    pub const fn context(&self) -> u64 {
        self.context
    }

    /// What it can do.
    pub const fn capabilities(&self) -> CapabilitySet {
        self.capabilities
    }

    /// What it is doing.
    pub const fn task(&self) -> TaskId {
        self.task
    }

    /// Its boot number.
    pub const fn boot(&self) -> Boot {
        Boot(self.boot)
    }

    /// The epoch of desired state that it has applied.
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Its long-run average of Z.
    pub const fn usual(&self) -> Option<Impedance> {
        match self.usual {
            NO_IMPEDANCE => None,
            z => Some(Impedance(Micros(z as i64))),
        }
    }

    /// How early it has to be sent to at the usual on-time rate; `None` while it cannot be thrown at, and for people.
    pub const fn lead(&self) -> Option<Micros> {
        match self.lead {
            NO_IMPEDANCE => None,
            lead => Some(Micros(lead as i64)),
        }
    }

    /// Its profile, from which a throw can be planned.
    pub const fn digest(&self) -> Option<ProfileDigest> {
        self.digest
    }
}

/// Active, not avoided, not frozen.
pub(super) const fn routable(marks: Marks) -> bool {
    marks.has(Mark::Active) && !marks.has(Mark::Avoided) && !marks.has(Mark::Frozen)
}
