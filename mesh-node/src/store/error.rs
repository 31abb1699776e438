//! What can be wrong with a store.

use super::Location;
use std::path::PathBuf;

/// A store that cannot be used, or that refused something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Not a place for a store.
    #[error(
        "{given:?} is no place for a store: {why}; write a path, `memory`, or postgres://user@host:port/database"
    )]
    Location {
        /// What was given.
        given: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The file or its folder cannot be made.
    #[error("store {path}: {source}", path = .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file can be read by others.
    #[error("store {path} can be read or written by others (mode {mode:o}); run: chmod 600 {path}", path = .path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// There is none, where only an existing one makes sense.
    #[error("there is no store at {0}; nothing was ever kept there, or it is elsewhere")]
    Absent(Location),
    /// Written by a newer program.
    #[error(
        "store {at} has version {found}, this program knows up to {known}; use the newer mesh-node"
    )]
    Newer {
        /// Where.
        at: Location,
        /// What it says.
        found: i64,
        /// What is known here.
        known: i64,
    },
    /// The database.
    #[error("store {at}, {doing}: {said}{}", advice(said))]
    Database {
        /// Where.
        at: Location,
        /// What was being done.
        doing: &'static str,
        /// What the database says.
        said: String,
        /// Whether it refuses this one thing, for good; otherwise something is wrong with the store, and it may pass.
        refused: bool,
    },
    /// Something in it has no meaning.
    #[error("store {at}: {what} cannot be read: {why}; see `mesh-node store verify`")]
    Unreadable {
        /// Where.
        at: Location,
        /// What.
        what: String,
        /// What the reader says.
        why: String,
    },
    /// It has an outcome already.
    #[error("task {0} has an outcome already, and keeps it")]
    Ended(String),
    /// Somebody with a higher epoch writes now.
    #[error("epoch {epoch} may not write any more: epoch {fence} does")]
    Fenced {
        /// Whose it was.
        epoch: u64,
        /// The highest one.
        fence: i64,
    },
    /// No thread.
    #[error("cannot start a thread for the store: {0}")]
    Thread(std::io::Error),
    /// A backup that is not whole.
    #[error("backup {path}: {why}", path = .path.display())]
    Backup {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl StoreError {
    /// Whether this one thing was refused and will be refused again; otherwise the store itself has a trouble that may pass.
    pub const fn is_refusal(&self) -> bool {
        match self {
            Self::Database { refused, .. } => *refused,
            Self::Ended(_) | Self::Fenced { .. } | Self::Unreadable { .. } => true,
            Self::Location { .. }
            | Self::File { .. }
            | Self::Open { .. }
            | Self::Absent(_)
            | Self::Newer { .. }
            | Self::Thread(_)
            | Self::Backup { .. } => false,
        }
    }
}

/// What can be done about what a database says.
fn advice(said: &str) -> &'static str {
    let has = |words: &str| said.contains(words);
    if has("disk is full") || has("No space left") {
        "; free some space, nothing new is accepted until then"
    } else if has("readonly") || has("read-only") {
        "; make it writable for this user"
    } else if has("is locked") {
        "; another program keeps it locked"
    } else if has("malformed") || has("not a database") || has("corrupt") {
        "; move the file away and run: mesh-node store restore"
    } else if has("refused") {
        "; is the database server running there?"
    } else {
        ""
    }
}
