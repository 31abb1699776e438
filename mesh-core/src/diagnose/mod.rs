//! Findings and root causes from registry, tasks, conflicts and breakers, with the evidence for each.
//!
//! Every rule is a small function from rows to findings; [`diagnose`] runs them all over a scope and ranks what they
//! found. Nothing here knows a story: the exchange of §7.2 comes out of its rows, and so do others like it.
//!
//! | file | what it finds |
//! |---|---|
//! | [`capability`] | work that cannot succeed where it is |
//! | [`stuck`] | tasks that take or wait longer than they should |
//! | [`agent`] | slow, silent, isolated, unreliable agents; clocks and locked weights |
//! | [`region`] | breakers, seats, queues, conflicts, drift of clusters |
//! | [`health`] | the daily check of §10.1 |
//! | [`runbook`] | the procedures of §10 as guided steps |

pub mod agent;
pub mod capability;
mod finding;
pub mod health;
pub mod region;
pub mod runbook;
pub mod stuck;
mod survey;

pub use finding::{Cause, Evidence, Figure, Finding, FindingKind, Lack, SUBJECTS_MAX, Subject};
pub use survey::{Survey, Typical};

use crate::operation::{Scopes, View};

/// Findings of one diagnosis at most: two screens; the worst come first.
pub const FINDINGS_MAX: usize = 64;

/// What is wrong in a scope, worst first, at most [`FINDINGS_MAX`].
pub fn diagnose(scope: &Scopes, except: Option<&Scopes>, view: &dyn View) -> Vec<Finding> {
    let survey = Survey::of(scope, except, view);
    let mut findings = capability::mismatches(&survey);
    findings.extend(stuck::tasks(&survey, &findings));
    // What has a cause already is not told again as a symptom.
    let explained: Vec<Subject> = findings
        .iter()
        .filter(|finding| finding.cause.is_some())
        .flat_map(|finding| finding.subjects.clone())
        .collect();
    findings.extend(agent::rules(&survey, &explained));
    findings.extend(region::rules(&survey));
    findings.sort_by(Finding::rank);
    findings.truncate(FINDINGS_MAX);
    findings
}

/// What is notable in a scope at first sight, worst first: symptoms with what can be done at once, without asking why.
/// An inspection shows these; [`diagnose`] goes on to the causes (§7.2).
pub fn notable(scope: &Scopes, except: Option<&Scopes>, view: &dyn View) -> Vec<Finding> {
    let survey = Survey::of(scope, except, view);
    let mut findings = agent::rules(&survey, &[]);
    findings.extend(region::rules(&survey));
    findings.sort_by(Finding::rank);
    findings.truncate(FINDINGS_MAX);
    findings
}

#[cfg(test)]
mod tests;
