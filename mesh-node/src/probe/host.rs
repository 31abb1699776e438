//! The machine itself: board, cores, memory, and whether it is one at all.

use super::read::{field, foreign, inside, number, text};
use mesh_core::text::Foreign;
use serde::Serialize;
use std::fmt;
use std::path::Path;

/// A kind of container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Container {
    /// Docker.
    Docker,
    /// Podman.
    Podman,
    /// Kubernetes.
    Kubernetes,
    /// LXC or LXD.
    Lxc,
    /// systemd-nspawn.
    Nspawn,
    /// Some other.
    Other,
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Kubernetes => "kubernetes",
            Self::Lxc => "lxc",
            Self::Nspawn => "systemd-nspawn",
            Self::Other => "another kind",
        })
    }
}

#[derive(Debug)]
pub(super) struct Processors {
    pub(super) name: Option<Foreign>,
    pub(super) cores: f64,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Memory {
    pub(super) total_mib: u64,
    pub(super) available_mib: u64,
}

/// The board: what a device tree says, and otherwise what the firmware of a PC says.
pub(super) fn board(root: &Path) -> Option<Foreign> {
    let tree = [
        "proc/device-tree/model",
        "sys/firmware/devicetree/base/model",
    ];
    if let Some(model) = tree.iter().find_map(|path| foreign(&root.join(path))) {
        return Some(model);
    }
    let dmi = root.join("sys/class/dmi/id");
    let vendor = text(&dmi.join("sys_vendor"));
    let product = text(&dmi.join("product_name")).or_else(|| text(&dmi.join("board_name")));
    match (vendor, product) {
        (Some(vendor), Some(product)) => Some(Foreign::from(format!("{vendor} {product}"))),
        (Some(one), None) | (None, Some(one)) => Some(Foreign::from(one)),
        (None, None) => None,
    }
}

/// A board with a device tree, in one of the makes that people put in a cupboard.
pub(super) fn is_small_board(root: &Path) -> bool {
    let compatible = text(&root.join("proc/device-tree/compatible"))
        .or_else(|| text(&root.join("sys/firmware/devicetree/base/compatible")))
        .unwrap_or_default();
    let makes = [
        "raspberrypi",
        "rockchip",
        "allwinner",
        "amlogic",
        "beagle",
        "starfive",
        "nvidia,jetson",
    ];
    makes.iter().any(|make| compatible.contains(make))
}

pub(super) fn processors(root: &Path) -> Processors {
    let info = text(&root.join("proc/cpuinfo")).unwrap_or_default();
    let name = ["model name", "Model", "Hardware", "cpu model", "uarch"]
        .iter()
        .find_map(|key| field(&info, key))
        .map(Foreign::from);
    let listed = info.lines().filter(|line| line.starts_with("processor"));
    let online = text(&root.join("sys/devices/system/cpu/online"));
    let online = online.as_deref().and_then(count_of_list);
    let cores = online.unwrap_or_else(|| listed.count().max(1)) as f64;
    let cores = match share_of_time(root) {
        Some(share) if share < cores => share,
        _ => cores,
    };
    Processors { name, cores }
}

/// How many are in a list like `0-3,6`.
fn count_of_list(list: &str) -> Option<usize> {
    let mut count = 0;
    for range in list.split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (usize, usize) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        count += last.checked_sub(first)? + 1;
    }
    Some(count)
}

/// Cores whose time the control group is given (cgroup v2 `cpu.max`, v1 `cpu.cfs_quota_us`).
fn share_of_time(root: &Path) -> Option<f64> {
    let share = |quota: f64, period: f64| (quota > 0.0 && period > 0.0).then(|| quota / period);
    if let Some(max) = text(&root.join("sys/fs/cgroup/cpu.max")) {
        let (quota, period) = max.split_once(' ')?;
        return share(quota.parse().ok()?, period.parse().ok()?);
    }
    let old = root.join("sys/fs/cgroup/cpu");
    let quota = text(&old.join("cpu.cfs_quota_us"))?.parse().ok()?;
    share(quota, text(&old.join("cpu.cfs_period_us"))?.parse().ok()?)
}

