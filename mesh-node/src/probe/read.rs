//! Small files of the system, read within bounds.

use mesh_core::text::Foreign;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Bytes of one file at most: the list of processors of a large server.
const FILE_MAX: u64 = 1024 * 1024;

/// A file's text, without the zeros and spaces at its ends; `None` when it is not there or says nothing.
pub(super) fn text(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    let file = File::open(path).ok()?;
    // Some files of the system end in an error; what came before it is still what they say.
    let _ = file.take(FILE_MAX).read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_matches(['\0', ' ', '\n', '\t']);
    (!text.is_empty()).then(|| text.to_owned())
}

/// The same, as it is shown.
pub(super) fn foreign(path: &Path) -> Option<Foreign> {
    text(path).map(Foreign::from)
}

/// A number: decimal, or hexadecimal after `0x`.
pub(super) fn number(path: &Path) -> Option<u64> {
    let text = text(path)?;
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// What is in a folder, by name.
pub(super) fn inside(folder: &Path) -> Vec<PathBuf> {
    let listed = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = listed.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// What stands behind a name and a colon, in the first line that has it.
pub(super) fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim())
    })
}
