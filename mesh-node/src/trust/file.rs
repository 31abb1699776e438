//! Files that hold secrets, and files that must be whole: written beside their place, synced, and put there in one step.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A file of keys or certificates that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is there already.
    #[error("{path} is there already and is not overwritten; move it away first", path = .0.display())]
    Exists(PathBuf),
    /// Others could read it.
    #[error("{path} can be read or written by others (mode {mode:o}); run: chmod 600 {path}", path = .path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// No file, or far too long.
    #[error("{path} is no file of at most {most} bytes", path = .path.display())]
    Odd {
        /// Which.
        path: PathBuf,
        /// How long it may be.
        most: u64,
    },
    /// Not what it should be.
    #[error("{path}, line {line}: {why}", path = .path.display())]
    Broken {
        /// Which.
        path: PathBuf,
        /// Where.
        line: usize,
        /// What would be right.
        why: &'static str,
    },
    /// Not what it should be.
    #[error("{path}: {why}", path = .path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the reader says.
        why: String,
    },
    /// The system.
    #[error("{path}: {source}", path = .path.display())]
    System {
        /// Which.
        path: PathBuf,
        /// What it says.
        source: io::Error,
    },
}

fn failed(path: &Path) -> impl Fn(io::Error) -> FileError + '_ {
    |source| FileError::System {
        path: path.to_owned(),
        source,
    }
}

/// Reads a secret that its owner alone can read.
pub(super) fn read_secret(path: &Path, most: u64) -> Result<Zeroizing<String>, FileError> {
    let file = File::open(path).map_err(failed(path))?;
    let about = file.metadata().map_err(failed(path))?;
    let mode = about.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(FileError::Open {
            path: path.to_owned(),
            mode,
        });
    }
    read(&file, path, most).map(Zeroizing::new)
}

/// Reads what is no secret.
pub(super) fn read_open(path: &Path, most: u64) -> Result<String, FileError> {
    let file = File::open(path).map_err(failed(path))?;
    read(&file, path, most)
}

fn read(file: &File, path: &Path, most: u64) -> Result<String, FileError> {
    let about = file.metadata().map_err(failed(path))?;
    if !about.is_file() || about.len() > most {
        return Err(FileError::Odd {
            path: path.to_owned(),
            most,
        });
    }
    let mut text = String::with_capacity(about.len() as usize);
    file.take(most)
        .read_to_string(&mut text)
        .map_err(failed(path))?;
    Ok(text)
}

/// Writes a secret to where nothing is.
pub(super) fn create_secret(path: &Path, content: &[u8]) -> Result<(), FileError> {
    make_folder(path)?;
    let created = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    let mut file = match created {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(FileError::Exists(path.to_owned()));
        }
        Err(error) => return Err(failed(path)(error)),
    };
    let written = file.write_all(content).and_then(|()| file.sync_all());
    if let Err(error) = written {
        // Half a secret is worse than none.
        let _ = fs::remove_file(path);
        return Err(failed(path)(error));
    }
    sync_folder(path)
}

/// Puts a secret in the place of the one that is there, if any.
pub(super) fn write_secret(path: &Path, content: &[u8]) -> Result<(), FileError> {
    replace(path, content, 0o600)
}

/// The same for what everybody may read.
pub(super) fn write_open(path: &Path, content: &[u8]) -> Result<(), FileError> {
    replace(path, content, 0o644)
}

fn replace(path: &Path, content: &[u8], mode: u32) -> Result<(), FileError> {
    make_folder(path)?;
    let beside = path.with_extension("new");
    // One that was left by a death in the middle.
    let _ = fs::remove_file(&beside);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&beside)
        .and_then(|mut file| {
            file.write_all(content)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&beside, path));
    if let Err(error) = written {
        let _ = fs::remove_file(&beside);
        return Err(failed(path)(error));
    }
    sync_folder(path)
}

fn make_folder(path: &Path) -> Result<(), FileError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(failed(folder))
}

/// A new name is on disk when its folder is.
fn sync_folder(path: &Path) -> Result<(), FileError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(failed(folder))
}
