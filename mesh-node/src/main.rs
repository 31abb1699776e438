//! `mesh-node`: headless, on devices and servers.
use mesh_core::place::Shape;
use mesh_node::drive::sim::world::World;

fn main() {
    let args: Vec<u32> = std::env::args()
        .skip(1)
        .map(|a| a.parse().unwrap())
        .collect();
    let shape = Shape::new(args[0], 10, 30).unwrap();
    let t = std::time::Instant::now();
    let mut w = World::new(shape, args[1] as i64, args[2] as u64);
    w.run();
    println!(
        "{:?} events {} ns/event {:.0} refusals {} violations {} hash {:x} sheets {}",
        t.elapsed(),
        w.events,
        t.elapsed().as_nanos() as f64 / w.events as f64,
        w.refusals,
        w.violations,
        w.hash,
        w.sheets.len()
    );
    for s in w.sheets.iter().step_by((w.sheets.len() / 6).max(1)) {
        println!(
            "lead {} elapsed {} {:?} elig {} {:?} inwin {:?} w50 {:?} skips {:?} bound {}",
            s.lead,
            s.elapsed,
            s.decision,
            s.eligible(),
            s.account,
            s.in_window(),
            s.within_50(),
            s.skips,
            s.bound
        );
    }
    if let Some(s) = w.sheets.last() {
        for c in &s.classes {
            println!("{c:?}");
        }
        println!("{:?}", s.errors);
    }
    let total: u32 = w.spread.iter().sum();
    let mut acc = 0;
    for (i, n) in w.spread.iter().enumerate() {
        acc += n;
        if f64::from(acc) > 0.99 * f64::from(total) {
            println!("spread p99 {} ms of {total}", i as f64 / 10.0);
            break;
        }
    }
    let rss = std::fs::read_to_string("/proc/self/status").unwrap();
    println!("{}", rss.lines().find(|l| l.starts_with("VmHWM")).unwrap());
}
