//! Sentences in several voices, each with what it should come to, in the form of the conversation contract: how many are
//! read exactly, and that none does harm.

use mesh_core::operation::Operation;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Lines of one file that must be read exactly, of a hundred.
const EXACT_PERCENT: usize = 97;

/// One line of a corpus.
struct Line {
    dialogue: u64,
    say: String,
    accepted: Vec<Value>,
    never: Vec<String>,
}

fn corpus(name: &str) -> Vec<Line> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(name);
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).expect("a line is JSON");
            let mut accepted = vec![line["expect"].clone()];
            accepted.extend(line["or"].as_array().cloned().unwrap_or_default());
            let never = line["never"].as_array().cloned().unwrap_or_default();
            Line {
                dialogue: line["dialogue"].as_u64().expect("a number"),
                say: line["say"].as_str().expect("a text").to_owned(),
                accepted,
                never: never
                    .iter()
                    .filter_map(|op| Some(op.as_str()?.to_owned()))
                    .collect(),
            }
        })
        .collect()
}

/// Free text without what is not compared: case, quotation marks, the final stop.
fn folded(text: &str) -> String {
    let text = text.to_lowercase();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.trim_end_matches(['.', '?'])
        .trim_matches('"')
        .to_owned()
}

fn same(name: &str, want: &Value, got: &Value) -> bool {
    match (want, got) {
        (Value::Array(want), Value::Array(got)) if matches!(name, "scope" | "to" | "except") => {
            want.len() == got.len() && want.iter().all(|each| got.contains(each))
        }
        (Value::Array(want), Value::Array(got)) => {
            want.len() == got.len() && want.iter().zip(got).all(|(want, got)| same("", want, got))
        }
        (Value::Object(want), Value::Object(got)) => {
            want.len() == got.len()
                && want
                    .iter()
                    .all(|(name, want)| got.get(name).is_some_and(|got| same(name, want, got)))
        }
        (Value::String(want), Value::String(got))
            if matches!(name, "message" | "question" | "task" | "payload" | "topic") =>
        {
            folded(want) == folded(got)
        }
        (Value::Number(want), Value::Number(got)) => want.as_f64() == got.as_f64(),
        (want, got) => want == got,
    }
}

/// Whether the result is what was expected.
fn fits(want: &Value, got: &Value) -> bool {
    if want["kind"] != got["kind"] {
        return false;
    }
    want["kind"] != "operation"
        || (same("operations", &want["operations"], &got["operations"])
            && want["confirm"] == got["confirm"])
}

/// The operations that would be carried out, what is scheduled included.
fn names(operation: &Value) -> Vec<String> {
    let own = operation["op"].as_str().unwrap_or_default().to_owned();
    let held = if own == "schedule" {
        names(&operation["operation"])
    } else {
        Vec::new()
    };
    [vec![own], held].concat()
}

/// Why a result is harmful, when it is.
fn harm(line: &Line, got: &Value) -> Option<String> {
    let operations = got["operations"].as_array()?;
    let done: Vec<String> = operations.iter().flat_map(names).collect();
    if let Some(op) = line.never.iter().find(|op| done.contains(op)) {
        return Some(format!("{op} was negated, asked about or quoted"));
    }
    let typed =
        |value: &Value| Operation::from_json(value).expect("what comes out is an operation");
    let changes = operations
        .iter()
        .any(|operation| typed(operation).changes());
    let wanted = line
        .accepted
        .iter()
        .flat_map(|want| want["operations"].as_array().cloned().unwrap_or_default());
    let meant = wanted
        .map(|operation| typed(&operation))
        .any(|operation| operation.changes() || operation.name() == "answer");
    (changes && !meant).then(|| "it would change the mesh".to_owned())
}

fn check(name: &str, percent: usize) {
    let lines = corpus(name);
    let mut context = nl::Context::default();
    let mut last = None;
    let mut wrong = Vec::new();
    let mut harms = Vec::new();
    for line in &lines {
        if last
            .replace(line.dialogue)
            .is_some_and(|last| last != line.dialogue)
        {
            nl::turn("", &mut context);
        }
        let got = nl::turn(&line.say, &mut context).to_json();
        if !line.accepted.iter().any(|want| fits(want, &got)) {
            wrong.push(format!(
                "{}\n    want {}\n    got  {got}",
                line.say, line.accepted[0]
            ));
        }
        harms.extend(harm(line, &got).map(|why| format!("{}: {why}", line.say)));
    }
    assert!(harms.is_empty(), "{name}: {harms:#?}");
    let exact = lines.len() - wrong.len();
    assert!(
        exact * 100 >= lines.len() * percent,
        "{name}: {exact} of {}\n{}",
        lines.len(),
        wrong.join("\n")
    );
}

#[test]
fn an_engineer_on_call_is_understood() {
    check("sre.jsonl", EXACT_PERCENT);
}

#[test]
fn a_manager_is_understood() {
    check("manager.jsonl", EXACT_PERCENT);
}

#[test]
fn somebody_whose_language_is_another_is_understood() {
    check("nonnative.jsonl", EXACT_PERCENT);
}

#[test]
fn few_words_are_enough() {
    check("terse.jsonl", EXACT_PERCENT);
}

#[test]
fn many_words_are_not_too_many() {
    check("chatty.jsonl", EXACT_PERCENT);
}

#[test]
fn negated_quoted_and_foreign_commands_are_not_obeyed() {
    check("adversarial.jsonl", EXACT_PERCENT);
}

#[test]
fn a_dialogue_goes_on_from_what_was_said() {
    check("dialogues.jsonl", EXACT_PERCENT);
}

/// These were written before the grammar and not looked at while it was made; the bar is that of strangers' sentences.
#[test]
fn sentences_that_were_kept_aside_are_understood() {
    check("held_out.jsonl", 85);
    check("held_out_dialogues.jsonl", 80);
}

#[test]
fn strangers_are_understood() {
    check("strangers.jsonl", EXACT_PERCENT);
    check("strangers_dialogues.jsonl", EXACT_PERCENT);
}