/// Memory of the machine, or of its control group where that is less.
pub(super) fn memory(root: &Path) -> Memory {
    let info = text(&root.join("proc/meminfo")).unwrap_or_default();
    let mib = |name: &str| -> Option<u64> {
        let kib = field(&info, name)?
            .strip_suffix("kB")?
            .trim()
            .parse::<u64>();
        kib.ok().map(|kib| kib / 1_024)
    };
    let total = mib("MemTotal").unwrap_or(0);
    let available = mib("MemAvailable").unwrap_or(0);
    let group = root.join("sys/fs/cgroup");
    let bound = number(&group.join("memory.max"))
        .or_else(|| number(&group.join("memory/memory.limit_in_bytes")))
        .map(|bytes| bytes >> 20)
        .filter(|bound| *bound < total);
    let Some(bound) = bound else {
        return Memory {
            total_mib: total,
            available_mib: available,
        };
    };
    let used = number(&group.join("memory.current"))
        .or_else(|| number(&group.join("memory/memory.usage_in_bytes")))
        .map_or(0, |bytes| bytes >> 20);
    Memory {
        total_mib: bound,
        available_mib: bound.saturating_sub(used).min(available),
    }
}

/// Pins, buses and sensors of a board.
pub(super) fn sensors(root: &Path) -> bool {
    [
        "sys/bus/iio/devices",
        "sys/class/gpio",
        "sys/bus/i2c/devices",
    ]
    .iter()
    .any(|folder| !inside(&root.join(folder)).is_empty())
        && board_is_of_a_tree(root)
}

/// PCs have such buses as well, with nothing on them that an agent would ask.
fn board_is_of_a_tree(root: &Path) -> bool {
    text(&root.join("proc/device-tree/model"))
        .or_else(|| text(&root.join("sys/firmware/devicetree/base/model")))
        .is_some()
}

pub(super) fn container(root: &Path) -> Option<Container> {
    let groups = text(&root.join("proc/1/cgroup")).unwrap_or_default();
    let mounts = text(&root.join("proc/self/mountinfo")).unwrap_or_default();
    let secrets = root.join("var/run/secrets/kubernetes.io");
    if groups.contains("kubepods") || mounts.contains("kubepods") || secrets.exists() {
        return Some(Container::Kubernetes);
    }
    if root.join(".dockerenv").exists() || groups.contains("docker") {
        return Some(Container::Docker);
    }
    if root.join("run/.containerenv").exists() || groups.contains("libpod") {
        return Some(Container::Podman);
    }
    let said = text(&root.join("run/systemd/container"));
    let environment = text(&root.join("proc/1/environ")).unwrap_or_default();
    let variable = environment
        .split('\0')
        .find_map(|one| one.strip_prefix("container="));
    match said.as_deref().or(variable) {
        Some("docker") => Some(Container::Docker),
        Some("podman") => Some(Container::Podman),
        Some("lxc" | "lxc-libvirt") => Some(Container::Lxc),
        Some("systemd-nspawn") => Some(Container::Nspawn),
        Some(_) => Some(Container::Other),
        None if groups.contains("lxc") => Some(Container::Lxc),
        None => None,
    }
}

/// Who makes the machine up: by the firmware's words, and otherwise by what the processor admits.
pub(super) fn hypervisor(root: &Path) -> Option<Foreign> {
    let dmi = root.join("sys/class/dmi/id");
    let said = ["sys_vendor", "product_name", "bios_vendor"]
        .iter()
        .filter_map(|name| text(&dmi.join(name)))
        .collect::<Vec<_>>()
        .join(" ");
    let known = [
        ("QEMU", "QEMU/KVM"),
        ("KVM", "QEMU/KVM"),
        ("VMware", "VMware"),
        ("VirtualBox", "VirtualBox"),
        ("innotek", "VirtualBox"),
        ("Amazon EC2", "Amazon EC2"),
        ("Google Compute", "Google Compute Engine"),
        ("Virtual Machine", "Hyper-V"),
        ("Xen", "Xen"),
        ("Parallels", "Parallels"),
        ("Firecracker", "Firecracker"),
        ("DigitalOcean", "DigitalOcean"),
        ("Hetzner", "Hetzner"),
    ];
    if let Some((_, name)) = known.iter().find(|(word, _)| said.contains(word)) {
        return Some(Foreign::from(*name));
    }
    if let Some(kind) = text(&root.join("sys/hypervisor/type")) {
        return Some(Foreign::from(kind));
    }
    let info = text(&root.join("proc/cpuinfo")).unwrap_or_default();
    let flags = field(&info, "flags")?;
    let is = flags.split_whitespace().any(|flag| flag == "hypervisor");
    is.then(|| Foreign::from("an unnamed hypervisor"))
}
