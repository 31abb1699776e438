//! The typed operations, exactly in the JSON form of the conversation contract: `{"op":"avoid","scope":"cluster:7-4"}`.
//!
//! The fields carry the names of that form. What each means, which are needed and what each is worth stands in
//! [`super::table`]; that enum and table agree is tested there. Read JSON with [`Operation::from_json`], which is also
//! what `serde` uses: so an operation that exists has been checked.

use super::scope::Scopes;
use super::value::{At, Condition, Millis, Seconds};
use super::word::{
    BackupAct, ContextAct, Grant, KeyAct, LogKind, Metric, Openness, Order, ReviewAct, Runbook,
    SeatKind, Severity, SheetFormat, SortBy, What,
};
use crate::conflict::Settlement;
use crate::message::{Strategy, Verb};
use crate::place::Class;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::Value;

/// Everything that may be asked of the mesh or of the console.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    remote = "Self",
    tag = "op",
    rename_all = "snake_case",
    deny_unknown_fields
)]
pub enum Operation {
    /// The figures of §7.1.
    Status {},
    /// What is happening in a scope.
    Inspect {
        /// Where.
        scope: Scopes,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
    },
    /// Rows.
    List {
        /// Rows of what.
        what: What,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<Scopes>,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
        /// Open or closed ones only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        state: Option<Openness>,
        /// How far back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        span_s: Option<Seconds>,
        /// Sorted by.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sort: Option<SortBy>,
        /// Which end first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        order: Option<Order>,
        /// How many at most.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
    },
    /// How many rows.
    Count {
        /// Rows of what.
        what: What,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<Scopes>,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
        /// Open or closed ones only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        state: Option<Openness>,
        /// How far back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        span_s: Option<Seconds>,
    },
    /// Findings with their evidence and a remedy.
    Diagnose {
        /// Where.
        scope: Scopes,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
    },
    /// A figure over time.
    Trend {
        /// Which figure.
        metric: Metric,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<Scopes>,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
        /// How far back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        span_s: Option<Seconds>,
    },
    /// The daily check of §10.1.
    Health {},
    /// The seven indicators of §11.
    Kpis {
        /// How far back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        span_s: Option<Seconds>,
    },
    /// Events and changes as they come.
    Follow {
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<Scopes>,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
        /// From this severity up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        severity: Option<Severity>,
    },
    /// One task: where it is, since when, what it waits for.
    Task {
        /// The task.
        task_id: String,
    },
    /// What a throw would look like, before it is fired.
    Plan {
        /// The operation.
        operation: Box<Operation>,
    },
    /// The proof sheet of a throw.
    Proof {
        /// The throw, or `latest`.
        throw_id: String,
        /// A throw to compare it with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        compare: Option<String>,
        /// As what to write it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        format: Option<SheetFormat>,
    },
    /// Round trip to nodes and agents, measured now.
    Ping {
        /// Where.
        scope: Scopes,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
    },
    /// Who did what, from where, with what result.
    Audit {
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<Scopes>,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
        /// By whom.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        /// How far back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        span_s: Option<Seconds>,
        /// How many at most.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
    },
    /// Recomputes a hash-chained log and names the first altered row.
    Verify {
        /// Which log.
        log: LogKind,
    },
    /// A runbook of §10 as guided steps with automatic checks.
    Runbook {
        /// Which.
        name: Runbook,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<Scopes>,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
    },
    /// Routes around.
    Avoid {
        /// Where.
        scope: Scopes,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
        /// For how long.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        for_s: Option<Seconds>,
    },
    /// Routes there again.
    Restore {
        /// Where.
        scope: Scopes,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
    },
    /// A message to agents.
    Broadcast {
        /// What to say.
        message: String,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<Scopes>,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
        /// 0 low to 3 urgent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        priority: Option<u8>,
        /// Whether each has to acknowledge.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        require_ack: Option<bool>,
    },
    /// A question to a sample of agents.
    Ask {
        /// What to ask.
        question: String,
        /// How many to ask.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sample: Option<u32>,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<Scopes>,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
    },
    /// A task for whoever does it best.
    Delegate {
        /// What to do.
        task: String,
        /// Where to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Scopes>,
        /// How long it may take.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_s: Option<Seconds>,
        /// The capability it needs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        requires: Option<String>,
        /// 0 low to 3 urgent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        priority: Option<u8>,
        /// Whether it may run twice.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        idempotent: Option<bool>,
    },
    /// Several tasks, each given the result of the one before.
    Pipeline {
        /// What to do, in order.
        steps: Vec<String>,
        /// Where to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Scopes>,
        /// How long it may take.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_s: Option<Seconds>,
    },
    /// Running work goes elsewhere.
    Reassign {
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<Scopes>,
        /// The task.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task_id: Option<String>,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
        /// Where to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Scopes>,
    },
    /// Ends work.
    Cancel {
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<Scopes>,
        /// The task.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task_id: Option<String>,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
    },
    /// A throw (§3).
    Cascade {
        /// What agents do with it (§2.4).
        verb: Verb,
        /// What it carries.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payload: Option<String>,
        /// How it goes down the tree.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        strategy: Option<Strategy>,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<Scopes>,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
        /// How long arrivals are waited for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        window_ms: Option<Millis>,
        /// When, by the wall.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<At>,
        /// In how long.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        in_s: Option<Seconds>,
        /// The largest release spread that is accepted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spread_ms: Option<Millis>,
    },
    /// Stops everything there.
    Freeze {
        /// Where.
        scope: Scopes,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
    },
    /// Lets it go on.
    Thaw {
        /// Where.
        scope: Scopes,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
    },
    /// Recovery in concrete steps (§7.1).
    Heal {
        /// Where.
        scope: Scopes,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
    },
    /// Isolates agents.
    Quarantine {
        /// Where.
        scope: Scopes,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
    },
    /// Lets agents out of quarantine.
    Release {
        /// Where.
        scope: Scopes,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
    },
    /// Settles a conflict (§5.1).
    Resolve {
        /// The conflict, or `latest`.
        conflict_id: String,
        /// Which side wins.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        how: Option<Settlement>,
    },
    /// Opens breakers (§6.2).
    Trip {
        /// Where.
        scope: Scopes,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
    },
    /// Closes breakers after a probe.
    Reset {
        /// Where.
        scope: Scopes,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
    },
    /// A rule about what is routed where.
    Capability {
        /// What to do.
        action: Grant,
        /// Where.
        scope: Scopes,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
        /// The capability.
        capability: String,
    },
    /// Gives a seat to an agent's node.
    Promote {
        /// Where.
        scope: Scopes,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
        /// Where to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<SeatKind>,
    },
    /// More agents, or fewer (§10.2).
    Scale {
        /// How many more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        add: Option<u32>,
        /// How many fewer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remove: Option<u32>,
        /// Of which class.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class: Option<Class>,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<Scopes>,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
    },
    /// Agents go to healthy clusters (§10.3).
    Move {
        /// Where.
        scope: Scopes,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
        /// Where to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Scopes>,
    },
    /// Measures impedance afresh, by hand (§9.2).
    Calibrate {
        /// Where.
        scope: Scopes,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
    },
    /// Impedance weights learn again after a lock (§9.2).
    Unlock {
        /// Where.
        scope: Scopes,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
    },
    /// Branches, known-good head and reload (PROTOCOL §9a).
    Context {
        /// What to do.
        action: ContextAct,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<Scopes>,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
        /// The branch.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        branch: Option<String>,
        /// The document.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hash: Option<String>,
    },
    /// Backups of registry, logs and snapshots (§10.1).
    Backup {
        /// What to do.
        action: BackupAct,
    },
    /// Tokens, admission, rotation, revocation (PROTOCOL §10).
    Keys {
        /// What to do.
        action: KeyAct,
        /// The key.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<Scopes>,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
        /// For how long.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        for_s: Option<Seconds>,
    },
    /// Decides on an item that waits for a person.
    Review {
        /// What to do.
        action: ReviewAct,
        /// The item, or `next`.
        review_id: String,
        /// What to say about it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<String>,
    },
    /// Tells when something becomes so.
    Watch {
        /// Where.
        scope: Scopes,
        /// What is left out of the scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        except: Option<Scopes>,
        /// What to wait for.
        condition: Condition,
    },
    /// Forgets a watch.
    Unwatch {
        /// The watch.
        watch_id: String,
    },
    /// An operation at a time.
    Schedule {
        /// When, by the wall.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<At>,
        /// In how long.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        in_s: Option<Seconds>,
        /// The operation.
        operation: Box<Operation>,
    },
    /// Drops what was scheduled.
    Unschedule {
        /// What was scheduled.
        schedule_id: String,
    },
    /// What an operation would do, without doing it.
    WhatIf {
        /// The operation.
        operation: Box<Operation>,
    },
    /// What a word or an operation means.
    Explain {
        /// About what.
        topic: String,
    },
    /// Takes the last change back.
    Undo {},
    /// Yes or no to what is pending.
    Answer {
        /// Yes or no.
        yes: bool,
        /// Only these steps, from 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        only: Option<Vec<u8>>,
    },
    /// What can be said.
    Help {
        /// About what.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        topic: Option<String>,
    },
    /// Another look.
    Theme {
        /// Which.
        name: String,
    },
    /// Leaves the console.
    Quit {},
}

impl Operation {
    /// Reads the contract's JSON form; the error names the field, its value and what would be right.
    pub fn from_json(value: &Value) -> Result<Self, super::read::OperationError> {
        super::read::check(value)?;
        // Generated by the derive above, which the check has gone before: what is left is a disagreement of the two.
        Self::deserialize(value).map_err(super::read::OperationError::disagreement)
    }

    /// From text in the contract's JSON form.
    pub fn from_json_text(text: &str) -> Result<Self, super::read::OperationError> {
        Self::from_json(&super::read::parse(text)?)
    }

    /// The contract's JSON form.
    pub fn to_json(&self) -> Value {
        // The fields are words, numbers and strings under string keys, none of which can fail to be a JSON value.
        Self::serialize(self, serde_json::value::Serializer).expect("an operation is always JSON")
    }

    /// Checked as if it had been read: for operations put together in code from values of others.
    pub fn checked(self) -> Result<Self, super::read::OperationError> {
        super::read::check(&self.to_json()).map(|()| self)
    }
}

impl Serialize for Operation {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, to)
    }
}

impl<'de> Deserialize<'de> for Operation {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        Self::from_json(&value).map_err(D::Error::custom)
    }
}
