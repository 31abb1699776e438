//! A small mesh in virtual time without loss: two sectors of two clusters of three agents, all four roles, nothing faked
//! but the network, the keys and the grantor of seats.

use super::*;
use crate::guard::freeze::FreezeReport;
use crate::message::{Answer, MessageId, SkipReason};
use crate::place::{ClusterId, Shape};
use crate::role::{
    Agent, Arrival, Coordinator, Input, Lead, Orchestrator, Order, Work, WorkerEvent,
};
use crate::throw::Sheet;
use crate::time::{Boot, WallTime};
use crate::trust::KeyId;
use crate::trust::key::Signature;
use crate::trust::seat::SeatAnswer;
use crate::unit::Digest;

const SHAPE: Shape = Shape {
    sectors: 2,
    clusters: 2,
    agents: 3,
};
const DELAY: Micros = Micros::millis(5);

/// Signs with one name; whose signature it is shows in the digest.
#[derive(Debug)]
struct Name(Signatory);

impl Notary for Name {
    fn sign(&self, _: Signatory, bytes: &[u8]) -> Signature {
        signature(self.0, bytes)
    }
    fn vouch(&self, who: Signatory, bytes: &[u8], given: &Signature) -> bool {
        signature(who, bytes) == *given
    }
}

fn signature(who: Signatory, bytes: &[u8]) -> Signature {
    let mut text = format!("{who:?}").into_bytes();
    text.extend_from_slice(bytes);
    let mut signature = Signature::default();
    signature.0[..32].copy_from_slice(&Digest::of(&text).0);
    signature
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    Top,
    Sector(SectorId),
    Cluster(ClusterId),
    Agent(AgentId),
}

#[derive(Debug)]
enum Role {
    Top(Box<Orchestrator>),
    Sector(Box<Coordinator>),
    Cluster(Box<Lead>),
    Agent(Box<Agent>),
}

#[derive(Debug)]
struct Mesh {
    now: Moment,
    nodes: BTreeMap<Node, Role>,
    disks: BTreeMap<Node, Vec<Entry>>,
    boots: BTreeMap<Node, u32>,
    /// With which key the holder of a seat signs.
    keys: BTreeMap<Node, KeyId>,
    seats: BTreeMap<Node, (Epoch, u32)>,
    queue: BTreeMap<(Moment, u64), (Node, Input)>,
    count: u64,
    cut: Vec<Node>,
    released: Vec<AgentId>,
    declined: Vec<(AgentId, SkipReason)>,
    refused: Vec<Refusal>,
    sheets: Vec<Sheet>,
    frozen: Vec<(FreezeReport, Vec<AgentId>)>,
}

impl Mesh {
    /// Everybody in place, with time to report.
    fn new() -> Self {
        let mut mesh = Self {
            now: Moment(0),
            nodes: BTreeMap::new(),
            disks: BTreeMap::new(),
            boots: BTreeMap::new(),
            keys: BTreeMap::new(),
            seats: BTreeMap::new(),
            queue: BTreeMap::new(),
            count: 0,
            cut: Vec::new(),
            released: Vec::new(),
            declined: Vec::new(),
            refused: Vec::new(),
            sheets: Vec::new(),
            frozen: Vec::new(),
        };
        mesh.start(Node::Top);
        SHAPE
            .all_sectors()
            .for_each(|id| mesh.start(Node::Sector(id)));
        SHAPE
            .all_clusters()
            .for_each(|id| mesh.start(Node::Cluster(id)));
        SHAPE
            .all_agents()
            .for_each(|id| mesh.start(Node::Agent(id)));
        mesh.run(Micros::seconds(17));
        mesh
    }

