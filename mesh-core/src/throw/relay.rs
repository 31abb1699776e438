//! One throw at a coordinator or at the orchestrator: which children have armed, whether the gate is open, which have
//! sealed their account, whom to send to again (§3.3).

use crate::role::{BUCKET, COPIES};
use crate::time::{Micros, Moment};
use crate::unit::Share;

/// Sends to one child at most; with the waits doubling, the last comes fifteen waits after the first.
const TRIES_MAX: u8 = 5;
/// Time that a child's own processing may take on top of the trip.
const SLACK: Micros = Micros::millis(10);
/// How long an armed relay waits for the word from above before it nudges; the wait doubles each time.
const NUDGE_GAP: Micros = Micros::millis(70);

/// Whether the tier below may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Nothing waits.
    Open,
    /// Waiting for enough children to arm.
    Waiting,
    /// It did not open in time.
    Shut,
}

/// One throw at one parent of parents.
#[derive(Debug)]
pub struct Relay {
    target: Moment,
    gate: Gate,
    gated: bool,
    /// The gate needs the word from above too.
    held: bool,
    threshold: Share,
    gate_by: Moment,
    nudge_at: Moment,
    nudge_gap: Micros,
    /// When the throw, and when the gate's word, is said once more on links that lose messages.
    repeat_at: Moment,
    repeat_gate_at: Moment,
    /// Copies of the throw and of the gate's word that are out.
    copies: u8,
    gate_copies: u8,
    lossy: bool,
    parts: Vec<Part>,
    armed: usize,
    sealed: usize,
    next: Moment,
}

#[derive(Debug, Clone, Copy)]
struct Part {
    child: u16,
    state: State,
    tries: u8,
    copies: u8,
    round: Micros,
    at: Moment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Sent,
    Armed,
    Sealed,
    Lost,
}

/// What a relay wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayDue {
    /// The throw itself, again.
    Resend(u16),
    /// Ask for the account.
    Poll(u16),
    /// Nothing came of this child; true when it had armed.
    Lost(u16, bool),
    /// Tell the children to go on, or that they never will.
    Gate(bool),
    /// Say again upwards that we are armed: the word from above is missing.
    Nudge,
}

impl Relay {
    /// A throw to `children`, each with the time there and back that nearly always suffices. `threshold` is the share
    /// that must arm before a gate opens; without one the gate is open. `held`: the gate also waits for
    /// [`Relay::unhold`].
    pub fn new(
        now: Moment,
        target: Moment,
        children: impl Iterator<Item = (u16, Micros)>,
        threshold: Option<Share>,
        held: bool,
        lossy: bool,
    ) -> Self {
        let part = |(child, round): (u16, Micros)| Part {
            child,
            state: State::Sent,
            tries: 1,
            copies: 1,
            round,
            at: now + round + SLACK,
        };
        let mut relay = Self {
            target,
            gate: if threshold.is_some() {
                Gate::Waiting
            } else {
                Gate::Open
            },
            gated: threshold.is_some(),
            held,
            threshold: threshold.unwrap_or(Share::NONE),
            gate_by: target,
            nudge_at: if held { now + NUDGE_GAP } else { Moment::NEVER },
            nudge_gap: NUDGE_GAP,
            repeat_at: if lossy { now + BUCKET } else { Moment::NEVER },
            repeat_gate_at: Moment::NEVER,
            copies: 1,
            gate_copies: 0,
            lossy,
            parts: children.map(part).collect(),
            armed: 0,
            sealed: 0,
            next: Moment::NEVER,
        };
        relay.schedule();
        relay
    }

    /// The child has taken the throw in, and will have sealed its account `seal` after T. Gives the word to tell it when
    /// the gate has been decided already: it has missed it.
    pub fn armed(&mut self, child: u16, seal: Micros) -> Option<bool> {
        let target = self.target;
        let missed = match self.gate {
            Gate::Open => Some(true),
            Gate::Shut => Some(false),
            Gate::Waiting => None,
        };
        if let Some(part) = self.part(child)
            && part.state == State::Sent
        {
            part.state = State::Armed;
            part.tries = 0;
            part.at = target + seal + part.round + SLACK;
            self.armed += 1;
            self.schedule();
        }
        missed.filter(|_| self.gated)
    }

    /// The child's account is final.
    pub fn sealed(&mut self, now: Moment, child: u16) {
        if let Some(part) = self.part(child)
            && matches!(part.state, State::Sent | State::Armed)
        {
            let was_armed = part.state == State::Armed;
            part.state = State::Sealed;
            self.armed += usize::from(!was_armed);
            self.sealed += 1;
            self.hurry(now);
            self.schedule();
        }
    }

    /// When nearly all accounts are in, those that are missing have been lost on the way or are about to come: ask.
    fn hurry(&mut self, now: Moment) {
        if self.sealed * 10 < self.parts.len() * 9 {
            return;
        }
        for part in self
            .parts
            .iter_mut()
            .filter(|part| part.state == State::Armed && part.tries == 0)
        {
            part.at = part.at.min(now + SLACK + SLACK + SLACK);
        }
    }

