use super::*;
use crate::place::scope::Region;
use crate::place::scope::tests::any_scope_set;
use crate::registry::table::tests::any_table;
use proptest::prelude::*;

const NOW: Moment = Moment(60_000_000);

const KEYS: [SortKey; 10] = [
    SortKey::Place,
    SortKey::Impedance,
    SortKey::Queue,
    SortKey::Reliability,
    SortKey::Drift,
    SortKey::Latency,
    SortKey::Processing,
    SortKey::Silence,
    SortKey::State,
    SortKey::Class,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn a_scan_finds_whom_the_scope_says_agent_by_agent(table in any_table(150), scope in any_scope_set()) {
        let found: Vec<AgentId> = table.select(&scope, NOW).places().collect();
        let wanted: Vec<AgentId> = table
            .rows(Region::All)
            .map(|row| row.place())
            .filter(|place| scope.matches(&table.subject(*place, NOW).expect("a row")))
            .collect();
        prop_assert_eq!(found, wanted);
    }

    #[test]
    fn counts_targets_and_groups_add_up(table in any_table(150), scope in any_scope_set()) {
        let found = table.select(&scope, NOW);
        let counts = found.counts();
        prop_assert_eq!(counts.agents as usize, found.len());
        prop_assert_eq!(found.is_empty(), counts.agents == 0);
        let targets = found.targets();
        prop_assert_eq!(targets.iter().map(|(_, slots)| slots.len()).sum::<usize>(), found.len());
        for by in [GroupBy::Sector, GroupBy::Cluster, GroupBy::Class, GroupBy::Task, GroupBy::Context] {
            let groups = found.groups(by);
            prop_assert_eq!(groups.iter().map(|(_, counts)| *counts).sum::<Counts>(), counts);
        }
    }

    #[test]
    fn a_window_is_a_part_of_the_whole_sorted(
        table in any_table(100),
        key in prop::sample::select(KEYS.to_vec()),
        descending in any::<bool>(),
        (offset, len) in (0usize..120, 0usize..40),
    ) {
        let all = table.select(&ScopeSet::all(), NOW);
        let order = Order { key, descending };
        let whole = all.window(order, 0, usize::MAX);
        prop_assert_eq!(whole.len(), table.len());
        let part: Vec<AgentId> = whole.iter().skip(offset).take(len).copied().collect();
        prop_assert_eq!(all.window(order, offset, len), part);
        if key == SortKey::Impedance {
            let z: Vec<_> = whole.iter().map(|place| table.row(*place).expect("a row").impedance()).collect();
            let some: Vec<_> = z.iter().copied().flatten().collect();
            prop_assert!(z[some.len()..].iter().all(Option::is_none), "who has no Z comes last");
            let sorted = some.is_sorted_by(|a, b| if descending { a >= b } else { a <= b });
            prop_assert!(sorted);
        }
    }
}
