//! A second opinion, off unless somebody names it: a chat model, by any server that speaks the API that `OpenAI` made, for
//! sentences that the compiler rejects or doubts.
//!
//! It sees what a person said, whom the dialogue is about and the table of operations; nothing that an agent ever said. It
//! answers in the form of the conversation contract, which is checked field by field as everything from outside is. It runs
//! nothing: what it read as a change is a proposal, whatever the table says, and where the sentence is negated, a question
//! or a quotation it may change nothing at all. Without it, or without its answer, the compiler's reading stands.
//!
//! | file | what it is |
//! |---|---|
//! | `prompt` | what it is told |
//! | `answer` | what of its answer is believed |
//! | `caution` | sentences from which it may make no change |

mod answer;
mod caution;
mod prompt;
#[cfg(test)]
mod tests;

use crate::context::Context;
use crate::reading::{Kind, Reading};
use answer::Said;
use serde::Deserialize;
use serde_json::json;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Where the server's address, the model's name and the key are: `…_URL`, `…_NAME`, `…_KEY`.
pub const VARIABLES: [&str; 3] = ["MESH_MODEL_URL", "MESH_MODEL_NAME", "MESH_MODEL_KEY"];
/// How long an answer may take.
const WITHIN: Duration = Duration::from_secs(8);
/// How long a server may take to be reached.
const CONNECT: Duration = Duration::from_secs(3);
/// Bytes of an answer at most.
const BODY_MAX: usize = 256 * 1024;
/// Tokens of an answer at most.
const TOKENS: u32 = 700;
/// Questions in a minute, and tokens in all of one process, at most.
const CALLS_MAX: usize = 20;
const SPENT_MAX: u64 = 500_000;
/// Below this the compiler doubts what it read.
const DOUBT: f64 = 0.6;

/// Which model, and where.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// The server's address, as in `http://localhost:11434/v1`.
    pub url: String,
    /// The model's name.
    pub name: String,
    /// The key, if it wants one.
    pub key: Option<String>,
    /// How long an answer may take.
    pub within: Duration,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("name", &self.name)
            .field("within", &self.within)
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// What the environment says; nothing unless it names both a server and a model.
    pub fn of(get: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let said = |name| get(name).filter(|value: &String| !value.trim().is_empty());
        let [url, name, key] = VARIABLES;
        Some(Self {
            url: said(url)?,
            name: said(name)?,
            key: said(key),
            within: WITHIN,
        })
    }
}

/// A model that gave no reading. The console goes on without it.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Not an address that a question can go to.
    #[error("{} must be http:// or https://, a host, and no password", VARIABLES[0])]
    Address,
    /// The client cannot be made.
    #[error("cannot speak HTTP: {0}")]
    Client(String),
    /// Too many questions.
    #[error("the model was asked {CALLS_MAX} times within a minute; it is left alone for a while")]
    Often,
    /// The budget is spent.
    #[error("the model's budget of {SPENT_MAX} tokens is spent; start anew to go on with it")]
    Spent,
    /// It does not answer.
    #[error("the model did not answer within {} s", .0.as_secs())]
    Late(Duration),
    /// It cannot be reached.
    #[error("the model cannot be reached: {0}")]
    Unreachable(String),
    /// It refuses.
    #[error("the model's server answered with status {0}")]
    Status(u16),
    /// It says too much.
    #[error("the model's answer has more than {BODY_MAX} bytes")]
    Long,
    /// It says something else.
    #[error("the model's answer is not one: {0}")]
    Odd(String),
    /// It would change something from a sentence that asks, denies or quotes.
    #[error("the model read a change into a sentence that is negated, a question or a quotation")]
    Bold,
}

/// A sentence as it was read in the end.
#[derive(Debug)]
pub struct Opinion {
    /// The reading: the model's, or the compiler's where it has none.
    pub reading: Reading,
    /// Whether the model read it: then it is shown before anything else, and a change waits for a yes.
    pub by_model: bool,
    /// Why the model has none, though it was asked.
    pub trouble: Option<ModelError>,
}

impl Opinion {
    /// The compiler's reading, with nobody asked.
    pub const fn own(reading: Reading) -> Self {
        Self {
            reading,
            by_model: false,
            trouble: None,
        }
    }
}

/// A chat model.
#[derive(Debug)]
pub struct Model {
    client: reqwest::Client,
    url: reqwest::Url,
    settings: Settings,
    budget: Mutex<Budget>,
}

#[derive(Debug, Default)]
struct Budget {
    calls: VecDeque<Instant>,
    spent: u64,
}

/// What of a completion is looked at.
#[derive(Debug, Deserialize)]
struct Completion {
    choices: Vec<Choice>,
    usage: Option<Usage>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    message: Message,
}

