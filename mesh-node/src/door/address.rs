//! Where a mesh's door is: a name, which is a socket in the owner's runtime folder, or the path of a socket.

use super::DoorError;
use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Letters of a name at most; a socket's path has room for about a hundred.
const NAME_MAX: usize = 40;

/// Where a door is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Address {
    /// `$XDG_RUNTIME_DIR/mesh/NAME.sock`.
    Name(String),
    /// This socket.
    Path(PathBuf),
}

impl Default for Address {
    fn default() -> Self {
        Self::Name("mesh".to_owned())
    }
}

impl FromStr for Address {
    type Err = DoorError;

    fn from_str(text: &str) -> Result<Self, DoorError> {
        let path = text.strip_prefix("unix:");
        if let Some(path) = path.or_else(|| text.contains('/').then_some(text)) {
            if text.contains("://") {
                return Err(DoorError::Scheme {
                    text: text.to_owned(),
                });
            }
            return Ok(Self::Path(PathBuf::from(path)));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let good = (1..=NAME_MAX).contains(&text.len())
            && text.chars().all(plain)
            && !text.starts_with('.');
        good.then(|| Self::Name(text.to_owned()))
            .ok_or_else(|| DoorError::Address {
                text: text.chars().take(80).collect(),
            })
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Path(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Address {
    /// The socket's path. The folder of names is made if it is not there, for its owner alone.
    pub fn socket(&self) -> Result<PathBuf, DoorError> {
        match self {
            Self::Path(path) => Ok(path.clone()),
            Self::Name(name) => Ok(folder(&runtime_dir())?.join(format!("{name}.sock"))),
        }
    }
}

/// The folder that the system gives each user for sockets, or one in the temporary folder.
fn runtime_dir() -> PathBuf {
    let given = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    given.filter(|path| path.is_absolute()).unwrap_or_else(|| {
        let owner = std::fs::metadata("/proc/self").map_or(0, |meta| meta.uid());
        std::env::temp_dir().join(format!("runtime-{owner}"))
    })
}

/// The folder of the doors under `base`, with nobody else in it.
fn folder(base: &Path) -> Result<PathBuf, DoorError> {
    let path = base.join("mesh");
    let place = |what, source| DoorError::Place {
        what,
        path: path.clone(),
        source,
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&path)
        .map_err(|source| place("cannot make the folder", source))?;
    let meta = std::fs::symlink_metadata(&path)
        .map_err(|source| place("cannot look at the folder", source))?;
    let mode = meta.permissions().mode() & 0o777;
    if !meta.is_dir() || mode & 0o077 != 0 {
        return Err(DoorError::Exposed { path, mode });
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_a_path_and_a_marked_path_are_addresses() {
        let of = |text: &str| text.parse::<Address>().ok();
        assert_eq!(of("lab-1"), Some(Address::Name("lab-1".into())));
        assert_eq!(of("/run/x.sock"), Some(Address::Path("/run/x.sock".into())));
        assert_eq!(of("unix:x.sock"), Some(Address::Path("x.sock".into())));
        for wrong in [
            "",
            ".",
            "..",
            "a b",
            "nats://host",
            "x\u{1b}",
            &"n".repeat(41),
        ] {
            assert_eq!(of(wrong), None, "{wrong:?}");
        }
        for address in ["lab-1", "unix:/run/x.sock"] {
            assert_eq!(of(address).map(|a| a.to_string()).as_deref(), Some(address));
        }
    }
}