    /// A node starts (again): a role that knows nothing but its disk.
    fn start(&mut self, node: Node) {
        let boot = self.boots.entry(node).or_default();
        *boot += 1;
        let (boot, key) = (Boot(*boot), KeyId(self.nodes.len() as u64 + 1));
        let (role, who) = match node {
            Node::Top => {
                let role = Role::Top(Box::new(Orchestrator::new(SHAPE, key)));
                (role, Signatory::Seat(Author::Orchestrator))
            }
            Node::Sector(id) => {
                let role = Role::Sector(Box::new(Coordinator::new(id, SHAPE.clusters, key)));
                (role, Signatory::Seat(Author::Coordinator(id)))
            }
            Node::Cluster(id) => {
                let classes = [Class::Edge; 3].into();
                let role = Role::Cluster(Box::new(Lead::new(id, classes, key)));
                (role, Signatory::Seat(Author::Lead(id)))
            }
            Node::Agent(id) => {
                let role = Role::Agent(Box::new(Agent::new(id, Class::Edge)));
                (role, Signatory::Agent(id))
            }
        };
        if !matches!(node, Node::Agent(_)) {
            self.keys.insert(node, key);
        }
        self.nodes.insert(node, role);
        let start = Start {
            boot,
            seed: 7,
            wall: WallTime(1),
            lossy: false,
            notary: Arc::new(Name(who)),
            levels: self.disks.get(&node).cloned().unwrap_or_default().into(),
        };
        self.give(node, Input::Start(start));
    }

    /// Starts it with an empty disk.
    fn replace(&mut self, node: Node) {
        self.disks.remove(&node);
        self.start(node);
    }

    fn run(&mut self, span: Micros) {
        let end = self.now + span;
        loop {
            let wake = self
                .nodes
                .iter()
                .map(|(node, role)| (role.next_wake(), *node));
            let wake = wake.min().expect("there are nodes");
            let next = self.queue.keys().next().copied();
            match next {
                Some(key) if key.0 <= wake.0 && key.0 <= end => {
                    self.now = key.0;
                    let (node, input) = self.queue.remove(&key).expect("it was just seen");
                    self.give(node, input);
                }
                _ if wake.0 <= end => {
                    self.now = self.now.max(wake.0);
                    self.give(wake.1, Input::Wake);
                }
                _ => break,
            }
        }
        self.now = end;
    }

    fn give(&mut self, node: Node, input: Input) {
        let mut out = Outputs::default();
        let now = self.now;
        match self.nodes.get_mut(&node).expect("a node") {
            Role::Top(role) => role.handle(now, input, &mut out),
            Role::Sector(role) => role.handle(now, input, &mut out),
            Role::Cluster(role) => role.handle(now, input, &mut out),
            Role::Agent(role) => role.handle(now, input, &mut out),
        }
        self.carry_out(node, out);
    }

    fn carry_out(&mut self, node: Node, out: Outputs) {
        for output in out.0 {
            match output {
                Output::Send { to, epoch, body } => self.send(node, to, epoch, &body),
                Output::Work(work) => self.work(node, work),
                Output::Claim(claim) => {
                    // Whoever starts last has the seat; it has to go above the one before it.
                    let boot = self.boots[&node];
                    let held = self.seats.entry(node).or_insert((claim.epoch, boot));
                    let (epoch, holder) = (held.0, KeyId(u64::from(held.1)));
                    let answer = if holder.0 == u64::from(boot) || claim.epoch > epoch {
                        *held = (claim.epoch, boot);
                        SeatAnswer::Granted { epoch: claim.epoch }
                    } else {
                        SeatAnswer::Refused {
                            holder: KeyId(0),
                            epoch,
                        }
                    };
                    self.post(self.now, node, Input::Seat(claim.epoch, answer));
                }
                Output::Keep(entries) => {
                    let disk = self.disks.entry(node).or_default();
                    if let Node::Agent(_) = node {
                        disk.clear();
                    }
                    disk.extend(entries.iter().cloned());
                }
                Output::Event(Event::LevelRefused(_, refusal)) => self.refused.push(*refusal),
                Output::Event(Event::Sealed(sheet)) => self.sheets.push(*sheet),
                Output::Event(Event::Frozen(report, names)) => {
                    self.frozen.push((*report, names.to_vec()));
                }
                _ => {}
            }
        }
    }

