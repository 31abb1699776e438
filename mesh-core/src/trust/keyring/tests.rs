//! Who may do what, and each way of being refused.

use super::*;
use crate::place::ClassSet;
use crate::time::Micros;
use crate::trust::certificate::{Grant, LIFETIME_MAX, Statement, consent};
use crate::trust::fixture::{Mesh, NOW, place};
use crate::trust::{Limits, Rights, Signer};
use proptest::prelude::*;

const HOUR: Micros = Micros::seconds(3_600);
const DAY: Micros = Micros::seconds(24 * 3_600);

/// Forgets which key it was about; most tests are about why.
fn why(result: Result<impl core::fmt::Debug, Refusal>) -> String {
    let refusal = result.unwrap_err();
    let line = refusal.to_string();
    assert!(!line.contains('\n') && line.len() < 250, "{line}");
    let name = format!("{refusal:?}");
    name.split([' ', '(']).next().unwrap().to_owned()
}

fn seat(seat: Seat) -> Grant {
    Grant::Seat {
        seat,
        epoch: Epoch(1),
    }
}

#[test]
fn each_may_do_what_its_certificates_say_and_nothing_else() {
    let mesh = Mesh::new();
    let (agent, top, middle, lead) = (
        mesh.agent.id(),
        mesh.top.id(),
        mesh.middle.id(),
        mesh.lead.id(),
    );
    let (operator, root, at) = (mesh.operator.id(), mesh.root.id(), place("7-4-12"));
    let (sector, cluster) = (at.sector(), at.cluster);
    let next_door = place("7-5-1");
    let epoch = Epoch(3);
    let yes = "";
    // (who, act, how it is refused)
    for (by, act, refused) in [
        (agent, Act::Speak, yes),
        (agent, Act::Sit(at), yes),
        (agent, Act::Sit(next_door), "WrongPlace"),
        (lead, Act::Sit(at), "WrongPlace"),
        (lead, Act::SpeakFor(at), yes),
        (lead, Act::SpeakFor(next_door), "WrongPlace"),
        (middle, Act::SpeakFor(at), "WrongHost"),
        (agent, Act::Offer(Class::Gpu, Some("llm")), yes),
        (lead, Act::Offer(Class::Gpu, None), "OverLimit"),
        (lead, Act::Hold(Seat::Lead(cluster), epoch), yes),
        (lead, Act::Hold(Seat::Lead(cluster), Epoch(2)), "StaleEpoch"),
        (
            lead,
            Act::Hold(Seat::Lead(next_door.cluster), epoch),
            "WrongSeat",
        ),
        (
            lead,
            Act::Hold(Seat::Coordinator(sector), epoch),
            "WrongSeat",
        ),
        (lead, Act::Protect(Reach::Cluster(cluster), epoch), yes),
        (lead, Act::Protect(Reach::Agent(at), epoch), yes),
        (
            lead,
            Act::Protect(Reach::Sector(sector), epoch),
            "WrongSeat",
        ),
        (middle, Act::Protect(Reach::Sector(sector), epoch), yes),
        (middle, Act::Protect(Reach::Agent(next_door), epoch), yes),
        (middle, Act::Protect(Reach::Mesh, epoch), "WrongSeat"),
        (middle, Act::Command(epoch), "WrongSeat"),
        (top, Act::Command(epoch), yes),
        (top, Act::Protect(Reach::Mesh, epoch), yes),
        (top, Act::Admit, yes),
        (top, Act::Lift, "RootOnly"),
        (middle, Act::Admit, "NotDelegate"),
        (root, Act::Lift, yes),
        (root, Act::Command(Epoch(0)), yes),
        (root, Act::Admit, yes),
        (root, Act::Sit(at), "WrongPlace"),
        (root, Act::Hold(Seat::Lead(cluster), epoch), "WrongSeat"),
        (operator, Act::Ask(Right::Look), yes),
        (operator, Act::Ask(Right::Stop), yes),
        (operator, Act::Ask(Right::Keys), "NoRight"),
        (operator, Act::Command(epoch), "WrongSeat"),
        (lead, Act::Ask(Right::Look), "NoRight"),
        (KeyId(7), Act::Speak, "Unknown"),
    ] {
        let answer = mesh.ring.may(by, act, NOW);
        match refused {
            "" => assert_eq!(answer, Ok(()), "{act:?}"),
            _ => assert_eq!(why(answer), refused, "{act:?}"),
        }
    }
}

