use super::*;
use crate::operation::Operation;
use crate::operation::resource::Resource;
use crate::operation::task::{Task, TaskId, TaskState};
use crate::operation::view::sample::{Sample, place};
use crate::operation::view::{BreakerAt, BreakerRow, ConflictRow, Need, QuarantineReason};
use crate::operation::word::{Runbook, Severity};
use crate::place::{Class, ClassSet};
use crate::registry::State;
use crate::time::{Micros, Moment, WallTime};
use crate::trust::seat::Seat;
use crate::unit::{Digest, Impedance, Share};

const INFERENCE: &str = "llm_inference";

fn wait(
    view: &mut Sample,
    id: &str,
    at: &str,
    capability: &str,
    resource: Resource,
    waiting: Micros,
) {
    let id = TaskId::try_from(id.to_owned()).expect("an id");
    let begun = view.now - waiting;
    let mut task = Task::accepted(
        id,
        "Process large language model inference request".into(),
        Digest::of(b""),
        WallTime(0),
        begun,
    )
    .requiring(capability);
    task.queue(TaskState::Accepted, place(at), begun)
        .expect("queues");
    task.start(TaskState::Queued, begun).expect("starts");
    task.waits(resource, "GPU memory allocation".into(), begun);
    view.tasks.push(task);
}

/// Two agents of a local cluster that were given work for graphics processors; `able` classes do have it.
fn pis_with_gpu_work(able: &[Class]) -> Sample {
    let mut view = Sample::new(8, 5, 30);
    for row in view
        .rows
        .values_mut()
        .filter(|row| row.id.cluster.to_string() == "7-4")
    {
        row.class = Class::Local;
        row.hardware = crate::operation::resource::Hardware::NONE;
    }
    view.grant(Class::Local, INFERENCE);
    for class in able {
        view.grant(*class, INFERENCE);
    }
    let stuck_for = Micros::seconds(4 * 60 + 23);
    for (id, at, z) in [("t12", "7-4-12", 847), ("t19", "7-4-19", 612)] {
        wait(&mut view, id, at, INFERENCE, Resource::GpuMemory, stuck_for);
        let row = view.row(at);
        row.impedance = Some(Impedance(Micros::millis(z)));
        row.avoided = true;
    }
    view
}

fn lines(finding: &Finding) -> Vec<String> {
    finding
        .remedy
        .iter()
        .flatten()
        .map(Operation::line)
        .collect()
}

/// The example of §7.2.
#[test]
fn pis_that_were_given_gpu_work_are_found_with_cause_evidence_and_remedy() {
    let mut view = pis_with_gpu_work(&[Class::Gpu]);
    // Distractors: a slow agent with nothing to do with it, and honest work of the same kind where it belongs.
    view.row("7-4-3").impedance = Some(Impedance(Micros::millis(900)));
    view.row("3-4-7").impedance = Some(Impedance(Micros::millis(118)));
    wait(
        &mut view,
        "fine",
        "3-4-8",
        INFERENCE,
        Resource::Network,
        Micros::seconds(2),
    );
    let findings = diagnose(&scope("cluster:7-4"), None, &view);
    let first = &findings[0];
    assert_eq!(first.kind, FindingKind::CapabilityMismatch);
    assert_eq!(
        first.subjects,
        [
            Subject::Agent(place("7-4-12")),
            Subject::Agent(place("7-4-19"))
        ]
    );
    assert_eq!(
        first.cause,
        Some(Cause::WrongAgents {
            capability: INFERENCE.into(),
            class: Class::Local,
            lacks: Lack::Hardware(Resource::GpuMemory),
            whole_class: true
        })
    );
    let said: Vec<String> = first.evidence.iter().map(ToString::to_string).collect();
    for part in [
        "7-4-12 impedance 847ms",
        "7-4-19 impedance 612ms",
        "7-4-12 waits for GPU memory allocation",
        "7-4-12 waiting 4m23s",
        "class local",
        "lacks GPU memory",
        "best of them 3-4-7",
    ] {
        assert!(
            said.iter().any(|line| line.starts_with(part)),
            "{part}: {said:?}"
        );
    }
    let remedy = lines(first);
    assert_eq!(remedy[0], "reassign task t12 to agent:3-4-7");
    assert!(remedy[1].starts_with("reassign task t19 to agent:"));
    assert_eq!(
        remedy[2..],
        [
            "capability revoke llm_inference class:local",
            "restore agent:7-4-12,agent:7-4-19"
        ]
    );
    // The other slow agent is told by itself, the two are not told twice.
    let slow: Vec<_> = findings
        .iter()
        .filter(|finding| finding.kind == FindingKind::SlowAgent)
        .collect();
    assert_eq!(slow.len(), 1);
    assert_eq!(slow[0].subjects, [Subject::Agent(place("7-4-3"))]);
    assert!(
        findings
            .iter()
            .all(|finding| finding.kind != FindingKind::StuckTask)
    );
}

