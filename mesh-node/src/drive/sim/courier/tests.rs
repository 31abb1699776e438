use super::super::sabotage::Sabotage;
use super::super::scenario::Scenario;
use super::*;
use mesh_core::role::Refusal;

/// Throws and tasks so thick that one overtakes the other, on links that lose, double and reorder.
const ROUGH: &str = "seconds = 40\nsettle = 60\nmesh = { sectors = 1, clusters = 2, agents = 8 }\n\
    [load]\nevery = 0.4\ntasks_per_minute = 600\n\
    [network]\nloss = 0.08\nduplication = 0.05\nreordering = 0.2\nreordering_delay = \"300ms\"";

fn run(seed: u64, sabotage: Option<Sabotage>) -> World {
    let scenario = Scenario {
        seed,
        ..Scenario::parse(ROUGH, "rough").expect("it reads")
    };
    let mut world = World::new(scenario);
    if let Some(what) = sabotage {
        world = world.sabotaged(what);
    }
    world.run();
    world.settle();
    world
}

fn told(world: &World, wanted: &str) -> bool {
    let mut told = world.truth.told.iter();
    told.any(|violation| violation.what.contains(wanted))
}

#[test]
fn on_rough_links_everything_arrives_in_order_and_once() {
    for seed in [1, 2, 3] {
        let world = run(seed, None);
        assert!(
            world.truth.told.is_empty(),
            "seed {seed}: {:?}",
            world.truth.told
        );
        assert!(world.truth.refusals[&Refusal::Duplicate] > 0);
    }
}

#[test]
fn agents_that_take_every_message_for_the_next_are_seen() {
    assert!(told(&run(1, Some(Sabotage::AnyOrder)), "after number"));
}

#[test]
fn leads_that_forget_what_never_arrived_are_seen() {
    assert!(told(&run(1, Some(Sabotage::FalseReceipts)), "never had"));
}