#[test]
fn a_key_holds_from_its_first_moment_to_thirty_days_later() {
    let mesh = Mesh::new();
    let id = mesh.agent.id();
    let at = |wall| mesh.ring.may(id, Act::Speak, wall);
    let end = NOW + LIFETIME_MAX;
    assert_eq!(at(WallTime(end.0 - 1)), Ok(()));
    assert_eq!(why(at(end)), "Expired");
    // Clocks may differ by two hours.
    assert_eq!(at(NOW + Micros(-2 * HOUR.0)), Ok(()));
    assert_eq!(why(at(NOW + Micros(-2 * HOUR.0 - 1))), "NotYet");
}

#[test]
fn a_revoked_key_is_refused_at_once_and_cannot_come_back() {
    let mut mesh = Mesh::new();
    let (top, agent) = (mesh.key(2), mesh.key(5));
    mesh.say(&top, &agent, Grant::Revoke(Cause::Compromised))
        .unwrap();
    assert_eq!(why(mesh.ring.key(agent.id(), NOW)), "Revoked");
    let again = mesh.say(&top, &agent, Grant::Admit(Holder::Agent(Limits::ANY)));
    assert_eq!(why(again), "Revoked");
    assert_eq!(mesh.ring.revoked(agent.id()), Some(Cause::Compromised));
    let late = NOW + Micros(31 * DAY.0);
    mesh.ring.prune(late);
    assert_eq!(why(mesh.ring.key(agent.id(), late)), "Unknown");
}

#[test]
fn a_key_may_revoke_itself_and_nobody_else() {
    let mut mesh = Mesh::new();
    let (lead, agent, operator) = (mesh.key(4), mesh.key(5), mesh.key(6));
    let gone = Grant::Revoke(Cause::Left);
    assert_eq!(why(mesh.say(&lead, &agent, gone.clone())), "NotDelegate");
    mesh.say(&operator, &operator, gone).unwrap();
    assert_eq!(why(mesh.ring.key(operator.id(), NOW)), "Revoked");
}

#[test]
fn revoking_the_delegate_voids_what_it_said_and_the_root_can_say_it_anew() {
    let mut mesh = Mesh::new();
    let (root, top, lead) = (mesh.key(1), mesh.key(2), mesh.key(4));
    // A delegate that dates its certificates ahead stands in nobody's way.
    let ahead = Statement {
        issued: NOW + HOUR,
        ..mesh.statement(lead.public(), Grant::Admit(Holder::Node))
    };
    mesh.ring.admit(&ahead.sign(&top), NOW).unwrap();
    mesh.say(&root, &top, Grant::Revoke(Cause::Compromised))
        .unwrap();
    for id in [top.id(), lead.id(), mesh.agent.id()] {
        assert_eq!(why(mesh.ring.key(id, NOW)), "Revoked");
    }
    assert!(mesh.ring.key(mesh.operator.id(), NOW).is_ok());
    let cluster = place("7-4-12").cluster;
    mesh.say(&root, &lead, Grant::Admit(Holder::Node)).unwrap();
    assert!(mesh.ring.key(lead.id(), NOW).is_ok());
    // The seat was the delegate's word too.
    let hold = Act::Hold(Seat::Lead(cluster), Epoch(9));
    assert_eq!(why(mesh.ring.may(lead.id(), hold, NOW)), "WrongSeat");
    mesh.say(&root, &lead, seat(Seat::Lead(cluster))).unwrap();
    assert_eq!(mesh.ring.may(lead.id(), hold, NOW), Ok(()));
}

