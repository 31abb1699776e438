//! A broker of one's own: a nats-server on this machine, for benchmarks and tests, that ends when its owner does.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The variable that names the program.
pub const PROGRAM: &str = "NATS_SERVER";
/// How long it may take until it takes connections.
const START_MAX: Duration = Duration::from_secs(10);
/// How long between two looks whether it does.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How long it may take to tell of itself.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// A nats-server that listens on loopback alone.
#[derive(Debug)]
pub struct Broker {
    child: Child,
    port: u16,
    /// Where it tells of itself.
    monitor: u16,
    state: PathBuf,
}

/// No broker.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// It is not installed.
    #[error(
        "no nats-server: it is neither on PATH nor named by {PROGRAM}; install it, from 2.10 on, or give the address of a running one"
    )]
    Missing,
    /// It cannot be started.
    #[error("cannot start {program}: {source}")]
    Start {
        /// Which program.
        program: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// It ended, or never listened.
    #[error("{program} does not take connections at 127.0.0.1:{port}: {said}")]
    Deaf {
        /// Which program.
        program: String,
        /// Where it should listen.
        port: u16,
        /// The last it said.
        said: String,
    },
}

/// The program, if there is one.
pub fn program() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(PROGRAM) {
        return Some(PathBuf::from(named));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join("nats-server"))
        .find(|file| file.is_file())
}

impl Broker {
    /// Starts one that keeps its state in this folder.
    pub fn start(state: &Path) -> Result<Self, BrokerError> {
        let port = || {
            free_port().map_err(|source| BrokerError::Start {
                program: "nats-server".to_owned(),
                source,
            })
        };
        Self::start_at(state, port()?, port()?)
    }

    fn start_at(state: &Path, port: u16, monitor: u16) -> Result<Self, BrokerError> {
        let program = program().ok_or(BrokerError::Missing)?;
        let shown = program.display().to_string();
        let child = Command::new(&program)
            .args(["-a", "127.0.0.1", "-js", "-p"])
            .arg(port.to_string())
            .arg("-m")
            .arg(monitor.to_string())
            .arg("-sd")
            .arg(state)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let child = child.map_err(|source| BrokerError::Start {
            program: shown.clone(),
            source,
        })?;
        let mut broker = Self {
            child,
            port,
            monitor,
            state: state.to_owned(),
        };
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let until = Instant::now() + START_MAX;
        while Instant::now() < until {
            if matches!(broker.child.try_wait(), Ok(Some(_)) | Err(_)) {
                break;
            }
            // It takes connections before its streams are there; it says INFO when it is ready for both.
            if TcpStream::connect_timeout(&at, LOOK_EVERY).is_ok() {
                broker.hush();
                return Ok(broker);
            }
            std::thread::sleep(LOOK_EVERY);
        }
        let said = broker.last_words();
        Err(BrokerError::Deaf {
            program: shown,
            port,
            said,
        })
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Messages that it took in and gave out so far, by its own count; none when it does not say.
    pub fn messages(&self) -> Option<u64> {
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, self.monitor));
        let mut socket = TcpStream::connect_timeout(&at, ANSWER_MAX).ok()?;
        socket.set_read_timeout(Some(ANSWER_MAX)).ok()?;
        socket
            .write_all(b"GET /varz HTTP/1.0\r\nHost: localhost\r\n\r\n")
            .ok()?;
        let mut answer = String::new();
        socket.take(1024 * 1024).read_to_string(&mut answer).ok()?;
        let (_, body) = answer.split_once("\r\n\r\n")?;
        let body: serde_json::Value = serde_json::from_str(body).ok()?;
        let count = |field: &str| body.get(field)?.as_u64();
        Some(count("in_msgs")? + count("out_msgs")?)
    }

    /// Kills it as a power failure would.
    pub fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again at the same address with the state that it had.
    pub fn restart(&mut self) -> Result<(), BrokerError> {
        self.kill();
        let again = Self::start_at(&self.state, self.port, self.monitor)?;
        // The one that ended is dropped with nothing left to end.
        *self = again;
        Ok(())
    }

    /// Reads on what it says, so that it never waits for a reader.
    fn hush(&mut self) {
        if let Some(mut said) = self.child.stderr.take() {
            let reader = std::thread::Builder::new().name("broker log".to_owned());
            // Without the thread the pipe is closed, and what it says is lost.
            let _ = reader.spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        }
    }

    fn last_words(&mut self) -> String {
        self.kill();
        let mut said = String::new();
        if let Some(pipe) = self.child.stderr.take() {
            let _ = pipe.take(64 * 1024).read_to_string(&mut said);
        }
        let last = said.lines().last().unwrap_or("it said nothing");
        mesh_core::text::Foreign::new(last).to_string()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port of loopback that nobody has now.
fn free_port() -> std::io::Result<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()
        .map(|at| at.port())
}
