//! The rest of a word on a command line or in a filter, from the operation table.

use mesh_core::operation::table::{self, Kind};
use mesh_core::place::Class;

/// Keys of filters, as scopes know them.
const FILTER_KEYS: [&str; 12] = [
    "sector=",
    "cluster=",
    "class=",
    "state=",
    "impedance>",
    "queue>",
    "reliability<",
    "drift>",
    "capability=",
    "context=",
    "beat>",
    "task=",
];

/// The line with its last word completed as far as there is only one way; none when there is nothing to add.
pub(crate) fn complete(line: &str, filter: bool) -> Option<String> {
    let (before, word) = line
        .rsplit_once(' ')
        .map_or(("", line), |(before, word)| (before, word));
    let options = if filter {
        filter_options(word)
    } else {
        options(before.trim(), word)
    };
    let mut options: Vec<String> = options
        .into_iter()
        .filter(|option| option.starts_with(word))
        .collect();
    options.sort();
    options.dedup();
    let mut fitting = options.into_iter();
    let first = fitting.next()?;
    let mut only = true;
    let common = fitting.fold(first, |common, option| {
        only = false;
        let same = common
            .chars()
            .zip(option.chars())
            .take_while(|(a, b)| a == b)
            .count();
        common.chars().take(same).collect()
    });
    let open = common.ends_with(['=', ':', '>', '<', ',']);
    let tail = if only && !open { " " } else { "" };
    let gap = if before.is_empty() && !line.contains(' ') {
        ""
    } else {
        " "
    };
    let longer = format!("{before}{gap}{common}{tail}");
    (longer != line).then_some(longer)
}

fn filter_options(word: &str) -> Vec<String> {
    let word = word.trim_start_matches('!');
    let negated = |option: String| option;
    match word.split_once('=') {
        Some(("class", _)) => Class::ALL
            .iter()
            .map(|class| format!("class={}", class.word()))
            .map(negated)
            .collect(),
        Some(("state", _)) => mesh_core::place::scope::Mark::ALL
            .iter()
            .map(|mark| format!("state={}", mark.word()))
            .collect(),
        _ => FILTER_KEYS.iter().map(|key| (*key).to_owned()).collect(),
    }
}

fn options(before: &str, word: &str) -> Vec<String> {
    let Some(name) = before.split_whitespace().next() else {
        return table::rows().map(|row| row.name.to_owned()).collect();
    };
    let Some(row) = table::row(&name.replace('-', "_")) else {
        return Vec::new();
    };
    let last = before.split_whitespace().next_back().unwrap_or_default();
    let keyed = row.args.iter().find(|arg| arg.key == Some(last));
    // What stands by its position comes in its order; a word after a key belongs to the key.
    let is_key = |word: &str| row.args.iter().any(|arg| arg.key == Some(word));
    let given: Vec<&str> = before.split_whitespace().skip(1).collect();
    let placed = given
        .iter()
        .enumerate()
        .filter(|(at, word)| !is_key(word) && (*at == 0 || !is_key(given[at - 1])))
        .count();
    let next = row.args.iter().filter(|arg| arg.key.is_none()).nth(placed);
    let wanted: Vec<_> = keyed.or(next).into_iter().collect();
    let mut options: Vec<String> = wanted
        .iter()
        .flat_map(|arg| values(arg.kind, word))
        .collect();
    if keyed.is_none() {
        options.extend(
            row.args
                .iter()
                .filter_map(|arg| arg.key)
                .map(ToOwned::to_owned),
        );
    }
    options
}

fn values(kind: Kind, word: &str) -> Vec<String> {
    match kind {
        Kind::Word(words) => words.iter().map(|word| (*word).to_owned()).collect(),
        Kind::Scope | Kind::ScopeOrAuto if word.starts_with("class:") => Class::ALL
            .iter()
            .map(|class| format!("class:{}", class.word()))
            .collect(),
        Kind::Scope | Kind::ScopeOrAuto => ["all", "sector:", "cluster:", "agent:", "class:"]
            .map(ToOwned::to_owned)
            .to_vec(),
        Kind::Flag => vec!["yes".into(), "no".into()],
        Kind::Operation(_) => table::rows().map(|row| row.name.to_owned()).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_completed_as_far_as_there_is_one_way() {
        for (line, filter, longer) in [
            ("fre", false, Some("freeze ")),
            ("freeze sec", false, Some("freeze sector:")),
            ("list ag", false, Some("list agents ")),
            (
                "list agents sort imp",
                false,
                Some("list agents sort impedance "),
            ),
            (
                "cascade sync class:g",
                false,
                Some("cascade sync class:gpu "),
            ),
            ("xyz", false, None),
            ("imp", true, Some("impedance>")),
            (
                "impedance>500 class=l",
                true,
                Some("impedance>500 class=local "),
            ),
        ] {
            assert_eq!(complete(line, filter).as_deref(), longer, "{line}");
        }
    }
}
