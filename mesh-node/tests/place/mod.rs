//! A broker, folders for nodes, and the program that runs them, as somebody would use them. Where there is no nats-server it
//! says so and nothing is checked, unless `MESH_SERVERS=required`.

use mesh_core::operation::{Answer, Operation};
use mesh_node::broker::{self, Broker};
use mesh_node::door::{Client, Visitor};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tokio::net::UnixStream;

/// How long anything may take on a busy machine.
pub(super) const SOON: Duration = Duration::from_secs(120);

/// A process that ends with its owner.
pub(super) struct Node(pub(super) Child);

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where a test's mesh is.
pub(super) struct Place {
    pub(super) folder: tempfile::TempDir,
    pub(super) broker: Broker,
}

impl Place {
    pub(super) fn new() -> Option<Self> {
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

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mesh-node"));
        command
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .stdin(Stdio::null());
        command
    }

    pub(super) fn done(&self, args: &[&Path]) -> Output {
        let output = self.command().args(args).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {said}");
        output
    }

    /// Writes what a node is told.
    pub(super) fn told(&self, name: &str, seats: &str, agents: &str) -> PathBuf {
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
    pub(super) fn join(&self, config: &Path) {
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

    pub(super) fn run(&self, config: &Path) -> Node {
        let mut command = self.command();
        command.arg("run").arg("--config").arg(config);
        Node(command.stdout(Stdio::null()).spawn().expect("it starts"))
    }

    /// Somebody at the door of the orchestrator's node.
    pub(super) async fn client(&self) -> Result<Client, String> {
        let socket = UnixStream::connect(self.path("run/mesh/home.sock")).await;
        let socket = socket.map_err(|error| error.to_string())?;
        let client = Client::over(socket, Visitor::here("test")).await;
        client.map_err(|error| error.to_string())
    }

    /// Waits until so many agents are active, by what the door says.
    pub(super) async fn active(&self, count: u32) {
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

    pub(super) async fn status(&self) -> Result<u32, String> {
        let client = self.client().await?;
        match client.call(Operation::Status {}, false).await {
            Ok(Ok(Answer::Status(status))) => Ok(status.active),
            other => Err(format!("{other:?}")),
        }
    }
}
