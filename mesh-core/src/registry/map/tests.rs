use super::*;
use crate::place::Class;
use crate::place::scope::Region;
use crate::registry::table::tests::{any_table, named, place};
use crate::registry::{CapabilitySet, RowUpdate, State, Table};
use proptest::prelude::*;

const NOW: Moment = Moment(60_000_000);

/// A table of one agent that can do the first of the names.
fn one() -> Table {
    let mut table = named();
    let agent = RowUpdate {
        state: State::Active,
        capabilities: CapabilitySet(1),
        ..RowUpdate::unknown(Class::Edge)
    };
    table.apply(place("1-1-1"), &agent, NOW).expect("a row");
    table
}

#[test]
fn a_map_keeps_the_newer_and_says_how_old_the_oldest_is() {
    let table = one();
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
    let table = one();
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
    fn a_map_of_summaries_adds_up_to_the_table(table in any_table(120)) {
        let whole = table.vitals(Region::All);
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
    }
}
