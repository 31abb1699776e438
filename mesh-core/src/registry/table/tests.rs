use super::*;
use crate::place::scope::Name;
use crate::place::scope::tests::{any_class, any_place};
use crate::registry::row::Columns;
use crate::registry::{CapabilitySet, HoldMode};
use crate::unit::{Impedance, Share};
use proptest::prelude::*;

/// Any report, its names out of a few.
pub(in crate::registry) fn any_update() -> impl Strategy<Value = RowUpdate> {
    let states = prop::sample::select(State::ALL.to_vec());
    let figures = (
        0u32..60,
        prop::option::of(0i64..1_600_000),
        0u32..=100,
        0u32..2_000,
    );
    let names = prop::option::of(prop::sample::select(vec!["llm_inference", "vision"]));
    let rest = (0u64..8, any::<u64>(), prop::option::of(0i64..20_000_000));
    (any_class(), states, figures, names, rest).prop_map(
        |(class, state, (queue, z, reliable, drift), task, (bits, context, silent))| RowUpdate {
            state,
            mode: HoldMode::Hold,
            queue,
            impedance: z.map(|us| Impedance(Micros(us))),
            reliability: Share::new(f64::from(reliable) / 100.0),
            drift: f64::from(drift) / 1_000.0,
            silent_for: silent.map(Micros),
            context,
            capabilities: CapabilitySet(bits),
            task: task.map(|name| Name::new(name).expect("a name")),
            usual: None,
            lead: None,
            digest: None,
            ..RowUpdate::unknown(class)
        },
    )
}

/// A table whose capabilities are bits 0 to 2: `llm_inference`, `vision`, `embed`.
pub(in crate::registry) fn any_table(rows: usize) -> impl Strategy<Value = Table> {
    prop::collection::vec((any_place(), any_update(), 0u8..8), 0..rows).prop_map(|rows| {
        let mut table = named();
        for (place, update, marks) in rows {
            table
                .apply(place, &update, Moment(50_000_000))
                .expect("a right row");
            table.avoid(Region::Agent(place), |_, _| marks == 1);
            table.freeze(Region::Agent(place), |_, _| marks == 2);
        }
        table
    })
}

pub(in crate::registry) fn named() -> Table {
    let mut table = Table::new();
    let names = ["llm_inference", "vision", "embed"];
    table
        .capabilities_mut()
        .intern_all(names)
        .expect("three names");
    table
}

pub(in crate::registry) fn place(text: &str) -> AgentId {
    text.parse().expect(text)
}

fn active(class: Class) -> RowUpdate {
    RowUpdate {
        state: State::Active,
        silent_for: Some(Micros::ZERO),
        ..RowUpdate::unknown(class)
    }
}

#[test]
fn a_row_takes_at_most_160_bytes_with_its_index() {
    const { assert!(Columns::ROW_BYTES <= 160) };
    let shape = Shape::new(20, 10, 30).expect("a shape");
    let table = Table::of_shape(shape, |_| Class::Edge, Moment(0));
    assert_eq!(table.len(), 6_000);
    assert!(
        table.bytes() / table.len() <= 160,
        "{}",
        table.bytes() / table.len()
    );
}

#[test]
fn an_old_boot_and_an_impossible_place_are_refused_and_change_nothing() {
    let mut table = Table::new();
    let now = Moment(0);
    let second = RowUpdate {
        boot: Boot(2),
        ..active(Class::Edge)
    };
    assert_eq!(
        table.apply(place("7-4-12"), &second, now),
        Ok(Applied::Added)
    );
    let first = RowUpdate {
        boot: Boot(1),
        state: State::Degraded,
        ..second.clone()
    };
    let refused = table
        .apply(place("7-4-12"), &first, now)
        .expect_err("an old boot");
    assert_eq!(
        refused.to_string(),
        "agent 7-4-12: a report of boot 1, but boot 2 has been heard"
    );
    assert_eq!(
        table.row(place("7-4-12")).map(|row| row.state()),
        Some(State::Active)
    );
    for bad in ["1001-1-1", "1-129-1", "1-1-129"] {
        assert!(table.apply(place(bad), &second, now).is_err(), "{bad}");
    }
    let zero = SectorId(0).cluster(0).agent(0);
    assert!(table.apply(zero, &second, now).is_err() && table.row(zero).is_none());
    assert_eq!(table.len(), 1);
}

