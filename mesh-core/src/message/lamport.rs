//! Lamport times and the clock that counts them (Lamport 1978, "Time, clocks, and the ordering of events in a distributed
//! system"; PROTOCOL §9).

use serde::{Deserialize, Serialize};

/// A Lamport time: causes have smaller ones than their effects.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Lamport(pub u64);

/// How far a received time may run ahead of ours: at 100,000 messages a second (§8.2) that is four months of silence. A
/// larger jump is a lie or a fault, and taking it over would leave the whole mesh without numbers to count on.
pub const JUMP_MAX: u64 = 1 << 40;

/// A received time too far ahead to be true; the clock is unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "Lamport time {received} is more than {JUMP_MAX} ahead of ours, {ours}; the sender is at fault"
)]
pub struct JumpError {
    /// What was received.
    pub received: u64,
    /// What we had.
    pub ours: u64,
}

/// One node's Lamport clock.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LamportClock(Lamport);

impl LamportClock {
    /// Continues from a saved time.
    pub const fn at(time: Lamport) -> Self {
        Self(time)
    }

    /// The time of the next thing that happens here.
    pub const fn tick(&mut self) -> Lamport {
        self.0 = Lamport(self.0.0.saturating_add(1));
        self.0
    }

    /// Takes a received time into account, and gives the time of its receipt.
    pub fn receive(&mut self, received: Lamport) -> Result<Lamport, JumpError> {
        if received.0.saturating_sub(self.0.0) > JUMP_MAX {
            return Err(JumpError {
                received: received.0,
                ours: self.0.0,
            });
        }
        self.0 = self.0.max(received);
        Ok(self.tick())
    }

    /// [`LamportClock::receive`] for whoever drops what is not to be believed: whether it was.
    pub fn witness(&mut self, received: Lamport) -> bool {
        self.receive(received).is_ok()
    }

    /// The time of the last thing that happened here.
    pub const fn now(&self) -> Lamport {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_runs_ahead_of_everything_it_has_seen() {
        let mut clock = LamportClock::default();
        assert_eq!(clock.tick(), Lamport(1));
        assert_eq!(clock.receive(Lamport(10)), Ok(Lamport(11)));
        assert_eq!(clock.receive(Lamport(3)), Ok(Lamport(12)));
        let lie = clock.receive(Lamport(u64::MAX)).expect_err("too far");
        assert!(lie.to_string().contains("ahead of ours, 12"), "{lie}");
        assert_eq!(clock.now(), Lamport(12));
    }
}
