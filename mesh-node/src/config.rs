//! What a node is told: in a TOML file, in the environment, on the command line. The last of these that says something counts.
//!
//! ```toml
//! mesh = "home"
//! shape = "2x4x10"                  # sectors x clusters x agents, the same at every node
//! servers = ["nats://10.0.0.5:4222"]
//! seats = ["orchestrator", "1", "1-2"]
//!
//! [agents]
//! "1-2-1" = "builtin:hash"
//! "1-2-2" = { kind = "exec", program = "wc", args = ["-c"], limits = { timeout_s = 20 } }
//! ```

use crate::store::Location;
use crate::worker::Spec;
use mesh_core::place::{AgentId, Shape};
use mesh_core::trust::seat::Seat;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Bytes of a configuration at most: workers for some ten thousand agents.
const FILE_MAX: u64 = 4 * 1024 * 1024;
/// How like a known key an unknown one must be to be taken for a slip.
const LIKENESS: f64 = 0.6;

/// Everything that can be said, as far as it was said.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// The mesh's name.
    pub mesh: Option<String>,
    /// Its shape.
    #[serde(default, deserialize_with = "shape_text")]
    pub shape: Option<Shape>,
    /// Addresses of the broker's servers.
    #[serde(default)]
    pub servers: Vec<String>,
    /// A credentials file for the broker.
    pub credentials: Option<PathBuf>,
    /// The certificate of an authority that the broker's certificate is checked with.
    pub authority: Option<PathBuf>,
    /// Where keys, certificates and logs of work are.
    pub state: Option<PathBuf>,
    /// Where the store is; a file among the keys without it.
    #[serde(default, deserialize_with = "store_text")]
    pub store: Option<Location>,
    /// Seats to stand for.
    #[serde(default, deserialize_with = "seat_texts")]
    pub seats: Vec<Seat>,
    /// Agents, each with its worker.
    #[serde(default, deserialize_with = "workers")]
    pub agents: BTreeMap<AgentId, Spec>,
    /// Where metrics are served.
    pub metrics: Option<SocketAddr>,
    /// What is logged.
    pub log: Option<String>,
    /// Whether logs are JSON.
    pub log_json: Option<bool>,
    /// Copies of what the mesh keeps on the broker.
    pub replicas: Option<usize>,
}

/// All keys of a file.
pub const KEYS: [&str; 13] = [
    "mesh",
    "shape",
    "servers",
    "credentials",
    "authority",
    "state",
    "store",
    "seats",
    "agents",
    "metrics",
    "log",
    "log_json",
    "replicas",
];

/// A configuration that is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No such file.
    #[error("configuration {path}: {source}", path = .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Too long.
    #[error("configuration {path} has more than {FILE_MAX} bytes", path = .path.display())]
    Long {
        /// Which.
        path: PathBuf,
    },
    /// Not what it should be.
    #[error("configuration {path}: {why}", path = .path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Where and why, and what might have been meant.
        why: String,
    },
    /// Something has to be said.
    #[error("{0} is not said: write it in the file, or give {1}")]
    Missing(&'static str, &'static str),
    /// A place that the mesh does not have.
    #[error("{what} is not in a mesh of {shape}", shape = shown(*.shape))]
    Outside {
        /// What.
        what: String,
        /// The mesh's shape.
        shape: Shape,
    },
    /// Nothing to do.
    #[error("this node hosts nothing: name seats to stand for, or agents with their workers")]
    Idle,
}

