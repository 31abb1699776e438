//! What this process uses, as far as the system tells.

use std::time::Duration;

/// Time that all threads of this process spent on a core; nothing where the system does not tell.
pub(crate) fn cpu() -> Duration {
    cpu_at("self")
}

/// The same of another process.
pub(crate) fn cpu_of(pid: u32) -> Duration {
    cpu_at(&pid.to_string())
}

fn cpu_at(process: &str) -> Duration {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else {
        return Duration::ZERO;
    };
    let of = |path: std::path::PathBuf| {
        let text = std::fs::read_to_string(path.join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    };
    let nanos = threads
        .flatten()
        .filter_map(|thread| of(thread.path()))
        .sum();
    Duration::from_nanos(nanos)
}

/// Memory that this process has in use, in megabytes; 0 where the system does not tell.
pub(crate) fn rss_mb() -> f64 {
    rss_mb_at("self")
}

/// The same of another process.
pub(crate) fn rss_mb_of(pid: u32) -> f64 {
    rss_mb_at(&pid.to_string())
}

fn rss_mb_at(process: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|rest| {
        rest.trim()
            .trim_end_matches(" kB")
            .trim()
            .parse::<f64>()
            .ok()
    });
    kilobytes.unwrap_or(0.0) / 1024.0
}
