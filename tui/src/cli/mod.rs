//! The command line: the console, the conversation, and every operation as a command, made from the operation table.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | done, and well |
//! | 1 | done, and not well: an unhealthy mesh, an altered log, a throw without quorum, a freeze not wholly proven |
//! | 2 | the command line is wrong |
//! | 3 | refused: nothing was changed |
//! | 4 | it needs a yes (`--yes`): nothing was changed |
//! | 5 | no mesh is there, or the connection broke |

mod lab;
mod perform;
mod print;
mod talk;

use crate::run;
use clap::builder::NonEmptyStringValueParser;
use clap::{Arg, ArgAction, ArgMatches, Command};
use mesh_core::operation::table;
use mesh_node::door::Address;
use std::process::ExitCode;

/// Agents of the lab that the console opens by itself.
const AGENTS: u32 = 30_000;

/// Names as shells like them better; the reader takes both.
const ALIASES: [(&str, &str); 1] = [("what_if", "what-if")];

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ending {
    /// Done, and well.
    Well = 0,
    /// Done, and not well.
    Unwell = 1,
    /// The command line is wrong.
    Usage = 2,
    /// Refused.
    Refused = 3,
    /// It needs a yes.
    NeedsYes = 4,
    /// No mesh.
    NoMesh = 5,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(ending as u8)
    }
}

/// What holds for a command whatever it is; found anywhere among its words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    /// Machine-readable.
    pub(crate) json: bool,
    /// Comma-separated, for lists.
    pub(crate) csv: bool,
    /// The yes is said ahead.
    pub(crate) yes: bool,
    /// Which mesh.
    pub(crate) connect: Option<String>,
}

/// Runs what the command line says.
pub(crate) fn main() -> ExitCode {
    let matches = match command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            let wrong = error.use_stderr();
            // Help that cannot be printed has nobody to read it.
            let _ = error.print();
            return if wrong {
                Ending::Usage.into()
            } else {
                Ending::Well.into()
            };
        }
    };
    match dispatch(&matches) {
        Ok(code) => code,
        Err(error) => {
            eprintln!(
                "mesh: {}",
                mesh_core::text::Foreign::from(format!("{error:#}"))
            );
            error
                .downcast_ref::<Wrong>()
                .map_or(ExitCode::from(Ending::NoMesh as u8), |wrong| wrong.0.into())
        }
    }
}

/// An error with the code that it ends with.
#[derive(Debug, thiserror::Error)]
#[error("{1}")]
pub(crate) struct Wrong(pub(crate) Ending, pub(crate) String);

fn dispatch(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let connect = matches.get_one::<String>("connect").cloned();
    match matches.subcommand() {
        None => run::console(run::Options {
            target: match connect {
                Some(connect) => run::Target::At(address(Some(&connect))?),
                None => {
                    run::Target::Lab(matches.get_one::<u32>("agents").copied().unwrap_or(AGENTS))
                }
            },
            theme: matches.get_one::<String>("theme").cloned(),
            ascii: matches.get_flag("ascii"),
            read_only: matches.get_flag("read-only"),
        }),
        Some(("parse", _)) => {
            crate::parse::run()?;
            Ok(Ending::Well.into())
        }
        Some(("lab", inner)) => lab::run(inner, connect.as_deref()),
        Some(("talk", inner)) => talk::run(inner, connect.as_deref()),
        Some(("say", inner)) => talk::say(inner, connect.as_deref()),
        Some((name, inner)) => {
            let words: Vec<String> = inner
                .get_many::<String>("words")
                .into_iter()
                .flatten()
                .cloned()
                .collect();
            let (mut flags, words) = flags(words)?;
            flags.connect = flags.connect.or(connect);
            perform::perform(name, &words, &flags).map(Into::into)
        }
    }
}

/// The mesh that is meant.
pub(crate) fn address(connect: Option<&str>) -> Result<Address, Wrong> {
    let address = connect.map_or_else(|| Ok(Address::default()), str::parse);
    address.map_err(|error: mesh_node::door::DoorError| Wrong(Ending::Usage, error.to_string()))
}