fn scope(text: &str) -> Scopes {
    text.parse().expect("a scope")
}

/// The conversation of §7.2, turn by turn, as the operations that it is made of.
#[test]
fn from_what_is_notable_to_the_cause_as_in_the_specification() {
    let mut view = pis_with_gpu_work(&[Class::Gpu]);
    for agent in ["7-4-12", "7-4-19"] {
        view.row(agent).avoided = false;
    }
    for agent in ["7-2-1", "7-2-2", "7-2-3"] {
        let row = view.row(agent);
        (row.state, row.quarantine) = (
            State::Quarantined,
            Some(QuarantineReason::ContextDivergence),
        );
    }
    let notable = notable(&scope("sector:7"), None, &view);
    let slow = &notable[0];
    assert_eq!(
        (slow.kind, slow.count, notable.len()),
        (FindingKind::SlowAgent, 2, 2)
    );
    assert_eq!(lines(slow), ["avoid agent:7-4-12,agent:7-4-19"]);
    assert_eq!(
        (notable[1].kind, notable[1].count),
        (FindingKind::Quarantined, 3)
    );

    for agent in ["7-4-12", "7-4-19"] {
        view.row(agent).avoided = true;
    }
    let cause = &diagnose(&scope("agent:7-4-12,agent:7-4-19"), None, &view)[0];
    assert_eq!(cause.kind, FindingKind::CapabilityMismatch);
    let remedy = lines(cause);
    assert_eq!(remedy.len(), 4, "{remedy:?}");
    assert_eq!(remedy[3], "restore agent:7-4-12,agent:7-4-19");

    // Done: the work is elsewhere, the rule is gone, the two are as quick as their class.
    view.tasks.clear();
    view.capabilities
        .retain(|(id, _)| view.rows[id].class != Class::Local);
    for agent in ["7-4-12", "7-4-19"] {
        let row = view.row(agent);
        (row.avoided, row.impedance, row.usual) = (false, None, None);
    }
    assert_eq!(diagnose(&scope("cluster:7-4"), None, &view), []);
}

#[test]
fn without_anybody_able_the_able_are_healed_or_one_is_added() {
    let mut gone = pis_with_gpu_work(&[Class::Gpu]);
    for row in gone.rows.values_mut().filter(|row| row.class == Class::Gpu) {
        row.state = State::Offline;
    }
    let remedy = lines(&diagnose(&scope("cluster:7-4"), None, &gone)[0]);
    assert!(remedy[0].starts_with("heal agent:1-4-1,"), "{remedy:?}");
    assert!(remedy.contains(&"capability revoke llm_inference class:local".to_owned()));
    assert!(
        !remedy.iter().any(|line| line.starts_with("restore")),
        "the work is still there: {remedy:?}"
    );

    let never = pis_with_gpu_work(&[]);
    let remedy = lines(&diagnose(&scope("cluster:7-4"), None, &never)[0]);
    assert_eq!(remedy[0], "scale add 1 class gpu");
}

#[test]
fn elsewhere_with_another_class_and_capability_the_cause_follows_from_the_data_too() {
    let mut view = Sample::new(4, 5, 30);
    view.needs.insert(
        "vision".into(),
        Need {
            classes: ClassSet::default().with(Class::Persistent),
            hardware: None,
        },
    );
    view.grant(Class::Edge, "vision");
    view.grant(Class::Persistent, "vision");
    wait(
        &mut view,
        "v1",
        "2-1-5",
        "vision",
        Resource::Other,
        Micros::seconds(3),
    );
    let findings = diagnose(&scope("sector:2"), None, &view);
    assert!(matches!(
        &findings[0].cause,
        Some(Cause::WrongAgents {
            class: Class::Edge,
            lacks: Lack::Class,
            whole_class: true,
            ..
        })
    ));
    let remedy = lines(&findings[0]);
    assert!(
        remedy[0].starts_with("reassign task v1 to agent:"),
        "{remedy:?}"
    );
    assert_eq!(remedy[1], "capability revoke vision class:edge");
    assert_eq!(remedy.len(), 2, "nobody was led around");
}

#[test]
fn one_agent_without_the_hardware_is_no_fault_of_its_class() {
    let mut view = Sample::new(2, 5, 30);
    view.grant(Class::Gpu, INFERENCE);
    view.row("1-4-9").hardware = crate::operation::resource::Hardware::NONE;
    wait(
        &mut view,
        "t",
        "1-4-9",
        INFERENCE,
        Resource::GpuMemory,
        Micros::seconds(90),
    );
    let finding = &diagnose(&scope("all"), None, &view)[0];
    assert!(lines(finding).contains(&"capability revoke llm_inference agent:1-4-9".to_owned()));
}

