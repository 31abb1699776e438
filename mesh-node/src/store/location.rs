//! Where a store is.

use super::StoreError;
use std::fmt;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// In this process, and gone with it.
    Memory,
    /// A `SQLite` file.
    File(PathBuf),
    /// A `PostgreSQL` or `CockroachDB` server, by its URL.
    Server(Url),
}

/// The URL of a database server. Its password is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Url(String);

impl Url {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Parameters may carry secrets too.
        let shown = self
            .0
            .split_once('?')
            .map_or(self.0.as_str(), |(url, _)| url);
        match (shown.split_once("://"), shown.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, host))) => write!(f, "{scheme}://…@{host}"),
            _ => f.write_str(shown),
        }
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("in memory"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Server(url) => write!(f, "{url}"),
        }
    }
}

impl FromStr for Location {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = |why| StoreError::Location {
            given: mesh_core::text::excerpt(text),
            why,
        };
        match text.split_once("://") {
            _ if text.is_empty() => Err(refuse("it is empty")),
            _ if text == "memory" => Ok(Self::Memory),
            Some(("postgres" | "postgresql", rest)) if !rest.is_empty() => {
                Ok(Self::Server(Url(text.to_owned())))
            }
            Some(("sqlite" | "file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(_) => Err(refuse_scheme(text)),
            None if text.ends_with('/') => Err(refuse("it is a folder")),
            None => Ok(Self::File(text.into())),
        }
    }
}

/// What is wrong is the part before `://`; what follows may hold a password.
fn refuse_scheme(text: &str) -> StoreError {
    let scheme = text.split_once("://").map_or(text, |(scheme, _)| scheme);
    StoreError::Location {
        given: format!("{}://…", mesh_core::text::excerpt(scheme)),
        why: "no such kind of store is known",
    }
}

impl Location {
    /// What sqlx calls it.
    pub(super) fn address(&self) -> String {
        match self {
            Self::Memory => "sqlite::memory:".to_owned(),
            Self::File(path) => format!("sqlite://{}?mode=rwc", encoded(path)),
            Self::Server(url) => url.as_str().to_owned(),
        }
    }

    /// Makes the folder and an empty file that only the owner can read, where there is none; refuses one that others can read.
    pub(super) fn prepare(&self) -> Result<(), StoreError> {
        let Self::File(path) = self else {
            return Ok(());
        };
        let failed = |source| StoreError::File {
            path: path.clone(),
            source,
        };
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            let mut builder = std::fs::DirBuilder::new();
            builder.recursive(true).mode(0o700);
            builder.create(folder).map_err(failed)?;
        }
        let mut options = std::fs::OpenOptions::new();
        options.create(true).append(true).mode(0o600);
        let file = options.open(path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(StoreError::Open {
                path: path.clone(),
                mode,
            });
        }
        Ok(())
    }

    /// Whether there could be something.
    pub(super) fn exists(&self) -> bool {
        match self {
            Self::Memory => false,
            Self::File(path) => path.exists(),
            Self::Server(_) => true,
        }
    }
}

/// A path as a part of a URL.
fn encoded(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt as _;

    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut text = String::new();
    for &byte in whole.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}
