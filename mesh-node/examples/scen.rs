use mesh_node::drive::sim::{Scenario, run};
fn main() {
    for path in std::env::args().skip(1) {
        if let Ok(n) = path.parse::<u32>() {
            let mut it = std::env::args().skip(1).map(|a| a.parse::<u32>().unwrap());
            let _ = n;
            let r = run(Scenario::default_load(it.next().unwrap(), it.next().unwrap(), u64::from(it.next().unwrap())), |_| {});
            println!("{}", serde_json::to_string_pretty(&r).unwrap());
            return;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let s = Scenario::parse(&text, &path).unwrap_or_else(|e| panic!("{path}: {e}"));
        let expect = toml::to_string(&s.expect).unwrap_or_default();
        let r = run(s, |_| {});
        println!("=== {path}\n  detected {:?}\n  tripped {:?} rows {} viol {} events {} wall {:.2}", r.detected, r.tripped, r.conflict_rows, r.violations, r.events, r.wall_s);
        println!("  kpi {}", serde_json::to_string(&r.kpi).unwrap());
        println!("  door {}", serde_json::to_string(&r.door).unwrap());
        for b in &r.broken { println!("  BROKEN {b}"); }
        println!("  expect: {}", expect.replace('\n', " ; "));
    }
}
