//! `exec`: a command. No shell ever reads it, and of this process's environment it gets no more than it needs.

mod group;
mod lines;
mod once;
mod output;
mod speech;
#[cfg(test)]
mod tests;

pub(super) use lines::Lines;
pub(super) use once::Once;

use super::spec::{Exec, SpecError};
use group::Group;
use mesh_core::place::AgentId;
use mesh_core::text::Foreign;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;

/// What of this process's environment a command gets.
const ENVIRONMENT: [&str; 5] = ["PATH", "HOME", "LANG", "TZ", "TMPDIR"];

/// A command, found and ready to be run.
#[derive(Debug)]
struct Program {
    path: PathBuf,
    spec: Exec,
    memory: Option<u64>,
}

impl Program {
    fn new(spec: &Exec, memory: Option<u64>) -> Result<Self, SpecError> {
        let path = find(&spec.program).ok_or_else(|| {
            SpecError::NoProgram(Foreign::new(spec.program.display().to_string()))
        })?;
        Ok(Self {
            path,
            spec: spec.clone(),
            memory,
        })
    }

    /// A process of it, in a group of its own, with its limits, and all of its three streams held here.
    fn start(&self, agent: AgentId, told: &[(&str, &str)]) -> std::io::Result<Group> {
        let mut command = Command::new(&self.path);
        command.args(&self.spec.args).env_clear();
        for name in ENVIRONMENT {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.envs(&self.spec.environment);
        command.env("MESH_PLACE", agent.to_string());
        for (name, value) in told {
            // What comes from outside may hold what no environment can.
            command.env(name, value.replace('\0', "\u{fffd}"));
        }
        if let Some(folder) = &self.spec.folder {
            command.current_dir(folder);
        }
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Group::start(command, self.memory)
    }

    fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }
}

/// A program by its path, or as it is found on PATH.
fn find(program: &Path) -> Option<PathBuf> {
    let runs = |path: &Path| {
        let meta = std::fs::metadata(path);
        meta.is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    if program.components().count() > 1 {
        return runs(program).then(|| program.to_owned());
    }
    let path: OsString = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|path| runs(path))
}

/// How a process ended, in words.
fn ended_as(status: std::process::ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("ended by signal {signal}"),
        (None, None) => status.to_string(),
    }
}
