use super::*;
use crate::place::Class;
use crate::registry::table::tests::{any_table, named, place};
use crate::registry::{RowUpdate, State};
use proptest::prelude::*;

const NOW: Moment = Moment(60_000_000);

fn agent(state: State, millis: i64) -> RowUpdate {
    RowUpdate {
        state,
        impedance: Some(Impedance(Micros::millis(millis))),
        capabilities: CapabilitySet(1),
        ..RowUpdate::unknown(Class::Edge)
    }
}

#[test]
fn a_cluster_is_summed_up_by_who_answers() {
    let mut table = named();
    for (id, state, millis) in [
        ("7-4-1", State::Active, 100),
        ("7-4-2", State::Active, 300),
        ("7-4-3", State::Degraded, 900),
        ("7-4-4", State::Offline, 5),
    ] {
        table
            .apply(place(id), &agent(state, millis), NOW)
            .expect(id);
    }
    table
        .apply(
            place("7-4-5"),
            &RowUpdate {
                state: State::Active,
                ..RowUpdate::unknown(Class::Human)
            },
            NOW,
        )
        .expect("a person");
    let summary = table
        .cluster_summary(place("7-4-1").cluster, NOW)
        .expect("a cluster");
    let vitals = &summary.vitals;
    assert_eq!(
        (
            vitals.counts.agents,
            vitals.counts.active,
            vitals.counts.people
        ),
        (5, 3, 1)
    );
    assert_eq!(vitals.mean().map(Impedance::score), Some(433));
    assert_eq!(vitals.slowest.map(|(_, id)| id), Some(place("7-4-3")));
    assert_eq!(vitals.fastest.map(|(_, id)| id), Some(place("7-4-1")));
    assert_eq!(
        (vitals.routable, vitals.capabilities),
        (3, CapabilitySet(1))
    );
    assert_eq!(summary.last_updated, NOW);
    assert_eq!(table.cluster_summary(place("7-5-1").cluster, NOW), None);
}

#[test]
fn a_sector_is_healthy_above_95_per_cent_and_not_at_it() {
    // §4.3: active / total > 0.95 is healthy, <= 0.95 degraded.
    for (active, total, healthy) in [
        (95, 100, false),
        (96, 100, true),
        (19, 20, false),
        (20, 20, true),
        (0, 0, false),
    ] {
        let counts = Counts {
            agents: total,
            active,
            ..Counts::default()
        };
        let vitals = Vitals {
            counts,
            ..Vitals::default()
        };
        assert_eq!(vitals.is_healthy(), healthy, "{active} of {total}");
    }
}

#[test]
fn a_sector_names_its_healthiest_and_sickest_cluster_and_passes_over_people() {
    let mut table = named();
    for (id, millis) in [("1-1-1", 200), ("1-2-1", 50), ("1-3-1", 700)] {
        table
            .apply(place(id), &agent(State::Active, millis), NOW)
            .expect(id);
    }
    table
        .apply(place("1-4-1"), &RowUpdate::unknown(Class::Human), NOW)
        .expect("a person");
    let sector = table.sector_summary(SectorId(1), NOW).expect("a sector");
    assert_eq!(sector.cluster_count, 4);
    assert_eq!(sector.healthiest_cluster, Some(place("1-2-1").cluster));
    assert_eq!(sector.sickest_cluster, Some(place("1-3-1").cluster));
}

#[test]
fn a_map_keeps_the_newer_and_says_how_old_the_oldest_is() {
    let mut table = named();
    table
        .apply(place("1-1-1"), &agent(State::Active, 10), NOW)
        .expect("a row");
    let summary = |at| {
        table
            .cluster_summary(place("1-1-1").cluster, Moment(at))
            .expect("a cluster")
    };
    let mut map = GlobalMap::new();
    assert!(map.update_cluster(summary(20), table.capabilities()));
    assert!(!map.update_cluster(summary(10), table.capabilities()));
    assert_eq!(map.stats(Moment(30)).last_updated, Moment(20));
    map.forget(place("1-1-1").cluster);
    assert_eq!(
        (
            map.sectors().count(),
            map.stats(Moment(30)).vitals.active_rate()
        ),
        (0, None)
    );
}

#[test]
fn a_report_keeps_its_age_and_the_meaning_of_its_capabilities_on_another_node() {
    let mut table = named();
    table
        .apply(place("1-1-1"), &agent(State::Active, 10), NOW)
        .expect("a row");
    let mut here = GlobalMap::new();
    here.update_cluster(
        table
            .cluster_summary(place("1-1-1").cluster, Moment(100))
            .expect("a cluster"),
        table.capabilities(),
    );
    let bytes = rmp_serde::to_vec(&here.report(Moment(150))).expect("bytes");
    let report: GlobalReport = rmp_serde::from_slice(&bytes).expect("a report");
    let mut there = GlobalMap::new();
    let mut other = Capabilities::default();
    other.intern("zzz").expect("a name");
    there.capabilities = other;
    assert_eq!(there.absorb(&report, Moment(9_000)), 1);
    let held = there.cluster(place("1-1-1").cluster).expect("a cluster");
    assert_eq!(held.last_updated, Moment(8_950));
    assert_eq!(
        there.capabilities.find("llm_inference"),
        Some(held.vitals.capabilities)
    );
    assert_eq!(
        there.absorb(&report, Moment(8_000)),
        0,
        "an older report changes nothing"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn summing_up_by_parts_is_summing_up_the_whole(table in any_table(120)) {
        let whole = table.vitals(Region::All);
        prop_assert_eq!(&table.global_stats(NOW).vitals, &whole);
        let mut map = GlobalMap::new();
        for (cluster, _) in table.clusters() {
            map.update_cluster(table.cluster_summary(cluster, NOW).expect("a cluster"), table.capabilities());
        }
        let stats = map.stats(NOW);
        prop_assert_eq!(stats.vitals.counts, whole.counts);
        prop_assert_eq!(&stats.vitals.impedance, &whole.impedance);
        prop_assert_eq!(stats.vitals.slowest, whole.slowest);
        prop_assert_eq!(stats.vitals.fastest, whole.fastest);
        prop_assert_eq!((stats.sectors_healthy + stats.sectors_degraded) as usize, table.sector_ids().count());
        prop_assert_eq!(table.counts(), whole.counts);
    }
}
