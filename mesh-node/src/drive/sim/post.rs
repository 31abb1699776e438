//! How messages travel: who is meant, by which link, what becomes of them on the way.

use super::link::Direction;
use super::node::NodeId;
use super::sabotage::Sabotage;
use super::signing::{Letter, Stamp};
use super::world::{Event, SeatReply, World};
use mesh_core::message::{Body, Epoch};
use mesh_core::place::ClusterId;
use mesh_core::role::{
    Arrival, Event as RoleEvent, From, Input, Output, Outputs, Refusal, To, Work, WorkerEvent,
};
use mesh_core::time::{Micros, Moment};
use mesh_core::trust::KeyId;
use mesh_core::trust::seat::{Claim, Seat};

/// How long the grantor of seats takes to answer.
const GRANT: Micros = Micros::millis(5);

/// Messages under way.
#[derive(Debug, Default)]
pub(super) struct Post {
    parcels: Vec<Option<Parcel>>,
    free: Vec<u32>,
    pub(super) sent: u64,
    pub(super) lost: u64,
}

#[derive(Debug, Clone)]
struct Parcel {
    from: From,
    pub(super) signer: KeyId,
    epoch: Epoch,
    sent: Moment,
    pub(super) stamp: Stamp,
    body: Body,
}

/// Who sends, and with which signature; the same for all copies.
#[derive(Clone)]
pub(super) struct Sender {
    node: NodeId,
    pub(super) signer: KeyId,
    epoch: Epoch,
    sent: Moment,
    pub(super) stamp: Stamp,
}

impl Post {
    /// Messages under way.
    pub(super) const fn underway(&self) -> usize {
        self.parcels.len() - self.free.len()
    }

    /// Whether a parcel is a throw.
    pub(super) fn is_throw(&self, parcel: u32) -> bool {
        let parcel = self.parcels.get(parcel as usize);
        let body = parcel.and_then(|parcel| Some(parcel.as_ref()?.body.content()));
        matches!(body, Some(Body::Throw(_)))
    }

    /// Who sends a parcel, seen from whom it is for. Reads its memory; see [`mesh_core::warm`].
    pub(super) fn sender(&self, parcel: u32) -> Option<From> {
        let parcel = self.parcels.get(parcel as usize)?.as_ref()?;
        // Its ends lie in different lines.
        let ends = (
            parcel.sent.0,
            parcel.signer,
            matches!(parcel.body, Body::Throw(_)),
        );
        core::hint::black_box(ends);
        Some(parcel.from)
    }

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
}

impl World {
    /// Does what a role asked for.
    pub(super) fn carry_out(&mut self, node: NodeId, local: Moment, out: &mut Outputs) {
        if self.saboteur.is_some() {
            self.twisted(node, out);
        }
        for output in out.0.drain(..) {
            match output {
                Output::Send { to, epoch, body } => {
                    self.reports(node, &body);
                    let host = self.host(node);
                    let (silent, rogue, key) = (host.silent, host.rogue, host.key);
                    let body = match (silent, rogue) {
                        (true, _) => None,
                        (false, false) => Some(body),
                        (false, true) => self.twist(node, epoch, to, body),
                    };
                    if let Some(body) = body {
                        let sender = self.signs(node, key, (epoch, local), to, &body);
                        self.send(&sender, to, body);
                    }
                }
                Output::Work(work) => self.work(node, work),
                Output::Claim(claim) => self.claim(node, claim),
                Output::Vacate(seat, epoch) => {
                    let key = self.host(node).key;
                    self.seat_table.release(self.now, seat, key, epoch);
                }
                Output::Depose(seat, epoch) => self.depose(seat, epoch),
                Output::Event(event) => self.note(node, event),
                Output::Reply(id, reply) => self.replied(&id, reply),
                Output::Store(ticket, record) => self.keep(node, ticket, record),
                Output::Recall(epoch) => self.recall(node, epoch),
                Output::Host(act) => self.host_act(act),
                Output::Service(ticket, service) => self.service(node, ticket, *service),
                Output::Keep(entries) => self.keeps(node, entries),
                Output::Record(row) => self.truth.recorded(*row),
                // Quarantined data is kept beside its row; nobody asks for it here.
                Output::Hold(_) => {}
            }
        }
    }

