//! What somebody who took a lead or a coordinator over can and cannot make.

use super::*;
use crate::place::SectorId;
use crate::trust::fixture::{Mesh, NOW, place};
use crate::trust::{Reach, Scheme, SecretKey, World};
use serde::Deserialize;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
enum Order {
    Throw,
    Thaw,
    Freeze(Reach),
    Lift,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "orders of any size are handed over by reference"
)]
fn asks(order: &Order, epoch: Epoch) -> Act<'static> {
    match order {
        Order::Throw | Order::Thaw => Act::Command(epoch),
        Order::Freeze(reach) => Act::Protect(*reach, epoch),
        Order::Lift => Act::Lift,
    }
}

fn try_it(
    mesh: &Mesh,
    by: &SecretKey,
    order: Order,
    epoch: u32,
    known: u32,
) -> Result<(), Refusal> {
    let bytes = sign(Epoch(epoch), &order, by).unwrap();
    let proven = prove::<Order>(&bytes, &mesh.ring, Epoch(known), NOW, asks)?;
    assert_eq!(
        (proven.by, proven.epoch, proven.body),
        (by.id(), Epoch(epoch), order)
    );
    Ok(())
}

#[test]
fn only_the_orchestrator_commands_and_others_protect_what_is_below_them() {
    let mesh = Mesh::new();
    let agent = place("7-4-12");
    let sector = Order::Freeze(Reach::Sector(SectorId(7)));
    let cluster = Order::Freeze(Reach::Cluster(agent.cluster));
    for (by, order, allowed) in [
        (&mesh.top, Order::Throw, true),
        (&mesh.top, Order::Thaw, true),
        (&mesh.top, Order::Freeze(Reach::Mesh), true),
        (&mesh.top, Order::Lift, false),
        (&mesh.middle, Order::Throw, false),
        (&mesh.middle, Order::Thaw, false),
        (&mesh.middle, sector, true),
        (
            &mesh.middle,
            Order::Freeze(Reach::Sector(SectorId(8))),
            false,
        ),
        (&mesh.lead, Order::Thaw, false),
        (&mesh.lead, cluster, true),
        (&mesh.lead, sector, false),
        (&mesh.agent, Order::Freeze(Reach::Agent(agent)), false),
        (&mesh.operator, Order::Throw, false),
        (&mesh.root, Order::Lift, true),
        (&mesh.root, Order::Thaw, true),
    ] {
        let answer = try_it(&mesh, by, order, 5, 5);
        assert_eq!(answer.is_ok(), allowed, "{by:?} {order:?}");
    }
}

#[test]
fn the_orchestrator_that_was_replaced_commands_no_more() {
    let mesh = Mesh::new();
    let stale = |result| matches!(result, Err(Refusal::StaleEpoch { .. }));
    assert!(stale(try_it(&mesh, &mesh.top, Order::Throw, 5, 6)));
    // Its certificate begins with epoch 3.
    assert!(stale(try_it(&mesh, &mesh.top, Order::Throw, 2, 0)));
    assert_eq!(try_it(&mesh, &mesh.root, Order::Thaw, 0, 6), Ok(()));
}

#[test]
fn a_command_changed_on_its_way_is_refused() {
    for scheme in [Scheme::Ed25519, Scheme::StandIn(World::new(1))] {
        let mesh = Mesh::with(&scheme);
        let bytes = sign(Epoch(5), &Order::Thaw, &mesh.top).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let answer = prove::<Order>(&changed, &mesh.ring, Epoch(0), NOW, asks);
            assert!(answer.is_err(), "{at}");
        }
    }
}

#[test]
fn a_command_without_epoch_or_with_another_body_is_told_so() {
    let mesh = Mesh::new();
    let short = seal(Purpose::Command, &mesh.top, |out| out.push(0));
    let other = sign(Epoch(5), &"dance", &mesh.top).unwrap();
    for bytes in [short, other] {
        let answer = prove::<Order>(&bytes, &mesh.ring, Epoch(0), NOW, asks);
        assert!(
            matches!(answer, Err(Refusal::Unreadable { .. })),
            "{answer:?}"
        );
    }
}
