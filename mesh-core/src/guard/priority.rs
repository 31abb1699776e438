//! How much an operation or message matters (§2.4), as far as the guards need it.

use serde::{Deserialize, Serialize};

/// Priority 0 to 3 of §2.4; the order is that of importance.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize,
)]
#[repr(u8)]
pub enum Priority {
    /// 0: dropped first under pressure (PROTOCOL §9a).
    Background,
    /// 1: ordinary work.
    #[default]
    Normal,
    /// 2: urgent work.
    Urgent,
    /// 3: never dropped or queued while anything else is let through.
    Critical,
}

impl Priority {
    /// All four, the least important first.
    pub const ALL: [Self; 4] = [Self::Background, Self::Normal, Self::Urgent, Self::Critical];

    /// From the number of §2.4; what is above 3 is refused.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Background),
            1 => Some(Self::Normal),
            2 => Some(Self::Urgent),
            3 => Some(Self::Critical),
            _ => None,
        }
    }

    /// The number of §2.4, which is also its place in tables.
    pub const fn index(self) -> usize {
        self as usize
    }
}
