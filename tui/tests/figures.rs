//! Figures of the running console, printed:
//! `cargo test --release -p tui --test figures -- --ignored --nocapture`.

mod pty;

use pty::Pty;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const MESH: &str = env!("CARGO_BIN_EXE_mesh");

/// Processor time of a process so far.
fn cpu(id: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).expect("runs");
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks: u64 =
        fields[11].parse::<u64>().expect("utime") + fields[12].parse::<u64>().expect("stime");
    Duration::from_millis(ticks * 10)
}

/// Resident memory of a process in MB.
fn memory(id: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("runs");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .expect("VmRSS");
    let kb: f64 = line
        .split_whitespace()
        .nth(1)
        .and_then(|kb| kb.parse().ok())
        .expect("kB");
    kb / 1024.0
}

/// A lab in a process of its own.
struct Lab {
    child: Child,
    folder: std::path::PathBuf,
}

impl Lab {
    fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("mesh-figures-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let child = Command::new(MESH)
            .args(["--connect", "figures", "lab"])
            .env("XDG_RUNTIME_DIR", &folder)
            .stdout(Stdio::null())
            .spawn()
            .expect("starts");
        Self { child, folder }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[test]
#[ignore = "prints figures"]
fn figures_of_the_running_console() {
    let began = Instant::now();
    let mut pty = Pty::start(MESH, &[], &[], 120, 40);
    pty.wait_text("MESH-30K");
    println!(
        "start to first frame, embedded      wanted 100 ms   {:?}",
        began.elapsed()
    );
    pty.wait("a living grid", |screen| {
        let contents = screen.contents();
        contents.contains("/ 30,000 active")
            && contents
                .lines()
                .any(|line| line.contains(" 90 ") && !line.contains(" - "))
    });
    println!(
        "start to a living grid of 30,000    wanted 2 s      {:?}",
        began.elapsed()
    );
    pty.send("\x03\x03");
    pty.end();

    let lab = Lab::start();
    let folder = lab.folder.display().to_string();
    let env = [("XDG_RUNTIME_DIR", folder.as_str())];
    let mut pty = Pty::start(MESH, &["--connect", "figures"], &env, 120, 40);
    pty.wait_text("/ 30,000 active");
    std::thread::sleep(Duration::from_secs(10));
    let (before, bytes, began) = (cpu(pty.id()), pty.raw().len(), Instant::now());
    std::thread::sleep(Duration::from_secs(30));
    let span = began.elapsed().as_secs_f64();
    let spent = cpu(pty.id())
        .checked_sub(before)
        .expect("a process's time only grows");
    let used = spent.as_secs_f64() / span * 100.0;
    let rate = (pty.raw().len() - bytes) as f64 / span / 1e3;
    println!(
        "console alone on a living lab       processor {used:.2} %   {rate:.2} kB/s   {:.1} MB (wanted 40 MB)",
        memory(pty.id())
    );
    pty.send("\x03\x03");
    pty.end();
}
