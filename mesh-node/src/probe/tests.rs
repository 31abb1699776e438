use super::*;
use mesh_core::operation::resource::Resource;
use mesh_core::place::Class;
use std::fs;

/// A tree of files that stands for a machine.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new(files: &[(&str, &str)]) -> Self {
        let machine = Self(tempfile::tempdir().expect("a folder"));
        for (path, text) in files {
            let path = machine.0.path().join(path);
            fs::create_dir_all(path.parent().expect("is in a folder")).expect("is made");
            fs::write(path, text).expect("is written");
        }
        machine
    }

    fn probe(&self) -> Probe {
        Probe::of(self.0.path())
    }
}

fn shown(text: Option<&Foreign>) -> String {
    text.map(ToString::to_string).unwrap_or_default()
}

#[test]
fn a_raspberry_pi_with_a_camera() {
    let pi = Machine::new(&[
        ("proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4\0"),
        ("proc/device-tree/compatible", "raspberrypi,4-model-b\0brcm,bcm2711\0"),
        ("proc/cpuinfo", "processor\t: 0\nprocessor\t: 1\nprocessor\t: 2\nprocessor\t: 3\n\nModel\t\t: Raspberry Pi 4 Model B\n"),
        ("sys/devices/system/cpu/online", "0-3\n"),
        ("proc/meminfo", "MemTotal:        3884360 kB\nMemFree: 9 kB\nMemAvailable:    2048000 kB\n"),
        ("sys/class/video4linux/video0/name", "unicam-image\n"),
        ("sys/class/video4linux/video10/name", "bcm2835-codec-decode\n"),
        ("sys/class/video4linux/video13/name", "bcm2835-isp-output0\n"),
        ("sys/bus/i2c/devices/i2c-1/name", "bcm2835 I2C"),
        ("sys/class/apex/apex_0/x", ""),
    ])
    .probe();
    assert_eq!(shown(pi.board.as_ref()), "Raspberry Pi 4 Model B Rev 1.4");
    assert_eq!(
        (pi.cores, pi.memory_mib, pi.available_mib),
        (4.0, 3_793, 2_000)
    );
    assert_eq!(pi.cameras.len(), 1, "{:?}", pi.cameras);
    assert_eq!(shown(pi.accelerators.first()), "Coral Edge TPU");
    let proposal = &pi.proposal;
    assert_eq!(proposal.class, Class::Local);
    assert!(
        proposal.hardware.has(Resource::Camera) && proposal.hardware.has(Resource::Accelerator)
    );
    assert!(
        !proposal.hardware.has(Resource::GpuMemory),
        "it claims no graphics memory"
    );
    for name in ["sensor", "camera", "local_state"] {
        assert!(
            proposal.capabilities.iter().any(|own| own == name),
            "{name}"
        );
    }
    assert!(
        !proposal
            .capabilities
            .iter()
            .any(|own| own == "llm_inference")
    );
    assert_eq!((pi.container, pi.hypervisor), (None, None));
}

#[test]
fn a_container_sees_its_own_share_and_not_its_host_s() {
    let container = Machine::new(&[
        (".dockerenv", ""),
        (
            "proc/cpuinfo",
            "processor : 0\nmodel name : AMD EPYC 7B13\nflags : fpu hypervisor\n",
        ),
        ("sys/devices/system/cpu/online", "0-63"),
        ("sys/fs/cgroup/cpu.max", "150000 100000\n"),
        ("sys/fs/cgroup/memory.max", "536870912\n"),
        ("sys/fs/cgroup/memory.current", "134217728\n"),
        (
            "proc/meminfo",
            "MemTotal: 263884360 kB\nMemAvailable: 200000000 kB\n",
        ),
    ])
    .probe();
    assert_eq!(container.container, Some(Container::Docker));
    assert!((container.cores - 1.5).abs() < 1e-9);
    assert_eq!((container.memory_mib, container.available_mib), (512, 384));
    assert_eq!(container.proposal.class, Class::Persistent);
    assert_eq!(shown(container.processor.as_ref()), "AMD EPYC 7B13");
    // One without a limit has all of its host.
    let free = Machine::new(&[
        ("proc/1/cgroup", "0::/kubepods/burstable/pod1\n"),
        ("sys/fs/cgroup/cpu.max", "max 100000\n"),
        ("sys/fs/cgroup/memory.max", "max\n"),
        ("sys/devices/system/cpu/online", "0-3,6"),
        (
            "proc/meminfo",
            "MemTotal: 1048576 kB\nMemAvailable: 524288 kB\n",
        ),
    ])
    .probe();
    assert_eq!(free.container, Some(Container::Kubernetes));
    assert!((free.cores - 5.0).abs() < 1e-9);
    assert_eq!((free.memory_mib, free.available_mib), (1_024, 512));
}