#[test]
fn a_gpu_that_waits_for_its_own_memory_is_stuck_but_not_misplaced() {
    let mut view = Sample::new(2, 5, 30);
    view.grant(Class::Gpu, INFERENCE);
    wait(
        &mut view,
        "t",
        "1-4-9",
        INFERENCE,
        Resource::GpuMemory,
        Micros::seconds(900),
    );
    let findings = diagnose(&scope("all"), None, &view);
    assert_eq!(findings.len(), 1);
    assert_eq!(
        (findings[0].kind, &findings[0].cause),
        (
            FindingKind::StuckTask,
            &Some(Cause::WaitsFor(Resource::GpuMemory))
        )
    );
}

#[test]
fn a_mesh_that_is_well_has_no_findings() {
    assert_eq!(diagnose(&Scopes::all(), None, &Sample::new(4, 5, 30)), []);
    assert!(
        health::check(&Sample::new(4, 5, 30))
            .iter()
            .all(|answered| answered.good)
    );
}

/// Thresholds: §4.2 (500 ms), §6.1 (twice its own average), §6.2, §11, and this project's own.
#[test]
fn each_rule_finds_what_it_is_for() {
    type Change = fn(&mut Sample);
    let rows: &[(&str, FindingKind, Change)] = &[
        ("§4.2", FindingKind::SlowAgent, |v| {
            v.row("1-2-3").impedance = Some(Impedance(Micros::millis(500)));
        }),
        ("§6.1", FindingKind::SlowAgent, |v| {
            v.row("1-2-3").impedance = Some(Impedance(Micros::millis(101)));
        }),
        ("peers", FindingKind::SlowAgent, |v| {
            let row = v.row("1-1-3");
            (row.impedance, row.usual) = (
                Some(Impedance(Micros::millis(90))),
                Some(Impedance(Micros::millis(90))),
            );
        }),
        ("§6.1", FindingKind::Offline, |v| {
            v.row("1-2-3").state = State::Offline;
        }),
        ("§6.1", FindingKind::ContextDivergence, |v| {
            v.row("1-2-3").context = 2;
        }),
        ("§6.1", FindingKind::Quarantined, |v| {
            let row = v.row("1-2-3");
            (row.state, row.quarantine) = (
                State::Quarantined,
                Some(QuarantineReason::ContextDivergence),
            );
        }),
        ("own", FindingKind::Unreliable, |v| {
            v.row("1-2-3").reliability = Share::new(0.89);
        }),
        ("PROTOCOL 2", FindingKind::ClockUnusable, |v| {
            v.row("1-2-3").clock_usable = false;
        }),
        ("§9.2", FindingKind::WeightsLocked, |v| {
            v.row("1-2-3").weights_locked = true;
        }),
        ("§6.2", FindingKind::BreakerOpen, |v| {
            let at = BreakerAt::Cluster(place("1-2-3").cluster);
            v.breakers.push(BreakerRow {
                at,
                open: true,
                since: Moment(0),
                failures: 6,
            });
        }),
        ("PROTOCOL 8", FindingKind::SeatVacant, |v| {
            v.seats[0].holder = None;
        }),
        ("PROTOCOL 8", FindingKind::SeatTakenOver, |v| {
            v.seats[0].takeovers = 1;
        }),
        ("own", FindingKind::QueueGrowth, |v| {
            v.clusters[0].queue = 90;
        }),
        ("§11", FindingKind::ConflictRate, |v| {
            v.clusters[0].conflicts = 11;
        }),
        ("own", FindingKind::ClusterDrift, |v| {
            v.clusters[0].impedance = Impedance(Micros::millis(150));
        }),
        ("§5.1", FindingKind::ConflictOverdue, |v| {
            let agent = place("1-2-3");
            v.conflicts.push(ConflictRow {
                id: "c".into(),
                kind: "HASH_MISMATCH",
                priority: 4,
                agent,
                at: Moment(0),
            });
        }),
    ];
    for (section, kind, change) in rows {
        let mut view = Sample::new(4, 5, 30);
        change(&mut view);
        let kinds: Vec<_> = diagnose(&Scopes::all(), None, &view)
            .iter()
            .map(|finding| finding.kind)
            .collect();
        assert_eq!(kinds, [*kind], "{section}");
        let elsewhere: Vec<_> = diagnose(&scope("cluster:3-3"), None, &view)
            .iter()
            .map(|finding| finding.kind)
            .collect();
        assert_eq!(
            elsewhere,
            [],
            "{section}: a scope is told only what is its own"
        );
    }
}

