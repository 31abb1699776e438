//! How messages travel: who is meant, over which link, and from shard to shard.

use super::super::address::seen;
use super::super::sim::link::Direction;
use super::super::sim::node::NodeId;
use super::config::Devices;
use super::crew::Candidates;
use super::shard::{Event, Shard};
use super::{Across, Crossing, Heard, Mail, Shared};
use mesh_core::message::envelope::Address;
use mesh_core::message::{Body, Epoch, Micros32};
use mesh_core::place::{ClusterId, SectorId};
use mesh_core::role::{Arrival, From, Input, To};
use mesh_core::time::{Micros, Moment};
use mesh_core::trust::KeyId;
use mesh_core::trust::seat::Seat;
use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::mpsc::TrySendError;

/// Messages for a shard whose box is full that are held back at most; more are lost, as a network would lose them.
const BACKLOG_MAX: usize = 65_536;

/// Messages under way on this shard, and those that another shard had no room for.
#[derive(Debug, Default)]
pub(super) struct Post {
    parcels: Vec<Option<Parcel>>,
    free: Vec<u32>,
    backlog: VecDeque<(usize, Box<Crossing>)>,
    sent: u64,
    dropped: u64,
}

/// What a role wants sent.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) node: NodeId,
    pub(super) to: To,
    pub(super) epoch: Epoch,
    pub(super) body: Body,
}

#[derive(Debug)]
struct Parcel {
    from: From,
    signer: KeyId,
    epoch: Epoch,
    sent: Moment,
    /// When the socket was read, where there is one.
    read: Option<Moment>,
    body: Body,
}

/// Who sends, and when by its own clock.
#[derive(Debug, Clone, Copy)]
struct Sender {
    node: NodeId,
    signer: KeyId,
    epoch: Epoch,
    sent: Moment,
}

impl Post {
    fn put(&mut self, parcel: Parcel) -> u32 {
        if let Some(index) = self.free.pop() {
            self.parcels[index as usize] = Some(parcel);
            return index;
        }
        self.parcels.push(Some(parcel));
        self.parcels.len() as u32 - 1
    }

    fn take(&mut self, index: u32) -> Option<Parcel> {
        let parcel = self.parcels.get_mut(index as usize)?.take();
        self.free.push(index);
        parcel
    }

    /// Nothing waits for room elsewhere.
    pub(super) fn is_clear(&self) -> bool {
        self.backlog.is_empty()
    }

    /// Adds what was sent since the last time to the mesh's figures.
    pub(super) fn count(&mut self, shared: &Shared) {
        shared
            .messages
            .fetch_add(core::mem::take(&mut self.sent), Ordering::Relaxed);
        shared
            .dropped
            .fetch_add(core::mem::take(&mut self.dropped), Ordering::Relaxed);
    }

    /// Tries again what found no room.
    pub(super) fn give_back_log(&mut self, shared: &Shared) {
        for _ in 0..self.backlog.len() {
            let Some((shard, crossing)) = self.backlog.pop_front() else {
                return;
            };
            if let Err(TrySendError::Full(Mail::Parcel(crossing))) =
                shared.boxes[shard].try_send(Mail::Parcel(crossing))
            {
                self.backlog.push_front((shard, crossing));
                return;
            }
        }
    }

    fn cross(&mut self, shared: &Shared, shard: usize, crossing: Crossing) {
        let crossing = Box::new(crossing);
        if self.backlog.is_empty() {
            // A shard that has ended is a machine that is gone.
            let sent = shared.boxes[shard].try_send(Mail::Parcel(crossing));
            if let Err(TrySendError::Full(Mail::Parcel(crossing))) = sent {
                self.backlog.push_back((shard, crossing));
            }
        } else if self.backlog.len() < BACKLOG_MAX {
            self.backlog.push_back((shard, crossing));
        } else {
            self.dropped += 1;
        }
    }
}

impl Shard {
    /// Sends what roles wanted sent. Each message is stamped here, when it is handed over.
    pub(super) fn flush(&mut self) {
        let mut letters = core::mem::take(&mut self.letters);
        for letter in letters.drain(..) {
            self.now = self.shared.clock.now();
            let host = self.host(letter.node);
            if host.silent || !host.up {
                continue;
            }
            let sender = Sender {
                node: letter.node,
                signer: host.key,
                epoch: letter.epoch,
                sent: host.clock.read(self.now),
            };
            let body = match host.lies {
                Some(factor) => lied(letter.body, factor),
                None => letter.body,
            };
            if self.wire.is_some() {
                self.speak(sender, letter.to, &body);
            } else {
                self.send(sender, letter.to, body);
            }
        }
        self.letters = letters;
        if let Some(wire) = &mut self.wire {
            wire.ship();
        }
    }