#[test]
fn a_box_with_a_graphics_processor_and_one_whose_driver_is_missing() {
    let pci = [
        ("sys/bus/pci/devices/0000:01:00.0/class", "0x030000\n"),
        ("sys/bus/pci/devices/0000:01:00.0/vendor", "0x10de\n"),
        ("sys/bus/pci/devices/0000:01:00.0/device", "0x2204\n"),
        ("sys/class/dmi/id/sys_vendor", "Supermicro\n"),
        ("sys/class/dmi/id/product_name", "SYS-7049\n"),
    ];
    let mut files = pci.to_vec();
    files.push((
        "proc/driver/nvidia/gpus/0000:01:00.0/information",
        "Model: \t\t NVIDIA GeForce RTX 3090\nIRQ:   \t\t 88\n",
    ));
    let with = Machine::new(&files).probe();
    assert_eq!(
        with.gpus.len(),
        1,
        "the same card is listed once: {:?}",
        with.gpus
    );
    assert_eq!(with.gpus[0].name.raw(), "NVIDIA GeForce RTX 3090");
    assert_eq!(with.proposal.class, Class::Gpu);
    assert!(with.proposal.hardware.has(Resource::GpuMemory));
    let without = Machine::new(&pci).probe();
    assert_eq!(without.proposal.class, Class::Persistent);
    assert!(!without.proposal.hardware.has(Resource::GpuMemory));
    assert!(
        without.proposal.because.contains("no driver"),
        "{}",
        without.proposal.because
    );
    let amd = |vram: &str| {
        let device = "sys/bus/pci/devices/0000:03:00.0";
        Machine::new(&[
            (&format!("{device}/class"), "0x030000"),
            (&format!("{device}/vendor"), "0x1002"),
            (&format!("{device}/device"), "0x73bf"),
            (&format!("{device}/mem_info_vram_total"), vram),
            (&format!("{device}/driver/x"), ""),
        ])
        .probe()
    };
    assert_eq!(amd("17163091968").proposal.class, Class::Gpu);
    // The graphics of a laptop's processor is no box for models.
    assert_eq!(amd("536870912").proposal.class, Class::Persistent);
}

#[test]
fn a_virtual_machine_says_whose_it_is_and_its_screen_is_no_graphics_processor() {
    let vm = Machine::new(&[
        ("sys/class/dmi/id/sys_vendor", "QEMU\n"),
        (
            "sys/class/dmi/id/product_name",
            "Standard PC (Q35 + ICH9, 2009)\n",
        ),
        ("sys/bus/pci/devices/0000:00:01.0/class", "0x030000"),
        ("sys/bus/pci/devices/0000:00:01.0/vendor", "0x1234"),
        ("sys/bus/i2c/devices/i2c-0/name", "SMBus"),
    ])
    .probe();
    assert_eq!(shown(vm.hypervisor.as_ref()), "QEMU/KVM");
    assert!(vm.gpus.is_empty() && !vm.sensors);
    assert_eq!(vm.proposal.class, Class::Persistent);
    let unnamed = Machine::new(&[(
        "proc/cpuinfo",
        "processor : 0\nflags : fpu vme hypervisor lm\n",
    )]);
    assert!(shown(unnamed.probe().hypervisor.as_ref()).contains("hypervisor"));
}

#[test]
fn nothing_at_all_and_garbage_are_no_errors_and_reach_no_terminal() {
    let nothing = Machine::new(&[]).probe();
    assert!((nothing.cores - 1.0).abs() < 1e-9 && nothing.board.is_none());
    let garbage = Machine::new(&[
        ("proc/device-tree/model", "\u{1b}[2J evil\u{202e}\0"),
        ("proc/cpuinfo", "::::\nmodel name\n\u{0}\u{0}"),
        ("sys/devices/system/cpu/online", "3-0,x"),
        ("proc/meminfo", "MemTotal: lots kB\n"),
        ("sys/fs/cgroup/cpu.max", "0 0"),
        ("sys/bus/pci/devices/x/class", "0xzz"),
    ])
    .probe();
    let text = garbage.to_string();
    assert!(
        text.chars().all(|c| c == '\n' || !c.is_control()),
        "{text:?}"
    );
    assert!((garbage.cores - 1.0).abs() < 1e-9);
}

#[test]
fn this_machine_is_some_machine() {
    let here = Probe::here();
    let speed = here.speed.expect("is measured");
    assert!(here.cores > 0.0 && here.memory_mib > 0);
    assert!(speed.hash_mib_s > 1.0 && speed.verify_s > 1.0, "{speed}");
    let json = serde_json::to_value(&here).expect("writes");
    assert!(json["proposal"]["class"].is_string());
}
