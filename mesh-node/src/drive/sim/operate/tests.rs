//! Somebody at the door of a small simulated mesh asks for everything there is.

use super::super::scenario::Scenario;
use super::*;
use mesh_core::operation::answer::{Answer, RowKind, Rows};
use mesh_core::operation::follow::{AgentSeen, Cursor, Sight};
use mesh_core::operation::refusal::Ground;
use mesh_core::operation::{Refusal, table};
use mesh_core::place::scope::Name;
use mesh_core::place::{AgentId, Class};
use mesh_core::registry::State;
use mesh_core::time::Micros;
use mesh_core::trust::seat::Seat;
use mesh_core::trust::{Right, Rights};
use std::collections::BTreeSet;

/// Twelve clusters of six, all classes among them, that nobody disturbs.
const SMALL: &str =
    "seconds = 20000\nmesh = { sectors = 2, clusters = 6, agents = 6 }\n[load]\nevery = 0";

/// How long an answer may take: growth settles for minutes.
const PATIENCE: Micros = Micros::seconds(900);

/// Somebody at the door.
struct Console {
    world: World,
    asked: u32,
}

impl Console {
    fn new(text: &str) -> Self {
        let mut world = World::new(Scenario::parse(text, "console").expect("it reads"));
        world.run_until(Moment(30_000_000));
        Self { world, asked: 0 }
    }

    fn wait(&mut self, seconds: i64) {
        let until = self.world.now() + Micros::seconds(seconds);
        self.world.run_until(until);
    }

    fn id(&mut self) -> Arc<str> {
        self.asked += 1;
        Arc::from(format!("console-{}", self.asked))
    }

    /// Asks, and waits for the end.
    fn ask(&mut self, ask: Ask) -> Result<Answer, Refusal> {
        let top = self.top();
        let id = Arc::clone(&ask.id);
        self.world.requests.ends.remove(&id);
        self.world
            .give(NodeId::Seat(top), Input::Operation(Box::new(ask)));
        let until = self.world.now() + PATIENCE;
        while !self.world.requests.ends.contains_key(&id) && self.world.now() < until {
            let next = self.world.now() + Micros::millis(100);
            self.world.run_until(next);
        }
        match self.world.requests.ends.get(&id) {
            Some(Reply::Answer(answer)) => Ok((**answer).clone()),
            Some(Reply::Refused(refusal)) => Err((**refusal).clone()),
            Some(Reply::Progress(_)) | None => panic!("no end to {id}"),
        }
    }