    /// A parcel has arrived.
    pub(super) fn deliver(&mut self, node: NodeId, parcel: u32) {
        if let Some(wait) = self.lies_around(node, parcel) {
            return self
                .queue
                .push(self.now + wait, Event::Deliver(node, parcel));
        }
        let number = parcel;
        let Some(parcel) = self.post.take(parcel) else {
            return;
        };
        if self.broken_by(Sabotage::MailLoop) {
            self.post_twice_again(node, &parcel);
        }
        let received = self.host(node).clock.read(self.now);
        let Parcel {
            from,
            signer,
            epoch,
            sent,
            stamp,
            body,
        } = parcel;
        if self.is_revoked(signer) {
            return self.truth.refused(Refusal::WrongKey);
        }
        let mut parcel = (from, signer, epoch, sent, body);
        if !self.admits(node, &stamp, &mut parcel) {
            return;
        }
        let (from, signer, epoch, sent, body) = parcel;
        if self.host(node).up {
            self.brings(node, epoch, &body);
        }
        let mut arrival = Arrival {
            from,
            signer,
            epoch,
            sent,
            received,
            body,
        };
        self.doctored(node, number, &mut arrival);
        if !self.host(node).up {
            return;
        }
        let stale = self.is_stale(node, from, epoch, signer);
        let refused = self.truth.refused_total;
        self.give(node, Input::Message(arrival));
        self.brought();
        if self.truth.refused_total == refused {
            self.obeyed(node, from, epoch, signer, stale);
        }
    }

    /// What a saboteur does to the post of agents.
    fn post_twice_again(&mut self, node: NodeId, parcel: &Parcel) {
        if let NodeId::Agent(_) = node {
            for _ in 0..2 {
                let copy = self.post.put(parcel.clone());
                self.queue
                    .push(self.now + Micros::millis(1), Event::Deliver(node, copy));
            }
        }
    }

    /// A worker is done preparing.
    pub(super) fn prepared(&mut self, agent: u32, throw: u32) {
        let operation = self.truth.operation(throw);
        let said = if self.agents[agent as usize].host.rogue {
            self.verdict(agent, operation)
        } else {
            WorkerEvent::Ready(operation)
        };
        self.give(NodeId::Agent(agent), Input::Worker(said));
    }

    /// A message that no role has asked for, in the name of a node's own key.
    pub(super) fn speak(&mut self, node: NodeId, epoch: Epoch, to: To, body: Body) {
        let host = self.host(node);
        let (key, sent) = (host.key, host.clock.read(self.now));
        let sender = self.signs(node, key, (epoch, sent), to, &body);
        self.send(&sender, to, body);
    }

    /// A message to a cluster's lead over the link of `node`, signed with another's key.
    pub(super) fn speak_as(&mut self, node: NodeId, signer: KeyId, leads: [u32; 2], body: Body) {
        let NodeId::Agent(index) = node else { return };
        let slot = u16::from(self.agents[index as usize].role.place().slot());
        let when = (Epoch::default(), self.host(node).clock.read(self.now));
        let sender = self.signs(node, signer, when, To::Parent, &body);
        self.send_up(&sender, leads, slot, body);
    }

    /// The sender of a message, with the signature of that key over it.
    pub(super) fn signs(
        &mut self,
        node: NodeId,
        signer: KeyId,
        (epoch, sent): (Epoch, Moment),
        to: To,
        body: &Body,
    ) -> Sender {
        let stamp = self.stamped(&Letter {
            node,
            signer,
            epoch,
            sent,
            to,
            body,
        });
        Sender {
            node,
            signer,
            epoch,
            sent,
            stamp,
        }
    }

    pub(super) fn send(&mut self, sender: &Sender, to: To, body: Body) {
        match (sender.node, to) {
            (NodeId::Agent(index), To::Parent) => {
                let agent = &self.agents[index as usize];
                let slot = u16::from(agent.role.place().slot());
                let leads = self.clusters[agent.cluster as usize].leads;
                self.send_up(sender, leads, slot, body);
            }
            // An agent has no children.
            (NodeId::Agent(_), _) => {}
            (NodeId::Seat(index), to) => match self.seats[index as usize].seat {
                Seat::Orchestrator => self.send_from_top(sender, to, &body),
                Seat::Coordinator(sector) => {
                    self.send_from_sector(sender, sector.index(), to, body);
                }
                Seat::Lead(cluster) => self.send_from_cluster(sender, cluster, to, body),
            },
        }
    }

    fn send_from_top(&mut self, sender: &Sender, to: To, body: &Body) {
        match to {
            To::Parent | To::Peer(_) => {}
            To::Child(slot) => self.send_to_coordinators(sender, usize::from(slot), body),
            To::Children(slots) => slots
                .iter()
                .for_each(|slot| self.send_to_coordinators(sender, usize::from(slot), body)),
            To::Everyone => (0..self.sectors.len())
                .for_each(|sector| self.send_to_coordinators(sender, sector, body)),
        }
    }

    fn send_to_coordinators(&mut self, sender: &Sender, sector: usize, body: &Body) {
        if let Some(info) = self.sectors.get(sector) {
            self.send_down(sender, info.coordinators, body);
        }
    }

