//! One process a task: the input on its standard input, the result on its standard output, and why not on its standard
//! error. `MESH_TASK`, `MESH_TASK_NAME`, `MESH_REQUIRES` and `MESH_PLACE` tell it what it works on.
//!
//! Exit status 0 is done; any other, a signal, more output than a result may have, and time are a failure with the end of
//! what it wrote on standard error. At T of a throw whose verb is `act` the command runs with the payload as its input.

use super::super::job::ended;
use super::super::spec::{Exec, SpecError};
use super::super::{Asked, Contract, Doing, End, Job, Prepared, Worker};
use super::output::{ERRORS_MAX, RESULT_MAX, collect, keep_tail, words};
use super::{Program, ended_as};
use mesh_core::message::{ConflictKind, Verb};
use std::collections::VecDeque;
use std::io;
use std::process::ExitStatus;
use std::sync::Mutex;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;

/// How long streams may stay open when every process of the group is dead.
const AFTERWARDS: Duration = Duration::from_secs(1);

/// A command that is run once for each task.
#[derive(Debug)]
pub(in super::super) struct Once {
    program: Program,
    contract: Contract,
}

impl Once {
    pub(in super::super) fn new(spec: &Exec, contract: Contract) -> Result<Self, SpecError> {
        let program = Program::new(spec, contract.memory)?;
        Ok(Self { program, contract })
    }

    async fn run(&self, job: &Job) -> Result<String, End> {
        let name = self.program.name();
        let told = [
            ("MESH_TASK", job.id.as_str()),
            ("MESH_TASK_NAME", job.name.raw()),
            ("MESH_REQUIRES", job.requires.as_deref().unwrap_or("")),
        ];
        let cannot = |error: io::Error| End::failed(format!("{name} cannot be started: {error}"));
        let mut group = self.program.start(job.agent, &told).map_err(cannot)?;
        let Some((input, output, errors)) = group.streams() else {
            return Err(cannot(io::Error::other("it has no streams")));
        };
        let feed = tokio::spawn(feed(input, job.material().as_bytes().to_vec()));
        let feed = AbortOnDrop(feed);
        let tail = Mutex::new(VecDeque::new());
        let collected = collect(output);
        let kept = keep_tail(errors, &tail, ERRORS_MAX);
        tokio::pin!(collected, kept);
        let over = job.over();
        tokio::pin!(over);
        let (mut result, mut errors_read, mut paused) = (None, false, false);
        let end: Result<io::Result<ExitStatus>, End> = loop {
            tokio::select! {
                status = group.ended() => break Ok(status),
                all = &mut collected, if result.is_none() => match all {
                    Ok(all) => result = Some(all),
                    Err(_) => break Err(End::failed(format!(
                        "{name} wrote more than {RESULT_MAX} bytes and was ended; larger results go by reference"
                    ))),
                },
                all = &mut kept, if !errors_read => match all {
                    Ok(()) => errors_read = true,
                    Err(_) => break Err(End::failed(format!(
                        "{name} wrote more than {ERRORS_MAX} bytes of errors and was ended"
                    ))),
                },
                over = &mut over => break Err(ended(over, job.within, &name)),
                is = job.turned(paused) => {
                    paused = is;
                    group.pause(is);
                    job.paused(is);
                }
            }
        };
        drop(feed);
        let status = match end {
            Err(end) => {
                let _ = group.end(self.contract.grace).await;
                return Err(with_tail(end, &tail));
            }
            Ok(status) => status.map_err(cannot)?,
        };
        group.sweep().await;
        // Everything that could write is dead; what it wrote is still in the pipes.
        if result.is_none()
            && let Ok(all) = tokio::time::timeout(AFTERWARDS, &mut collected).await
        {
            result = all.ok();
        }
        if !errors_read {
            let _ = tokio::time::timeout(AFTERWARDS, &mut kept).await;
        }
        if !status.success() {
            let end = End::failed(format!("{name}: {}", ended_as(status)));
            return Err(with_tail(end, &tail));
        }
        let Some(result) = result else {
            return Err(End::failed(format!(
                "{name} wrote more than {RESULT_MAX} bytes; larger results go by reference"
            )));
        };
        let text = String::from_utf8_lossy(&result);
        Ok(text.trim_end_matches(['\n', '\r']).to_owned())
    }
}

impl Worker for Once {
    fn contract(&self) -> &Contract {
        &self.contract
    }

    fn prepare<'a>(&'a self, asked: &'a Asked) -> Doing<'a, Prepared> {
        Box::pin(async move {
            let wanted = asked.header.requires.iter();
            let mut missing = wanted.filter(|name| !self.contract.capabilities.contains(name));
            if missing.next().is_some() || super::find(&self.program.path).is_none() {
                return Prepared::Conflict(ConflictKind::CapabilityMismatch);
            }
            Prepared::Ready
        })
    }

    fn act<'a>(&'a self, asked: &'a Asked) -> Doing<'a, Result<(), End>> {
        Box::pin(async move {
            if asked.header.verb != Verb::Act {
                return Ok(());
            }
            let job = Job::of_throw(asked, self.contract.timeout);
            self.run(&job).await.map(|_| ())
        })
    }

    fn task<'a>(&'a self, job: &'a Job) -> Doing<'a, Result<String, End>> {
        Box::pin(self.run(job))
    }

    fn stop(&self) -> Doing<'_, ()> {
        Box::pin(async {})
    }
}

/// A failure, with the end of what was written on standard error.
fn with_tail(end: End, tail: &Mutex<VecDeque<u8>>) -> End {
    let said = words(tail);
    match end {
        End::Failed(why) if !said.is_empty() => End::failed(format!("{}: {said}", why.raw())),
        other => other,
    }
}

/// Gives a process its input. One that does not want it all is not wrong.
async fn feed(mut to: ChildStdin, input: Vec<u8>) {
    let _ = to.write_all(&input).await;
    let _ = to.shutdown().await;
}

struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
