use super::*;
use crate::time::{Micros, Moment};

fn at(seconds: i64) -> Moment {
    Moment(0) + Micros::seconds(seconds)
}
fn keeper() -> ModeKeeper {
    ModeKeeper::new(at(0), Some(Mode::Full))
}
fn to(change: Option<ModeChange>) -> Option<Mode> {
    change.map(|change| change.to)
}

#[test]
fn the_thresholds_of_section_6_3() {
    let rows = [
        (30_000, Mode::Full),
        (28_500, Mode::Full),
        (28_499, Mode::DegradedLight),
        (24_000, Mode::DegradedLight),
        (23_999, Mode::DegradedModerate),
        (18_000, Mode::DegradedModerate),
        (17_999, Mode::DegradedSevere),
        (9_000, Mode::DegradedSevere),
        (8_999, Mode::Emergency),
        (0, Mode::Emergency),
    ];
    for (active, mode) in rows {
        assert_eq!(
            Share::of(active, 30_000).map(Mode::at),
            Some(mode),
            "{active}"
        );
        let change = keeper().observe(active, 30_000, at(1));
        assert_eq!(
            to(change).unwrap_or(Mode::Full),
            mode,
            "at once on the way down"
        );
    }
}

#[test]
fn a_rate_that_swings_around_a_threshold_does_not_swing_the_mode() {
    let mut keeper = keeper();
    let mut changes = 0;
    for second in 0..3_600 {
        let active = if second % 10 < 5 { 949 } else { 951 };
        changes += usize::from(keeper.observe(active, 1_000, at(second)).is_some());
    }
    assert_eq!((changes, keeper.mode()), (1, Mode::DegradedLight));
}

#[test]
fn a_better_mode_that_lasts_is_believed_and_no_better_one_than_lasted() {
    let mut keeper = keeper();
    keeper.observe(20, 100, at(0));
    assert_eq!(keeper.observe(96, 100, at(10)), None);
    assert_eq!(keeper.observe(85, 100, at(20)), None);
    assert_eq!(keeper.observe(96, 100, at(30)), None);
    assert_eq!(keeper.next_deadline(), at(40));
    assert_eq!(to(keeper.poll(at(40))), Some(Mode::DegradedLight));
    assert_eq!(to(keeper.poll(keeper.next_deadline())), Some(Mode::Full));
    assert_eq!(keeper.next_deadline(), Moment::NEVER);
}

#[test]
fn an_emergency_saves_state_and_tells_everyone_once() {
    let mut keeper = keeper();
    let change = keeper.observe(10, 100, at(0)).expect("a change");
    assert!(change.save_state && change.alert == Alert::Everyone);
    assert_eq!(keeper.observe(10, 100, at(1)), None);
    keeper.observe(99, 100, at(2));
    let change = keeper.poll(at(32)).expect("a change");
    assert!(!change.save_state && change.alert == Alert::Notice);
}

#[test]
fn a_fresh_mesh_has_a_minute_to_gather_and_one_that_restarts_in_trouble_has_none() {
    let mut fresh = ModeKeeper::new(at(0), None);
    assert_eq!(
        fresh.observe(0, 0, at(0)),
        None,
        "nobody is seated: no rate"
    );
    assert_eq!(fresh.observe(5, 100, at(10)), None);
    assert_eq!(to(fresh.observe(5, 100, at(60))), Some(Mode::Emergency));
    let mut gathered = ModeKeeper::new(at(0), None);
    gathered.observe(99, 100, at(5));
    assert_eq!(to(gathered.observe(5, 100, at(10))), Some(Mode::Emergency));
    assert_eq!(
        ModeKeeper::new(at(0), Some(Mode::Emergency)).mode(),
        Mode::Emergency
    );
}

/// An operation on ten agents, and variations of it.
fn plain() -> OperationTraits {
    of(Priority::Normal)
}
fn scatter(targets: u32) -> OperationTraits {
    OperationTraits {
        targets,
        scatters: true,
        ..of(Priority::High)
    }
}
fn cascade() -> OperationTraits {
    OperationTraits {
        priority: Priority::Critical,
        mesh_wide: true,
        ..scatter(30_000)
    }
}

/// A letter for the kind of admission, with the rule that stood against it.
fn verdict(mode: Mode, operation: OperationTraits) -> (char, Option<Rule>) {
    match admit(mode, operation) {
        Admission::Accept => ('+', None),
        Admission::Queue(refusal) => ('Q', Some(refusal.rule)),
        Admission::NeedsApproval(refusal) => ('A', Some(refusal.rule)),
        Admission::Refuse(refusal) => ('R', Some(refusal.rule)),
    }
}

