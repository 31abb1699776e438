//! Local consensus (§2.1, PROTOCOL §9a): how a cluster settles a `decide` by itself.
//!
//! First the trinary quorum over the ballots says whether the cluster can settle it at all: a vote for an option is
//! READY, an objection CONFLICT, silence and abstention TRANSIT. Then the option that more than half of the electorate
//! wants is chosen; there is at most one, so two halves of a torn cluster cannot choose differently. A cluster that
//! voted but agrees on nothing has a conflict to resolve.

use super::{Counts, Decision, Quorum, Reason, Thresholds, Trinary, decide};
use crate::place::Slots;
use serde::{Deserialize, Serialize};

/// Options of one vote at most: what a person can tell apart on one screen, and what one byte each can count.
pub const VOTE_OPTIONS_MAX: u8 = 16;

/// One agent's answer to a `decide`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ballot {
    /// The agent's slot in its cluster.
    pub slot: u8,
    /// READY votes for the option, CONFLICT objects to it, TRANSIT abstains.
    pub state: Trinary,
    /// Which option, from 0; without meaning in an abstention.
    pub option: u8,
}

/// What came of a vote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Vote {
    /// The quorum over the ballots, and the cluster's decision: PROCEED exactly when an option is chosen.
    pub quorum: Quorum,
    /// The option that more than half of the electorate voted for.
    pub chosen: Option<u8>,
    /// Votes for each option.
    pub votes: Vec<u8>,
    /// Objections to each option.
    pub objections: Vec<u8>,
    /// Agents that sent ballots which differ from each other, or for options that do not exist; they count as CONFLICT.
    pub invalid: Slots,
    /// Ballots of agents that have no vote here.
    pub strangers: u32,
}

/// Settles a vote over `options` options (at most [`VOTE_OPTIONS_MAX`]; more are not there to vote for) among the
/// `electorate`. The order of the ballots does not matter and a repeated ballot counts once.
pub fn vote(options: u8, electorate: Slots, ballots: &[Ballot], thresholds: Thresholds) -> Vote {
    let options = options.min(VOTE_OPTIONS_MAX);
    // The valid ballot of each slot; 128 slots at most.
    let mut cast: [Option<Ballot>; 128] = [None; 128];
    let (mut invalid, mut strangers) = (Slots::EMPTY, 0u32);
    for &ballot in ballots {
        if !electorate.has(ballot.slot) {
            strangers = strangers.saturating_add(1);
            continue;
        }
        if ballot.state == Trinary::Transit {
            continue; // The same as silence, and no hindrance to a vote.
        }
        // An electorate has slots below 128 only, so this one is in range.
        let earlier = &mut cast[usize::from(ballot.slot)];
        if ballot.option >= options || earlier.is_some_and(|other| other != ballot) {
            invalid.insert(ballot.slot);
        }
        *earlier = Some(ballot);
    }

    let mut votes = vec![0u8; usize::from(options)];
    let mut objections = votes.clone();
    let (mut ready, mut conflict) = (Slots::EMPTY, invalid);
    for ballot in cast.iter().flatten() {
        if invalid.has(ballot.slot) {
            continue;
        }
        match ballot.state {
            Trinary::Ready => {
                ready.insert(ballot.slot);
                votes[usize::from(ballot.option)] += 1;
            }
            Trinary::Conflict => {
                conflict.insert(ballot.slot);
                objections[usize::from(ballot.option)] += 1;
            }
            Trinary::Transit => {}
        }
    }

    let counts = Counts::of_slots(electorate, ready, conflict, Slots::EMPTY);
    let mut quorum = decide(counts, thresholds);
    let chosen = votes
        .iter()
        .position(|&n| usize::from(n) * 2 > electorate.len())
        .map(|option| option as u8)
        .filter(|_| quorum.achieved());
    if quorum.achieved() && chosen.is_none() {
        quorum.decision = Decision::ResolveConflicts;
        quorum.reason = Reason::NoMajority;
    }
    Vote {
        quorum,
        chosen,
        votes,
        objections,
        invalid,
        strangers,
    }
}
