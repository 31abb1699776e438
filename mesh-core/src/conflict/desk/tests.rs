//! Facts about the desk.

use super::super::log::WriterId;
use super::super::record::tests::report;
use super::*;
use crate::message::Lamport;
use crate::place::SectorId;
use crate::time::{Micros, WallTime};
use ConflictKind::{CapabilityMismatch, DataContradiction, HashMismatch, TemporalParadox};
use proptest::prelude::*;

fn desk(tier: Tier) -> Desk {
    Desk::new(tier, ConflictLog::new(WriterId([tier as u8; 32])))
}

fn at(seconds: i64) -> Stamp {
    Stamp {
        now: Moment::default() + Micros::seconds(seconds),
        wall: WallTime(seconds * 1_000_000),
        lamport: Lamport(seconds as u64),
    }
}

fn escalations(out: &[DeskOutput]) -> Vec<Tier> {
    out.iter()
        .filter_map(|output| match output {
            DeskOutput::Escalate { to, .. } => Some(*to),
            _ => None,
        })
        .collect()
}

#[test]
fn a_report_is_logged_quarantined_and_passed_up_by_its_priority() {
    let table = [
        ("§5.1 priority 1", CapabilityMismatch, vec![]),
        ("§5.1 priority 2", DataContradiction, vec![]),
        ("§5.1 priority 4", TemporalParadox, vec![Tier::Orchestrator]),
        ("§5.1 priority 4", HashMismatch, vec![Tier::Orchestrator]),
    ];
    for (section, kind, tiers) in table {
        let (mut desk, mut out) = (desk(Tier::Lead), Vec::new());
        let id = desk.on_conflict(at(0), &report(kind, 1), &mut out);
        assert!(matches!(out[0], DeskOutput::Store(_)), "{section}");
        assert!(matches!(out[1], DeskOutput::Hold(_)), "{section}");
        assert_eq!(escalations(&out), tiers, "{section}");
        assert_eq!(desk.latest(), Some(id));
        assert_eq!(desk.quarantine().len(), 1);
    }
    let mut wide = report(DataContradiction, 1);
    wide.detail.affects_agent_count = 101;
    let mut out = Vec::new();
    desk(Tier::Lead).on_conflict(at(0), &wide, &mut out);
    assert_eq!(escalations(&out), [Tier::Coordinator], "§5.1 priority 3");
}

#[test]
fn the_same_report_again_does_nothing_even_after_it_was_settled() {
    let (mut desk, mut out) = (desk(Tier::Lead), Vec::new());
    let report = report(DataContradiction, 1);
    let id = desk.on_conflict(at(0), &report, &mut out);
    out.clear();
    desk.on_conflict(at(1), &report, &mut out);
    assert_eq!(out, []);
    desk.resolve(at(2), id, Settlement::KeepExpected, "ada", "", &mut out)
        .expect("open");
    out.clear();
    desk.on_conflict(at(3), &report, &mut out);
    assert_eq!(
        (out.len(), desk.open_count(), desk.log().count()),
        (0, 0, 2)
    );
}

#[test]
fn an_operators_word_becomes_a_row_and_actions() {
    let table = [
        (Settlement::KeepExpected, vec![Action::DiscardData]),
        (Settlement::Dismiss, vec![Action::DiscardData]),
    ];
    for (how, actions) in table {
        let (mut desk, mut out) = (desk(Tier::Orchestrator), Vec::new());
        let id = desk.on_conflict(at(0), &report(DataContradiction, 1), &mut out);
        out.clear();
        let resolution = desk
            .resolve(at(5), id, how, "ada", "as measured", &mut out)
            .expect("open");
        let acted: Vec<Action> = out
            .iter()
            .filter_map(|output| match output {
                DeskOutput::Act { action, data, .. } => {
                    assert!(data.is_some(), "the quarantined data goes with it");
                    Some(action.clone())
                }
                _ => None,
            })
            .collect();
        assert_eq!(acted, actions);
        let Some(DeskOutput::Store(row)) = out.first() else {
            panic!("{out:?}")
        };
        let entry = row.row().expect("ours").entry;
        assert_eq!(entry, Entry::Resolution(resolution.clone()));
        assert_eq!(out.last(), Some(&DeskOutput::Settled(Box::new(resolution))));
        assert!(desk.quarantine().is_empty());
        assert_eq!(desk.next_deadline(), Moment::NEVER);
        let again = desk.resolve(at(6), id, how, "ada", "", &mut out);
        assert!(matches!(again, Err(DeskError::Unknown(_))));
    }
}

