//! Subjects by place, so that a broker's permissions can follow places.
//!
//! | subject | whose messages | who listens |
//! |---|---|---|
//! | `mesh.NAME.seat` | coordinators' | whoever orchestrates |
//! | `mesh.NAME.seat.7` | leads', the orchestrator's, other coordinators' | whoever coordinates sector 7 |
//! | `mesh.NAME.seat.7.4` | agents', the coordinator's | whoever leads cluster 7-4 |
//! | `mesh.NAME.below` | the orchestrator's | all coordinators |
//! | `mesh.NAME.below.7` | the coordinator's | the leads of sector 7 |
//! | `mesh.NAME.below.7.4` | the lead's | the agents of cluster 7-4 |
//! | `mesh.NAME.agent.7.4.12` | the lead's | agent 7-4-12 |

use async_nats::Subject;
use mesh_core::message::envelope::Address;
use mesh_core::place::ClusterId;
use mesh_core::trust::seat::Seat;
use std::collections::BTreeMap;

/// The subjects of one mesh.
#[derive(Debug, Clone)]
pub(super) struct Subjects {
    root: String,
    known: BTreeMap<Address, Subject>,
}

/// A name that cannot be part of a subject.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a mesh named {name:?} has no subject; use 1 to 64 letters, digits, hyphens and underscores"
)]
pub struct NameError {
    name: String,
}

impl Subjects {
    /// Those of the mesh of this name.
    pub(super) fn new(name: &str) -> Result<Self, NameError> {
        let fits = |letter: u8| letter.is_ascii_alphanumeric() || b"-_".contains(&letter);
        if !(1..=64).contains(&name.len()) || !name.bytes().all(fits) {
            let name = mesh_core::text::excerpt(name);
            return Err(NameError { name });
        }
        Ok(Self {
            root: format!("mesh.{name}"),
            known: BTreeMap::new(),
        })
    }

    /// The one on which a place is spoken to.
    pub(super) fn of(&mut self, to: Address) -> Subject {
        let root = &self.root;
        let subject = self.known.entry(to).or_insert_with(|| {
            Subject::from(match to {
                Address::Seat(Seat::Orchestrator) => format!("{root}.seat"),
                Address::Seat(Seat::Coordinator(sector)) => format!("{root}.seat.{}", sector.0),
                Address::Seat(Seat::Lead(id)) => {
                    format!("{root}.seat.{}.{}", id.sector.0, id.cluster)
                }
                Address::Coordinators => format!("{root}.below"),
                Address::Leads(sector) => format!("{root}.below.{}", sector.0),
                Address::Agents(id) => format!("{root}.below.{}.{}", id.sector.0, id.cluster),
                Address::Agent(id) => {
                    let cluster = id.cluster;
                    format!(
                        "{root}.agent.{}.{}.{}",
                        cluster.sector.0, cluster.cluster, id.agent
                    )
                }
                Address::Key(bits) => format!("{root}.key.{bits:012x}"),
            })
        });
        subject.clone()
    }

    /// The ones of all single agents of a cluster.
    pub(super) fn each_of(&self, cluster: ClusterId) -> Subject {
        let root = &self.root;
        Subject::from(format!(
            "{root}.agent.{}.{}.*",
            cluster.sector.0, cluster.cluster
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_where_its_place_is() {
        let mut subjects = Subjects::new("edge-1").expect("a name");
        let cluster: ClusterId = "7-4".parse().expect("a cluster");
        let mut of = |address| subjects.of(address).to_string();
        assert_eq!(of(Address::Seat(Seat::Orchestrator)), "mesh.edge-1.seat");
        assert_eq!(
            of(Address::Seat(Seat::Lead(cluster))),
            "mesh.edge-1.seat.7.4"
        );
        assert_eq!(of(Address::Leads(cluster.sector)), "mesh.edge-1.below.7");
        assert_eq!(
            of(Address::Agent(cluster.agent(11))),
            "mesh.edge-1.agent.7.4.12"
        );
        assert_eq!(
            subjects.each_of(cluster).to_string(),
            "mesh.edge-1.agent.7.4.*"
        );
    }

    #[test]
    fn a_name_with_a_dot_or_a_star_names_no_mesh() {
        for name in ["", "a.b", "a*", ">", "a b", "ü"] {
            assert!(Subjects::new(name).is_err(), "{name}");
        }
    }
}