#[test]
fn people_have_no_score_and_are_never_degraded() {
    let mut table = Table::new();
    let slow = RowUpdate {
        state: State::Degraded,
        impedance: Some(Impedance(Micros::seconds(300))),
        ..RowUpdate::unknown(Class::Human)
    };
    table
        .apply(place("1-1-1"), &slow, Moment(0))
        .expect("a person");
    let row = table.row(place("1-1-1")).expect("a row");
    assert_eq!((row.state(), row.impedance()), (State::Active, None));
    assert_eq!((table.counts().people, table.counts().active), (1, 1));
    table.set_state(place("1-1-1"), State::Degraded, Moment(1));
    assert_eq!(table.counts().degraded, 0);
}

#[test]
fn a_row_says_how_old_it_is_and_is_stale_until_the_next_report() {
    let mut table = Table::new();
    let report = RowUpdate {
        silent_for: Some(Micros::seconds(2)),
        ..active(Class::Gpu)
    };
    table
        .apply(place("1-1-1"), &report, Moment(10_000_000))
        .expect("a row");
    let now = Moment(17_000_000);
    let row = table.row(place("1-1-1")).expect("a row");
    assert_eq!(row.age(now), Micros::seconds(7));
    assert_eq!(row.silent_for(now), Some(Micros::seconds(9)));
    assert_eq!(table.sweep(now, Micros::seconds(7)), 0);
    assert_eq!(table.sweep(now, Micros::seconds(6)), 1);
    assert_eq!(
        (table.counts().stale, table.sweep(now, Micros::seconds(6))),
        (1, 0)
    );
    let older_beat = RowUpdate {
        silent_for: Some(Micros::seconds(60)),
        ..report
    };
    table
        .apply(place("1-1-1"), &older_beat, now)
        .expect("a row");
    assert_eq!(table.counts().stale, 0);
    let row = table.row(place("1-1-1")).expect("a row");
    assert_eq!(
        row.silent_for(now),
        Some(Micros::seconds(9)),
        "a beat that was heard stays heard"
    );
}

#[test]
fn desired_marks_survive_reports_and_state_changes_keep_their_time() {
    let mut table = Table::new();
    table
        .apply(place("7-4-12"), &active(Class::Edge), Moment(1))
        .expect("a row");
    table
        .apply(place("7-5-1"), &active(Class::Gpu), Moment(1))
        .expect("a row");
    assert_eq!(
        table.freeze(Region::Sector(SectorId(7)), |_, class| class == Class::Edge),
        1
    );
    table
        .apply(place("7-4-12"), &active(Class::Edge), Moment(2))
        .expect("a row");
    let row = table.row(place("7-4-12")).expect("a row");
    assert!(row.is_frozen() && !row.is_routable());
    assert_eq!(row.since(), Moment(1));
    let slow = RowUpdate {
        state: State::Degraded,
        ..active(Class::Edge)
    };
    assert_eq!(
        table.apply(place("7-4-12"), &slow, Moment(3)),
        Ok(Applied::Changed(State::Active))
    );
    assert_eq!(
        table.row(place("7-4-12")).map(|row| row.since()),
        Some(Moment(3))
    );
    assert_eq!(table.counts_of(Region::Sector(SectorId(7))).frozen, 1);
    assert_eq!(table.freeze(Region::All, |_, _| false), 1);
}

#[test]
fn task_names_are_kept_as_long_as_a_row_is_at_them() {
    let mut table = Table::new();
    for number in 0..2 * super::Tasks::MAX {
        let task = Name::new(&format!("task_{number}")).ok();
        let update = RowUpdate {
            task,
            ..active(Class::Edge)
        };
        table
            .apply(place("1-1-1"), &update, Moment(0))
            .expect("a row");
    }
    let last = table.row(place("1-1-1")).expect("a row").task();
    assert_eq!(
        table.tasks().name(last).map(Name::as_str),
        Some("task_8191")
    );
    assert_eq!(table.tasks().find("task_8190"), None);
    table.remove(place("1-1-1"));
    assert_eq!(table.tasks().find("task_8191"), None);
}

