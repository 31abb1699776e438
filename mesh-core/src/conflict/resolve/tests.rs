//! Each of the five types is provoked and settled, or brought to a person.

use super::super::lamport::Causality;
use super::super::record::Station;
use super::super::record::tests::{agent, report};
use super::*;
use crate::message::context::{ContextStore, Document, MAIN};
use crate::message::{Lamport, MessageId};
use crate::place::{AgentId, Class};
use crate::time::WallTime;
use crate::unit::Digest;
use crate::unit::Share;
use std::collections::BTreeMap;

fn record(kind: ConflictKind) -> ConflictRecord {
    report(kind, 42).record(WallTime(0), Lamport(100))
}

fn document(pairs: &[(&str, &str)]) -> Document {
    Document::of(pairs.iter().copied()).expect("small")
}

/// Two nodes with the same beginning, each with an edit of its own.
fn diverged(ours: &[(&str, &str)], theirs: &[(&str, &str)]) -> (ContextStore, ContextStore) {
    let beginning = ContextStore::new(document(&[("a", "1"), ("b", "1")]), "root");
    let (mut left, mut right) = (beginning.clone(), beginning);
    left.commit(MAIN, document(ours), "7-4-1", "", 1)
        .expect("commits");
    right
        .commit(MAIN, document(theirs), "7-4-2", "", 1)
        .expect("commits");
    (left, right)
}

/// Runs the strategy, fetching from `other` what it asks for.
fn reconciled(
    store: &mut ContextStore,
    other: &ContextStore,
    answers: &BTreeMap<String, Option<String>>,
) -> Plan {
    let record = record(ConflictKind::ContextDivergence);
    let received = other.head(MAIN).expect("begins");
    for _ in 0..5 {
        let plan = reconcile(&record, store, MAIN, received, answers, "7-4").expect("possible");
        let Some(Action::FetchContext { hashes }) = plan.actions.first() else {
            return plan;
        };
        for &hash in hashes {
            if let Some(commit) = other.get(hash) {
                store.insert_commit(hash, &commit.encode()).expect("intact");
            } else {
                let bytes = other.document(received).expect("held").encode();
                store.insert_document(hash, &bytes).expect("intact");
            }
        }
    }
    panic!("it never stops fetching")
}

#[test]
fn diverged_contexts_are_fetched_and_joined_by_themselves() {
    let (mut store, other) = diverged(&[("a", "2"), ("b", "1")], &[("a", "1"), ("b", "3")]);
    let plan = reconciled(&mut store, &other, &BTreeMap::new());
    assert_eq!(plan.how, Some(How::Merged), "{plan:?}");
    let head = store.head(MAIN).expect("is");
    assert_eq!(
        store.document(head),
        Ok(&document(&[("a", "2"), ("b", "3")]))
    );
    assert_eq!(store.branches().count(), 1, "the side branch is gone");
    let steps: Vec<Step> = plan.findings.iter().map(|f| f.step).collect();
    assert_eq!(steps, Strategy::BranchAndReconcile.steps());
}

#[test]
fn irreconcilable_contexts_stay_on_two_branches_until_a_person_answers() {
    let (mut store, other) = diverged(&[("a", "2"), ("b", "1")], &[("a", "3"), ("b", "1")]);
    let plan = reconciled(&mut store, &other, &BTreeMap::new());
    assert_eq!((plan.how, plan.needs_review()), (None, true));
    assert_eq!(store.branches().count(), 2);
    let Some(Action::Review(review)) = plan.actions.last() else {
        panic!("{plan:?}")
    };
    assert_eq!(review.collisions[0].key, "a");
    let answers = BTreeMap::from([("a".to_owned(), Some("3".to_owned()))]);
    let plan = reconciled(&mut store, &other, &answers);
    assert_eq!(plan.how, Some(How::Merged));
    let head = store.head(MAIN).expect("is");
    assert_eq!(store.document(head).expect("held").value("a"), Some("3"));
}

/// A way of `values` from agent `first` on, one message each.
fn way(first: u8, time: u64, values: &[&str]) -> Vec<Station> {
    values
        .iter()
        .enumerate()
        .map(|(n, value)| Station {
            by: agent(first + n as u8),
            event: MessageId(u128::from(first) * 100 + n as u128),
            lamport: Lamport(time + n as u64),
            value: Digest::of(value.as_bytes()),
        })
        .collect()
}

