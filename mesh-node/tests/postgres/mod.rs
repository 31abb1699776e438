//! A `PostgreSQL` server of a test's own, on loopback, gone with it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where to look for `initdb` and `postgres`.
pub(super) const PROGRAMS: &str = "MESH_POSTGRES";
/// How long it may take to be there.
const START: Duration = Duration::from_secs(60);

/// A server that runs until this is dropped.
pub(super) struct Postgres {
    child: Child,
    port: u16,
    _data: tempfile::TempDir,
}

impl Postgres {
    /// Makes a database and starts its server; nothing where there is none on this machine.
    pub(super) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            println!("skipped: no initdb and postgres in {PROGRAMS} nor on PATH");
            return None;
        };
        let data = tempfile::tempdir().expect("a folder");
        let folder = data.path().join("data");
        std::fs::create_dir(&folder).expect("a folder");
        if is_root() {
            // It refuses to run as root.
            for path in [data.path(), &folder] {
                let owned = Command::new("chown").arg("nobody").arg(path).status();
                assert!(owned.expect("chown is there").success());
            }
        }
        let made = as_nobody(&programs.join("initdb"))
            .args(["--auth=trust", "--username=mesh", "--no-sync", "--pgdata"])
            .arg(&folder)
            .stdout(Stdio::null())
            .status();
        assert!(made.expect("initdb is there").success());
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|free| free.local_addr())
            .expect("a free port")
            .port();
        let child = as_nobody(&programs.join("postgres"))
            .arg("-D")
            .arg(&folder)
            .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-k"])
            .arg(&folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("postgres starts");
        let server = Self {
            child,
            port,
            _data: data,
        };
        let until = Instant::now() + START;
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "postgres does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(server)
    }

    /// Its URL.
    pub(super) fn url(&self) -> String {
        format!("postgres://mesh@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Its own children end with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn programs() -> Option<PathBuf> {
    let has = |folder: &PathBuf| {
        ["initdb", "postgres"]
            .iter()
            .all(|name| folder.join(name).is_file())
    };
    if let Some(folder) = std::env::var_os(PROGRAMS).map(PathBuf::from) {
        // Named, they must be there.
        assert!(
            has(&folder),
            "{PROGRAMS}: no initdb and postgres in {}",
            folder.display()
        );
        return Some(folder);
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).find(has)
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id is there");
    id.stdout.starts_with(b"0\n")
}

fn as_nobody(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"])
        .arg(program);
    // It goes back to the folder that it was started from.
    command.current_dir("/");
    command
}
