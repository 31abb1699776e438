//! Comparing answers to the same question within a cluster (§6.1 Byzantine behaviour, PROTOCOL §8).
//!
//! One odd answer is information; only an agent that contradicts several peers again and again, over different
//! questions, is suspected. Where the cluster itself is split there is no majority to contradict and nobody is blamed.

use crate::message::MessageId;
use crate::place::Slots;
use crate::unit::{Digest, Share};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Answers needed before they are compared: with two, neither can be called the odd one.
pub const VOTERS_MIN: usize = 3;
/// Questions remembered for each agent: an hour at one compared question every four minutes.
pub const WINDOW_MAX: usize = 16;
/// Contradictions over different questions before an agent is suspected, with [`SUSPECT_SHARE`].
pub const SUSPECT_MIN: usize = 3;
/// Part of the questions in the window that must be contradictions: an agent that errs once in a hundred fills four of
/// sixteen with odds of 1,820 × 10⁻⁸; without this an honest agent would be suspected on most busy days.
pub const SUSPECT_SHARE: Share = Share::new(0.25);

/// The answers to one question, grouped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// Who gave which answer, the largest group first, equal ones by hash.
    pub groups: Vec<(Digest, Slots)>,
    /// The answer that more than half of the voters gave, if there were enough voters.
    pub majority: Option<Digest>,
    /// Who contradicts that majority; nobody where there is none.
    pub dissenters: Slots,
    /// Who gave two different answers to the same question; they have no vote and are dissenters.
    pub two_faced: Slots,
}

/// Compares answers by slot and hash. Order and repetition do not matter; slots past the 128 possible are ignored.
pub fn compare(answers: &[(u8, Digest)]) -> Comparison {
    let mut groups: BTreeMap<Digest, Slots> = BTreeMap::new();
    let (mut voters, mut two_faced) = (Slots::EMPTY, Slots::EMPTY);
    for &(slot, answer) in answers.iter().filter(|(slot, _)| *slot < 128) {
        let group = groups.entry(answer).or_default();
        if voters.has(slot) && !group.has(slot) {
            two_faced.insert(slot);
        }
        group.insert(slot);
        voters.insert(slot);
    }
    let voters = voters.without(two_faced);
    let mut groups: Vec<(Digest, Slots)> = groups
        .into_iter()
        .map(|(answer, group)| (answer, group.without(two_faced)))
        .filter(|(_, group)| !group.is_empty())
        .collect();
    groups.sort_by_key(|(answer, group)| (core::cmp::Reverse(group.len()), *answer));
    let majority = groups
        .first()
        .filter(|(_, group)| voters.len() >= VOTERS_MIN && group.len() * 2 > voters.len())
        .copied();
    Comparison {
        dissenters: majority.map_or(Slots::EMPTY, |(_, group)| {
            voters.without(group).or(two_faced)
        }),
        majority: majority.map(|(answer, _)| answer),
        groups,
        two_faced,
    }
}

/// One question on which an agent stood against its peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contradiction {
    /// The question.
    pub question: MessageId,
    /// What the agent answered; none when it gave two answers.
    pub answer: Option<Digest>,
    /// What the majority answered.
    pub majority: Digest,
    /// How many peers that was.
    pub peers: u8,
}

/// An agent that contradicts its peers again and again, with the evidence (§6.1: quarantine, forensic analysis).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspicion {
    /// The agent's slot.
    pub slot: u8,
    /// The contradictions in the window, oldest first.
    pub evidence: Vec<Contradiction>,
    /// How many questions the window holds.
    pub questions: u8,
}

/// What a lead remembers of its agents' answers.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    /// Questions by slot, with the contradiction if it was one.
    window: BTreeMap<u8, VecDeque<(MessageId, Option<Contradiction>)>>,
}

impl Answers {
    /// Remembers nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in the comparison of one question and names who is to be suspected by it: dissenters only, so an agent is
    /// named when it contradicts, never later for nothing. A question counts once however often it is compared.
    pub fn note(&mut self, question: MessageId, comparison: &Comparison) -> Vec<Suspicion> {
        let Some(majority) = comparison.majority else {
            return Vec::new();
        };
        let peers = comparison
            .groups
            .first()
            .map_or(0, |(_, group)| group.len()) as u8;
        let mut found = Vec::new();
        let answered = comparison
            .groups
            .iter()
            .flat_map(|&(answer, group)| group.iter().map(move |slot| (slot, Some(answer))))
            .chain(comparison.two_faced.iter().map(|slot| (slot, None)));
        for (slot, answer) in answered {
            let window = self.window.entry(slot).or_default();
            if window.iter().any(|(known, _)| *known == question) {
                continue;
            }
            let contradiction = comparison.dissenters.has(slot).then_some(Contradiction {
                question,
                answer,
                majority,
                peers,
            });
            window.push_back((question, contradiction));
            if window.len() > WINDOW_MAX {
                window.pop_front();
            }
            if contradiction.is_some() {
                found.extend(suspicion(slot, window));
            }
        }
        found.sort_by_key(|suspicion| suspicion.slot);
        found
    }

