//! The conversation: what was said, and proposals that wait for an answer.
//!
//! A proposal is a row, never a window in the way. It is deaf for its first half second, and to keys that were typed before
//! it was drawn.

use super::Tick;
use crate::theme::Role;
use mesh_core::operation::{Confirm, Operation};
use std::collections::VecDeque;

/// Turns kept at most.
pub(crate) const TURNS_MAX: usize = 2_000;
/// Lines of one turn at most; longer answers end with how many more there are.
pub(crate) const LINES_MAX: usize = 400;
/// How long a proposal takes no answer.
pub(crate) const DEAF_MS: i64 = 500;
/// How long it waits for one.
pub(crate) const WAITS_MS: i64 = 5 * 60 * 1_000;
/// Proposals that wait at most.
pub(crate) const PROPOSALS_MAX: usize = 20;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// The person.
    You,
    /// The mesh.
    Mesh,
}

/// A line of the conversation, with the role that it is shown in. It holds nothing that a terminal would obey.
pub(crate) type Line = (Role, String);

/// Something that was said.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Turn {
    /// By whom.
    pub(crate) who: Who,
    /// In so many lines.
    pub(crate) lines: Vec<Line>,
}

/// How much a change asks for, from what it can do (the risk classes of the console).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Grade {
    /// It looks.
    Looks,
    /// It changes little and can be taken back.
    Small,
    /// It changes much.
    Wide,
    /// It stops everything, or cannot be taken back.
    Grave,
}

impl Grade {
    /// The grade of an operation.
    pub(crate) fn of(operation: &Operation) -> Self {
        match (operation.changes(), operation.confirm_needed()) {
            (_, Confirm::TypedPhrase(_)) => Self::Grave,
            (_, Confirm::Yes) => Self::Wide,
            (true, Confirm::None) => Self::Small,
            (false, Confirm::None) => Self::Looks,
        }
    }
}

/// Something that would be done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Proposal {
    /// Its number.
    pub(crate) number: u64,
    /// What, in order.
    pub(crate) steps: Vec<Operation>,
    /// Whether the mesh proposes it; a person's own command otherwise.
    pub(crate) from_mesh: bool,
    /// Whom it would touch, once that is known.
    pub(crate) preview: Option<String>,
    /// When it was first drawn.
    pub(crate) drawn: Option<Tick>,
    /// When it goes away by itself.
    pub(crate) until: Tick,
}

impl Proposal {
    /// The worst of its steps.
    pub(crate) fn grade(&self) -> Grade {
        self.steps
            .iter()
            .map(Grade::of)
            .max()
            .unwrap_or(Grade::Looks)
    }

    /// Whether it can be taken back.
    pub(crate) fn reversible(&self) -> bool {
        self.steps.iter().all(|step| step.inverse().is_some())
    }

    /// Its steps as one line.
    pub(crate) fn line(&self) -> String {
        self.steps
            .iter()
            .map(Operation::line)
            .collect::<Vec<_>>()
            .join("; ")
    }
}

/// An answer to proposals, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// Yes, to this number, or to the only one; only these steps, from 1.
    Yes(Option<u64>, Vec<usize>),
    /// No, to this one or all.
    No(Option<u64>),
    /// What it would do.
    Explain(Option<u64>),
}

/// Why a yes was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotTaken {
    /// Nothing waits.
    #[error("nothing waits for an answer")]
    Nothing,
    /// More than one.
    #[error("which: {0}?")]
    Which(String),
    /// No such one.
    #[error("there is no proposal #{0}; it was answered or has expired")]
    Unknown(u64),
    /// It has just appeared.
    #[error("#{0} has only just appeared; read it and answer again")]
    Deaf(u64),
    /// It needs its number.
    #[error("#{0} is wide; say yes {0}")]
    Number(u64),
    /// It has not that step.
    #[error("#{0} has no such step")]
    Step(u64),
}

/// The conversation.
#[derive(Debug, Clone, Default)]
pub(crate) struct Talk {
    turns: VecDeque<Turn>,
    proposals: VecDeque<Proposal>,
    numbered: u64,
    /// Rows between the newest and the lowest that is shown.
    pub(crate) back: usize,
    /// Turns that came while one looked at older ones.
    pub(crate) unseen: usize,
    /// Long answers in full.
    pub(crate) expanded: bool,
}

