use super::*;
use crate::chance::Chance;
use crate::place::scope::{Name, Region};
use crate::place::{AgentId, Class, ClusterId, SectorId};
use crate::time::{Micros, Moment};
use crate::trust::key::Signature;
use crate::unit::Digest;
use proptest::prelude::*;

fn agent(text: &str) -> AgentId {
    text.parse().expect("a place")
}
fn sector(number: u16) -> Region {
    Region::Sector(SectorId(number))
}
fn cluster(text: &str) -> ClusterId {
    text.parse().expect("a place")
}

/// Stands for Ed25519: right when it repeats the author and the bytes.
fn sign(author: Author, bytes: &[u8]) -> Signature {
    let mut all = format!("{author}").into_bytes();
    all.extend_from_slice(bytes);
    let mut signature = Signature([7; 64]);
    signature.0[..32].copy_from_slice(&Digest::of(&all).0);
    signature
}
fn verify(author: Author, bytes: &[u8], signature: &Signature) -> bool {
    *signature == sign(author, bytes)
}

fn write(levels: &mut Levels, author: Author, kind: Kind, region: Region, value: Value) {
    let entry = levels
        .draft(author, kind, region, value, None)
        .expect("allowed")
        .signed(|bytes| sign(author, bytes));
    assert_eq!(levels.merge(entry, verify), Merged::Applied);
}
fn frozen(levels: &Levels, place: &str) -> bool {
    let state = levels.effective(agent(place), Class::Edge);
    state.frozen.is_some()
}

#[test]
fn freeze_all_then_thaw_a_sector_leaves_the_rest_frozen_until_the_next_freeze() {
    let mut levels = Levels::new();
    let by = Author::Orchestrator;
    write(&mut levels, by, Kind::Freeze, Region::All, Value::Hold);
    assert!(frozen(&levels, "3-1-1"));
    write(&mut levels, by, Kind::Freeze, sector(3), Value::Lift);
    assert!(!frozen(&levels, "3-1-1") && frozen(&levels, "4-1-1"));
    write(&mut levels, by, Kind::Freeze, Region::All, Value::Hold);
    assert!(frozen(&levels, "3-1-1") && frozen(&levels, "4-1-1"));
    assert_eq!(levels.len(), 1, "the wider, later freeze says it all");
}

#[test]
fn a_frozen_mesh_stays_frozen_for_late_joiners() {
    let mut levels = Levels::new();
    write(
        &mut levels,
        Author::Orchestrator,
        Kind::Freeze,
        Region::All,
        Value::Hold,
    );
    let mut late = Levels::new();
    let home = Region::Cluster(cluster("9-9"));
    assert_ne!(late.digest(home), levels.digest(home));
    for entry in levels.difference(home, &late.summary(home, 0)).lacking {
        assert_eq!(late.merge(entry, verify), Merged::Applied);
    }
    assert!(frozen(&late, "9-9-9"));
    assert_eq!(late.digest(home), levels.digest(home));
}

#[test]
fn who_may_write_what_is_a_table() {
    use Author as A;
    let (lead, coordinator) = (A::Lead(cluster("7-4")), A::Coordinator(SectorId(7)));
    let own = Region::Cluster(cluster("7-4"));
    let other = Region::Cluster(cluster("7-5"));
    let rule = Kind::Capability(Name::new("llm_inference").expect("a name"));
    let rows = [
        (lead, Kind::Freeze, own, Value::Hold, true),
        (lead, Kind::Freeze, own, Value::Lift, false),
        (lead, Kind::Quarantine, own, Value::Lift, true),
        (lead, Kind::Avoid, other, Value::Hold, false),
        (lead, Kind::Breaker, sector(7), Value::Hold, false),
        (lead, Kind::Seal, own, Value::Hold, false),
        (lead, rule.clone(), own, Value::Hold, false),
        (coordinator, Kind::Breaker, other, Value::Half, true),
        (coordinator, Kind::Seal, sector(7), Value::Hold, true),
        (coordinator, Kind::Seal, sector(7), Value::Lift, false),
        (coordinator, Kind::Seal, sector(8), Value::Hold, false),
        (coordinator, Kind::Weights, sector(7), Value::Lift, false),
        (
            coordinator,
            Kind::Avoid,
            Region::Class(Class::Gpu),
            Value::Hold,
            false,
        ),
        (
            A::Orchestrator,
            rule,
            Region::Class(Class::Local),
            Value::Hold,
            true,
        ),
        (A::Orchestrator, Kind::Seal, sector(7), Value::Lift, false),
        (A::Root, Kind::Seal, Region::All, Value::Lift, true),
    ];
    for (author, kind, region, value, allowed) in rows {
        let draft = Levels::new().draft(author, kind.clone(), region, value, None);
        assert_eq!(
            draft.is_ok(),
            allowed,
            "{author} {kind:?} {region} {value:?}"
        );
    }
}

