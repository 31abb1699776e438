//! How a seat is claimed, kept and lost (PROTOCOL §8).
//!
//! One [`Tenure`] belongs to one node and one seat. It asks by [`Step::Claim`] and is told by [`Event::Answer`];
//! it never assumes what it was not told:
//!
//! | told | a candidate | a holder |
//! |---|---|---|
//! | granted | serves | serves on |
//! | refused, an epoch as high or higher | waits, and asks again above it | stops |
//! | unknown, or nothing | asks again | serves on |
//! | a higher epoch, by anybody | asks above it | stops |
//! | a child obeys another with the same epoch | asks above it | stops |
//!
//! A holder that cannot reach the grantor serves on, since children refuse it as soon as anybody above it has spoken to
//! them.
//!
//! The arithmetic of a takeover: a candidate asks every quarter of the lease, with up to a tenth of jitter. A
//! coordinator's seat is then taken 3 + 0.83 s after the last renewal at the latest, a lead's 7 + 1.93 s: within 5 s
//! and 10 s, with a second for the grantor's answer.

use super::key::KeyId;
use super::seat::{Claim, Seat, SeatAnswer};
use crate::chance::Chance;
use crate::message::Epoch;
use crate::time::{Micros, Moment};

/// A node's standing towards a seat.
#[derive(Debug, Clone)]
pub struct Tenure {
    seat: Seat,
    me: KeyId,
    state: State,
    /// The highest epoch of this seat that anybody has shown.
    highest: Epoch,
    /// When to ask again.
    next: Moment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Does not want it.
    Aside,
    /// Wants it; the epoch that it last asked for.
    Candidate(Option<Epoch>),
    /// Has it.
    Holder(Epoch),
}

/// What a tenure is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Stand for the seat.
    Stand,
    /// Give it up, or stop asking.
    Resign,
    /// The grantor's answer to the claim with this epoch.
    Answer(Epoch, SeatAnswer),
    /// Somebody showed this epoch of the seat: a child's report, a peer's message.
    Heard(Epoch),
    /// A child's fence keeps this node out: it obeys somebody else with this epoch.
    Fenced(Epoch),
    /// The deadline has come.
    Wake,
}

/// What a tenure wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Ask the grantor.
    Claim(Claim),
    /// Serve from now on, with this epoch, and tell the children.
    Serve(Epoch),
    /// Stop serving: somebody has a higher epoch, or it was given up.
    Stop(Epoch),
    /// Tell the grantor that the seat is free.
    Release(Epoch),
}

/// What one event brings about: at most two steps.
pub type Steps = [Option<Step>; 2];

impl Tenure {
    /// Standing aside. `highest` is what is known of the seat's epochs, from disk or from others.
    pub const fn new(seat: Seat, me: KeyId, highest: Epoch) -> Self {
        Self {
            seat,
            me,
            state: State::Aside,
            highest,
            next: Moment::NEVER,
        }
    }

    /// Takes an event in.
    pub fn handle(&mut self, now: Moment, event: Event, chance: &mut Chance) -> Steps {
        match event {
            Event::Stand if self.state == State::Aside => [Some(self.ask(now, chance)), None],
            Event::Stand => [None; 2],
            Event::Resign => self.resign(),
            Event::Answer(asked, answer) => self.answered(now, asked, answer, chance),
            // Twice the same epoch: the grantor forgot one of the two. Whoever is fenced by any child goes above.
            Event::Fenced(epoch) if self.serving() == Some(epoch) => self.fall(now, epoch, chance),
            Event::Heard(epoch) | Event::Fenced(epoch) => self.heard(now, epoch, chance),
            Event::Wake if now < self.next => [None; 2],
            Event::Wake => match self.state {
                State::Aside => {
                    self.next = Moment::NEVER;
                    [None; 2]
                }
                State::Candidate(_) => [Some(self.ask(now, chance)), None],
                State::Holder(epoch) => {
                    self.next = now + self.renewal();
                    [Some(self.claim(epoch, true)), None]
                }
            },
        }
    }

    /// The clock here may have gone back: a deadline further away than any is set would cost the seat, so it is now.
    pub fn check_clock(&mut self, now: Moment) {
        if self.next != Moment::NEVER && self.next.since(now) > self.renewal() {
            self.next = now;
        }
    }

