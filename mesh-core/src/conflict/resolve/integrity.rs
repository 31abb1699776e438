//! `HASH_MISMATCH`: verify, fetch elsewhere, isolate, reload (§5.1, §6.1 context corruption).
//!
//! A hash is not a matter of opinion: bytes that have it are right, whoever holds them, and whoever serves others under
//! its name is corrupt or worse.

use super::{Action, ConflictRecord, How, Plan, Step};
use crate::place::AgentId;
use crate::unit::Digest;

/// What is known of one holder's copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyState<'a> {
    /// Not asked yet.
    Unasked,
    /// Asked, and it did not answer.
    Silent,
    /// What it sent.
    Bytes(&'a [u8]),
}

/// One holder's copy of the bytes in question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copy<'a> {
    /// The holder.
    pub holder: AgentId,
    /// What is known of its copy.
    pub state: CopyState<'a>,
}

/// Checks the copies of the bytes named `named`: first the one that was complained of, then the replicas in the order in
/// which they should be asked. Asks for one more at a time until one is right.
pub fn check_copies(
    record: &ConflictRecord,
    named: Digest,
    source: Copy<'_>,
    replicas: &[Copy<'_>],
) -> Plan {
    let mut plan = Plan::new(record);
    let is_right =
        |copy: &Copy<'_>| matches!(copy.state, CopyState::Bytes(b) if Digest::of(b) == named);
    let is_wrong =
        |copy: &Copy<'_>| matches!(copy.state, CopyState::Bytes(b) if Digest::of(b) != named);

    if is_right(&source) {
        let found = format!("the bytes of {} do hash to {named}", source.holder);
        plan.find(Step::VerifyBytes, found);
        plan.find(
            Step::ReloadKnownGood,
            format!(
                "{} saw other bytes: its own copy or its reading is at fault",
                record.agent
            ),
        );
        let reload = Action::ReloadKnownGood {
            agent: record.agent,
        };
        return plan.settle(How::KeepReceived, [Action::ReleaseData, reload]);
    }
    plan.find(
        Step::VerifyBytes,
        match source.state {
            CopyState::Bytes(bytes) => format!(
                "the bytes of {} hash to {}, not {named}",
                source.holder,
                Digest::of(bytes)
            ),
            CopyState::Unasked | CopyState::Silent => {
                format!("{} shows no bytes for {named}", source.holder)
            }
        },
    );

    // Whoever showed wrong bytes is isolated at once, whether or not a right copy turns up.
    let wrong: Vec<AgentId> = core::iter::once(&source)
        .chain(replicas)
        .filter(|copy| is_wrong(copy))
        .map(|copy| copy.holder)
        .collect();
    for &agent in &wrong {
        plan.actions.push(Action::QuarantineAgent { agent });
    }
    plan.find(
        Step::IsolateSource,
        format!("{} holders showed wrong bytes", wrong.len()),
    );

    if let Some(right) = replicas.iter().find(|copy| is_right(copy)) {
        plan.find(
            Step::FetchElsewhere,
            format!("{} holds the right bytes", right.holder),
        );
        let reloads = wrong
            .into_iter()
            .map(|agent| Action::ReloadKnownGood { agent });
        return plan.settle(How::Repaired, reloads.chain([Action::DiscardData]));
    }
    if let Some(next) = replicas
        .iter()
        .find(|copy| copy.state == CopyState::Unasked)
    {
        plan.find(Step::FetchElsewhere, format!("asking {}", next.holder));
        plan.actions.push(Action::Refetch {
            digest: named,
            from: next.holder,
        });
        return plan;
    }
    plan.find(
        Step::FetchElsewhere,
        format!("none of {} replicas has it", replicas.len()),
    );
    plan.actions.push(Action::ReloadKnownGood {
        agent: record.agent,
    });
    let question = format!("nobody holds the bytes of {named}: go on from the known-good head?");
    plan.ask(question, Vec::new(), &[How::KeepExpected, How::Dismiss])
}
