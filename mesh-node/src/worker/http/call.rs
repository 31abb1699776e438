//! One call of somebody else's server, within bounds: time, tries, redirects, bytes.

use super::super::backoff::Backoff;
use super::super::job::{ended, in_words};
use super::super::spec::SpecError;
use super::super::{End, Job};
use crate::drive::local::clock::RealClock;
use mesh_core::operation::resource::Resource;
use mesh_core::time::Micros;
use reqwest::header::{LOCATION, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use std::error::Error;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

/// Bytes of an answer at most.
pub(in super::super) const ANSWER_MAX: usize = 1024 * 1024;
/// Tries of one call at most.
const TRIES_MAX: u32 = 5;
/// How long a server may ask to be left alone.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(120);
/// How long it may take to be connected.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// Waits between two tries to reach a server that is not there.
const REACH_AGAIN: (Micros, Micros) = (Micros::millis(200), Micros::seconds(5));

/// What came back, with a status of success.
#[derive(Debug)]
pub(in super::super) struct Answer {
    body: Vec<u8>,
    from: String,
}

impl Answer {
    /// The answer as JSON.
    pub(in super::super) fn json(&self) -> Result<Value, End> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let head = excerpt(&self.body);
            End::failed(format!(
                "{} answered with no JSON ({error}): {head}",
                self.from
            ))
        })
    }
}

/// The client that all workers of the process share: it keeps connections.
pub(in super::super) fn client() -> Result<Client, SpecError> {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    if let Some(client) = CLIENT.get() {
        return Ok(client.clone());
    }
    super::super::install_tls();
    let client = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_MAX)
        .user_agent(concat!("mesh-node/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| SpecError::Client(chain(&error)))?;
    Ok(CLIENT.get_or_init(|| client).clone())
}

/// Sends a request until it is answered, its job's time is over, or there is no use in it.
pub(in super::super) async fn post(
    job: &Job,
    request: RequestBuilder,
    from: &str,
) -> Result<Answer, End> {
    let over = job.over();
    tokio::pin!(over);
    tokio::select! {
        biased;
        answer = tries(job, request, from) => answer,
        over = &mut over => {
            let what = format!("{from} (whether it did what it was asked is not known)");
            Err(ended(over, job.within, &what))
        }
    }
}

async fn tries(job: &Job, request: RequestBuilder, from: &str) -> Result<Answer, End> {
    let mut backoff = Backoff::new(REACH_AGAIN.0, REACH_AGAIN.1);
    let mut waited = false;
    for tried in 1..=TRIES_MAX {
        let Some(again) = request.try_clone() else {
            return Err(End::failed("a request that can be sent only once"));
        };
        let last = tried == TRIES_MAX;
        let wait = match again.send().await {
            Ok(response) => {
                let wait = retry_after(&response, from)?;
                let Some(wait) = wait.filter(|_| !last) else {
                    if waited {
                        job.goes_on();
                    }
                    return read(response, from).await;
                };
                let status = response.status().as_u16();
                job.waits(
                    Resource::Network,
                    format!(
                        "{from}, which answered {status} and asks to be left alone for {}",
                        in_words(wait)
                    ),
                );
                wait
            }
            // Nobody was reached, so nothing was done.
            Err(error) if error.is_connect() && !last => {
                let why = chain(&error.without_url());
                job.waits(
                    Resource::Network,
                    format!("{from}, which cannot be reached: {why}"),
                );
                backoff.next()
            }
            Err(error) => {
                let why = chain(&error.without_url());
                return Err(End::failed(format!("{from} gave no answer: {why}")));
            }
        };
        waited = true;
        tokio::time::sleep(wait).await;
    }
    Err(End::failed(format!(
        "{from} gave no answer to {TRIES_MAX} tries"
    )))
}

/// How long a server wants to be left alone before it is asked again.
fn retry_after(response: &Response, from: &str) -> Result<Option<Duration>, End> {
    let status = response.status();
    if status != StatusCode::TOO_MANY_REQUESTS && status != StatusCode::SERVICE_UNAVAILABLE {
        return Ok(None);
    }
    let text = response.headers().get(RETRY_AFTER);
    let Some(text) = text.and_then(|text| text.to_str().ok()) else {
        return Ok(None);
    };
    let now = RealClock::start().wall();
    let now = SystemTime::UNIX_EPOCH + Duration::from_micros(now.0.max(0) as u64);
    match asked_for(text, now) {
        Some(wait) if wait > RETRY_AFTER_MAX => Err(End::failed(format!(
            "{from} answered {} and asks to be left alone for {}; no task waits longer than {}",
            status.as_u16(),
            in_words(wait),
            in_words(RETRY_AFTER_MAX)
        ))),
        wait => Ok(wait),
    }
}

/// `Retry-After`: seconds, or a date (RFC 9110 §10.2.3).
fn asked_for(text: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(text.trim()).ok()?;
    Some(at.duration_since(now).unwrap_or_default())
}

/// Reads an answer up to its bound.
async fn read(mut response: Response, from: &str) -> Result<Answer, End> {
    let status = response.status();
    if status.is_redirection() {
        let to = response.headers().get(LOCATION);
        let to = to.map_or_else(String::new, |to| excerpt(to.as_bytes()));
        return Err(End::failed(format!(
            "{from} answered {} and points to {to:?}; redirects are not followed, so name the address itself",
            status.as_u16()
        )));
    }
    let too_much = || {
        End::failed(format!(
            "{from} answered with more than {ANSWER_MAX} bytes; the rest was not read"
        ))
    };
    if response
        .content_length()
        .is_some_and(|length| length > ANSWER_MAX as u64)
    {
        return Err(too_much());
    }
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > ANSWER_MAX => return Err(too_much()),
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) => {
                let why = chain(&error.without_url());
                return Err(End::failed(format!("{from} broke off its answer: {why}")));
            }
        }
    }
    if !status.is_success() {
        let head = excerpt(&body);
        return Err(End::failed(format!("{from} answered {status}: {head}")));
    }
    Ok(Answer {
        body,
        from: from.to_owned(),
    })
}

/// The beginning of what somebody sent.
fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(800)]).into_owned();
    text.chars().take(200).collect()
}

/// An error with what caused it.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}

/// Why something ended, in words.
pub(super) fn words_of(end: &End) -> String {
    match end {
        End::Failed(why) => why.raw().to_owned(),
        End::Interrupted => "the worker died".to_owned(),
        End::Stopped => "it was ended before it was done".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(asked_for("7", now), Some(Duration::from_secs(7)));
        assert_eq!(
            asked_for("Sun, 06 Nov 1994 08:49:47 GMT", now),
            Some(Duration::from_secs(10))
        );
        assert_eq!(
            asked_for("Sun, 06 Nov 1994 08:00:00 GMT", now),
            Some(Duration::ZERO)
        );
        assert_eq!(asked_for("soon", now), None);
    }
}