    /// Over the wire.
    fn speak(&mut self, sender: Sender, to: To, body: &Body) {
        let own = self.address(sender.node);
        if let Some(wire) = &mut self.wire {
            wire.say(own, to, sender.epoch, sender.sent, body);
        }
    }

    fn address(&self, node: NodeId) -> Address {
        match node {
            NodeId::Agent(index) => Address::Agent(self.agents[index as usize].role.place()),
            NodeId::Seat(index) => Address::Seat(self.seats[index as usize].seat),
        }
    }

    /// A message has come in over the wire: for whom of those here it is.
    pub(super) fn hear(&mut self, heard: &Heard) {
        if matches!(
            heard.body.content(),
            Body::Throw(_) | Body::Task(_) | Body::Levels(_)
        ) {
            self.wake_up();
        }
        let meant = |slot: u8| heard.slots.is_none_or(|slots| slots.has(slot));
        match heard.to {
            Address::Agent(place) => {
                if let Some(index) = self.agent_at(place) {
                    self.hand_in(NodeId::Agent(index), heard);
                }
            }
            Address::Agents(cluster) => {
                let agents = self.cluster(cluster).map(|info| info.agents.clone());
                let slots = agents.into_iter().flatten().zip(0..);
                for (index, slot) in slots {
                    if let Some(index) = index.filter(|_| meant(slot)) {
                        self.hand_in(NodeId::Agent(index), heard);
                    }
                }
            }
            Address::Seat(seat) => self.hand_to_seat(seat, heard),
            Address::Leads(sector) => {
                for slot in (0..self.shared.shape.clusters).filter(|slot| meant(*slot)) {
                    self.hand_to_seat(Seat::Lead(sector.cluster(slot)), heard);
                }
            }
            Address::Coordinators => {
                for sector in self.shared.shape.all_sectors() {
                    let slot = u8::try_from(sector.index());
                    if heard.slots.is_none() || slot.is_ok_and(meant) {
                        self.hand_to_seat(Seat::Coordinator(sector), heard);
                    }
                }
            }
            Address::Key(_) => {}
        }
    }

    fn hand_to_seat(&mut self, seat: Seat, heard: &Heard) {
        let holders = self.candidates(seat);
        for node in self.serving(holders).into_iter().flatten() {
            self.hand_in(node, heard);
        }
    }

    fn hand_in(&mut self, node: NodeId, heard: &Heard) {
        let Some(from) = seen(self.address(node), heard.from) else {
            return;
        };
        self.post.sent += 1;
        let parcel = self.post.put(Parcel {
            from,
            signer: heard.signer,
            epoch: heard.epoch,
            sent: heard.sent,
            read: Some(heard.at),
            body: heard.body.clone(),
        });
        self.soon.push_back(Event::Deliver(node, parcel));
    }

    fn send(&mut self, sender: Sender, to: To, body: Body) {
        match sender.node {
            NodeId::Agent(index) => {
                let agent = &self.agents[index as usize];
                let from = From::Child(u16::from(agent.role.place().slot()));
                let leads = self.clusters[agent.cluster as usize].leads;
                // An agent has nobody below it.
                if to == To::Parent {
                    self.hand_to_holder(sender, sender.node, Direction::Up, leads, from, body);
                }
            }
            NodeId::Seat(index) => match self.seats[index as usize].seat {
                Seat::Orchestrator => self.send_from_top(sender, to, &body),
                Seat::Coordinator(sector) => self.send_from_sector(sender, sector, to, body),
                Seat::Lead(cluster) => self.send_from_cluster(sender, cluster, to, body),
            },
        }
    }

    fn send_from_top(&mut self, sender: Sender, to: To, body: &Body) {
        let sectors = usize::from(self.shared.shape.sectors);
        match to {
            To::Parent | To::Peer(_) => {}
            To::Child(slot) => self.send_to_sector(sender, usize::from(slot), From::Parent, body),
            To::Children(slots) => slots.iter().for_each(|slot| {
                self.send_to_sector(sender, usize::from(slot), From::Parent, body);
            }),
            To::Everyone => {
                (0..sectors)
                    .for_each(|sector| self.send_to_sector(sender, sector, From::Parent, body));
            }
        }
    }

