//! What hardware this is: board, cores, memory, graphics, cameras, container or virtual machine, measured speed; and which
//! class and capabilities follow from that.
//!
//! Everything but the speed is read from files below one root (`/proc`, `/sys`, `/run`), so that a tree of files stands for
//! a machine. What is not there is not known, which is no error: a container sees little. Texts come from firmware and are
//! shown as foreign.

mod gpu;
mod host;
mod propose;
mod read;
mod speed;
#[cfg(test)]
mod tests;

pub use gpu::Gpu;
pub use host::Container;
pub use propose::Proposal;
pub use speed::Speed;

use mesh_core::text::Foreign;
use serde::Serialize;
use std::fmt;
use std::path::Path;

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Probe {
    /// The board or machine, as its firmware names it.
    pub board: Option<Foreign>,
    /// The processor, as it names itself.
    pub processor: Option<Foreign>,
    /// What this program was built for.
    pub arch: &'static str,
    /// Cores that it may use: those online, or as many as its container is given the time of.
    pub cores: f64,
    /// MiB of memory that it may use: the machine's, or its container's.
    pub memory_mib: u64,
    /// MiB of that which are free now.
    pub available_mib: u64,
    /// Graphics processors that can compute.
    pub gpus: Vec<Gpu>,
    /// Neural accelerators.
    pub accelerators: Vec<Foreign>,
    /// Cameras.
    pub cameras: Vec<Foreign>,
    /// Whether there are pins, sensors or buses of a board.
    pub sensors: bool,
    /// In which kind of container it runs.
    pub container: Option<Container>,
    /// By whom the machine is made up, where it is a virtual one.
    pub hypervisor: Option<Foreign>,
    /// How fast it is; measured only where that was asked for.
    pub speed: Option<Speed>,
    /// What follows from that.
    pub proposal: Proposal,
}

impl Probe {
    /// Reads what is below `root`, which is `/` for this machine.
    pub fn of(root: &Path) -> Self {
        let processors = host::processors(root);
        let memory = host::memory(root);
        let mut probe = Self {
            board: host::board(root),
            processor: processors.name,
            arch: std::env::consts::ARCH,
            cores: processors.cores,
            memory_mib: memory.total_mib,
            available_mib: memory.available_mib,
            gpus: gpu::gpus(root),
            accelerators: gpu::accelerators(root),
            cameras: gpu::cameras(root),
            sensors: host::sensors(root),
            container: host::container(root),
            hypervisor: host::hypervisor(root),
            speed: None,
            proposal: Proposal::default(),
        };
        probe.proposal = propose::propose(&probe, host::is_small_board(root));
        probe
    }

    /// This machine, with its speed.
    pub fn here() -> Self {
        Self {
            speed: Some(speed::measure()),
            ..Self::of(Path::new("/"))
        }
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |name: &str, text: &dyn fmt::Display| writeln!(f, "{name:<14} {text}");
        let unknown = || Foreign::from("unknown");
        line("board", &self.board.clone().unwrap_or_else(unknown))?;
        line("processor", &self.processor.clone().unwrap_or_else(unknown))?;
        line("architecture", &self.arch)?;
        line("cores", &self.cores)?;
        let memory = format!("{} MiB, {} free", self.memory_mib, self.available_mib);
        line("memory", &memory)?;
        for gpu in &self.gpus {
            line("gpu", gpu)?;
        }
        for accelerator in &self.accelerators {
            line("accelerator", accelerator)?;
        }
        for camera in &self.cameras {
            line("camera", camera)?;
        }
        if let Some(container) = self.container {
            line("container", &container)?;
        }
        if let Some(hypervisor) = &self.hypervisor {
            line("virtual by", hypervisor)?;
        }
        if let Some(speed) = &self.speed {
            line("speed", speed)?;
        }
        let class = self.proposal.class;
        line("class", &format!("{} ({})", class.letter(), class.word()))?;
        line("capabilities", &self.proposal.capabilities.join(", "))?;
        line("because", &self.proposal.because)
    }
}
