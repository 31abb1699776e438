//! Scenarios by chance, for fuzzing: small meshes in large trouble.

use super::super::link::Burst;
use super::{
    Claim, Clocks, Fault, FaultKind, MeshSize, Misconduct, Scenario, Seat, StoreTrouble, Whom,
};
use mesh_core::chance::Chance;
use mesh_core::message::{ConflictKind, Strategy};
use mesh_core::place::Shape;
use mesh_core::time::Micros;

/// Longer than the longest that anything of the mesh waits by itself: a breaker that opens again, 60 s, and then probes
/// for 60 s more.
const SETTLE: Micros = Micros::seconds(150);

impl Scenario {
    /// A small mesh (2 × 2 × 4 to 4 × 4 × 10), half a minute to two minutes, up to eight faults of any kind.
    pub fn random(chance: &mut Chance) -> Self {
        let shape = Shape {
            sectors: 2 + chance.below(3) as u16,
            clusters: 2 + chance.below(3) as u8,
            agents: 4 + chance.below(7) as u8,
        };
        let mut scenario = Self {
            name: "random".to_owned(),
            duration: Micros::seconds(30 + chance.below(91) as i64),
            seed: chance.bits() >> 1,
            mesh: MeshSize::of_shape(shape),
            ..Self::default()
        };
        scenario.load.start = Micros::seconds(5 + chance.below(10) as i64);
        scenario.load.every = Micros::seconds(1 + chance.below(10) as i64);
        scenario.load.strategy = *pick(
            chance,
            &[Strategy::Wave, Strategy::Parallel, Strategy::PriorityFirst],
        );
        scenario.load.weight = rounded(chance.between(0.0, 2.0));
        scenario.load.tasks_per_minute = chance.below(30) as f64;
        scenario.network.loss = rounded(chance.between(0.0, 0.1));
        scenario.network.duplication = rounded(chance.between(0.0, 0.05));
        scenario.network.reordering = rounded(chance.between(0.0, 0.05));
        scenario.clocks = Clocks {
            offset: Micros::seconds(chance.below(3_601) as i64),
            drift_ppm: chance.below(101) as f64,
        };
        scenario.churn.per_minute = rounded(chance.between(0.0, 0.05));
        scenario.settle = SETTLE;
        let count = 1 + chance.below(8);
        scenario.faults = (0..count)
            .map(|_| fault(shape, scenario.duration, chance))
            .collect();
        scenario.faults.sort_by_key(|fault| fault.at);
        scenario
    }
}

fn fault(shape: Shape, duration: Micros, chance: &mut Chance) -> Fault {
    let at = Micros::seconds(2 + chance.below((duration.0 / 1_000_000 - 4) as u64) as i64);
    let mut fault = Fault::once(at, kind(shape, chance));
    if chance.happens(0.2) {
        fault.every = Some(Micros::seconds(3 + chance.below(20) as i64));
    }
    fault
}

fn kind(shape: Shape, chance: &mut Chance) -> FaultKind {
    match chance.below(20) {
        which @ 0..=11 => of_agents(which, shape, chance),
        which => around_agents(which, shape, chance),
    }
}

/// Crash to flood: what is wrong with agents and seats.
fn of_agents(which: u64, shape: Shape, chance: &mut Chance) -> FaultKind {
    let whom = whom(shape, chance);
    let lasts = lasts(chance);
    match which {
        0 => FaultKind::Crash {
            whom,
            restart: lasts,
            lose_unsynced: chance.happens(0.5),
        },
        1 => FaultKind::Restart { whom },
        2 | 3 => {
            let role = seat(chance);
            FaultKind::Kill {
                role,
                whom: seat_of(role, shape, chance),
                restart: lasts,
                standby: chance.happens(0.8),
                lose_unsynced: chance.happens(0.5),
            }
        }
        4 => FaultKind::Slow {
            whom,
            factor: rounded(chance.between(1.5, 10.0)),
            lasts,
        },
        5 => FaultKind::Silent { whom, lasts },
        6 => FaultKind::Lie {
            whom,
            claim: *pick(
                chance,
                &[
                    Claim::Latency,
                    Claim::Ready,
                    Claim::Released,
                    Claim::Queue,
                    Claim::Processing,
                ],
            ),
            factor: rounded(chance.between(0.0, 5.0)),
            lasts,
        },
        7 => FaultKind::Wrong {
            whom,
            rate: rounded(chance.unit()),
            lasts,
        },
        8 => FaultKind::Conflict {
            whom,
            conflict: *pick(
                chance,
                &[
                    ConflictKind::ContextDivergence,
                    ConflictKind::DataContradiction,
                    ConflictKind::TemporalParadox,
                    ConflictKind::CapabilityMismatch,
                    ConflictKind::HashMismatch,
                ],
            ),
            rate: rounded(chance.unit()),
            lasts,
        },
        9 => FaultKind::Clone {
            whom: agent(shape, chance),
            at_place: chance.happens(0.5).then(|| cluster(shape, chance)),
        },
        10 => FaultKind::CorruptContext { whom },
        _ => FaultKind::Flood {
            whom: agent(shape, chance),
            factor: 5.0 + chance.below(50) as f64,
            lasts,
        },
    }
}

