//! Seats, the one port through which they are granted, and the fence that children keep (PROTOCOL §8).

use super::key::KeyId;
use crate::message::Epoch;
use crate::place::{AgentId, ClusterId, SectorId};
use crate::time::{Micros, Moment};
use core::fmt;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a node can be in charge of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Seat {
    /// All of it.
    Orchestrator,
    /// A sector.
    Coordinator(SectorId),
    /// A cluster.
    Lead(ClusterId),
}

/// A part of the mesh that something is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// All of it.
    Mesh,
    /// One sector.
    Sector(SectorId),
    /// One cluster.
    Cluster(ClusterId),
    /// One agent.
    Agent(AgentId),
}

/// What is asked of whoever grants seats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Which seat.
    pub seat: Seat,
    /// For whom.
    pub holder: KeyId,
    /// With which epoch: the same to renew, a higher one to take over.
    pub epoch: Epoch,
    /// Whether it has the seat and keeps it. A node that has started anew takes it, even from itself: its children know
    /// another clock.
    pub renewal: bool,
    /// For how long.
    pub lease: Micros,
}

/// What is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SeatAnswer {
    /// It is theirs for the length of the lease, counted from when they asked.
    Granted {
        /// With this epoch.
        epoch: Epoch,
    },
    /// Somebody has it, or had it with an epoch as high.
    Refused {
        /// Who.
        holder: KeyId,
        /// With which epoch.
        epoch: Epoch,
    },
    /// Nobody can say, the write may have happened or not.
    Unknown,
}

/// The grantor of a mesh in one process: a plain table with compare-and-set.
#[derive(Debug, Clone, Default)]
pub struct SeatTable {
    rows: BTreeMap<Seat, Row>,
    /// Who is to have a seat next, and until when it is kept for them.
    kept: BTreeMap<Seat, (KeyId, Moment)>,
    /// Who was deposed last and does not get the seat. One for each seat: where two stand for it and both were deposed, the
    /// first may have it again, since a seat that nobody may have is a part of the mesh that nobody can reach.
    deposed: BTreeMap<Seat, KeyId>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    holder: KeyId,
    epoch: Epoch,
    until: Moment,
}

/// What a child remembers of its parent's seat. Safety is here, not in leases: whatever the grantor forgets and however
/// late a message is, a child obeys one holder for each epoch, and epochs only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Fence {
    epoch: Epoch,
    holder: Option<KeyId>,
}

/// A holder that the fence keeps out; nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fenced {
    /// Somebody has the seat since.
    #[error("epoch {} of this seat is over, {} is known; claim it anew above that", .given.0, .known.0)]
    Stale {
        /// What it came with.
        given: Epoch,
        /// What would do.
        known: Epoch,
    },
    /// Two with one epoch: the grantor lost a write, or one of them lies.
    #[error("epoch {} of this seat is held by key {holder}; claim it anew above that", .epoch.0)]
    Taken {
        /// Which epoch.
        epoch: Epoch,
        /// Who has it.
        holder: KeyId,
    },
    /// Too far ahead: somebody would burn all epochs that are left.
    #[error("epoch {} of this seat leaps over {}; an epoch is at most 65536 above the last", .given.0, .known.0)]
    Leap {
        /// What it came with.
        given: Epoch,
        /// What is known.
        known: Epoch,
    },
}

/// The key of nobody: what a deposed claimant is told when the seat is vacant.
pub const NOBODY: KeyId = KeyId(0);

impl Seat {
    /// How long a seat is granted for: 3 s, and 7 s for a lead (PROTOCOL §8).
    pub const fn lease(self) -> Micros {
        match self {
            Self::Orchestrator | Self::Coordinator(_) => Micros::seconds(3),
            Self::Lead(_) => Micros::seconds(7),
        }
    }

    /// By when after its holder's death somebody else serves.
    pub const fn takeover_max(self) -> Micros {
        match self {
            Self::Orchestrator | Self::Coordinator(_) => Micros::seconds(5),
            Self::Lead(_) => Micros::seconds(10),
        }
    }

