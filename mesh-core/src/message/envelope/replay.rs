//! Replays, refused by (key and name, boot, sequence) and never by time (PROTOCOL §10).
//!
//! Of each sender the highest sequence and the 128 before it are remembered, as the anti-replay window of RFC 4303
//! §3.4.3 does for packets. A boot counts all that its key signs in one name; a message that is overtaken by more than
//! 128 others of that name is refused, and comes again by delivery's own means with a new number.
//!
//! Windows are worth keeping over a restart ([`Window`] is serialisable). Without them a message recorded before the
//! restart can be played once more; what it carries is then caught by its id, its epoch, or its age after the new clock
//! exchange.

use super::Address;
use crate::time::Boot;
use crate::trust::KeyId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was received from one sender, in 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Window {
    /// Bit n is set when sequence `highest - n` was received: the low half first, since one number of this size would
    /// want its place at multiples of 16 bytes.
    seen: [u64; 2],
    highest: u64,
    boot: Boot,
}

/// Why a sequence is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Replay {
    /// The sender has started again since.
    #[error("it is from an earlier boot of its sender; boots only grow")]
    OldBoot,
    /// More than 128 behind.
    #[error("its sequence is more than 128 behind its sender's latest, or 0; send it anew")]
    TooOld,
    /// Received before.
    #[error("its sequence was received before; a sender numbers every message anew")]
    Seen,
}

impl Window {
    /// Sequences remembered.
    pub const SIZE: u64 = 128;

    /// Takes a sequence in, once.
    pub fn accept(&mut self, boot: Boot, sequence: u64) -> Result<(), Replay> {
        if boot < self.boot {
            return Err(Replay::OldBoot);
        }
        if sequence == 0 {
            return Err(Replay::TooOld);
        }
        if boot > self.boot {
            *self = Self {
                seen: [1, 0],
                highest: sequence,
                boot,
            };
            return Ok(());
        }
        if sequence > self.highest {
            let ahead = sequence - self.highest;
            let kept = if ahead < Self::SIZE {
                self.seen() << ahead
            } else {
                0
            };
            self.see(kept | 1);
            self.highest = sequence;
            return Ok(());
        }
        let behind = self.highest - sequence;
        if behind >= Self::SIZE {
            return Err(Replay::TooOld);
        }
        let bit = 1 << behind;
        if self.seen() & bit != 0 {
            return Err(Replay::Seen);
        }
        self.see(self.seen() | bit);
        Ok(())
    }

    const fn seen(&self) -> u128 {
        (self.seen[1] as u128) << 64 | self.seen[0] as u128
    }

    const fn see(&mut self, seen: u128) {
        self.seen = [seen as u64, (seen >> 64) as u64];
    }
}

/// Windows of all senders. Only verified messages of admitted keys come here, so the keyring bounds it. A node that
/// speaks for several seats has a window for each: what it says for one overtakes what it says for another at will.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replays {
    windows: BTreeMap<(KeyId, Address), Window>,
}

impl Replays {
    /// Takes in a verified message's number.
    pub fn accept(
        &mut self,
        by: KeyId,
        from: Address,
        boot: Boot,
        sequence: u64,
    ) -> Result<(), Replay> {
        let window = self.windows.entry((by, from)).or_default();
        window.accept(boot, sequence)
    }

    /// Forgets senders that `keep` no longer knows; a key that was forgotten must not be admitted again.
    pub fn retain(&mut self, keep: impl Fn(KeyId) -> bool) {
        self.windows.retain(|&(key, _), _| keep(key));
    }
}

const _: () = assert!(size_of::<Window>() == 32);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_edges_of_the_window() {
        let mut window = Window::default();
        let boot = Boot(1);
        assert_eq!(window.accept(boot, 0), Err(Replay::TooOld));
        assert_eq!(window.accept(boot, 1), Ok(()));
        assert_eq!(window.accept(boot, 1), Err(Replay::Seen));
        assert_eq!(window.accept(boot, 129), Ok(()));
        assert_eq!(window.accept(boot, 1), Err(Replay::TooOld));
        assert_eq!(window.accept(boot, 2), Ok(()));
        assert_eq!(window.accept(boot, 2), Err(Replay::Seen));
        assert_eq!(window.accept(boot, u64::MAX), Ok(()));
        assert_eq!(window.accept(boot, 129), Err(Replay::TooOld));
        assert_eq!(window.accept(Boot(2), 1), Ok(()));
        assert_eq!(window.accept(boot, 7), Err(Replay::OldBoot));
    }

    proptest! {
        #[test]
        fn nothing_is_accepted_twice_and_nothing_recent_refused(
            arrivals in proptest::collection::vec((0u32..3, 1u64..400), 1..300)
        ) {
            let (mut window, mut taken, mut last) = (Window::default(), BTreeSet::new(), (0, 0));
            for (boot, sequence) in arrivals {
                let result = window.accept(Boot(boot), sequence);
                let fresh = !taken.contains(&(boot, sequence));
                let recent = boot == last.0 && sequence + Window::SIZE > last.1 || boot > last.0;
                prop_assert_eq!(result.is_ok(), fresh && recent);
                if result.is_ok() {
                    taken.insert((boot, sequence));
                    last = last.max((boot, sequence));
                }
            }
        }
    }
}
