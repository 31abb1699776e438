//! How a worker is asked for: in a configuration, or in a few words on a command line.

use super::host::Counts;
use super::{Contract, OnFreeze, Worker, builtin, exec, http, human, llm};
use mesh_core::place::scope::{Name, NameError};
use mesh_core::place::{AgentId, Class};
use mesh_core::registry::HoldMode;
use mesh_core::text::Foreign;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// Seconds that anything may take at most: a day.
const TIMEOUT_MAX_S: u32 = 86_400;

/// A worker that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Spec {
    /// Something that this program does itself.
    Builtin(Builtin),
    /// A command, one process a task: the input on its standard input, the result on its standard output.
    Exec(Exec),
    /// A command that lives on and speaks JSON lines (see [`exec`](crate::worker)).
    ExecLines(Exec),
    /// POST to a function.
    Http(Http),
    /// A chat endpoint as `OpenAI` made it.
    Llm(Llm),
    /// A person.
    Human(Human),
}

/// What every kind can be told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// What it can do; what its kind can, where nothing is said.
    pub capabilities: Vec<String>,
    /// Tasks at once, 1 to 64.
    pub at_once: Option<u16>,
    /// Seconds that one may take, up to a day.
    pub timeout_s: Option<u32>,
    /// MiB of address space of a process, where the system can hold it to that.
    pub memory_mib: Option<u32>,
    /// What a freeze does to what runs.
    pub on_freeze: Option<OnFreeze>,
    /// The class of its agent, where it is not the usual one of its kind.
    pub class: Option<Class>,
}

/// What this program does itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Builtin {
    /// Which: echo, hash, sleep or sysinfo.
    pub run: builtin::Run,
    /// What every kind can be told.
    #[serde(default)]
    pub limits: Limits,
}

/// A command. No shell reads it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exec {
    /// The program, by its path or as found on PATH.
    pub program: PathBuf,
    /// What it is given.
    #[serde(default)]
    pub args: Vec<String>,
    /// Where it runs; where this process does without it.
    #[serde(default)]
    pub folder: Option<PathBuf>,
    /// Its environment beside PATH, HOME, LANG, TZ and TMPDIR; nothing else of this process's environment reaches it.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// What every kind can be told.
    #[serde(default)]
    pub limits: Limits,
}

/// A function.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Where it is: http or https.
    pub url: String,
    /// The environment variable with a token that is sent as `Authorization: Bearer`.
    #[serde(default)]
    pub token_from: Option<String>,
    /// What every kind can be told.
    #[serde(default)]
    pub limits: Limits,
}

/// A chat endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Llm {
    /// Up to `/chat/completions`, as in `http://localhost:11434/v1`.
    pub url: String,
    /// Which model.
    pub model: String,
    /// The environment variable with the key; none is sent where it is not set.
    #[serde(default = "llm_key_from")]
    pub key_from: String,
    /// What the model is told before each task.
    #[serde(default)]
    pub system: Option<String>,
    /// Tokens of one answer at most.
    #[serde(default = "llm_tokens")]
    pub tokens: u32,
    /// Tokens of all questions and answers together, until the process ends; no bound without it.
    #[serde(default)]
    pub budget: Option<u64>,
    /// What every kind can be told.
    #[serde(default)]
    pub limits: Limits,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Human {
    /// What every kind can be told.
    pub limits: Limits,
}

fn llm_key_from() -> String {
    "MESH_LLM_KEY".to_owned()
}

const fn llm_tokens() -> u32 {
    1_024
}

/// A worker that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// Not in these words.
    #[error(
        "no worker is called {0}; write builtin:echo, builtin:hash, builtin:sleep, builtin:sysinfo, exec:COMMAND, \
         exec-lines:COMMAND, http://… or https://…, llm:URL#MODEL, or human"
    )]
    Unknown(Foreign),
    /// No program.
    #[error("there is no program {0} that can be run; give its path, or put it on PATH")]
    NoProgram(Foreign),
    /// No address.
    #[error("{url} is no address of a function: {why}")]
    Url {
        /// What was given.
        url: Foreign,
        /// What is wrong with it.
        why: String,
    },
    /// Not a name.
    #[error("capability {0}")]
    Capability(#[from] NameError),
    /// Out of bounds.
    #[error("{what} of {given} is out of bounds: {low} to {high}")]
    Bounds {
        /// Of what.
        what: &'static str,
        /// What was given.
        given: u64,
        /// At least.
        low: u64,
        /// At most.
        high: u64,
    },
    /// No HTTP at all.
    #[error("cannot prepare HTTP: {0}")]
    Client(String),
}

