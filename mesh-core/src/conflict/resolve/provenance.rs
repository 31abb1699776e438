//! `DATA_CONTRADICTION`: provenance trace (§5.1).
//!
//! In this order: the same origin said both, then what it said later stands; a value whose way is whole beats one that was
//! changed on the way or has no way at all; more agents that attest it independently beat fewer; then the more
//! reliable weakest signer, if by a margin; then the shorter way. When all are equal, a person decides.

use super::{Action, ConflictRecord, How, Plan, Step, actions_of};
use crate::conflict::record::{Claim, Station};
use crate::message::Lamport;
use crate::place::AgentId;
use crate::unit::Share;
use core::cmp::Ordering;
use std::collections::BTreeSet;

/// Reliabilities nearer to each other than this prove nothing: with 100 samples it is about the standard error of 0.95.
pub const RELIABILITY_MARGIN: f64 = 0.02;

/// Who says which of the two values, besides the stations they came by.
#[derive(Debug, Clone, Copy, Default)]
pub struct Attested<'a> {
    /// Agents that hold what was expected.
    pub expected: &'a [AgentId],
    /// Agents that hold what was received.
    pub received: &'a [AgentId],
}

/// Traces both values and prefers the better vouched one. `reliability` is what the registry knows of an agent.
pub fn trace(
    record: &ConflictRecord,
    attested: Attested<'_>,
    reliability: impl Fn(AgentId) -> Share,
) -> Plan {
    let (expected, received) = (&record.detail.expected, &record.detail.received);
    let mut plan = Plan::new(record);
    // Who attests both values counts on both sides, which changes nothing between them.
    let count = |agents: &[AgentId]| agents.iter().collect::<BTreeSet<_>>().len();
    let (ours, theirs) = (
        Strength::of(expected, count(attested.expected), &reliability),
        Strength::of(received, count(attested.received), &reliability),
    );
    let tell = |name: &str, claim: &Claim, strength: &Strength| match claim.provenance.first() {
        None => format!("{name} has no provenance"),
        Some(origin) => format!(
            "{name} comes from {} over {} stations ({}), attested by {}",
            origin.by,
            claim.provenance.len(),
            match strength.changed_by {
                Some(agent) => format!("changed by {agent}"),
                None => "unchanged".to_owned(),
            },
            strength.attested
        ),
    };
    plan.find(Step::TraceOrigins, tell("expected", expected, &ours));
    plan.find(Step::TraceOrigins, tell("received", received, &theirs));
    plan.find(Step::FindParting, parting(expected, received));

    let (order, why) = compare(&ours, &theirs);
    plan.find(Step::PreferStronger, why);
    let how = match order {
        Ordering::Greater => How::KeepExpected,
        Ordering::Less => How::KeepReceived,
        Ordering::Equal => {
            let question = format!(
                "{}: {} or {}? Both are equally well vouched for.",
                record.detail.subject, expected.value, received.value
            );
            return plan.ask(
                question,
                Vec::new(),
                &[How::KeepExpected, How::KeepReceived],
            );
        }
    };
    let (loser, claim) = match how {
        How::KeepExpected => (theirs, expected),
        _ => (ours, received),
    };
    let mut actions = actions_of(how, record);
    // Whoever changed the value on its way holds the wrong one as well.
    if let Some(agent) = loser.changed_by {
        let correct = Action::Correct {
            agent,
            subject: record.detail.subject.clone(),
            value: claim.digest,
        };
        if !actions.contains(&correct) {
            actions.push(correct);
        }
    }
    plan.find(
        Step::UpdateWeaker,
        format!("{} corrections", actions.len() - 1),
    );
    plan.settle(how, actions)
}

/// What speaks for a value.
struct Strength {
    origin: Option<(AgentId, Lamport)>,
    whole: bool,
    changed_by: Option<AgentId>,
    attested: usize,
    reliability: Share,
    stations: usize,
}

impl Strength {
    fn of(claim: &Claim, attested: usize, reliability: &impl Fn(AgentId) -> Share) -> Self {
        let way = &claim.provenance;
        let changed_by = way
            .windows(2)
            .find(|pair| pair[0].value != pair[1].value || pair[0].lamport >= pair[1].lamport)
            .map(|pair| pair[1].by);
        let arrives = way
            .last()
            .is_some_and(|station| station.value == claim.digest);
        let weakest = way
            .iter()
            .map(|station| reliability(station.by).value())
            .fold(1.0, f64::min);
        Self {
            origin: way.first().map(|station| (station.by, station.lamport)),
            whole: arrives && changed_by.is_none(),
            changed_by,
            attested,
            reliability: if way.is_empty() {
                Share::NONE
            } else {
                Share::new(weakest)
            },
            stations: way.len(),
        }
    }
}

fn compare(ours: &Strength, theirs: &Strength) -> (Ordering, String) {
    if ours.whole != theirs.whole {
        let order = ours.whole.cmp(&theirs.whole);
        return (order, "only one of them came here whole".to_owned());
    }
    if let (Some((by, our_time)), Some((other, their_time))) = (ours.origin, theirs.origin)
        && by == other
        && our_time != their_time
        && ours.whole
    {
        let order = our_time.cmp(&their_time);
        return (order, format!("{by} said both; what it said later stands"));
    }
    if ours.attested != theirs.attested {
        let order = ours.attested.cmp(&theirs.attested);
        let why = format!(
            "{} agents attest ours, {} theirs",
            ours.attested, theirs.attested
        );
        return (order, why);
    }
    let (our_worst, their_worst) = (ours.reliability.value(), theirs.reliability.value());
    if (our_worst - their_worst).abs() > RELIABILITY_MARGIN {
        let why = format!(
            "weakest signers: {} and {}",
            ours.reliability, theirs.reliability
        );
        return (our_worst.total_cmp(&their_worst), why);
    }
    if ours.whole && ours.stations != theirs.stations {
        let order = theirs.stations.cmp(&ours.stations);
        return (order, "the shorter way is the stronger".to_owned());
    }
    (Ordering::Equal, "equally strong".to_owned())
}

/// Where the two ways parted.
fn parting(expected: &Claim, received: &Claim) -> String {
    let ways = expected.provenance.iter().zip(&received.provenance);
    let shared = ways.take_while(|(a, b)| a == b).count();
    let last: Option<&Station> = shared
        .checked_sub(1)
        .and_then(|n| expected.provenance.get(n));
    match last {
        Some(station) => format!(
            "they parted after {} at Lamport {}",
            station.by, station.lamport.0
        ),
        None => "they have different origins".to_owned(),
    }
}
