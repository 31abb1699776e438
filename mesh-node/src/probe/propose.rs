//! Which class a machine is of, and what its agents can do (§2.2).

use super::Probe;
use mesh_core::operation::resource::{Hardware, Resource};
use mesh_core::place::Class;
use mesh_core::role::ability;
use serde::Serialize;

/// MiB of graphics memory from which a card is worth a class of its own: the smallest models of language fit.
const GPU_MIB: u64 = 4_096;

/// What is proposed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proposal {
    /// The class.
    pub class: Class,
    /// What its agents can do.
    pub capabilities: Vec<String>,
    /// What of hardware that tasks ask for it has.
    pub hardware: Hardware,
    /// Why, in words.
    pub because: String,
}

impl Default for Proposal {
    /// Any server.
    fn default() -> Self {
        Self {
            class: Class::Persistent,
            capabilities: Vec::new(),
            hardware: Hardware::NONE,
            because: String::new(),
        }
    }
}

pub(super) fn propose(probe: &Probe, small_board: bool) -> Proposal {
    let card = probe
        .gpus
        .iter()
        .find(|gpu| gpu.usable && gpu.memory_mib.is_none_or(|memory| memory >= GPU_MIB));
    let (class, because) = if small_board {
        (Class::Local, "it is a small board".to_owned())
    } else if let Some(card) = card {
        (
            Class::Gpu,
            format!("it has a graphics processor ({})", card.name),
        )
    } else if let Some(idle) = probe.gpus.iter().find(|gpu| !gpu.usable) {
        let because = format!(
            "its graphics processor ({}) has no driver that computes",
            idle.name
        );
        (Class::Persistent, because)
    } else if probe.container.is_some() {
        (
            Class::Persistent,
            "it is a container that lives on".to_owned(),
        )
    } else {
        (
            Class::Persistent,
            "it is a server without a graphics processor".to_owned(),
        )
    };
    let mut hardware = Hardware::NONE;
    if card.is_some() {
        hardware = hardware.with(Resource::GpuMemory);
    }
    if !probe.accelerators.is_empty() {
        hardware = hardware.with(Resource::Accelerator);
    }
    if !probe.cameras.is_empty() {
        hardware = hardware.with(Resource::Camera);
    }
    let own = ability::of_class(class).iter().copied();
    // A board without pins and sensors senses nothing and moves nothing.
    let own = own.filter(|name| probe.sensors || !matches!(*name, "sensor" | "physical"));
    let mut capabilities: Vec<String> = own.map(str::to_owned).collect();
    if hardware.has(Resource::Camera) {
        capabilities.push("camera".to_owned());
    }
    Proposal {
        class,
        capabilities,
        hardware,
        because,
    }
}
