//! What was dropped, counted by reason, so that it can be shown.

use super::{BodyError, OpenError, Replay};
use crate::trust::Refusal;
use crate::trust::sealed::SealError;
use serde::{Deserialize, Serialize};

/// Why a message was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The signature is not that of the key it names.
    BadSignature,
    /// Nobody admitted the key.
    UnknownKey,
    /// The key's time is over or has not come.
    Expired,
    /// The key was revoked.
    Revoked,
    /// The sender does not sit where it says, or the message is for somebody else.
    WrongPlace,
    /// The sender may not do this.
    NoRight,
    /// The sender no longer holds its seat.
    StaleEpoch,
    /// Older than what is remembered of its sender, or from an earlier boot.
    OldSequence,
    /// Received before, by key, boot and sequence.
    Replayed,
    /// A message with this id was taken in before.
    DuplicateId,
    /// Its time to live is over.
    PassedTtl,
    /// Not to be read.
    Malformed,
    /// Larger than allowed.
    Oversized,
}

/// Counts by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Refusals([u32; Reason::COUNT]);

impl Reason {
    const COUNT: usize = 13;

    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; Self::COUNT] = [
        Self::BadSignature,
        Self::UnknownKey,
        Self::Expired,
        Self::Revoked,
        Self::WrongPlace,
        Self::NoRight,
        Self::StaleEpoch,
        Self::OldSequence,
        Self::Replayed,
        Self::DuplicateId,
        Self::PassedTtl,
        Self::Malformed,
        Self::Oversized,
    ];

    /// Its words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::BadSignature => "bad signature",
            Self::UnknownKey => "unknown key",
            Self::Expired => "expired key",
            Self::Revoked => "revoked key",
            Self::WrongPlace => "wrong place",
            Self::NoRight => "no right",
            Self::StaleEpoch => "stale epoch",
            Self::OldSequence => "old sequence",
            Self::Replayed => "replayed",
            Self::DuplicateId => "duplicate id",
            Self::PassedTtl => "passed TTL",
            Self::Malformed => "malformed",
            Self::Oversized => "oversized",
        }
    }
}

impl core::fmt::Display for Reason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.words())
    }
}

impl Refusals {
    /// Counts one.
    pub fn note(&mut self, reason: Reason) {
        let count = &mut self.0[reason as usize];
        *count = count.saturating_add(1);
    }

    /// How many for this reason.
    pub const fn count(&self, reason: Reason) -> u32 {
        self.0[reason as usize]
    }

    /// How many in all.
    pub fn total(&self) -> u64 {
        self.0.iter().map(|&count| u64::from(count)).sum()
    }

    /// Adds another process's counts.
    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count = count.saturating_add(more);
        }
    }

    /// Each reason that has occurred, with its count.
    pub fn iter(&self) -> impl Iterator<Item = (Reason, u32)> {
        Reason::ALL
            .into_iter()
            .map(|reason| (reason, self.count(reason)))
            .filter(|(_, count)| *count > 0)
    }
}

impl From<&Refusal> for Reason {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::Unknown { .. } => Self::UnknownKey,
            Refusal::Expired { .. } | Refusal::NotYet { .. } => Self::Expired,
            Refusal::Revoked { .. } => Self::Revoked,
            Refusal::WrongPlace { .. } | Refusal::WrongHost { .. } => Self::WrongPlace,
            Refusal::WrongSeat { .. }
            | Refusal::NoRight { .. }
            | Refusal::OverLimit { .. }
            | Refusal::NotDelegate { .. }
            | Refusal::RootOnly { .. } => Self::NoRight,
            Refusal::StaleEpoch { .. } => Self::StaleEpoch,
            Refusal::Weak { .. } | Refusal::BadSignature { .. } => Self::BadSignature,
            Refusal::Superseded { .. } => Self::OldSequence,
            Refusal::Seal(SealError::Long { .. }) | Refusal::Full { .. } => Self::Oversized,
            Refusal::Wrong { .. } | Refusal::Unreadable { .. } | Refusal::Seal(_) => {
                Self::Malformed
            }
        }
    }
}

impl From<&SealError> for Reason {
    fn from(error: &SealError) -> Self {
        match error {
            SealError::Long { .. } => Self::Oversized,
            SealError::Short { .. } | SealError::Foreign { .. } => Self::Malformed,
        }
    }
}

impl From<&OpenError> for Reason {
    fn from(error: &OpenError) -> Self {
        match error {
            OpenError::Short { .. } | OpenError::Address { .. } => Self::Malformed,
        }
    }
}

impl From<&BodyError> for Reason {
    fn from(error: &BodyError) -> Self {
        match error {
            BodyError::Long { .. } => Self::Oversized,
            BodyError::Unreadable { .. }
            | BodyError::Extra { .. }
            | BodyError::Unwritable { .. } => Self::Malformed,
        }
    }
}

impl From<&Replay> for Reason {
    fn from(replay: &Replay) -> Self {
        match replay {
            Replay::OldBoot | Replay::TooOld => Self::OldSequence,
            Replay::Seen => Self::Replayed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_counted_under_its_own_name() {
        let mut refusals = Refusals::default();
        for (n, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, n);
            refusals.note(reason);
        }
        refusals.note(Reason::Revoked);
        let mut both = refusals;
        both.merge(&refusals);
        assert_eq!(both.count(Reason::Revoked), 4);
        assert_eq!(both.total(), 28);
        assert!(refusals.iter().map(|(reason, _)| reason).eq(Reason::ALL));
    }
}
