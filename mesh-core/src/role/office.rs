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

    /// A child says which epoch of the seat it knows, and whom it obeys with that.
    pub(super) fn heard(
        &mut self,
        now: Moment,
        epoch: Epoch,
        obeys: Option<KeyId>,
        out: &mut Outputs,
    ) -> Turn {
        if self.is_twin(epoch, obeys) {
            return self.tell(now, tenure::Event::Fenced(epoch), out);
        }
        if epoch <= self.tenure.highest() {
            return Turn::Same;
        }
        self.tell(now, tenure::Event::Heard(epoch), out)
    }

    /// Whether a child that knows this epoch is one of ours: what it says of numbers and clocks is of this holder's.
    pub(super) fn is_obeyed(&self, epoch: Epoch, obeys: Option<KeyId>) -> bool {
        self.serving() == Some(epoch) && !self.is_twin(epoch, obeys)
    }

    /// Whether somebody else was granted the epoch with which this node serves.
    fn is_twin(&self, epoch: Epoch, obeys: Option<KeyId>) -> bool {
        let other = obeys.is_some_and(|holder| holder != self.tenure.me());
        other && self.serving() == Some(epoch)
    }

    /// Its deadline may have come.
    pub(super) fn wake(&mut self, now: Moment, out: &mut Outputs) {
        self.tenure.check_clock(now);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::SectorId;

    const SEAT: Seat = Seat::Coordinator(SectorId(7));
    const ME: KeyId = KeyId(1);

    /// Serving with epoch 1.
    fn serving(out: &mut Outputs) -> Office {
        let mut office = Office::new(SEAT, ME);
        office.stand(Moment(0), Chance::new(1), out);
        let granted = SeatAnswer::Granted { epoch: Epoch(1) };
        assert_eq!(
            office.answered(Moment(1), Epoch(1), granted, out),
            Turn::Begun
        );
        office
    }

    #[test]
    fn who_shares_its_epoch_with_another_whom_the_children_obey_stops_and_goes_above() {
        let mut out = Outputs::default();
        let mut office = serving(&mut out);
        // The store of seats has lost the other's row and gave the same epoch away once more.
        assert!(!office.is_obeyed(Epoch(1), Some(KeyId(2))));
        let turn = office.heard(Moment(2), Epoch(1), Some(KeyId(2)), &mut out);
        assert_eq!((turn, office.serving()), (Turn::Ended, None));
        out.0.clear();
        office.wake(office.next_wake(), &mut out);
        let claims = out.0.iter().filter_map(|output| match output {
            Output::Claim(claim) => Some(claim.epoch),
            _ => None,
        });
        assert_eq!(claims.collect::<Vec<_>>(), [Epoch(2)]);
    }

    #[test]
    fn a_child_that_obeys_this_node_or_one_of_a_lower_epoch_ends_nothing() {
        let mut out = Outputs::default();
        let mut office = serving(&mut out);
        assert!(office.is_obeyed(Epoch(1), Some(ME)));
        for (epoch, obeys) in [(1, Some(ME)), (0, Some(KeyId(2))), (0, None)] {
            let turn = office.heard(Moment(2), Epoch(epoch), obeys, &mut out);
            assert_eq!((turn, office.serving()), (Turn::Same, Some(Epoch(1))));
        }
    }
}
