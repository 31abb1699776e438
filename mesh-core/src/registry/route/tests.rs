use super::*;
use crate::place::SectorId;
use crate::registry::table::tests::{any_table, named, place};
use crate::registry::{RowUpdate, State};
use proptest::prelude::*;

const NOW: Moment = Moment(60_000_000);
const EVERYWHERE: Demand<'_> = Demand::new("llm_inference", Region::All);

fn agent(millis: i64) -> RowUpdate {
    RowUpdate {
        state: State::Active,
        impedance: Some(Impedance(Micros::millis(millis))),
        capabilities: CapabilitySet(1),
        ..RowUpdate::unknown(Class::Gpu)
    }
}

/// Ten agents, 7-4-1 the fastest.
fn ten() -> Table {
    let mut table = named();
    for slot in 0..10u8 {
        let id = place("7-4-1").cluster.agent(slot);
        table
            .apply(id, &agent(100 + 10 * i64::from(slot)), NOW)
            .expect("a row");
    }
    table
}

fn all(_: AgentId) -> Share {
    Share::ALL
}

#[test]
fn work_spreads_and_the_faster_get_more_of_it() {
    let (table, mut router, mut chance) = (ten(), Router::new(), Chance::new(1));
    let mut sent = [0u32; 10];
    for _ in 0..10_000 {
        let id = router
            .route(&table, EVERYWHERE, NOW, &mut chance, all)
            .expect("somebody");
        sent[usize::from(id.slot())] += 1;
        router.answered(id, Micros::millis(100), NOW);
    }
    assert!(
        sent[0] > 1_500 && sent[0] < 2_500,
        "the fastest gets a fifth, not all: {sent:?}"
    );
    assert!(
        sent[..9].iter().all(|n| *n > 100) && sent[0] > sent[5],
        "{sent:?}"
    );
}

#[test]
fn what_is_out_counts_against_an_agent() {
    let (table, mut router, mut chance) = (ten(), Router::new(), Chance::new(2));
    let mut sent = [0u32; 10];
    for _ in 0..1_000 {
        let id = router
            .route(&table, EVERYWHERE, NOW, &mut chance, all)
            .expect("somebody");
        sent[usize::from(id.slot())] += 1;
    }
    assert!(sent.iter().all(|n| (50..160).contains(n)), "{sent:?}");
}

#[test]
fn a_peak_counts_at_once_and_is_forgotten_slowly() {
    let z = Impedance(Micros::millis(100));
    let peak = Peak {
        took: Micros::millis(1_100),
        at: NOW,
        pending: 0,
    };
    let after = |seconds| peak.cost(z, NOW + Micros::seconds(seconds)) / 1_000.0;
    assert!((after(0) - 1_100.0).abs() < 1.0);
    assert!((after(10) - 467.9).abs() < 1.0);
    assert!((after(600) - 100.0).abs() < 1.0);
    let mut router = Router::new();
    router.sent(place("1-1-1"), NOW);
    router.answered(place("1-1-1"), Micros::seconds(1), NOW);
    router.answered(place("1-1-1"), Micros::millis(1), NOW);
    assert_eq!(router.peaks[&place("1-1-1")].took, Micros::seconds(1));
}

#[test]
fn a_half_open_breaker_lets_a_tenth_through() {
    let (table, mut router, mut chance) = (ten(), Router::new(), Chance::new(3));
    let half = |id: AgentId| {
        if id.agent == 1 {
            Share::new(0.1)
        } else {
            Share::ALL
        }
    };
    let mut sent = 0;
    for _ in 0..10_000 {
        let id = router
            .route(&table, EVERYWHERE, NOW, &mut chance, half)
            .expect("somebody");
        sent += u32::from(id.agent == 1);
        router.lost(id);
    }
    assert!((150..260).contains(&sent), "a tenth of its fifth: {sent}");
}

#[test]
fn nobody_to_send_to_is_told_with_the_reasons() {
    let mut table = ten();
    let mut router = Router::new();
    table.set_state(place("7-4-1"), State::Offline, NOW);
    table.avoid(Region::Agent(place("7-4-2")), |_, _| true);
    let mut chance = Chance::new(4);
    let sector = Region::Sector(SectorId(7));
    let error = router
        .route(
            &table,
            Demand::new("llm_inference", sector),
            NOW,
            &mut chance,
            |_| Share::NONE,
        )
        .expect_err("all breakers are open");
    assert_eq!(
        error.to_string(),
        "no agent of sector:7 can do llm_inference now: 10 could, of which 1 are not active, 1 avoided or frozen, 8 behind a breaker"
    );
    for (what, region) in [
        ("embed", Region::All),
        ("flying", Region::All),
        ("llm_inference", Region::Class(Class::Edge)),
    ] {
        assert!(
            router
                .route(&table, Demand::new(what, region), NOW, &mut chance, all)
                .is_err(),
            "{what}"
        );
    }
}