    fn work(&mut self, node: Node, work: Work) {
        let Node::Agent(agent) = node else { return };
        let soon = self.now + Micros::millis(2);
        match work {
            Work::Prepare { header, .. } => {
                self.post(soon, node, Input::Worker(WorkerEvent::Ready(header.id)));
            }
            Work::Freeze => self.post(soon, node, Input::Worker(WorkerEvent::Still)),
            Work::Release { .. } => self.released.push(agent),
            // No tasks and no errands in this harness.
            Work::Cancel { .. }
            | Work::Thaw
            | Work::Task(_)
            | Work::GiveUp(_)
            | Work::Drop(_)
            | Work::Reload(_)
            | Work::Errand(_)
            | Work::Returned(_) => {}
        }
    }

    fn send(&mut self, node: Node, to: To, epoch: Epoch, body: &Body) {
        if let (Node::Agent(agent), Body::Ack(ack)) = (node, body)
            && let Answer::Declined(reason) = ack.answer
        {
            self.declined.push((agent, reason));
        }
        let (parent, slot, children): (Option<Node>, u16, Vec<Node>) = match node {
            Node::Top => (None, 0, SHAPE.all_sectors().map(Node::Sector).collect()),
            Node::Sector(id) => {
                let clusters = (0..SHAPE.clusters).map(|slot| Node::Cluster(id.cluster(slot)));
                (Some(Node::Top), id.index() as u16, clusters.collect())
            }
            Node::Cluster(id) => {
                let agents = (0..SHAPE.agents).map(|slot| Node::Agent(id.agent(slot)));
                let sector = Some(Node::Sector(id.sector));
                (sector, u16::from(id.slot()), agents.collect())
            }
            Node::Agent(id) => {
                let lead = Some(Node::Cluster(id.cluster));
                (lead, u16::from(id.slot()), Vec::new())
            }
        };
        let whom: Vec<(Node, From)> = match to {
            To::Parent => parent
                .map(|node| (node, From::Child(slot)))
                .into_iter()
                .collect(),
            To::Child(slot) => vec![(children[usize::from(slot)], From::Parent)],
            To::Children(slots) => {
                let child = |slot: u8| (children[usize::from(slot)], From::Parent);
                slots.iter().map(child).collect()
            }
            To::Peer(peer) => {
                let peer = Node::Sector(SectorId::at(usize::from(peer)));
                vec![(peer, From::Peer(slot))]
            }
            To::Everyone => children
                .iter()
                .map(|child| (*child, From::Parent))
                .collect(),
        };
        for (receiver, from) in whom {
            if self.cut.contains(&node) || self.cut.contains(&receiver) {
                continue;
            }
            let arrival = Arrival {
                from,
                signer: self.keys.get(&node).copied().unwrap_or(KeyId(0)),
                epoch,
                sent: self.now,
                received: self.now + DELAY,
                body: body.clone(),
            };
            self.post(self.now + DELAY, receiver, Input::Message(arrival));
        }
    }

    fn post(&mut self, at: Moment, node: Node, input: Input) {
        self.count += 1;
        self.queue.insert((at, self.count), (node, input));
    }

    fn write(
        &mut self,
        node: Node,
        kind: Kind,
        region: Region,
        value: Value,
    ) -> Result<Stamp, WriteError> {
        self.write_for(node, kind, region, value, None)
    }

    fn write_for(
        &mut self,
        node: Node,
        kind: Kind,
        region: Region,
        value: Value,
        lasting: Option<Micros>,
    ) -> Result<Stamp, WriteError> {
        let (now, mut out) = (self.now, Outputs::default());
        let stamp = match self.nodes.get_mut(&node).expect("a node") {
            Role::Top(role) => role.write(now, kind, region, value, lasting, &mut out),
            Role::Sector(role) => role.write(now, kind, region, value, lasting, &mut out),
            Role::Cluster(role) => role.write(now, kind, region, value, lasting, &mut out),
            Role::Agent(_) => panic!("agents write nothing"),
        };
        self.carry_out(node, out);
        stamp
    }

    /// A throw to all, and its sheet.
    fn throw(&mut self) -> Sheet {
        let mut out = Outputs::default();
        let now = self.now;
        let Some(Role::Top(role)) = self.nodes.get_mut(&Node::Top) else {
            panic!("there is an orchestrator")
        };
        let thrown: Option<MessageId> = role.throw(now, &Order::default(), |_, _| true, &mut out);
        let thrown = thrown.expect("it serves");
        self.carry_out(Node::Top, out);
        self.run(Micros::seconds(4));
        let sheet = self.sheets.iter().find(|sheet| sheet.operation == thrown);
        sheet.expect("it has ended").clone()
    }

