//! A coordinator's letters: what the orchestrator sends is opened in its turn and numbered anew for the leads (PROTOCOL §5).

use super::super::mailbox::Opened;
use super::super::mailing::Letter;
use super::super::notary::is_new;
use super::super::{Arrival, Outputs, Refusal, To};
use super::Coordinator;
use crate::message::Body;
use crate::message::delivery::Numbered;
use crate::place::{AgentId, SectorId};
use crate::time::Moment;
use std::sync::Arc;

impl Coordinator {
    /// The coordinator of another sector speaks: only of errands.
    pub(super) fn hear_peer(
        &mut self,
        now: Moment,
        slot: u16,
        arrival: Arrival,
        out: &mut Outputs,
    ) {
        let sector = SectorId::at(usize::from(slot));
        match arrival.body {
            Body::Errand(passed) if passed.errand.from.sector() == sector => {
                self.errand_across(now, &passed, out);
            }
            Body::Returned(returned) if returned.to.sector() == self.sector => {
                self.return_to(now, &returned, out);
            }
            Body::Errand(_) | Body::Returned(_) => out.refuse(Refusal::WrongPlace),
            _ => out.refuse(Refusal::Unexpected),
        }
    }

    pub(super) fn open_all(&mut self, now: Moment, opened: Vec<Opened>, out: &mut Outputs) {
        for letter in opened {
            self.opened(now, &letter, out);
        }
    }

    /// What must arrive has arrived, and its turn has come.
    fn opened(&mut self, now: Moment, letter: &Opened, out: &mut Outputs) {
        let command = &letter.content.body;
        if !is_new(&mut self.taken, command, out) {
            return;
        }
        match &letter.content.body {
            Body::Throw(hop) => self.arm(now, Arc::clone(hop), letter, out),
            Body::Settled(settlement) => {
                self.disputes.settled(now, settlement);
                self.pass_on(now, letter, settlement.agent, out);
            }
            Body::Task(order) if order.agent.sector() == self.sector => {
                self.pass_on(now, letter, order.agent, out);
            }
            Body::Task(_) => out.refuse(Refusal::WrongPlace),
            _ => out.refuse(Refusal::Unexpected),
        }
    }

    /// A letter goes on to the lead of an agent, with the time that is left for it.
    fn pass_on(&mut self, now: Moment, letter: &Opened, agent: AgentId, out: &mut Outputs) {
        let expires = letter.expires();
        if now >= expires {
            return out.refuse(Refusal::Expired);
        }
        let letter = Letter {
            id: letter.content.id,
            expires,
            body: letter.content.body.clone(),
        };
        let to = To::Child(u16::from(agent.cluster.slot()));
        let (epoch, leads) = (self.epoch, &mut self.leads);
        self.mailing.post(now, epoch, leads, to, letter, out);
    }

    /// A throw that has been here: the orchestrator did not hear that it was taken in.
    pub(super) fn say_armed(&mut self, content: &Numbered, out: &mut Outputs) {
        if let Body::Throw(hop) = &content.body {
            let epoch = self.epoch;
            if let Some(toss) = self.toss(hop.header.id) {
                out.send(To::Parent, epoch, Body::Armed(toss.armed()));
            }
        }
    }

    /// What is missing is asked for, what is unacknowledged is sent again.
    pub(super) fn wake_mail(&mut self, now: Moment, out: &mut Outputs) {
        if now >= self.mailbox.next_wake() {
            let mut opened = Vec::new();
            self.mailbox
                .wake(now, &mut self.chance, self.epoch, &mut opened, out);
            self.open_all(now, opened, out);
        }
        self.mailing.wake(now, self.epoch, &mut self.leads, out);
    }
}