    /// When [`Event::Wake`] is wanted: to renew, or to ask again.
    pub const fn next_deadline(&self) -> Moment {
        self.next
    }

    /// The epoch with which it serves, if it does.
    pub const fn serving(&self) -> Option<Epoch> {
        match self.state {
            State::Holder(epoch) => Some(epoch),
            State::Aside | State::Candidate(_) => None,
        }
    }

    /// The highest epoch known of the seat.
    pub const fn highest(&self) -> Epoch {
        self.highest
    }

    /// Whose tenure it is.
    pub const fn me(&self) -> KeyId {
        self.me
    }

    /// The seat.
    pub const fn seat(&self) -> Seat {
        self.seat
    }

    fn resign(&mut self) -> Steps {
        let before = core::mem::replace(&mut self.state, State::Aside);
        self.next = Moment::NEVER;
        match before {
            State::Holder(epoch) => [Some(Step::Stop(epoch)), Some(Step::Release(epoch))],
            // A claim on its way may yet be granted; giving it back is harmless.
            State::Candidate(Some(epoch)) => [Some(Step::Release(epoch)), None],
            State::Aside | State::Candidate(None) => [None; 2],
        }
    }

    fn answered(
        &mut self,
        now: Moment,
        asked: Epoch,
        answer: SeatAnswer,
        chance: &mut Chance,
    ) -> Steps {
        match (self.state, answer) {
            // A grant below what was heard meanwhile is of no use: children refuse it.
            (State::Candidate(Some(wanted)), SeatAnswer::Granted { epoch })
                if epoch == wanted && epoch == asked && epoch > self.highest =>
            {
                self.state = State::Holder(epoch);
                self.highest = epoch;
                self.next = now + self.renewal();
                [Some(Step::Serve(epoch)), None]
            }
            (State::Holder(held), SeatAnswer::Refused { holder, epoch })
                if asked == held && epoch == held && holder != self.me =>
            {
                // The grantor lost a write and gave the same epoch away: children know one of us, and the other must go
                // above.
                self.fall(now, held, chance)
            }
            (State::Candidate(Some(wanted)), SeatAnswer::Refused { holder, epoch })
                if asked == wanted && holder == self.me =>
            {
                // It is ours from before we started, or the answer to an earlier claim was lost: go above at once.
                self.highest = self.highest.max(epoch);
                [Some(self.ask(now, chance)), None]
            }
            (_, SeatAnswer::Refused { epoch, .. }) => self.heard(now, epoch, chance),
            (_, SeatAnswer::Granted { .. } | SeatAnswer::Unknown) => [None; 2],
        }
    }

    fn heard(&mut self, now: Moment, epoch: Epoch, chance: &mut Chance) -> Steps {
        self.highest = self.highest.max(epoch);
        match self.state {
            State::Holder(held) if epoch > held => self.fall(now, held, chance),
            State::Holder(_) | State::Candidate(_) | State::Aside => [None; 2],
        }
    }

    /// From holder to candidate; whoever is above keeps the seat as long as it renews.
    fn fall(&mut self, now: Moment, held: Epoch, chance: &mut Chance) -> Steps {
        self.state = State::Candidate(None);
        self.next = now + self.patience(chance);
        [Some(Step::Stop(held)), None]
    }

    /// Asks for the epoch above all that are known.
    fn ask(&mut self, now: Moment, chance: &mut Chance) -> Step {
        let epoch = Epoch(self.highest.0.saturating_add(1));
        self.state = State::Candidate(Some(epoch));
        self.next = now + self.patience(chance);
        self.claim(epoch, false)
    }

    const fn claim(&self, epoch: Epoch, renewal: bool) -> Step {
        Step::Claim(Claim {
            seat: self.seat,
            holder: self.me,
            epoch,
            renewal,
            lease: self.seat.lease(),
        })
    }

    /// A third of the lease, so that two renewals may be lost.
    const fn renewal(&self) -> Micros {
        Micros(self.seat.lease().0 / 3)
    }

    /// A quarter of the lease and up to a tenth more, so that candidates do not meet for ever.
    fn patience(&self, chance: &mut Chance) -> Micros {
        let quarter = Micros(self.seat.lease().0 / 4);
        quarter + chance.span(Micros::ZERO, Micros(quarter.0 / 10))
    }
}

#[cfg(test)]
mod tests;