#[test]
fn a_sealed_sector_is_thawed_by_the_root_key_alone() {
    let mut levels = Levels::new();
    let coordinator = Author::Coordinator(SectorId(7));
    write(&mut levels, coordinator, Kind::Seal, sector(7), Value::Hold);
    write(
        &mut levels,
        Author::Orchestrator,
        Kind::Freeze,
        Region::All,
        Value::Lift,
    );
    assert!(frozen(&levels, "7-1-1") && !frozen(&levels, "8-1-1"));
    write(
        &mut levels,
        Author::Root,
        Kind::Seal,
        Region::All,
        Value::Lift,
    );
    assert!(!frozen(&levels, "7-1-1"));
}

#[test]
fn a_lead_cannot_lift_what_its_betters_hold() {
    let mut levels = Levels::new();
    let (lead, at) = (Author::Lead(cluster("7-4")), Region::Agent(agent("7-4-12")));
    let coordinator = Author::Coordinator(SectorId(7));
    write(&mut levels, coordinator, Kind::Quarantine, at, Value::Hold);
    write(&mut levels, lead, Kind::Quarantine, at, Value::Lift);
    let state = |levels: &Levels| levels.effective(agent("7-4-12"), Class::Edge);
    assert!(state(&levels).quarantined);
    write(&mut levels, lead, Kind::Avoid, at, Value::Hold);
    assert!(state(&levels).avoided);
    write(
        &mut levels,
        Author::Orchestrator,
        Kind::Avoid,
        Region::All,
        Value::Lift,
    );
    assert!(
        !state(&levels).avoided,
        "the orchestrator lifts what a lead holds"
    );
}

#[test]
fn a_lead_that_writes_the_largest_stamps_can_still_be_overruled() {
    let mut levels = Levels::new();
    levels.raise_term(4);
    let lead = Author::Lead(cluster("7-4"));
    let mut entry = levels
        .draft(
            lead,
            Kind::Freeze,
            Region::Cluster(cluster("7-4")),
            Value::Hold,
            None,
        )
        .expect("allowed");
    entry.stamp.term = 5;
    let future = entry.clone().signed(|bytes| sign(lead, bytes));
    assert!(matches!(
        levels.merge(future, verify),
        Merged::Refused(Refusal::FutureTerm { known: 4, .. })
    ));
    entry.stamp = Stamp {
        term: 4,
        counter: Stamp::COUNTER_LOCAL_MAX,
    };
    assert_eq!(
        levels.merge(entry.signed(|bytes| sign(lead, bytes)), verify),
        Merged::Applied
    );
    write(
        &mut levels,
        Author::Orchestrator,
        Kind::Freeze,
        Region::All,
        Value::Lift,
    );
    assert!(!frozen(&levels, "7-4-1"));
}

#[test]
fn a_forged_signature_changes_nothing() {
    let mut levels = Levels::new();
    let by = Author::Orchestrator;
    let entry = levels
        .draft(by, Kind::Freeze, Region::All, Value::Hold, None)
        .expect("allowed")
        .signed(|bytes| sign(Author::Lead(cluster("1-1")), bytes));
    assert_eq!(
        levels.merge(entry, verify),
        Merged::Refused(Refusal::Signature(by))
    );
    assert!(levels.is_empty() && levels.digest(Region::All) == 0);
}

