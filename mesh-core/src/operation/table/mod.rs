//! The one table of everything that may be asked: keys, `:` commands, palette, help, command line, conversation and
//! documentation are made from it.

mod act;
mod keep;
mod look;

use crate::place::Class;

/// One operation.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Its name, as `op` carries it.
    pub name: &'static str,
    /// What it does, one line.
    pub help: &'static str,
    /// Its arguments, in the order in which the command line takes them.
    pub args: &'static [Arg],
    /// Arguments of which at most one may be given.
    pub choices: &'static [Choice],
    /// What it does to the mesh.
    pub acts: Acts,
    /// When it needs a yes first.
    pub asks: Asks,
    /// Whether it needs a typed phrase, not only a yes, when it is mesh-wide.
    pub phrase: bool,
    /// The priority at which its messages travel, unless it says its own: 0 background to 3 critical (§2.4).
    pub priority: u8,
    /// Whether it is carried out while its scope is frozen.
    pub when_frozen: bool,
    /// The operation that takes it back, where one does.
    pub inverse: Option<&'static str>,
    /// Command lines, each of which reads as this operation.
    pub examples: &'static [&'static str],
}

/// One argument.
#[derive(Debug, Clone, Copy)]
pub struct Arg {
    /// Its name in JSON.
    pub name: &'static str,
    /// Its type and bounds.
    pub kind: Kind,
    /// Whether it must be given.
    pub needed: bool,
    /// The word before it on the command line; `None` when it stands by its position.
    pub key: Option<&'static str>,
    /// What holds when it is left out, in words; never put into the operation.
    pub default: &'static str,
    /// What it is, one line.
    pub help: &'static str,
}

/// Arguments that exclude one another.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// Their names.
    pub names: &'static [&'static str],
    /// Whether one of them must be given.
    pub needed: bool,
}

/// The types of arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A scope.
    Scope,
    /// A scope, or `auto`.
    ScopeOrAuto,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Free text, 1 to [`TEXT_MAX`] bytes.
    Text,
    /// Several free texts, 1 to [`STEPS_MAX`].
    Texts,
    /// An id: at most 128 letters, digits, `-`, `_`, `.` and `:`.
    Id,
    /// A capability: lower-case words joined by `_`.
    Capability,
    /// A whole number within these, both included.
    Whole(u32, u32),
    /// True or false.
    Flag,
    /// A length of time in seconds, more than 0, at most 366 days.
    Seconds,
    /// The same in milliseconds.
    Millis,
    /// RFC 3339, or local `HH:MM`.
    At,
    /// What a watch waits for.
    Condition,
    /// Positions of steps, from 1.
    Positions,
    /// Another operation.
    Operation(Holds),
}

/// Which operations another one may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Any but an answer: a yes must never be given ahead of its question.
    AnyButAnswer,
    /// Those that throw something at agents and have a T.
    Throws,
}

impl Holds {
    /// Whether an operation of that name may be held.
    pub fn takes(self, name: &str) -> bool {
        match self {
            Self::AnyButAnswer => name != "answer",
            Self::Throws => THROWS.contains(&name),
        }
    }
}

/// The operations that throw something at agents.
pub const THROWS: &[&str] = &["broadcast", "ask", "cascade"];

/// What an operation does to the mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acts {
    /// Looks only.
    Looks,
    /// Changes the console or the dialogue, never the mesh.
    Console,
    /// Changes the mesh and can be taken back exactly.
    Undoable,
    /// Changes the mesh.
    Changes,
    /// Changes it unless `action` is one of these.
    UnlessAction(&'static [&'static str]),
    /// As the operation that it holds.
    AsHeld,
}

/// When an operation needs a yes first: the third column of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// Never.
    Never,
    /// Always.
    Always,
    /// When its scope is all or left out.
    WhenAll,
    /// When its scope is anything but single agents and clusters.
    WhenWide,
    /// When it is more than one agent.
    WhenMany,
    /// When `action` is one of these.
    ForAction(&'static [&'static str]),
    /// When `action` is this one, and the scope is wide or left out.
    ForActionWhenWide(&'static str),
    /// As the operation that it holds.
    AsHeld,
}

