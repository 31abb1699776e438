//! `llm`: a chat endpoint as `OpenAI` made it (`POST …/chat/completions`), by any server that speaks it.
//!
//! The key comes from the environment and is in no message, log or error. Tokens are bounded for each answer, and where a
//! budget is given for all of them together: a call that could pass it is not made, and what a call really took is what
//! counts afterwards. LEAD-ONLY as every call is; a throw costs no tokens unless its verb is `act`.

#[cfg(test)]
mod tests;

use super::http::call::{client, post};
use super::http::{Secret, address, secret};
use super::spec::{self, SpecError};
use super::{Asked, Contract, Doing, End, Job, Prepared};
use mesh_core::message::Verb;
use reqwest::{Client, Url};
use serde::Deserialize;
use serde_json::json;
use std::sync::atomic::{AtomicU64, Ordering};

/// A model.
pub(super) struct Worker {
    client: Client,
    url: Url,
    key: Option<Secret>,
    model: String,
    system: Option<String>,
    tokens: u32,
    budget: Option<u64>,
    spent: AtomicU64,
    contract: Contract,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Llm")
            .field("host", &self.url.host_str())
            .field("model", &self.model)
            .field("spent", &self.spent)
            .field("contract", &self.contract)
            .finish_non_exhaustive()
    }
}

/// What of an answer is looked at.
#[derive(Debug, Deserialize)]
struct Completion {
    choices: Vec<Choice>,
    usage: Option<Usage>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    message: Message,
    finish_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Message {
    content: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Usage {
    total_tokens: u64,
}

impl Worker {
    pub(super) fn new(spec: &spec::Llm, contract: Contract) -> Result<Self, SpecError> {
        let text = format!("{}/chat/completions", spec.url.trim_end_matches('/'));
        Ok(Self {
            client: client()?,
            url: address(&text)?,
            key: secret(&spec.key_from),
            model: spec.model.clone(),
            system: spec.system.clone(),
            tokens: spec.tokens,
            budget: spec.budget,
            spent: AtomicU64::new(0),
            contract,
        })
    }

    async fn ask(&self, job: &Job) -> Result<String, End> {
        let mut messages = Vec::new();
        if let Some(system) = &self.system {
            messages.push(json!({"role": "system", "content": system}));
        }
        // The words of the task say what to do with its input.
        let words = job.name.raw();
        let content = match (words.is_empty(), job.input.is_empty()) {
            (false, false) => format!("{words}\n\n{}", job.input),
            (false, true) => words.to_owned(),
            (true, _) => job.input.to_string(),
        };
        // No tokenizer makes more tokens than there are bytes.
        let most = u64::from(self.tokens)
            + (content.len() + self.system.as_deref().map_or(0, str::len)) as u64;
        messages.push(json!({"role": "user", "content": content}));
        let reserved = self.reserve(most)?;
        let mut request = self.client.post(self.url.clone()).json(&json!({
            "model": self.model,
            "messages": messages,
            "max_tokens": self.tokens,
        }));
        if let Some(Secret(key)) = &self.key {
            request = request.bearer_auth(key);
        }
        let host = self.url.host_str().unwrap_or("the model");
        let value = post(job, request, host).await?.json()?;
        let completion: Completion = serde_json::from_value(value)
            .map_err(|error| End::failed(format!("{host} answered with no completion: {error}")))?;
        if let Some(usage) = &completion.usage {
            reserved.settle(usage.total_tokens);
        }
        let choice = completion.choices.into_iter().next();
        let choice =
            choice.ok_or_else(|| End::failed(format!("{host} answered with no choice")))?;
        let text = choice.message.content.unwrap_or_default();
        if text.is_empty() {
            let why = choice
                .finish_reason
                .unwrap_or_else(|| "nothing said".to_owned());
            return Err(End::failed(format!("{host} answered with no text ({why})")));
        }
        Ok(text)
    }

    /// Takes tokens from the budget before they are spent.
    fn reserve(&self, most: u64) -> Result<Reserved<'_>, End> {
        let before = self.spent.fetch_add(most, Ordering::Relaxed);
        match self.budget {
            Some(budget) if before + most > budget => {
                self.spent.fetch_sub(most, Ordering::Relaxed);
                Err(End::failed(format!(
                    "the token budget of {budget} has {} left and this could take {most}; give {} a larger one, or \
                     smaller tasks",
                    budget.saturating_sub(before),
                    self.model
                )))
            }
            _ => Ok(Reserved {
                spent: &self.spent,
                most,
            }),
        }
    }
}

/// Tokens taken from the budget. Where nobody says what a call took, it has taken all of them.
struct Reserved<'a> {
    spent: &'a AtomicU64,
    most: u64,
}

impl Reserved<'_> {
    fn settle(self, took: u64) {
        // A server that says more than was possible is believed: the budget is there to be kept.
        self.spent.fetch_add(took, Ordering::Relaxed);
        self.spent.fetch_sub(self.most, Ordering::Relaxed);
    }
}

impl super::Worker for Worker {
    fn contract(&self) -> &Contract {
        &self.contract
    }

    fn prepare<'a>(&'a self, asked: &'a Asked) -> Doing<'a, Prepared> {
        Box::pin(async move {
            if asked.header.verb != Verb::Act {
                return Prepared::Ready;
            }
            let job = Job::of_throw(asked, self.contract.timeout);
            match self.ask(&job).await {
                Ok(_) => Prepared::Ready,
                Err(end) => {
                    tracing::warn!(agent = %asked.agent, ?end, "a model refused a throw");
                    Prepared::Conflict(mesh_core::message::ConflictKind::CapabilityMismatch)
                }
            }
        })
    }

    fn act<'a>(&'a self, _: &'a Asked) -> Doing<'a, Result<(), End>> {
        Box::pin(async { Ok(()) })
    }

    fn task<'a>(&'a self, job: &'a Job) -> Doing<'a, Result<String, End>> {
        Box::pin(self.ask(job))
    }

    fn stop(&self) -> Doing<'_, ()> {
        Box::pin(async {})
    }
}