impl Talk {
    /// Somebody says something.
    pub(crate) fn say(&mut self, who: Who, mut lines: Vec<Line>) {
        let over = lines.len().saturating_sub(LINES_MAX);
        if over > 0 {
            lines.truncate(LINES_MAX);
            lines.push((
                Role::Dim,
                format!("… {over} more lines; ask with a limit, or as a command: mesh …"),
            ));
        }
        if self.turns.len() == TURNS_MAX {
            self.turns.pop_front();
        }
        if self.back > 0 {
            self.unseen += 1;
        }
        self.turns.push_back(Turn { who, lines });
    }

    /// The same in one line.
    pub(crate) fn line(&mut self, who: Who, text: impl Into<String>) {
        self.say(who, vec![(Role::Text, text.into())]);
    }

    /// Oldest first.
    pub(crate) fn turns(&self) -> impl DoubleEndedIterator<Item = &Turn> {
        self.turns.iter()
    }

    /// Proposes something; its number.
    pub(crate) fn propose(&mut self, steps: Vec<Operation>, from_mesh: bool, now: Tick) -> u64 {
        self.numbered += 1;
        if self.proposals.len() == PROPOSALS_MAX {
            self.proposals.pop_front();
        }
        self.proposals.push_back(Proposal {
            number: self.numbered,
            steps,
            from_mesh,
            preview: None,
            drawn: None,
            until: now.plus_ms(WAITS_MS),
        });
        self.numbered
    }

    /// Those that wait, oldest first.
    pub(crate) fn proposals(&self) -> impl DoubleEndedIterator<Item = &Proposal> {
        self.proposals.iter()
    }

    /// One by its number.
    pub(crate) fn proposal_mut(&mut self, number: u64) -> Option<&mut Proposal> {
        self.proposals
            .iter_mut()
            .find(|proposal| proposal.number == number)
    }

    /// Everything that waits has been drawn.
    pub(crate) fn drawn(&mut self, now: Tick) {
        for proposal in &mut self.proposals {
            proposal.drawn.get_or_insert(now);
        }
    }

    /// Those whose time is over go; their numbers.
    pub(crate) fn expire(&mut self, now: Tick) -> Vec<u64> {
        let gone = self
            .proposals
            .iter()
            .filter(|proposal| proposal.until <= now);
        let gone: Vec<u64> = gone.map(|proposal| proposal.number).collect();
        self.proposals.retain(|proposal| proposal.until > now);
        gone
    }

    /// When the next one goes.
    pub(crate) fn next_expiry(&self) -> Option<Tick> {
        self.proposals.iter().map(|proposal| proposal.until).min()
    }

    /// Which one an answer means.
    pub(crate) fn meant(&self, number: Option<u64>) -> Result<&Proposal, NotTaken> {
        match number {
            Some(number) => self
                .proposals
                .iter()
                .find(|one| one.number == number)
                .ok_or(NotTaken::Unknown(number)),
            None if self.proposals.len() > 1 => {
                let all: Vec<_> = self
                    .proposals
                    .iter()
                    .map(|one| format!("#{}", one.number))
                    .collect();
                Err(NotTaken::Which(all.join(" or ")))
            }
            None => self.proposals.front().ok_or(NotTaken::Nothing),
        }
    }

    /// Takes one out with a yes, which must be as clear as it is grave. What is grave stays, for its phrase to be typed.
    pub(crate) fn accept(
        &mut self,
        number: Option<u64>,
        only: &[usize],
        now: Tick,
    ) -> Result<Proposal, NotTaken> {
        let meant = self.meant(number)?;
        let id = meant.number;
        if meant.drawn.is_none_or(|drawn| now < drawn.plus_ms(DEAF_MS)) {
            return Err(NotTaken::Deaf(id));
        }
        if meant.from_mesh && meant.grade() >= Grade::Wide && number.is_none() {
            return Err(NotTaken::Number(id));
        }
        let mut taken = meant.clone();
        if !only.is_empty() {
            let steps: Option<Vec<_>> = only
                .iter()
                .map(|step| taken.steps.get(step.checked_sub(1)?).cloned())
                .collect();
            taken.steps = steps.ok_or(NotTaken::Step(id))?;
        }
        self.drop_proposal(id);
        Ok(taken)
    }

    /// It goes, unanswered or with a no.
    pub(crate) fn drop_proposal(&mut self, number: u64) {
        self.proposals.retain(|proposal| proposal.number != number);
    }
}