    fn agent(&self, text: &str) -> &Agent {
        match &self.nodes[&agent(text)] {
            Role::Agent(role) => role,
            _ => panic!("an agent"),
        }
    }

    fn frozen(&self) -> Vec<bool> {
        let agents = SHAPE.all_agents();
        agents
            .map(|id| self.agent(&id.to_string()).applied().frozen().is_some())
            .collect()
    }

    fn agrees(&self) -> bool {
        let Role::Top(top) = &self.nodes[&Node::Top] else {
            return false;
        };
        self.nodes.iter().all(|(node, role)| match (node, role) {
            (Node::Sector(id), Role::Sector(role)) => {
                role.desired().digest() == top.desired().levels().digest(Region::Sector(*id))
            }
            (Node::Cluster(id), Role::Cluster(role)) => {
                role.desired().digest() == top.desired().levels().digest(Region::Cluster(*id))
            }
            (Node::Agent(id), Role::Agent(role)) => {
                let region = Region::Cluster(id.cluster);
                role.applied().digest() == top.desired().levels().digest(region)
            }
            _ => true,
        })
    }
}

impl Role {
    fn next_wake(&self) -> Moment {
        match self {
            Self::Top(role) => role.next_wake(),
            Self::Sector(role) => role.next_wake(),
            Self::Cluster(role) => role.next_wake(),
            Self::Agent(role) => role.next_wake(),
        }
    }
}

fn agent(text: &str) -> Node {
    Node::Agent(text.parse().expect("an agent"))
}

fn cluster(text: &str) -> ClusterId {
    text.parse().expect("a cluster")
}

const BEATS: Micros = Micros::seconds(12);
const MOMENT: Micros = Micros::millis(300);
const EVERYBODY: usize = 12;

#[test]
fn a_freeze_stops_everybody_at_once_and_ends_with_their_signatures() {
    let mut mesh = Mesh::new();
    let epoch = mesh.write(Node::Top, Kind::Freeze, Region::All, Value::Hold);
    mesh.run(MOMENT);
    assert_eq!(mesh.frozen(), [true; EVERYBODY]);
    let [(report, names)] = &mesh.frozen[..] else {
        panic!("one freeze has ended, {:?}", mesh.frozen)
    };
    assert_eq!((Ok(report.epoch), report.proven), (epoch, EVERYBODY));
    assert!(report.is_complete() && names.is_empty() && report.elapsed < Micros::millis(200));
    mesh.run(BEATS);
    assert!(mesh.agrees());
}

#[test]
fn a_frozen_mesh_stays_frozen_for_late_joiners() {
    let mut mesh = Mesh::new();
    mesh.write(Node::Top, Kind::Freeze, Region::All, Value::Hold)
        .expect("written");
    mesh.run(MOMENT);
    // A restarted agent knows it from its disk, a new one from its lead before it takes anything.
    mesh.start(agent("1-1-1"));
    assert!(mesh.agent("1-1-1").applied().frozen().is_some());
    mesh.replace(agent("1-1-2"));
    assert!(!mesh.agent("1-1-2").applied().settled());
    mesh.run(MOMENT);
    assert_eq!(mesh.frozen(), [true; EVERYBODY]);
    // All who hold a seat are replaced: the agents teach them.
    mesh.replace(Node::Cluster(cluster("1-1")));
    mesh.replace(Node::Sector(SectorId(1)));
    mesh.replace(Node::Sector(SectorId(2)));
    mesh.replace(Node::Top);
    mesh.run(BEATS);
    mesh.replace(agent("1-1-3"));
    mesh.run(BEATS);
    assert_eq!(mesh.frozen(), [true; EVERYBODY]);
    assert!(mesh.agrees());
    let Role::Top(top) = &mesh.nodes[&Node::Top] else {
        panic!("an orchestrator")
    };
    assert!(
        top.desired()
            .levels()
            .standing(&Kind::Freeze, Region::All)
            .is_some()
    );
    assert_eq!(mesh.released, [], "nothing was released");
}