#[test]
fn a_missed_deadline_rises_through_the_tiers_to_an_alert() {
    let (mut lead, mut out) = (desk(Tier::Lead), Vec::new());
    lead.on_conflict(at(0), &report(DataContradiction, 1), &mut out);
    assert_eq!(lead.next_deadline(), at(600).now);
    out.clear();
    lead.wake(at(599).now, &mut out);
    assert_eq!(out, []);
    lead.wake(at(600).now, &mut out);
    assert_eq!(escalations(&out), [Tier::Coordinator]);
    assert_eq!(lead.next_deadline(), at(660).now);

    let mut coordinator = desk(Tier::Coordinator);
    let Some(DeskOutput::Escalate {
        to,
        priority,
        record,
    }) = out.pop()
    else {
        panic!("{out:?}")
    };
    coordinator.on_escalated(at(600), (*record).clone(), priority, to, &mut out);
    assert_eq!(out, []);
    coordinator.on_escalated(at(601), *record, priority, to, &mut out);
    assert_eq!((out.len(), coordinator.open_count()), (0, 1));
    coordinator.wake(at(660).now, &mut out);
    assert_eq!(escalations(&out), [Tier::Orchestrator]);

    let mut top = desk(Tier::Orchestrator);
    let Some(DeskOutput::Escalate {
        to,
        priority,
        record,
    }) = out.pop()
    else {
        panic!("{out:?}")
    };
    let id = record.id;
    top.on_escalated(at(660), *record, priority, to, &mut out);
    assert!(matches!(out[..], [DeskOutput::Alert { .. }]), "{out:?}");
    out.clear();
    let resolution = top
        .resolve(at(700), id, Settlement::KeepReceived, "ada", "", &mut out)
        .expect("open");
    for desk in [&mut lead, &mut coordinator] {
        desk.on_settled(at(701).now, &resolution);
        assert_eq!(
            (desk.open_count(), desk.next_deadline()),
            (0, Moment::NEVER)
        );
    }
    assert_eq!(lead.quarantine().forensics().count(), 1);
}

/// The `n`th report, each of another agent.
fn of_many(kind: ConflictKind, n: u16) -> Report {
    let mut report = report(kind, u128::from(n));
    report.agent = SectorId(n / 100 + 1).cluster(1).agent((n % 100) as u8);
    report
}

#[test]
fn a_full_desk_drops_the_oldest_of_the_least_urgent_and_counts_it() {
    let (mut desk, mut out) = (desk(Tier::Lead), Vec::new());
    let low = desk.on_conflict(at(0), &of_many(CapabilityMismatch, 0), &mut out);
    for n in 1..=OPEN_MAX as u16 {
        desk.on_conflict(at(1), &of_many(DataContradiction, n), &mut out);
    }
    assert_eq!((desk.open_count(), desk.dropped()), (OPEN_MAX, 1));
    assert_eq!(desk.quarantine().len(), OPEN_MAX);
    assert!(out.contains(&DeskOutput::Dropped(low)));
    out.clear();
    desk.on_conflict(at(2), &of_many(CapabilityMismatch, 9_999), &mut out);
    assert_eq!(desk.dropped(), 2);
    assert!(
        matches!(out[0], DeskOutput::Store(_)),
        "its row is kept all the same"
    );
}

#[test]
fn one_agent_that_floods_the_desk_crowds_out_only_itself() {
    let (mut desk, mut out) = (desk(Tier::Lead), Vec::new());
    let quiet = desk.on_conflict(at(0), &of_many(CapabilityMismatch, 9_000), &mut out);
    for n in 0..3_000 {
        desk.on_conflict(at(1), &report(HashMismatch, n), &mut out);
    }
    assert_eq!(desk.open_count(), OPEN_PER_AGENT_MAX + 1);
    assert!(desk.get(quiet).is_ok());
    assert_eq!(desk.dropped(), 3_000 - OPEN_PER_AGENT_MAX as u64);
}