impl Spec {
    /// The class of agent that it makes, unless it is told another.
    pub fn class(&self) -> Class {
        let usual = match self {
            Self::Builtin(_) | Self::Exec(_) | Self::ExecLines(_) => Class::Persistent,
            Self::Http(_) => Class::Serverless,
            Self::Llm(_) => Class::Gpu,
            Self::Human(_) => Class::Human,
        };
        self.limits().class.unwrap_or(usual)
    }

    /// How its agent meets T.
    pub const fn mode(&self) -> HoldMode {
        match self {
            Self::Builtin(_) | Self::Exec(_) | Self::ExecLines(_) => HoldMode::Hold,
            Self::Http(_) | Self::Llm(_) => HoldMode::LeadOnly,
            Self::Human(_) => HoldMode::Async,
        }
    }

    /// What every kind can be told.
    pub const fn limits(&self) -> &Limits {
        match self {
            Self::Builtin(spec) => &spec.limits,
            Self::Exec(spec) | Self::ExecLines(spec) => &spec.limits,
            Self::Http(spec) => &spec.limits,
            Self::Llm(spec) => &spec.limits,
            Self::Human(spec) => &spec.limits,
        }
    }

    /// Its contract: what its kind does, changed by what was said.
    pub fn contract(&self) -> Result<Contract, SpecError> {
        let (kind, usual, at_once, timeout_s, grace, on_freeze): (_, &[&str], _, _, _, _) =
            match self {
                Self::Builtin(spec) => (
                    "builtin",
                    spec.run.capabilities(),
                    4,
                    3_600,
                    0,
                    OnFreeze::Pause,
                ),
                Self::Exec(_) => ("exec", &["exec"], 1, 600, 2, OnFreeze::Pause),
                Self::ExecLines(_) => ("exec-lines", &["exec"], 1, 600, 2, OnFreeze::Pause),
                Self::Http(_) => ("http", &["api"], 4, 60, 0, OnFreeze::Finish),
                Self::Llm(_) => ("llm", &["llm_inference"], 1, 300, 0, OnFreeze::Finish),
                Self::Human(_) => (
                    "human",
                    &["judgement", "review"],
                    16,
                    TIMEOUT_MAX_S,
                    0,
                    OnFreeze::Pause,
                ),
            };
        let limits = self.limits();
        let given: Vec<&str> = limits.capabilities.iter().map(String::as_str).collect();
        let names: &[&str] = if given.is_empty() { usual } else { &given };
        let capabilities = names.iter().map(|name| Name::new(name));
        let at_once = u64::from(limits.at_once.unwrap_or(at_once));
        let timeout_s = u64::from(limits.timeout_s.unwrap_or(timeout_s));
        within("tasks at once", at_once, 1, 64)?;
        within("a timeout in seconds", timeout_s, 1, TIMEOUT_MAX_S.into())?;
        if let Some(memory) = limits.memory_mib {
            within("memory in MiB", memory.into(), 1, 1 << 20)?;
        }
        Ok(Contract {
            kind,
            capabilities: capabilities.collect::<Result<_, _>>()?,
            at_once: at_once as usize,
            timeout: Duration::from_secs(timeout_s),
            grace: Duration::from_secs(grace),
            memory: limits.memory_mib.map(|mib| u64::from(mib) << 20),
            on_freeze: limits.on_freeze.unwrap_or(on_freeze),
            mode: self.mode(),
        })
    }

    /// The worker, for this agent.
    pub(super) fn build(
        &self,
        agent: AgentId,
        counts: &Arc<Counts>,
    ) -> Result<Arc<dyn Worker>, SpecError> {
        let contract = self.contract()?;
        Ok(match self {
            Self::Builtin(spec) => Arc::new(builtin::Worker::new(spec.run, contract)),
            Self::Exec(spec) => Arc::new(exec::Once::new(spec, contract)?),
            Self::ExecLines(spec) => {
                Arc::new(exec::Lines::new(spec, agent, contract, Arc::clone(counts))?)
            }
            Self::Http(spec) => Arc::new(http::Worker::new(spec, contract)?),
            Self::Llm(spec) => Arc::new(llm::Worker::new(spec, contract)?),
            Self::Human(_) => Arc::new(human::Worker::new(contract)),
        })
    }
}

