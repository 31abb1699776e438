use super::*;
use crate::operation::{Confirm, Operation};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// The contract's table, typed again: name, needed, choices, optional.
type ContractRow = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
);

const CONTRACT: &[ContractRow] = &[
    ("status", &[], &[], &[]),
    ("inspect", &["scope"], &[], &[]),
    (
        "list",
        &["what"],
        &[],
        &["scope", "state", "span_s", "sort", "order", "limit"],
    ),
    ("count", &["what"], &[], &["scope", "state", "span_s"]),
    ("diagnose", &["scope"], &[], &[]),
    ("trend", &["metric"], &[], &["scope", "span_s"]),
    ("health", &[], &[], &[]),
    ("kpis", &[], &[], &["span_s"]),
    ("avoid", &["scope"], &[], &["for_s"]),
    ("restore", &["scope"], &[], &[]),
    (
        "broadcast",
        &["message"],
        &[],
        &["scope", "priority", "require_ack"],
    ),
    ("ask", &["question"], &[], &["sample", "scope"]),
    ("delegate", &["task"], &[], &["to", "timeout_s"]),
    ("reassign", &[], &["scope", "task_id"], &["to"]),
    ("cancel", &[], &["task_id", "scope"], &[]),
    (
        "cascade",
        &["verb"],
        &[],
        &["payload", "strategy", "scope", "window_ms", "at", "in_s"],
    ),
    ("freeze", &["scope"], &[], &[]),
    ("thaw", &["scope"], &[], &[]),
    ("heal", &["scope"], &[], &[]),
    ("quarantine", &["scope"], &[], &[]),
    ("release", &["scope"], &[], &[]),
    ("resolve", &["conflict_id"], &[], &["how"]),
    ("trip", &["scope"], &[], &[]),
    ("reset", &["scope"], &[], &[]),
    ("capability", &["action", "scope", "capability"], &[], &[]),
    ("promote", &["scope"], &[], &["to"]),
    ("scale", &[], &["add", "remove"], &["class", "scope"]),
    ("review", &["action", "review_id"], &[], &[]),
    ("watch", &["scope", "condition"], &[], &[]),
    ("schedule", &["operation"], &["at", "in_s"], &[]),
    ("what_if", &["operation"], &[], &[]),
    ("explain", &["topic"], &[], &[]),
    ("undo", &[], &[], &[]),
    ("answer", &["yes"], &[], &["only"]),
    ("help", &[], &[], &["topic"]),
    ("theme", &["name"], &[], &[]),
    ("quit", &[], &[], &[]),
];

/// Words that the contract names for an argument.
const CONTRACT_WORDS: &[(&str, &str, &[&str])] = &[
    (
        "list",
        "what",
        &[
            "agents",
            "clusters",
            "sectors",
            "conflicts",
            "breakers",
            "tasks",
            "reviews",
            "events",
            "operations",
        ],
    ),
    ("list", "state", &["open", "closed"]),
    (
        "list",
        "sort",
        &[
            "impedance",
            "queue",
            "reliability",
            "drift",
            "conflicts",
            "agents",
        ],
    ),
    ("list", "order", &["asc", "desc"]),
    (
        "trend",
        "metric",
        &[
            "impedance",
            "active",
            "conflicts",
            "latency",
            "queue",
            "arrival",
        ],
    ),
    (
        "cascade",
        "verb",
        &["observe", "orient", "decide", "act", "record", "sync"],
    ),
    (
        "cascade",
        "strategy",
        &["wave", "parallel", "priority_first"],
    ),
    (
        "resolve",
        "how",
        &["keep_expected", "keep_received", "branch", "dismiss"],
    ),
    ("capability", "action", &["grant", "revoke"]),
    ("promote", "to", &["lead", "coordinator"]),
    (
        "scale",
        "class",
        &["edge", "serverless", "persistent", "gpu", "local", "human"],
    ),
    ("review", "action", &["approve", "reject", "show"]),
];