    /// Whether that part of the mesh is below it.
    pub fn covers(self, reach: Reach) -> bool {
        match self {
            Self::Orchestrator => true,
            Self::Coordinator(sector) => match reach {
                Reach::Mesh => false,
                Reach::Sector(below) => below == sector,
                Reach::Cluster(below) => below.sector == sector,
                Reach::Agent(below) => below.sector() == sector,
            },
            Self::Lead(cluster) => match reach {
                Reach::Mesh | Reach::Sector(_) => false,
                Reach::Cluster(below) => below == cluster,
                Reach::Agent(below) => below.cluster == cluster,
            },
        }
    }
}

impl Reach {
    /// The lowest seat above it.
    pub const fn seat(self) -> Seat {
        match self {
            Self::Mesh => Seat::Orchestrator,
            Self::Sector(sector) => Seat::Coordinator(sector),
            Self::Cluster(cluster) => Seat::Lead(cluster),
            Self::Agent(agent) => Seat::Lead(agent.cluster),
        }
    }
}

impl SeatTable {
    /// Decides a claim: its holder may renew with the epoch it has, whoever comes above that epoch may take a seat that
    /// is free, run out, or its own.
    pub fn claim(&mut self, now: Moment, claim: Claim) -> SeatAnswer {
        let row = Row {
            holder: claim.holder,
            epoch: claim.epoch,
            until: now + claim.lease,
        };
        let kept = self.kept.get(&claim.seat);
        if let Some(&(holder, _)) =
            kept.filter(|(holder, until)| *holder != claim.holder && now < *until)
        {
            let known = self.rows.get(&claim.seat);
            let epoch = known.map_or(claim.epoch, |known| known.epoch);
            return SeatAnswer::Refused { holder, epoch };
        }
        if self.deposed.get(&claim.seat) == Some(&claim.holder) {
            let known = self.rows.get(&claim.seat);
            let other = known.filter(|known| known.holder != claim.holder);
            return SeatAnswer::Refused {
                holder: other.map_or(NOBODY, |known| known.holder),
                epoch: known.map_or(claim.epoch, |known| known.epoch.max(claim.epoch)),
            };
        }
        if let Some(known) = self.rows.get(&claim.seat) {
            let same = known.holder == claim.holder;
            let renews = same && claim.renewal && known.epoch == claim.epoch;
            let takes = claim.epoch > known.epoch && (same || now >= known.until);
            if !renews && !takes {
                return SeatAnswer::Refused {
                    holder: known.holder,
                    epoch: known.epoch,
                };
            }
        }
        self.kept.remove(&claim.seat);
        self.rows.insert(claim.seat, row);
        SeatAnswer::Granted { epoch: claim.epoch }
    }

    /// Frees a seat that its holder gives up; the epoch is remembered.
    pub fn release(&mut self, now: Moment, seat: Seat, holder: KeyId, epoch: Epoch) {
        if let Some(row) = self.rows.get_mut(&seat)
            && row.holder == holder
            && row.epoch == epoch
        {
            row.until = row.until.min(now);
        }
    }

    /// Frees a seat at the word of its orchestrator, for `holder` alone until a takeover's time is over: whoever has it
    /// loses it with its next renewal, and takes it again only if `holder` does not come (§9.2 "promote healthy agent").
    pub fn appoint(&mut self, now: Moment, seat: Seat, holder: KeyId) {
        if let Some(row) = self.rows.get_mut(&seat)
            && row.holder != holder
        {
            row.until = row.until.min(now);
        }
        self.kept.insert(seat, (holder, now + seat.takeover_max()));
    }

