//! The four roles, as plain values behind one port (§2.1, §8.1).
//!
//! Each role is driven the same way: give it one input, carry out the outputs it listed, read `next_wake` again, and
//! call it with [`Input::Wake`] when that moment has come. **After every input the outputs are drained before the next
//! input is given; a wake too many is harmless.** `now` never runs backwards between two calls on one boot, except where
//! the node's clock itself steps.
//!
//! | kind | methods |
//! |---|---|
//! | in | `handle(now, input, &mut outputs)` |
//! | when | `next_wake()` |
//! | look | everything else, by shared reference |

pub mod ability;
mod agent;
mod applied;
mod chores;
mod coordinator;
mod desired;
mod dispute;
mod downlink;
mod errands;
mod freezes;
mod lead;
mod lookout;
mod mailbox;
mod mailing;
mod news;
mod notary;
mod notice;
mod office;
mod orchestrator;
mod port;
mod stops;
mod trip;
mod unheard;
mod uplink;
mod vigil;

pub use agent::Agent;
pub use applied::Applied;
pub use chores::{CHORES_MAX, Chores};
pub use coordinator::Coordinator;
pub use desired::{Desired, WriteError};
pub use dispute::{Disputes, Escalation, Settled};
pub use downlink::{Delivery, Downlink};
pub use errands::ERRANDS_MAX;
pub use lead::Lead;
pub use lookout::Lookout;
pub use mailbox::Mailbox;
pub use news::News;
pub use notary::{Notary, Signatory};
pub use notice::{Notice, Protect};
pub use orchestrator::{Orchestrator, Order};
pub use port::{
    Arrival, Ask, AskId, Backup, Brought, Caller, Desk, Event, From, HostAct, Input, KeptTask,
    KeyService, Output, Outputs, Record, Refusal, Reply, Saved, Service, Sitter, Start, Ticket, To,
    Work, WorkerEvent,
};
pub use uplink::Uplink;
pub use vigil::Vigil;

use crate::time::{Micros, Moment};

/// Between two beats (§8.1).
pub const BEAT: Micros = Micros::seconds(5);
/// Between two exchanges after a start (PROTOCOL §2).
pub const PROBE_GAP: Micros = Micros::millis(50);
/// Exchanges after a start.
pub const PROBES: u8 = 8;
/// Sends go out in buckets this long (§3.2).
pub const BUCKET: Micros = Micros::millis(10);
/// Copies of what a whole tier waits for, a bucket apart, on links that lose messages: of a hundredth lost, a millionth
/// stays lost, so that of a thousand leads all are in time.
pub const COPIES: u8 = 3;
/// Operations that one node has open at most; one more is declined as busy.
pub const CASTS_MAX: usize = 16;
/// Operations that a lead or coordinator remembers beside those, ended ones, for whoever asks again: a dozen a second for
/// as long as each is kept; past that the oldest are forgotten sooner.
pub const KEPT_MAX: usize = 64;

/// Whether what was set for `at`, at most `span` ahead when it was set, is due. A deadline that is further away is from
/// before the clock here went back: it is due at once, or this node would sleep until the clock is where it was.
pub(crate) fn is_due(now: Moment, at: Moment, span: Micros) -> bool {
    now >= at || at != Moment::NEVER && at.since(now) > span
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_due_in_its_time_and_at_once_when_the_clock_went_back() {
        let (set, at) = (Moment(0), Moment(0) + BEAT);
        assert!(!is_due(set, at, BEAT));
        assert!(is_due(at, at, BEAT));
        assert!(is_due(Moment(-1), at, BEAT));
        assert!(!is_due(Moment(i64::MIN), Moment::NEVER, BEAT));
    }
}