/// Takes the flags out from among an operation's words; after `--` everything is a word.
fn flags(words: Vec<String>) -> Result<(Flags, Vec<String>), Wrong> {
    let mut flags = Flags::default();
    let mut rest = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--json" => flags.json = true,
            "--csv" => flags.csv = true,
            "--yes" | "-y" => flags.yes = true,
            "--connect" => {
                let value = words.next().ok_or_else(|| {
                    Wrong(
                        Ending::Usage,
                        "--connect needs the name or the socket of a mesh".into(),
                    )
                })?;
                flags.connect = Some(value);
            }
            "--" => rest.extend(words.by_ref()),
            _ => rest.push(word),
        }
    }
    if flags.json && flags.csv {
        return Err(Wrong(
            Ending::Usage,
            "--json and --csv exclude one another".into(),
        ));
    }
    Ok((flags, rest))
}

/// The whole command line, made from the operation table.
pub(crate) fn command() -> Command {
    let connect = Arg::new("connect")
        .long("connect")
        .value_name("MESH")
        .value_parser(NonEmptyStringValueParser::new())
        .help("the mesh: its name, or the path of its socket");
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .action(ArgAction::SetTrue)
            .help(help)
    };
    let mut command = Command::new("mesh")
        .version(env!("CARGO_PKG_VERSION"))
        .disable_help_subcommand(true)
        .about("The console of a MESH-30K mesh. Without a command it opens the full screen.")
        .arg(connect)
        .arg(Arg::new("theme").long("theme").value_name("NAME").help(
            "auto, dark, light, high-contrast, colour-blind, ansi16, mono, or a file of your own",
        ))
        .arg(flag("ascii", "draw with plain ASCII"))
        .arg(flag(
            "read-only",
            "nothing can be changed from this console",
        ));
    let agents = Arg::new("agents")
        .long("agents")
        .value_name("N")
        .value_parser(clap::value_parser!(u32))
        .help("agents of the lab [30000]");
    let plain = flag(
        "plain",
        "plain lines: no colour, no drawing, nothing that moves",
    );
    let yes = Arg::new("yes")
        .long("yes")
        .short('y')
        .action(ArgAction::SetTrue)
        .help("the yes is said ahead");
    command = command
        .arg(agents.clone())
        .subcommand(
            Command::new("lab")
                .about("a lab of modelled devices that several consoles may join, until it is told to end")
                .arg(agents),
        )
        .subcommand(Command::new("parse").about("what each line of standard input is understood as, in JSON; nothing else happens"))
        .subcommand(Command::new("talk").about("the conversation line by line, for slow lines and screen readers").arg(plain))
        .subcommand(
            Command::new("say")
                .about("one sentence: mesh say \"what is happening in sector 7\"")
                .arg(Arg::new("sentence").required(true).num_args(1..))
                .arg(yes)
                .arg(flag("json", "the answers as JSON, a line each")),
        );
    for row in table::rows() {
        command = command.subcommand(operation(row));
    }
    command
}

/// An operation as a subcommand; its words are read by the operation's own reader.
fn operation(row: &'static table::Row) -> Command {
    let mut help = format!(
        "Usage: mesh {} [--json] [--csv] [--yes] [--connect MESH]\n",
        row.usage()
    );
    for arg in row.args {
        let default = if arg.default.is_empty() {
            String::new()
        } else {
            format!(" [otherwise: {}]", arg.default)
        };
        help.push_str(&format!("\n  {:<12} {}{default}", arg.name, arg.help));
    }
    for example in row.examples {
        help.push_str(&format!("\n\n  mesh {example}"));
    }
    let words = Arg::new("words")
        .num_args(0..)
        .trailing_var_arg(true)
        .allow_hyphen_values(true)
        .hide(true);
    let command = Command::new(row.name)
        .about(row.help)
        .after_help(help)
        .override_usage(format!("mesh {}", row.usage()))
        .arg(words);
    match ALIASES.iter().find(|(name, _)| *name == row.name) {
        Some((_, alias)) => command.visible_alias(*alias),
        None => command,
    }
}

#[cfg(test)]
mod tests;
