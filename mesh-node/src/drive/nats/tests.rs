//! A mesh over a real broker. Where there is no nats-server these tests say so and check nothing, unless
//! `MESH_SERVERS=required`.

use super::*;
use crate::broker::{self, Broker};
use crate::drive::local::Seen;
use mesh_core::role::Order;
use mesh_core::throw::Sheet;
use mesh_core::trust::Scheme;
use std::sync::mpsc::Receiver;
use std::time::Instant;

/// How long anything may take on a busy machine.
const SOON: Duration = Duration::from_secs(60);

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

    fn top(&self) -> &Local {
        self.nodes[0].as_ref().expect("it runs").local()
    }

    /// Throws until everybody was READY.
    fn throws_to_all(&self, seen: &Receiver<Seen>) -> Sheet {
        let until = Instant::now() + SOON;
        let mut last = None;
        while Instant::now() < until {
            self.top().throw(Order::default());
            if let Some(sheet) = sealed(seen) {
                let counts = sheet.account;
                if counts.ready == self.config.agents {
                    return sheet;
                }
                last = Some(counts);
            }
        }
        panic!("not all READY: {last:?}");
    }
}

fn sealed(seen: &Receiver<Seen>) -> Option<Sheet> {
    let until = Instant::now() + Duration::from_secs(15);
    while let Ok(found) = seen.recv_timeout(until.saturating_duration_since(Instant::now())) {
        if let Seen::Sealed(_, sheet) = found {
            return Some(*sheet);
        }
    }
    None
}

#[test]
fn a_mesh_over_a_broker_throws_and_all_are_ready() {
    let Some((_state, broker)) = broker() else {
        return;
    };
    let mesh = Mesh::start(&broker.url(), 660, 4, false, Scheme::Ed25519);
    let seen = mesh.top().watch();
    let sheet = mesh.throws_to_all(&seen);
    assert_eq!(sheet.account.targeted, 660);
    for node in mesh.nodes.iter().flatten() {
        assert_eq!(node.refusals().total(), 0, "nobody was refused anything");
        assert_eq!(
            node.traffic()
                .unsendable
                .load(std::sync::atomic::Ordering::Relaxed),
            0
        );
    }
}
