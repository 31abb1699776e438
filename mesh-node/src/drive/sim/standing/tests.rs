use super::super::operate::Wanted;
use super::super::scenario::Scenario;
use super::*;
use mesh_core::registry::State;
use mesh_core::role::Outputs;
use mesh_core::trust::seat::Seat;

fn scenario(name: &str) -> Scenario {
    let path = format!(
        "{}/../tests/scenarios/{name}.toml",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(&path).expect(&path);
    Scenario::parse(&text, name).expect("it reads")
}

fn run(name: &str, seed: u64) -> World {
    let mut world = World::new(Scenario {
        seed,
        ..scenario(name)
    });
    world.run();
    world
}

/// Carries out an operation; whether it was done.
fn operate(world: &mut World, name: &str, scope: Option<&str>, args: &toml::Table) -> bool {
    let refused = world.requests.books.refused;
    let asked = world.operate(name, scope, args, Wanted::Done);
    asked && world.requests.books.refused == refused
}

/// A calm mesh of 24 that has had time to report.
fn calm() -> World {
    let text = "seconds = 100\nmesh = { sectors = 2, clusters = 3, agents = 4 }\n[load]\nevery = 0";
    let mut world = World::new(Scenario::parse(text, "calm").expect("it reads"));
    world.run_until(Moment(20_000_000));
    world
}

fn frozen(world: &World) -> usize {
    let agents = world.agents.iter();
    agents
        .filter(|agent| agent.role.applied().frozen().is_some())
        .count()
}

#[test]
fn a_frozen_mesh_is_frozen_at_the_end_whoever_died_meanwhile() {
    for seed in [1, 2, 3] {
        let world = run("freeze-late-joiners", seed);
        assert!(
            world.truth.told.is_empty(),
            "seed {seed}: {:?}",
            world.truth.told
        );
        let up = world.agents.iter().filter(|agent| agent.host.up);
        let not = up.filter(|agent| {
            agent.role.applied().frozen().is_none() && agent.role.applied().settled()
        });
        assert_eq!(not.count(), 0, "seed {seed}");
        let p99 = world.standing.freeze_p99_ms().expect("there was a freeze");
        assert!(p99 < 2_000.0, "{p99} ms");
    }
}

#[test]
fn a_thaw_leaves_nothing_frozen_on_either_side_of_a_partition() {
    for seed in [1, 2, 3] {
        let world = run("freeze-under-partition", seed);
        assert!(
            world.truth.told.is_empty(),
            "seed {seed}: {:?}",
            world.truth.told
        );
        assert_eq!(frozen(&world), 0, "seed {seed}");
    }
}

/// What must hold of an agent.
type Holds = fn(&mesh_core::guard::level::Effective) -> bool;

#[test]
fn every_level_that_the_console_knows_comes_into_force_and_passes() {
    let cases: [(&str, &str, Holds); 4] = [
        ("freeze", "thaw", |at| at.frozen.is_some()),
        ("avoid", "restore", |at| at.avoided),
        ("quarantine", "release", |at| at.quarantined),
        ("trip", "reset", |at| {
            at.breaker == mesh_core::guard::level::Gate::Open
        }),
    ];
    for (begin, end, holds) in cases {
        let mut world = calm();
        let at = |world: &World| {
            let inside =
                (0..world.agents.len() as u32).filter(|&agent| holds(&world.effective(agent)));
            inside.count()
        };
        assert!(operate(
            &mut world,
            begin,
            Some("sector:2"),
            &toml::Table::new()
        ));
        world.run_until(Moment(22_000_000));
        assert_eq!(at(&world), 12, "{begin}");
        assert!(operate(
            &mut world,
            end,
            Some("cluster:2-1"),
            &toml::Table::new()
        ));
        world.run_until(Moment(24_000_000));
        assert_eq!(at(&world), 8, "{end}");
        // Only some of them can be asked for a while; a timer in an entry ends the others in the roles alone.
        let row = mesh_core::operation::table::row(begin).expect("it is in the table");
        if row.arg("for_s").is_some() {
            let args: toml::Table = "for_s = 5".parse().expect("it reads");
            assert!(
                operate(&mut world, begin, Some("agent:1-1-1"), &args),
                "{begin}: {:?}",
                world.requests.books
            );
            world.run_until(Moment(26_000_000));
            assert_eq!(at(&world), 9, "{begin} for 5 s");
            world.run_until(Moment(34_000_000));
            assert_eq!(at(&world), 8, "{begin} for 5 s");
        }
        assert!(world.truth.told.is_empty(), "{:?}", world.truth.told);
    }
    let mut world = calm();
    assert!(!operate(&mut world, "frezze", None, &toml::Table::new()));
    assert!(!operate(
        &mut world,
        "freeze",
        Some("nowhere:1"),
        &toml::Table::new()
    ));
}

#[test]
fn a_freeze_survives_a_power_cut_of_everybody() {
    let mut world = calm();
    assert!(operate(
        &mut world,
        "freeze",
        Some("all"),
        &toml::Table::new()
    ));
    world.run_until(Moment(22_000_000));
    assert_eq!(frozen(&world), 24);
    let seats = (0..world.seats.len() as u32).map(NodeId::Seat);
    let nodes: Vec<NodeId> = seats.chain((0..24).map(NodeId::Agent)).collect();
    for &node in &nodes {
        world.crash(node, None);
    }
    world.run_until(Moment(30_000_000));
    for &node in &nodes {
        world.restart(node);
    }
    assert_eq!(frozen(&world), 24, "from their disks, at once");
    world.run_until(Moment(90_000_000));
    assert_eq!((frozen(&world), world.truth.violations), (24, 0));
    assert!(operate(
        &mut world,
        "thaw",
        Some("all"),
        &toml::Table::new()
    ));
    world.run_until(Moment(92_000_000));
    assert_eq!(frozen(&world), 0);
}

/// Who serves in a seat.
fn holder(world: &World, seat: Seat) -> Option<u32> {
    let mut seats = world.seats.iter().zip(0..);
    let (_, index) =
        seats.find(|(node, _)| node.seat == seat && node.host.up && node.role.serving())?;
    Some(index)
}

/// What the registry of whoever orchestrates says of the first agent.
fn first_agent(world: &World) -> State {
    let index = holder(world, Seat::Orchestrator).expect("somebody serves");
    let place = world.agents[0].role.place();
    match &world.seats[index as usize].role {
        SeatRole::Orchestrator(role) => role.registry().row(place).expect("it is known").state(),
        _ => panic!("an orchestrator"),
    }
}

#[test]
fn an_agent_that_dies_with_its_lead_is_missed_by_the_next_lead() {
    let mut world = calm();
    assert_eq!(first_agent(&world), State::Active);
    let cluster = world.agents[0].role.place().cluster;
    let lead = holder(&world, Seat::Lead(cluster)).expect("somebody leads");
    for node in [NodeId::Seat(lead), NodeId::Agent(0)] {
        world.crash(node, None);
    }
    // The next lead does not take it for dead at once: nobody has had time to speak.
    world.run_until(Moment(32_000_000));
    assert!(holder(&world, Seat::Lead(cluster)).is_some_and(|new| new != lead));
    assert_eq!(first_agent(&world), State::Active);
    let mut missed = None;
    for second in 33..90 {
        world.run_until(Moment(second * 1_000_000));
        if first_agent(&world) == State::Offline {
            missed = missed.or(Some(second));
        }
    }
    // Half a minute of silence after the takeover; then its host is asked to start it again, and does.
    assert!(
        missed.is_some_and(|second| (50..62).contains(&second)),
        "{missed:?}"
    );
    assert_eq!(first_agent(&world), State::Active);
}

// Each invariant sees what it is for, once what guards it is away.

#[test]
fn work_under_a_freeze_is_seen() {
    let mut world = calm();
    assert!(operate(
        &mut world,
        "freeze",
        Some("all"),
        &toml::Table::new()
    ));
    world.run_until(Moment(22_000_000));
    assert_eq!(world.truth.violations, 0);
    world.works(3, MessageId(7));
    assert_eq!(
        world.truth.violations, 2,
        "it is frozen, and the freeze is proven"
    );
}

#[test]
fn a_stop_that_did_not_happen_is_seen() {
    let mut world = calm();
    let report = FreezeReport {
        region: Region::All,
        epoch: Stamp {
            term: 1,
            counter: 1,
        },
        targeted: 24,
        claimed: 24,
        proven: 24,
        elapsed: Micros::millis(300),
        finished: true,
    };
    world.frozen(&report, &[]);
    assert!(
        world.truth.told[0].what.contains("is not frozen"),
        "{:?}",
        world.truth.told
    );
}

#[test]
fn state_that_does_not_spread_is_seen() {
    let mut world = calm();
    world.look_at_digests();
    assert_eq!(world.truth.violations, 0);
    // Written, and nothing of it has arrived anywhere yet.
    let top = world.orchestrators[0] as usize;
    let local = world.seats[top].host.clock.read(world.now);
    let SeatRole::Orchestrator(role) = &mut world.seats[top].role else {
        panic!("an orchestrator")
    };
    let mut out = Outputs::default();
    role.write(local, Kind::Avoid, Region::All, Value::Hold, None, &mut out)
        .expect("it serves");
    world.look_at_digests();
    assert_eq!(
        world.truth.violations, 2,
        "between both sectors and the top"
    );
}
