//! Where conflicting data waits, apart from everything, until its conflict is settled (§5.1); and what is kept of it
//! afterwards for whoever investigates (§6.1).

use super::record::{ConflictId, Report};
use super::resolve::How;
use crate::message::MessageId;
use crate::place::AgentId;
use crate::text::bounded::list;
use crate::time::Moment;
use crate::unit::Digest;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Bytes held of one conflict's data at most: the largest value of a context. Of more, the beginning and the hash stay.
pub const DATA_MAX: usize = crate::message::context::VALUE_BYTES_MAX;
/// Conflicts held at most: as many as may be open, and the one for which another is making room. With [`DATA_MAX`] that
/// is 4 MiB.
pub const HELD_MAX: usize = super::desk::OPEN_MAX + 1;
/// Settled ones remembered at most: with [`FORENSIC_BYTES_MAX`] each, 64 KiB and their frames.
pub const FORENSICS_MAX: usize = 256;
/// Bytes kept of settled data at most, enough to recognise a pattern.
pub const FORENSIC_BYTES_MAX: usize = 256;

/// Data in quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The conflict it belongs to.
    pub conflict: ConflictId,
    /// Who sent it.
    pub agent: AgentId,
    /// In which message.
    pub message: MessageId,
    /// Since when it is held.
    pub since: Moment,
    /// The hash of all of it.
    pub digest: Digest,
    /// How many bytes it had.
    pub bytes: u64,
    /// The data, up to [`DATA_MAX`] bytes.
    #[serde(deserialize_with = "list::<_, _, DATA_MAX>")]
    pub data: Vec<u8>,
}

impl Held {
    /// Whether all of it is held.
    pub const fn is_whole(&self) -> bool {
        self.bytes == self.data.len() as u64
    }
}

/// What is remembered of data that has left the quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forensic {
    /// What was held, its data cut to [`FORENSIC_BYTES_MAX`] bytes.
    pub held: Held,
    /// When it was taken out.
    pub until: Moment,
    /// How its conflict was settled; none if it only made room.
    pub how: Option<How>,
}

/// The quarantine of one desk.
#[derive(Debug, Clone, Default)]
pub struct Quarantine {
    held: BTreeMap<ConflictId, Held>,
    forensics: VecDeque<Forensic>,
    evicted: u64,
}

impl Quarantine {
    /// Empty.
    pub const fn new() -> Self {
        Self {
            held: BTreeMap::new(),
            forensics: VecDeque::new(),
            evicted: 0,
        }
    }

    /// Takes in a report's data. Returns what is held, for the store, where nothing is ever evicted. When there is no
    /// room the longest held makes it and is counted.
    pub fn hold(&mut self, now: Moment, report: &Report) -> &Held {
        let conflict = report.id();
        if self.held.len() >= HELD_MAX
            && !self.held.contains_key(&conflict)
            && let Some(oldest) = self
                .held
                .values()
                .min_by_key(|held| (held.since, held.conflict))
        {
            let oldest = oldest.conflict;
            self.take(now, oldest, None);
            self.evicted = self.evicted.saturating_add(1);
        }
        self.held.entry(conflict).or_insert_with(|| Held {
            conflict,
            agent: report.agent,
            message: report.message,
            since: now,
            digest: Digest::of(&report.data),
            bytes: report.data.len() as u64,
            data: report.data[..report.data.len().min(DATA_MAX)].to_vec(),
        })
    }

    /// Takes data out because its conflict is settled, and remembers that it was here.
    pub fn take(&mut self, now: Moment, conflict: ConflictId, how: Option<How>) -> Option<Held> {
        let held = self.held.remove(&conflict)?;
        let mut remembered = held.clone();
        remembered.data.truncate(FORENSIC_BYTES_MAX);
        self.forensics.push_back(Forensic {
            held: remembered,
            until: now,
            how,
        });
        if self.forensics.len() > FORENSICS_MAX {
            self.forensics.pop_front();
        }
        Some(held)
    }

    /// What is held for a conflict.
    pub fn get(&self, conflict: ConflictId) -> Option<&Held> {
        self.held.get(&conflict)
    }

    /// What is held of an agent's, for an investigation.
    pub fn of_agent(&self, agent: AgentId) -> impl Iterator<Item = &Held> {
        self.held.values().filter(move |held| held.agent == agent)
    }

    /// What was here before, oldest first.
    pub fn forensics(&self) -> impl Iterator<Item = &Forensic> {
        self.forensics.iter()
    }

    /// How many are held.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// How many had to make room.
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::report;
    use super::*;
    use crate::message::ConflictKind;

    #[test]
    fn data_is_held_until_taken_and_leaves_a_trace() {
        let mut quarantine = Quarantine::new();
        let mut large = report(ConflictKind::HashMismatch, 1);
        large.data = vec![7; DATA_MAX + 1];
        let held = quarantine.hold(Moment(5), &large).clone();
        assert!(!held.is_whole());
        assert_eq!(held.digest, Digest::of(&large.data));
        assert_eq!(quarantine.of_agent(large.agent).count(), 1);
        let taken = quarantine.take(Moment(9), large.id(), Some(How::Dismiss));
        assert_eq!(taken, Some(held));
        assert_eq!(quarantine.take(Moment(9), large.id(), None), None);
        let trace = quarantine.forensics().next().expect("kept");
        assert_eq!((trace.until, trace.how), (Moment(9), Some(How::Dismiss)));
        assert_eq!(trace.held.data.len(), FORENSIC_BYTES_MAX);
    }

    #[test]
    fn a_full_quarantine_lets_the_longest_held_go_and_says_so() {
        let mut quarantine = Quarantine::new();
        for n in 0..HELD_MAX + 3 {
            quarantine.hold(
                Moment(n as i64),
                &report(ConflictKind::HashMismatch, n as u128),
            );
        }
        assert_eq!((quarantine.len(), quarantine.evicted()), (HELD_MAX, 3));
        assert!(
            quarantine
                .get(report(ConflictKind::HashMismatch, 2).id())
                .is_none()
        );
        assert!(
            quarantine
                .get(report(ConflictKind::HashMismatch, 3).id())
                .is_some()
        );
    }
}