    fn send_to_sector(&mut self, sender: Sender, sector: usize, from: From, body: &Body) {
        let crossing = Crossing {
            to: Across::Sector(SectorId::at(sector)),
            at: self.now,
            from,
            signer: sender.signer,
            epoch: sender.epoch,
            sent: sender.sent,
            body: body.clone(),
        };
        let shard = self.shared.shard_of(SectorId::at(sector));
        if shard == self.index {
            self.arrive(crossing);
        } else {
            self.post.cross(&self.shared, shard, crossing);
        }
    }

    fn send_from_sector(&mut self, sender: Sender, sector: SectorId, to: To, body: Body) {
        let Some(info) = self.sector(sector) else {
            return;
        };
        let (clusters, cut) = (info.clusters.clone(), info.cut);
        let mut to_lead = |cluster: u32, body: Body| {
            let leads = self.clusters[cluster as usize].leads;
            self.hand_down(sender, leads, &body);
        };
        match to {
            To::Parent | To::Peer(_) if cut => {}
            To::Peer(slot) => {
                let from = From::Peer(sector.index() as u16);
                self.send_to_sector(sender, usize::from(slot), from, &body);
            }
            To::Parent => self.send_to_top(sender, sector, body),
            To::Child(slot) => {
                if let Some(&cluster) = clusters.get(usize::from(slot)) {
                    to_lead(cluster, body);
                }
            }
            To::Children(slots) => {
                for slot in slots.iter() {
                    if let Some(&cluster) = clusters.get(usize::from(slot)) {
                        to_lead(cluster, body.clone());
                    }
                }
            }
            To::Everyone => {
                for &cluster in &clusters {
                    to_lead(cluster, body.clone());
                }
            }
        }
    }

    /// Over the coordinator's own link, and to the first shard.
    fn send_to_top(&mut self, sender: Sender, sector: SectorId, body: Body) {
        let Some(delay) = self.delay(sender.node, Direction::Up) else {
            return;
        };
        let crossing = Crossing {
            to: Across::Top,
            at: self.now + delay,
            from: From::Child(sector.index() as u16),
            signer: sender.signer,
            epoch: sender.epoch,
            sent: sender.sent,
            body,
        };
        if self.index == 0 {
            self.arrive(crossing);
        } else {
            self.post.cross(&self.shared, 0, crossing);
        }
    }

    fn send_from_cluster(&mut self, sender: Sender, cluster: ClusterId, to: To, body: Body) {
        let Some(info) = self.cluster(cluster) else {
            return;
        };
        let agents = info.agents.clone();
        let at = |slot: u8| agents.get(usize::from(slot)).copied().flatten();
        let (down, from) = (Direction::Down, From::Parent);
        match to {
            To::Parent => {
                let Some(info) = self.sector(cluster.sector) else {
                    return;
                };
                let from = From::Child(u16::from(cluster.slot()));
                let holders = info.coordinators;
                self.hand_to_holder(sender, sender.node, Direction::Up, holders, from, body);
            }
            // Leads have no peers.
            To::Peer(_) => {}
            To::Child(slot) => {
                if let Some(index) = u8::try_from(slot).ok().and_then(at) {
                    let node = NodeId::Agent(index);
                    self.hand_over(sender, node, down, node, from, body);
                }
            }
            To::Children(slots) => {
                for index in slots.iter().filter_map(at) {
                    let node = NodeId::Agent(index);
                    self.hand_over(sender, node, down, node, from, body.clone());
                }
            }
            To::Everyone => {
                for index in agents.iter().copied().flatten() {
                    let node = NodeId::Agent(index);
                    self.hand_over(sender, node, down, node, from, body.clone());
                }
            }
        }
    }

    /// To whoever of the two holds the seat above, or thinks so.
    fn hand_to_holder(
        &mut self,
        sender: Sender,
        lower: NodeId,
        direction: Direction,
        holders: Candidates,
        from: From,
        body: Body,
    ) {
        match self.serving(holders) {
            [Some(first), Some(second)] => {
                self.hand_over(sender, lower, direction, first, from, body.clone());
                self.hand_over(sender, lower, direction, second, from, body);
            }
            [Some(holder), None] | [None, Some(holder)] => {
                self.hand_over(sender, lower, direction, holder, from, body);
            }
            [None, None] => {}
        }
    }

