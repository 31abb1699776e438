//! Vectors and properties of quorum and vote.

use super::*;
use crate::place::Slots;
use proptest::prelude::*;

const fn counts(ready: u32, conflict: u32, transit: u32, unreachable: u32) -> Counts {
    Counts {
        ready,
        conflict,
        transit,
        unreachable,
    }
}

#[test]
fn the_decisions_of_the_specification() {
    use Decision::{Proceed, ResolveConflicts, Retry, Wait};
    #[rustfmt::skip]
    let table = [
        // section                      ready conflict transit gone  decision          confidence
        ("§5.2 all ready",               100,   0,   0,   0, Proceed,          1.0),
        ("§5.2 equality at 0.95",         95,   5,   0,   0, Proceed,          0.925),
        ("§5.2 at scale",             28_500,   0, 1_500, 0, Proceed,          0.95),
        ("§5.2 one short at scale",   28_499,   0, 1_501, 0, Retry,            28_499.0 / 30_000.0),
        ("§5.2 transit 0.10 is allowed",  90,   0,  10,   0, Retry,            0.9),
        ("§5.2 transit above 0.10",       89,   0,  11,   0, Wait,             0.89),
        ("§5.2 wait comes before conflicts", 50, 30, 20,  0, Wait,             0.35),
        ("§5.2 conflicts above 0.05",     94,   6,   0,   0, ResolveConflicts, 0.91),
        ("§5.2 too few ready",            90,   5,   5,   0, Retry,            0.875),
        ("§1.4 all in conflict",           0,   3,   0,   0, ResolveConflicts, 0.0),
        ("§5.2 nobody has answered",       0,   0,   7,   0, Wait,             0.0),
        ("PROTOCOL §4 nobody eligible",    0,   0,   0,   0, Retry,            0.0),
        ("PROTOCOL §4 all unreachable",    0,   0,   0,   9, Retry,            0.0),
        ("PROTOCOL §4 the gone count",    94,   0,   0,   6, Retry,            0.94),
        ("§5.2 one agent",                 1,   0,   0,   0, Proceed,          1.0),
    ];
    for (section, ready, conflict, transit, gone, decision, confidence) in table {
        let quorum = decide(
            counts(ready, conflict, transit, gone),
            Thresholds::default(),
        );
        assert_eq!(quorum.decision, decision, "{section}");
        assert_eq!(quorum.achieved(), decision == Proceed, "{section}");
        assert!(
            (quorum.confidence.value() - confidence).abs() < 1e-12,
            "{section}: {quorum:?}"
        );
        assert_eq!(
            quorum.recommendation().is_none(),
            quorum.achieved(),
            "{section}"
        );
        assert!(!quorum.reason_text().is_empty(), "{section}");
    }
}

#[test]
fn the_thresholds_of_the_specification() {
    let table = [
        ("§5.2 default", Some(Thresholds::DEFAULT), 0.95),
        ("§3.3 wave, sectors", Some(Thresholds::SECTOR_GATE), 0.98),
        (
            "PROTOCOL §4 wave, clusters",
            Some(Thresholds::CLUSTER_GATE),
            0.95,
        ),
        (
            "PROTOCOL §4 wave, agents",
            Some(Thresholds::AGENT_GATE),
            0.95,
        ),
        ("§3.3 parallel", Some(Thresholds::PARALLEL), 0.90),
        ("§3.3 D", Thresholds::of_class(Class::Gpu), 0.99),
        ("§3.3 C", Thresholds::of_class(Class::Persistent), 0.98),
        ("§3.3 B", Thresholds::of_class(Class::Serverless), 0.95),
        ("§3.3 A", Thresholds::of_class(Class::Edge), 0.90),
        ("§3.3 E", Thresholds::of_class(Class::Local), 0.85),
    ];
    for (section, thresholds, ready) in table {
        let thresholds = thresholds.expect(section);
        assert_eq!(
            (thresholds.ready, thresholds.conflict, thresholds.transit),
            (Share::new(ready), Share::new(0.05), Share::new(0.10)),
            "{section}"
        );
    }
    assert_eq!(Thresholds::of_class(Class::Human), None);
}

