//! Ids of messages and epochs of seats.

use crate::chance::Chance;
use crate::time::WallTime;
use core::fmt;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A message's or operation's id: 48 bits of wall milliseconds, then 80 bits of chance, so that ids sort by time and
/// never meet (the layout of a ULID).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MessageId(pub u128);

impl MessageId {
    /// The time component.
    pub const fn created(self) -> WallTime {
        WallTime((self.0 >> 80) as i64 * 1_000)
    }
}

/// Crockford's base 32, as ULIDs are written.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (0..26).rev().try_for_each(|digit| {
            let letter = LETTERS[(self.0 >> (digit * 5) & 31) as usize];
            write!(f, "{}", letter as char)
        })
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl core::str::FromStr for MessageId {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WANTED: &str = "an id is 26 letters and digits such as 01JD0000000000000000000000";
        if text.len() != 26 || text.as_bytes()[0] > b'7' {
            return Err(WANTED);
        }
        text.bytes().try_fold(Self(0), |id, byte| {
            let digit = LETTERS
                .iter()
                .position(|&letter| letter == byte.to_ascii_uppercase())
                .ok_or(WANTED)?;
            Ok(Self(id.0 << 5 | digit as u128))
        })
    }
}

/// As written for people where people read (numbers of JSON end at 64 bits), a number elsewhere.
impl Serialize for MessageId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() {
            to.collect_str(self)
        } else {
            self.0.serialize(to)
        }
    }
}

impl<'de> Deserialize<'de> for MessageId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() {
            let text = String::deserialize(from)?;
            text.parse().map_err(serde::de::Error::custom)
        } else {
            u128::deserialize(from).map(Self)
        }
    }
}

/// Makes ids that only grow.
#[derive(Debug, Clone)]
pub struct IdMint {
    chance: Chance,
    last: MessageId,
}

impl IdMint {
    /// A mint with randomness of its own.
    pub const fn new(chance: Chance) -> Self {
        Self {
            chance,
            last: MessageId(0),
        }
    }

    /// The next id; larger than every one before it, even when the wall clock steps back.
    pub fn next(&mut self, wall: WallTime) -> MessageId {
        let millis = (wall.0.max(0) / 1_000) as u128;
        let chance = u128::from(self.chance.bits()) << 16 | u128::from(self.chance.bits() as u16);
        let fresh = MessageId(millis << 80 | chance);
        self.last = if fresh > self.last {
            fresh
        } else {
            MessageId(self.last.0 + 1)
        };
        self.last
    }
}

/// How often a seat has changed hands; a holder of a lower epoch is refused (PROTOCOL §8).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Epoch(pub u32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_only_grow_even_when_the_wall_clock_steps_back() {
        let mut mint = IdMint::new(Chance::new(1));
        let mut last = MessageId(0);
        for wall in [5_000_000, 5_000_000, 4_000_000, 9_000_000] {
            let id = mint.next(WallTime(wall));
            assert!(id > last);
            last = id;
        }
        assert_eq!(last.created(), WallTime(9_000_000));
    }

    #[test]
    fn an_id_is_read_back_as_it_was_written() {
        let id = IdMint::new(Chance::new(3)).next(WallTime(1_700_000_000_000_000));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("8ZZZZZZZZZZZZZZZZZZZZZZZZZ".parse::<MessageId>().is_err());
        assert!("01JD".parse::<MessageId>().is_err());
        let json = serde_json::to_string(&id).expect("writes");
        assert_eq!(json, format!("\"{id}\""));
        assert_eq!(serde_json::from_str::<MessageId>(&json).expect("reads"), id);
        let packed = rmp_serde::to_vec(&id).expect("packs");
        assert_eq!(
            rmp_serde::from_slice::<MessageId>(&packed).expect("reads"),
            id
        );
    }
}
