//! The command line as it is written.

use super::{command, flags};
use mesh_core::operation::{Operation, table};

#[test]
fn the_command_line_is_whole() {
    command().debug_assert();
}

#[test]
fn every_example_of_the_table_is_a_command() {
    for row in table::rows() {
        for example in row.examples {
            let operation =
                Operation::from_line(example).unwrap_or_else(|error| panic!("{example}: {error}"));
            // As a shell would take it apart.
            let words = example.split('"').enumerate().flat_map(|(at, part)| {
                let quoted = at % 2 == 1;
                let parts: Vec<String> = if quoted {
                    vec![part.to_owned()]
                } else {
                    part.split_whitespace().map(ToOwned::to_owned).collect()
                };
                parts
            });
            let words: Vec<String> = std::iter::once("mesh".to_owned()).chain(words).collect();
            let matches = command()
                .try_get_matches_from(&words)
                .unwrap_or_else(|error| panic!("{example}: {error}"));
            let (name, inner) = matches.subcommand().expect("an operation");
            let given: Vec<String> = inner
                .get_many::<String>("words")
                .into_iter()
                .flatten()
                .cloned()
                .collect();
            let read = Operation::from_words(std::iter::once(name.to_owned()).chain(given));
            assert_eq!(read.as_ref(), Ok(&operation), "{example}");
        }
    }
}

#[test]
fn flags_are_found_among_the_words() {
    let words = |text: &str| {
        text.split_whitespace()
            .map(ToOwned::to_owned)
            .collect::<Vec<_>>()
    };
    let (found, rest) = flags(words("sector:7 --yes --json --connect lab-1")).expect("reads");
    assert!(found.yes && found.json && found.connect.as_deref() == Some("lab-1"));
    assert_eq!(rest, ["sector:7"]);
    let (found, rest) = flags(words("hello -- --json")).expect("reads");
    assert!(!found.json && rest == ["hello", "--json"]);
    assert!(flags(words("--json --csv")).is_err());
    assert!(flags(words("--connect")).is_err());
}
