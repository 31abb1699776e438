//! `http`: POST to a function, which is how agents of classes A and B are reached. LEAD-ONLY: a function cannot wait for T,
//! so it is called when the throw arrives, which its lead has timed by the predicted trip and cold start (PROTOCOL §4).
//!
//! A task is sent as `{"task","name","input","requires"}`, a throw as `{"operation","verb","payload"}`, both with their
//! number as `Idempotency-Key`, and both are answered with JSON. Of an object with a `result` that is the result, otherwise
//! all of it is; a throw may be answered with an `answer`, the option in a vote. `Retry-After` is followed, redirects are
//! not, and an answer may have a megabyte.

pub(super) mod call;
#[cfg(test)]
mod tests;

use super::spec::{self, SpecError};
use super::{Asked, Contract, Doing, End, Job, Prepared};
use call::{Answer, client, post, words_of};
use mesh_core::conflict::{Claim, ConflictDetail};
use mesh_core::message::ConflictKind;
use mesh_core::text::{Foreign, Text};
use mesh_core::unit::Digest;
use reqwest::{Client, Url};
use serde_json::{Value, json};
use std::time::Duration;

/// A function.
pub(super) struct Worker {
    client: Client,
    url: Url,
    token: Option<Secret>,
    contract: Contract,
}

/// What nobody may read.
pub(super) struct Secret(pub(super) String);

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http")
            .field("host", &self.url.host_str())
            .field("contract", &self.contract)
            .finish_non_exhaustive()
    }
}

/// An address that a call can go to: http or https, with a host, and without a name or password in it.
pub(super) fn address(text: &str) -> Result<Url, SpecError> {
    let wrong = |why: &str| SpecError::Url {
        url: Foreign::from(text),
        why: why.to_owned(),
    };
    let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(wrong("it must be http:// or https:// and a host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        // The error must not show it either.
        return Err(SpecError::Url {
            url: Foreign::from(url.host_str().unwrap_or_default()),
            why: "a password in an address is seen by many; name an environment variable".into(),
        });
    }
    Ok(url)
}

/// A secret from the environment.
pub(super) fn secret(variable: &str) -> Option<Secret> {
    let value = std::env::var(variable).ok()?;
    (!value.is_empty()).then_some(Secret(value))
}

impl Worker {
    pub(super) fn new(spec: &spec::Http, contract: Contract) -> Result<Self, SpecError> {
        Ok(Self {
            client: client()?,
            url: address(&spec.url)?,
            token: spec.token_from.as_deref().and_then(secret),
            contract,
        })
    }

    async fn call(&self, job: &Job, body: &Value) -> Result<Answer, End> {
        let mut request = self
            .client
            .post(self.url.clone())
            .header("Idempotency-Key", &job.id)
            .json(body);
        if let Some(Secret(token)) = &self.token {
            request = request.bearer_auth(token);
        }
        post(job, request, self.url.host_str().unwrap_or("the function")).await
    }
}

impl super::Worker for Worker {
    fn contract(&self) -> &Contract {
        &self.contract
    }

    fn prepare<'a>(&'a self, asked: &'a Asked) -> Doing<'a, Prepared> {
        Box::pin(async move {
            let header = &asked.header;
            let within = Duration::from_micros(header.ttl.0.max(0) as u64);
            let job = Job::of_throw(asked, within.min(self.contract.timeout));
            let body = json!({
                "operation": job.id,
                "verb": header.verb.word(),
                "payload": String::from_utf8_lossy(&header.payload),
            });
            let answer = match self.call(&job, &body).await {
                Ok(answer) => answer.json(),
                Err(end) => Err(end),
            };
            match answer {
                Ok(value) => match value.get("answer").and_then(Value::as_u64) {
                    Some(option) => Prepared::Answered(option),
                    None => Prepared::Ready,
                },
                Err(end) => {
                    let why = words_of(&end);
                    let detail = ConflictDetail {
                        kind: ConflictKind::DataContradiction,
                        subject: Text::cut(self.url.host_str().unwrap_or_default()),
                        expected: Claim::new("an answer in JSON", Vec::new()),
                        received: Claim::new(&why, Vec::new()),
                        context_hash: Digest::of(b""),
                        divergence_depth: 0,
                        affects_agent_count: 1,
                    };
                    Prepared::Disputed(Box::new((detail, why.into_bytes())))
                }
            }
        })
    }

    /// The call was the act.
    fn act<'a>(&'a self, _: &'a Asked) -> Doing<'a, Result<(), End>> {
        Box::pin(async { Ok(()) })
    }

    fn task<'a>(&'a self, job: &'a Job) -> Doing<'a, Result<String, End>> {
        Box::pin(async move {
            let body = json!({
                "task": job.id,
                "name": job.name.raw(),
                "input": &*job.input,
                "requires": job.requires,
            });
            let value = self.call(job, &body).await?.json()?;
            Ok(match value.get("result") {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => value.to_string(),
            })
        })
    }

    fn stop(&self) -> Doing<'_, ()> {
        Box::pin(async {})
    }
}
