//! The command line: what can be asked, and how it ends. 0 is well, 1 is that something did not hold, 2 is bad input.

mod bench;
mod fuzz;
mod keys;
mod lab;
mod paper;
mod predict;
mod probe;
mod run;
mod sim;
mod store;
mod table;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};
use mesh_core::place::{AgentId, Shape};
use mesh_core::trust::seat::Seat;
use mesh_node::config::{self, Given};
use mesh_node::door::Address;
use mesh_node::drive::sim::{Scenario, Signatures};
use mesh_node::store::Location;
use mesh_node::worker::Spec;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Something did not hold: an invariant, an expectation.
const FAILED: u8 = 1;
/// The input is not what it should be.
const BAD_INPUT: u8 = 2;

/// A mesh node: a share of a mesh over a broker, a lab in real time, a simulated mesh, and the predictor over recorded traces.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs this machine's share of a mesh over a NATS broker
    #[command(after_help = RUN_EXAMPLES)]
    Run(RunArgs),
    /// Keys of a mesh: its root, and how nodes join
    #[command(after_help = KEYS_EXAMPLES)]
    Keys(KeysArgs),
    /// Looks into the store of a mesh: what it has, whether its logs are whole, backup and restore
    #[command(after_help = STORE_EXAMPLES)]
    Store(StoreArgs),
    /// Runs a lab: a whole mesh in this process, in real time, on modelled devices
    #[command(after_help = LAB_EXAMPLES)]
    Lab(Lab),
    /// Measures a mesh that runs
    #[command(after_help = BENCH_EXAMPLES)]
    Bench(Bench),
    /// One more process of a benchmark, which starts it
    #[command(hide = true)]
    BenchHost,
    /// Runs a mesh in virtual time, through faults, and says what it came to
    #[command(after_help = SIM_EXAMPLES)]
    Sim(Sim),
    /// Runs the predictor over round-trip traces, beside its baselines
    #[command(after_help = PREDICT_EXAMPLES)]
    Predict(Predict),
    /// Says what hardware this is, and proposes a class and capabilities
    #[command(after_help = PROBE_EXAMPLES)]
    Probe(Probe),
    /// Prints what a shell needs to complete this command line
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(Completions),
    /// Prints the manual page, or writes one for each command
    #[command(after_help = MAN_EXAMPLES)]
    Man(Man),
}

const RUN_EXAMPLES: &str = "\
Examples:
  mesh-node run --config node.toml
  mesh-node run --mesh home --shape 1x1x3 --server nats://10.0.0.5:4222 --seat orchestrator --seat 1 --seat 1-1
  mesh-node run --mesh home --shape 1x1x3 --server nats://10.0.0.5:4222 --agent 1-1-1=builtin:hash

Every option can stand in the file and, as MESH_NODE_ and its name, in the environment; the command line counts before the
environment, and that before the file. A node must be admitted before it runs: see `mesh-node keys`.";

const KEYS_EXAMPLES: &str = "\
Examples:
  mesh-node keys init ~/mesh-root                                  once, on a machine that is not part of the mesh
  mesh-node keys request --config node.toml > request.json         on the node
  mesh-node keys admit request.json --root ~/mesh-root > bundle.json
  mesh-node keys install bundle.json --config node.toml            on the node
  mesh-node keys show --config node.toml
  mesh-node keys revoke request.json --root ~/mesh-root --cause compromised > revocation.json
  mesh-node keys announce revocation.json --config node.toml       on any node of the mesh";

const STORE_EXAMPLES: &str = "\
Examples:
  mesh-node store show --mesh home
  mesh-node store verify --config node.toml                the first row of a log that was altered, if any was
  mesh-node store backup home.backup --mesh home           also while the mesh runs
  mesh-node store restore home.backup --store new.db       into a store that has nothing yet, of either kind
  mesh-node store bench --store bench.db                   how fast this disk is for it
  mesh-node store history 7-4-12 --mesh home               how an agent did, by the minute, the quarter and the hour

A store is a SQLite file, by default mesh.db among the node's keys, or a PostgreSQL or CockroachDB database. The status of
`verify` is 1 when a row was altered.";

const LAB_EXAMPLES: &str = "\
Examples:
  mesh-node lab                          30,000 agents; the console finds them under the name `lab`
  mesh-node lab --situation stuck-pis    two small boards were given work for a graphics processor: ask what is wrong
  mesh-node lab --agents 900 --name small
  mesh-node lab --worker 1-1-1=builtin:hash --worker '1-1-2=exec:wc -c'    agents that run something real
  mesh-node lab --worker 2-1-1=http://localhost:8080/f --worker 2-1-2=human