#[test]
fn a_delegate_makes_neither_operators_nor_delegates() {
    let mut mesh = Mesh::new();
    let (root, top, middle, new) = (mesh.key(1), mesh.key(2), mesh.key(3), mesh.key(9));
    let operator = Grant::Admit(Holder::Operator(Rights::ALL));
    assert_eq!(why(mesh.say(&top, &new, operator)), "NotDelegate");
    assert_eq!(why(mesh.say(&top, &middle, Grant::Delegate)), "NotDelegate");
    assert_eq!(
        why(mesh.say(&middle, &new, Grant::Admit(Holder::Node))),
        "NotDelegate"
    );
    mesh.say(&root, &middle, Grant::Delegate).unwrap();
    assert_eq!(
        why(mesh.say(&middle, &top, Grant::Revoke(Cause::Left))),
        "NotDelegate"
    );
    mesh.say(&middle, &new, Grant::Admit(Holder::Node)).unwrap();
}

#[test]
fn a_rotated_key_has_what_the_old_one_had_and_the_old_one_ends() {
    let mut mesh = Mesh::new();
    let (top, lead, agent) = (mesh.key(2), mesh.key(4), mesh.key(5));
    let (new_lead, new_agent) = (mesh.key(14), mesh.key(15));
    let at = place("7-4-12");
    for (old, new) in [(&lead, &new_lead), (&agent, &new_agent)] {
        let grant = Grant::Rotate {
            old: old.id(),
            consent: consent(old, &new.public()),
        };
        mesh.say(&top, new, grant.clone()).unwrap();
        mesh.say(&top, new, grant).unwrap();
    }
    for (lead, agent) in [(&lead, &agent), (&new_lead, &new_agent)] {
        let hold = Act::Hold(Seat::Lead(at.cluster), Epoch(3));
        assert_eq!(mesh.ring.may(lead.id(), hold, NOW), Ok(()));
        assert_eq!(mesh.ring.may(lead.id(), Act::SpeakFor(at), NOW), Ok(()));
        assert_eq!(mesh.ring.may(agent.id(), Act::Sit(at), NOW), Ok(()));
    }
    let later = NOW + HOUR;
    assert_eq!(why(mesh.ring.key(agent.id(), later)), "Expired");
    mesh.ring.prune(later);
    assert_eq!(mesh.ring.at(at), Some(new_agent.id()));
    assert_eq!(
        mesh.ring.may(new_lead.id(), Act::SpeakFor(at), later),
        Ok(())
    );
}

#[test]
fn a_rotation_needs_the_old_keys_word_and_a_delegates() {
    let mut mesh = Mesh::new();
    let (root, top, lead, agent) = (mesh.key(1), mesh.key(2), mesh.key(4), mesh.key(5));
    let (new, other) = (mesh.key(15), mesh.key(16));
    let rotate = |word: Vec<u8>| Grant::Rotate {
        old: agent.id(),
        consent: word,
    };
    let word = consent(&agent, &new.public());
    assert_eq!(
        why(mesh.say(&agent, &new, rotate(word.clone()))),
        "NotDelegate"
    );
    assert_eq!(why(mesh.say(&top, &other, rotate(word.clone()))), "Wrong");
    let forged = consent(&lead, &new.public());
    assert_eq!(why(mesh.say(&top, &new, rotate(forged))), "BadSignature");
    assert_eq!(why(mesh.say(&top, &new, rotate(vec![0; 10]))), "Seal");
    mesh.say(&top, &new, rotate(word)).unwrap();
    let second = consent(&agent, &other.public());
    assert_eq!(why(mesh.say(&top, &other, rotate(second))), "Superseded");
    // The delegate's own key changes by the root alone.
    let own = |new: &crate::trust::SecretKey| Grant::Rotate {
        old: top.id(),
        consent: consent(&top, &new.public()),
    };
    assert_eq!(why(mesh.say(&top, &other, own(&other))), "NotDelegate");
    mesh.say(&root, &other, own(&other)).unwrap();
    assert_eq!(mesh.ring.may(other.id(), Act::Admit, NOW), Ok(()));
}

