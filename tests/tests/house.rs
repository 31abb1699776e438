//! The rules of the house that no compiler checks, as facts about the files themselves.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The most lines that a source file may have, its tests apart: past about 400 it is two ideas, past this it is unread.
const LINES_MAX: usize = 900;

/// What would bring a clock, a network, a terminal, threads or the system's randomness into the protocol.
const NOT_IN_CORE: [&str; 14] = [
    "async-nats",
    "async-std",
    "axum",
    "clap",
    "crossterm",
    "getrandom",
    "mio",
    "rand",
    "ratatui",
    "rayon",
    "reqwest",
    "rustls",
    "sqlx",
    "tokio",
];

#[test]
fn every_source_file_says_first_what_it_is_for() {
    let silent: Vec<String> = sources("")
        // The tests of one module have its name and their own, which is all that there is to say.
        .filter(|(path, _)| !path.ends_with("/tests.rs"))
        .filter(|(_, text)| !text.starts_with("//! "))
        .map(|(path, _)| path)
        .collect();
    assert!(silent.is_empty(), "no `//!` on the first line: {silent:?}");
}

#[test]
fn no_source_file_outgrows_nine_hundred_lines() {
    let grown: Vec<(String, usize)> = sources("")
        .filter(|(path, _)| !is_test_file(path))
        .map(|(path, text)| (path, lines_before_tests(&text)))
        .filter(|(_, lines)| *lines > LINES_MAX)
        .collect();
    assert!(
        grown.is_empty(),
        "longer than {LINES_MAX} lines, so more than one idea: {grown:?}"
    );
}

#[test]
fn lines_are_counted_up_to_the_tests() {
    assert_eq!(lines_before_tests("//! A.\nfn a() {}\n"), 2);
    let with_tests = "//! A.\nfn a() {}\n#[cfg(test)]\nmod tests {\n    use super::*;\n}\n";
    assert_eq!(lines_before_tests(with_tests), 2);
    let with_a_helper = "//! A.\n#[cfg(test)]\nfn only_for_tests() {}\nfn a() {}\n";
    assert_eq!(lines_before_tests(with_a_helper), 4);
    assert!(is_test_file("mesh-core/src/time/tests.rs") && is_test_file("tests/tests/house.rs"));
    assert!(!is_test_file("mesh-core/src/time/micros.rs"));
}

#[test]
fn the_protocol_stands_on_nothing_that_touches_the_world() {
    let below = dependencies("mesh-core");
    assert!(
        below.iter().any(|name| name == "ed25519-dalek"),
        "the list was read: {below:?}"
    );
    let foreign: Vec<&str> = NOT_IN_CORE
        .into_iter()
        .filter(|name| below.iter().any(|b| b == name))
        .collect();
    assert!(foreign.is_empty(), "mesh-core depends on {foreign:?}");
}

#[test]
fn each_floor_knows_nothing_of_those_above() {
    let floors = ["mesh-core", "mesh-node", "nl", "tui"];
    for (height, floor) in floors.iter().enumerate() {
        let below = dependencies(floor);
        for above in &floors[height + 1..] {
            assert!(
                !below.iter().any(|b| b == above),
                "{floor} depends on {above}, which stands above it"
            );
        }
    }
}

