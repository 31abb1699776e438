//! Names of places on envelopes, and how one place sees another.

use mesh_core::message::envelope::Address;
use mesh_core::place::{SectorId, Slots};
use mesh_core::role::{From, To};
use mesh_core::trust::seat::Seat;

/// Whom a place means by `to`: the address, and which of those behind it when not all of them are meant. None where nobody
/// stands there.
pub(super) fn meant(own: Address, to: To) -> Option<(Address, Option<Slots>)> {
    let seat = match own {
        Address::Seat(seat) => seat,
        // An agent has nobody below it and nobody beside it.
        Address::Agent(place) if to == To::Parent => {
            return Some((Address::Seat(Seat::Lead(place.cluster)), None));
        }
        _ => return None,
    };
    let slots = match to {
        To::Children(slots) => Some(slots),
        To::Parent | To::Child(_) | To::Everyone | To::Peer(_) => None,
    };
    let address = match (seat, to) {
        (Seat::Orchestrator | Seat::Lead(_), To::Peer(_)) | (Seat::Orchestrator, To::Parent) => {
            return None;
        }
        (Seat::Coordinator(_), To::Peer(slot)) | (Seat::Orchestrator, To::Child(slot)) => {
            Address::Seat(Seat::Coordinator(SectorId::at(usize::from(slot))))
        }
        (Seat::Orchestrator, To::Children(_) | To::Everyone) => Address::Coordinators,
        (Seat::Coordinator(_), To::Parent) => Address::Seat(Seat::Orchestrator),
        (Seat::Coordinator(sector), To::Child(slot)) => {
            Address::Seat(Seat::Lead(sector.cluster(slot as u8)))
        }
        (Seat::Coordinator(sector), To::Children(_) | To::Everyone) => Address::Leads(sector),
        (Seat::Lead(cluster), To::Parent) => Address::Seat(Seat::Coordinator(cluster.sector)),
        (Seat::Lead(cluster), To::Child(slot)) => Address::Agent(cluster.agent(slot as u8)),
        (Seat::Lead(cluster), To::Children(_) | To::Everyone) => Address::Agents(cluster),
    };
    Some((address, slots))
}

/// Whether what is for `to` is for this place.
pub(super) fn hears(own: Address, to: Address) -> bool {
    match (own, to) {
        (Address::Agent(own), Address::Agents(cluster)) => own.cluster == cluster,
        (Address::Seat(Seat::Lead(own)), Address::Leads(sector)) => own.sector == sector,
        (Address::Seat(Seat::Coordinator(_)), Address::Coordinators) => true,
        (Address::Agent(_) | Address::Seat(_), to) => own == to,
        _ => false,
    }
}

/// How `own` sees whoever speaks as `from`; none where that is nobody it listens to.
pub(super) fn seen(own: Address, from: Address) -> Option<From> {
    match (own, from) {
        (Address::Agent(own), Address::Seat(Seat::Lead(cluster))) => {
            (own.cluster == cluster).then_some(From::Parent)
        }
        (Address::Seat(Seat::Lead(own)), Address::Agent(agent)) => {
            (agent.cluster == own).then(|| From::Child(agent.slot().into()))
        }
        (Address::Seat(Seat::Lead(own)), Address::Seat(Seat::Coordinator(sector))) => {
            (own.sector == sector).then_some(From::Parent)
        }
        (Address::Seat(Seat::Coordinator(own)), Address::Seat(Seat::Lead(cluster))) => {
            (cluster.sector == own).then(|| From::Child(cluster.slot().into()))
        }
        (Address::Seat(Seat::Coordinator(_)), Address::Seat(Seat::Orchestrator)) => {
            Some(From::Parent)
        }
        (Address::Seat(Seat::Coordinator(own)), Address::Seat(Seat::Coordinator(sector))) => {
            (sector != own).then(|| From::Peer(sector.index() as u16))
        }
        (Address::Seat(Seat::Orchestrator), Address::Seat(Seat::Coordinator(sector))) => {
            Some(From::Child(sector.index() as u16))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mesh_core::place::ClusterId;

    #[test]
    fn whoever_is_meant_hears_it_and_knows_from_whom() {
        let cluster: ClusterId = "7-4".parse().expect("a cluster");
        let (agent, lead) = (
            Address::Agent(cluster.agent(3)),
            Address::Seat(Seat::Lead(cluster)),
        );
        let coordinator = Address::Seat(Seat::Coordinator(cluster.sector));
        let top = Address::Seat(Seat::Orchestrator);
        let ways = [
            (agent, To::Parent, lead, From::Child(3)),
            (lead, To::Child(3), agent, From::Parent),
            (lead, To::Everyone, agent, From::Parent),
            (lead, To::Parent, coordinator, From::Child(3)),
            (coordinator, To::Everyone, lead, From::Parent),
            (coordinator, To::Parent, top, From::Child(6)),
            (top, To::Children(Slots::one(6)), coordinator, From::Parent),
        ];
        for (own, to, other, from) in ways {
            let (address, _) = meant(own, to).expect("somebody");
            assert!(hears(other, address), "{own} to {address}");
            assert_eq!(seen(other, own), Some(from), "{own} to {other}");
        }
        assert_eq!(meant(top, To::Parent), None);
        assert_eq!(meant(agent, To::Everyone), None);
        let stranger: ClusterId = "7-5".parse().expect("a cluster");
        assert_eq!(seen(agent, Address::Seat(Seat::Lead(stranger))), None);
    }
}
