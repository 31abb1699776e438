//! Numbered delivery as it truly goes (PROTOCOL §5): what each agent was sent, and in which order it starts on it.
//!
//! Two invariants are kept here. An agent starts on what its lead sent in the order of the lead's numbers, and on nothing
//! whose time was over when it came; and a lead forgets nothing that its agent has not got while there is time for it.

use super::node::{NodeId, SeatRole};
use super::world::World;
use mesh_core::message::{Body, Epoch, TaskAct};
use mesh_core::operation::task::TaskId;
use mesh_core::time::{Boot, Micros, Moment};
use std::collections::BTreeMap;

/// Time that a clock may have drifted while a message waited: 100 ppm of two minutes on both sides, and rounding.
const SLACK: Micros = Micros::millis(50);

/// What is known of messages to agents that must arrive.
#[derive(Debug, Default)]
pub(super) struct Courier {
    /// What the parcel in hand says.
    at_hand: Option<(u32, Slip)>,
    /// Came in, and was not started on at once: by agent, by what it is, and by number, since a task may come in several
    /// letters.
    waiting: BTreeMap<(u32, u128, Epoch, u32), Slip>,
    /// The seat and number that each agent last started on.
    last: Vec<(Epoch, u32)>,
    /// Copies that were lost on their way, by lead, agent and number.
    lost: BTreeMap<(u32, u32, u32), Lost>,
}

#[derive(Debug, Clone, Copy)]
struct Slip {
    what: u128,
    epoch: Epoch,
    number: u32,
    /// The latest true moment at which its time can be over.
    expires: Moment,
}

#[derive(Debug, Clone, Copy)]
struct Lost {
    slot: u8,
    epoch: Epoch,
    boot: Boot,
    expires: Moment,
}

impl World {
    /// A parcel is about to be given to an agent.
    pub(super) fn brings(&mut self, node: NodeId, epoch: Epoch, body: &Body) {
        let (NodeId::Agent(agent), Body::Numbered(numbered)) = (node, body) else {
            return;
        };
        let slot = self.agents[agent as usize].role.place().slot();
        let (Some(what), Some(number)) = (name_of(&numbered.body), numbered.number(slot.into()))
        else {
            return;
        };
        let slip = Slip {
            what,
            epoch,
            number,
            expires: self.now + numbered.ttl + SLACK,
        };
        self.courier.at_hand = Some((agent, slip));
        // One copy is enough.
        if !self.courier.lost.is_empty() {
            for lead in self.clusters[self.agents[agent as usize].cluster as usize].leads {
                self.courier.lost.remove(&(lead, agent, number));
            }
        }
    }

    /// An agent starts anew: what it had in hand is gone with it, and what it had started on before is nothing to this one.
    pub(super) fn forgets(&mut self, agent: u32) {
        let courier = &mut self.courier;
        courier.waiting.retain(|(whose, ..), _| *whose != agent);
        courier.at_hand.take_if(|(whose, _)| *whose == agent);
        if let Some(last) = courier.last.get_mut(agent as usize) {
            *last = (Epoch::default(), 0);
        }
    }

    /// The agent has dealt with it, or will later.
    pub(super) fn brought(&mut self) {
        if let Some((agent, slip)) = self.courier.at_hand.take()
            && (slip.epoch, slip.number) > self.courier.last_of(agent)
        {
            let key = (agent, slip.what, slip.epoch, slip.number);
            self.courier.waiting.insert(key, slip);
        }
    }

    /// An agent starts on a throw.
    pub(super) fn starts_throw(&mut self, agent: u32, operation: u128) {
        self.starts(agent, operation);
    }

    /// An agent starts on a task.
    pub(super) fn starts_task(&mut self, agent: u32, task: &TaskId) {
        self.starts(agent, task_name(task));
    }

    fn starts(&mut self, agent: u32, what: u128) {
        let (now, courier) = (self.now, &mut self.courier);
        let slip = courier.take(now, agent, what);
        let Some(slip) = slip else {
            return self.blame(NodeId::Agent(agent), "starts on what was not brought");
        };
        let last = courier.last_of(agent);
        let this = (slip.epoch, slip.number);
        if let Some(kept) = courier.last.get_mut(agent as usize) {
            *kept = this.max(last);
        }
        if this <= last {
            let what = format!("starts on number {} after number {}", this.1, last.1);
            self.blame(NodeId::Agent(agent), &what);
        }
        if self.now > slip.expires && self.host(NodeId::Agent(agent)).odd_until < self.now {
            let late = self.now.since(slip.expires);
            let what = format!("starts on number {} {late} after its time", this.1);
            self.blame(NodeId::Agent(agent), &what);
        }
    }

    /// A copy for an agent does not arrive.
    pub(super) fn loses(&mut self, from: NodeId, to: NodeId, body: &Body) {
        let (NodeId::Seat(lead), NodeId::Agent(agent), Body::Numbered(numbered)) = (from, to, body)
        else {
            return;
        };
        let slot = self.agents[agent as usize].role.place().slot();
        let (Some(what), Some(number)) = (name_of(&numbered.body), numbered.number(slot.into()))
        else {
            return;
        };
        let Some((epoch, boot, _)) = self.keeps_for(lead, slot) else {
            return;
        };
        let waits = &self.courier.waiting;
        let has = self.agents[agent as usize].role.mailbox().settled(epoch) >= number
            || waits.contains_key(&(agent, what, epoch, number));
        if !has {
            let lost = Lost {
                slot,
                epoch,
                boot,
                expires: self.now + numbered.ttl - SLACK,
            };
            self.courier.lost.insert((lead, agent, number), lost);
        }
    }

