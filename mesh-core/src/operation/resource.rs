//! What a task can be held up by, and what of it a host has.

use serde::{Deserialize, Serialize};

/// What hardware or help a task can be held up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Resource {
    /// Memory of a graphics processor.
    GpuMemory,
    /// A neural accelerator.
    Accelerator,
    /// Main memory.
    Memory,
    /// Room on a disk.
    Disk,
    /// A camera.
    Camera,
    /// The network, or a service behind it.
    Network,
    /// A person's answer.
    Person,
    /// Another task.
    Task,
    /// Something else.
    Other,
}

impl Resource {
    /// As it is said.
    pub const fn word(self) -> &'static str {
        match self {
            Self::GpuMemory => "GPU memory",
            Self::Accelerator => "accelerator",
            Self::Memory => "memory",
            Self::Disk => "disk",
            Self::Camera => "camera",
            Self::Network => "network",
            Self::Person => "a person",
            Self::Task => "another task",
            Self::Other => "something else",
        }
    }

    /// Whether a host has it or has it not: waiting for it on a host without it never ends.
    pub const fn is_hardware(self) -> bool {
        matches!(self, Self::GpuMemory | Self::Accelerator | Self::Camera)
    }
}

/// The hardware of a host, as its probe found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hardware(u16);

impl Hardware {
    /// None of what is asked about.
    pub const NONE: Self = Self(0);

    /// This and `resource`.
    pub const fn with(self, resource: Resource) -> Self {
        Self(self.0 | 1 << resource as u16)
    }

    /// Whether it has all that `other` has.
    pub const fn covers(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Whether the host has it; what is no hardware every host is taken to have.
    pub const fn has(self, resource: Resource) -> bool {
        !resource.is_hardware() || self.0 >> resource as u16 & 1 == 1
    }
}