fn within(what: &'static str, given: u64, low: u64, high: u64) -> Result<(), SpecError> {
    if (low..=high).contains(&given) {
        Ok(())
    } else {
        Err(SpecError::Bounds {
            what,
            given,
            low,
            high,
        })
    }
}

impl FromStr for Spec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let unknown = || SpecError::Unknown(Foreign::from(text));
        let limits = Limits::default();
        if text == "human" {
            return Ok(Self::Human(Human::default()));
        }
        let (kind, rest) = text.split_once(':').ok_or_else(unknown)?;
        match kind {
            "builtin" => {
                let run = builtin::Run::ALL.into_iter().find(|run| run.word() == rest);
                let run = run.ok_or_else(unknown)?;
                Ok(Self::Builtin(Builtin { run, limits }))
            }
            "exec" | "exec-lines" => {
                let mut words = rest.split_whitespace().map(str::to_owned);
                let exec = Exec {
                    program: words.next().ok_or_else(unknown)?.into(),
                    args: words.collect(),
                    folder: None,
                    environment: BTreeMap::new(),
                    limits,
                };
                Ok(if kind == "exec" {
                    Self::Exec(exec)
                } else {
                    Self::ExecLines(exec)
                })
            }
            "http" | "https" => Ok(Self::Http(Http {
                url: text.to_owned(),
                token_from: None,
                limits,
            })),
            "llm" => {
                let (url, model) = rest.rsplit_once('#').ok_or_else(unknown)?;
                Ok(Self::Llm(Llm {
                    url: url.to_owned(),
                    model: model.to_owned(),
                    key_from: llm_key_from(),
                    system: None,
                    tokens: llm_tokens(),
                    budget: None,
                    limits,
                }))
            }
            _ => Err(unknown()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_words_name_a_worker() {
        let read = |text: &str| text.parse::<Spec>().expect("reads");
        assert!(matches!(read("builtin:hash"), Spec::Builtin(_)));
        let Spec::Exec(exec) = read("exec:/usr/bin/wc -c") else {
            panic!("a command");
        };
        assert_eq!(
            (exec.program, exec.args),
            ("/usr/bin/wc".into(), vec!["-c".to_owned()])
        );
        let Spec::Llm(llm) = read("llm:http://localhost:1/v1#tiny:8b") else {
            panic!("a model");
        };
        assert_eq!(
            (llm.url.as_str(), llm.model.as_str()),
            ("http://localhost:1/v1", "tiny:8b")
        );
        assert_eq!(read("human").class(), Class::Human);
        assert_eq!(read("https://x.example/f").mode(), HoldMode::LeadOnly);
        for wrong in ["", "exec:", "builtin:rm", "shell:ls", "llm:http://x"] {
            let error = wrong.parse::<Spec>().expect_err("is none").to_string();
            assert!(error.contains("builtin:echo"), "{error}");
        }
    }

    #[test]
    fn a_configuration_says_all_of_it_and_a_typo_is_refused() {
        let text = "kind = 'exec'\nprogram = 'wc'\nargs = ['-c']\n[limits]\nmemory_mib = 64\nat_once = 2\n\
            capabilities = ['count']\non_freeze = 'abandon'";
        let spec: Spec = toml::from_str(text).expect("reads");
        let contract = spec.contract().expect("holds");
        assert_eq!((contract.at_once, contract.memory), (2, Some(64 << 20)));
        assert_eq!(contract.on_freeze, OnFreeze::Abandon);
        assert_eq!(contract.capabilities[0].as_str(), "count");
        let typo = "kind = 'exec'\nprogram = 'wc'\n[limits]\nmemory_mb = 64";
        let error = toml::from_str::<Spec>(typo).expect_err("is refused");
        assert!(error.to_string().contains("memory_mb"), "{error}");
        let much = "kind = 'human'\n[limits]\nat_once = 65";
        let spec: Spec = toml::from_str(much).expect("reads");
        assert!(matches!(spec.contract(), Err(SpecError::Bounds { .. })));
    }
}