/// Bytes of a free text at most: two printed pages, and less than one message.
pub const TEXT_MAX: usize = 8_192;
/// Steps of a pipeline at most, and steps of a proposal that can be answered singly.
pub const STEPS_MAX: usize = 64;
/// Agents that can be named in a number at most: the largest mesh, 1,000 × 128 × 128.
pub const AGENTS_MAX: u32 = 16_384_000;
/// Rows that a list may be asked for at most.
pub const LIMIT_MAX: u32 = 100_000;
/// Operations within operations at most: what would happen if this were scheduled, and one to spare.
pub const DEPTH_MAX: usize = 3;

const CLASS_WORDS: &[&str] = &[
    Class::Edge.word(),
    Class::Serverless.word(),
    Class::Persistent.word(),
    Class::Gpu.word(),
    Class::Local.word(),
    Class::Human.word(),
];

/// All rows, in the order in which help lists them.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    [look::ROWS, act::ROWS, keep::ROWS].into_iter().flatten()
}

/// The row of that name.
pub fn row(name: &str) -> Option<&'static Row> {
    rows().find(|row| row.name == name)
}

impl Row {
    /// The argument of that name.
    pub fn arg(&self, name: &str) -> Option<&'static Arg> {
        self.args.iter().find(|arg| arg.name == name)
    }

    /// How it is written on the command line: `avoid <scope> [but <except>] [for <for_s>]`.
    pub fn usage(&self) -> String {
        self.args.iter().fold(self.name.to_owned(), |usage, arg| {
            let inner = match arg.key {
                None => format!("<{}>", arg.name),
                Some(key) => format!("{key} <{}>", arg.name),
            };
            let (open, close) = if arg.needed { (" ", "") } else { (" [", "]") };
            usage + open + &inner + close
        })
    }

    const fn new(name: &'static str, acts: Acts, help: &'static str) -> Self {
        Self {
            name,
            help,
            args: &[],
            choices: &[],
            acts,
            asks: Asks::Never,
            phrase: false,
            priority: 2,
            when_frozen: true,
            inverse: None,
            examples: &[],
        }
    }

    const fn args(self, args: &'static [Arg]) -> Self {
        Self { args, ..self }
    }

    const fn choices(self, choices: &'static [Choice]) -> Self {
        Self { choices, ..self }
    }

    const fn asks(self, asks: Asks) -> Self {
        Self { asks, ..self }
    }

    const fn phrase(self) -> Self {
        Self {
            phrase: true,
            ..self
        }
    }

    const fn priority(self, priority: u8) -> Self {
        Self { priority, ..self }
    }

    const fn not_frozen(self) -> Self {
        Self {
            when_frozen: false,
            ..self
        }
    }

    const fn inverse(self, inverse: &'static str) -> Self {
        Self {
            inverse: Some(inverse),
            ..self
        }
    }

    const fn examples(self, examples: &'static [&'static str]) -> Self {
        Self { examples, ..self }
    }
}

impl Arg {
    const fn new(name: &'static str, kind: Kind, help: &'static str) -> Self {
        Self {
            name,
            kind,
            needed: true,
            key: None,
            default: "",
            help,
        }
    }

    const fn optional(self, default: &'static str) -> Self {
        Self {
            needed: false,
            default,
            ..self
        }
    }

    const fn key(self, key: &'static str) -> Self {
        Self {
            key: Some(key),
            ..self
        }
    }
}

const SCOPE: Arg = Arg::new("scope", Kind::Scope, "where");
const ANYWHERE: Arg = SCOPE.optional("the whole mesh");
const EXCEPT: Arg = Arg::new("except", Kind::Scope, "what is left out of the scope")
    .key("but")
    .optional("nothing");
const SPAN: Arg = Arg::new("span_s", Kind::Seconds, "how far back")
    .key("over")
    .optional("the last hour");
const HELD: Arg = Arg::new(
    "operation",
    Kind::Operation(Holds::AnyButAnswer),
    "the operation",
);

#[cfg(test)]
mod tests;
