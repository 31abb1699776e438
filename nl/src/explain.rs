//! What a word or an operation means: from the operation table where it is an operation, else from the glossary.

use crate::glossary;
use mesh_core::operation::table::{self, Acts, Asks, Row};

/// What `topic` means, in a few sentences; `None` when it is no word of the mesh.
pub fn explain(topic: &str) -> Option<String> {
    let name = topic.trim().to_lowercase();
    if let Some(row) = table::row(&name.replace([' ', '-'], "_")) {
        return Some(operation(row));
    }
    glossary::entry(&name).map(|term| format!("{}: {}", term.name, term.text))
}

fn operation(row: &Row) -> String {
    let acts = match row.acts {
        Acts::Looks => "It only looks.",
        Acts::Console => "It changes the console, not the mesh.",
        Acts::Undoable => "It changes the mesh and can be taken back.",
        Acts::Changes | Acts::UnlessAction(_) => "It changes the mesh.",
        Acts::AsHeld => "What it does to the mesh is what the operation in it does.",
    };
    let asks = match row.asks {
        Asks::Never => "",
        Asks::Always => " It is done after a yes.",
        Asks::WhenAll => " For the whole mesh it needs a yes.",
        Asks::WhenWide => " For more than single agents and clusters it needs a yes.",
        Asks::WhenMany => " For more than one agent it needs a yes.",
        Asks::ForAction(_) | Asks::ForActionWhenWide(_) => " Some of its actions need a yes.",
        Asks::AsHeld => " It needs a yes where that operation does.",
    };
    let back = row
        .inverse
        .map_or_else(String::new, |inverse| format!(" {inverse} takes it back."));
    let example = row
        .examples
        .first()
        .map_or_else(String::new, |example| format!(" For example: {example}"));
    format!(
        "{}: {}. {acts}{asks}{back} Written: {}.{example}",
        row.name,
        row.help,
        row.usage()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_and_every_term_is_explained() {
        for row in table::rows() {
            let said = explain(row.name).expect(row.name);
            assert!(said.contains(row.help), "{said}");
        }
        for term in glossary::TERMS {
            for name in core::iter::once(&term.name).chain(term.also) {
                assert!(explain(name).is_some(), "{name}");
            }
        }
        assert_eq!(explain("zebra"), None);
    }
}
