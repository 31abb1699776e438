use super::*;
use mesh_core::place::Class;
use mesh_core::time::{Micros, WallTime};
use mesh_core::trust::Signer as _;
use mesh_core::trust::certificate::LIFETIME_MAX;
use mesh_core::trust::seat::Seat;
use std::os::unix::fs::PermissionsExt as _;

const NOW: WallTime = WallTime(1_750_000_000_000_000);

fn home() -> (tempfile::TempDir, Home) {
    let folder = tempfile::tempdir().expect("a folder");
    let home = Home::at(folder.path().join("mesh"));
    (folder, home)
}

fn place(text: &str) -> AgentId {
    text.parse().expect("a place")
}

fn request(identity: &Identity) -> Signed {
    let agents = identity.agents.iter().map(|(place, key)| AskedAgent {
        place: *place,
        class: Class::Local,
        key: key.public(),
    });
    let request = Request {
        mesh: "home".to_owned(),
        node: identity.node.public(),
        seats: vec![Seat::Lead(place("7-4-1").cluster)],
        agents: agents.collect(),
    };
    request.sign(identity)
}

#[test]
fn a_secret_is_its_owners_alone_and_refused_when_others_can_read_it() {
    let (_folder, home) = home();
    let made = home.make_root().expect("a root");
    let path = home.folder().join("root.key");
    let mode = |path: &Path| path.metadata().expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(home.folder())), (0o600, 0o700));
    assert_eq!(home.root().expect("a root").public(), made.public());
    assert!(matches!(home.make_root(), Err(FileError::Exists(_))));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("a mode");
    let said = home.root().expect_err("others can read it").to_string();
    assert!(said.contains("chmod 600"), "{said}");
}

#[test]
fn a_node_keeps_its_keys_and_adds_those_of_new_agents() {
    let (_folder, home) = home();
    let first = home.identity([place("7-4-1")]).expect("keys");
    let second = home
        .identity([place("7-4-1"), place("7-4-2")])
        .expect("keys");
    assert_eq!(first.node.public(), second.node.public());
    let key = |identity: &Identity, at: &str| identity.agents[&place(at)].public();
    assert_eq!(key(&first, "7-4-1"), key(&second, "7-4-1"));
    assert_ne!(key(&second, "7-4-1"), key(&second, "7-4-2"));
    let only = home.identity([place("7-4-2")]).expect("keys");
    assert_eq!(key(&only, "7-4-2"), key(&second, "7-4-2"));
    assert_eq!(
        only.agents.len(),
        1,
        "it has the secrets of those that it hosts"
    );
}

#[test]
fn a_broken_file_of_keys_says_where() {
    let (_folder, home) = home();
    home.identity([place("7-4-1")]).expect("keys");
    let path = home.folder().join("agents.keys");
    let text = std::fs::read_to_string(&path).expect("text");
    std::fs::write(&path, text + "7-4-2 abc\n").expect("written");
    let said = home
        .identity([place("7-4-1")])
        .expect_err("broken")
        .to_string();
    assert!(said.contains("line 2"), "{said}");
}

#[test]
fn whoever_asked_is_admitted_and_nobody_else() {
    let ((_a, home), (_b, other)) = (home(), self::home());
    let root = home.make_root().expect("a root");
    let (mine, theirs) = (
        home.identity([place("7-4-1")]).expect("keys"),
        other.identity([]).expect("keys"),
    );
    let bundle = request(&mine).grant(&root, NOW).expect("a bundle");
    bundle.check(&mine, NOW).expect("it is ours");
    assert!(matches!(
        bundle.check(&theirs, NOW),
        Err(RequestError::NotOurs { .. })
    ));
    let late = NOW + LIFETIME_MAX + Micros::seconds(1);
    assert!(matches!(
        bundle.check(&mine, late),
        Err(RequestError::Refused { .. })
    ));
    home.keep(&bundle).expect("kept");
    assert_eq!(home.bundle().expect("read"), Some(bundle));
}

#[test]
fn a_request_that_was_changed_on_its_way_is_refused() {
    let (_folder, home) = home();
    let root = home.make_root().expect("a root");
    let identity = home.identity([]).expect("keys");
    let mut changed = request(&identity);
    changed.request.seats.push(Seat::Orchestrator);
    assert!(matches!(
        changed.grant(&root, NOW),
        Err(RequestError::Unsigned)
    ));
}

#[test]
fn boots_only_grow() {
    let (_folder, home) = home();
    let boots = [(); 3].map(|()| home.boot().expect("a boot").0);
    assert_eq!(boots, [1, 2, 3]);
}