#[test]
fn an_agent_that_has_never_compared_with_its_lead_takes_nothing() {
    let mut mesh = Mesh::new();
    let id = "2-1-1".parse().expect("an agent");
    mesh.replace(agent("2-1-1"));
    let sheet = mesh.throw();
    let settled = mesh.agent("2-1-1").applied().settled();
    assert!(settled && (sheet.account.ready as usize) < EVERYBODY);
    let reasons: Vec<SkipReason> = mesh
        .declined
        .iter()
        .filter(|(of, _)| *of == id)
        .map(|(_, why)| *why)
        .collect();
    assert!(
        reasons
            .iter()
            .all(|why| matches!(why, SkipReason::Settling | SkipReason::Clock)),
        "{reasons:?}"
    );
    assert_eq!(mesh.throw().account.ready as usize, EVERYBODY);
}

#[test]
fn a_sector_that_was_cut_off_learns_of_the_freeze_at_its_next_beats() {
    let mut mesh = Mesh::new();
    mesh.cut = vec![Node::Sector(SectorId(2))];
    mesh.write(Node::Top, Kind::Freeze, Region::All, Value::Hold)
        .expect("written");
    mesh.run(Micros::seconds(20));
    assert_eq!(mesh.frozen().iter().filter(|frozen| **frozen).count(), 6);
    mesh.cut.clear();
    mesh.run(BEATS);
    assert_eq!(mesh.frozen(), [true; EVERYBODY]);
    assert!(mesh.agrees());
    let (report, _) = mesh.frozen.last().expect("it has ended");
    assert!(report.is_complete(), "{report:?}");
}

#[test]
fn a_freeze_that_is_not_proven_names_who_did_not_stop() {
    let mut mesh = Mesh::new();
    mesh.cut = vec![agent("2-2-3")];
    mesh.write(Node::Top, Kind::Freeze, Region::All, Value::Hold)
        .expect("written");
    mesh.run(Micros::seconds(31));
    let [(report, names)] = &mesh.frozen[..] else {
        panic!("the freeze has ended, {:?}", mesh.frozen)
    };
    assert_eq!((report.claimed, report.proven), (11, 11));
    assert_eq!(names[..], ["2-2-3".parse().expect("an agent")]);
    mesh.cut.clear();
    mesh.run(BEATS);
    let Role::Top(top) = &mesh.nodes[&Node::Top] else {
        panic!("an orchestrator")
    };
    assert!(
        top.freezes(mesh.now).all(|report| report.is_complete()),
        "late proofs count"
    );
}

#[test]
fn a_lead_cannot_thaw() {
    let mut mesh = Mesh::new();
    mesh.write(Node::Top, Kind::Freeze, Region::All, Value::Hold)
        .expect("written");
    mesh.run(MOMENT);
    let own = cluster("1-2");
    let lead = Node::Cluster(own);
    let thaw = mesh.write(lead, Kind::Freeze, Region::Cluster(own), Value::Lift);
    assert!(matches!(
        thaw,
        Err(WriteError::Refused(Refusal::Unauthorised { .. }))
    ));
    // Nor in another's name, which it cannot sign for, to those who obey it, nor to those above.
    let forged = Entry {
        kind: Kind::Freeze,
        region: Region::Cluster(own),
        value: Value::Lift,
        stamp: Stamp {
            term: 1_000,
            counter: 1,
        },
        author: Author::Orchestrator,
        lasting: None,
        signature: Signature::default(),
    };
    let forged = forged.signed(|bytes| signature(Signatory::Seat(Author::Lead(own)), bytes));
    let body = Body::Levels([forged].into());
    let (epoch, _) = mesh.seats[&lead];
    mesh.send(lead, To::Everyone, epoch, &body);
    mesh.send(lead, To::Parent, epoch, &body);
    mesh.run(BEATS);
    assert_eq!(mesh.frozen(), [true; EVERYBODY]);
    let refusal = Refusal::Signature(Author::Orchestrator);
    assert_eq!(
        mesh.refused,
        vec![refusal; 4],
        "three agents and the coordinator"
    );
    assert!(mesh.agrees());
}