#[test]
fn slots_are_counted_once_and_only_if_eligible() {
    let first = Slots::first;
    let counted = Counts::of_slots(first(10), first(5), first(2), first(7));
    assert_eq!(counted, counts(3, 2, 3, 2));
    assert_eq!(
        Counts::of_slots(Slots::EMPTY, first(5), first(2), first(7)),
        Counts::default()
    );
    let states = [
        Trinary::Ready,
        Trinary::Ready,
        Trinary::Conflict,
        Trinary::Transit,
    ];
    assert_eq!(states.into_iter().collect::<Counts>(), counts(2, 1, 1, 0));
}

#[test]
fn a_trinary_state_travels_as_its_number() {
    for (state, text) in [
        (Trinary::Ready, "1"),
        (Trinary::Transit, "0"),
        (Trinary::Conflict, "-1"),
    ] {
        assert_eq!(serde_json::to_string(&state).expect("encodes"), text);
        assert_eq!(
            serde_json::from_str::<Trinary>(text).expect("decodes"),
            state
        );
    }
    let error = serde_json::from_str::<Trinary>("2").expect_err("no such state");
    assert!(error.to_string().contains("cannot read 2"), "{error}");
}

#[test]
fn a_closed_window_never_waits_for_what_cannot_come() {
    let (lost, open) = (counts(50, 6, 44, 0), counts(50, 1, 49, 0));
    let decisions = |counts| {
        (
            decide(counts, Thresholds::DEFAULT).decision,
            decide_final(counts, Thresholds::DEFAULT).decision,
        )
    };
    assert_eq!(
        decisions(lost),
        (Decision::Wait, Decision::ResolveConflicts)
    );
    assert_eq!(decisions(open), (Decision::Wait, Decision::Wait));
    assert_eq!(
        decisions(counts(50, 0, 40, 10)),
        (Decision::Wait, Decision::Retry)
    );
}

fn any_counts() -> impl Strategy<Value = Counts> {
    (0u32..40, 0u32..6, 0u32..9, 0u32..4)
        .prop_map(|(ready, conflict, transit, gone)| counts(ready, conflict, transit, gone))
}

fn any_thresholds() -> impl Strategy<Value = Thresholds> {
    let share = || (0u32..=20).prop_map(|n| Share::new(f64::from(n) / 20.0));
    (share(), share(), share()).prop_map(|(ready, conflict, transit)| Thresholds {
        ready,
        conflict,
        transit,
    })
}

proptest! {
    #[test]
    fn every_input_has_a_decision_and_a_confidence(
        ready: u32, conflict: u32, transit: u32, unreachable: u32, thresholds in any_thresholds()
    ) {
        let counts = Counts { ready, conflict, transit, unreachable };
        let quorum = decide(counts, thresholds);
        prop_assert!((0.0..=1.0).contains(&quorum.confidence.value()));
        prop_assert_eq!(quorum, decide(counts, thresholds));
        let last = decide_final(counts, thresholds);
        prop_assert_eq!(last.achieved(), quorum.achieved());
    }

    #[test]
    fn one_more_ready_never_turns_proceed_away(counts in any_counts(), thresholds in any_thresholds()) {
        let more = Counts { ready: counts.ready + 1, ..counts };
        if decide(counts, thresholds).achieved() {
            prop_assert!(decide(more, thresholds).achieved());
            if counts.transit > 0 {
                let answered = Counts { transit: counts.transit - 1, ..more };
                prop_assert!(decide(answered, thresholds).achieved());
            }
        }
    }

    /// Every way in which those still out can end is tried: the outlook must be sound and must also miss nothing.
    #[test]
    fn the_outlook_is_what_all_endings_agree_on(counts in any_counts(), thresholds in any_thresholds()) {
        let mut seen = std::collections::BTreeSet::new();
        for ready in 0..=counts.transit {
            for conflict in 0..=counts.transit - ready {
                for gone in 0..=counts.transit - ready - conflict {
                    seen.insert(decide(Counts {
                        ready: counts.ready + ready,
                        conflict: counts.conflict + conflict,
                        transit: counts.transit - ready - conflict - gone,
                        unreachable: counts.unreachable + gone,
                    }, thresholds).decision);
                }
            }
        }
        let only = (seen.len() == 1).then(|| seen.first().copied()).flatten();
        match outlook(counts, thresholds) {
            Outlook::Reached => prop_assert_eq!(only, Some(Decision::Proceed)),
            Outlook::Lost { certain } => {
                prop_assert!(!seen.contains(&Decision::Proceed));
                prop_assert_eq!(certain, only);
            }
            Outlook::Open => prop_assert!(seen.contains(&Decision::Proceed) && only.is_none(), "{:?}", seen),
        }
    }

    #[test]
    fn a_vote_does_not_depend_on_order_or_repetition(
        ballots in proptest::collection::vec((0u8..12, -1i8..=1, 0u8..4), 0..40), rotate in 0usize..40
    ) {
        let ballots: Vec<Ballot> = ballots.into_iter().map(|(slot, state, option)| Ballot {
            slot, option, state: state.try_into().expect("in range"),
        }).collect();
        let mut shuffled = ballots.clone();
        shuffled.rotate_left(rotate % ballots.len().max(1));
        shuffled.reverse();
        let once = vote(3, Slots::first(10), &ballots, Thresholds::ready(0.5));
        let again = vote(3, Slots::first(10), &shuffled, Thresholds::ready(0.5));
        prop_assert_eq!(&once, &again);
        prop_assert_eq!(once.chosen.is_some(), once.quorum.achieved());
        prop_assert_eq!(once.quorum.counts.eligible(), 10);
        let known: Vec<Ballot> = ballots.iter().filter(|b| b.slot < 10).copied().collect();
        let doubled: Vec<Ballot> = known.iter().chain(&known).copied().collect();
        prop_assert_eq!(
            vote(3, Slots::first(10), &doubled, Thresholds::ready(0.5)),
            vote(3, Slots::first(10), &known, Thresholds::ready(0.5))
        );
    }
}