#[test]
fn old_rows_are_used_only_when_there_is_no_other() {
    let mut table = ten();
    let (mut router, mut chance) = (Router::new(), Chance::new(5));
    let later = NOW + Micros::seconds(60);
    table
        .apply(place("7-4-10"), &agent(900), later)
        .expect("a row");
    table.sweep(later, Micros::seconds(15));
    for _ in 0..50 {
        assert_eq!(
            router.route(&table, EVERYWHERE, later, &mut chance, all),
            Ok(place("7-4-10"))
        );
    }
    table.sweep(later + Micros::seconds(60), Micros::seconds(15));
    assert!(
        router
            .route(&table, EVERYWHERE, later, &mut chance, all)
            .is_ok()
    );
}

#[test]
fn the_best_are_found_mesh_wide_within_the_limit() {
    let mut table = ten();
    table.apply(place("9-1-1"), &agent(50), NOW).expect("a row");
    table
        .apply(place("9-1-2"), &agent(501), NOW)
        .expect("a row");
    let limit = Impedance(Micros::millis(500));
    let best = table.find_best("llm_inference", 3, limit, |id| id != place("7-4-1"));
    assert_eq!(best, [place("9-1-1"), place("7-4-2"), place("7-4-3")]);
    assert_eq!(
        table.find_best("llm_inference", 99, limit, |_| true).len(),
        11
    );
    assert!(table.find_best("flying", 3, limit, |_| true).is_empty());
}

#[test]
fn a_map_of_summaries_routes_within_and_across_sectors() {
    let mut table = ten();
    table.apply(place("9-1-1"), &agent(50), NOW).expect("a row");
    table
        .apply(
            place("9-2-1"),
            &RowUpdate {
                capabilities: CapabilitySet(2),
                ..agent(1)
            },
            NOW,
        )
        .expect("a row");
    let mut map = GlobalMap::new();
    for (cluster, _) in table.clusters() {
        map.update_cluster(
            table.cluster_summary(cluster, NOW).expect("a cluster"),
            table.capabilities(),
        );
    }
    let mut chance = Chance::new(6);
    let everything = |_| Share::ALL;
    assert_eq!(
        map.route(EVERYWHERE, &mut chance, everything),
        Ok(place("9-1-1").cluster)
    );
    let seven = Demand::new("llm_inference", Region::Sector(SectorId(7)));
    assert_eq!(
        map.route(seven, &mut chance, everything),
        Ok(place("7-4-1").cluster)
    );
    let open = |id: ClusterId| {
        if id.sector == SectorId(9) {
            Share::NONE
        } else {
            Share::ALL
        }
    };
    assert_eq!(
        map.route(EVERYWHERE, &mut chance, open),
        Ok(place("7-4-1").cluster)
    );
    assert!(
        map.route(
            Demand::new("vision", Region::Sector(SectorId(9))),
            &mut chance,
            open
        )
        .is_err()
    );
}

#[test]
fn what_a_router_remembers_is_bounded() {
    let mut router = Router::new();
    let shape = crate::place::Shape::new(3, 128, 128).expect("a shape");
    for (n, id) in (0..).zip(shape.all_agents().take(Router::PEAKS_MAX + 10)) {
        router.sent(id, Moment(n));
    }
    assert_eq!(router.peaks.len(), Router::PEAKS_MAX);
    assert!(!router.peaks.contains_key(&place("1-1-1")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whoever_is_not_routable_is_never_chosen(table in any_table(80), seed in any::<u64>(), shut in 0u8..5) {
        let (mut router, mut chance) = (Router::new(), Chance::new(seed));
        let admit = |id: AgentId| if id.agent == shut { Share::NONE } else { Share::ALL };
        let may = |row: &crate::registry::Row| row.is_routable() && row.place().agent != shut && row.capabilities().has(CapabilitySet(1));
        let anybody = table.rows(Region::All).any(|row| may(&row));
        for _ in 0..20 {
            match router.route(&table, EVERYWHERE, NOW, &mut chance, admit) {
                Ok(id) => prop_assert!(may(&table.row(id).expect("a row"))),
                Err(_) => prop_assert!(!anybody),
            }
        }
        for id in table.find_best("llm_inference", 5, Impedance(Micros::millis(500)), |id| id.agent != shut) {
            let row = table.row(id).expect("a row");
            prop_assert!(may(&row) && row.impedance().is_some_and(|z| z.score() <= 500));
        }
    }
}