#[test]
fn a_lead_holds_only_what_is_below_itself() {
    let mut mesh = Mesh::new();
    let (own, other) = (cluster("1-1"), cluster("1-2"));
    let lead = Node::Cluster(own);
    let beyond = mesh.write(lead, Kind::Freeze, Region::Cluster(other), Value::Hold);
    assert!(beyond.is_err());
    mesh.write(lead, Kind::Freeze, Region::Cluster(own), Value::Hold)
        .expect("its own");
    mesh.run(MOMENT);
    let frozen: Vec<usize> = (0..EVERYBODY).filter(|n| mesh.frozen()[*n]).collect();
    assert_eq!(frozen, [0, 1, 2]);
    assert_eq!(
        mesh.frozen.len(),
        1,
        "the orchestrator follows it as its own"
    );
    mesh.run(BEATS);
    assert!(mesh.agrees());
}

#[test]
fn a_thaw_after_a_coordinators_freeze_wins() {
    let mut mesh = Mesh::new();
    let sector = Region::Sector(SectorId(2));
    mesh.write(Node::Sector(SectorId(2)), Kind::Freeze, sector, Value::Hold)
        .expect("its own");
    mesh.run(MOMENT);
    assert_eq!(mesh.frozen().iter().filter(|frozen| **frozen).count(), 6);
    mesh.write(Node::Top, Kind::Freeze, Region::All, Value::Lift)
        .expect("written");
    mesh.run(MOMENT);
    assert_eq!(mesh.frozen(), [false; EVERYBODY]);
    assert_eq!(mesh.throw().account.ready as usize, EVERYBODY);
    mesh.run(BEATS);
    assert!(mesh.agrees());
}

#[test]
fn a_frozen_mesh_skips_what_is_thrown_and_a_thawed_one_takes_it() {
    let mut mesh = Mesh::new();
    let half = Region::Sector(SectorId(1));
    mesh.write(Node::Top, Kind::Freeze, half, Value::Hold)
        .expect("written");
    mesh.run(MOMENT);
    let sheet = mesh.throw();
    assert!(sheet.account.balanced());
    assert_eq!((sheet.account.ready, sheet.account.skipped), (6, 6));
    assert!(
        mesh.released
            .iter()
            .all(|agent| agent.sector() == SectorId(2))
    );
    assert_eq!(mesh.declined, [], "the leads did not even send");
    mesh.write(Node::Top, Kind::Freeze, half, Value::Lift)
        .expect("written");
    mesh.run(MOMENT);
    assert_eq!(mesh.throw().account.ready as usize, EVERYBODY);
}

#[test]
fn a_freeze_ends_what_is_held_and_every_target_has_one_outcome() {
    let (mut withheld, mut let_go) = (0, 0);
    // The freeze comes before the leads send, while agents prepare, while they hold, and when all is done.
    for after in (0..1_040).step_by(10) {
        let mut mesh = Mesh::new();
        let (now, mut out) = (mesh.now, Outputs::default());
        let order = Order {
            within: Some(Micros::seconds(1)),
            ..Order::default()
        };
        let Some(Role::Top(top)) = mesh.nodes.get_mut(&Node::Top) else {
            panic!("an orchestrator")
        };
        top.throw(now, &order, |_, _| true, &mut out)
            .expect("it serves");
        mesh.carry_out(Node::Top, out);
        mesh.run(Micros::millis(after));
        mesh.write(Node::Top, Kind::Freeze, Region::All, Value::Hold)
            .expect("written");
        mesh.run(Micros::seconds(5));
        let [sheet] = &mesh.sheets[..] else {
            panic!("one outcome, after {after} ms: {:?}", mesh.sheets)
        };
        let account = sheet.account;
        assert!(account.balanced(), "after {after} ms: {account:?}");
        assert_eq!(account.ready as usize, mesh.released.len());
        assert_eq!(account.ready + account.skipped, EVERYBODY as u32);
        assert_eq!(mesh.frozen(), [true; EVERYBODY]);
        let_go += mesh.declined.len();
        withheld += account.skipped as usize - mesh.declined.len();
    }
    assert!(
        withheld > 0 && let_go > 0,
        "{withheld} withheld, {let_go} let go"
    );
}

