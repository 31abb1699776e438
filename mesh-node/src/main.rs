//! `mesh-node`: headless, on devices and servers.

use mesh_node::drive::sim::{Scenario, run};

fn main() {
    if let Some(f) = std::env::args().nth(1).filter(|f| f.ends_with("toml")) {
        let r = run(Scenario::load(std::path::Path::new(&f)).unwrap(), |_| {});
        println!("{}", serde_json::to_string(&r).unwrap());
        return;
    }
    let args: Vec<u32> = std::env::args()
        .skip(1)
        .map(|a| a.parse().unwrap())
        .collect();
    let report = run(
        Scenario::default_load(args[0], args[1], u64::from(args[2])),
        |_| {},
    );
    println!("{}", serde_json::to_string_pretty(&report).unwrap());
}
