//! Messages for tests.

use crate::message::{Header, MessageId, Priority, Routing, Strategy, Verb, Warrant};
use crate::throw::quorum::Trinary;
use crate::time::{Micros, WallTime};
use crate::unit::{Digest, Share, Weight};
use std::sync::Arc;

/// A throw with every field filled.
pub(crate) fn header() -> Header {
    let payload: Arc<[u8]> = Arc::from(&b"look around"[..]);
    Header {
        id: MessageId(1),
        correlation: MessageId(1),
        causation: Some(MessageId(2)),
        source: String::from("orchestrator"),
        routing: Routing::ScatterGather,
        strategy: Strategy::Wave,
        created: WallTime(3),
        ttl: Micros::seconds(5),
        priority: Priority::High,
        weight: Weight::default(),
        requires: Vec::new(),
        verb: Verb::Act,
        payload_hash: Digest::of(&payload),
        payload,
        expectation: Trinary::Ready,
        lamport: crate::message::Lamport(4),
        on_time: Share::ALL,
        window: Micros::millis(500),
        spread_max: None,
        quorum: Share::ALL,
        warrant: Warrant::default(),
    }
}
