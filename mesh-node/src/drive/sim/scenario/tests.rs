//! Reading, refusing, writing back, making smaller.

use super::*;
use mesh_core::chance::Chance;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/scenarios")
}

fn files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder()).expect("tests/scenarios is there");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    files.sort();
    files
}

#[test]
fn every_scenario_is_read_says_what_it_shows_and_is_written_back_to_the_same() {
    let files = files();
    assert!(files.len() >= 20, "{} scenarios", files.len());
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a text");
        assert!(text.starts_with("# "), "{} has no purpose", path.display());
        let scenario = Scenario::load(&path).unwrap_or_else(|error| panic!("{error}"));
        let again = Scenario::parse(&scenario.to_toml(), "again")
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(again, scenario, "{}", path.display());
        let troubled = !scenario.faults.is_empty() || scenario.network.loss > 0.0;
        assert!(troubled, "{}", path.display());
    }
}

#[test]
fn every_kind_of_fault_is_shown_by_some_scenario() {
    let mut seen: Vec<String> = files()
        .iter()
        .flat_map(|path| Scenario::load(path).expect("read before").faults)
        .map(|fault| {
            let table = toml::Table::try_from(&fault).expect("a table");
            table["kind"].as_str().expect("a text").to_owned()
        })
        .collect();
    seen.sort();
    seen.dedup();
    for name in FaultKind::NAMES {
        assert!(seen.iter().any(|kind| kind == name), "{name}");
    }
}

#[test]
fn what_is_wrong_is_said_in_one_line_with_its_place_and_what_would_be_right() {
    let fault = "[[fault]]\nat = 1\n";
    for (text, wanted) in [
        (
            "secnds = 3",
            &["s.toml:1:", "`secnds`", "did you mean `seconds`?"][..],
        ),
        ("seconds = \"3 weeks\"", &["s.toml:1:", "3 weeks", "150ms"]),
        ("seconds = -1", &["seconds = -1", "1us to 48h"]),
        (
            "\n[load]\nstrategy = \"waves\"",
            &["s.toml:3:", "`waves`", "`wave`"],
        ),
        (
            "[network]\n\nlos = 0.1",
            &["s.toml:3:", "did you mean `loss`?"],
        ),
        ("[network]\nloss = 1.5", &["network.loss = 1.5", "0 to 1"]),
        (
            "[network]\nloss = \"much\"",
            &["s.toml:2:", "much", "expected a number"],
        ),
        (
            "mesh = { sectors = 0, agents = 3 }",
            &["mesh = 0 x 1 x 3", "1 to 1000 sectors"],
        ),
        (
            "mesh = { agents = 0 }",
            &["mesh.agents = 0", "1 to 16000000"],
        ),
        (
            &format!("{fault}kind = \"crsh\""),
            &["s.toml:3:", "`crsh`", "did you mean `crash`?"],
        ),
        (
            &format!("{fault}scope = \"all\""),
            &["s.toml:1:", "`kind`", "crash, restart"],
        ),
        ("[[fault]]\nkind = \"restart\"", &["s.toml:1:", "`at`"]),
        (
            &format!("{fault}kind = \"slow\"\nfacto = 3\nfactor = 2"),
            &["s.toml:4:", "`facto`", "did you mean `factor`?"],
        ),
        (
            &format!("{fault}kind = \"slow\""),
            &["s.toml:1:", "`factor`"],
        ),
        (
            &format!("{fault}kind = \"slow\"\nfactor = 1e9"),
            &["fault[1].factor = 1000000000", "0.01 to 255"],
        ),
        (
            &format!("{fault}kind = \"crash\"\nshare = 0.1\ncount = 2"),
            &["fault[1].share", "either `count` or `share`"],
        ),
        (
            &format!("{fault}kind = \"reconnect\"\nscope = \"all\""),
            &["s.toml:4:", "`scope` is not known here"],
        ),
        (
            &format!("{fault}kind = \"partition\"\nside = []"),
            &["fault[1].side", "at least one"],
        ),
        (
            &format!("{fault}kind = \"clock\""),
            &["fault[1]", "`step`, `drift_ppm` or `stop`"],
        ),
        (
            &format!("{fault}kind = \"crash\"\nuntil = 4"),
            &["fault[1].until", "beside `every`"],
        ),
        (
            "[expect]\ndetected = [\"rogue_agnt\"]",
            &["expect.detected", "did you mean \"rogue_agent\"?"],
        ),
        (
            "[expect]\nkpi.quorum_shar = \">= 1\"",
            &["s.toml:2:", "did you mean `quorum_share`?"],
        ),
        (
            "[expect]\nkpi.quorum_share = \"> 1\"",
            &["s.toml:2:", "is no bound", ">= 0.99"],
        ),
        ("seed = -4", &["s.toml:1:", "-4", "whole number"]),
        ("seconds = ", &["s.toml:1:"]),
        ("seed = 1\nseed = 2", &["s.toml:2:"]),
        ("\u{0}", &["s.toml:1:"]),
    ] {
        let error = Scenario::parse(text, "s.toml").expect_err(text).to_string();
        assert!(!error.contains('\n'), "{error}");
        for part in wanted {
            assert!(error.contains(part), "{text:?}: {error:?} lacks {part:?}");
        }
    }
}

