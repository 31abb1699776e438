//! Messages through the whole desk.

use super::*;
use crate::time::WallTime;
use crate::trust::certificate::{Cause, Grant};
use crate::trust::fixture::{Mesh, NOW, place};
use crate::trust::{Scheme, Seat, SecretKey, World};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Beat {
    boot: u32,
    sent: i64,
    received: i64,
    delivered: u32,
    epoch: u32,
    levels: u64,
    context: u64,
    lamport: u64,
    processing: u32,
    latency: u32,
    queue: u16,
    reliability: u16,
}

fn beat() -> Beat {
    Beat {
        boot: 3,
        sent: 123_456_789_012,
        received: 123_456_849_120,
        delivered: 71_204,
        epoch: 12,
        levels: u64::MAX,
        context: 1 << 62,
        lamport: 90_125,
        processing: 52_000,
        latency: 24_000,
        queue: 2,
        reliability: 998,
    }
}

fn lead_seat() -> Address {
    Address::Seat(Seat::Lead(place("7-4-12").cluster))
}

fn head() -> Head {
    Head {
        boot: Boot(2),
        sequence: 1,
        sent: Moment(5_000_000),
        ttl: Micros::seconds(5),
        epoch: Epoch(0),
        from: Address::Agent(place("7-4-12")),
        to: lead_seat(),
    }
}

/// The lead of 7-4 receives a message from its own process's agent 7-4-12.
fn take(reception: &mut Reception, mesh: &Mesh, bytes: &[u8]) -> Result<Beat, Dropped> {
    take_at(reception, mesh, bytes, NOW)
}

fn take_at(
    reception: &mut Reception,
    mesh: &Mesh,
    bytes: &[u8],
    now: WallTime,
) -> Result<Beat, Dropped> {
    let taken = reception.take(bytes, &mesh.ring, now, |to| to == lead_seat());
    taken.map(|(envelope, body)| {
        assert_eq!(envelope.head, head());
        body
    })
}

fn sealed(head: &Head, by: &SecretKey) -> Vec<u8> {
    seal(head, &beat(), Encoding::MessagePack, by).unwrap()
}

#[test]
fn a_message_arrives_as_it_was_sent_in_either_encoding() {
    let mesh = Mesh::new();
    for encoding in [Encoding::MessagePack, Encoding::Json] {
        let bytes = seal(&head(), &beat(), encoding, &mesh.lead).unwrap();
        assert_eq!(take(&mut Reception::default(), &mesh, &bytes), Ok(beat()));
    }
}

#[test]
fn a_beat_is_a_few_hundred_bytes() {
    let body = encode(&beat(), Encoding::MessagePack).unwrap().len();
    let bytes = sealed(&head(), &Mesh::new().lead).len();
    assert_eq!(bytes, body + OVERHEAD);
    assert!((body, bytes) == (154, 276), "{body} {bytes}");
}

#[test]
fn any_byte_changed_or_cut_is_refused() {
    for scheme in [Scheme::Ed25519, Scheme::StandIn(World::new(1))] {
        let mesh = Mesh::with(&scheme);
        let bytes = sealed(&head(), &mesh.lead);
        let mut reception = Reception::default();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x40;
            assert!(take(&mut reception, &mesh, &changed).is_err(), "{at}");
            assert!(take(&mut reception, &mesh, &bytes[..at]).is_err(), "{at}");
        }
        assert_eq!(reception.refusals().total(), 2 * bytes.len() as u64);
        assert_eq!(take(&mut reception, &mesh, &bytes), Ok(beat()));
    }
}

