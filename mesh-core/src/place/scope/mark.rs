//! What state an agent is in, as filters name it: its operational state, and whether it is avoided or frozen.

use core::fmt;

/// One of the states that a filter can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Mark {
    /// Operational state: it works.
    Active,
    /// Operational state: slow or unstable.
    Degraded,
    /// Operational state: not heard from.
    Offline,
    /// Operational state: isolated.
    Quarantined,
    /// Routed around, whatever its operational state.
    Avoided,
    /// Stopped, whatever its operational state.
    Frozen,
}

impl Mark {
    /// All six, in the order in which they are written.
    pub const ALL: [Self; 6] = [
        Self::Active,
        Self::Degraded,
        Self::Offline,
        Self::Quarantined,
        Self::Avoided,
        Self::Frozen,
    ];

    /// The word used in filters.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Degraded => "degraded",
            Self::Offline => "offline",
            Self::Quarantined => "quarantined",
            Self::Avoided => "avoided",
            Self::Frozen => "frozen",
        }
    }

    /// From the word, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|mark| mark.word().eq_ignore_ascii_case(text))
    }
}

/// A set of marks: those of one agent, or those that a filter asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Marks(u8);

impl Marks {
    /// No mark.
    pub const NONE: Self = Self(0);

    /// One mark.
    pub const fn of(mark: Mark) -> Self {
        Self(1 << mark as u8)
    }

    /// These and `mark`.
    pub const fn with(self, mark: Mark) -> Self {
        Self(self.0 | 1 << mark as u8)
    }

    /// These without `mark`.
    pub const fn without(self, mark: Mark) -> Self {
        Self(self.0 & !(1 << mark as u8))
    }

    /// As one byte, a bit for each in the order in which they are written.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// From [`Marks::bits`]; bits that mean nothing are left out.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & ((1 << Mark::ALL.len()) - 1))
    }

    /// Whether `mark` is among them.
    pub const fn has(self, mark: Mark) -> bool {
        self.0 >> mark as u8 & 1 == 1
    }

    /// Whether the two sets share a mark: an agent with these is one that a filter for `wanted` finds.
    pub const fn meets(self, wanted: Self) -> bool {
        self.0 & wanted.0 != 0
    }

    /// In the order in which they are written.
    pub fn iter(self) -> impl Iterator<Item = Mark> {
        Mark::ALL.into_iter().filter(move |mark| self.has(*mark))
    }
}

impl fmt::Display for Marks {
    /// `degraded|offline`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().enumerate().try_for_each(|(position, mark)| {
            f.write_str(if position == 0 { "" } else { "|" })?;
            f.write_str(mark.word())
        })
    }
}
