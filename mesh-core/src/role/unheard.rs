//! The account of a cluster from which nothing was heard: somebody must write it, so that nobody is lost from the sum.

use crate::message::{ClassTally, ErrorHistogram, Fold, MessageId};
use crate::place::{Class, Slots};
use crate::time::Micros;

/// The account of a cluster from which nothing was heard.
pub(super) fn unheard(
    operation: MessageId,
    agents: Slots,
    armed: bool,
    class_of: impl Fn(u8) -> Class,
) -> Fold {
    let mut tallies: Vec<ClassTally> = Vec::new();
    for slot in agents.iter() {
        let class = class_of(slot);
        let index = tallies
            .iter()
            .position(|tally| tally.class == class)
            .unwrap_or_else(|| {
                tallies.push(ClassTally {
                    class,
                    targeted: 0,
                    eligible: 0,
                    ready: 0,
                    conflict: 0,
                    in_window: 0,
                    within_50: 0,
                    arrivals: ErrorHistogram::default(),
                });
                tallies.len() - 1
            });
        tallies[index].targeted += 1;
        tallies[index].eligible += u16::from(!class.is_human());
    }
    let (transit, unreachable) = if armed {
        (agents, Slots::EMPTY)
    } else {
        (Slots::EMPTY, agents)
    };
    Fold {
        operation,
        version: 1,
        targeted: agents,
        ready: Slots::EMPTY,
        conflict: Slots::EMPTY,
        transit,
        skipped: Slots::EMPTY,
        unreachable,
        late: Slots::EMPTY,
        after_seal: Slots::EMPTY,
        skips: Vec::new(),
        short: Vec::new(),
        tallies,
        errors: ErrorHistogram::default(),
        releases: ErrorHistogram::default(),
        bound: Micros::ZERO,
        sealed: true,
        result: 0,
    }
}