It runs until it is interrupted or terminated. Networks and processing times are drawn per class from distributions that
were fitted to recorded traces; agents die and come back now and then, and a throw goes to all every twenty seconds.";

const BENCH_EXAMPLES: &str = "\
Examples:
  mesh-node bench                                      a table for people
  mesh-node bench --agents 30000 --rounds 20 --json    one JSON object
  mesh-node bench --driver nats --hosts 8 --raw        over a broker in eight processes, beside the bare yardstick";

const SIM_EXAMPLES: &str = "\
Examples:
  mesh-node sim                                            30,000 agents for ten minutes, with the default faults
  mesh-node sim --agents 1000000 --seconds 60 --json       a million for a minute, as one JSON object
  mesh-node sim --scenario tests/scenarios/clock-chaos.toml
  mesh-node sim --fuzz 600 --seed 7 --out found.toml       random scenarios for ten minutes, until one breaks something
  mesh-node sim --fuzz 7200 --count 10000 --all            ten thousand of them, on all cores, and which break something
  mesh-node sim --random 17 --seed 7                       one of them again, by its number

Equal seeds give equal runs. The status is 1 when an invariant broke or an expectation of the scenario was not met,
2 when the input is not right.";

const PREDICT_EXAMPLES: &str = "\
Examples:
  mesh-node predict wifi.txt ocean.txt      a table for people
  mesh-node predict --json traces/*.txt     one JSON object a line, for each file

A trace has one round trip a line, in milliseconds. Each is predicted from those before it alone.";

const PROBE_EXAMPLES: &str = "\
Examples:
  mesh-node probe           a table for people
  mesh-node probe --json    one JSON object";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  mesh-node completions bash > ~/.local/share/bash-completion/completions/mesh-node
  mesh-node completions fish > ~/.config/fish/completions/mesh-node.fish";

const MAN_EXAMPLES: &str = "\
Examples:
  mesh-node man | man -l -
  mesh-node man --out ~/.local/share/man/man1";

/// What `run` takes; all of it can be in the file.
#[derive(Debug, Args)]
struct RunArgs {
    /// A TOML file that says the same
    #[arg(long, value_name = "FILE", env = "MESH_NODE_CONFIG")]
    config: Option<PathBuf>,
    /// The mesh's name
    #[arg(long, value_name = "NAME", env = "MESH_NODE_MESH")]
    mesh: Option<String>,
    /// Its shape: sectors, clusters in each, agents in each of those
    #[arg(long, value_name = "SxCxA", env = "MESH_NODE_SHAPE", value_parser = config::shape)]
    shape: Option<Shape>,
    /// A server of the broker; again for more of a cluster
    #[arg(
        long = "server",
        value_name = "URL",
        env = "MESH_NODE_SERVERS",
        value_delimiter = ','
    )]
    servers: Vec<String>,
    /// A credentials file for the broker
    #[arg(long, value_name = "FILE", env = "MESH_NODE_CREDENTIALS")]
    credentials: Option<PathBuf>,
    /// The certificate of an authority that the broker's is checked with; the connection must be encrypted then
    #[arg(long, value_name = "FILE", env = "MESH_NODE_AUTHORITY")]
    authority: Option<PathBuf>,
    /// Where keys, certificates and logs of work are; under the state directory without it
    #[arg(long, value_name = "FOLDER", env = "MESH_NODE_STATE")]
    state: Option<PathBuf>,
    /// Where the store is: a file, `postgres://user@host/database`, or `memory`; mesh.db in the state folder without it. A
    /// password belongs in the environment or in ~/.pgpass, not on the command line
    #[arg(
        long,
        value_name = "PLACE",
        env = "MESH_NODE_STORE",
        hide_env_values = true
    )]
    store: Option<Location>,
    /// A seat to stand for: `orchestrator`, a sector for its coordinator, a cluster for its lead; again for more
    #[arg(long = "seat", value_name = "SEAT", env = "MESH_NODE_SEATS", value_delimiter = ',', value_parser = config::seat)]
    seats: Vec<Seat>,
    /// An agent and what it runs, as in 7-4-12=builtin:hash; again for more
    #[arg(long = "agent", value_name = "PLACE=WORKER", env = "MESH_NODE_AGENTS", value_delimiter = ';', value_parser = worker)]
    agents: Vec<(AgentId, Spec)>,
    /// Where `/metrics` and `/healthz` are served; nowhere without it
    #[arg(long, value_name = "ADDRESS", env = "MESH_NODE_METRICS")]
    metrics: Option<std::net::SocketAddr>,
    /// What is logged to the standard error: a level, or levels by module
    #[arg(long, value_name = "FILTER", env = "MESH_NODE_LOG")]
    log: Option<String>,
    /// Whether logs are JSON, one object a line
    #[arg(long, value_name = "BOOL", env = "MESH_NODE_LOG_JSON", num_args = 0..=1, default_missing_value = "true")]
    log_json: Option<bool>,
    /// Copies of what the mesh keeps on the broker, where that is a cluster: 1, 3 or 5
    #[arg(long, value_name = "N", env = "MESH_NODE_REPLICAS")]
    replicas: Option<usize>,
}

impl RunArgs {
    /// What is said here, and for the rest what the file says.
    fn given(&self) -> anyhow::Result<Given> {
        let mut agents = std::collections::BTreeMap::new();
        for (place, spec) in &self.agents {
            if agents.insert(*place, spec.clone()).is_some() {
                anyhow::bail!("{place} was given two workers; an agent has one");
            }
        }
        let here = Given {
            mesh: self.mesh.clone(),
            shape: self.shape,
            servers: self.servers.clone(),
            credentials: self.credentials.clone(),
            authority: self.authority.clone(),
            state: self.state.clone(),
            store: self.store.clone(),
            seats: self.seats.clone(),
            agents,
            metrics: self.metrics,
            log: self.log.clone(),
            log_json: self.log_json,
            replicas: self.replicas,
        };
        Ok(match &self.config {
            Some(path) => here.or(Given::read(path)?),
            None => here,
        })
    }
}

/// What `keys` takes.
#[derive(Debug, Args)]
struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Makes the root of a new mesh
    Init {
        /// The folder for its secret
        folder: PathBuf,
    },
    /// Prints a node's request to join, with the keys that it has or makes now
    Request(RunArgs),
    /// Answers a request with certificates, which are printed
    Admit {
        /// The request; `-` reads the standard input
        request: PathBuf,
        /// The folder of the root's secret
        #[arg(long, value_name = "FOLDER")]
        root: PathBuf,
        /// Asks nobody
        #[arg(long)]
        yes: bool,
    },
    /// Takes the answer in
    Install {
        /// What `admit` printed; `-` reads the standard input
        bundle: PathBuf,
        #[command(flatten)]
        run: RunArgs,
    },
    /// Prints the root's word that a node and its agents belong to the mesh no longer
    Revoke {
        /// The node's request, as it was admitted; `-` reads the standard input
        request: PathBuf,
        /// The folder of the root's secret
        #[arg(long, value_name = "FOLDER")]
        root: PathBuf,
        /// Why
        #[arg(long, value_enum, default_value_t = CauseArg::Left)]
        cause: CauseArg,
    },
    /// Tells the mesh what `revoke` printed; any of its nodes can
    Announce {
        /// What `revoke` printed; `-` reads the standard input
        revocation: PathBuf,
        #[command(flatten)]
        run: RunArgs,
    },
    /// Shows the keys of this node and whether their certificates hold
    Show(RunArgs),
}

/// Why a key is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum CauseArg {
    /// Its secret is known to others, or may be
    Compromised,
    /// Its holder has left
    Left,
    /// Its holder lied, or did what it should not
    Misbehaved,
}

/// What `store` takes.
#[derive(Debug, Args)]
struct StoreArgs {
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Counts what there is
    Show {
        /// One JSON object
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        run: RunArgs,
    },
    /// Recomputes the audit log and the log of conflicts from their first rows
    Verify {
        /// One JSON object
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        run: RunArgs,
    },
    /// Writes all of it to a file, as it is at one instant
    Backup {
        /// The file, which is not there yet
        file: PathBuf,
        #[command(flatten)]
        run: RunArgs,
    },
    /// Makes a store from such a file
    Restore {
        /// What `backup` wrote
        file: PathBuf,
        #[command(flatten)]
        run: RunArgs,
    },
    /// Measures what a new store takes: history of a whole mesh, conflicts, tasks
    Bench {
        /// Agents of the mesh whose history is kept
        #[arg(long, value_name = "N", default_value_t = 30_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        agents: u32,
        /// Where: a file that is not there yet, or an empty database; a file in the folder for temporary ones without it
        #[arg(long, value_name = "PLACE")]
        store: Option<Location>,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Shows how an agent did
    History {
        /// Which
        #[arg(value_name = "AGENT")]
        place: AgentId,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        run: RunArgs,
    },
}

/// What `probe` takes.
#[derive(Debug, Args)]
struct Probe {
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
    /// Reads `proc` and `sys` below this folder instead, and measures no speed
    #[arg(long, value_name = "FOLDER")]
    root: Option<PathBuf>,
}

/// What `completions` takes.
#[derive(Debug, Args)]
struct Completions {
    /// For which shell
    shell: clap_complete::Shell,
}

/// What `man` takes.
#[derive(Debug, Args)]
struct Man {
    /// The folder for one page a command
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// What `lab` takes.
#[derive(Debug, Args)]
struct Lab {
    /// The mesh's name: its socket is `NAME.sock` in the folder `mesh` of the runtime directory
    #[arg(long, value_name = "NAME", default_value = "lab")]
    name: Address,
    /// How many agents
    #[arg(long, value_name = "N", default_value_t = 30_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    agents: u32,
    /// What is so from the beginning
    #[arg(long, value_enum, default_value_t = SituationArg::Calm)]
    situation: SituationArg,
    /// The seed of everything that chance decides about devices
    #[arg(long, value_name = "K", default_value_t = 1)]
    seed: u64,
    /// Where its store is: a file, `postgres://user@host/database`, or `memory`, which ends with the lab
    #[arg(long, value_name = "PLACE", default_value = "memory")]
    store: Location,
    /// Threads; one a core without it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    threads: Option<u16>,
    /// An agent that runs something real; builtin:echo, hash, sleep or sysinfo, exec:COMMAND, exec-lines:COMMAND, a URL,
    /// llm:URL#MODEL, or human
    #[arg(long, value_name = "PLACE=WORKER", value_parser = worker)]
    worker: Vec<(AgentId, Spec)>,
    /// The file of the workers' log; under the state directory without it
    #[arg(long, value_name = "FILE", requires = "worker")]
    worker_log: Option<PathBuf>,
    /// Where `/metrics` and `/healthz` are served, as in 127.0.0.1:9464; nowhere without it
    #[arg(long, value_name = "ADDRESS")]
    metrics: Option<std::net::SocketAddr>,
    /// What is logged to the standard error: a level, or levels by module
    #[arg(long, value_name = "FILTER", default_value = "warn,mesh_node=info")]
    log: String,
    /// Logs are JSON, one object a line
    #[arg(long)]
    log_json: bool,
}

/// `PLACE=WORKER`.
fn worker(text: &str) -> Result<(AgentId, Spec), String> {
    let (place, spec) = text
        .split_once('=')
        .ok_or("write PLACE=WORKER, as in 7-4-12=builtin:hash")?;
    let place = place.parse().map_err(|error| format!("{error}"))?;
    let spec = spec.parse().map_err(|error| format!("{error}"))?;
    Ok((place, spec))
}

/// What is so in a lab from the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum SituationArg {
    /// All is well
    Calm,
    /// Two Raspberry Pis, 7-4-12 and 7-4-19, wait for memory of a graphics processor that they do not have
    StuckPis,
}

/// What `bench` takes.
#[derive(Debug, Args)]
struct Bench {
    /// Who holds the mesh
    #[arg(long, value_enum, default_value_t = DriverName::Local)]
    driver: DriverName,
    /// Over a broker: processes, this one among them
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(4..=1_000))]
    hosts: u32,
    /// Over a broker: whether messages bear real signatures
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
    signed: bool,
    /// Over a broker: also runs the same tree with nothing but publish and reply, to compare with
    #[arg(long)]
    raw: bool,
    /// Over a broker: a running one; without it a nats-server is started on this machine for as long as the benchmark takes
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// How many agents
    #[arg(long, value_name = "N", default_value_t = 30_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    agents: u32,
    /// How many throws count
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rounds: u32,
    /// The seed of everything that chance decides about devices
    #[arg(long, value_name = "K", default_value_t = 1)]
    seed: u64,
    /// Threads; one a core without it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    threads: Option<u16>,
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
}

/// Who holds a mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum DriverName {
    /// One process
    Local,
    /// Processes over a broker
    Nats,
}

/// What `sim` takes.
#[derive(Debug, Args)]
struct Sim {
    /// The scenario, a TOML file; the default faults on 30,000 agents without one
    #[arg(long, value_name = "FILE", conflicts_with = "fuzz")]
    scenario: Option<PathBuf>,
    /// The random scenario with this number among those of `--seed`, as `--fuzz` makes them
    #[arg(long, value_name = "N", conflicts_with_all = ["fuzz", "scenario"])]
    random: Option<u64>,
    /// How many agents
    #[arg(long, value_name = "N", conflicts_with = "fuzz",
        value_parser = clap::value_parser!(u32).range(1..=16_000_000))]
    agents: Option<u32>,
    /// For how many seconds of virtual time
    #[arg(long, value_name = "S", conflicts_with = "fuzz",
        value_parser = clap::value_parser!(u32).range(1..=(Scenario::DURATION_MAX.0 / 1_000_000)))]
    seconds: Option<u32>,
    /// The seed of everything that chance decides
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u64).range(..=(i64::MAX as u64)))]
    seed: Option<u64>,
    /// How messages are signed: `stand-in`, or `ed25519` with envelopes in bytes, which small meshes bear
    #[arg(long, value_name = "HOW", conflicts_with = "fuzz", value_parser = signatures)]
    signatures: Option<Signatures>,
    /// One JSON object instead of tables
    #[arg(long)]
    json: bool,
    /// Random scenarios for so many seconds of real time, or until an invariant breaks; then the smallest that breaks it
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=7 * 86_400))]
    fuzz: Option<u32>,
    /// The number of the first of these scenarios
    #[arg(long, value_name = "N", requires = "fuzz", default_value_t = 0)]
    from: u64,
    /// So many of these scenarios at most
    #[arg(long, value_name = "N", requires = "fuzz")]
    count: Option<u64>,
    /// Every scenario that breaks something is named, on all cores, and none is made smaller
    #[arg(long, requires = "fuzz", conflicts_with = "out")]
    all: bool,
    /// Where the scenario that `--fuzz` found is written; the standard output without it
    #[arg(long, value_name = "FILE", requires = "fuzz")]
    out: Option<PathBuf>,
}

/// How messages are signed, as it is written in scenarios.
fn signatures(text: &str) -> Result<Signatures, String> {
    match text {
        "stand-in" => Ok(Signatures::StandIn),
        "ed25519" => Ok(Signatures::Ed25519),
        other => Err(format!("{other:?} is neither stand-in nor ed25519")),
    }
}

/// What `predict` takes.
#[derive(Debug, Args)]
struct Predict {
    /// Traces, one round trip in milliseconds a line
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// One JSON object a line instead of a table
    #[arg(long)]
    json: bool,
}

/// Reads the command line and does what it says.
pub(crate) fn main() -> ExitCode {
    let command = match Cli::try_parse() {
        Ok(cli) => cli.command,
        Err(error) => return explain(&error),
    };
    let done = match command {
        Command::Run(args) => run::run(&args),
        Command::Keys(args) => keys::run(&args),
        Command::Store(args) => store::run(&args),
        Command::Lab(args) => lab::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::BenchHost => bench::host(),
        Command::Sim(args) if args.fuzz.is_some() => fuzz::run(&args),
        Command::Sim(args) => sim::run(&args),
        Command::Predict(args) => predict::run(&args),
        Command::Probe(args) => probe::run(&args),
        Command::Completions(args) => Ok(paper::completions(&args)),
        Command::Man(args) => paper::man(&args),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(FAILED),
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::from(BAD_INPUT)
        }
    }
}

/// Help is printed as it is; an error in one line.
fn explain(error: &clap::Error) -> ExitCode {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    ) {
        // A reader that went away wants no help.
        let _ = error.print();
        let asked = error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
        return ExitCode::from(if asked { 0 } else { BAD_INPUT });
    }
    let text = error.to_string();
    let lines = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"));
    let words: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    complain(words.join(" ").trim_start_matches("error: "));
    ExitCode::from(BAD_INPUT)
}

/// One line about what is wrong.
fn complain(line: &str) {
    let _ = writeln!(std::io::stderr(), "mesh-node: {}", line.replace('\n', " "));
}

/// Text for whoever reads the output; one that went away is no error.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Whether somebody sits there: then progress is shown.
fn watched() -> bool {
    std::io::stdout().is_terminal() && std::io::stderr().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