impl Given {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let failed = |source| ConfigError::File {
            path: path.to_owned(),
            source,
        };
        let about = std::fs::metadata(path).map_err(failed)?;
        if about.len() > FILE_MAX {
            return Err(ConfigError::Long {
                path: path.to_owned(),
            });
        }
        let text = std::fs::read_to_string(path).map_err(failed)?;
        toml::from_str(&text).map_err(|error| ConfigError::Unreadable {
            path: path.to_owned(),
            why: with_nearest(&error.to_string()),
        })
    }

    /// What is said here, and for the rest what `other` says.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        fn first<T>(own: Vec<T>, other: Vec<T>) -> Vec<T> {
            if own.is_empty() { other } else { own }
        }
        Self {
            mesh: self.mesh.or(other.mesh),
            shape: self.shape.or(other.shape),
            servers: first(self.servers, other.servers),
            credentials: self.credentials.or(other.credentials),
            authority: self.authority.or(other.authority),
            state: self.state.or(other.state),
            store: self.store.or(other.store),
            seats: first(self.seats, other.seats),
            agents: if self.agents.is_empty() {
                other.agents
            } else {
                self.agents
            },
            metrics: self.metrics.or(other.metrics),
            log: self.log.or(other.log),
            log_json: self.log_json.or(other.log_json),
            replicas: self.replicas.or(other.replicas),
        }
    }

    /// The mesh's name.
    pub fn mesh(&self) -> Result<&str, ConfigError> {
        let missing = ConfigError::Missing("the mesh's name", "--mesh");
        self.mesh.as_deref().ok_or(missing)
    }

    /// The mesh's shape, when everything that is hosted is in it, and there is something.
    pub fn checked_shape(&self) -> Result<Shape, ConfigError> {
        let shape = self
            .shape
            .ok_or(ConfigError::Missing("the mesh's shape", "--shape"))?;
        if self.seats.is_empty() && self.agents.is_empty() {
            return Err(ConfigError::Idle);
        }
        let clusters = self.agents.keys().map(|place| place.cluster);
        let led = self.seats.iter().filter_map(|seat| match seat {
            Seat::Lead(cluster) => Some(*cluster),
            Seat::Orchestrator | Seat::Coordinator(_) => None,
        });
        let coordinated = self.seats.iter().filter_map(|seat| match seat {
            Seat::Coordinator(sector) => Some(*sector),
            Seat::Orchestrator | Seat::Lead(_) => None,
        });
        let outside = |what: String| Err(ConfigError::Outside { what, shape });
        let sector_is_in = |index: usize| index < usize::from(shape.sectors);
        for cluster in clusters.chain(led) {
            if !sector_is_in(cluster.sector.index()) || cluster.slot() >= shape.clusters {
                return outside(format!("cluster {cluster}"));
            }
        }
        if let Some(place) = self
            .agents
            .keys()
            .find(|place| place.slot() >= shape.agents)
        {
            return outside(format!("agent {place}"));
        }
        match coordinated.into_iter().find(|id| !sector_is_in(id.index())) {
            Some(sector) => outside(format!("sector {sector}")),
            None => Ok(shape),
        }
    }
}

/// `SECTORSxCLUSTERSxAGENTS`.
pub fn shape(text: &str) -> Result<Shape, String> {
    let numbers: Option<Vec<u32>> = text
        .split('x')
        .map(|part| part.trim().parse().ok())
        .collect();
    let Some(&[sectors, clusters, agents]) = numbers.as_deref() else {
        return Err(format!(
            "{:?} is no shape; write SECTORSxCLUSTERSxAGENTS, as in 100x10x30",
            mesh_core::text::excerpt(text)
        ));
    };
    Shape::new(sectors, clusters, agents).map_err(|error| error.to_string())
}

fn shown(shape: Shape) -> String {
    let Shape {
        sectors,
        clusters,
        agents,
    } = shape;
    format!("{sectors}x{clusters}x{agents}")
}

/// `orchestrator`, a sector for its coordinator, a cluster for its lead.
pub fn seat(text: &str) -> Result<Seat, String> {
    if text == "orchestrator" {
        return Ok(Seat::Orchestrator);
    }
    if let Ok(cluster) = text.parse() {
        return Ok(Seat::Lead(cluster));
    }
    text.parse().map(Seat::Coordinator).map_err(|_| {
        format!(
            "{:?} is no seat; write `orchestrator`, a sector for its coordinator (7), or a cluster for its lead (7-4)",
            mesh_core::text::excerpt(text)
        )
    })
}

/// What the reader says, and the known key that is most like the unknown one.
fn with_nearest(said: &str) -> String {
    let unknown = said
        .split_once("unknown field `")
        .and_then(|(_, rest)| rest.split_once('`'))
        .map(|(name, _)| name);
    let like = |name: &str, key: &&str| strsim::jaro_winkler(name, key);
    let nearest = unknown.and_then(|name| {
        let best = KEYS
            .iter()
            .max_by(|a, b| like(name, a).total_cmp(&like(name, b)))?;
        (like(name, best) > LIKENESS).then_some(best)
    });
    match nearest {
        Some(key) => format!("{}\ndid you mean `{key}`?", said.trim_end()),
        None => said.trim_end().to_owned(),
    }
}

