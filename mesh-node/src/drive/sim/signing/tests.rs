use super::super::scenario::Scenario;
use super::*;
use mesh_core::role::Refusal;

const SMALL: &str = "seconds = 60\nmesh = { sectors = 2, clusters = 2, agents = 5 }\n";

fn world(rest: &str, signatures: Signatures) -> World {
    let scenario = Scenario::parse(&format!("{SMALL}{rest}"), "small").expect("it reads");
    World::new(Scenario {
        signatures,
        ..scenario
    })
}

fn probe(world: &World, agent: u32) -> Body {
    Body::Probe(mesh_core::message::Probe {
        boot: world.agents[agent as usize].host.boot,
        epoch: Epoch(0),
        obeys: None,
        exchange: None,
    })
}

/// How many more were refused for this reason by the time that what is under way has arrived.
fn refused(world: &mut World, why: Reason, act: impl FnOnce(&mut World)) -> u32 {
    let before = world.signing.refusals().count(why);
    act(world);
    let soon = world.now() + Micros::seconds(2);
    world.run_until(soon);
    world.signing.refusals().count(why) - before
}

#[test]
fn a_message_in_anothers_name_is_refused_with_either_signature() {
    for signatures in [Signatures::StandIn, Signatures::Ed25519] {
        let mut world = world("[network]\nloss = 0.0\nduplication = 0.0\n", signatures);
        world.run_until(Moment(20_000_000));
        assert_eq!(world.refused().get("bad signature"), None);
        let count = refused(&mut world, Reason::BadSignature, |world| {
            let node = NodeId::Agent(0);
            let (own, other) = (world.agents[0].host.key, world.agents[1].host.key);
            let body = probe(world, 0);
            let when = (Epoch(0), world.host(node).clock.read(world.now));
            let mut sender = world.signs(node, own, when, To::Parent, &body);
            sender.signer = other;
            if let Some(bytes) = &mut sender.stamp.bytes {
                let mut forged = bytes.to_vec();
                let name = world
                    .signing
                    .real
                    .as_ref()
                    .map(|real| real.keys[&other].id());
                forged[4..12].copy_from_slice(&name.expect("it has one").0.to_be_bytes());
                *bytes = Arc::from(forged);
            }
            world.send(&sender, To::Parent, body);
        });
        assert_eq!(count, 1, "{signatures:?}");
    }
}

#[test]
fn a_changed_message_is_refused_with_either_signature() {
    for signatures in [Signatures::StandIn, Signatures::Ed25519] {
        let mut world = world("[network]\nloss = 0.0\nduplication = 0.0\n", signatures);
        world.run_until(Moment(20_000_000));
        let count = refused(&mut world, Reason::BadSignature, |world| {
            let node = NodeId::Agent(0);
            let own = world.agents[0].host.key;
            let body = probe(world, 0);
            let when = (Epoch(0), world.host(node).clock.read(world.now));
            let mut sender = world.signs(node, own, when, To::Parent, &body);
            if let Some(bytes) = &mut sender.stamp.bytes {
                let mut changed = bytes.to_vec();
                changed[60] ^= 1;
                *bytes = Arc::from(changed);
            }
            let Body::Probe(mut probe) = body else {
                unreachable!("it was made above");
            };
            probe.epoch = Epoch(9);
            world.send(&sender, To::Parent, Body::Probe(probe));
        });
        assert_eq!(count, 1, "{signatures:?}");
    }
}

#[test]
fn a_message_played_again_is_refused_with_either_signature() {
    for signatures in [Signatures::StandIn, Signatures::Ed25519] {
        let mut world = world("[network]\nloss = 0.0\nduplication = 0.0\n", signatures);
        world.run_until(Moment(20_000_000));
        let count = refused(&mut world, Reason::Replayed, |world| {
            let node = NodeId::Agent(0);
            let own = world.agents[0].host.key;
            let body = probe(world, 0);
            let when = (Epoch(0), world.host(node).clock.read(world.now));
            let sender = world.signs(node, own, when, To::Parent, &body);
            for _ in 0..3 {
                world.send(&sender, To::Parent, body.clone());
            }
        });
        assert_eq!(count, 2, "{signatures:?}");
    }
}

