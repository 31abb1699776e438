//! Answers to the same question within a cluster, compared when the question is closed (§6.1, PROTOCOL §8).
//!
//! While all agree, a question costs one hash and one bitmap. Two voters prove nothing, and where no answer has more
//! than half of the votes nobody is blamed.

use crate::conflict::compare::VOTERS_MIN;
use crate::message::MessageId;
use crate::place::Slots;

/// One answer that contradicts the majority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Odd {
    /// The question.
    pub question: MessageId,
    /// Who.
    pub slot: u8,
    /// What it answered.
    pub answer: u64,
    /// What the majority answered.
    pub majority: u64,
    /// How many those were.
    pub peers: u16,
}

/// The open questions.
#[derive(Debug, Default)]
pub(super) struct Answers {
    open: Vec<Question>,
    /// Who has contradicted lately, so that agreement can take it back.
    doubted: Slots,
}

#[derive(Debug)]
struct Question {
    id: MessageId,
    /// The first answer and who gave it, then the others.
    groups: Vec<(u64, Slots)>,
}

impl Answers {
    pub(super) fn note(&mut self, question: MessageId, slot: u8, answer: u64) {
        if answer == 0 {
            return;
        }
        // An agent is noted once: its lead drops a second answer.
        let index = self.open.iter().position(|open| open.id == question);
        let index = index.unwrap_or_else(|| {
            if self.open.len() >= super::super::CASTS_MAX {
                self.open.remove(0);
            }
            let groups = Vec::new();
            self.open.push(Question {
                id: question,
                groups,
            });
            self.open.len() - 1
        });
        let groups = &mut self.open[index].groups;
        match groups.iter_mut().find(|(known, _)| *known == answer) {
            Some((_, slots)) => slots.insert(slot),
            // One group for each agent at most: there are 128 slots.
            None => groups.push((answer, Slots::one(slot))),
        }
    }

    pub(super) fn majority(&self, question: MessageId) -> u64 {
        let open = self.open.iter().find(|open| open.id == question);
        open.and_then(Question::majority)
            .map_or(0, |(answer, _)| answer)
    }

    /// What each has answered so far.
    pub(super) fn each(&self, question: MessageId) -> impl Iterator<Item = (u8, u64)> {
        let open = self.open.iter().filter(move |open| open.id == question);
        let groups = open.flat_map(|open| &open.groups);
        groups.flat_map(|(answer, slots)| slots.iter().map(move |slot| (slot, *answer)))
    }

    /// The odd ones, and for each agent whose standing changes: how many agree with it and how many do not.
    pub(super) fn close(&mut self, question: MessageId) -> (Vec<Odd>, Vec<(u8, u16, u16)>) {
        let Some(index) = self.open.iter().position(|open| open.id == question) else {
            return (Vec::new(), Vec::new());
        };
        let closed = self.open.swap_remove(index);
        if closed.groups.len() == 1 && self.doubted.is_empty() {
            return (Vec::new(), Vec::new());
        }
        let Some((majority, agreeing)) = closed.majority() else {
            return (Vec::new(), Vec::new());
        };
        let peers = agreeing.len() as u16;
        let (mut odd, mut compared) = (Vec::new(), Vec::new());
        for slot in agreeing.and(self.doubted).iter() {
            compared.push((slot, peers - 1, 0));
        }
        for &(answer, slots) in closed
            .groups
            .iter()
            .filter(|(answer, _)| *answer != majority)
        {
            for slot in slots.iter() {
                self.doubted.insert(slot);
                compared.push((slot, slots.len() as u16 - 1, peers));
                odd.push(Odd {
                    question,
                    slot,
                    answer,
                    majority,
                    peers,
                });
            }
        }
        (odd, compared)
    }
}

impl Question {
    /// The answer of more than half, and who gave it.
    fn majority(&self) -> Option<(u64, Slots)> {
        let voters: usize = self.groups.iter().map(|(_, slots)| slots.len()).sum();
        let most = self.groups.iter().max_by_key(|(_, slots)| slots.len())?;
        (voters >= VOTERS_MIN && most.1.len() * 2 > voters).then_some(*most)
    }
}