    fn send_from_sector(&mut self, sender: &Sender, sector: usize, to: To, body: Body) {
        match to {
            To::Parent => self.send_up(sender, self.orchestrators, sector as u16, body),
            To::Peer(slot) => self.send_across(sender, sector as u16, usize::from(slot), &body),
            To::Child(slot) => self.send_to_leads(sender, sector, usize::from(slot), &body),
            To::Children(slots) => slots
                .iter()
                .for_each(|slot| self.send_to_leads(sender, sector, usize::from(slot), &body)),
            To::Everyone => {
                (0..self.sectors[sector].clusters.len())
                    .for_each(|slot| self.send_to_leads(sender, sector, slot, &body));
            }
        }
    }

    /// From one sector's coordinator to another's.
    fn send_across(&mut self, sender: &Sender, own: u16, sector: usize, body: &Body) {
        let Some(info) = self.sectors.get(sector) else {
            return;
        };
        for holder in info.coordinators {
            if self.seats[holder as usize].role.serving() {
                let (to, from) = (NodeId::Seat(holder), From::Peer(own));
                self.hand_over(sender, to, from, body.clone());
            }
        }
    }

    fn send_to_leads(&mut self, sender: &Sender, sector: usize, slot: usize, body: &Body) {
        if let Some(&cluster) = self.sectors[sector].clusters.get(slot) {
            self.send_down(sender, self.clusters[cluster as usize].leads, body);
        }
    }

    fn send_from_cluster(&mut self, sender: &Sender, cluster: ClusterId, to: To, body: Body) {
        let index = self.cluster_index(cluster);
        let info = &self.clusters[index];
        match to {
            To::Parent => {
                let holders = self.sectors[info.sector as usize].coordinators;
                self.send_up(sender, holders, u16::from(cluster.slot()), body);
            }
            // Leads have no peers.
            To::Peer(_) => {}
            To::Child(slot) => {
                if let Some(&agent) = info.agents.get(usize::from(slot)) {
                    self.hand_over(sender, NodeId::Agent(agent), From::Parent, body);
                }
            }
            To::Children(slots) => {
                for slot in slots.iter() {
                    if let Some(&agent) = self.clusters[index].agents.get(usize::from(slot)) {
                        self.hand_over(sender, NodeId::Agent(agent), From::Parent, body.clone());
                    }
                }
            }
            To::Everyone => {
                for slot in 0..info.agents.len() {
                    let agent = self.clusters[index].agents[slot];
                    self.hand_over(sender, NodeId::Agent(agent), From::Parent, body.clone());
                }
            }
        }
    }

    /// To whoever of the two holds the seat above, or thinks so.
    fn send_up(&mut self, sender: &Sender, holders: [u32; 2], slot: u16, body: Body) {
        let [first, second] = holders.map(|holder| self.serving[holder as usize]);
        match (first, second) {
            (true, true) => {
                self.hand_over(
                    sender,
                    NodeId::Seat(holders[0]),
                    From::Child(slot),
                    body.clone(),
                );
                self.hand_over(sender, NodeId::Seat(holders[1]), From::Child(slot), body);
            }
            (true, false) => {
                self.hand_over(sender, NodeId::Seat(holders[0]), From::Child(slot), body);
            }
            (false, true) => {
                self.hand_over(sender, NodeId::Seat(holders[1]), From::Child(slot), body);
            }
            (false, false) => self.post.lost += 1,
        }
    }

    fn send_down(&mut self, sender: &Sender, holders: [u32; 2], body: &Body) {
        for holder in holders {
            if self.serving[holder as usize] {
                self.hand_over(sender, NodeId::Seat(holder), From::Parent, body.clone());
            }
        }
    }

    /// One message over one link. The link is that of the lower of the two ends.
    fn hand_over(&mut self, sender: &Sender, to: NodeId, from: From, body: Body) {
        self.post.sent += 1;
        let (lower, direction) = match from {
            From::Parent | From::Peer(_) => (to, Direction::Down),
            From::Child(_) => (sender.node, Direction::Up),
        };
        if self.cut(sender.node, to) {
            self.post.lost += 1;
            self.loses(sender.node, to, &body);
            return;
        }
        let host = match lower {
            NodeId::Agent(index) => &mut self.agents[index as usize].host,
            NodeId::Seat(index) => &mut self.seats[index as usize].host,
        };
        let fate = host.link.send(
            direction,
            &self.faults[usize::from(host.faults)],
            &mut self.chance,
        );
        let Some(delay) = fate.delay else {
            self.post.lost += 1;
            self.loses(sender.node, to, &body);
            return;
        };
        let parcel = |body| Parcel {
            from,
            signer: sender.signer,
            epoch: sender.epoch,
            sent: sender.sent,
            stamp: sender.stamp.clone(),
            body,
        };
        if let Some(copy) = fate.copy {
            let parcel = self.post.put(parcel(body.clone()));
            self.queue.push(self.now + copy, Event::Deliver(to, parcel));
        }
        let parcel = self.post.put(parcel(body));
        self.queue
            .push(self.now + delay, Event::Deliver(to, parcel));
    }