#[test]
fn at_equal_stamps_the_protective_value_stays() {
    let by = Author::Orchestrator;
    for order in [[Value::Hold, Value::Lift], [Value::Lift, Value::Hold]] {
        for region in [Region::All, sector(2)] {
            let mut levels = Levels::new();
            for (value, region) in order.into_iter().zip([Region::All, region]) {
                let entry = Levels::new()
                    .draft(by, Kind::Freeze, region, value, None)
                    .expect("allowed")
                    .signed(|bytes| sign(by, bytes));
                levels.merge(entry, verify);
            }
            assert!(frozen(&levels, "2-1-1"), "{order:?} {region}");
        }
    }
}

#[test]
fn a_half_open_breaker_lets_a_tenth_through_and_an_open_one_nothing() {
    let mut levels = Levels::new();
    let by = Author::Coordinator(SectorId(7));
    let mut chance = Chance::new(3);
    let mut passed = |levels: &Levels| {
        let state = levels.effective(agent("7-4-1"), Class::Edge);
        (0..10_000)
            .filter(|_| state.is_routable(&mut chance))
            .count()
    };
    write(
        &mut levels,
        by,
        Kind::Breaker,
        Region::Cluster(cluster("7-4")),
        Value::Hold,
    );
    assert_eq!(passed(&levels), 0);
    write(
        &mut levels,
        by,
        Kind::Breaker,
        Region::Cluster(cluster("7-4")),
        Value::Half,
    );
    assert!((850..1_150).contains(&passed(&levels)));
    write(
        &mut levels,
        by,
        Kind::Breaker,
        Region::Cluster(cluster("7-4")),
        Value::Lift,
    );
    assert_eq!(passed(&levels), 10_000);
}

#[test]
fn a_capability_rule_holds_for_its_class_and_context_follows_the_latest_head() {
    let mut levels = Levels::new();
    let by = Author::Orchestrator;
    let inference = Name::new("llm_inference").expect("a name");
    let class = Region::Class(Class::Local);
    write(
        &mut levels,
        by,
        Kind::Capability(inference.clone()),
        class,
        Value::Hold,
    );
    assert!(levels.denies(agent("7-4-12"), Class::Local, &inference));
    assert!(!levels.denies(agent("7-4-12"), Class::Gpu, &inference));
    let (first, second) = (Digest::of(b"first"), Digest::of(b"second"));
    write(
        &mut levels,
        by,
        Kind::Context,
        Region::All,
        Value::Head(first),
    );
    write(
        &mut levels,
        by,
        Kind::Context,
        sector(7),
        Value::Head(second),
    );
    let head = |place| levels.effective(agent(place), Class::Edge).context;
    assert_eq!((head("7-1-1"), head("8-1-1")), (Some(second), Some(first)));
}

#[test]
fn avoiding_for_ten_minutes_ends_by_itself_and_a_renewal_starts_anew() {
    let mut levels = Levels::new();
    let (by, at) = (Author::Lead(cluster("7-4")), Region::Agent(agent("7-4-12")));
    let ten = Some(Micros::seconds(600));
    let avoid = |levels: &mut Levels, now| {
        let entry = levels
            .draft(by, Kind::Avoid, at, Value::Hold, ten)
            .expect("allowed");
        levels.merge(entry.signed(|bytes| sign(by, bytes)), verify);
        levels.watch_endings(by, now);
    };
    let start = Moment(0);
    avoid(&mut levels, start);
    avoid(&mut levels, start + Micros::seconds(300));
    assert_eq!(levels.next_deadline(), start + Micros::seconds(900));
    assert!(levels.expire(by, start + Micros::seconds(899)).is_empty());
    for lift in levels.expire(by, start + Micros::seconds(900)) {
        assert_eq!(
            levels.merge(lift.signed(|bytes| sign(by, bytes)), verify),
            Merged::Applied
        );
    }
    assert!(!levels.effective(agent("7-4-12"), Class::Edge).avoided);
    assert_eq!(levels.next_deadline(), Moment::NEVER);
}

