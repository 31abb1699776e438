//! Keys and certificates on disk: the root of a mesh, and what a node has of its own (PROTOCOL §10).
//!
//! | file | in | what it is |
//! |---|---|---|
//! | `root.key` | where `keys init` was run | the root's secret; whoever has it has the mesh |
//! | `node.key` | a node's state | the node's secret, made at first start |
//! | `agents.keys` | a node's state | a secret for each agent that it hosts, made at first start |
//! | `certificates.json` | a node's state | what the root has said of these |
//! | `boot` | a node's state | how often it was started |
//!
//! Secrets are readable by their owner alone, and refused when they are not. All agents' secrets are in one file: it is
//! written anew as a whole when an agent is added, and a node with thousands of them does not need thousands of files.
//!
//! A node joins in three steps: it writes a [`Request`], signed with its own key; whoever has the root's secret looks at it and
//! answers with a [`Bundle`] of certificates; the node takes that in.

mod file;
mod request;

pub use file::FileError;
pub use request::{AskedAgent, Bundle, Request, RequestError, Signed};

use mesh_core::place::AgentId;
use mesh_core::text::{hex, unhex};
use mesh_core::time::Boot;
use mesh_core::trust::{Scheme, SecretKey};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Bytes of a file of secrets at most: a hundred thousand agents.
const SECRETS_MAX: u64 = 10 * 1024 * 1024;
/// Bytes of a bundle at most.
const BUNDLE_MAX: u64 = 128 * 1024 * 1024;

/// A folder with keys.
#[derive(Debug, Clone)]
pub struct Home(PathBuf);

/// A node's own secrets.
#[derive(Debug)]
pub struct Identity {
    /// Of the node itself.
    pub node: SecretKey,
    /// Of the agents that it hosts.
    pub agents: BTreeMap<AgentId, SecretKey>,
}

impl Home {
    /// The folder, which is made when something is first written.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// The folder of the mesh of this name under the state directory; none where there is no such directory.
    pub fn of(mesh: &str) -> Option<Self> {
        let absolute = |name: &str| {
            let path = PathBuf::from(std::env::var_os(name)?);
            path.is_absolute().then_some(path)
        };
        let state =
            absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
        Some(Self(state.join("mesh").join(mesh)))
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// Makes the root's secret. One that is there is never overwritten.
    pub fn make_root(&self) -> Result<SecretKey, FileError> {
        let seed = fresh_seed();
        let text = Zeroizing::new(hex(&*seed) + "\n");
        file::create_secret(&self.0.join("root.key"), text.as_bytes())?;
        Ok(Scheme::Ed25519.key(&seed))
    }

    /// The root's secret.
    pub fn root(&self) -> Result<SecretKey, FileError> {
        let path = self.0.join("root.key");
        let text = file::read_secret(&path, SECRETS_MAX)?;
        let seed = seed_in(text.trim()).ok_or(FileError::Broken {
            path,
            line: 1,
            why: "64 hexadecimal digits are needed",
        })?;
        Ok(Scheme::Ed25519.key(&seed))
    }

    /// The secrets of this node and of these agents; what is not there is made.
    pub fn identity(
        &self,
        agents: impl IntoIterator<Item = AgentId>,
    ) -> Result<Identity, FileError> {
        let path = self.0.join("node.key");
        let node = if path.exists() {
            let text = file::read_secret(&path, SECRETS_MAX)?;
            seed_in(text.trim()).ok_or(FileError::Broken {
                path,
                line: 1,
                why: "64 hexadecimal digits are needed",
            })?
        } else {
            let seed = fresh_seed();
            let text = Zeroizing::new(hex(&*seed) + "\n");
            file::create_secret(&path, text.as_bytes())?;
            seed
        };
        let mut seeds = self.agent_seeds()?;
        let known = seeds.len();
        let wanted: Vec<AgentId> = agents.into_iter().collect();
        for place in &wanted {
            seeds.entry(*place).or_insert_with(fresh_seed);
        }
        if seeds.len() > known {
            let mut text = Zeroizing::new(String::new());
            for (place, seed) in &seeds {
                // Writing to a string cannot fail.
                let _ = writeln!(text, "{place} {}", hex(&**seed));
            }
            file::write_secret(&self.0.join("agents.keys"), text.as_bytes())?;
        }
        let agents = wanted.into_iter().filter_map(|place| {
            let seed = seeds.get(&place)?;
            Some((place, Scheme::Ed25519.key(seed)))
        });
        Ok(Identity {
            node: Scheme::Ed25519.key(&node),
            agents: agents.collect(),
        })
    }

    fn agent_seeds(&self) -> Result<BTreeMap<AgentId, Zeroizing<[u8; 32]>>, FileError> {
        let path = self.0.join("agents.keys");
        if !path.exists() {
            return Ok(BTreeMap::new());
        }
        let text = file::read_secret(&path, SECRETS_MAX)?;
        let read = |line: &str| {
            let (place, seed) = line.split_once(' ')?;
            Some((place.parse().ok()?, seed_in(seed)?))
        };
        let lines = text.lines().zip(1..);
        lines
            .map(|(line, number)| {
                read(line).ok_or_else(|| FileError::Broken {
                    path: path.clone(),
                    line: number,
                    why: "a place and 64 hexadecimal digits are needed",
                })
            })
            .collect()
    }

    /// Takes certificates in, in place of those that were there.
    pub fn keep(&self, bundle: &Bundle) -> Result<(), FileError> {
        // Plain values: writing them to memory cannot fail.
        let text = serde_json::to_string_pretty(bundle).unwrap_or_default() + "\n";
        file::write_open(&self.0.join("certificates.json"), text.as_bytes())
    }

    /// The certificates that were taken in; none before the first.
    pub fn bundle(&self) -> Result<Option<Bundle>, FileError> {
        let path = self.0.join("certificates.json");
        if !path.exists() {
            return Ok(None);
        }
        let text = file::read_open(&path, BUNDLE_MAX)?;
        serde_json::from_str(&text)
            .map(Some)
            .map_err(|error| FileError::Unreadable {
                path,
                why: error.to_string(),
            })
    }

    /// Counts one more start, on disk before this returns.
    pub fn boot(&self) -> Result<Boot, FileError> {
        let path = self.0.join("boot");
        let last = if path.exists() {
            let text = file::read_open(&path, 64)?;
            text.trim().parse().map_err(|_| FileError::Broken {
                path: path.clone(),
                line: 1,
                why: "a number is needed; write one above all before",
            })?
        } else {
            0u32
        };
        let next = last.saturating_add(1);
        file::write_open(&path, format!("{next}\n").as_bytes())?;
        Ok(Boot(next))
    }
}

/// 32 bytes that nobody can foresee.
fn fresh_seed() -> Zeroizing<[u8; 32]> {
    let mut seed = Zeroizing::new([0; 32]);
    crate::entropy::fill(&mut *seed);
    seed
}

fn seed_in(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    unhex(text).map(Zeroizing::new)
}

#[cfg(test)]
mod tests;