/// `yes`, `yes 15`, `y only 1,3`, `no`, `explain`; none when it is something else.
pub(crate) fn read_reply(text: &str) -> Option<Reply> {
    let lower = text.trim().trim_end_matches(['.', '!']).to_lowercase();
    let mut words = lower.split_whitespace();
    let first = words.next()?;
    let rest: Vec<&str> = words.collect();
    let number = |word: &str| word.trim_start_matches('#').parse::<u64>().ok();
    let steps = |word: &str| {
        word.split(',')
            .map(|step| step.parse::<usize>().ok())
            .collect::<Option<Vec<_>>>()
    };
    match (first, rest.as_slice()) {
        ("yes" | "y", []) => Some(Reply::Yes(None, Vec::new())),
        ("yes" | "y", [word]) => Some(Reply::Yes(Some(number(word)?), Vec::new())),
        ("yes" | "y", ["only", list]) => Some(Reply::Yes(None, steps(list)?)),
        ("only", [list]) => Some(Reply::Yes(None, steps(list)?)),
        ("yes" | "y", [word, "only", list]) => Some(Reply::Yes(Some(number(word)?), steps(list)?)),
        ("no" | "n", []) => Some(Reply::No(None)),
        ("no" | "n", [word]) => Some(Reply::No(Some(number(word)?))),
        ("explain", []) => Some(Reply::Explain(None)),
        ("explain", [word]) => Some(Reply::Explain(Some(number(word)?))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn freeze(scope: &str) -> Operation {
        Operation::from_line(&format!("freeze {scope}")).expect("reads")
    }

    #[test]
    fn a_yes_is_only_taken_where_it_is_clear() {
        let mut talk = Talk::default();
        let now = Tick(0);
        assert_eq!(talk.accept(None, &[], now), Err(NotTaken::Nothing));
        let first = talk.propose(vec![freeze("sector:7")], true, now);
        assert_eq!(
            talk.accept(None, &[], now),
            Err(NotTaken::Deaf(first)),
            "not drawn"
        );
        talk.drawn(now);
        assert_eq!(
            talk.accept(None, &[], now.plus_ms(499)),
            Err(NotTaken::Deaf(first))
        );
        let later = now.plus_ms(500);
        assert_eq!(talk.accept(None, &[], later), Err(NotTaken::Number(first)));
        let second = talk.propose(vec![freeze("sector:8")], false, later);
        talk.drawn(later);
        assert!(matches!(
            talk.accept(None, &[], later),
            Err(NotTaken::Which(_))
        ));
        let taken = talk.accept(Some(first), &[], later).expect("clear");
        assert_eq!(taken.line(), "freeze sector:7");
        assert_eq!(
            talk.accept(Some(first), &[], later),
            Err(NotTaken::Unknown(first))
        );
        assert!(
            talk.accept(None, &[], later.plus_ms(500))
                .is_ok_and(|one| one.number == second)
        );
    }

    #[test]
    fn steps_can_be_taken_singly_and_time_ends_it() {
        let mut talk = Talk::default();
        let both = vec![freeze("agent:7-4-1"), freeze("agent:7-4-2")];
        let number = talk.propose(both, false, Tick(0));
        talk.drawn(Tick(0));
        let later = Tick(0).plus_ms(DEAF_MS);
        assert_eq!(talk.accept(None, &[3], later), Err(NotTaken::Step(number)));
        assert_eq!(
            talk.accept(None, &[2], later).map(|one| one.line()),
            Ok("freeze agent:7-4-2".into())
        );
        let number = talk.propose(vec![freeze("sector:7")], false, Tick(0));
        assert_eq!(talk.expire(Tick(0).plus_ms(WAITS_MS)), vec![number]);
        assert_eq!(
            talk.accept(Some(number), &[], later),
            Err(NotTaken::Unknown(number))
        );
    }

    #[test]
    fn answers_are_only_answers_when_nothing_else_is_said() {
        for (text, reply) in [
            ("yes", Some(Reply::Yes(None, vec![]))),
            ("Y #15", Some(Reply::Yes(Some(15), vec![]))),
            ("yes 15 only 1,3", Some(Reply::Yes(Some(15), vec![1, 3]))),
            ("only 2", Some(Reply::Yes(None, vec![2]))),
            ("no!", Some(Reply::No(None))),
            ("explain 4", Some(Reply::Explain(Some(4)))),
            ("yes please freeze it", None),
            ("nobody", None),
            ("", None),
        ] {
            assert_eq!(read_reply(text), reply, "{text}");
        }
    }
}