    /// The word from above has come.
    pub const fn unhold(&mut self) {
        self.held = false;
    }

    /// The gate above is shut for good.
    pub const fn shut(&mut self) {
        self.gate_by = Moment(i64::MIN);
    }

    /// What is due now, one at a time until `None`.
    pub fn due(&mut self, now: Moment) -> Option<RelayDue> {
        if self.gate == Gate::Waiting {
            if !self.held && self.gate_by != Moment(i64::MIN) && self.enough() {
                self.gate = Gate::Open;
                return Some(self.say_open(now));
            }
            if now >= self.gate_by {
                self.gate = Gate::Shut;
                return Some(RelayDue::Gate(false));
            }
        }
        if self.held && self.gate == Gate::Waiting && now >= self.nudge_at {
            self.nudge_gap = self.nudge_gap + self.nudge_gap;
            self.nudge_at = now + self.nudge_gap;
            return Some(RelayDue::Nudge);
        }
        if now >= self.repeat_gate_at {
            return Some(self.say_open(now));
        }
        while now >= self.repeat_at {
            let out = self.copies;
            let next = self
                .parts
                .iter_mut()
                .find(|part| part.state == State::Sent && part.copies == out);
            if let Some(part) = next {
                part.copies += 1;
                return Some(RelayDue::Resend(part.child));
            }
            self.copies += 1;
            self.repeat_at = if self.copies < COPIES {
                self.repeat_at + BUCKET
            } else {
                Moment::NEVER
            };
        }
        if now < self.next {
            return None;
        }
        let target = self.target;
        let due = self
            .parts
            .iter_mut()
            .find(|part| now >= part.at && !part.done())
            .map(|part| part.overdue(now, target));
        if let Some(RelayDue::Lost(..)) = due {
            self.sealed += 1;
        }
        self.schedule();
        due
    }

    /// The next moment at which [`Relay::due`] has something.
    pub fn next_deadline(&self) -> Moment {
        let gate = match self.gate {
            Gate::Waiting if !self.held && (self.enough() || self.gate_by == Moment(i64::MIN)) => {
                Moment(i64::MIN)
            }
            Gate::Waiting => self.gate_by,
            Gate::Open | Gate::Shut => Moment::NEVER,
        };
        let nudge = if self.held && self.gate == Gate::Waiting {
            self.nudge_at
        } else {
            Moment::NEVER
        };
        self.next
            .min(gate)
            .min(nudge)
            .min(self.repeat_at)
            .min(self.repeat_gate_at)
    }

    /// Whether nobody is waited for.
    pub fn complete(&self) -> bool {
        self.sealed == self.parts.len()
    }

    /// The gate.
    pub const fn gate(&self) -> Gate {
        self.gate
    }

    /// T here.
    pub const fn target(&self) -> Moment {
        self.target
    }

    /// Children that have armed, of all.
    pub fn armed_share(&self) -> Option<Share> {
        Share::of(self.armed, self.parts.len())
    }

    /// How many children have armed.
    pub const fn armed_count(&self) -> usize {
        self.armed
    }

    /// Whether this child's account is final here.
    pub fn is_final(&self, child: u16) -> bool {
        self.parts
            .iter()
            .any(|part| part.child == child && part.done())
    }

    /// The gate is open; where messages get lost, that is said again.
    fn say_open(&mut self, now: Moment) -> RelayDue {
        self.gate_copies += 1;
        self.repeat_gate_at = if self.lossy && self.gate_copies < COPIES {
            now + BUCKET
        } else {
            Moment::NEVER
        };
        RelayDue::Gate(true)
    }

    fn enough(&self) -> bool {
        self.armed_share()
            .is_some_and(|share| share >= self.threshold)
    }

    fn part(&mut self, child: u16) -> Option<&mut Part> {
        self.parts.iter_mut().find(|part| part.child == child)
    }

    fn schedule(&mut self) {
        let waiting = self.parts.iter().filter(|part| !part.done());
        self.next = waiting.map(|part| part.at).min().unwrap_or(Moment::NEVER);
    }
}

impl Part {
    const fn done(&self) -> bool {
        matches!(self.state, State::Sealed | State::Lost)
    }

    fn overdue(&mut self, now: Moment, target: Moment) -> RelayDue {
        // A throw that cannot be in time any more is not sent again; an account is asked for a little longer.
        let hopeless = self.tries >= TRIES_MAX || self.state == State::Sent && now >= target;
        if hopeless {
            let armed = self.state == State::Armed;
            self.state = State::Lost;
            return RelayDue::Lost(self.child, armed);
        }
        self.tries += 1;
        self.at = now + Micros((self.round + SLACK).0 << (self.tries - 1).min(4));
        match self.state {
            State::Sent => RelayDue::Resend(self.child),
            State::Armed | State::Sealed | State::Lost => RelayDue::Poll(self.child),
        }
    }
}

#[cfg(test)]
mod tests;
