//! An agent's errands: what its worker has asked of others, and what others ask of it (PROTOCOL §9a).
//!
//! Both sides may be lost, doubled or late: an errand is sent again until its answer is here or its time is over, and one
//! that comes twice is answered as it was the first time. An agent that neither asks nor is asked holds nothing.

use super::notary::{Notary, Signatory};
use super::{Outputs, Refusal, To, Work};
use crate::chance::Chance;
use crate::message::errand::{CARRIED_MAX, Errand, Outcome, Passed, Returned, Wish};
use crate::message::{Body, Epoch, MessageId};
use crate::place::AgentId;
use crate::time::{Micros, Moment};
use crate::trust::key::Signature;
use std::collections::VecDeque;
use std::sync::Arc;

/// Errands that one worker has out at most, and that it does at once at most.
pub const ERRANDS_MAX: usize = 16;
/// Answers remembered for whoever asks again.
const ANSWERED_MAX: usize = 8;
/// The first repetition of what nobody has answered: past two trips through the whole tree and a piece of work; the wait
/// doubles.
const AGAIN_FIRST: Micros = Micros::seconds(2);
/// Between two repetitions at most.
const AGAIN_MOST: Micros = Micros::seconds(4);
/// An answer is waited for no longer.
const WITHIN_MAX: Micros = Micros::seconds(300);

/// An agent's errands.
#[derive(Debug, Default)]
pub(super) struct Errands {
    out: Vec<Out>,
    taken: Vec<Taken>,
    /// When something is due.
    next: Option<Moment>,
}

/// One that the worker here has asked for.
#[derive(Debug)]
struct Out {
    errand: Arc<Errand>,
    until: Moment,
    again: Moment,
    tries: u32,
}

/// One that somebody else has asked for.
#[derive(Debug)]
struct Taken {
    errand: Arc<Errand>,
    answer: Option<Arc<Returned>>,
}

/// Who is asked, and whether it can.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    /// Where it sits.
    pub place: AgentId,
    /// Nothing runs here now.
    pub frozen: bool,
    /// It can do what is asked.
    pub able: bool,
}

impl Errands {
    /// The worker wants something of another. The errand's number, or none when too many are out or it is too long.
    pub(super) fn ask(
        &mut self,
        now: Moment,
        place: AgentId,
        wish: Wish,
        notary: &dyn Notary,
        chance: &mut Chance,
        out: &mut Outputs,
    ) -> Option<MessageId> {
        if self.out.len() >= ERRANDS_MAX || wish.payload.len() > CARRIED_MAX {
            out.refuse(Refusal::Unexpected);
            return None;
        }
        let id = MessageId(u128::from(chance.bits()) << 64 | u128::from(chance.bits()));
        let mut errand = Errand {
            id,
            from: place,
            to: wish.to,
            verb: wish.verb,
            payload: wish.payload,
            priority: wish.priority,
            signature: Signature::default(),
        };
        errand.signature = notary.sign(Signatory::Agent(place), &errand.signed_bytes());
        let entry = Out {
            errand: Arc::new(errand),
            until: now + wish.within.min(WITHIN_MAX),
            again: now + AGAIN_FIRST,
            tries: 0,
        };
        send(now, &entry, out);
        self.out.push(entry);
        self.schedule();
        Some(id)
    }

    /// Somebody asks something of the worker here. What comes again is answered again and run once.
    pub(super) fn take(
        &mut self,
        errand: &Arc<Errand>,
        standing: Standing,
        notary: &dyn Notary,
        out: &mut Outputs,
    ) {
        if let Some(known) = self.taken.iter().find(|taken| taken.errand.id == errand.id) {
            if let Some(answer) = &known.answer {
                out.send(
                    To::Parent,
                    Epoch::default(),
                    Body::Returned(Arc::clone(answer)),
                );
            }
            return out.refuse(Refusal::Duplicate);
        }
        let refused = if standing.frozen {
            Some(Outcome::Frozen)
        } else if !standing.able {
            Some(Outcome::Incapable)
        } else if self.open() >= ERRANDS_MAX && !self.give_way(errand, standing.place, notary, out)
        {
            Some(Outcome::Busy)
        } else {
            None
        };
        let is_refused = refused.is_some();
        self.taken.push(Taken {
            errand: Arc::clone(errand),
            answer: None,
        });
        match refused {
            Some(outcome) => self.said(standing.place, errand.id, outcome, notary, out),
            None => out.work(Work::Errand(Arc::clone(errand))),
        }
        debug_assert!(is_refused || self.open() <= ERRANDS_MAX);
    }