#[test]
fn lengths_of_time_are_seconds_or_texts_with_a_unit() {
    for (text, micros) in [
        ("3", 3_000_000),
        ("0.25", 250_000),
        ("\"150ms\"", 150_000),
        ("\"10 s\"", 10_000_000),
        ("\"5m\"", 300_000_000),
        ("\"1.5h\"", 5_400_000_000),
        ("\"70us\"", 70),
    ] {
        let scenario = Scenario::parse(&format!("seconds = {text}"), "").expect(text);
        assert_eq!(scenario.duration, Micros(micros), "{text}");
    }
}

#[test]
fn the_default_load_is_that_of_the_thirty_thousand() {
    let scenario = Scenario::default_load(30_000, 600, 7);
    assert_eq!(scenario.shape(), Shape::DEFAULT);
    assert_eq!(scenario.agent_count(), 30_000);
    assert_eq!(
        scenario.classes.counts(30_000),
        [10_000, 8_000, 5_000, 2_000, 3_000, 2_000]
    );
    assert_eq!(scenario.check("default"), Ok(()));
}

#[test]
fn any_number_of_agents_has_a_shape_that_holds_them() {
    for agents in [
        1, 3, 29, 30, 31, 299, 300, 301, 999, 30_000, 300_001, 1_000_000, 16_000_000,
    ] {
        let mesh = MeshSize::of_agents(agents);
        let shape = mesh.shape();
        assert!(
            shape.agent_count() >= agents as usize,
            "{agents}: {shape:?}"
        );
        assert_eq!(mesh.agent_count(), agents as usize);
        let (sectors, clusters) = (shape.sectors.into(), shape.clusters.into());
        assert_eq!(
            Shape::new(sectors, clusters, shape.agents.into()),
            Ok(shape)
        );
    }
}

#[test]
fn a_mix_of_classes_adds_up_for_any_number() {
    for total in [0, 1, 7, 40, 999] {
        assert_eq!(
            ClassMix::default().counts(total).iter().sum::<usize>(),
            total
        );
    }
}

#[test]
fn a_repeated_fault_strikes_until_its_end() {
    let mut fault = Fault::once(Micros::seconds(10), FaultKind::Reconnect {});
    let end = Micros::seconds(60);
    assert_eq!(fault.times(end).count(), 1);
    fault.every = Some(Micros::seconds(10));
    assert_eq!(fault.times(end).count(), 5);
    fault.until = Some(Micros::seconds(31));
    assert_eq!(fault.times(end).last(), Some(Micros::seconds(30)));
    assert_eq!(fault.times(Micros::seconds(5)).count(), 0);
}

#[test]
fn random_scenarios_are_right_and_are_written_back_to_the_same() {
    let mut chance = Chance::new(5);
    for _ in 0..300 {
        let scenario = Scenario::random(&mut chance);
        let text = scenario.to_toml();
        let again = Scenario::parse(&text, "random").unwrap_or_else(|e| panic!("{e}\n{text}"));
        assert_eq!(again, scenario, "{text}");
    }
}

#[test]
fn shrinking_comes_to_an_end_with_only_what_fails() {
    let mut chance = Chance::new(6);
    // "Fails" while a partition is left.
    let fails = |scenario: &Scenario| {
        let cut = |fault: &Fault| matches!(fault.kind, FaultKind::Partition { .. });
        scenario.faults.iter().any(cut)
    };
    let mut scenario = core::iter::repeat_with(|| Scenario::random(&mut chance))
        .find(|scenario| fails(scenario) && scenario.faults.len() > 4)
        .expect("one in a few has a partition");
    let mut rounds = 0;
    loop {
        let Some(simpler) = scenario.simpler().find(&fails) else {
            break;
        };
        scenario = simpler;
        rounds += 1;
        assert!(rounds < 200);
    }
    assert_eq!(scenario.faults.len(), 1);
    assert_eq!(scenario.agent_count(), 1);
    assert_eq!(scenario.duration, Micros::seconds(1));
    assert!(scenario.network.loss.abs() < 1e-12);
    assert_eq!(scenario.check("small"), Ok(()));
}
