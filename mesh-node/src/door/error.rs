//! What can go wrong at the door.

use super::frame::VERSION;
use std::io;
use std::path::PathBuf;

/// A door that cannot be opened, entered or kept. Nothing that was asked before is undone by it: a repeat under the same
/// id gets the result.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// An address that says nothing.
    #[error(
        "'{text}' is no address of a mesh: give its name (letters, digits, '-', '_', '.'), or the path of its socket"
    )]
    Address {
        /// What was given.
        text: String,
    },
    /// An address of a kind that cannot be reached from here.
    #[error(
        "'{text}' cannot be reached: a door is reached by name or socket path, not over a network"
    )]
    Scheme {
        /// What was given.
        text: String,
    },
    /// The place where doors are.
    #[error("{what} {path}: {source}", path = path.display())]
    Place {
        /// What was being done.
        what: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A folder that others may enter.
    #[error("{path} is open to others (mode {mode:o}): make it yours alone with chmod 700", path = path.display())]
    Exposed {
        /// Which folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// No mesh there.
    #[error("no mesh answers at {path}: start one with `mesh-node lab` or `mesh-node run`", path = path.display())]
    Nobody {
        /// Where.
        path: PathBuf,
    },
    /// A mesh of this name is there already.
    #[error("a mesh already runs at {path}: stop it, or give this one another name", path = path.display())]
    Taken {
        /// Where.
        path: PathBuf,
    },
    /// The connection broke.
    #[error("the connection broke while {what}: {source}")]
    Io {
        /// What was being done.
        what: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// A frame that is longer than any may be.
    #[error(
        "a frame of {size} bytes came; at most {max} are taken: whoever speaks there does not speak to a mesh's door"
    )]
    Oversized {
        /// How long it says to be.
        size: usize,
        /// What is allowed.
        max: usize,
    },
    /// A frame that means nothing.
    #[error("a frame of {size} bytes cannot be read: {why}")]
    Malformed {
        /// Its length.
        size: usize,
        /// What the reader says.
        why: String,
    },
    /// A value that has no bytes.
    #[error("cannot write a frame: {why}")]
    Unwritable {
        /// What the writer says.
        why: String,
    },
    /// The other side speaks another version.
    #[error(
        "the other side speaks version {theirs} of the door, this one {VERSION}: update the older of the two"
    )]
    Version {
        /// What the other side speaks.
        theirs: u16,
    },
    /// Something else than hello came first.
    #[error("the other side did not say hello first")]
    NoHello,
    /// Nothing came for too long.
    #[error("the other side said nothing for {seconds} s while {what}")]
    Silent {
        /// What was waited for.
        what: &'static str,
        /// How long.
        seconds: u64,
    },
    /// The other side ended it.
    #[error("the mesh closed the door: {reason}")]
    Closed {
        /// Why.
        reason: String,
    },
}
