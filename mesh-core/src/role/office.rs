//! A node's standing towards its seat, and the randomness that goes with it.

use super::{Event, Output, Outputs};
use crate::chance::Chance;
use crate::message::Epoch;
use crate::time::Moment;
use crate::trust::KeyId;
use crate::trust::seat::{Seat, SeatAnswer};
use crate::trust::tenure::{self, Step, Tenure};

/// A tenure that carries its own chance and puts its steps into outputs.
#[derive(Debug)]
pub(super) struct Office {
    tenure: Tenure,
    chance: Chance,
}

/// What became of the seat by one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing.
    Same,
    /// It serves from now on.
    Begun,
    /// It serves no more.
    Ended,
}

impl Office {
    /// Standing aside until told to stand.
    pub(super) const fn new(seat: Seat, me: KeyId) -> Self {
        Self {
            tenure: Tenure::new(seat, me, Epoch(0)),
            chance: Chance::new(0),
        }
    }

    /// The node has started: stand for the seat.
    pub(super) fn stand(&mut self, now: Moment, chance: Chance, out: &mut Outputs) {
        self.chance = chance;
        self.tell(now, tenure::Event::Stand, out);
    }

    /// The grantor has answered.
    pub(super) fn answered(
        &mut self,
        now: Moment,
        asked: Epoch,
        answer: SeatAnswer,
        out: &mut Outputs,
    ) -> Turn {
        self.tell(now, tenure::Event::Answer(asked, answer), out)
    }

    /// Somebody showed this epoch of the seat.
    pub(super) fn heard(&mut self, now: Moment, epoch: Epoch, out: &mut Outputs) -> Turn {
        if epoch <= self.tenure.highest() {
            return Turn::Same;
        }
        self.tell(now, tenure::Event::Heard(epoch), out)
    }

    /// Its deadline may have come.
    pub(super) fn wake(&mut self, now: Moment, out: &mut Outputs) {
        if now >= self.tenure.next_deadline() {
            self.tell(now, tenure::Event::Wake, out);
        }
    }

    /// When it wants to be woken.
    pub(super) const fn next_wake(&self) -> Moment {
        self.tenure.next_deadline()
    }

    /// The epoch with which it serves, if it does.
    pub(super) const fn serving(&self) -> Option<Epoch> {
        self.tenure.serving()
    }

    fn tell(&mut self, now: Moment, event: tenure::Event, out: &mut Outputs) -> Turn {
        let mut turn = Turn::Same;
        for step in self
            .tenure
            .handle(now, event, &mut self.chance)
            .into_iter()
            .flatten()
        {
            match step {
                Step::Claim(claim) => out.0.push(Output::Claim(claim)),
                Step::Release(epoch) => out.0.push(Output::Vacate(self.tenure.seat(), epoch)),
                Step::Serve(epoch) => {
                    turn = Turn::Begun;
                    out.event(Event::Serving(self.tenure.seat(), epoch));
                }
                Step::Stop(epoch) => {
                    turn = Turn::Ended;
                    out.event(Event::Stopped(self.tenure.seat(), epoch));
                }
            }
        }
        turn
    }
}