    /// Says a command line as the owner, with whatever yes it needs.
    fn say(&mut self, line: &str) -> Result<Answer, Refusal> {
        let operation =
            Operation::from_line(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        self.put(operation)
    }

    fn put(&mut self, operation: Operation) -> Result<Answer, Refusal> {
        let id = self.id();
        self.ask(Ask {
            id,
            caller: Caller::owner(),
            operation,
            confirmed: true,
        })
    }

    fn done(&mut self, line: &str) -> u64 {
        match self.say(line) {
            Ok(Answer::Done { agents, .. }) => agents,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn top(&self) -> u32 {
        let mut top = self.world.orchestrators.into_iter();
        top.find(|&index| self.world.seats[index as usize].role.serving())
            .expect("somebody serves")
    }

    /// So many throws at sector 7, with time enough for everybody, one every so many seconds.
    fn throws(&mut self, count: usize, every: i64) {
        let line = "cascade observe sector:7 in 3s window 2s";
        for _ in 0..count {
            let operation = Operation::from_line(line).expect("it reads");
            assert!(self.world.ask(operation, Wanted::Done));
            self.wait(every);
        }
    }

    fn sight(&mut self, since: Option<Cursor>) -> (Sight, Cursor) {
        let top = self.top() as usize;
        let local = self.world.seats[top].host.clock.read(self.world.now());
        match &mut self.world.seats[top].role {
            super::super::node::SeatRole::Orchestrator(role) => role.sight(local, since),
            _ => panic!("an orchestrator"),
        }
    }

    fn agents(&mut self, scope: &str) -> Vec<mesh_core::operation::answer::AgentLine> {
        match self.say(&format!("list agents {scope}")) {
            Ok(Answer::Rows(Rows {
                rows: RowKind::Agents(rows),
                ..
            })) => rows,
            other => panic!("{scope}: {other:?}"),
        }
    }
}

/// What is expected of a line.
enum Ends {
    /// With an answer of this kind, by its word.
    In(&'static str),
    /// With a refusal on this ground.
    Not(Ground),
}

fn word(answer: &Answer) -> String {
    let json = serde_json::to_value(answer).expect("it is written");
    json["answer"].as_str().unwrap_or_default().to_owned()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a line for each operation")]
fn every_operation_of_the_table_gets_its_answer_or_is_told_why_not() {
    use Ends::{In, Not};
    let mut console = Console::new(SMALL);
    let lines: &[(&str, Ends)] = &[
        ("status", In("status")),
        // A freeze makes one.
        ("backup verify", Not(Ground::NotFound)),
        ("inspect sector:1", In("inspect")),
        ("inspect sector:9", Not(Ground::NotFound)),
        (
            "list agents sector:1 sort impedance order desc limit 5",
            In("rows"),
        ),
        ("list sectors", In("rows")),
        ("list clusters", In("rows")),
        ("list tasks", In("rows")),
        ("list reviews", In("rows")),
        ("list events", In("rows")),
        ("list conflicts", In("rows")),
        ("list breakers", In("rows")),
        ("count agents \"where:class=gpu\"", In("count")),
        ("diagnose all", In("findings")),
        ("trend impedance sector:1 over 1h", In("trend")),
        ("health", In("health")),
        ("kpis", In("kpis")),
        ("runbook daily_check", In("runbook")),
        ("runbook sector_unresponsive sector:1", In("runbook")),
        ("runbook add_agents", In("runbook")),
        ("plan cascade sync all", In("plan")),
        ("what_if freeze sector:1", In("what_if")),
        ("proof latest", Not(Ground::NotFound)),
        ("cascade sync all", In("thrown")),
        ("cascade observe all strategy parallel", In("thrown")),
        ("cascade sync all strategy priority_first", In("thrown")),
        ("proof latest as json", In("proof")),
        ("proof latest as csv", In("proof")),
        ("broadcast \"market closed early\"", In("thrown")),
        ("ask \"what do you hold\" sample 5", In("asked")),
        ("ping cluster:1-1", In("pings")),
        ("delegate \"add it up\" within 60s", In("delegated")),
        ("pipeline fetch,digest timeout 60s", In("delegated")),
        ("task nothing", Not(Ground::NotFound)),
        ("reassign sector:1", In("done")),
        ("cancel sector:1", In("done")),
        ("avoid cluster:1-1 for 1m", In("done")),
        ("restore cluster:1-1", In("done")),
        ("undo", In("undone")),
        ("restore cluster:1-1", In("done")),
        ("freeze sector:2", In("frozen")),
        (
            "delegate \"in the ice\" to sector:2 within 5s",
            In("delegated"),
        ),
        ("cascade sync sector:2", Not(Ground::Frozen)),
        ("thaw sector:2", In("done")),
        ("heal auto", In("healed")),
        ("heal sector:1", In("healed")),
        ("quarantine agent:1-1-1", In("done")),
        ("release agent:1-1-1", In("done")),
        ("resolve latest", Not(Ground::NotFound)),
        ("trip cluster:1-2", In("done")),
        ("reset cluster:1-2", In("done")),
        ("capability revoke routing class:edge", In("done")),
        ("capability grant routing class:edge", In("done")),
        ("promote agent:1-1-3", In("done")),
        ("promote agent:1-1-4 to coordinator", In("done")),
        ("promote sector:1", Not(Ground::Wrong)),
        ("move agent:1-1-2 to sector:2", In("done")),
        ("scale add 2 class edge", In("done")),
        ("scale remove 1 scope cluster:1-1", In("done")),
        ("scale remove 30000", Not(Ground::TooMuch)),
        ("calibrate cluster:1-1", In("done")),
        ("unlock cluster:1-1", In("done")),
        ("context show", In("context")),
        ("context branch branch plan_b", In("done")),
        ("context merge branch plan_b", In("done")),
        ("context merge branch nowhere", Not(Ground::NotFound)),
        ("context mark_good", In("done")),
        ("context reload cluster:1-1", In("done")),
        ("backup make", In("backup")),
        ("backup verify", In("backup")),
        ("backup show", In("backup")),
        ("verify conflicts", In("verified")),
        ("verify audit", In("verified")),
        ("audit over 1d", In("rows")),
        ("keys show", In("keys")),
        ("keys token for 1h", In("keys")),
        ("keys rotate agent:1-2-1", In("keys")),
        ("keys admit key abc", Not(Ground::NotFound)),
        ("keys revoke", Not(Ground::Wrong)),
        ("review show next", In("review")),
        ("review comment next saying \"seen\"", In("review")),
        ("review approve next saying \"fine\"", In("review")),
        ("review show 99", Not(Ground::NotFound)),
        ("watch sector:1 until active", In("watching")),
        ("unwatch 99", Not(Ground::NotFound)),
        ("schedule in 1h health", In("scheduled")),
        ("unschedule 1", In("unscheduled")),
        ("follow", In("ok")),
        ("explain conflict", In("ok")),
        ("answer yes", In("ok")),
        ("help", In("ok")),
        ("theme light", In("ok")),
        ("quit", In("ok")),
    ];
    let mut wrong = Vec::new();
    let mut asked = BTreeSet::new();
    for (line, ends) in lines {
        let Ok(operation) = Operation::from_line(line) else {
            wrong.push(format!("{line}: {:?}", Operation::from_line(line).err()));
            continue;
        };
        asked.insert(operation.name());
        let end = console.put(operation);
        let right = match (&end, ends) {
            (Ok(answer), In(kind)) => word(answer) == *kind,
            (Err(refusal), Not(ground)) => {
                refusal.ground == *ground && !refusal.why.raw().is_empty()
            }
            _ => false,
        };
        if !right {
            wrong.push(format!("{line}: {end:?}"));
        }
    }
    let missing: Vec<&str> = table::rows()
        .map(|row| row.name)
        .filter(|name| !asked.contains(name))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(missing.is_empty(), "never asked: {missing:?}");
    let told = &console.world.truth.told;
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn a_preview_counts_whom_the_operation_then_touches() {
    let mut console = Console::new(SMALL);
    let scopes = [
        "agent:1-1-1",
        "cluster:1-2",
        "sector:2",
        "class:edge",
        "\"where:class=local\"",
        "all",
    ];
    let verbs = [
        "avoid",
        "restore",
        "quarantine",
        "release",
        "thaw",
        "unlock",
    ];
    for scope in scopes {
        for verb in verbs {
            let line = format!("{verb} {scope}");
            let seen = match console.say(&format!("what_if {line}")) {
                Ok(Answer::WhatIf {
                    preview,
                    refusal: None,
                }) => preview,
                other => panic!("what_if {line}: {other:?}"),
            };
            let touched = console.done(&line);
            assert_eq!((seen.agents - seen.already) as u64, touched, "{line}");
        }
    }
    // What growth says beforehand is who comes, goes and moves.
    for (line, of) in [
        ("scale add 5 class edge", 5),
        ("scale remove 3 scope sector:1", 3),
        ("move agent:2-1-1 to sector:1", 1),
    ] {
        let before = console.agents("all").len() as i64;
        assert_eq!(console.done(line), of, "{line}");
        let after = console.agents("all").len() as i64;
        let grown = match line.split(' ').nth(1) {
            Some("add") => of as i64,
            Some("remove") => -(of as i64),
            _ => 0,
        };
        assert_eq!(after - before, grown, "{line}");
    }
}

#[test]
fn a_repeated_id_gets_the_first_result_and_changes_nothing() {
    let mut console = Console::new(SMALL);
    let ask = Ask {
        id: Arc::from("twice"),
        caller: Caller::owner(),
        operation: Operation::from_line("avoid cluster:1-1").expect("it reads"),
        confirmed: true,
    };
    let first = console.ask(ask.clone());
    console.done("restore cluster:1-1");
    assert_eq!(console.ask(ask), first);
    assert!(console.agents("cluster:1-1").iter().all(|row| !row.avoided));
}

#[test]
fn whoever_has_no_right_or_gave_no_yes_is_told_what_is_missing() {
    let mut console = Console::new(SMALL);
    let looks = Caller {
        rights: Rights::default().with(Right::Look),
        ..Caller::owner()
    };
    for row in table::rows() {
        let line = row.examples[0];
        let operation = Operation::from_line(line).expect(line);
        if !operation.changes() {
            continue;
        }
        let id = console.id();
        let end = console.ask(Ask {
            id,
            caller: looks.clone(),
            operation,
            confirmed: true,
        });
        assert_eq!(
            end.map_err(|refusal| refusal.ground),
            Err(Ground::NotAllowed),
            "{line}"
        );
    }
    let id = console.id();
    let end = console.ask(Ask {
        id,
        caller: Caller::owner(),
        operation: Operation::from_line("freeze sector:1").expect("it reads"),
        confirmed: false,
    });
    assert!(
        matches!(&end, Err(refusal) if matches!(refusal.ground, Ground::NeedsYes(_))),
        "{end:?}"
    );
    assert_eq!(console.agents("\"where:state=frozen\"").len(), 0);
}

#[test]
fn every_change_leaves_a_row_in_the_audit_trail_and_an_altered_one_is_found() {
    let mut console = Console::new(SMALL);
    for line in [
        "avoid cluster:1-1",
        "restore cluster:1-1",
        "trip cluster:1-2",
    ] {
        console.done(line);
    }
    let rows = match console.say("audit over 1h") {
        Ok(Answer::Rows(Rows {
            rows: RowKind::Operations(rows),
            ..
        })) => rows,
        other => panic!("{other:?}"),
    };
    let lines: Vec<String> = rows.iter().map(|row| row.operation.line()).collect();
    assert_eq!(
        lines,
        [
            "trip cluster:1-2",
            "restore cluster:1-1",
            "avoid cluster:1-1"
        ]
    );
    let verified = |console: &mut Console| match console.say("verify audit") {
        Ok(Answer::Verified { rows, altered, .. }) => (rows, altered),
        other => panic!("{other:?}"),
    };
    assert_eq!(verified(&mut console), (3, None));
    console.world.vault.audit[1].0.push(' ');
    assert_eq!(verified(&mut console), (3, Some(1)));
}

#[test]
fn a_promoted_agents_node_has_the_seat_with_a_higher_epoch() {
    let mut console = Console::new(SMALL);
    let now = console.world.now();
    let place: AgentId = "1-1-3".parse().expect("a place");
    for (line, seat) in [
        ("promote agent:1-1-3", Seat::Lead(place.cluster)),
        (
            "promote agent:1-1-3 to coordinator",
            Seat::Coordinator(place.sector()),
        ),
    ] {
        let before = console
            .world
            .seat_table
            .holder(now, seat)
            .expect("a holder");
        console.done(line);
        let now = console.world.now();
        let after = console
            .world
            .seat_table
            .holder(now, seat)
            .expect("a holder");
        assert_ne!(before.0, after.0, "{line}");
        assert!(after.1 > before.1, "{line}");
    }
    console.wait(60);
    let active = console.agents("\"where:state=active\"").len();
    assert_eq!(active, 72, "everybody is led as before");
}

#[test]
fn agents_that_are_added_settle_and_those_that_are_removed_are_gone() {
    let mut console = Console::new(SMALL);
    let before = console.agents("all").len();
    assert_eq!(console.done("scale add 20 class gpu"), 20);
    let after: BTreeSet<AgentId> = console.agents("all").iter().map(|row| row.id).collect();
    assert_eq!(after.len(), before + 20);
    let fresh = console.agents("class:gpu");
    assert_eq!(fresh.len(), 6 + 20);
    assert!(fresh.iter().all(|row| row.state == State::Active));
    // Newcomers get nothing until their profile is stable, and then bit by bit.
    assert!(console.world.requests.told["settling"] >= 20);
    assert_eq!(console.done("scale remove 20 class gpu"), 20);
    assert_eq!(console.agents("all").len(), before);
    let told = &console.world.truth.told;
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn an_agent_that_moves_keeps_its_key_and_finishes_what_it_has_begun() {
    let mut console = Console::new(SMALL);
    let gone: AgentId = "1-1-2".parse().expect("a place");
    let index = console.world.agent_at(gone).expect("it is there");
    let key = console.world.agents[index as usize].host.key;
    assert_eq!(console.done("move agent:1-1-2 to sector:2"), 1);
    assert!(console.world.agent_at(gone).is_none());
    let node = &console.world.agents[index as usize];
    assert_eq!(node.host.key, key);
    let place = node.role.place();
    assert_eq!(place.sector().0, 2);
    let row = console.agents(&format!("agent:{place}"));
    assert_eq!(row[0].state, State::Active);
}

#[test]
fn a_key_is_rotated_without_losing_its_agent_and_a_revoked_one_is_not_heard() {
    let mut console = Console::new(SMALL);
    let refused = console.world.truth.refused_total;
    assert!(matches!(
        console.say("keys rotate cluster:1-1"),
        Ok(Answer::Keys(_))
    ));
    console.wait(60);
    let active = console.agents("cluster:1-1");
    assert!(active.iter().all(|row| row.state == State::Active));
    assert_eq!(console.world.truth.refused_total, refused);
    assert!(console.say("keys revoke agent:1-1-1").is_ok());
    console.wait(60);
    assert_eq!(console.agents("agent:1-1-1")[0].state, State::Offline);
}

#[test]
fn a_backup_that_was_altered_is_found() {
    let mut console = Console::new(SMALL);
    let verified = |console: &mut Console| match console.say("backup verify") {
        Ok(Answer::Backup { verified, .. }) => verified,
        other => panic!("{other:?}"),
    };
    assert!(console.say("backup make").is_ok());
    assert_eq!(verified(&mut console), Some(true));
    let backup = console.world.vault.backup.as_mut().expect("it was kept");
    backup.agents[0].queue += 1;
    assert_eq!(verified(&mut console), Some(false));
}

#[test]
fn a_follower_that_takes_changes_in_sees_what_a_snapshot_shows() {
    let text = SMALL.replace("every = 0", "every = 7");
    let mut console = Console::new(&text);
    let (first, mut cursor) = console.sight(None);
    let Sight::Snapshot(view) = &first else {
        panic!("{first:?}");
    };
    let mut known: BTreeMap<AgentId, AgentSeen> =
        view.agents.iter().map(|agent| (agent.id, *agent)).collect();
    assert_eq!(known.len(), 72);
    let (mut throws, mut frames) = (BTreeSet::new(), 0);
    for round in 0..200 {
        if round == 60 {
            assert_eq!(console.done("scale add 4 class edge"), 4);
        }
        if round == 120 {
            assert_eq!(console.done("scale remove 4 class edge"), 4);
        }
        let next = console.world.now() + Micros::millis(200);
        console.world.run_until(next);
        let (sight, at) = console.sight(Some(cursor));
        cursor = at;
        let Sight::Changes(view) = sight else {
            panic!("round {round}: {sight:?}");
        };
        for gone in &view.gone {
            known.remove(gone);
        }
        known.extend(view.agents.iter().map(|agent| (agent.id, *agent)));
        frames += usize::from(!view.agents.is_empty());
        for throw in &view.throws {
            assert!(throw.counts.balanced());
            assert_eq!(throw.agents.come, throw.agents.arrivals.total());
            throws.insert(throw.id.clone());
        }
    }
    let (last, _) = console.sight(None);
    let Sight::Snapshot(view) = &last else {
        panic!("{last:?}");
    };
    let aged = |agent: &AgentSeen| AgentSeen {
        silent: None,
        ..*agent
    };
    let mine: Vec<AgentSeen> = known.values().map(aged).collect();
    let theirs: Vec<AgentSeen> = view.agents.iter().map(aged).collect();
    assert_eq!(mine, theirs);
    assert!(throws.len() >= 5, "{throws:?}");
    assert!(
        frames >= 16,
        "two sectors tell every five seconds: {frames}"
    );
    // A cursor of another seat gets everything.
    let strange = Cursor {
        epoch: cursor.epoch + 1,
        ..cursor
    };
    assert!(matches!(console.sight(Some(strange)).0, Sight::Snapshot(_)));
}

/// §7.2: the sector of the specification's example, where 7-4 is Pis and the graphics processors are elsewhere.
const SECTOR_7: &str = "seconds = 3000
mesh = { sectors = 8, clusters = 5, agents = 20 }
classes = { edge = 16, serverless = 8, persistent = 4, gpu = 2, local = 8, human = 2 }
[load]
every = 0";

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "one exchange, from its first question to its end"
)]
fn two_pis_with_a_gpu_task_are_found_led_around_relieved_and_well_again() {
    let mut console = Console::new(SECTOR_7);
    let pis: Vec<AgentId> = ["7-4-12", "7-4-19"]
        .map(|id| id.parse().expect("a place"))
        .into();
    let scope = "agent:7-4-12,agent:7-4-19";
    // Somebody has told these two that they can do it: the wrong capability mapping.
    for &pi in &pis {
        let index = console.world.agent_at(pi).expect("it is there") as usize;
        let role = &mut console.world.agents[index].role;
        assert_eq!(role.class(), Class::Local);
        let able = ["sensor", "local_state", "physical", "llm_inference"];
        role.set_abilities(able.map(|name| Name::new(name).expect("a name")).into());
    }
    // They say so to their lead, and it to those above, each in its own time.
    console.wait(60);
    for pi in &pis {
        let task = format!(
            r#"{{"op":"delegate","task":"Process large language model inference request","to":"agent:{pi}","requires":"llm_inference","timeout_s":2400}}"#
        );
        let task: serde_json::Value = serde_json::from_str(&task).expect("JSON");
        let operation = Operation::from_json(&task).expect("it reads");
        assert!(console.world.ask(operation, Wanted::Done));
    }
    console.throws(52, 5);
    console.wait(3);

    // "What's happening in sector 7?"
    let inspected = match console.say("inspect sector:7") {
        Ok(Answer::Inspect(inspected)) => inspected,
        other => panic!("{other:?}"),
    };
    let agents = |finding: &mesh_core::diagnose::Finding| -> Vec<AgentId> {
        let of = finding.subjects.iter().filter_map(|subject| match subject {
            mesh_core::diagnose::Subject::Agent(id) => Some(*id),
            _ => None,
        });
        of.collect()
    };
    let slow = inspected
        .notable
        .iter()
        .find(|finding| finding.kind == mesh_core::diagnose::FindingKind::SlowAgent)
        .unwrap_or_else(|| panic!("{:?} {:?}", inspected.notable, inspected.impedance));
    let mut named = agents(slow);
    named.sort_unstable();
    assert_eq!(named, pis, "{slow:?}");

    // "Yeah route around": what was recommended is done.
    let avoid = slow
        .remedy
        .iter()
        .flatten()
        .next()
        .expect("a recommendation")
        .clone();
    assert_eq!(avoid.name(), "avoid");
    assert!(matches!(console.put(avoid), Ok(Answer::Done { .. })));
    assert!(console.agents(scope).iter().all(|row| row.avoided));

    // "And show me what they're stuck on."
    let found = match console.say(&format!("diagnose {scope}")) {
        Ok(Answer::Findings { findings }) => findings,
        other => panic!("{other:?}"),
    };
    let mismatch = &found[0];
    assert_eq!(
        mismatch.kind,
        mesh_core::diagnose::FindingKind::CapabilityMismatch,
        "{found:?}"
    );
    let text = mismatch
        .evidence
        .iter()
        .map(|one| format!("{}: {}", one.what, one.value))
        .collect::<Vec<_>>()
        .join("; ");
    assert!(text.contains("Process large language model"), "{text}");
    assert!(text.contains("GPU memory"), "{text}");
    assert!(text.contains("4m2"), "since when: {text}");
    assert!(mismatch.cause.is_some());

    // "Do it."
    let remedy = mismatch.remedy.clone().expect("a remedy");
    let names: Vec<&str> = remedy.iter().map(Operation::name).collect();
    assert_eq!(names, ["reassign", "reassign", "capability", "restore"]);
    for step in remedy {
        let line = step.line();
        assert!(
            matches!(console.put(step), Ok(Answer::Done { .. })),
            "{line}"
        );
    }
    console.wait(60);
    let tasks = match console.say("list tasks") {
        Ok(Answer::Rows(Rows {
            rows: RowKind::Tasks(tasks),
            ..
        })) => tasks,
        other => panic!("{other:?}"),
    };
    assert_eq!(tasks.len(), 2);
    for task in &tasks {
        assert_eq!(task.state(), mesh_core::operation::task::TaskState::Done);
        let at = task.at().expect("somewhere");
        let class = console.world.agents[console.world.agent_at(at).expect("there") as usize]
            .role
            .class();
        assert_eq!(class, Class::Gpu);
    }
    // The class is excluded from now on: the two still say that they can, and are not asked.
    let again = r#"{"op":"delegate","task":"again","to":"class:local","requires":"llm_inference","timeout_s":30}"#;
    let again: serde_json::Value = serde_json::from_str(again).expect("JSON");
    let end = console.put(Operation::from_json(&again).expect("it reads"));
    assert!(
        matches!(
            &end,
            Ok(Answer::Delegated {
                state: mesh_core::operation::task::TaskState::Failed
                    | mesh_core::operation::task::TaskState::Expired,
                ..
            })
        ),
        "{end:?}"
    );
    console.throws(60, 5);
    for row in console.agents(scope) {
        assert!(!row.avoided && row.task.is_none(), "{row:?}");
        assert_eq!(row.state, State::Active);
        assert!(
            row.impedance.is_some_and(|z| z.0 < Micros::millis(500)),
            "{row:?}"
        );
    }
    let told = &console.world.truth.told;
    assert!(told.is_empty(), "{told:?}");
}