#[test]
fn a_contradiction_is_settled_by_the_stronger_provenance() {
    type Case<'a> = (
        &'a str,
        Vec<Station>,
        Vec<Station>,
        [&'a [AgentId]; 2],
        Option<How>,
    );
    let crowd = [agent(20), agent(21), agent(22)];
    let one = [agent(23)];
    let table: [Case<'_>; 9] = [
        ("nothing is known", vec![], vec![], [&[], &[]], None),
        (
            "only ours has a way",
            way(0, 1, &["100"]),
            vec![],
            [&[], &[]],
            Some(How::KeepExpected),
        ),
        (
            "theirs was changed",
            way(0, 1, &["100"]),
            way(5, 1, &["100", "250"]),
            [&[], &one],
            Some(How::KeepExpected),
        ),
        (
            "the origin said it later",
            way(0, 1, &["100"]),
            way(0, 9, &["250"]),
            [&crowd, &[]],
            Some(How::KeepReceived),
        ),
        (
            "more agents attest theirs",
            way(0, 1, &["100"]),
            way(5, 1, &["250"]),
            [&one, &crowd],
            Some(How::KeepReceived),
        ),
        (
            "an unreliable signer",
            way(0, 1, &["100"]),
            way(9, 1, &["250"]),
            [&[], &[]],
            Some(How::KeepExpected),
        ),
        (
            "the shorter way",
            way(0, 1, &["100", "100"]),
            way(5, 1, &["250"]),
            [&[], &[]],
            Some(How::KeepReceived),
        ),
        (
            "one who attests both tips nothing",
            way(0, 1, &["100"]),
            way(5, 1, &["250"]),
            [&one, &[agent(23), agent(24)]],
            Some(How::KeepReceived),
        ),
        (
            "a tie",
            way(0, 1, &["100"]),
            way(5, 1, &["250"]),
            [&one, &one],
            None,
        ),
    ];
    for (name, ours, theirs, [expected, received], how) in table {
        let mut record = record(ConflictKind::DataContradiction);
        record.detail.expected.provenance = ours;
        record.detail.received.provenance = theirs;
        let reliability = |by: AgentId| Share::new(if by == agent(9) { 0.5 } else { 0.99 });
        let plan = trace(&record, Attested { expected, received }, reliability);
        assert_eq!(plan.how, how, "{name}: {plan:?}");
        assert_eq!(plan.needs_review(), how.is_none(), "{name}");
        let corrects = plan
            .actions
            .iter()
            .any(|a| matches!(a, Action::Correct { .. }));
        let has_source = !record.detail.received.provenance.is_empty();
        assert_eq!(
            corrects,
            how.is_some() && (has_source || how == Some(How::KeepReceived)),
            "{name}"
        );
    }
}

fn event(id: u128, by: u8, time: u64, causes: &[u128]) -> Event {
    Event {
        id: MessageId(id),
        by: agent(by),
        time: Lamport(time),
        causes: causes.iter().copied().map(MessageId).collect(),
    }
}

#[test]
fn a_paradox_is_found_its_clock_named_and_the_chain_rebuilt() {
    let events = [
        event(4, 3, 30, &[3]),
        event(1, 1, 10, &[]),
        event(2, 2, 20, &[1]),
        event(3, 9, 5, &[2, 1]),
        event(5, 9, 30, &[4, 77]),
    ];
    let mut causality = Causality::new();
    let paradoxes: usize = events
        .iter()
        .map(|e| causality.observe(e.id, e.time, &e.causes).len())
        .sum();
    assert_eq!(paradoxes, 3);

    let plan = rebuild(&record(ConflictKind::TemporalParadox), &events);
    assert_eq!(plan.how, Some(How::Repaired), "{plan:?}");
    let checked = plan.findings[0].found.as_str();
    assert_eq!(checked, "3 contradictions among 5 events");
    let Some(Action::Reorder { order }) = plan.actions.first() else {
        panic!("{plan:?}")
    };
    let expected: Vec<(MessageId, Lamport)> = [(1, 10), (2, 20), (3, 21), (4, 30), (5, 31)]
        .map(|(id, time)| (MessageId(id), Lamport(time)))
        .to_vec();
    assert_eq!(order, &expected);
    assert!(plan.actions.contains(&Action::ResetClock {
        agent: agent(9),
        to: Lamport(31)
    }));
    let mut causality = Causality::new();
    for (id, time) in order {
        let causes = &events
            .iter()
            .find(|e| e.id == *id)
            .expect("one of them")
            .causes;
        assert_eq!(causality.observe(*id, *time, causes), []);
    }
}

