//! What computes or sees beside the processor: graphics, neural accelerators, cameras.

use super::read::{field, foreign, inside, number, text};
use mesh_core::text::Foreign;
use serde::Serialize;
use std::fmt;
use std::path::Path;

/// PCI vendors whose graphics processors can compute.
const NVIDIA: u64 = 0x10de;
const AMD: u64 = 0x1002;
const INTEL: u64 = 0x8086;

/// A graphics processor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gpu {
    /// Its name.
    pub name: Foreign,
    /// MiB of its own memory, where its driver tells.
    pub memory_mib: Option<u64>,
    /// Whether a driver that can compute with it is loaded.
    pub usable: bool,
}

impl fmt::Display for Gpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        if let Some(memory) = self.memory_mib {
            write!(f, ", {memory} MiB")?;
        }
        f.write_str(if self.usable { "" } else { ", no driver" })
    }
}

/// All that can compute. What only puts a picture on a screen (of a virtual machine, of a server's remote console) cannot.
pub(super) fn gpus(root: &Path) -> Vec<Gpu> {
    let mut found = Vec::new();
    let driver = root.join("proc/driver/nvidia");
    for card in inside(&driver.join("gpus")) {
        let information = text(&card.join("information")).unwrap_or_default();
        let name = field(&information, "Model").unwrap_or("NVIDIA");
        found.push(Gpu {
            name: Foreign::from(name),
            memory_mib: None,
            usable: true,
        });
    }
    let by_driver = !found.is_empty();
    for device in inside(&root.join("sys/bus/pci/devices")) {
        let class = number(&device.join("class")).unwrap_or(0) >> 16;
        let vendor = number(&device.join("vendor")).unwrap_or(0);
        let bound = device.join("driver").exists();
        let memory = number(&device.join("mem_info_vram_total")).map(|bytes| bytes >> 20);
        let name = match vendor {
            // Those whose driver tells of them are in the list.
            NVIDIA if class == 0x03 && !by_driver => "NVIDIA",
            AMD if class == 0x03 => "AMD",
            _ => continue,
        };
        let label = foreign(&device.join("label")).unwrap_or_else(|| {
            let model = number(&device.join("device")).unwrap_or(0);
            Foreign::from(format!("{name} {model:04x}"))
        });
        found.push(Gpu {
            name: label,
            memory_mib: memory,
            // The graphics driver of AMD computes; NVIDIA's own has listed its cards above, another one does not compute.
            usable: vendor == AMD && bound && memory.is_some(),
        });
    }
    if text(&root.join("proc/device-tree/compatible")).is_some_and(|of| of.contains("nvidia,tegra"))
    {
        found.push(Gpu {
            name: Foreign::from("NVIDIA Tegra"),
            memory_mib: None,
            usable: root.join("dev/nvhost-gpu").exists() || root.join("dev/nvgpu").exists(),
        });
    }
    found
}

/// Neural accelerators that their drivers show.
pub(super) fn accelerators(root: &Path) -> Vec<Foreign> {
    let mut found = Vec::new();
    for (folder, name) in [
        ("sys/class/accel", "compute accelerator"),
        ("sys/class/apex", "Coral Edge TPU"),
        ("sys/class/hailo_chardev", "Hailo"),
    ] {
        for device in inside(&root.join(folder)) {
            let vendor = number(&device.join("device/vendor"));
            found.push(match vendor {
                Some(INTEL) => Foreign::from("Intel NPU"),
                _ => Foreign::from(name),
            });
        }
    }
    found
}

/// Cameras. Small boards show their coders and scalers as such, which see nothing; one camera shows itself several times.
pub(super) fn cameras(root: &Path) -> Vec<Foreign> {
    const BLIND: [&str; 5] = ["codec", "isp", "hevc", "decoder", "encoder"];
    let mut found: Vec<Foreign> = Vec::new();
    for device in inside(&root.join("sys/class/video4linux")) {
        let Some(name) = foreign(&device.join("name")) else {
            continue;
        };
        let small = name.raw().to_lowercase();
        if !BLIND.iter().any(|word| small.contains(word)) && !found.contains(&name) {
            found.push(name);
        }
    }
    found
}