    fn work(&mut self, node: NodeId, work: Work) {
        let NodeId::Agent(index) = node else { return };
        match work {
            Work::Prepare { header, .. } => {
                let Some(throw) = self.truth.number(header.id) else {
                    return;
                };
                self.starts_throw(index, header.id.0);
                self.works(index, header.id);
                self.prepares(index, throw, &header);
                let agent = &mut self.agents[index as usize];
                let queue = agent.device.queue();
                let took =
                    agent
                        .device
                        .processing(header.weight, u32::from(queue), &mut self.chance);
                if !self.broken_by(Sabotage::NeverReady) {
                    self.queue
                        .push(self.now + took, Event::Prepared(index, throw));
                }
            }
            Work::Release {
                operation,
                target,
                bound,
            } => {
                self.works(index, operation);
                let agent = &self.agents[index as usize];
                let held = agent.host.clock.when(target);
                let off = self
                    .truth
                    .released(self.now, agent.role.place(), operation, held);
                self.releases(index, operation, target, off.unwrap_or_default(), bound);
            }
            Work::Task(order) => {
                self.starts_task(index, &order.id);
                self.chore(index, &order);
            }
            Work::GiveUp(id) => self.give_up(index, id),
            Work::Drop(id) => self.drop_chore(index, &id),
            Work::Freeze => self.stop_work(index),
            Work::Errand(errand) => self.errand(index, &errand),
            Work::Returned(returned) => self.errands.returned.push((index, returned)),
            // The role says in its next beat what it holds; fetching it is the driver's matter and takes no time here.
            Work::Cancel { .. } | Work::Thaw | Work::Reload(_) => {}
        }
    }

    /// A seat is taken from its holder: it is lost to the mesh as if that had died.
    fn depose(&mut self, seat: Seat, epoch: Epoch) {
        let before = self.seat_table.holder(self.now, seat);
        self.seat_table.depose(self.now, seat, epoch);
        if before.is_some() && self.seat_table.holder(self.now, seat).is_none() {
            self.truth.died(self.now, seat);
        }
    }

    fn claim(&mut self, node: NodeId, claim: Claim) {
        let NodeId::Seat(index) = node else { return };
        if let Some(reply) = self.grant(claim) {
            self.queue.push(
                self.now + GRANT,
                Event::Seat(index, claim.epoch, SeatReply::of(reply)),
            );
        }
    }

    fn note(&mut self, node: NodeId, event: RoleEvent) {
        match event {
            RoleEvent::Thrown(operation, target) => {
                let target = self.host(node).clock.when(target);
                self.opened(node, operation, target);
            }
            RoleEvent::Told(event) => self.told(&event),
            RoleEvent::Refused(why) => self.truth.refused(why),
            RoleEvent::Serving(seat, epoch) => {
                self.seated(node, epoch);
                self.enthroned(node);
                self.truth.serving(self.now, seat);
            }
            RoleEvent::Stopped(..) => self.dethroned(node),
            RoleEvent::Sealed(sheet) => {
                self.ended(node, &sheet);
                self.truth.sealed(*sheet);
            }
            RoleEvent::LevelRefused(..) => self.truth.refused(Refusal::Unexpected),
            RoleEvent::Freezing(report) => self.freezing(&report),
            RoleEvent::Frozen(report, names) => self.frozen(&report, &names),
            RoleEvent::Notice(notice) => {
                self.begin_incident(&notice);
                self.truth.noticed(self.now, &notice);
            }
            RoleEvent::Unprotected(refused) => {
                self.truth.refused(Refusal::Unexpected);
                if std::env::var_os("MESH_SIM_TRACE").is_some() {
                    eprintln!("{} {:?}", self.now, refused);
                }
            }
            RoleEvent::Conflict(_)
            | RoleEvent::Settled(_)
            | RoleEvent::ConflictAlert { .. }
            | RoleEvent::ConflictAction(..)
            | RoleEvent::ConflictDropped(_) => {}
        }
    }

    /// Where a cluster is kept.
    pub(super) fn cluster_index(&self, id: ClusterId) -> usize {
        self.sectors[id.sector.index()].clusters[usize::from(id.slot())] as usize
    }
}