#[test]
fn every_operation_and_argument_of_the_contract_is_in_the_table() {
    for (name, needed, choice, optional) in CONTRACT {
        let row = row(name).unwrap_or_else(|| panic!("no row {name}"));
        for arg in *needed {
            assert!(row.arg(arg).is_some_and(|arg| arg.needed), "{name}.{arg}");
        }
        for arg in choice.iter().chain(*optional) {
            assert!(row.arg(arg).is_some_and(|arg| !arg.needed), "{name}.{arg}");
        }
        if !choice.is_empty() {
            let held = row
                .choices
                .iter()
                .any(|c| c.needed && choice.iter().all(|arg| c.names.contains(arg)));
            assert!(held, "{name}: {choice:?}");
        }
        let needed_here = row.args.iter().filter(|arg| arg.needed).count();
        assert_eq!(
            needed_here,
            needed.len(),
            "{name} needs more than the contract says"
        );
    }
    for (name, arg, words) in CONTRACT_WORDS {
        let Some(Kind::Word(known)) = row(name).and_then(|row| row.arg(arg)).map(|arg| arg.kind)
        else {
            panic!("{name}.{arg} is no word");
        };
        assert!(
            words.iter().all(|word| known.contains(word)),
            "{name}.{arg}"
        );
    }
}

#[test]
fn whatever_takes_a_scope_takes_what_is_left_out_of_it() {
    for row in rows().filter(|row| row.arg("scope").is_some()) {
        assert!(row.arg("except").is_some(), "{}", row.name);
    }
}

#[test]
fn rows_are_named_once_explained_and_shown_by_examples() {
    let mut names: Vec<_> = rows().map(|row| row.name).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    for row in rows() {
        assert!(
            !row.help.is_empty() && !row.examples.is_empty(),
            "{}",
            row.name
        );
        assert!(
            row.inverse
                .is_none_or(|inverse| super::row(inverse).is_some()),
            "{}",
            row.name
        );
        for example in row.examples {
            let operation =
                Operation::from_line(example).unwrap_or_else(|error| panic!("{example}: {error}"));
            assert_eq!(operation.name(), row.name);
            assert_eq!(operation.line(), *example);
        }
        for arg in row.args {
            assert!(
                arg.needed || !arg.default.is_empty(),
                "{}.{} says no default",
                row.name,
                arg.name
            );
        }
    }
}