#[test]
fn people_are_never_slow() {
    let mut view = Sample::new(1, 1, 10);
    let row = view.row("1-1-1");
    (row.class, row.impedance) = (Class::Human, Some(Impedance(Micros::seconds(600))));
    assert_eq!(diagnose(&Scopes::all(), None, &view), []);
}

#[test]
fn agents_of_one_dead_host_are_one_finding() {
    let mut view = Sample::new(4, 5, 30);
    for row in view.rows.values_mut().filter(|row| row.host.0 == 9) {
        (row.state, row.host_up) = (State::Offline, false);
    }
    view.row("2-2-2").state = State::Offline;
    let findings = diagnose(&Scopes::all(), None, &view);
    assert_eq!(findings.len(), 2);
    assert_eq!(
        findings[0].cause,
        Some(Cause::Common(Subject::Host(
            crate::operation::view::HostId(9)
        )))
    );
    assert_eq!((findings[0].count, findings[1].count), (20, 1));
}

#[test]
fn the_worst_comes_first_and_there_are_never_too_many() {
    let mut view = Sample::new(100, 5, 4);
    for row in view.rows.values_mut() {
        row.impedance = Some(Impedance(Micros::millis(i64::from(
            400 + row.id.pack() % 600,
        ))));
    }
    view.breakers.push(BreakerRow {
        at: BreakerAt::Mesh,
        open: true,
        since: Moment(0),
        failures: 11,
    });
    let findings = diagnose(&Scopes::all(), None, &view);
    assert_eq!(findings.len(), FINDINGS_MAX);
    assert_eq!(findings[0].severity, Severity::Critical);
    assert!(
        findings
            .windows(2)
            .all(|pair| pair[0].severity >= pair[1].severity)
    );
    assert!(
        findings
            .iter()
            .all(|finding| finding.subjects.len() <= SUBJECTS_MAX)
    );
}

#[test]
fn every_remedy_is_an_operation_that_can_be_asked_for() {
    let view = pis_with_gpu_work(&[Class::Gpu]);
    for finding in diagnose(&Scopes::all(), None, &view) {
        for operation in finding.remedy.into_iter().flatten() {
            assert_eq!(Operation::from_json(&operation.to_json()), Ok(operation));
        }
    }
}

#[test]
fn the_daily_check_asks_all_ten_questions_and_says_what_is_wrong() {
    let mut view = Sample::new(4, 5, 30);
    view.upkeep.conflict_log_backup = None;
    view.upkeep.lost = 100;
    view.upkeep.conflicts = 90;
    view.upkeep.conflicts_before = 30;
    let answers = health::check(&view);
    let bad: Vec<_> = answers
        .iter()
        .filter(|answered| !answered.good)
        .map(|answered| answered.question)
        .collect();
    assert_eq!(answers.len(), 10);
    assert_eq!(
        bad,
        [
            health::Question::ConflictTrend,
            health::Question::Churn,
            health::Question::ConflictLogBackup
        ]
    );
}

#[test]
fn the_runbook_of_a_silent_sector_walks_from_coordinator_to_common_cause() {
    let mut view = Sample::new(4, 3, 10);
    for row in view.rows.values_mut().filter(|row| row.id.sector().0 == 2) {
        (row.state, row.last_beat) = (State::Offline, Moment(0));
    }
    for row in view
        .seats
        .iter_mut()
        .filter(|row| row.seat == Seat::Coordinator(place("2-1-1").sector()))
    {
        row.holder = None;
    }
    for row in view.clusters.iter_mut().filter(|row| row.id.sector.0 == 2) {
        row.active = 0;
    }
    let steps = runbook::walk(Runbook::SectorUnresponsive, &scope("sector:2"), &view);
    let offered: Vec<String> = steps
        .iter()
        .flat_map(|step| &step.offers)
        .map(Operation::line)
        .collect();
    for line in [
        "ping sector:2",
        "trip cluster:2-1",
        "move cluster:2-1",
        "trip sector:2",
    ] {
        assert!(
            offered.iter().any(|offer| offer == line),
            "{line}: {offered:?}"
        );
    }
    let well = runbook::walk(Runbook::SectorUnresponsive, &scope("sector:3"), &view);
    assert!(
        well.iter()
            .all(|step| step.checked != runbook::Checked::Bad)
    );
    assert!(!runbook::walk(Runbook::AddAgents, &Scopes::all(), &view).is_empty());
    assert_eq!(
        runbook::walk(Runbook::DailyCheck, &Scopes::all(), &view).len(),
        10
    );
}
