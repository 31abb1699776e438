//! One more process of a benchmark over a broker. It is told what it is in its first line of input, answers one line for each
//! further one, and ends when its input does, so none outlives who started it.

use super::{BenchError, raw};
use crate::drive::local::clock::RealClock;
use crate::drive::local::{Config, Devices};
use crate::drive::nats::{Derived, Layout, LinkConfig, Nats};
use crate::usage;
use mesh_core::message::MessageId;
use mesh_core::time::{Boot, Moment, WallTime};
use mesh_core::trust::{Scheme, World};
use serde::{Deserialize, Serialize};
use std::io::{BufRead, Write};

/// What a process is told first.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Setup {
    pub(super) mesh: String,
    pub(super) server: String,
    pub(super) agents: u32,
    pub(super) hosts: u32,
    pub(super) host: u32,
    pub(super) seed: u64,
    pub(super) signed: bool,
    /// Whether devices are modelled; otherwise roles are bare.
    pub(super) modelled: bool,
    /// Whether the yardstick runs in place of the mesh.
    pub(super) raw: bool,
    /// The instant of wall time from which all processes count.
    pub(super) origin: WallTime,
}

/// What it is asked.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) enum Ask {
    /// This operation has this T, in true time.
    Target(MessageId, Moment),
    /// How much so far.
    Count,
    /// How far releases were off since this was last asked.
    Spread,
}

/// What it says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Told {
    /// It runs.
    #[serde(default)]
    pub(super) ready: bool,
    /// Why it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    /// Time on cores, in microseconds.
    #[serde(default)]
    pub(super) cpu_us: u64,
    /// Memory.
    #[serde(default)]
    pub(super) rss_mb: f64,
    /// Messages to roles.
    #[serde(default)]
    pub(super) messages: u64,
    /// Inputs to roles.
    #[serde(default)]
    pub(super) handled: u64,
    /// Messages lost for want of room or of a connection.
    #[serde(default)]
    pub(super) dropped: u64,
    /// Messages refused at the desk.
    #[serde(default)]
    pub(super) refused: u64,
    /// Releases by distance: bin and count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) spread: Vec<(u32, u32)>,
}

impl Setup {
    /// The mesh that all processes share.
    pub(super) fn config(&self) -> Config {
        let base = if self.modelled {
            Config::lab(self.agents)
        } else {
            Config::bare(self.agents)
        };
        let devices = if self.modelled {
            Devices::Modelled
        } else {
            Devices::Bare
        };
        Config {
            name: self.mesh.clone(),
            seed: self.seed,
            devices,
            load_every: None,
            churn: 0.0,
            ..base
        }
    }

    pub(super) fn scheme(&self) -> Scheme {
        if self.signed {
            Scheme::Ed25519
        } else {
            Scheme::StandIn(World::new(self.seed))
        }
    }

    /// Starts this process's share.
    pub(super) fn start(&self) -> Result<Nats, BenchError> {
        let config = self.config();
        let layout = Layout::new(&config, self.hosts, false).ok_or(BenchError::Hosts {
            hosts: self.hosts,
            least: Layout::HOSTS_MIN,
        })?;
        let clock = RealClock::since(self.origin).map_err(|origin| BenchError::Host {
            host: self.host,
            why: format!("the origin {} is no instant of the past", origin.0),
        })?;
        let derived = Derived::new(self.scheme(), self.seed, self.origin);
        let keys = layout.keys(&derived, self.host)?;
        let config = Config {
            hosting: layout.hosting(self.host),
            ..config
        };
        let link = LinkConfig::to(&self.mesh, &self.server, Boot(1));
        Ok(Nats::start(config, link, keys, clock)?)
    }
}

/// Runs as such a process until the input ends.
pub fn run(input: impl BufRead, mut output: impl Write) -> Result<(), BenchError> {
    let mut lines = input.lines();
    let Some(first) = lines.next() else {
        return Ok(());
    };
    let setup: Setup = read(first)?;
    let mut say = |told: &Told| {
        // Plain values: writing them to memory cannot fail.
        let line = serde_json::to_string(told).unwrap_or_default();
        let said = writeln!(output, "{line}").and_then(|()| output.flush());
        said.map_err(|source| BenchError::System {
            what: "the output of a process of the benchmark",
            source,
        })
    };
    let ready = Told {
        ready: true,
        ..Told::default()
    };
    let fail = |error: &BenchError| Told {
        error: Some(error.to_string()),
        ..Told::default()
    };
    if setup.raw {
        match raw::Host::start(&setup) {
            Ok(yardstick) => {
                say(&ready)?;
                // It ends with its input.
                lines.for_each(drop);
                yardstick.stop();
            }
            Err(error) => say(&fail(&error))?,
        }
        return Ok(());
    }
    let node = match setup.start() {
        Ok(node) => node,
        Err(error) => return say(&fail(&error)),
    };
    say(&ready)?;
    for line in lines {
        match read(line)? {
            Ask::Target(operation, target) => node.local().expect(operation, target),
            Ask::Count => say(&count(&node))?,
            Ask::Spread => say(&Told {
                spread: node.local().spread().bins().collect(),
                ..count(&node)
            })?,
        }
    }
    node.stop("the benchmark is over");
    Ok(())
}

fn read<T: serde::de::DeserializeOwned>(line: std::io::Result<String>) -> Result<T, BenchError> {
    let line = line.map_err(|source| BenchError::System {
        what: "the input of a process of the benchmark",
        source,
    })?;
    serde_json::from_str(&line).map_err(|error| BenchError::Input(error.to_string()))
}

/// What a share came to so far.
pub(super) fn count(node: &Nats) -> Told {
    use std::sync::atomic::Ordering::Relaxed;
    let (figures, traffic) = (node.local().figures(), node.traffic());
    Told {
        ready: true,
        cpu_us: usage::cpu().as_micros() as u64,
        rss_mb: usage::rss_mb(),
        messages: figures.messages,
        handled: figures.handled,
        dropped: figures.dropped + traffic.unsent.load(Relaxed) + traffic.slow.load(Relaxed),
        refused: node.refusals().total(),
        ..Told::default()
    }
}