fn shape_text<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Option<Shape>, D::Error> {
    let text = String::deserialize(input)?;
    shape(&text).map(Some).map_err(serde::de::Error::custom)
}

fn store_text<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Option<Location>, D::Error> {
    let text = String::deserialize(input)?;
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

fn seat_texts<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Vec<Seat>, D::Error> {
    let texts = Vec::<String>::deserialize(input)?;
    let seats = texts.iter().map(|text| seat(text));
    seats
        .collect::<Result<_, _>>()
        .map_err(serde::de::Error::custom)
}

fn workers<'de, D: serde::Deserializer<'de>>(
    input: D,
) -> Result<BTreeMap<AgentId, Spec>, D::Error> {
    use serde::de::Error as _;

    // In a few words, or in full.
    let written = BTreeMap::<String, toml::Value>::deserialize(input)?;
    let each = written.into_iter().map(|(place, worker)| {
        let at = place.parse::<AgentId>().map_err(D::Error::custom)?;
        let spec = match worker {
            toml::Value::String(words) => words.parse().map_err(|error| format!("{error}")),
            full => full.try_into().map_err(|error| error.to_string()),
        };
        let spec: Spec = spec.map_err(|why| D::Error::custom(format!("agent {place}: {why}")))?;
        Ok((at, spec))
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Given, ConfigError> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        Given::read(file.path())
    }

    #[test]
    fn a_file_says_all_that_can_be_said() {
        let given = read(
            r#"
            mesh = "home"
            shape = "2x4x10"
            servers = ["nats://10.0.0.5:4222"]
            credentials = "home.creds"
            authority = "ca.pem"
            state = "/var/lib/mesh"
            store = "postgres://mesh@db.example/mesh"
            seats = ["orchestrator", "1", "1-2"]
            metrics = "127.0.0.1:9464"
            log = "info"
            log_json = true
            replicas = 3

            [agents]
            "1-2-1" = "builtin:hash"
            "1-2-2" = { kind = "exec", program = "wc", args = ["-c"], limits = { timeout_s = 20 } }
            "#,
        )
        .expect("it is right");
        assert_eq!(given.seats.len(), 3);
        assert_eq!(given.agents.len(), 2);
        assert_eq!(given.checked_shape().expect("all is inside").clusters, 4);
        let nothing = Given::default();
        assert_eq!(nothing.or(given.clone()), given);
    }

    #[test]
    fn a_slip_is_named_with_what_was_meant() {
        let said = read("sevrers = []").expect_err("no such key").to_string();
        assert!(said.contains("did you mean `servers`?"), "{said}");
        let said = read("mesh = \"a\"\nxyzzy = 1").expect_err("no such key");
        assert!(!said.to_string().contains("did you mean"), "{said}");
    }

    #[test]
    fn a_worker_that_cannot_be_says_whose_it_is_and_why() {
        let said = read("[agents]\n\"1-2-1\" = { kind = \"exec\", command = [\"wc\"] }");
        let said = said.expect_err("no such field").to_string();
        assert!(
            said.contains("agent 1-2-1") && said.contains("command"),
            "{said}"
        );
    }

    #[test]
    fn what_is_said_later_counts() {
        let flags = Given {
            mesh: Some("other".to_owned()),
            ..Given::default()
        };
        let file = read("mesh = \"home\"\nshape = \"1x1x3\"").expect("right");
        let both = flags.or(file);
        assert_eq!(both.mesh.as_deref(), Some("other"));
        assert!(both.shape.is_some());
    }

    #[test]
    fn what_is_outside_of_the_mesh_is_refused() {
        for (seats, agents) in [
            ("[\"3\"]", ""),
            ("[\"1-5\"]", ""),
            ("[]", "\"1-1-11\" = \"builtin:echo\""),
            ("[]", ""),
        ] {
            let text = format!("shape = \"2x4x10\"\nseats = {seats}\n[agents]\n{agents}\n");
            let given = read(&text).expect("it can be read");
            given.checked_shape().expect_err(&text);
        }
    }

    #[test]
    fn a_seat_is_written_as_its_place() {
        let cluster = "7-4".parse().expect("a cluster");
        assert_eq!(seat("7-4"), Ok(Seat::Lead(cluster)));
        assert_eq!(seat("7"), Ok(Seat::Coordinator(cluster.sector)));
        assert_eq!(seat("orchestrator"), Ok(Seat::Orchestrator));
        assert!(seat("boss").is_err());
    }
}