#[derive(Debug, Deserialize)]
struct Message {
    content: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Usage {
    total_tokens: u64,
}

impl Model {
    /// A model that can be asked; nobody is connected to before that. The process must have a TLS provider.
    pub fn new(settings: Settings) -> Result<Self, ModelError> {
        let text = format!("{}/chat/completions", settings.url.trim_end_matches('/'));
        let url = reqwest::Url::parse(&text).map_err(|_| ModelError::Address)?;
        let open = url.username().is_empty() && url.password().is_none();
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !open {
            return Err(ModelError::Address);
        }
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .user_agent(concat!("mesh/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| ModelError::Client(error.to_string()))?;
        Ok(Self {
            client,
            url,
            settings,
            budget: Mutex::default(),
        })
    }

    /// Asks about a sentence that the compiler rejects or doubts; any other is left as it was read. Whoever goes on with what
    /// the model read has the dialogue adopt it ([`Context::adopt`]).
    pub async fn consult(&self, line: &str, context: &Context, own: Reading) -> Opinion {
        if !is_doubted(line, &own) {
            return Opinion::own(own);
        }
        match self.read(line, context).await {
            // That it does not know either is nothing new.
            Ok(Said::Reject) => Opinion::own(own),
            Ok(Said::Clarify(question)) => Opinion {
                reading: Reading::clarify(question, 0.5),
                by_model: true,
                trouble: None,
            },
            Ok(Said::Operations(operations)) => {
                let changes = operations
                    .iter()
                    .any(mesh_core::operation::Operation::changes);
                if changes && caution::is_delicate(line) {
                    return Opinion {
                        reading: own,
                        by_model: false,
                        trouble: Some(ModelError::Bold),
                    };
                }
                let mut reading = Reading::operations(operations, 0.5);
                reading.confirm |= changes;
                Opinion {
                    reading,
                    by_model: true,
                    trouble: None,
                }
            }
            Err(trouble) => Opinion {
                reading: own,
                by_model: false,
                trouble: Some(trouble),
            },
        }
    }

    async fn read(&self, line: &str, context: &Context) -> Result<Said, ModelError> {
        let messages = [
            json!({"role": "system", "content": prompt::system()}),
            json!({"role": "user", "content": prompt::question(line, context)}),
        ];
        let length = messages.iter().map(|message| message.to_string().len());
        // No tokenizer makes more tokens than there are bytes.
        let most = length.sum::<usize>() as u64 + u64::from(TOKENS);
        self.take(most)?;
        let body = json!({
            "model": self.settings.name,
            "messages": messages,
            "max_tokens": TOKENS,
            "temperature": 0,
        });
        let asked = tokio::time::timeout(self.settings.within, self.post(&body)).await;
        let bytes = asked.map_err(|_| ModelError::Late(self.settings.within))??;
        let completion: Completion =
            serde_json::from_slice(&bytes).map_err(|error| ModelError::Odd(error.to_string()))?;
        if let Some(usage) = &completion.usage {
            let mut budget = self.budget();
            budget.spent = (budget.spent + usage.total_tokens).saturating_sub(most);
        }
        let choice = completion.choices.into_iter().next();
        let content = choice.and_then(|choice| choice.message.content);
        let content = content.ok_or_else(|| ModelError::Odd("it says nothing".to_owned()))?;
        answer::read(&content, context.shape)
    }

    async fn post(&self, body: &serde_json::Value) -> Result<Vec<u8>, ModelError> {
        let mut request = self.client.post(self.url.clone()).json(body);
        if let Some(key) = &self.settings.key {
            request = request.bearer_auth(key);
        }
        // Without its address: a key may stand in it.
        let unreachable =
            |error: reqwest::Error| ModelError::Unreachable(error.without_url().to_string());
        let mut response = request.send().await.map_err(unreachable)?;
        if !response.status().is_success() {
            return Err(ModelError::Status(response.status().as_u16()));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if bytes.len() + chunk.len() > BODY_MAX {
                return Err(ModelError::Long);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// Takes a call and its tokens from the budget before they are spent.
    fn take(&self, most: u64) -> Result<(), ModelError> {
        let now = Instant::now();
        let mut budget = self.budget();
        budget
            .calls
            .retain(|call| now.duration_since(*call) < Duration::from_secs(60));
        if budget.calls.len() >= CALLS_MAX {
            return Err(ModelError::Often);
        }
        if budget.spent + most > SPENT_MAX {
            return Err(ModelError::Spent);
        }
        budget.calls.push_back(now);
        budget.spent += most;
        Ok(())
    }

    fn budget(&self) -> std::sync::MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether somebody else should be asked. What is no sentence, or said to be none, is not.
pub fn is_doubted(line: &str, reading: &Reading) -> bool {
    let said = line.trim();
    if said.is_empty() || said.starts_with(':') || said.len() > prompt::LINE_MAX {
        return false;
    }
    match &reading.kind {
        Kind::Reject { .. } => crate::dialogue::is_english(line),
        Kind::Clarify { .. } => true,
        Kind::Operation => reading.confidence < DOUBT,
    }
}
