//! A process with all that it starts: one group, one mark in the environment, ended together.
//!
//! Ending a group reaches every process that stays in it. One that has left it (a daemon) still carries the mark that it was
//! started with, and is found by it where the system lists environments. Memory is bounded per process by its address
//! space (`RLIMIT_AS`), set before the process is given anything to work on.

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::io;
use std::process::ExitStatus;
use std::time::Duration;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

/// The variable with the mark.
const MARK: &str = "MESH_RUN";

/// A process and what it started. All of it is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Group {
    child: Child,
    leader: Option<Pid>,
    mark: String,
    over: bool,
}

impl Group {
    pub(super) fn start(mut command: Command, memory: Option<u64>) -> io::Result<Self> {
        let mark = format!("{:016x}", crate::entropy::seed());
        command.env(MARK, &mark).process_group(0);
        let child = command.spawn()?;
        let leader = child.id().and_then(|id| Pid::from_raw(id as i32));
        let mut group = Self {
            child,
            leader,
            mark,
            over: false,
        };
        if let (Some(bytes), Some(leader)) = (memory, leader)
            && let Err(error) = limit(leader, bytes)
        {
            group.kill();
            return Err(error);
        }
        Ok(group)
    }

    pub(super) fn streams(&mut self) -> Option<(ChildStdin, ChildStdout, ChildStderr)> {
        let (input, output) = (self.child.stdin.take()?, self.child.stdout.take()?);
        Some((input, output, self.child.stderr.take()?))
    }

    /// Its first process has ended.
    pub(super) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Stops all of it where it is, or lets it go on.
    pub(super) fn pause(&self, is: bool) {
        self.signal(if is { Signal::STOP } else { Signal::CONT });
    }

    /// Asks all of it to end, and ends what is still there after `grace`.
    pub(super) async fn end(&mut self, grace: Duration) -> io::Result<ExitStatus> {
        self.signal(Signal::TERM);
        // What was stopped cannot hear that it is to end.
        self.signal(Signal::CONT);
        if let Ok(ended) = tokio::time::timeout(grace, self.child.wait()).await {
            self.sweep().await;
            return ended;
        }
        self.signal(Signal::KILL);
        let ended = self.child.wait().await;
        self.sweep().await;
        ended
    }

    /// Ends what its first process has left behind.
    pub(super) async fn sweep(&mut self) {
        self.kill();
        let mark = std::mem::take(&mut self.mark);
        if mark.is_empty() {
            return;
        }
        // Lists of processes are files: reading them waits.
        let _ = tokio::task::spawn_blocking(move || kill_marked(&mark)).await;
    }

    fn kill(&mut self) {
        if !self.over {
            self.over = true;
            self.signal(Signal::KILL);
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(leader) = self.leader {
            // A group that is gone has ended, which is what is wanted.
            let _ = kill_process_group(leader, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
        if !self.mark.is_empty() {
            kill_marked(&self.mark);
        }
    }
}

#[cfg(target_os = "linux")]
fn limit(process: Pid, bytes: u64) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, prlimit};
    let limit = Rlimit {
        current: Some(bytes),
        maximum: Some(bytes),
    };
    prlimit(Some(process), Resource::As, limit)
        .map(|_| ())
        .map_err(io::Error::from)
}

/// Elsewhere the system has no such limit for another process.
#[cfg(not(target_os = "linux"))]
fn limit(_: Pid, _: u64) -> io::Result<()> {
    Ok(())
}

/// Kills what carries this mark. A process may start another between two looks, so it is looked until none is found, a
/// bounded number of times.
#[cfg(target_os = "linux")]
fn kill_marked(mark: &str) {
    const LOOKS: usize = 20;
    let wanted = format!("{MARK}={mark}");
    for _ in 0..LOOKS {
        let Ok(listed) = std::fs::read_dir("/proc") else {
            return;
        };
        let mut any = false;
        for entry in listed.flatten() {
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.parse().ok());
            let Some(process) = number.and_then(Pid::from_raw) else {
                continue;
            };
            // Those of others cannot be read, and are not ours.
            let Ok(environment) = std::fs::read(entry.path().join("environ")) else {
                continue;
            };
            let mut variables = environment.split(|byte| *byte == 0);
            if variables.any(|variable| variable == wanted.as_bytes()) {
                any |= kill_process(process, Signal::KILL).is_ok();
            }
        }
        if !any {
            return;
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn kill_marked(_: &str) {}
