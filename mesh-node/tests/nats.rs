//! A mesh over a real broker. Where there is no nats-server these tests say so and check nothing, unless
//! `MESH_SERVERS=required`.

use futures_util::StreamExt as _;
use mesh_core::message::envelope::Reason;
use mesh_core::operation::{Answer, Operation};
use mesh_core::role::Order;
use mesh_core::throw::Sheet;
use mesh_core::time::Boot;
use mesh_core::trust::Scheme;
use mesh_node::broker::{self, Broker};
use mesh_node::door::Visitor;
use mesh_node::drive::local::clock::RealClock;
use mesh_node::drive::local::{Config, Hosting, Local, Seen};
use mesh_node::drive::nats::{Derived, Layout, LinkConfig, Nats};
use mesh_node::embed;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

/// How long anything may take on a busy machine.
const SOON: Duration = Duration::from_secs(120);

fn broker() -> Option<(tempfile::TempDir, Broker)> {
    if broker::program().is_none() {
        let required = std::env::var("MESH_SERVERS").is_ok_and(|value| value == "required");
        assert!(!required, "no nats-server, though servers are required");
        println!("skipped: no nats-server on PATH nor in {}", broker::PROGRAM);
        return None;
    }
    let state = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(state.path()).expect("a broker");
    Some((state, broker))
}

struct Mesh {
    nodes: Vec<Option<Nats>>,
    layout: Layout,
    config: Config,
    derived: Derived,
    clock: RealClock,
    url: String,
}

impl Mesh {
    fn start(url: &str, agents: u32, hosts: u32, standbys: bool, scheme: Scheme) -> Self {
        let config = Config {
            name: "test".to_owned(),
            ..Config::bare(agents)
        };
        let layout = Layout::new(&config, hosts, standbys).expect("enough processes");
        let clock = RealClock::start();
        let mut mesh = Self {
            nodes: Vec::new(),
            layout,
            config,
            derived: Derived::new(scheme, 7, clock.wall()),
            clock,
            url: url.to_owned(),
        };
        mesh.nodes = (0..hosts).map(|host| Some(mesh.node(host, 1))).collect();
        mesh
    }

    fn node(&self, host: u32, boot: u32) -> Nats {
        let config = Config {
            hosting: self.layout.hosting(host),
            ..self.config.clone()
        };
        let keys = self.layout.keys(&self.derived, host).expect("keys");
        let link = LinkConfig::to("test", &self.url, Boot(boot));
        Nats::start(config, link, keys, self.clock).expect("a node")
    }

    /// Throws until everybody is targeted and READY who can be.
    async fn all_ready(&self) -> Sheet {
        let seen = self.top().watch();
        let until = Instant::now() + SOON;
        loop {
            let sheet = self.throw(&seen).await;
            let account = sheet.account;
            let people = self.config.agents - account.skipped;
            if account.targeted == self.config.agents && account.ready == people {
                return sheet;
            }
            assert!(Instant::now() < until, "{account:?}");
        }
    }

    /// How many agents a process hosts.
    fn agents(&self, hosting: &Hosting) -> u32 {
        let Hosting::Part(part) = hosting else {
            return self.config.agents;
        };
        part.agents.values().map(|slots| slots.len() as u32).sum()
    }

    /// The process at whose door the orchestrator is: the first, and then the one that stands by.
    fn top(&self) -> &Local {
        let mut both = self.nodes[..2].iter().flatten();
        both.next().expect("one of them runs").local()
    }

