//! What all operations have in common: a name, a scope, what is left out of it, an operation that they hold.

use super::kind::Operation;
use super::scope::Scopes;

impl Operation {
    /// Its name in the table.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Inspect { .. } => "inspect",
            Self::List { .. } => "list",
            Self::Count { .. } => "count",
            Self::Diagnose { .. } => "diagnose",
            Self::Trend { .. } => "trend",
            Self::Health { .. } => "health",
            Self::Kpis { .. } => "kpis",
            Self::Follow { .. } => "follow",
            Self::Task { .. } => "task",
            Self::Plan { .. } => "plan",
            Self::Proof { .. } => "proof",
            Self::Ping { .. } => "ping",
            Self::Audit { .. } => "audit",
            Self::Verify { .. } => "verify",
            Self::Runbook { .. } => "runbook",
            Self::Avoid { .. } => "avoid",
            Self::Restore { .. } => "restore",
            Self::Broadcast { .. } => "broadcast",
            Self::Ask { .. } => "ask",
            Self::Delegate { .. } => "delegate",
            Self::Pipeline { .. } => "pipeline",
            Self::Reassign { .. } => "reassign",
            Self::Cancel { .. } => "cancel",
            Self::Cascade { .. } => "cascade",
            Self::Freeze { .. } => "freeze",
            Self::Thaw { .. } => "thaw",
            Self::Heal { .. } => "heal",
            Self::Quarantine { .. } => "quarantine",
            Self::Release { .. } => "release",
            Self::Resolve { .. } => "resolve",
            Self::Trip { .. } => "trip",
            Self::Reset { .. } => "reset",
            Self::Capability { .. } => "capability",
            Self::Promote { .. } => "promote",
            Self::Scale { .. } => "scale",
            Self::Move { .. } => "move",
            Self::Calibrate { .. } => "calibrate",
            Self::Unlock { .. } => "unlock",
            Self::Context { .. } => "context",
            Self::Backup { .. } => "backup",
            Self::Keys { .. } => "keys",
            Self::Review { .. } => "review",
            Self::Watch { .. } => "watch",
            Self::Unwatch { .. } => "unwatch",
            Self::Schedule { .. } => "schedule",
            Self::Unschedule { .. } => "unschedule",
            Self::WhatIf { .. } => "what_if",
            Self::Explain { .. } => "explain",
            Self::Undo { .. } => "undo",
            Self::Answer { .. } => "answer",
            Self::Help { .. } => "help",
            Self::Theme { .. } => "theme",
            Self::Quit { .. } => "quit",
        }
    }

    /// Its scope, where it takes one and one was said.
    pub const fn scope(&self) -> Option<&Scopes> {
        match self {
            Self::Inspect { scope, .. }
            | Self::Diagnose { scope, .. }
            | Self::Ping { scope, .. }
            | Self::Avoid { scope, .. }
            | Self::Restore { scope, .. }
            | Self::Freeze { scope, .. }
            | Self::Thaw { scope, .. }
            | Self::Heal { scope, .. }
            | Self::Quarantine { scope, .. }
            | Self::Release { scope, .. }
            | Self::Trip { scope, .. }
            | Self::Reset { scope, .. }
            | Self::Capability { scope, .. }
            | Self::Promote { scope, .. }
            | Self::Move { scope, .. }
            | Self::Calibrate { scope, .. }
            | Self::Unlock { scope, .. }
            | Self::Watch { scope, .. } => Some(scope),
            Self::List { scope, .. }
            | Self::Count { scope, .. }
            | Self::Trend { scope, .. }
            | Self::Follow { scope, .. }
            | Self::Audit { scope, .. }
            | Self::Runbook { scope, .. }
            | Self::Broadcast { scope, .. }
            | Self::Ask { scope, .. }
            | Self::Reassign { scope, .. }
            | Self::Cancel { scope, .. }
            | Self::Cascade { scope, .. }
            | Self::Scale { scope, .. }
            | Self::Context { scope, .. }
            | Self::Keys { scope, .. } => scope.as_ref(),
            Self::Status { .. }
            | Self::Health { .. }
            | Self::Kpis { .. }
            | Self::Task { .. }
            | Self::Plan { .. }
            | Self::Proof { .. }
            | Self::Verify { .. }
            | Self::Delegate { .. }
            | Self::Pipeline { .. }
            | Self::Resolve { .. }
            | Self::Backup { .. }
            | Self::Review { .. }
            | Self::Unwatch { .. }
            | Self::Schedule { .. }
            | Self::Unschedule { .. }
            | Self::WhatIf { .. }
            | Self::Explain { .. }
            | Self::Undo { .. }
            | Self::Answer { .. }
            | Self::Help { .. }
            | Self::Theme { .. }
            | Self::Quit { .. } => None,
        }
    }

    /// What is left out of its scope.
    pub const fn except(&self) -> Option<&Scopes> {
        match self {
            Self::Inspect { except, .. }
            | Self::List { except, .. }
            | Self::Count { except, .. }
            | Self::Diagnose { except, .. }
            | Self::Trend { except, .. }
            | Self::Follow { except, .. }
            | Self::Ping { except, .. }
            | Self::Audit { except, .. }
            | Self::Runbook { except, .. }
            | Self::Avoid { except, .. }
            | Self::Restore { except, .. }
            | Self::Broadcast { except, .. }
            | Self::Ask { except, .. }
            | Self::Reassign { except, .. }
            | Self::Cancel { except, .. }
            | Self::Cascade { except, .. }
            | Self::Freeze { except, .. }
            | Self::Thaw { except, .. }
            | Self::Heal { except, .. }
            | Self::Quarantine { except, .. }
            | Self::Release { except, .. }
            | Self::Trip { except, .. }
            | Self::Reset { except, .. }
            | Self::Capability { except, .. }
            | Self::Promote { except, .. }
            | Self::Scale { except, .. }
            | Self::Move { except, .. }
            | Self::Calibrate { except, .. }
            | Self::Unlock { except, .. }
            | Self::Context { except, .. }
            | Self::Keys { except, .. }
            | Self::Watch { except, .. } => except.as_ref(),
            Self::Status { .. }
            | Self::Health { .. }
            | Self::Kpis { .. }
            | Self::Task { .. }
            | Self::Plan { .. }
            | Self::Proof { .. }
            | Self::Verify { .. }
            | Self::Delegate { .. }
            | Self::Pipeline { .. }
            | Self::Resolve { .. }
            | Self::Backup { .. }
            | Self::Review { .. }
            | Self::Unwatch { .. }
            | Self::Schedule { .. }
            | Self::Unschedule { .. }
            | Self::WhatIf { .. }
            | Self::Explain { .. }
            | Self::Undo { .. }
            | Self::Answer { .. }
            | Self::Help { .. }
            | Self::Theme { .. }
            | Self::Quit { .. } => None,
        }
    }

    /// The operation that it holds (`schedule`, `what_if`, `plan`).
    pub fn inner(&self) -> Option<&Self> {
        if let Self::Schedule { operation, .. }
        | Self::WhatIf { operation }
        | Self::Plan { operation } = self
        {
            Some(operation)
        } else {
            None
        }
    }
}