/// Third column of the contract.
#[test]
fn what_asks_for_a_yes_is_what_the_contract_says() {
    let confirm = |text: &str| {
        Operation::from_json_text(text)
            .unwrap_or_else(|error| panic!("{text}: {error}"))
            .confirm_needed()
            .is_needed()
    };
    for (json, expected) in [
        (r#"{"op":"status"}"#, false),
        (r#"{"op":"avoid","scope":"sector:7"}"#, false),
        (r#"{"op":"broadcast","message":"m"}"#, true),
        (r#"{"op":"broadcast","message":"m","scope":"all"}"#, true),
        (
            r#"{"op":"broadcast","message":"m","scope":"sector:7"}"#,
            false,
        ),
        (r#"{"op":"ask","question":"q"}"#, false),
        (r#"{"op":"cancel","task_id":"01J"}"#, true),
        (r#"{"op":"cascade","verb":"sync"}"#, true),
        (
            r#"{"op":"cascade","verb":"sync","scope":"class:gpu"}"#,
            false,
        ),
        (r#"{"op":"freeze","scope":"agent:7-4-12"}"#, true),
        (r#"{"op":"thaw","scope":"sector:3"}"#, true),
        (r#"{"op":"heal","scope":"cluster:7-4"}"#, false),
        (
            r#"{"op":"heal","scope":["agent:7-4-1","cluster:7-5"]}"#,
            false,
        ),
        (r#"{"op":"heal","scope":"sector:12"}"#, true),
        (r#"{"op":"heal","scope":"auto"}"#, true),
        (r#"{"op":"quarantine","scope":"agent:7-4-12"}"#, false),
        (
            r#"{"op":"quarantine","scope":["agent:7-4-12","agent:7-4-13"]}"#,
            true,
        ),
        (r#"{"op":"quarantine","scope":"cluster:7-4"}"#, true),
        (r#"{"op":"release","scope":"all"}"#, false),
        (r#"{"op":"resolve","conflict_id":"latest"}"#, false),
        (r#"{"op":"trip","scope":"cluster:7-4"}"#, true),
        (r#"{"op":"reset","scope":"all"}"#, false),
        (
            r#"{"op":"capability","action":"revoke","scope":"class:local","capability":"llm_inference"}"#,
            true,
        ),
        (
            r#"{"op":"capability","action":"revoke","scope":"agent:7-4-12","capability":"llm_inference"}"#,
            false,
        ),
        (r#"{"op":"promote","scope":"agent:7-4-3"}"#, true),
        (r#"{"op":"scale","add":1000}"#, true),
        (
            r#"{"op":"review","action":"approve","review_id":"next"}"#,
            false,
        ),
        (
            r#"{"op":"schedule","in_s":300,"operation":{"op":"freeze","scope":"sector:3"}}"#,
            true,
        ),
        (
            r#"{"op":"schedule","in_s":300,"operation":{"op":"health"}}"#,
            false,
        ),
        (
            r#"{"op":"what_if","operation":{"op":"freeze","scope":"sector:7"}}"#,
            false,
        ),
        (r#"{"op":"undo"}"#, false),
    ] {
        assert_eq!(confirm(json), expected, "{json}");
    }
    let freeze_all = Operation::from_line("freeze all")
        .expect("reads")
        .confirm_needed();
    assert_eq!(freeze_all, Confirm::TypedPhrase("freeze all".into()));
}

#[test]
fn what_changes_the_mesh_is_what_the_contract_says() {
    for (line, expected) in [
        ("status", false),
        ("ask \"q\"", false),
        ("watch sector:7 until active", false),
        ("what_if freeze all", false),
        ("review show next", false),
        ("review approve next", true),
        ("schedule in 5m freeze sector:3", true),
        ("schedule in 5m health", false),
        ("context show", false),
        ("context reload cluster:7-4", true),
        ("avoid cluster:7-4", true),
        ("undo", true),
    ] {
        assert_eq!(
            Operation::from_line(line).expect(line).changes(),
            expected,
            "{line}"
        );
    }
}

#[test]
fn every_action_is_known_to_the_rules_that_ask_about_it() {
    for row in rows().filter(|row| row.arg("action").is_some()) {
        let known = match row.acts {
            Acts::UnlessAction(looks) => looks,
            Acts::Looks | Acts::Console | Acts::Undoable | Acts::Changes | Acts::AsHeld => continue,
        };
        let mut seen = [false; 2];
        for example in row.examples {
            let operation = Operation::from_line(example).expect(example);
            let json = operation.to_json();
            let looks = known.contains(&json["action"].as_str().unwrap_or_default());
            assert_eq!(operation.changes(), !looks, "{example}");
            seen[usize::from(looks)] = true;
        }
        assert_eq!(seen, [true; 2], "{} shows no example of each", row.name);
    }
}

#[test]
fn an_error_names_the_field_the_value_and_what_would_be_right() {
    for (json, parts) in [
        (
            r#"{"op":"frezze","scope":"all"}"#,
            &["frezze", "freeze?"] as &[_],
        ),
        (
            r#"{"op":"freeze","scop":"all"}"#,
            &["freeze", "scop", "scope?"],
        ),
        (
            r#"{"op":"freeze"}"#,
            &["freeze needs scope", "freeze sector:7"],
        ),
        (
            r#"{"op":"freeze","scope":"sektor:7"}"#,
            &["freeze.scope", "sektor:7", "did you mean sector?"],
        ),
        (
            r#"{"op":"freeze","scope":"auto"}"#,
            &["freeze.scope", "only heal"],
        ),
        (
            r#"{"op":"avoid","scope":"all","for_s":-1}"#,
            &["avoid.for_s", "-1", "more than 0"],
        ),
        (r#"{"op":"list","what":"agent"}"#, &["list.what", "agents?"]),
        (
            r#"{"op":"status","scope":"all"}"#,
            &["status", "takes none"],
        ),
        (
            r#"{"op":"cancel","scope":"all","task_id":"x"}"#,
            &["only one of scope, task_id"],
        ),
        (r#"{"op":"scale"}"#, &["add or remove"]),
        (
            r#"{"op":"schedule","in_s":3,"operation":{"op":"answer","yes":true}}"#,
            &["schedule.operation", "other than answer"],
        ),
        (
            r#"{"op":"plan","operation":{"op":"freeze","scope":"all"}}"#,
            &["plan.operation", "cascade"],
        ),
        (
            r#"{"op":"avoid","scope":"all","for_s":null}"#,
            &["avoid.for_s", "null"],
        ),
        ("[]", &["object"]),
        ("{", &["JSON"]),
    ] {
        let error = Operation::from_json_text(json).expect_err(json).to_string();
        assert!(
            parts.iter().all(|part| error.contains(part)),
            "{json}: {error}"
        );
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn operations_hold_one_another_only_so_deep() {
    let deep = (0..20).fold(
        json!({"op": "status"}),
        |inner, _| json!({"op": "what_if", "operation": inner}),
    );
    assert!(Operation::from_json(&deep).is_err());
}

#[test]
fn an_inverse_taken_back_is_the_operation_again() {
    for line in [
        "freeze sector:7",
        "trip sector:9",
        "quarantine agent:7-4-12",
        "scale add 10 class gpu",
        "avoid all",
        "capability revoke llm_inference class:local",
        "restore cluster:7-4 but agent:7-4-1",
    ] {
        let operation = Operation::from_line(line).expect(line);
        let back = operation.inverse().expect(line);
        assert_ne!(back, operation);
        assert_eq!(back.inverse(), Some(operation));
    }
}

fn text() -> BoxedStrategy<Value> {
    "[a-z\"'\\\\ äé]{0,20}x".prop_map(Value::from).boxed()
}

fn scope(auto: bool) -> BoxedStrategy<Value> {
    let one = prop_oneof![
        Just("all".to_owned()),
        (1u16..=100).prop_map(|s| format!("sector:{s}")),
        (1u16..=100, 1u8..=10).prop_map(|(s, c)| format!("cluster:{s}-{c}")),
        (1u16..=100, 1u8..=10, 1u8..=30).prop_map(|(s, c, a)| format!("agent:{s}-{c}-{a}")),
        Just("class:gpu".to_owned()),
        Just("where:class=local state=degraded|offline impedance>500".to_owned()),
    ];
    let several = proptest::collection::btree_set(one.clone(), 2..4)
        .prop_map(|set| set.into_iter().map(Value::from).collect::<Value>());
    let auto = if auto {
        Just(Value::from("auto")).boxed()
    } else {
        Just(Value::from("all")).boxed()
    };
    prop_oneof![4 => one.prop_map(Value::from), 1 => several, 1 => auto].boxed()
}

fn value_of(kind: Kind, depth: u32) -> BoxedStrategy<Value> {
    let id = "[A-Za-z0-9_-]{1,26}".prop_map(Value::from);
    match kind {
        Kind::Scope => scope(false),
        Kind::ScopeOrAuto => scope(true),
        Kind::Word(words) => proptest::sample::select(words)
            .prop_map(Value::from)
            .boxed(),
        Kind::Text => text(),
        Kind::Texts => proptest::collection::vec(text(), 1..4)
            .prop_map(Value::from)
            .boxed(),
        Kind::Id => id.boxed(),
        Kind::Capability => "[a-z][a-z0-9_]{0,12}".prop_map(Value::from).boxed(),
        Kind::Whole(low, high) => (low..=high.min(5_000)).prop_map(Value::from).boxed(),
        Kind::Flag => any::<bool>().prop_map(Value::from).boxed(),
        Kind::Seconds | Kind::Millis => prop_oneof![
            (1i64..100_000).prop_map(Value::from),
            (1i64..1000).prop_map(|n| json!(n as f64 + 0.5))
        ]
        .boxed(),
        Kind::At => prop_oneof![Just("06:05"), Just("2031-03-01T06:00:00Z")]
            .prop_map(Value::from)
            .boxed(),
        Kind::Condition => prop_oneof![Just("healthy"), Just("impedance<300")]
            .prop_map(Value::from)
            .boxed(),
        Kind::Positions => proptest::collection::vec(1u8..=64, 1..4)
            .prop_map(Value::from)
            .boxed(),
        Kind::Operation(holds) => {
            let names: Vec<_> = rows()
                .filter(|row| {
                    holds.takes(row.name)
                        && (depth < 2
                            || row
                                .args
                                .iter()
                                .all(|arg| !matches!(arg.kind, Kind::Operation(_))))
                })
                .collect();
            proptest::sample::select(names)
                .prop_flat_map(move |row| object_of(row, depth + 1))
                .boxed()
        }
    }
}

/// Any operation that the row allows.
fn object_of(row: &'static Row, depth: u32) -> BoxedStrategy<Value> {
    let args: Vec<_> = row
        .args
        .iter()
        .map(|arg| (Just(arg), value_of(arg.kind, depth), any::<bool>()))
        .collect();
    (args, any::<usize>())
        .prop_map(|(args, pick)| {
            let mut object = Map::from_iter([("op".to_owned(), Value::from(row.name))]);
            for (arg, value, given) in args {
                let choice = row
                    .choices
                    .iter()
                    .find(|choice| choice.names.contains(&arg.name));
                let take = match choice {
                    Some(choice) => {
                        choice.names[pick % choice.names.len()] == arg.name
                            && (choice.needed || given)
                    }
                    None => arg.needed || given,
                };
                if take {
                    object.insert(arg.name.into(), value);
                }
            }
            Value::Object(object)
        })
        .boxed()
}

fn any_operation() -> BoxedStrategy<Value> {
    proptest::sample::select(rows().collect::<Vec<_>>())
        .prop_flat_map(|row| object_of(row, 0))
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    /// Table and types agree in both directions, and so do the command lines.
    #[test]
    fn every_operation_of_the_table_comes_back_as_json_and_as_a_line(json in any_operation()) {
        let operation = Operation::from_json(&json).map_err(|error| TestCaseError::fail(format!("{json}: {error}")))?;
        prop_assert_eq!(operation.to_json(), json);
        let text = serde_json::to_string(&operation).expect("writes");
        prop_assert_eq!(&serde_json::from_str::<Operation>(&text).expect("reads"), &operation);
        let packed = rmp_serde::to_vec_named(&operation).expect("packs");
        prop_assert_eq!(&rmp_serde::from_slice::<Operation>(&packed).expect("unpacks"), &operation);
        let line = operation.line();
        let back = Operation::from_line(&line).map_err(|error| TestCaseError::fail(format!("{line}: {error}")))?;
        prop_assert_eq!(&back, &operation, "{}", line);
        let _ = (operation.confirm_needed(), operation.changes(), operation.inverse(), operation.traits());
    }

    #[test]
    fn nothing_that_is_read_panics(text in "\\PC{0,60}", line in "[a-z_:7,\"' -]{0,60}") {
        let _ = Operation::from_json_text(&text);
        let _ = Operation::from_line(&line);
        let _ = Operation::from_line(&text);
    }

    #[test]
    fn a_damaged_operation_is_read_or_refused_in_one_line(json in any_operation(), at in any::<usize>(), by in any::<char>()) {
        let mut text: Vec<char> = json.to_string().chars().collect();
        let at = at % text.len();
        text[at] = by;
        if let Err(error) = Operation::from_json_text(&text.into_iter().collect::<String>()) {
            prop_assert!(!error.to_string().contains('\n'), "{}", error);
        }
    }

    /// Whatever asks for a yes changes the mesh, so no look ever asks.
    #[test]
    fn only_what_changes_asks_for_a_yes(json in any_operation()) {
        let operation = Operation::from_json(&json).expect("of the table");
        prop_assert!(!operation.confirm_needed().is_needed() || operation.changes(), "{}", operation.line());
    }
}