#[test]
fn keys_are_due_for_rotation_after_twenty_four_days() {
    let mut mesh = Mesh::new();
    let (top, agent, new) = (mesh.key(2), mesh.key(5), mesh.key(15));
    let due = |mesh: &Mesh, day: i64| mesh.ring.due(NOW + Micros(day * DAY.0)).count();
    assert_eq!(due(&mesh, 23), 0);
    assert_eq!(due(&mesh, 24), 5);
    assert_eq!(due(&mesh, 30), 0);
    let word = consent(&agent, &new.public());
    let old = agent.id();
    mesh.say(&top, &new, Grant::Rotate { old, consent: word })
        .unwrap();
    assert!(mesh.ring.due(NOW).all(|due| due.key != old));
}

#[test]
fn an_agent_that_is_placed_anew_leaves_its_place_and_old_certificates_do_not_bring_it_back() {
    let mut mesh = Mesh::new();
    let (top, lead, agent, other) = (mesh.key(2), mesh.key(4), mesh.key(5), mesh.key(9));
    let (here, there) = (place("7-4-12"), place("8-1-1"));
    let sits = |at| Grant::Place {
        at,
        host: lead.id(),
    };
    let old = mesh.statement(agent.public(), sits(here)).sign(&top);
    let moved = Statement {
        issued: NOW + Micros(1),
        ..mesh.statement(agent.public(), sits(there))
    };
    mesh.ring.admit(&moved.sign(&top), NOW).unwrap();
    assert_eq!(
        (mesh.ring.at(here), mesh.ring.place_of(agent.id())),
        (None, Some(there))
    );
    assert_eq!(why(mesh.ring.admit(&old, NOW)), "Superseded");
    // Somebody else is put there: the first sits nowhere, rather than both at one place.
    mesh.say(&top, &other, Grant::Admit(Holder::Agent(Limits::ANY)))
        .unwrap();
    mesh.say(&top, &other, sits(there)).unwrap();
    assert_eq!(
        why(mesh.ring.may(agent.id(), Act::Sit(there), NOW)),
        "WrongPlace"
    );
    assert_eq!(mesh.ring.may(other.id(), Act::Sit(there), NOW), Ok(()));
}

#[test]
fn what_a_certificate_may_not_say_is_refused() {
    let mut mesh = Mesh::new();
    let (root, top, new) = (mesh.key(1), mesh.key(2), mesh.key(9));
    let good = mesh.statement(new.public(), Grant::Admit(Holder::Node));
    let too_long = Grant::Admit(Holder::Agent(Limits {
        classes: ClassSet::ALL,
        capabilities: Some(vec!["x".repeat(49)]),
    }));
    let cases = [
        Statement {
            mesh: KeyId(1),
            ..good.clone()
        },
        Statement {
            until: good.until + Micros(1),
            ..good.clone()
        },
        Statement {
            until: good.from,
            ..good.clone()
        },
        Statement {
            issued: NOW + Micros(3 * HOUR.0),
            ..good.clone()
        },
        Statement {
            subject: root.public(),
            ..good.clone()
        },
        Statement {
            subject: mesh.agent.public(),
            ..good.clone()
        },
        Statement {
            grant: too_long,
            ..good.clone()
        },
        Statement {
            subject: mesh.agent.public(),
            grant: seat(Seat::Orchestrator),
            ..good.clone()
        },
        Statement {
            subject: mesh.lead.public(),
            grant: Grant::Place {
                at: place("1-1-1"),
                host: top.id(),
            },
            ..good.clone()
        },
    ];
    for statement in cases {
        assert_eq!(
            why(mesh.ring.admit(&statement.sign(&top), NOW)),
            "Wrong",
            "{statement:?}"
        );
    }
    let weak = Statement {
        subject: PublicKey([0; 32]),
        ..good.clone()
    };
    assert_eq!(why(mesh.ring.admit(&weak.sign(&top), NOW)), "Weak");
    let over = Statement {
        from: NOW + Micros(-2 * DAY.0),
        until: NOW + Micros(-DAY.0),
        ..good.clone()
    };
    assert_eq!(why(mesh.ring.admit(&over.sign(&top), NOW)), "Expired");
    let stranger = good.sign(&mesh.key(33));
    assert_eq!(why(mesh.ring.admit(&stranger, NOW)), "Unknown");
    let nobody = mesh.statement(new.public(), seat(Seat::Orchestrator));
    assert_eq!(why(mesh.ring.admit(&nobody.sign(&top), NOW)), "Unknown");
    let odd = crate::trust::sealed::seal(crate::trust::Purpose::Certificate, &top, |out| {
        out.push(0xc1);
    });
    assert_eq!(why(mesh.ring.admit(&odd, NOW)), "Unreadable");
    assert_eq!(why(mesh.ring.admit(&[0; 5_000], NOW)), "Seal");
    assert_eq!(mesh.ring.len(), 5);
}

