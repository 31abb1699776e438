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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_mesh_summed_up_by_sectors_is_the_mesh_summed_up_at_once(table in any_table(120)) {
        let whole = table.vitals(Region::All);
        prop_assert_eq!(&table.global_stats(NOW).vitals, &whole);
        prop_assert_eq!(table.counts(), whole.counts);
    }
}