#[test]
fn a_circle_of_causes_goes_to_a_person() {
    let circle = [
        event(1, 1, 1, &[2]),
        event(2, 2, 2, &[1]),
        event(3, 3, 3, &[]),
    ];
    let plan = rebuild(&record(ConflictKind::TemporalParadox), &circle);
    assert_eq!((plan.how, plan.needs_review()), (None, true));
    assert!(
        plan.note().as_str().contains("2 events cause each other"),
        "{plan:?}"
    );
}

#[test]
fn a_mismatch_is_reassigned_and_its_repetition_proposes_a_rule() {
    let mut mismatches = Mismatches::new();
    for n in 0..4u8 {
        let mut record = record(ConflictKind::CapabilityMismatch);
        record.agent = agent(n);
        record.detail.subject = "llm_inference".into();
        let candidates = [agent(n), agent(20)];
        let plan = reroute(&record, Class::Local, n == 0, &candidates, &mut mismatches);
        assert_eq!(plan.how, Some(How::Repaired));
        assert!(plan.actions.contains(&Action::Reassign {
            message: MessageId(42),
            to: agent(20)
        }));
        let revokes = plan
            .actions
            .iter()
            .any(|a| matches!(a, Action::RevokeCapability { .. }));
        assert_eq!(revokes, n == 0);
        let proposes = plan
            .actions
            .iter()
            .any(|a| matches!(a, Action::ProposeRule { .. }));
        assert_eq!(proposes, usize::from(n) + 1 >= RULE_AGENTS_MIN);
        let again = reroute(&record, Class::Gpu, false, &[], &mut mismatches);
        assert_eq!((again.how, again.needs_review()), (None, true));
    }
}

#[test]
fn wrong_bytes_are_fetched_elsewhere_and_their_holder_isolated() {
    let record = record(ConflictKind::HashMismatch);
    let named = Digest::of(b"right");
    let copy = |slot, state| Copy {
        holder: agent(slot),
        state,
    };
    let source = copy(1, CopyState::Bytes(b"wrong"));
    let asked = check_copies(
        &record,
        named,
        source,
        &[copy(2, CopyState::Silent), copy(3, CopyState::Unasked)],
    );
    assert_eq!(asked.how, None);
    let refetch = Action::Refetch {
        digest: named,
        from: agent(3),
    };
    assert_eq!(
        asked.actions,
        [Action::QuarantineAgent { agent: agent(1) }, refetch]
    );

    let right = copy(3, CopyState::Bytes(b"right"));
    let mended = check_copies(&record, named, source, &[copy(2, CopyState::Silent), right]);
    assert_eq!(mended.how, Some(How::Repaired));
    assert!(
        mended
            .actions
            .contains(&Action::ReloadKnownGood { agent: agent(1) })
    );

    let lost = check_copies(&record, named, source, &[copy(3, CopyState::Silent)]);
    assert_eq!((lost.how, lost.needs_review()), (None, true));
    assert!(lost.actions.contains(&Action::ReloadKnownGood {
        agent: record.agent
    }));

    let alarm = check_copies(&record, named, copy(1, CopyState::Bytes(b"right")), &[]);
    assert_eq!(alarm.how, Some(How::KeepReceived));
    assert!(
        !alarm
            .actions
            .contains(&Action::QuarantineAgent { agent: agent(1) })
    );
}

#[test]
fn every_type_has_a_strategy_of_its_own_with_steps_of_its_own() {
    let strategies = ConflictKind::ALL.map(Strategy::of);
    let steps: std::collections::BTreeSet<Step> =
        strategies.into_iter().flat_map(Strategy::steps).collect();
    assert_eq!(steps.len(), 4 * strategies.len());
}

#[test]
fn an_operators_words_are_the_four_of_the_contract() {
    for said in Settlement::ALL {
        assert_eq!(Settlement::parse(said.word()), Some(*said));
        assert_eq!(How::from(*said).to_string(), said.word());
    }
    for word in ["merged", "repaired", "keep", ""] {
        assert_eq!(Settlement::parse(word), None, "{word}");
    }
}
