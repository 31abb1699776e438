//! Lines that nobody meant: random words, and good sentences damaged. Nothing panics, nothing takes long, and nothing that
//! wants a yes comes out without asking for one.

use mesh_core::chance::Chance;
use mesh_core::operation::Operation;
use std::fs;
use std::path::Path;

/// Lines when nothing else is asked for: a few seconds of work.
const LINES: u64 = 20_000;
/// How many places of a sentence are changed at most.
const CHANGES_MAX: u64 = 6;

fn sentences() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let files = fs::read_dir(folder).expect("the corpus can be listed");
    let mut paths: Vec<_> = files.filter_map(|file| Some(file.ok()?.path())).collect();
    paths.sort();
    paths
        .iter()
        .flat_map(|path| {
            fs::read_to_string(path)
                .expect("a corpus can be read")
                .lines()
                .map(ToOwned::to_owned)
                .collect::<Vec<_>>()
        })
        .filter_map(|line| {
            Some(
                serde_json::from_str::<serde_json::Value>(&line).ok()?["say"]
                    .as_str()?
                    .to_owned(),
            )
        })
        .collect()
}

/// A sentence with words swapped, dropped, doubled, taken from another, or with characters changed.
fn mutated(sentences: &[String], chance: &mut Chance) -> String {
    let pick = |chance: &mut Chance| &sentences[chance.below(sentences.len() as u64) as usize];
    let mut words: Vec<String> = pick(chance).split(' ').map(ToOwned::to_owned).collect();
    for _ in 0..=chance.below(CHANGES_MAX) {
        if words.is_empty() {
            break;
        }
        let at = chance.below(words.len() as u64) as usize;
        match chance.below(7) {
            0 => drop(words.remove(at)),
            1 => words.insert(at, words[at].clone()),
            2 => words.swap(at, 0),
            3 | 4 => {
                let other: Vec<&str> = pick(chance).split(' ').collect();
                words.insert(
                    at,
                    other[chance.below(other.len() as u64) as usize].to_owned(),
                );
            }
            5 => {
                let letter = char::from_u32(32 + chance.below(0x250) as u32).unwrap_or(' ');
                let mut letters: Vec<char> = words[at].chars().collect();
                let place = chance.below(letters.len() as u64 + 1) as usize;
                letters.insert(place, letter);
                words[at] = letters.into_iter().collect();
            }
            _ => words.extend(pick(chance).split(' ').map(ToOwned::to_owned)),
        }
    }
    words.join(" ")
}

#[test]
fn no_line_panics_or_slips_past_the_question() {
    let lines = std::env::var("NL_LINES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(LINES);
    let sentences = sentences();
    let mut chance = Chance::new(30_000);
    let mut context = nl::Context::default();
    for line in 0..lines {
        if chance.below(5) == 0 {
            nl::turn("", &mut context);
        }
        let text = if chance.below(10) == 0 {
            let bytes: Vec<u8> = (0..chance.below(200))
                .map(|_| chance.bits() as u8)
                .collect();
            String::from_utf8_lossy(&bytes).into_owned()
        } else {
            mutated(&sentences, &mut chance)
        };
        let reading = nl::turn(&text, &mut context);
        let due = reading
            .operations
            .iter()
            .any(|operation| operation.confirm_needed().is_needed());
        assert!(
            !due || reading.confirm,
            "line {line}: {text:?} came out as {reading:?}"
        );
        for operation in &reading.operations {
            let again = Operation::from_json(&operation.to_json());
            assert_eq!(again.as_ref(), Ok(operation), "line {line}: {text:?}");
        }
    }
}
