//! A lead's letters: what its coordinator sends is opened in its turn, what its agents must get is numbered (PROTOCOL §5).

use super::super::downlink::Delivery;
use super::super::mailbox::Opened;
use super::super::mailing::Letter;
use super::super::notary::is_new;
use super::super::{Outputs, Refusal, To};
use super::Lead;
use crate::message::delivery::Numbered;
use crate::message::{Armed, Body, TaskAct, TaskNews, TaskOrder, TaskSaid};
use crate::time::Moment;
use std::sync::Arc;

impl Lead {
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
            Body::Throw(hop) => self.arm(now, hop, letter, out),
            Body::Task(order) => self.pass_task(now, letter, order, out),
            Body::Errand(passed) => self.errand_from_above(now, passed, out),
            Body::Returned(returned) => self.return_to(now, returned, out),
            Body::Settled(settlement) => {
                self.disputes.settled(now, settlement);
                let slot = u16::from(settlement.agent.slot());
                self.pass_on(now, letter, slot, out);
            }
            _ => out.refuse(Refusal::Unexpected),
        }
    }

    /// A letter goes on to the agent at `slot`, with the time that is left for it.
    fn pass_on(&mut self, now: Moment, letter: &Opened, slot: u16, out: &mut Outputs) {
        let expires = letter.expires();
        if now >= expires {
            return out.refuse(Refusal::Expired);
        }
        let letter = Letter {
            id: letter.content.id,
            expires,
            body: letter.content.body.clone(),
        };
        self.post(now, To::Child(slot), letter, out);
    }

    pub(super) fn post(&mut self, now: Moment, to: To, letter: Letter, out: &mut Outputs) {
        let (epoch, agents) = (self.epoch, &mut self.agents);
        self.mailing.post(now, epoch, agents, to, letter, out);
    }

    /// A throw that has been here: those above did not hear that it was taken in.
    pub(super) fn say_armed(&mut self, content: &Numbered, out: &mut Outputs) {
        if let Body::Throw(hop) = &content.body {
            let (operation, epoch) = (hop.header.id, self.epoch);
            if let Some(cast) = self.cast(operation) {
                let seal = cast.seal_by();
                let armed = Armed { operation, seal };
                out.send(To::Parent, epoch, Body::Armed(armed));
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
        self.mailing.wake(now, self.epoch, &mut self.agents, out);
    }

    /// An order about a task goes to its agent, if that can do it (§9.1 "cluster lead validates before routing").
    fn pass_task(
        &mut self,
        now: Moment,
        letter: &Opened,
        order: &Arc<TaskOrder>,
        out: &mut Outputs,
    ) {
        let slot = order.agent.slot();
        let record = self.agents.get(usize::from(slot));
        let Some(record) = record.filter(|_| order.agent.cluster == self.cluster) else {
            return out.refuse(Refusal::WrongPlace);
        };
        let able = order.requires.as_deref().is_none_or(|wanted| {
            let known = self.names.find(wanted);
            known.is_some_and(|wanted| record.abilities.has(wanted))
        });
        if order.act == TaskAct::Run && !able {
            let news = TaskNews {
                id: order.id.clone(),
                agent: order.agent,
                said: TaskSaid::Incapable,
            };
            return out.send(To::Parent, self.epoch, Body::TaskNews(Arc::new(news)));
        }
        if order.act == TaskAct::Calibrate {
            self.calibrate(order);
        }
        self.pass_on(now, letter, u16::from(slot), out);
    }

    /// How delivery to the agent at `slot` stands, while it serves.
    pub fn delivery(&self, slot: u8) -> Option<Delivery> {
        let epoch = self.office.serving()?;
        let record = self.agents.get(usize::from(slot))?;
        Some(record.link.delivery(epoch))
    }
}