    /// Forgets an agent: it was replaced, or let out of quarantine with a clean sheet.
    pub fn forget(&mut self, slot: u8) {
        self.window.remove(&slot);
    }
}

fn suspicion(slot: u8, window: &VecDeque<(MessageId, Option<Contradiction>)>) -> Option<Suspicion> {
    let evidence: Vec<Contradiction> = window.iter().filter_map(|(_, held)| *held).collect();
    let share = Share::of(evidence.len(), window.len())?;
    (evidence.len() >= SUSPECT_MIN && share >= SUSPECT_SHARE).then_some(Suspicion {
        slot,
        evidence,
        questions: window.len() as u8,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn answer(text: &str) -> Digest {
        Digest::of(text.as_bytes())
    }

    #[test]
    fn who_contradicts_a_majority_of_at_least_three_voters_dissents() {
        type Case = (
            &'static str,
            &'static [(u8, &'static str)],
            Option<&'static str>,
            &'static [u8],
        );
        let table: [Case; 6] = [
            ("two voters", &[(0, "a"), (1, "b")], None, &[]),
            (
                "two of three",
                &[(0, "a"), (1, "a"), (2, "b")],
                Some("a"),
                &[2],
            ),
            (
                "a tie",
                &[(0, "a"), (1, "a"), (2, "b"), (3, "b")],
                None,
                &[],
            ),
            ("all differ", &[(0, "a"), (1, "b"), (2, "c")], None, &[]),
            (
                "two-faced",
                &[(0, "a"), (1, "a"), (2, "a"), (3, "a"), (3, "b")],
                Some("a"),
                &[3],
            ),
            ("nobody", &[], None, &[]),
        ];
        for (name, answers, majority, dissenters) in table {
            let answers: Vec<_> = answers.iter().map(|&(s, text)| (s, answer(text))).collect();
            let result = compare(&answers);
            assert_eq!(result.majority, majority.map(answer), "{name}");
            assert_eq!(
                result.dissenters,
                dissenters.iter().copied().collect(),
                "{name}"
            );
        }
    }

    #[test]
    fn contradicting_again_and_again_is_suspicious_and_once_is_not() {
        let mut answers = Answers::new();
        let odd = compare(&[(0, answer("a")), (1, answer("a")), (2, answer("b"))]);
        assert_eq!(answers.note(MessageId(1), &odd), []);
        assert_eq!(answers.note(MessageId(1), &odd), [], "the same question");
        assert_eq!(answers.note(MessageId(2), &odd), []);
        let found = answers.note(MessageId(3), &odd);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].slot, found[0].evidence.len()), (2, 3));
        assert_eq!(found[0].evidence[0].peers, 2);
        answers.forget(2);
        assert_eq!(answers.note(MessageId(4), &odd), []);
    }

    #[test]
    fn rare_errors_among_many_right_answers_are_forgiven() {
        let mut answers = Answers::new();
        let odd = compare(&[(0, answer("a")), (1, answer("a")), (2, answer("b"))]);
        let even = compare(&[(0, answer("a")), (1, answer("a")), (2, answer("a"))]);
        for question in 0..200 {
            let comparison = if question % 6 == 5 { &odd } else { &even };
            assert_eq!(
                answers.note(MessageId(question), comparison),
                [],
                "{question}"
            );
        }
        assert!(
            answers
                .window
                .values()
                .all(|window| window.len() == WINDOW_MAX)
        );
    }

    proptest! {
        #[test]
        fn the_majority_never_dissents_and_order_does_not_matter(
            mut answers in proptest::collection::vec((0u8..8, 0u8..3), 0..20)
        ) {
            let hashed = |answers: &[(u8, u8)]| {
                compare(&answers.iter().map(|&(s, a)| (s, Digest::of(&[a]))).collect::<Vec<_>>())
            };
            let first = hashed(&answers);
            answers.reverse();
            prop_assert_eq!(&first, &hashed(&answers));
            if let Some(majority) = first.majority {
                prop_assert_eq!(first.groups[0].0, majority);
                prop_assert!(first.groups[0].1.and(first.dissenters).is_empty());
                prop_assert!(first.groups[0].1.len() >= 2);
            } else {
                prop_assert!(first.dissenters.is_empty());
            }
        }
    }
}