#[test]
fn a_store_full_of_agents_can_still_be_frozen_and_compacted() {
    let mut levels = Levels::new();
    let mut entry = levels
        .draft(
            Author::Orchestrator,
            Kind::Avoid,
            Region::All,
            Value::Hold,
            None,
        )
        .expect("allowed");
    let shape = crate::place::Shape::new(1_000, 10, 10).expect("a shape");
    for kind in [Kind::Avoid, Kind::Quarantine] {
        for agent in shape.all_agents() {
            entry.kind = kind.clone();
            entry.region = Region::Agent(agent);
            let merged = levels.merge(entry.clone(), |_, _, _| true);
            let full = merged == Merged::Refused(Refusal::Full);
            assert_eq!(
                full,
                levels.len() == ENTRIES_MAX && merged != Merged::Applied
            );
        }
    }
    assert_eq!(levels.len(), ENTRIES_MAX);
    write(
        &mut levels,
        Author::Orchestrator,
        Kind::Freeze,
        Region::All,
        Value::Hold,
    );
    assert!(frozen(&levels, "1-1-1"));
    write(
        &mut levels,
        Author::Orchestrator,
        Kind::Avoid,
        Region::All,
        Value::Lift,
    );
    write(
        &mut levels,
        Author::Orchestrator,
        Kind::Quarantine,
        Region::All,
        Value::Lift,
    );
    assert_eq!(levels.len(), 3);
}

/// Any entry, allowed or not, in a small mesh so that regions overlap.
fn any_entry() -> impl Strategy<Value = Entry> {
    let region = (0u8..5, 1u16..3, 1u8..3, 1u8..3).prop_map(|(what, s, c, a)| {
        let cluster = ClusterId {
            sector: SectorId(s),
            cluster: c,
        };
        match what {
            0 => Region::All,
            1 => sector(s),
            2 => Region::Cluster(cluster),
            3 => Region::Agent(AgentId { cluster, agent: a }),
            _ => Region::Class(Class::ALL[usize::from(a)]),
        }
    });
    let author = (0u8..4, 1u16..3, 1u8..3).prop_map(|(who, s, c)| match who {
        0 => Author::Root,
        1 => Author::Orchestrator,
        2 => Author::Coordinator(SectorId(s)),
        _ => Author::Lead(ClusterId {
            sector: SectorId(s),
            cluster: c,
        }),
    });
    let kind = prop_oneof![Just(Kind::Freeze), Just(Kind::Breaker), Just(Kind::Seal)];
    let value = prop_oneof![Just(Value::Hold), Just(Value::Half), Just(Value::Lift)];
    (region, author, kind, value, 0u64..2, 0u64..6, any::<bool>()).prop_map(
        |(region, author, kind, value, term, counter, honest)| {
            let entry = Entry {
                kind,
                region,
                value,
                stamp: Stamp { term, counter },
                author,
                lasting: None,
                signature: Signature::default(),
            };
            if honest {
                entry.signed(|bytes| sign(author, bytes))
            } else {
                entry
            }
        },
    )
}