    /// Waits until the orchestrator knows that this many are active.
    async fn active(&self, count: u32) {
        let local = self.top();
        let client = embed::connect(local, Visitor::here("test")).await;
        let client = client.expect("a door");
        let until = Instant::now() + SOON;
        let mut last = None;
        while Instant::now() < until {
            let answer = client.call(Operation::Status {}, false).await;
            if let Ok(Ok(Answer::Status(status))) = answer {
                if status.active >= count {
                    return;
                }
                last = Some(status.active);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{count} should be active: {last:?}");
    }

    /// Throws to all, again and again while nobody has the seat or is known to it; the proof sheet.
    async fn throw(&self, seen: &Receiver<Seen>) -> Sheet {
        let until = Instant::now() + SOON;
        while Instant::now() < until {
            self.top().throw(Order::default());
            if let Some(sheet) = sealed(seen).await {
                return sheet;
            }
        }
        panic!("no throw ended");
    }
}

/// The end of a throw, if one comes soon.
async fn sealed(seen: &Receiver<Seen>) -> Option<Sheet> {
    let until = Instant::now() + Duration::from_secs(5);
    while Instant::now() < until {
        match seen.try_recv() {
            Ok(Seen::Sealed(_, sheet)) if sheet.account.targeted > 0 => return Some(*sheet),
            Ok(_) => {}
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
    None
}

#[tokio::test]
async fn a_mesh_over_a_broker_throws_and_all_are_ready() {
    let Some((_state, broker)) = broker() else {
        return;
    };
    let mesh = Mesh::start(&broker.url(), 660, 4, false, Scheme::Ed25519);
    mesh.active(660).await;
    let sheet = mesh.all_ready().await;
    // Beside the people, those that a busy machine made slow may be avoided for a while.
    assert!(sheet.eligible() > 330, "{:?}", sheet.account);
    for node in mesh.nodes.iter().flatten() {
        assert_eq!(node.refusals().total(), 0, "nobody was refused anything");
        assert_eq!(node.traffic().unsendable.load(Ordering::Relaxed), 0);
    }
}

#[tokio::test]
async fn a_broker_that_is_killed_and_comes_back_finds_the_mesh_as_it_was() {
    let Some((_state, mut broker)) = broker() else {
        return;
    };
    let mesh = Mesh::start(&broker.url(), 330, 4, false, Scheme::Ed25519);
    mesh.active(330).await;
    broker.restart().expect("a broker");
    mesh.all_ready().await;
    let lost = |node: &Nats| node.traffic().lost.load(Ordering::Relaxed);
    assert!(mesh.nodes.iter().flatten().all(|node| lost(node) > 0));
}

#[tokio::test]
async fn when_processes_die_those_that_stand_by_for_their_seats_serve() {
    let Some((_state, broker)) = broker() else {
        return;
    };
    let mut mesh = Mesh::start(&broker.url(), 330, 6, true, Scheme::Ed25519);
    mesh.active(330).await;
    // The first stands for the orchestrator's seat, the fourth for a coordinator's and a lead's; neither hosts agents, and
    // for each of their seats another process stands by.
    for host in [3, 0] {
        assert_eq!(mesh.agents(&mesh.layout.hosting(host)), 0);
        mesh.nodes[host as usize] = None;
        mesh.all_ready().await;
    }
    assert_eq!(mesh.nodes.iter().flatten().count(), 4);
}

/// What goes over the broker, listened to for a while by somebody who should not be there.
async fn overheard(client: &async_nats::Client) -> Vec<async_nats::Message> {
    let mut all = client.subscribe("mesh.test.>").await.expect("listens");
    let until = tokio::time::sleep(Duration::from_secs(6));
    tokio::pin!(until);
    let mut heard = Vec::new();
    loop {
        tokio::select! {
            message = all.next() => heard.extend(message),
            () = &mut until => return heard,
        }
    }
}

#[tokio::test]
async fn whatever_a_stranger_says_over_the_broker_is_refused_and_counted_and_changes_nothing() {
    let Some((_state, broker)) = broker() else {
        return;
    };
    let mesh = Mesh::start(&broker.url(), 330, 4, false, Scheme::Ed25519);
    mesh.active(330).await;
    let stranger = async_nats::connect(broker.url()).await.expect("connected");
    let heard = overheard(&stranger).await;
    assert!(heard.len() > 20, "{} messages", heard.len());
    let subjects: BTreeSet<String> = heard.iter().map(|one| one.subject.to_string()).collect();
    let mut said = 0;
    let mut say = async |subject: &str, bytes: Vec<u8>| {
        let sent = stranger.publish(subject.to_owned(), bytes.into()).await;
        sent.expect("published");
        said += 1;
    };
    for (at, message) in heard.iter().enumerate() {
        let (subject, bytes) = (message.subject.as_str(), message.payload.to_vec());
        // Again; cut off; altered somewhere; where it does not belong.
        say(subject, bytes.clone()).await;
        say(subject, bytes[..bytes.len() / 2].to_vec()).await;
        let mut altered = bytes.clone();
        let place = (at * 37) % altered.len();
        altered[place] ^= 1 << (at % 8);
        say(subject, altered).await;
        let mut last = bytes.clone();
        *last.last_mut().expect("not empty") ^= 1;
        say(subject, last).await;
        let other = subjects.iter().cycle().nth(at + 1).expect("there are some");
        say(other, bytes).await;
    }
    for subject in &subjects {
        say(subject, Vec::new()).await;
        say(subject, vec![0xff; 64]).await;
        say(subject, vec![0; 900_000]).await;
        say(subject, [&u32::MAX.to_be_bytes()[..], b"hello"].concat()).await;
        say(subject, [&5_u32.to_be_bytes()[..], b"hello"].concat()).await;
    }
    stranger.flush().await.expect("on its way");
    // Everything was looked at when what follows it is answered.
    mesh.all_ready().await;
    mesh.active(330).await;
    let nodes = || mesh.nodes.iter().flatten();
    let count = |reasons: &[Reason]| -> u64 {
        let of = |node: &Nats| -> u64 {
            let refusals = node.refusals();
            reasons
                .iter()
                .map(|reason| u64::from(refusals.count(*reason)))
                .sum()
        };
        nodes().map(of).sum()
    };
    let again = [Reason::Replayed, Reason::OldSequence, Reason::DuplicateId];
    for reasons in [
        &again[..],
        &[Reason::Malformed],
        &[Reason::BadSignature],
        &[Reason::WrongPlace],
    ] {
        assert!(count(reasons) > 0, "{reasons:?} of {said}");
    }
    // Nobody is taken for somebody else, and nobody was lost for it.
    let sheet = mesh.all_ready().await;
    assert_eq!(sheet.account.unreachable, 0);
}
