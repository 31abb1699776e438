//! `mesh-node run` as somebody uses it: a root, nodes that join, a broker. Where there is no nats-server it says so
//! and checks nothing, unless `MESH_SERVERS=required`.

use mesh_core::operation::{Answer, Operation};
use mesh_node::broker::{self, Broker};
use mesh_node::door::{Client, Visitor};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tokio::net::UnixStream;

/// How long anything may take on a busy machine.
const SOON: Duration = Duration::from_secs(120);

/// A process that ends with its owner.
struct Node(Child);

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Place {
    folder: tempfile::TempDir,
    broker: Broker,
}

impl Place {
    fn new() -> Option<Self> {
        if broker::program().is_none() {
            let required = std::env::var("MESH_SERVERS").is_ok_and(|value| value == "required");
            assert!(!required, "no nats-server, though servers are required");
            println!("skipped: no nats-server on PATH nor in {}", broker::PROGRAM);
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let broker = Broker::start(&folder.path().join("broker")).expect("a broker");
        std::fs::create_dir(folder.path().join("run")).expect("a folder");
        Some(Self { folder, broker })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mesh-node"));
        command
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .stdin(Stdio::null());
        command
    }

    fn done(&self, args: &[&Path]) -> Output {
        let output = self.command().args(args).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {said}");
        output
    }

    /// Writes what a node is told.
    fn told(&self, name: &str, seats: &str, agents: &str) -> PathBuf {
        let config = self.path(&format!("{name}.toml"));
        let state = self.path(name);
        let text = format!(
            "mesh = \"home\"\nshape = \"1x1x4\"\nservers = [{:?}]\nstate = \"{}\"\nseats = {seats}\n[agents]\n{agents}\n",
            self.broker.url(),
            state.display()
        );
        std::fs::write(&config, text).expect("written");
        config
    }

    /// A node asks, is admitted, and takes the answer in.
    fn join(&self, config: &Path) {
        let [keys, request, admit, install] =
            ["keys", "request", "admit", "install"].map(Path::new);
        let (file, root) = (Path::new("--config"), Path::new("--root"));
        let asked = self.done(&[keys, request, file, config]);
        let (question, answer) = (
            config.with_extension("request"),
            config.with_extension("bundle"),
        );
        std::fs::write(&question, asked.stdout).expect("written");
        let granted = self.done(&[
            keys,
            admit,
            &question,
            root,
            &self.path("root"),
            Path::new("--yes"),
        ]);
        std::fs::write(&answer, granted.stdout).expect("written");
        self.done(&[keys, install, &answer, file, config]);
    }

    fn run(&self, config: &Path) -> Node {
        let mut command = self.command();
        command.arg("run").arg("--config").arg(config);
        Node(command.stdout(Stdio::null()).spawn().expect("it starts"))
    }

    /// Waits until so many agents are active, by what the door says.
    async fn active(&self, count: u32) {
        let until = Instant::now() + SOON;
        let mut last = String::new();
        while Instant::now() < until {
            match self.status().await {
                Ok(active) if active == count => return,
                Ok(active) => last = format!("{active} are active"),
                Err(error) => last = error,
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{count} should be active; {last}");
    }

    async fn status(&self) -> Result<u32, String> {
        let socket = UnixStream::connect(self.path("run/mesh/home.sock")).await;
        let socket = socket.map_err(|error| error.to_string())?;
        let client = Client::over(socket, Visitor::here("test")).await;
        let client = client.map_err(|error| error.to_string())?;
        match client.call(Operation::Status {}, false).await {
            Ok(Ok(Answer::Status(status))) => Ok(status.active),
            other => Err(format!("{other:?}")),
        }
    }
}

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