#[test]
fn every_way_of_being_dropped_is_counted_under_its_reason() {
    let mut mesh = Mesh::new();
    let (lead, top, agent) = (mesh.key(4), mesh.key(2), mesh.key(5));
    mesh.say(&top, &agent, Grant::Revoke(Cause::Misbehaved))
        .unwrap();
    let stranger = mesh.key(77);
    let elsewhere = Address::Agent(place("7-4-13"));
    let as_lead = |epoch| Head {
        from: lead_seat(),
        epoch: Epoch(epoch),
        ..head()
    };
    let other_key = Head {
        from: Address::key(stranger.id()),
        ..head()
    };
    let everyone = Head {
        from: Address::Coordinators,
        ..head()
    };
    let mut forged = sealed(&head(), &mesh.operator);
    forged[80] ^= 1;
    let odd = seal(
        &Head {
            sequence: 9,
            from: Address::key(lead.id()),
            ..head()
        },
        &"odd",
        Encoding::Json,
        &lead,
    )
    .unwrap();
    let no_head = seal_bytes(Purpose::Envelope, &lead, |out| out.push(0));
    let bad_address = seal_bytes(Purpose::Envelope, &lead, |out| {
        out.extend([0xff; HEAD_SIZE]);
    });
    let cases = [
        (forged, Reason::BadSignature),
        (sealed(&head(), &stranger), Reason::UnknownKey),
        (sealed(&head(), &agent), Reason::Revoked),
        (
            sealed(
                &Head {
                    from: elsewhere,
                    ..head()
                },
                &lead,
            ),
            Reason::WrongPlace,
        ),
        (
            sealed(
                &Head {
                    to: elsewhere,
                    from: Address::key(lead.id()),
                    ..head()
                },
                &lead,
            ),
            Reason::WrongPlace,
        ),
        (sealed(&other_key, &lead), Reason::WrongPlace),
        (sealed(&everyone, &lead), Reason::WrongPlace),
        (sealed(&as_lead(3), &mesh.middle), Reason::NoRight),
        (sealed(&as_lead(2), &lead), Reason::StaleEpoch),
        (
            sealed(
                &Head {
                    ttl: Micros::ZERO,
                    ..as_lead(3)
                },
                &lead,
            ),
            Reason::PassedTtl,
        ),
        (
            sealed(
                &Head {
                    sequence: 0,
                    ..as_lead(3)
                },
                &lead,
            ),
            Reason::OldSequence,
        ),
        (odd, Reason::Malformed),
        (no_head, Reason::Malformed),
        (bad_address, Reason::Malformed),
        (vec![0; 80], Reason::Malformed),
        (vec![0; ENVELOPE_MAX + 1], Reason::Oversized),
    ];
    for (bytes, reason) in cases {
        let mut reception = Reception::default();
        let dropped = take(&mut reception, &mesh, &bytes).unwrap_err();
        assert!(!dropped.to_string().contains('\n'), "{dropped}");
        let counted: Vec<_> = reception.refusals().iter().collect();
        assert_eq!(counted, [(reason, 1)], "{dropped}");
    }
}

#[test]
fn an_expired_key_is_refused_before_its_message_is_looked_at() {
    let (mesh, mut reception) = (Mesh::new(), Reception::default());
    let late = NOW + crate::trust::certificate::LIFETIME_MAX;
    assert!(take_at(&mut reception, &mesh, &sealed(&head(), &mesh.lead), late).is_err());
    assert_eq!(reception.refusals().count(Reason::Expired), 1);
}

#[test]
fn a_message_is_taken_once_and_an_earlier_boot_not_at_all() {
    let (mesh, mut reception) = (Mesh::new(), Reception::default());
    let bytes = sealed(&head(), &mesh.lead);
    assert!(take(&mut reception, &mesh, &bytes).is_ok());
    assert!(take(&mut reception, &mesh, &bytes).is_err());
    assert_eq!(reception.refusals().count(Reason::Replayed), 1);
    let earlier = Head {
        boot: Boot(1),
        sequence: 9,
        ..head()
    };
    assert!(take(&mut reception, &mesh, &sealed(&earlier, &mesh.lead)).is_err());
    assert_eq!(reception.refusals().count(Reason::OldSequence), 1);
}

#[test]
fn a_forgery_uses_up_no_sequence_of_whom_it_names() {
    let (mesh, mut reception) = (Mesh::new(), Reception::default());
    let good = sealed(&head(), &mesh.lead);
    let mut forged = good.clone();
    let end = forged.len() - 1;
    forged[end] ^= 1;
    assert!(take(&mut reception, &mesh, &forged).is_err());
    assert!(take(&mut reception, &mesh, &good).is_ok());
}

proptest! {
    #[test]
    fn no_bytes_panic(content in proptest::collection::vec(any::<u8>(), 0..200), genuine in any::<bool>()) {
        let (mesh, mut reception) = (Mesh::new(), Reception::default());
        let bytes = if genuine {
            seal_bytes(Purpose::Envelope, &mesh.lead, |out| out.extend(&content))
        } else {
            content
        };
        prop_assert!(reception.take::<_, Beat>(&bytes, &mesh.ring, NOW, |_| true).is_err());
        prop_assert_eq!(reception.refusals().total(), 1);
    }

    #[test]
    fn heads_are_read_back(boot: u32, sequence: u64, sent: i64, ttl: i64, epoch: u32) {
        let mesh = Mesh::new();
        let head = Head {
            boot: Boot(boot),
            sequence,
            sent: Moment(sent),
            ttl: Micros(ttl),
            epoch: Epoch(epoch),
            ..head()
        };
        let bytes = seal(&head, &"", Encoding::MessagePack, &mesh.lead).unwrap();
        let sealed = crate::trust::Sealed::read(bytes, Purpose::Envelope, ENVELOPE_MAX).unwrap();
        let envelope = open(mesh.ring.verify(sealed, NOW).unwrap()).unwrap();
        prop_assert_eq!(envelope.head, head);
    }
}
