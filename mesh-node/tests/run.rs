//! `mesh-node run` as somebody uses it: a root, nodes that join, a broker. Where there is no nats-server it says so
//! and checks nothing, unless `MESH_SERVERS=required`.

mod place;

use place::Place;
use std::path::Path;

#[tokio::test]
async fn nodes_join_with_keys_and_their_agents_become_active() {
    let Some(place) = Place::new() else { return };
    let root = place.path("root");
    place.done(&[Path::new("keys"), Path::new("init"), &root]);
    let top = place.told("top", "[\"orchestrator\", \"1\"]", "");
    let first = place.told("first", "[\"1-1\"]", "\"1-1-1\" = \"builtin:hash\"");
    let second = place.told("second", "[\"1-1\"]", "\"1-1-2\" = \"builtin:sysinfo\"");
    for config in [&top, &first, &second] {
        place.join(config);
    }
    let _top = place.run(&top);
    let _first = place.run(&first);
    place.active(1).await;
    let _second = place.run(&second);
    place.active(2).await;
}

#[test]
fn a_node_that_was_not_admitted_says_what_to_do() {
    let Some(place) = Place::new() else { return };
    let config = place.told("stranger", "[\"1-1\"]", "");
    let mut command = place.command();
    let output = command.arg("run").arg("--config").arg(&config).output();
    let output = output.expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("keys request"),
        "{said}"
    );
}

#[tokio::test]
async fn a_node_whose_keys_are_revoked_is_believed_no_longer_and_a_standby_takes_its_seat() {
    let Some(place) = Place::new() else { return };
    let root = place.path("root");
    place.done(&[Path::new("keys"), Path::new("init"), &root]);
    let top = place.told("top", "[\"orchestrator\", \"1\"]", "");
    let first = place.told("first", "[\"1-1\"]", "\"1-1-1\" = \"builtin:hash\"");
    let second = place.told("second", "[\"1-1\"]", "\"1-1-2\" = \"builtin:hash\"");
    for config in [&top, &first, &second] {
        place.join(config);
    }
    let _top = place.run(&top);
    let _first = place.run(&first);
    place.active(1).await;
    let _second = place.run(&second);
    place.active(2).await;
    // The first leads; it and its agent are to go, though they go on as if nothing had happened.
    let [keys, revoke, announce] = ["keys", "revoke", "announce"].map(Path::new);
    let word = place.done(&[
        keys,
        revoke,
        &first.with_extension("request"),
        Path::new("--root"),
        &root,
    ]);
    let revocation = place.path("revocation.json");
    std::fs::write(&revocation, word.stdout).expect("written");
    place.done(&[keys, announce, &revocation, Path::new("--config"), &second]);
    place.active(1).await;
    // Whoever leads now has work done by the agent that is left, and by no other; with half of its agents gone the mesh takes
    // what is critical.
    let until = std::time::Instant::now() + place::SOON;
    loop {
        let line = "delegate \"abc\" requires hash priority 3";
        let operation = mesh_core::operation::Operation::from_line(line).expect("it reads");
        let client = place.client().await.expect("a door");
        let done = client.call(operation, true).await.expect("answered");
        if let Ok(mesh_core::operation::Answer::Delegated { at, .. }) = &done {
            assert_eq!(*at, "1-1-2".parse().ok());
            break;
        }
        assert!(std::time::Instant::now() < until, "{done:?}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}