#[test]
fn a_certificate_with_any_byte_changed_or_cut_is_refused() {
    for scheme in [
        Scheme::Ed25519,
        Scheme::StandIn(crate::trust::World::new(1)),
    ] {
        let mesh = Mesh::with(&scheme);
        let new = mesh.key(9);
        let bytes = mesh
            .statement(new.public(), Grant::Admit(Holder::Node))
            .sign(&mesh.top);
        // Every byte of the head and every tenth after it keeps the test short.
        for place in (0..bytes.len()).filter(|&place| place < 20 || place % 10 == 0) {
            let mut changed = bytes.clone();
            changed[place] ^= 0x20;
            let mut ring = mesh.ring.clone();
            assert!(ring.admit(&changed, NOW).is_err(), "{place}");
            assert!(ring.admit(&bytes[..place], NOW).is_err(), "{place}");
            assert_eq!(ring.len(), mesh.ring.len());
        }
        let mut ring = mesh.ring.clone();
        assert_eq!(ring.admit(&bytes, NOW), Ok(new.id()));
    }
}

#[test]
fn a_keyring_and_what_it_holds_are_bounded() {
    let mut mesh = Mesh::new();
    let top = mesh.key(2);
    for n in 0..95 {
        let new = mesh.key(100 + n);
        mesh.say(&top, &new, Grant::Admit(Holder::Node)).unwrap();
    }
    let one_more = mesh.key(99);
    assert_eq!(
        why(mesh.say(&top, &one_more, Grant::Admit(Holder::Node))),
        "Full"
    );
    let lead = mesh.key(4);
    // It has one seat already.
    let more = (0..Keyring::SEATS_MAX).map(|n| {
        let sector = crate::place::SectorId::at(50 + n / 100);
        Seat::Lead(sector.cluster((n % 100) as u8))
    });
    let results: Vec<_> = more
        .map(|place| mesh.say(&top, &lead, seat(place)))
        .collect();
    let (last, others) = results.split_last().unwrap();
    assert!(others.iter().all(Result::is_ok));
    assert_eq!(why(last.clone()), "Full");
    assert_eq!(
        why(Keyring::new(Scheme::Ed25519, PublicKey([0; 32]), 10)),
        "Weak"
    );
}

proptest! {
    #[test]
    fn no_content_of_a_certificate_panics(content in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mesh = Mesh::new();
        let bytes = crate::trust::sealed::seal(crate::trust::Purpose::Certificate, &mesh.root, |out| out.extend(&content));
        let mut ring = mesh.ring.clone();
        prop_assert!(ring.admit(&bytes, NOW).is_err());
    }
}