    /// Takes a seat from whoever holds it with `epoch` or a lower one, at the word of a holder above (§9.2): it is free at
    /// once, and its holder does not get it again until it is pardoned or another is deposed. Nothing happens when somebody
    /// else has it since.
    pub fn depose(&mut self, now: Moment, seat: Seat, epoch: Epoch) {
        let Some(row) = self.rows.get_mut(&seat).filter(|row| row.epoch <= epoch) else {
            return;
        };
        row.until = row.until.min(now);
        self.deposed.insert(seat, row.holder);
    }

    /// Whoever was deposed may stand for a seat again: its node has been looked after and has a new key or a clean bill.
    pub fn pardon(&mut self, seat: Seat) {
        self.deposed.remove(&seat);
    }

    /// Who holds a seat now, and with which epoch.
    pub fn holder(&self, now: Moment, seat: Seat) -> Option<(KeyId, Epoch)> {
        let row = self.rows.get(&seat)?;
        (now < row.until).then_some((row.holder, row.epoch))
    }
}

impl Fence {
    /// How far an epoch may be above the last that is known: a seat that changes hands every second for 18 hours while
    /// its child is away. Without this bound one false claim could use up all epochs.
    pub const LEAP_MAX: u32 = 65_536;

    /// Whether a message from this holder with this epoch is obeyed; a higher epoch is remembered.
    pub fn admit(&mut self, holder: KeyId, epoch: Epoch) -> Result<(), Fenced> {
        if let Some(known) = self.holder {
            let (given, known_epoch) = (epoch, self.epoch);
            if given < known_epoch {
                return Err(Fenced::Stale {
                    given,
                    known: known_epoch,
                });
            }
            if given == known_epoch && known != holder {
                return Err(Fenced::Taken {
                    epoch,
                    holder: known,
                });
            }
            if given.0 - known_epoch.0 > Self::LEAP_MAX {
                return Err(Fenced::Leap {
                    given,
                    known: known_epoch,
                });
            }
        }
        self.epoch = epoch;
        self.holder = Some(holder);
        Ok(())
    }