/// Seats in the wrong hands, networks, clocks, the store, and people.
fn around_agents(which: u64, shape: Shape, chance: &mut Chance) -> FaultKind {
    let whom = whom(shape, chance);
    let lasts = lasts(chance);
    match which {
        12 | 13 => {
            let role = seat(chance);
            FaultKind::Compromise {
                role,
                whom: seat_of(role, shape, chance),
                conduct: *pick(
                    chance,
                    &[
                        Misconduct::ForgeCommands,
                        Misconduct::FalseSummaries,
                        Misconduct::SwallowCommands,
                        Misconduct::AlterAnswers,
                        Misconduct::UnusualCommands,
                    ],
                ),
                lasts,
            }
        }
        14 => FaultKind::Partition {
            side: vec![region(shape, chance)],
            other: Vec::new(),
            one_way: chance.happens(0.3),
            lasts,
        },
        15 => FaultKind::Network {
            whom,
            loss: Some(rounded(chance.between(0.0, 0.6))),
            burst: chance.happens(0.5).then_some(Burst {
                enter: 0.02,
                leave: 0.1,
                loss: 0.9,
            }),
            duplication: Some(rounded(chance.between(0.0, 0.3))),
            reordering: Some(rounded(chance.between(0.0, 0.3))),
            delay_factor: Some(rounded(chance.between(0.5, 5.0))),
            trunks: chance.happens(0.5),
            lasts,
        },
        16 => {
            let shape_of_trouble = chance.below(3);
            FaultKind::Clock {
                whom,
                seats: chance.happens(0.5),
                step: (shape_of_trouble == 0)
                    .then(|| Micros::millis(chance.below(120_001) as i64 - 60_000)),
                drift_ppm: (shape_of_trouble == 1).then(|| chance.below(2_001) as f64 - 1_000.0),
                stop: (shape_of_trouble == 2).then(|| Micros::seconds(1 + chance.below(9) as i64)),
            }
        }
        17 => FaultKind::SeatStore {
            trouble: *pick(
                chance,
                &[
                    StoreTrouble::Outage,
                    StoreTrouble::Unknown,
                    StoreTrouble::LostWrites,
                ],
            ),
            rate: rounded(chance.between(0.3, 1.0)),
            lasts,
        },
        _ => operate(shape, chance),
    }
}

/// Somebody at the console.
fn operate(shape: Shape, chance: &mut Chance) -> FaultKind {
    let operation = *pick(
        chance,
        &[
            "freeze",
            "thaw",
            "avoid",
            "restore",
            "quarantine",
            "release",
            "trip",
            "reset",
            "heal",
            "cascade",
        ],
    );
    let mut args = toml::Table::new();
    if operation == "cascade" {
        args.insert("verb".to_owned(), "sync".into());
    }
    FaultKind::Operate {
        operation: operation.to_owned(),
        scope: Some(region(shape, chance)),
        args,
        refused: false,
        either: true,
    }
}

/// Four decimals: what is saved is short, and read back the same.
fn rounded(value: f64) -> f64 {
    libm::round(value * 1e4) / 1e4
}

fn pick<'a, T>(chance: &mut Chance, from: &'a [T]) -> &'a T {
    &from[chance.below(from.len() as u64) as usize]
}

/// Two times in three it ends, after 1 to 30 s.
fn lasts(chance: &mut Chance) -> Option<Micros> {
    chance
        .happens(0.67)
        .then(|| Micros::seconds(1 + chance.below(30) as i64))
}

fn seat(chance: &mut Chance) -> Seat {
    *pick(
        chance,
        &[
            Seat::Lead,
            Seat::Lead,
            Seat::Coordinator,
            Seat::Coordinator,
            Seat::Orchestrator,
        ],
    )
}

fn seat_of(role: Seat, shape: Shape, chance: &mut Chance) -> Whom {
    Whom::scope(&match role {
        Seat::Lead => cluster(shape, chance),
        Seat::Coordinator => sector(shape, chance),
        Seat::Orchestrator => "all".to_owned(),
    })
}

fn sector(shape: Shape, chance: &mut Chance) -> String {
    format!("sector:{}", 1 + chance.below(u64::from(shape.sectors)))
}

fn cluster(shape: Shape, chance: &mut Chance) -> String {
    let sector = 1 + chance.below(u64::from(shape.sectors));
    format!(
        "cluster:{sector}-{}",
        1 + chance.below(u64::from(shape.clusters))
    )
}

fn agent(shape: Shape, chance: &mut Chance) -> Whom {
    let sector = 1 + chance.below(u64::from(shape.sectors));
    let cluster = 1 + chance.below(u64::from(shape.clusters));
    let agent = 1 + chance.below(u64::from(shape.agents));
    Whom::scope(&format!("agent:{sector}-{cluster}-{agent}"))
}

fn region(shape: Shape, chance: &mut Chance) -> String {
    match chance.below(5) {
        0 => "all".to_owned(),
        1 | 2 => sector(shape, chance),
        _ => cluster(shape, chance),
    }
}

fn whom(shape: Shape, chance: &mut Chance) -> Whom {
    let mut whom = match chance.below(4) {
        0 => return agent(shape, chance),
        _ => Whom::scope(&region(shape, chance)),
    };
    match chance.below(3) {
        0 => whom.count = Some(1 + chance.below(5) as u32),
        1 => whom.share = Some(rounded(chance.between(0.1, 0.7))),
        _ => {}
    }
    whom
}