#[test]
fn conflicts_are_found_by_the_beginning_of_their_name_and_listed_by_urgency() {
    let (mut desk, mut out) = (desk(Tier::Lead), Vec::new());
    assert_eq!(desk.find("ab"), Err(DeskError::Unknown("ab".into())));
    let medium = desk.on_conflict(at(0), &report(DataContradiction, 1), &mut out);
    let critical = desk.on_conflict(at(1), &report(HashMismatch, 2), &mut out);
    let older = desk.on_conflict(at(0), &report(TemporalParadox, 3), &mut out);
    assert_eq!(
        desk.find(&medium.to_string()[..8].to_uppercase()),
        Ok(medium)
    );
    assert_eq!(desk.find(""), Err(DeskError::Unknown(String::new())));
    let listed: Vec<ConflictId> = desk.list(9).iter().map(|open| open.record.id).collect();
    assert_eq!(listed, [older, critical, medium]);
    assert_eq!(desk.list(1).len(), 1);
    assert_eq!(desk.latest(), Some(critical));
}

#[test]
fn the_last_hour_counts_sixty_minutes_and_forgets() {
    let (mut desk, mut out) = (desk(Tier::Lead), Vec::new());
    for n in 0..23 {
        desk.on_conflict(
            at(i64::from(n) * 60),
            &report(DataContradiction, n as u128),
            &mut out,
        );
    }
    assert_eq!(desk.last_hour(at(23 * 60).now), 23);
    assert_eq!(desk.last_hour_of(at(23 * 60).now, HashMismatch), 0);
    assert_eq!(desk.last_hour(at(69 * 60).now), 13);
    assert_eq!(desk.last_hour(at(10 * 3_600).now), 0);
}

#[test]
fn what_has_no_deadline_never_misses_one() {
    let (mut desk, mut out) = (desk(Tier::Lead), Vec::new());
    desk.wake(Moment::NEVER, &mut out);
    desk.on_conflict(at(0), &report(CapabilityMismatch, 1), &mut out);
    desk.wake(Moment::NEVER, &mut out);
    assert_eq!(desk.next_deadline(), Moment::NEVER);
}

#[test]
fn after_a_restart_the_open_ones_come_back_without_a_new_row() {
    let (mut desk, mut out) = (desk(Tier::Lead), Vec::new());
    let record = report(DataContradiction, 1).record(WallTime(0), Lamport(1));
    desk.reopen(at(50).now, record.clone(), &mut out);
    desk.reopen(at(51).now, record, &mut out);
    assert_eq!(
        (out.len(), desk.open_count(), desk.log().count()),
        (0, 1, 0)
    );
    assert_eq!(desk.next_deadline(), at(650).now);
}

/// Believes nobody's signature.
struct Nobody;

impl SealCheck for Nobody {
    fn holds(&self, _: WriterId, _: &[u8], _: &[u8; 64]) -> bool {
        false
    }
}

proptest! {
    /// Whatever happens in whatever order: what is open has exactly one deadline, what is in quarantine is open, the
    /// chain verifies, and settling twice is refused.
    #[test]
    fn the_desk_keeps_its_books(steps in proptest::collection::vec((0u8..5, 0u128..6, 0usize..5), 1..60)) {
        let (mut desk, mut out) = (desk(Tier::Coordinator), Vec::new());
        let mut now = 0;
        for (what, message, kind) in steps {
            now += 40;
            let report = report(ConflictKind::ALL[kind], message);
            let id = report.id();
            match what {
                0 | 1 => drop(desk.on_conflict(at(now), &report, &mut out)),
                2 => {
                    let record = report.record(WallTime(0), Lamport(0));
                    desk.on_escalated(at(now), record, Priority::High, Tier::Coordinator, &mut out);
                }
                3 => {
                    let open = desk.get(id).is_ok();
                    let settled = desk.resolve(at(now), id, Settlement::Branch, "ada", "", &mut out);
                    prop_assert_eq!(settled.is_ok(), open);
                }
                _ => desk.wake(at(now).now, &mut out),
            }
            let deadlines: BTreeSet<ConflictId> = desk.deadlines.iter().map(|&(_, id)| id).collect();
            prop_assert_eq!(desk.deadlines.len(), desk.open_count());
            prop_assert!(deadlines.iter().all(|id| desk.get(*id).is_ok()));
            prop_assert!(desk.quarantine().len() <= desk.open_count());
            prop_assert!(desk.open.keys().all(|id| !desk.closed.contains(id)));
        }
        let stored = out.into_iter().filter_map(|output| match output {
            DeskOutput::Store(row) => Some(row),
            _ => None,
        });
        let verified = super::super::log::verify(desk.log().writer(), stored, &[], &Nobody);
        prop_assert_eq!(verified.map(|v| v.count), Ok(desk.log().count()));
    }
}
