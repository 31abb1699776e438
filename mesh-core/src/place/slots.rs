//! A set of children by slot, as it travels: one bit each, at most 128.

use serde::{Deserialize, Serialize};

/// Children of one parent, by slot from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Slots(pub u128);

impl Slots {
    /// Nobody.
    pub const EMPTY: Self = Self(0);

    /// The first `count` children.
    pub const fn first(count: u8) -> Self {
        if count >= 128 {
            Self(u128::MAX)
        } else {
            Self((1 << count) - 1)
        }
    }

    /// One child.
    pub const fn one(slot: u8) -> Self {
        Self(1 << slot)
    }

    /// Adds a child.
    pub const fn insert(&mut self, slot: u8) {
        self.0 |= 1 << slot;
    }

    /// Takes a child out.
    pub const fn remove(&mut self, slot: u8) {
        self.0 &= !(1 << slot);
    }

    /// Whether the child is in it; a slot past the end never is.
    pub const fn has(self, slot: u8) -> bool {
        slot < 128 && self.0 >> slot & 1 == 1
    }

    /// How many.
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether it is nobody.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those in either.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those in both.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those in this and not in `other`.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// In rising order.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let slot = rest.trailing_zeros();
            rest &= rest.wrapping_sub(1);
            (slot < 128).then_some(slot as u8)
        })
    }
}

impl FromIterator<u8> for Slots {
    fn from_iter<I: IntoIterator<Item = u8>>(slots: I) -> Self {
        slots.into_iter().fold(Self::EMPTY, |mut set, slot| {
            set.insert(slot);
            set
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iteration_gives_back_what_was_put_in() {
        let slots = [0u8, 3, 64, 127];
        assert_eq!(
            slots
                .into_iter()
                .collect::<Slots>()
                .iter()
                .collect::<Vec<_>>(),
            slots
        );
        assert_eq!(Slots::first(128).len(), 128);
        assert_eq!(Slots::EMPTY.iter().count(), 0);
        assert!(!Slots::first(128).has(200));
    }
}
