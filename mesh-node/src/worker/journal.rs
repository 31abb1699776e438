//! The workers' own log: what was begun and how it ended, on disk before anybody is told (PROTOCOL §5).
//!
//! One file a process, appended to by one thread. Entries that come while the disk is busy are written and synced together
//! (group commit). Each entry stands in a frame of its own with a checksum: a torn tail, which was promised to nobody, is
//! cut off, and damage in the middle costs the entries that it hit and no others.
//!
//! ```text
//! file  = "mesh-30k worker log 1\n" frame*
//! frame = 0xA5 0x5A  length u32 le  checksum 8 bytes (of BLAKE3 over the entry)  entry (MessagePack)
//! ```

mod frame;
mod ledger;
#[cfg(test)]
mod tests;

use frame::{HEAD, encode, read_all};
use ledger::Ledger;
pub use ledger::{Entry, Known};
use mesh_core::operation::task::TaskId;
use mesh_core::place::AgentId;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// Entries that wait for the disk at most: two for each piece of work that may run at once, many times over.
const WAITING_MAX: usize = 4_096;
/// Entries written with one sync at most.
const GROUP_MAX: usize = 1_024;
/// The file is rewritten when it is longer than this and than twice what it has to hold.
const REWRITE_AT: u64 = 4 * 1024 * 1024;

/// The log.
#[derive(Debug)]
pub struct Journal {
    ledger: Arc<Mutex<Ledger>>,
    to: Option<SyncSender<Request>>,
    thread: Option<JoinHandle<()>>,
    found: Found,
}

/// What was in the file when it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Found {
    /// Entries that were read.
    pub entries: u64,
    /// Begun and without an end: the process died in the middle of them.
    pub interrupted: u64,
    /// Bytes that are no entry: a torn tail, or damage.
    pub damaged: u64,
}

/// A log that cannot be opened or written. What was to be written is not on disk.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JournalError {
    /// The file cannot be used.
    #[error("cannot {what} the workers' log {path}: {why}")]
    File {
        /// What was being done.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        why: Arc<io::Error>,
    },
    /// Another process has it.
    #[error("the workers' log {0} is in use by another process; give each process its own")]
    InUse(PathBuf),
    /// It is something else.
    #[error("{0} is no workers' log; move it away, or name another file")]
    Foreign(PathBuf),
    /// More waits than may.
    #[error("the disk of the workers' log does not keep up")]
    Behind,
}

#[derive(Debug)]
struct Request {
    entry: Entry,
    done: oneshot::Sender<Result<(), JournalError>>,
}

impl Journal {
    /// A log in memory, for labs and tests: it survives agents and no process.
    pub fn volatile() -> Self {
        Self {
            ledger: Arc::default(),
            to: None,
            thread: None,
            found: Found::default(),
        }
    }

    /// Opens or makes the log in this file.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let failed = |what: &'static str| {
            let path = path.to_owned();
            move |why: io::Error| JournalError::File {
                what,
                path,
                why: Arc::new(why),
            }
        };
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            std::fs::create_dir_all(folder).map_err(failed("make the folder of"))?;
        }
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(failed("open"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::InUse(path.to_owned())),
            Err(TryLockError::Error(why)) => return Err(failed("lock")(why)),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed("read"))?;
        if !HEAD.starts_with(&bytes[..bytes.len().min(HEAD.len())]) {
            return Err(JournalError::Foreign(path.to_owned()));
        }
        let read = read_all(bytes.get(HEAD.len()..).unwrap_or_default());
        let mut ledger = Ledger::default();
        let entries = read.entries.len() as u64;
        for entry in read.entries {
            ledger.take(entry);
        }
        let interrupted = ledger.interrupt_all();
        let found = Found {
            entries,
            interrupted,
            damaged: read.damaged,
        };
        // What was found is written anew, whole: what comes after it is not behind damage.
        let mut disk = Disk {
            file,
            path: path.to_owned(),
            length: 0,
        };
        if bytes.len() < HEAD.len() || read.damaged > 0 || interrupted > 0 {
            disk.rewrite(&ledger).map_err(failed("rewrite"))?;
        } else {
            disk.length = bytes.len() as u64;
        }
        Self::over(disk, ledger, found).map_err(failed("start a thread for"))
    }

    fn over(mut disk: Disk, ledger: Ledger, found: Found) -> io::Result<Self> {
        let ledger = Arc::new(Mutex::new(ledger));
        let (to, from) = sync_channel(WAITING_MAX);
        let shared = Arc::clone(&ledger);
        let thread = std::thread::Builder::new()
            .name("worker-log".to_owned())
            .spawn(move || disk.serve(&from, &shared))?;
        Ok(Self {
            ledger,
            to: Some(to),
            thread: Some(thread),
            found,
        })
    }

    /// A log in a file that is taken as it is, as one whose disk is full.
    #[cfg(test)]
    pub(super) fn on(file: File, path: &Path) -> io::Result<Self> {
        let disk = Disk {
            file,
            path: path.to_owned(),
            length: 0,
        };
        Self::over(disk, Ledger::default(), Found::default())
    }

    /// Writes an entry. When this has ended well, it survives the death of the process and of the machine.
    pub async fn append(&self, entry: Entry) -> Result<(), JournalError> {
        let Some(to) = &self.to else {
            lock(&self.ledger).take(entry);
            return Ok(());
        };
        let (done, written) = oneshot::channel();
        to.try_send(Request { entry, done })
            .map_err(|_| JournalError::Behind)?;
        written.await.unwrap_or(Err(JournalError::Behind))
    }

    /// What is known of a task at an agent.
    pub fn known(&self, agent: AgentId, task: &TaskId) -> Option<Known> {
        lock(&self.ledger).known(agent, task)
    }

    /// What was in the file when it was opened.
    pub const fn found(&self) -> Found {
        self.found
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // The thread ends when nobody can send any more.
        self.to = None;
        if let Some(thread) = self.thread.take() {
            // One that panicked has said so itself.
            let _ = thread.join();
        }
    }
}