#[test]
fn the_record_of_an_agent_has_every_field_of_the_registry() {
    let mut table = named();
    let update = RowUpdate {
        impedance: Some(Impedance(Micros::millis(1_847))),
        capabilities: CapabilitySet(0b101),
        context: 0xa1b2_c3d4_0000_0000,
        ..active(Class::Gpu)
    };
    table
        .apply(place("7-4-12"), &update, Moment(0))
        .expect("a row");
    let record = table.record(
        place("7-4-12"),
        Moment(1_000_000),
        crate::time::WallTime(1_000_000),
    );
    let json = serde_json::to_value(record.expect("a record")).expect("json");
    // §2.3, in its order.
    for (field, value) in [
        ("agent_id", "\"7-4-12\""),
        ("agent_class", "\"gpu\""),
        ("sector_id", "\"7\""),
        ("cluster_id", "\"7-4\""),
        ("current_latency_ms", "0.0"),
        ("current_processing_ms", "0.0"),
        ("current_queue_depth", "0"),
        ("last_heartbeat", "\"1970-01-01T00:00:00.000Z\""),
        ("impedance_score", "1000"),
        ("reliability_score", "1.0"),
        ("drift_coefficient", "0.0"),
        ("operational_state", "\"active\""),
        ("current_context_hash", "\"a1b2c3d400000000\""),
        ("capabilities", "[\"llm_inference\",\"embed\"]"),
    ] {
        assert_eq!(json[field].to_string(), value, "{field}");
    }
}

#[test]
fn capabilities_of_another_table_are_told_by_name() {
    let mut here = named().capabilities().clone();
    let mut there = Capabilities::default();
    let set = there.intern_all(["embed", "audio"]).expect("names");
    let told = here.translate(&there, set);
    let names: Vec<&str> = here.names(told).map(Name::as_str).collect();
    assert_eq!(names, ["embed", "audio"]);
    for number in 4..64 {
        here.intern(&format!("c{number}")).expect("room");
    }
    let full = here
        .intern("one_too_many")
        .expect_err("no room")
        .to_string();
    assert!(
        full.contains("one_too_many") && full.contains("64"),
        "{full}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn rows_are_found_in_order_and_counts_agree_whatever_comes_and_goes(
        changes in prop::collection::vec((any_place(), prop::option::of(any_update()), 0u8..4), 0..120),
    ) {
        let mut table = named();
        let mut model = std::collections::BTreeMap::new();
        for (place, update, marks) in changes {
            let Some(update) = update else {
                prop_assert_eq!(table.remove(place), model.remove(&place).is_some());
                continue;
            };
            table.apply(place, &update, Moment(0)).expect("a right row");
            model.insert(place, update);
            table.avoid(Region::Agent(place), |_, _| marks == 1);
            table.freeze(Region::Cluster(place.cluster), |_, _| marks == 2);
        }
        let places: Vec<AgentId> = table.rows(Region::All).map(|row| row.place()).collect();
        prop_assert_eq!(&places, &model.keys().copied().collect::<Vec<_>>());
        for (place, update) in &model {
            let row = table.row(*place).expect("a row");
            prop_assert_eq!(row.place(), *place);
            prop_assert_eq!(row.context(), update.context);
            prop_assert_eq!(table.tasks().name(row.task()), update.task.as_ref());
        }
        let recount = |region| table.rows(region).map(count_one).sum::<Counts>();
        prop_assert_eq!(table.counts(), recount(Region::All));
        for (cluster, slots) in table.clusters() {
            prop_assert_eq!(table.counts_of(Region::Cluster(cluster)), recount(Region::Cluster(cluster)));
            prop_assert_eq!(table.rows(Region::Cluster(cluster)).count(), slots.len());
        }
        for sector in table.sector_ids() {
            prop_assert_eq!(table.counts_of(Region::Sector(sector)), recount(Region::Sector(sector)));
        }
        let counts = table.counts();
        prop_assert_eq!(State::ALL.iter().map(|state| counts.of(*state)).sum::<u32>(), counts.agents);
    }
}