#[test]
fn a_revoked_or_unknown_key_and_a_key_without_the_seat_are_refused() {
    let mut world = world(
        "[network]\nloss = 0.0\nduplication = 0.0\n",
        Signatures::StandIn,
    );
    world.run_until(Moment(20_000_000));
    let speak = |world: &mut World, key: KeyId, epoch: u32| {
        let node = NodeId::Seat(
            world.clusters[0]
                .leads
                .into_iter()
                .find(|lead| world.seats[*lead as usize].role.serving())
                .expect("somebody leads"),
        );
        let body = Body::Hail;
        let when = (Epoch(epoch), world.host(node).clock.read(world.now));
        let sender = world.signs(node, key, when, To::Child(0), &body);
        world.send(&sender, To::Child(0), body);
    };
    let count = refused(&mut world, Reason::UnknownKey, |world| {
        speak(world, KeyId(77_777), 9);
    });
    assert_eq!(count, 1);
    let other = world.clusters[1].leads[0];
    let key = world.seats[other as usize].host.key;
    let count = refused(&mut world, Reason::WrongPlace, |world| speak(world, key, 9));
    assert_eq!(count, 1);
    let lead = world.clusters[0]
        .leads
        .into_iter()
        .find(|lead| world.seats[*lead as usize].role.serving());
    let key = world.seats[lead.expect("somebody leads") as usize].host.key;
    let count = refused(&mut world, Reason::Revoked, |world| {
        world.signing.revoke(key);
        speak(world, key, 1);
    });
    assert!(count >= 1);
}

#[test]
fn with_real_signatures_the_same_mesh_does_the_same() {
    let text = "settle = 60\n[load]\nevery = 5\ntasks_per_minute = 60\n";
    let mut world = world(text, Signatures::Ed25519);
    world.run();
    world.settle();
    assert!(world.truth.told.is_empty(), "{:?}", world.truth.told);
    assert!(world.truth.quorum_share() > Some(0.9));
    let refused = world.refused();
    for never in [
        "bad signature",
        "malformed",
        "oversized",
        "unknown key",
        "no right",
        "forged command",
    ] {
        assert_eq!(refused.get(never), None, "{refused:?}");
    }
}

/// A seat of this kind forges commands and desired state from 15 s on.
fn forger(role: &str, scope: &str, signatures: Signatures) -> World {
    let text = format!(
        "[load]\nevery = 4\n[[fault]]\nat = 15\nkind = \"compromise\"\nrole = \"{role}\"\nscope = \"{scope}\"\n\
         conduct = \"forge_commands\"\n"
    );
    let mut world = world(&text, signatures);
    world.run();
    world
}

#[test]
fn a_lead_or_coordinator_that_was_taken_over_can_forge_no_command_and_no_freeze() {
    for (role, scope) in [("lead", "cluster:1-2"), ("coordinator", "sector:1")] {
        for signatures in [Signatures::StandIn, Signatures::Ed25519] {
            let world = forger(role, scope, signatures);
            let refused = &world.truth.refusals;
            assert!(
                refused.get(&Refusal::Forged) > Some(&0),
                "{role}: {refused:?}"
            );
            // An old command played again is a duplicate, whoever plays it.
            assert!(
                refused.get(&Refusal::Duplicate) > Some(&0),
                "{role}: {refused:?}"
            );
            // A release of something that nobody threw is a violation.
            assert!(
                world.truth.told.is_empty(),
                "{role}: {:?}",
                world.truth.told
            );
            let mut agents = world.agents.iter();
            assert!(agents.all(|agent| agent.role.applied().frozen().is_none()));
        }
    }
}

#[test]
fn a_mark_says_all_that_a_beat_and_an_acknowledgement_say() {
    let exchange = Exchange {
        sent: Moment(1),
        received: Moment(2),
    };
    let beat = Beat {
        boot: Boot(1),
        exchange: Some(exchange),
        delivered: 3,
        epoch: Epoch(4),
        obeys: None,
        levels: 5,
        context: 6,
        lamport: mesh_core::message::Lamport(7),
        claims: mesh_core::message::Claims::default(),
    };
    let changed = [
        Beat {
            boot: Boot(2),
            ..beat
        },
        Beat {
            exchange: None,
            ..beat
        },
        Beat {
            delivered: 4,
            ..beat
        },
        Beat {
            epoch: Epoch(5),
            ..beat
        },
        Beat {
            obeys: Some(mesh_core::trust::KeyId(1)),
            ..beat
        },
        Beat { levels: 6, ..beat },
        Beat { context: 7, ..beat },
        Beat {
            lamport: mesh_core::message::Lamport(8),
            ..beat
        },
        Beat {
            claims: mesh_core::message::Claims {
                queue: 1,
                ..beat.claims
            },
            ..beat
        },
    ];
    for other in changed {
        assert_ne!(
            says(&Body::Beat(beat)),
            says(&Body::Beat(other)),
            "{other:?}"
        );
    }
}