fn merged(entries: &[Entry]) -> Levels {
    let mut levels = Levels::new();
    levels.raise_term(1);
    for entry in entries {
        levels.merge(entry.clone(), verify);
    }
    levels
}
fn everything(levels: &Levels) -> Vec<Entry> {
    levels.entries().cloned().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn merging_is_the_same_in_any_order_and_any_number_of_times(
        entries in prop::collection::vec(any_entry(), 0..24),
        turn in 0usize..24,
    ) {
        let forwards = merged(&entries);
        let mut other = entries.clone();
        other.reverse();
        other.rotate_left(turn.min(entries.len()));
        other.extend(entries.iter().cloned());
        let backwards = merged(&other);
        prop_assert_eq!(everything(&forwards), everything(&backwards));
        prop_assert_eq!(forwards.digest(Region::All), backwards.digest(Region::All));
    }

    #[test]
    fn compaction_changes_nothing_that_holds(entries in prop::collection::vec(any_entry(), 0..24)) {
        let levels = merged(&entries);
        let good: Vec<&Entry> = entries.iter().filter(|entry| {
            entry.author.may_write(&entry.kind, entry.region, entry.value)
                && entry.kind.takes(entry.value)
                && verify(entry.author, &entry.signed_bytes(), &entry.signature)
        }).collect();
        for at in ["1-1-1", "1-2-1", "2-1-2", "2-2-2"] {
            for class in [Class::Serverless, Class::Persistent] {
                let state = levels.effective(agent(at), class);
                let by_hand = |kind: Kind, least: Value| good.iter().any(|hold| {
                    hold.kind == kind && hold.value >= least && hold.region.covers(agent(at), class)
                        && !good.iter().any(|lift| {
                            lift.kind == kind && lift.value < least
                                && lift.region.covers(agent(at), class)
                                && lift.author.rank() >= hold.author.rank()
                                && lift.stamp > hold.stamp
                                && !good.iter().any(|tie| tie.kind == kind && tie.stamp == lift.stamp
                                    && tie.author == lift.author && tie.region == lift.region
                                    && tie.value > lift.value)
                        })
                });
                let frozen = by_hand(Kind::Freeze, Value::Hold) || by_hand(Kind::Seal, Value::Hold);
                prop_assert_eq!(state.frozen.is_some(), frozen);
                prop_assert_eq!(state.breaker == Gate::Open, by_hand(Kind::Breaker, Value::Hold));
            }
        }
    }

    #[test]
    fn nothing_unauthorised_is_ever_kept(entries in prop::collection::vec(any_entry(), 0..24)) {
        for entry in merged(&entries).entries() {
            prop_assert!(entry.author.may_write(&entry.kind, entry.region, entry.value));
            prop_assert!(verify(entry.author, &entry.signed_bytes(), &entry.signature));
        }
    }

    #[test]
    fn a_subset_has_its_regions_digest_and_the_same_effects(
        entries in prop::collection::vec(any_entry(), 0..24),
    ) {
        let levels = merged(&entries);
        for region in [sector(1), Region::Cluster(cluster("2-1"))] {
            let subset = levels.subset(region);
            prop_assert_eq!(subset.digest(region), levels.digest(region));
            prop_assert_eq!(subset.digest(Region::All), levels.digest(region));
            let again: Vec<Entry> = subset.entries().cloned().collect();
            prop_assert_eq!(everything(&merged(&again)), again);
        }
        let lead = levels.for_cluster(cluster("2-1"));
        let at = agent("2-1-2");
        prop_assert_eq!(lead.effective(at, Class::Serverless), levels.effective(at, Class::Serverless));
    }

    #[test]
    fn two_sides_agree_after_exchanging_differences(
        left in prop::collection::vec(any_entry(), 0..24),
        right in prop::collection::vec(any_entry(), 0..24),
    ) {
        let (mut left, mut right) = (merged(&left), merged(&right));
        let region = sector(1);
        let found = left.difference(region, &right.summary(region, 0));
        for entry in right.pick(&found.wanted) {
            left.merge(entry, verify);
        }
        for entry in found.lacking {
            right.merge(entry, verify);
        }
        prop_assert_eq!(left.digest(region), right.digest(region));
    }

    #[test]
    fn an_entry_survives_its_encoding(entry in any_entry()) {
        let bytes = rmp_serde::to_vec(&entry).expect("encodes");
        prop_assert!(bytes.len() <= 256, "{} bytes", bytes.len());
        prop_assert_eq!(rmp_serde::from_slice::<Entry>(&bytes).expect("decodes"), entry);
    }
}