#[test]
fn what_is_barred_is_skipped_with_its_reason() {
    for (kind, reason) in [
        (Kind::Quarantine, SkipReason::Quarantined),
        (Kind::Avoid, SkipReason::Avoided),
        (Kind::Breaker, SkipReason::Breaker),
        (Kind::Freeze, SkipReason::Frozen),
    ] {
        let mut mesh = Mesh::new();
        let own = cluster("1-1");
        let lead = Node::Cluster(own);
        mesh.write(lead, kind, Region::Agent(own.agent(1)), Value::Hold)
            .expect("its own");
        mesh.run(MOMENT);
        let sheet = mesh.throw();
        assert_eq!(sheet.account.ready, 11, "{reason}");
        assert_eq!(sheet.skips, [(reason, 1)]);
    }
}

#[test]
fn a_hold_that_is_meant_to_pass_is_lifted_by_itself_and_by_a_successor() {
    for replaced in [false, true] {
        let mut mesh = Mesh::new();
        let own = cluster("2-1");
        let lead = Node::Cluster(own);
        let lasting = Some(Micros::seconds(20));
        mesh.write_for(
            lead,
            Kind::Avoid,
            Region::Cluster(own),
            Value::Hold,
            lasting,
        )
        .expect("its own");
        mesh.run(Micros::seconds(15));
        if replaced {
            mesh.replace(lead);
        }
        let avoided = |mesh: &Mesh| {
            let role = mesh.agent("2-1-1");
            role.applied().effective(role.place(), role.class()).avoided
        };
        assert!(avoided(&mesh));
        mesh.run(Micros::seconds(if replaced { 26 } else { 6 }));
        assert!(!avoided(&mesh), "replaced: {replaced}");
        assert!(mesh.agrees());
    }
}

#[test]
fn what_protects_travels_with_the_proof_of_its_term() {
    let mut mesh = Mesh::new();
    // Coordinator 1 learns the term by a command that lead 1-2 never sees.
    let (first, second) = (cluster("1-1"), cluster("1-2"));
    mesh.write(Node::Top, Kind::Avoid, Region::Cluster(first), Value::Hold)
        .expect("written");
    mesh.run(MOMENT);
    let sector = Node::Sector(SectorId(1));
    let at = Region::Agent(second.agent(0));
    let stamp = mesh
        .write(sector, Kind::Quarantine, at, Value::Hold)
        .expect("its own");
    assert!(stamp.term > 0);
    mesh.run(MOMENT);
    assert_eq!(mesh.refused, []);
    let knows = |mesh: &Mesh, text: &str| {
        let entries = mesh.agent(text).applied().entries();
        entries.iter().any(|entry| entry.kind == Kind::Quarantine)
    };
    assert!(knows(&mesh, "1-2-3"));
    // A new agent there learns both from its lead.
    mesh.replace(agent("1-2-2"));
    mesh.run(MOMENT);
    assert_eq!(mesh.refused, []);
    assert!(knows(&mesh, "1-2-2"));
    // So does a new lead from its agents, when its coordinator is gone.
    mesh.cut = vec![sector];
    mesh.replace(Node::Cluster(second));
    mesh.run(BEATS);
    assert_eq!(mesh.refused, []);
    mesh.cut.clear();
    mesh.run(BEATS);
    assert!(mesh.agrees());
    let of = |text| mesh.agent(text).applied().entries().as_ptr();
    assert_eq!(
        of("1-2-1"),
        of("1-2-3"),
        "with the proof they still share one list"
    );
}

