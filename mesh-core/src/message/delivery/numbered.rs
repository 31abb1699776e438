//! What must arrive, in order and once, as it travels.

use super::Stream;
use crate::message::{Body, MessageId};
use crate::time::Micros;
use serde::{Deserialize, Serialize};

/// A message to children that is kept until they have it. One to several of them carries the number of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Numbered {
    /// The same in every copy, on every hop.
    pub id: MessageId,
    /// Time to live that is left.
    pub ttl: Micros,
    /// Whom it is for: the slot of each, and the number on that child's link.
    pub numbers: Vec<(u16, u32)>,
    /// What it says.
    pub body: Body,
}

/// Upwards, between two beats: all up to here is settled, and the window should move on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// Whose numbers.
    pub stream: Stream,
    /// The last number in order.
    pub upto: u32,
}

impl Numbered {
    /// The same with another content, as whoever passes it on may make of it.
    #[must_use]
    pub fn with(&self, body: Body) -> Self {
        Self {
            body,
            numbers: self.numbers.clone(),
            ..*self
        }
    }

    /// The number on the link of the child at `slot`.
    pub fn number(&self, slot: u16) -> Option<u32> {
        let own = self.numbers.iter().find(|(whose, _)| *whose == slot);
        own.map(|(_, number)| *number)
    }
}
