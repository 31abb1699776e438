//! What becomes of errands, in a mesh with one cluster of sensors.

use super::super::node::SeatRole;
use super::super::scenario::Scenario;
use super::*;
use mesh_core::guard::level::{Kind, Value};
use mesh_core::message::errand::{Addressee, Wish};
use mesh_core::message::{Priority, Verb};
use mesh_core::place::Class;
use mesh_core::place::scope::Name;
use mesh_core::role::{Orchestrator, Outputs};
use mesh_core::time::{Micros, Moment};
use mesh_core::trust::seat::Seat;

/// One cluster of sensors in sector 1 or 2, the others at the edge.
const MESH: &str = "seconds = 200\nmesh = { sectors = 2, clusters = 2, agents = 4 }\n\
    classes = { edge = 3, local = 1 }\n[load]\nevery = 0\n";

fn world(rest: &str) -> World {
    let text = format!("{MESH}{rest}");
    let mut world = World::new(Scenario::parse(&text, "errands").expect("it reads"));
    world.run_until(Moment(40_000_000));
    world
}

fn some(world: &World, class: Class) -> u32 {
    let of = |agent: &super::super::node::AgentNode| agent.role.class() == class;
    world.agents.iter().position(of).expect("there is one") as u32
}

/// An agent of another sector than that of the sensors.
fn far_from_sensors(world: &World) -> u32 {
    let sensors = world.agents[some(world, Class::Local) as usize]
        .role
        .place();
    let far =
        |agent: &super::super::node::AgentNode| agent.role.place().sector() != sensors.sector();
    world.agents.iter().position(far).expect("there is one") as u32
}

fn ask(world: &mut World, agent: u32, to: Addressee) {
    let wish = Wish {
        to,
        verb: Verb::Act,
        payload: Arc::from(&b"do it"[..]),
        priority: Priority::Normal,
        within: Micros::seconds(50),
    };
    let said = WorkerEvent::Ask(Box::new(wish));
    world.give(NodeId::Agent(agent), Input::Worker(said));
}

fn able(name: &str) -> Addressee {
    Addressee::Able(Name::new(name).expect("a name"))
}

/// What came back of one errand within half a minute.
fn outcome(world: &mut World, agent: u32, to: Addressee) -> Outcome {
    let before = world.errands.returned.len();
    ask(world, agent, to);
    let until = world.now() + Micros::seconds(50);
    world.run_until(until);
    let [(asker, returned)] = &world.errands.returned[before..] else {
        panic!("{:?}", world.errands.returned);
    };
    assert_eq!(*asker, agent);
    returned.outcome.clone()
}

const DONE: &[u8] = b"done";

#[test]
fn a_worker_addresses_a_capability_in_its_cluster_and_across_sectors() {
    let mut world = world("");
    let far = far_from_sensors(&world);
    assert_eq!(
        outcome(&mut world, far, able("sensor")),
        Outcome::Done(DONE.into())
    );
    let near = some(&world, Class::Local);
    assert_eq!(
        outcome(&mut world, near, able("sensor")),
        Outcome::Done(DONE.into())
    );
    assert_eq!(outcome(&mut world, near, able("vision")), Outcome::Nobody);
    assert!(world.truth.told.is_empty(), "{:?}", world.truth.told);
}

#[test]
fn a_worker_addresses_a_place_anywhere() {
    let mut world = world("");
    for place in ["1-1-2", "1-2-1", "2-2-4"] {
        let to = Addressee::At(place.parse().expect("a place"));
        assert_eq!(
            outcome(&mut world, 0, to),
            Outcome::Done(DONE.into()),
            "{place}"
        );
    }
}

#[test]
fn sectors_route_to_each_other_when_the_orchestrator_is_gone() {
    let mut world = world("");
    for index in world.orchestrators {
        assert_eq!(world.seats[index as usize].seat, Seat::Orchestrator);
        world.host_mut(NodeId::Seat(index)).up = false;
    }
    let later = world.now() + Micros::seconds(20);
    world.run_until(later);
    let far = far_from_sensors(&world);
    assert_eq!(
        outcome(&mut world, far, able("sensor")),
        Outcome::Done(DONE.into())
    );
}

#[test]
fn on_bad_links_every_errand_is_run_once_and_answered() {
    let mut world = world("[network]\nloss = 0.1\nduplication = 0.1\nreordering = 0.1\n");
    let askers: Vec<u32> = (0..world.agents.len() as u32).collect();
    for &agent in &askers {
        ask(&mut world, agent, able("cache"));
        ask(&mut world, agent, able("sensor"));
    }
    let until = world.now() + Micros::seconds(60);
    world.run_until(until);
    assert_eq!(world.errands.returned.len(), 2 * askers.len());
    for (agent, returned) in &world.errands.returned {
        assert_eq!(returned.outcome, Outcome::Done(DONE.into()), "{agent}");
    }
    assert!(world.truth.told.is_empty(), "{:?}", world.truth.told);
}

/// Lets the orchestrator that serves do something; none when nobody serves.
fn at_the_top<T>(
    world: &mut World,
    act: impl FnOnce(&mut Orchestrator, Moment, &mut Outputs) -> T,
) -> Option<T> {
    let serving = |index: &u32| world.seats[*index as usize].role.serving();
    let index = world.orchestrators.into_iter().find(serving)?;
    let node = NodeId::Seat(index);
    let seat = &mut world.seats[index as usize];
    let SeatRole::Orchestrator(role) = &mut seat.role else {
        return None;
    };
    let local = seat.host.clock.read(world.now);
    let mut out = core::mem::take(&mut world.out);
    let done = act(role, local, &mut out);
    let next = role.next_wake();
    world.carry_out(node, local, &mut out);
    world.out = out;
    world.arm(node, next);
    Some(done)
}

#[test]
fn nothing_is_routed_to_the_frozen_the_avoided_or_those_behind_a_breaker() {
    for (kind, wanted) in [
        (Kind::Freeze, Outcome::Nobody),
        (Kind::Avoid, Outcome::Nobody),
        (Kind::Quarantine, Outcome::Nobody),
        (Kind::Breaker, Outcome::Nobody),
    ] {
        let mut world = world("");
        let sensors = world.agents[some(&world, Class::Local) as usize]
            .role
            .place()
            .cluster;
        let written = at_the_top(&mut world, |role, now, out| {
            let region = mesh_core::place::scope::Region::Cluster(sensors);
            role.write(now, kind.clone(), region, Value::Hold, None, out)
                .is_ok()
        });
        assert_eq!(written, Some(true));
        let later = world.now() + Micros::seconds(15);
        world.run_until(later);
        let far = far_from_sensors(&world);
        assert_eq!(outcome(&mut world, far, able("sensor")), wanted, "{kind:?}");
    }
}