    /// What matters least is given up for what matters more, and its asker is told; false when nothing matters less.
    fn give_way(
        &mut self,
        errand: &Errand,
        place: AgentId,
        notary: &dyn Notary,
        out: &mut Outputs,
    ) -> bool {
        let open = self.taken.iter().filter(|taken| taken.answer.is_none());
        let least = open.min_by_key(|taken| taken.errand.priority);
        let Some(least) = least.filter(|least| least.errand.priority < errand.priority) else {
            return false;
        };
        let id = least.errand.id;
        out.work(Work::Cancel { operation: id });
        self.said(place, id, Outcome::Busy, notary, out);
        true
    }

    /// The worker here says what came of an errand.
    pub(super) fn said(
        &mut self,
        place: AgentId,
        id: MessageId,
        outcome: Outcome,
        notary: &dyn Notary,
        out: &mut Outputs,
    ) {
        let open = |taken: &&mut Taken| taken.errand.id == id && taken.answer.is_none();
        let Some(taken) = self.taken.iter_mut().find(open) else {
            return;
        };
        let mut returned = taken.errand.answered(Some(place), bounded(outcome));
        returned.signature = notary.sign(Signatory::Agent(place), &returned.signed_bytes());
        let answer = Arc::new(returned);
        taken.answer = Some(Arc::clone(&answer));
        out.send(To::Parent, Epoch::default(), Body::Returned(answer));
        let answered = self.taken.iter().filter(|taken| taken.answer.is_some());
        if answered.count() > ANSWERED_MAX
            && let Some(oldest) = self.taken.iter().position(|taken| taken.answer.is_some())
        {
            self.taken.remove(oldest);
        }
    }

    /// An answer has come back.
    pub(super) fn returned(&mut self, returned: &Arc<Returned>, out: &mut Outputs) {
        let Some(at) = self.out.iter().position(|own| own.errand.id == returned.id) else {
            return out.refuse(Refusal::Duplicate);
        };
        self.out.remove(at);
        self.schedule();
        out.work(Work::Returned(Arc::clone(returned)));
    }

    /// What nobody has answered is sent again, or given up.
    pub(super) fn wake(&mut self, now: Moment, chance: &mut Chance, out: &mut Outputs) {
        if self.next.is_none_or(|next| now < next) {
            return;
        }
        for own in &mut self.out {
            if now >= own.until {
                let returned = own.errand.answered(None, Outcome::Expired);
                out.work(Work::Returned(Arc::new(returned)));
            } else if now >= own.again {
                own.tries += 1;
                let wait = AGAIN_FIRST.doubled(own.tries, AGAIN_MOST);
                own.again = now + chance.span(wait.scale(0.75), wait.scale(1.25));
                send(now, own, out);
            }
        }
        self.out.retain(|own| now < own.until);
        self.schedule();
    }

    /// When to wake it.
    pub(super) fn next_wake(&self) -> Moment {
        self.next.unwrap_or(Moment::NEVER)
    }

    /// How many are to be done here.
    fn open(&self) -> usize {
        let open = self.taken.iter().filter(|taken| taken.answer.is_none());
        open.count()
    }

    fn schedule(&mut self) {
        let due = self.out.iter().map(|own| own.again.min(own.until));
        self.next = due.min();
    }
}

/// Errands that one router remembers at most: a minute of four a second.
const ROUTES_MAX: usize = 256;

/// Where errands were sent, so that one that comes again goes to the same agent and is run once.
#[derive(Debug, Default)]
pub(super) struct Routes(VecDeque<(MessageId, AgentId, Moment)>);

impl Routes {
    /// Where this one went.
    pub(super) fn of(&self, id: MessageId, now: Moment) -> Option<AgentId> {
        let known = self
            .0
            .iter()
            .find(|(known, _, until)| *known == id && now < *until);
        known.map(|(_, agent, _)| *agent)
    }

    /// This one went there, and may come again until then.
    pub(super) fn note(&mut self, id: MessageId, agent: AgentId, now: Moment, until: Moment) {
        self.0
            .retain(|(known, _, until)| *known != id && now < *until);
        if self.0.len() >= ROUTES_MAX {
            self.0.pop_front();
        }
        self.0.push_back((id, agent, until));
    }
}

fn send(now: Moment, own: &Out, out: &mut Outputs) {
    let passed = Passed {
        errand: Arc::clone(&own.errand),
        at: None,
        hops: 0,
        ttl: own.until - now,
    };
    out.send(To::Parent, Epoch::default(), Body::Errand(Arc::new(passed)));
}

/// A result that is too long to travel is a failure that says so.
fn bounded(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Done(result) if result.len() > CARRIED_MAX => {
            let why = format!(
                "a result of {} bytes; at most {CARRIED_MAX} travel",
                result.len()
            );
            Outcome::Failed(why.into())
        }
        other => other,
    }
}