fn ballots(choices: &[(u8, Trinary, u8)]) -> Vec<Ballot> {
    choices
        .iter()
        .map(|&(slot, state, option)| Ballot {
            slot,
            state,
            option,
        })
        .collect()
}

#[test]
fn a_cluster_settles_what_most_of_it_wants() {
    let all_but_one: Vec<Ballot> = (0..30)
        .map(|slot| Ballot {
            slot,
            state: if slot == 29 {
                Trinary::Conflict
            } else {
                Trinary::Ready
            },
            option: u8::from(slot >= 20),
        })
        .collect();
    let result = vote(2, Slots::first(30), &all_but_one, Thresholds::DEFAULT);
    assert_eq!((result.chosen, result.votes), (Some(0), vec![20, 9]));
    assert_eq!(result.objections, vec![0, 1]);
    assert_eq!(result.quorum.decision, Decision::Proceed);
}

#[test]
fn a_torn_cluster_has_a_conflict_and_a_silent_one_waits() {
    let torn = ballots(&[
        (0, Trinary::Ready, 0),
        (1, Trinary::Ready, 0),
        (2, Trinary::Ready, 1),
        (3, Trinary::Ready, 1),
    ]);
    let result = vote(2, Slots::first(4), &torn, Thresholds::DEFAULT);
    assert_eq!(
        (result.chosen, result.quorum.reason),
        (None, Reason::NoMajority)
    );
    let silent = vote(2, Slots::first(8), &torn, Thresholds::DEFAULT);
    assert_eq!(silent.quorum.decision, Decision::Wait);
    assert_eq!(
        vote(2, Slots::EMPTY, &torn, Thresholds::DEFAULT)
            .quorum
            .decision,
        Decision::Retry
    );
}

#[test]
fn who_votes_twice_differently_objects_and_strangers_do_not_count() {
    let twice = ballots(&[
        (0, Trinary::Ready, 0),
        (0, Trinary::Ready, 1),
        (1, Trinary::Transit, 0),
        (1, Trinary::Ready, 1),
        (2, Trinary::Ready, 9),
        (77, Trinary::Ready, 0),
        (200, Trinary::Ready, 0),
    ]);
    let result = vote(2, Slots::first(3), &twice, Thresholds::DEFAULT);
    assert_eq!(result.invalid, [0u8, 2].into_iter().collect());
    assert_eq!(result.votes, vec![0, 1]);
    assert_eq!(result.strangers, 2);
    assert_eq!(result.quorum.counts, counts(1, 2, 0, 0));
}