    /// Those of the two that hold their seat, or think so.
    fn serving(&self, holders: Candidates) -> [Option<NodeId>; 2] {
        holders.map(|holder| {
            let serves = |holder: &u32| self.seats[*holder as usize].role.serving();
            holder.filter(serves).map(NodeId::Seat)
        })
    }

    fn hand_down(&mut self, sender: Sender, holders: Candidates, body: &Body) {
        for node in self.serving(holders).into_iter().flatten() {
            let from = From::Parent;
            self.hand_over(sender, node, Direction::Down, node, from, body.clone());
        }
    }

    /// One message over the link of `lower`.
    fn hand_over(
        &mut self,
        sender: Sender,
        lower: NodeId,
        direction: Direction,
        to: NodeId,
        from: From,
        body: Body,
    ) {
        self.post.sent += 1;
        let Some(delay) = self.delay(lower, direction) else {
            return;
        };
        let parcel = self.post.put(Parcel {
            from,
            signer: sender.signer,
            epoch: sender.epoch,
            sent: sender.sent,
            read: None,
            body,
        });
        self.due_in(delay, Event::Deliver(to, parcel));
    }

    /// How long the next message over this link takes; none when it is lost.
    fn delay(&mut self, lower: NodeId, direction: Direction) -> Option<Micros> {
        if self.shared.config.devices != Devices::Modelled {
            return Some(Micros::ZERO);
        }
        let host = match lower {
            NodeId::Agent(index) => &mut self.agents[index as usize].host,
            NodeId::Seat(index) => &mut self.seats[index as usize].host,
        };
        let faults = &self.faults[usize::from(host.faults)];
        host.link.send(direction, faults, &mut self.chance).delay
    }

    fn due_in(&mut self, delay: Micros, event: Event) {
        if delay == Micros::ZERO {
            self.soon.push_back(event);
        } else {
            self.queue.push(self.now + delay, event);
        }
    }

    /// A message that crossed between orchestrator and coordinator is here.
    pub(super) fn arrive(&mut self, crossing: Crossing) {
        let Crossing {
            to,
            at,
            from,
            signer,
            epoch,
            sent,
            body,
        } = crossing;
        if matches!(body, Body::Throw(_) | Body::Task(_) | Body::Levels(_)) {
            self.wake_up();
        }
        let holders = match to {
            Across::Top => self.orchestrators,
            Across::Sector(sector) => {
                let info = self.sector(sector).filter(|info| !info.cut);
                info.map_or([None; 2], |info| info.coordinators)
            }
        };
        for node in self.serving(holders).into_iter().flatten() {
            self.post.sent += 1;
            let due = match to {
                Across::Top => Some(at),
                Across::Sector(_) => self.delay(node, Direction::Down).map(|delay| at + delay),
            };
            let Some(due) = due else { continue };
            let parcel = self.post.put(Parcel {
                from,
                signer,
                epoch,
                sent,
                read: None,
                body: body.clone(),
            });
            let event = Event::Deliver(node, parcel);
            if due > self.now {
                self.queue.push(due, event);
            } else {
                self.soon.push_back(event);
            }
        }
    }

    /// A parcel has arrived, at this true moment.
    pub(super) fn deliver(&mut self, node: NodeId, parcel: u32, at: Moment) {
        let Some(parcel) = self.post.take(parcel) else {
            return;
        };
        let arrival = Arrival {
            from: parcel.from,
            signer: parcel.signer,
            epoch: parcel.epoch,
            sent: parcel.sent,
            received: self.host(node).clock.read(parcel.read.unwrap_or(at)),
            body: parcel.body,
        };
        self.give(node, Input::Message(arrival));
    }
}

/// What an agent that lies says of the processing it had.
fn lied(body: Body, factor: f64) -> Body {
    match body {
        Body::Beat(mut beat) => {
            let said = Micros::from(beat.claims.processing).scale(factor);
            beat.claims.processing = Micros32::from(said);
            Body::Beat(beat)
        }
        Body::Ack(mut ack) => {
            ack.processing = ack.processing.scale(factor);
            Body::Ack(ack)
        }
        other => other,
    }
}