    /// The highest epoch obeyed so far: what a child reports, so that a claimant goes above it.
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Who is obeyed.
    pub const fn holder(&self) -> Option<KeyId> {
        self.holder
    }
}

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Orchestrator => f.write_str("orchestrator"),
            Self::Coordinator(sector) => write!(f, "coordinator of {sector}"),
            Self::Lead(cluster) => write!(f, "lead of {cluster}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEAT: Seat = Seat::Coordinator(SectorId(7));

    fn claim(holder: u64, epoch: u32) -> Claim {
        Claim {
            seat: SEAT,
            holder: KeyId(holder),
            epoch: Epoch(epoch),
            renewal: false,
            lease: SEAT.lease(),
        }
    }

    fn renewal(holder: u64, epoch: u32) -> Claim {
        Claim {
            renewal: true,
            ..claim(holder, epoch)
        }
    }

    #[test]
    fn a_holder_that_has_started_anew_is_not_granted_the_epoch_it_had() {
        let mut table = SeatTable::default();
        let granted = |epoch| SeatAnswer::Granted {
            epoch: Epoch(epoch),
        };
        assert_eq!(table.claim(Moment(0), claim(1, 1)), granted(1));
        let refused = SeatAnswer::Refused {
            holder: KeyId(1),
            epoch: Epoch(1),
        };
        assert_eq!(table.claim(Moment(5), claim(1, 1)), refused);
        assert_eq!(table.claim(Moment(6), claim(1, 2)), granted(2));
    }

    #[test]
    fn a_deposed_holder_loses_the_seat_at_once_and_gets_it_no_more() {
        let mut table = SeatTable::default();
        let at = |ms| Moment(0) + Micros::millis(ms);
        let granted = |epoch| SeatAnswer::Granted {
            epoch: Epoch(epoch),
        };
        assert_eq!(table.claim(at(0), claim(1, 1)), granted(1));
        // Who was meant has lost it already: the one who has it now stays.
        table.depose(at(1), SEAT, Epoch(0));
        assert_eq!(table.claim(at(10), renewal(1, 1)), granted(1));
        table.depose(at(20), SEAT, Epoch(1));
        let nobody = SeatAnswer::Refused {
            holder: KeyId(0),
            epoch: Epoch(1),
        };
        assert_eq!(table.claim(at(21), renewal(1, 1)), nobody);
        assert_eq!(table.claim(at(22), claim(2, 2)), granted(2));
        let other = SeatAnswer::Refused {
            holder: KeyId(2),
            epoch: Epoch(9),
        };
        assert_eq!(table.claim(at(60_000), claim(1, 9)), other);
        table.pardon(SEAT);
        assert_eq!(table.claim(at(60_001), claim(1, 9)), granted(9));
    }

    #[test]
    fn a_seat_is_granted_renewed_run_out_and_taken_over() {
        let mut table = SeatTable::default();
        let granted = |epoch| SeatAnswer::Granted {
            epoch: Epoch(epoch),
        };
        let refused = SeatAnswer::Refused {
            holder: KeyId(1),
            epoch: Epoch(1),
        };
        let at = |ms| Moment(0) + Micros::millis(ms);
        assert_eq!(table.claim(at(0), claim(1, 1)), granted(1));
        assert_eq!(table.claim(at(1_000), claim(2, 2)), refused);
        assert_eq!(table.claim(at(1_000), renewal(1, 1)), granted(1));
        assert_eq!(table.claim(at(3_999), claim(2, 2)), refused);
        assert_eq!(table.claim(at(4_000), claim(2, 1)), refused);
        assert_eq!(table.claim(at(4_000), claim(2, 2)), granted(2));
        // The old holder cannot renew; it is told who has the seat.
        assert_eq!(
            table.claim(at(4_001), renewal(1, 1)),
            SeatAnswer::Refused {
                holder: KeyId(2),
                epoch: Epoch(2)
            }
        );
        table.release(at(4_002), SEAT, KeyId(1), Epoch(1));
        assert!(table.holder(at(4_002), SEAT).is_some());
        table.release(at(4_003), SEAT, KeyId(2), Epoch(2));
        assert_eq!(table.claim(at(4_004), claim(1, 3)), granted(3));
    }

    #[test]
    fn a_seat_covers_what_is_below_it_and_nothing_else() {
        let agent: AgentId = "7-4-12".parse().unwrap();
        let reaches = [
            Reach::Mesh,
            Reach::Sector(SectorId(7)),
            Reach::Cluster(agent.cluster),
            Reach::Agent(agent),
        ];
        for (n, reach) in reaches.into_iter().enumerate() {
            assert!(reach.seat().covers(reach));
            assert!(Seat::Orchestrator.covers(reach));
            assert_eq!(Seat::Coordinator(SectorId(7)).covers(reach), n >= 1);
            assert_eq!(Seat::Lead(agent.cluster).covers(reach), n >= 2);
            assert!(!Seat::Coordinator(SectorId(8)).covers(reach));
            assert!(!Seat::Lead("7-5".parse().unwrap()).covers(reach));
        }
    }

    #[test]
    fn a_fence_lets_one_holder_in_for_each_epoch_and_never_goes_back() {
        let mut fence = Fence::default();
        assert_eq!(fence.admit(KeyId(1), Epoch(70_000)), Ok(()));
        assert_eq!(fence.admit(KeyId(1), Epoch(70_000)), Ok(()));
        assert!(matches!(
            fence.admit(KeyId(2), Epoch(70_000)),
            Err(Fenced::Taken { .. })
        ));
        assert_eq!(fence.admit(KeyId(2), Epoch(70_001)), Ok(()));
        assert!(matches!(
            fence.admit(KeyId(1), Epoch(70_000)),
            Err(Fenced::Stale { .. })
        ));
        assert!(matches!(
            fence.admit(KeyId(3), Epoch(u32::MAX)),
            Err(Fenced::Leap { .. })
        ));
        assert_eq!(
            (fence.holder(), fence.epoch()),
            (Some(KeyId(2)), Epoch(70_001))
        );
    }
}