/// The file, held by one thread.
#[derive(Debug)]
struct Disk {
    file: File,
    path: PathBuf,
    /// Up to here it is good.
    length: u64,
}

impl Disk {
    fn serve(&mut self, from: &Receiver<Request>, ledger: &Mutex<Ledger>) {
        while let Ok(first) = from.recv() {
            let mut group = vec![first];
            while group.len() < GROUP_MAX
                && let Ok(next) = from.try_recv()
            {
                group.push(next);
            }
            let written = self.write(&group);
            let written = written.map_err(|why| JournalError::File {
                what: "write",
                path: self.path.clone(),
                why: Arc::new(why),
            });
            let mut waiting = Vec::with_capacity(group.len());
            {
                let mut ledger = lock(ledger);
                for request in group {
                    if written.is_ok() {
                        ledger.take(request.entry);
                    }
                    waiting.push(request.done);
                }
            }
            for done in waiting {
                // Whoever waited may be gone; what is written stays written.
                let _ = done.send(written.clone());
            }
            if self.length > REWRITE_AT {
                self.tidy(ledger);
            }
        }
    }

    /// One group, one sync. What fails leaves the file as it was before.
    fn write(&mut self, group: &[Request]) -> io::Result<()> {
        let mut bytes = Vec::new();
        for request in group {
            encode(&request.entry, &mut bytes);
        }
        let end = SeekFrom::Start(self.length);
        let done = self
            .file
            .seek(end)
            .and_then(|_| self.file.write_all(&bytes))
            .and_then(|()| self.file.sync_data());
        match done {
            Ok(()) => self.length += bytes.len() as u64,
            // What is half there is cut off; where even that fails, the next write covers it.
            Err(_) => drop(self.file.set_len(self.length)),
        }
        done
    }

    /// The file is made shorter where that is worth while; one that cannot be made shorter is only longer.
    fn tidy(&mut self, ledger: &Mutex<Ledger>) {
        let ledger = lock(ledger);
        if self.length > 2 * ledger.bytes() {
            let _ = self.rewrite(&ledger);
        }
    }

    /// Everything that counts, in a new file that takes the place of the old one at once or not at all.
    fn rewrite(&mut self, ledger: &Ledger) -> io::Result<()> {
        let mut bytes = HEAD.to_vec();
        for entry in ledger.entries() {
            encode(&entry, &mut bytes);
        }
        let beside = self.path.with_extension("new");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&beside)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        // The new file is locked before it has the name, so that nobody else finds it free.
        file.try_lock().map_err(io::Error::other)?;
        std::fs::rename(&beside, &self.path)?;
        if let Some(folder) = self.path.parent() {
            let folder = if folder.as_os_str().is_empty() {
                Path::new(".")
            } else {
                folder
            };
            File::open(folder)?.sync_all()?;
        }
        (self.file, self.length) = (file, bytes.len() as u64);
        Ok(())
    }
}

/// What is behind the lock is whole after every step.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