#[test]
fn each_restriction_of_section_6_3_is_enforced() {
    const MODERATE: Mode = Mode::DegradedModerate;
    const SEVERE: Mode = Mode::DegradedSevere;
    let background = OperationTraits {
        background: true,
        ..plain()
    };
    let critical = of(Priority::Critical);
    let freeze = OperationTraits {
        protective: true,
        ..cascade()
    };
    let approved = OperationTraits {
        approved: true,
        ..cascade()
    };
    let robot = OperationTraits {
        automated: true,
        ..critical
    };
    let light = Mode::DegradedLight;
    let rows = [
        ("FULL", background, Mode::Full, '+', None),
        ("background", background, light, 'R', Some(Rule::Background)),
        ("foreground", plain(), light, '+', None),
        ("wide in LIGHT", scatter(1_001), light, '+', None),
        ("not urgent", plain(), MODERATE, 'Q', Some(Rule::NotUrgent)),
        ("wide", scatter(1_001), MODERATE, 'R', Some(Rule::Scatter)),
        ("narrow", scatter(1_000), MODERATE, '+', None),
        ("cascade", cascade(), MODERATE, 'R', Some(Rule::Scatter)),
        ("urgent", scatter(9), SEVERE, 'R', Some(Rule::NotCritical)),
        ("critical", critical, SEVERE, '+', None),
        ("mesh-wide", cascade(), SEVERE, 'A', Some(Rule::MeshWide)),
        ("with a yes", approved, SEVERE, '+', None),
        ("robot", robot, SEVERE, '+', None),
        ("robot", robot, Mode::Emergency, 'R', Some(Rule::Automated)),
        (
            "person",
            critical,
            Mode::Emergency,
            'A',
            Some(Rule::Unexplained),
        ),
        (
            "idle",
            plain(),
            Mode::Emergency,
            'R',
            Some(Rule::NotCritical),
        ),
        (
            "mesh-wide",
            cascade(),
            Mode::Emergency,
            'A',
            Some(Rule::MeshWide),
        ),
        ("with a yes", approved, Mode::Emergency, '+', None),
        ("protecting", freeze, Mode::Emergency, '+', None),
    ];
    for (name, operation, mode, letter, rule) in rows {
        assert_eq!(verdict(mode, operation), (letter, rule), "{name} in {mode}");
    }
}

#[test]
fn a_refusal_says_which_mode_why_and_what_would_be_allowed() {
    let refusal = Refusal {
        mode: Mode::DegradedModerate,
        rule: Rule::Scatter,
    };
    assert_eq!(
        refusal.to_string(),
        "DEGRADED_MODERATE: a scatter over more than 1000 agents is switched off; allowed: narrow it to 1000 agents or \
         fewer, for example sector by sector"
    );
}

fn of(priority: Priority) -> OperationTraits {
    OperationTraits {
        priority,
        ..OperationTraits::default()
    }
}

#[test]
fn held_operations_run_by_importance_then_age_when_the_mode_is_better() {
    let mut queue = HeldQueue::new();
    for (name, priority, until) in [
        ("b1", Priority::Background, 100),
        ("n1", Priority::Normal, 100),
        ("short", Priority::Normal, 10),
        ("n2", Priority::Normal, 100),
    ] {
        assert_eq!(queue.hold(name, of(priority), at(until)), Offer::Held);
    }
    assert!(queue.release(Mode::DegradedModerate, at(1)).is_empty());
    assert_eq!(queue.next_deadline(), at(10));
    assert_eq!(queue.expire(at(10)), ["short"]);
    assert_eq!(
        queue.release(Mode::DegradedLight, at(11)),
        ["n1", "n2", "b1"]
    );
    assert!(queue.is_empty());
}

#[test]
fn a_full_queue_gives_way_to_what_matters_more() {
    let mut queue = HeldQueue::new();
    for number in 0..HELD_MAX {
        queue.hold(number, of(Priority::Background), at(100));
    }
    assert_eq!(
        queue.hold(9_999, of(Priority::Background), at(100)),
        Offer::Full(9_999)
    );
    let youngest = HELD_MAX - 1;
    assert_eq!(
        queue.hold(8_888, of(Priority::Normal), at(100)),
        Offer::Displaced(youngest)
    );
    assert_eq!(queue.len(), HELD_MAX);
    assert_eq!(queue.iter().next().map(|(item, _)| *item), Some(8_888));
}