#[test]
fn two_commands_in_any_order_end_in_the_same_state() {
    let notary: Arc<dyn Notary> = Arc::new(Name(Signatory::Seat(Author::Orchestrator)));
    let entry = |kind: Kind, region, value, counter| {
        let entry = Entry {
            kind,
            region,
            value,
            stamp: Stamp { term: 1, counter },
            author: Author::Orchestrator,
            lasting: None,
            signature: Signature::default(),
        };
        entry.signed(|bytes| notary.sign(Signatory::Seat(Author::Orchestrator), bytes))
    };
    let own = cluster("1-1");
    let commands = [
        entry(Kind::Freeze, Region::All, Value::Hold, 1),
        entry(Kind::Freeze, Region::Sector(SectorId(1)), Value::Lift, 2),
        entry(Kind::Freeze, Region::Agent(own.agent(0)), Value::Hold, 3),
    ];
    let orders = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    let mut states = Vec::new();
    for order in orders {
        let mut desired = Desired::new(Author::Lead(own));
        let mut applied = crate::role::Applied::default();
        let start = Start {
            boot: Boot(1),
            seed: 1,
            wall: WallTime(0),
            lossy: false,
            notary: Arc::clone(&notary),
            levels: [].into(),
        };
        let mut out = Outputs::default();
        desired.start(&start);
        applied.start(own.agent(0), Class::Edge, &start, &mut out);
        for index in order {
            let body = Body::Levels([commands[index].clone()].into());
            desired.take(Moment(0), From::Parent, body.clone(), &mut out);
            applied.take(own.agent(0), Class::Edge, body, &mut out);
        }
        assert_eq!(desired.digest(), applied.digest());
        states.push((
            desired.digest(),
            applied.frozen().map(|epoch| epoch.counter),
        ));
    }
    assert!(
        states.windows(2).all(|pair| pair[0] == pair[1]),
        "{states:?}"
    );
    assert_eq!(states[0].1, Some(3));
}

#[test]
fn agents_of_a_cluster_share_one_list_and_in_a_calm_mesh_hold_none() {
    let mut mesh = Mesh::new();
    assert!(mesh.agent("1-1-1").applied().entries().is_empty());
    mesh.write(Node::Top, Kind::Freeze, Region::All, Value::Hold)
        .expect("written");
    mesh.write(
        Node::Cluster(cluster("1-1")),
        Kind::Avoid,
        Region::Agent(cluster("1-1").agent(2)),
        Value::Hold,
    )
    .expect("its own");
    mesh.run(BEATS);
    let of = |text| mesh.agent(text).applied().entries().as_ptr();
    assert_eq!(of("1-1-1"), of("1-1-2"));
    assert_eq!(of("1-1-1"), of("1-1-3"));
    assert!(size_of::<Agent>() <= 512, "{}", size_of::<Agent>());
}

#[test]
fn what_a_lead_slips_into_its_list_is_not_kept() {
    let own = cluster("1-1");
    let top = Signatory::Seat(Author::Orchestrator);
    let entry = |region, term, who| {
        let entry = Entry {
            kind: Kind::Freeze,
            region,
            value: Value::Hold,
            stamp: Stamp { term, counter: 1 },
            author: Author::Orchestrator,
            lasting: None,
            signature: Signature::default(),
        };
        entry.signed(|bytes| signature(who, bytes))
    };
    let right = entry(Region::All, 1, top);
    let elsewhere = Region::Sector(SectorId(2));
    let slipped = entry(elsewhere, 1 << 60, Signatory::Seat(Author::Lead(own)));
    let mut applied = crate::role::Applied::default();
    let start = Start {
        boot: Boot(1),
        seed: 1,
        wall: WallTime(0),
        lossy: false,
        notary: Arc::new(Name(Signatory::Agent(own.agent(0)))),
        levels: [].into(),
    };
    let mut out = Outputs::default();
    applied.start(own.agent(0), Class::Edge, &start, &mut out);
    let body = Body::Levels([right.clone(), slipped].into());
    applied.take(own.agent(0), Class::Edge, body, &mut out);
    assert_eq!(applied.entries(), [right]);
}

#[test]
fn a_node_without_the_seat_writes_nothing() {
    let mut desired = Desired::new(Author::Orchestrator);
    let mut out = Outputs::default();
    let written = desired.write(
        Moment(0),
        Kind::Freeze,
        Region::All,
        Value::Hold,
        None,
        &mut out,
    );
    assert_eq!(written, Err(WriteError::NotServing(Author::Orchestrator)));
    assert!(out.0.is_empty() && desired.levels().is_empty());
}