    /// A lead has handled an input: what was lost on its way to an agent and could still come, it still has.
    pub(super) fn forgets_nothing(&mut self, lead: u32) {
        if self.courier.lost.is_empty() {
            return;
        }
        let own = (lead, 0, 0)..=(lead, u32::MAX, u32::MAX);
        let lost: Vec<_> = self
            .courier
            .lost
            .range(own)
            .map(|(k, v)| (*k, *v))
            .collect();
        for (key, lost) in lost {
            // Whoever listens to a later holder takes nothing from this one any more.
            let heeds = self.host(NodeId::Agent(key.1)).obeys;
            if heeds.is_some_and(|(epoch, _)| epoch > lost.epoch) {
                self.courier.lost.remove(&key);
                continue;
            }
            let kept = self.keeps_for(lead, lost.slot);
            let same = kept.filter(|(epoch, boot, _)| (*epoch, *boot) == (lost.epoch, lost.boot));
            match same {
                Some((.., oldest)) if self.now < lost.expires => {
                    if oldest > key.2 && !self.is_upset(lead, key.1) {
                        let agent = self.name_of(NodeId::Agent(key.1));
                        let what = format!("forgot number {}, which {agent} never had", key.2);
                        self.courier.lost.remove(&key);
                        self.blame(NodeId::Seat(lead), &what);
                    }
                }
                // Another lead, another start of the agent, or too late for it.
                Some(_) | None => {
                    self.courier.lost.remove(&key);
                }
            }
        }
    }

    /// What has waited too long is forgotten here as well.
    pub(super) fn sort_slips(&mut self) {
        let (now, agents) = (self.now, self.agents.len());
        self.courier.waiting.retain(|_, slip| now <= slip.expires);
        self.courier.lost.retain(|_, lost| now < lost.expires);
        self.courier.last.resize(agents, (Epoch(0), 0));
    }

    /// An agent sits elsewhere from now on: its numbers are another lead's.
    pub(super) fn moved_house(&mut self, agent: u32) {
        if let Some(last) = self.courier.last.get_mut(agent as usize) {
            *last = (Epoch(0), 0);
        }
        self.courier.waiting.retain(|key, _| key.0 != agent);
        self.courier.lost.retain(|(_, whose, _), _| *whose != agent);
    }

    /// The end of a run: everybody who is there has what it was sent.
    pub(super) fn everything_arrived(&self, wrong: &mut Vec<String>) {
        for info in &self.clusters {
            for lead in info.leads {
                let SeatRole::Lead(role) = &self.seats[lead as usize].role else {
                    continue;
                };
                if !role.serving() {
                    continue;
                }
                for (slot, &agent) in info.agents.iter().enumerate() {
                    let node = &self.agents[agent as usize];
                    let Some(link) = role.delivery(slot as u8).filter(|_| node.host.up) else {
                        continue;
                    };
                    let has = node.role.mailbox().settled(link.epoch);
                    if link.outstanding == 0 && has < link.last || node.role.mailbox().held() > 0 {
                        let who = self.name_of(NodeId::Agent(agent));
                        let last = link.last;
                        wrong.push(format!("{who} has {has} of {last} messages at the end"));
                    }
                }
            }
        }
    }

    fn keeps_for(&self, lead: u32, slot: u8) -> Option<(Epoch, Boot, u32)> {
        let SeatRole::Lead(role) = &self.seats[lead as usize].role else {
            return None;
        };
        let link = role.delivery(slot)?;
        Some((link.epoch, link.boot, link.oldest))
    }

    /// Whether one of the two clocks ran as no clock runs: then times to live end at other moments.
    fn is_upset(&self, lead: u32, agent: u32) -> bool {
        [NodeId::Seat(lead), NodeId::Agent(agent)]
            .into_iter()
            .any(|node| self.host(node).odd_until >= self.now)
    }
}

impl Courier {
    fn last_of(&self, agent: u32) -> (Epoch, u32) {
        let last = self.last.get(agent as usize);
        last.copied().unwrap_or_default()
    }

    /// The letter in which an agent was told of this: the first after what it last started on that is not too old, and a
    /// late one where there is no other. The one at hand may lie on top of others.
    fn take(&mut self, now: Moment, agent: u32, what: u128) -> Option<Slip> {
        let all = (agent, what, Epoch(0), 0)..=(agent, what, Epoch(u32::MAX), u32::MAX);
        let at_hand = self
            .at_hand
            .take_if(|(whose, slip)| *whose == agent && slip.what == what);
        if self.waiting.range(all.clone()).next().is_none() {
            return at_hand.map(|(_, slip)| slip);
        }
        if let Some((_, slip)) = at_hand {
            let key = (agent, what, slip.epoch, slip.number);
            self.waiting.insert(key, slip);
        }
        let last = self.last_of(agent);
        let fits = |slip: &Slip| (slip.epoch, slip.number) > last && now <= slip.expires;
        let first = self.waiting.range(all.clone()).find(|(_, slip)| fits(slip));
        let key = *first.or_else(|| self.waiting.range(all).next())?.0;
        self.waiting.remove(&key)
    }
}

/// What an agent starts on, if it is something to start on.
fn name_of(body: &Body) -> Option<u128> {
    match body {
        Body::Throw(hop) => Some(hop.header.id.0),
        Body::Task(order) if order.act == TaskAct::Run => Some(task_name(&order.id)),
        _ => None,
    }
}

/// A number for a task's id; throws are named by theirs, which begin with the time.
fn task_name(task: &TaskId) -> u128 {
    let digest = mesh_core::unit::Digest::of(task.as_str().as_bytes());
    u128::from(digest.short())
}

#[cfg(test)]
mod tests;