#[test]
fn the_protocol_has_no_unsafe_code() {
    let unsafe_lines: Vec<String> = sources("mesh-core")
        .flat_map(|(path, text)| {
            text.lines()
                .enumerate()
                .filter(|(_, line)| has_unsafe(line))
                .map(|(at, line)| format!("{path}:{}: {}", at + 1, line.trim()))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(unsafe_lines.is_empty(), "{unsafe_lines:#?}");
}

#[test]
fn unsafe_is_seen_in_code_and_not_in_words() {
    assert!(has_unsafe("    unsafe { read(at) }"));
    assert!(has_unsafe("pub(crate) unsafe fn read() {}"));
    assert!(!has_unsafe("/// It would be unsafe to wait longer."));
    assert!(!has_unsafe("#![deny(unsafe_code)]"));
}

#[test]
fn no_file_names_a_machine_or_a_registry() {
    let named: Vec<String> = files("")
        // Cargo's own record says where each crate came from; nobody writes it by hand.
        .filter(|(path, _)| !path.ends_with("Cargo.lock"))
        .flat_map(|(path, text)| {
            text.lines()
                .enumerate()
                .filter_map(|(at, line)| {
                    names_a_place(line).map(|what| format!("{path}:{}: {what}", at + 1))
                })
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(named.is_empty(), "{named:#?}");
}

#[test]
fn a_machine_or_a_registry_is_recognised() {
    let home = ["/ro", "ot/mesh"].concat();
    assert!(names_a_place(&format!("see {home}")).is_some());
    assert!(names_a_place(&home).is_some());
    assert!(names_a_place(&format!("store{home} is a subject of ours")).is_none());
    assert!(names_a_place(&["https://static.crates", ".io/x"].concat()).is_some());
    assert!(names_a_place("a crate, a package, a place").is_none());
}

#[test]
fn every_dependency_may_be_given_away() {
    let allowed = allowed_licences();
    let listed = cargo(&[
        "tree",
        "--workspace",
        "--edges=normal,build",
        "--format={p}\t{l}",
    ]);
    assert!(listed.lines().count() > 20, "the list was read:\n{listed}");
    let refused: Vec<&str> = listed
        .lines()
        .filter(|line| !line.is_empty())
        .filter(|line| {
            let licence = line
                .split('\t')
                .nth(1)
                .unwrap_or("")
                .trim_end_matches(" (*)");
            !is_allowed(licence, &allowed)
        })
        .collect();
    assert!(
        refused.is_empty(),
        "not in the list of deny.toml: {refused:#?}"
    );
}

#[test]
fn a_choice_of_licences_needs_one_and_a_sum_needs_all() {
    let allowed = ["MIT", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception"].map(String::from);
    for (licence, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("", false),
        ("MIT OR GPL-3.0", true),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0/MIT", true),
        ("MIT AND GPL-3.0", false),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
        ("(GPL-2.0 OR GPL-3.0) AND Unicode-3.0", false),
        ("MIT OR GPL-3.0 AND GPL-2.0", true),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("Apache-2.0", false),
    ] {
        assert_eq!(is_allowed(licence, &allowed), expected, "{licence:?}");
    }
}

/// The folder that holds the workspace.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent()
        .expect("the tests are a folder of the workspace")
        .to_path_buf()
}

/// Every text file under `folder` as (path from the root, text), in the order of their paths.
fn files(folder: &str) -> impl Iterator<Item = (String, String)> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the workspace can be read") {
            let path = entry.expect("an entry of a folder can be read").path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if path.is_symlink() || name == ".git" || name == "target" {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let from_root = path.strip_prefix(&root).unwrap_or(&path);
                found.push((from_root.to_string_lossy().into_owned(), text));
            }
        }
    }
    assert!(!found.is_empty(), "nothing to read in {folder:?}");
    found.sort();
    found.into_iter()
}

/// The Rust files under `folder`.
fn sources(folder: &str) -> impl Iterator<Item = (String, String)> {
    files(folder).filter(|(path, _)| Path::new(path).extension().is_some_and(|e| e == "rs"))
}

fn is_test_file(path: &str) -> bool {
    let path = Path::new(path);
    path.components().any(|part| part.as_os_str() == "tests")
        || path
            .file_stem()
            .is_some_and(|stem| stem.to_string_lossy().ends_with("tests"))
}

/// The lines of a file up to its module of tests.
fn lines_before_tests(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    lines
        .windows(2)
        .position(|two| two[0] == "#[cfg(test)]" && two[1].starts_with("mod "))
        .unwrap_or(lines.len())
}

/// Whether a line has the keyword outside of a comment.
fn has_unsafe(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or("");
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|word| word == "unsafe")
}

/// The part of `line` that names a folder of somebody's machine or the host of a registry, if one does. The names are put
/// together here so that this file does not hold them.
fn names_a_place(line: &str) -> Option<String> {
    let folders = [
        ["/ro", "ot/"],
        ["/wo", "rk/"],
        ["/ho", "me/"],
        ["/Us", "ers/"],
    ]
    .map(|f| f.concat());
    let hosts = [
        ["crates", ".io"],
        ["pypi", ".org"],
        ["pythonhosted", ".org"],
        ["npmjs", ".org"],
        ["deb.debian", ".org"],
        ["proxy.golang", ".org"],
    ]
    .map(|h| h.concat());
    let begins_a_path = |at: usize| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "_-./}".contains(c))
    };
    folders
        .into_iter()
        .find(|folder| {
            line.match_indices(folder.as_str())
                .any(|(at, _)| begins_a_path(at))
        })
        .or_else(|| hosts.into_iter().find(|host| line.contains(host.as_str())))
}

/// The names of everything that `package` is built from, itself apart, development apart.
fn dependencies(package: &str) -> Vec<String> {
    let listed = cargo(&[
        "tree",
        "--package",
        package,
        "--edges=normal,build",
        "--format={p}",
    ]);
    let mut names: Vec<String> = listed
        .lines()
        .filter_map(|line| line.split(' ').next())
        .filter(|name| *name != package)
        .map(String::from)
        .collect();
    names.sort();
    names.dedup();
    names
}

/// What cargo prints when asked about the workspace as it is locked. All that it needs is there, since this test was built.
fn cargo(arguments: &[&str]) -> String {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(program)
        .args(arguments)
        .args(["--prefix=none", "--locked", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo can be started");
    assert!(
        output.status.success(),
        "cargo {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The licences that deny.toml lets in.
fn allowed_licences() -> Vec<String> {
    let text = fs::read_to_string(root().join("deny.toml")).expect("deny.toml can be read");
    let list = text
        .split_once("\nallow = [")
        .and_then(|(_, rest)| rest.split_once(']'))
        .map(|(list, _)| list)
        .expect("deny.toml has a list of allowed licences");
    let licences: Vec<String> = list
        .split('"')
        .skip(1)
        .step_by(2)
        .map(String::from)
        .collect();
    assert!(licences.iter().any(|l| l == "MIT"), "{licences:?}");
    licences
}

/// Whether an SPDX expression can be met with licences of the list. `OR` is weaker than `AND`; a slash is an old `OR`.
fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let met = any_of(&mut words, allowed);
    met && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any_of(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let mut met = all_of(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        met |= all_of(words, allowed);
    }
    met
}

fn all_of(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let mut met = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words, allowed);
    }
    met
}

fn one(words: &mut Words<'_>, allowed: &[String]) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let met = any_of(words, allowed);
        return words.next_if_eq(&")").is_some() && met;
    }
    let Some(first) = words.next() else {
        return false;
    };
    let mut licence = first.to_owned();
    if words.next_if_eq(&"WITH").is_some() {
        licence = format!("{licence} WITH {}", words.next().unwrap_or(""));
    }
    allowed.contains(&licence)
}
