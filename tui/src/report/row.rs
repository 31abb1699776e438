//! What a list shows of each kind of thing: its columns, and a row for one of them.

use super::{Column, Row, ms, seconds, word};
use crate::theme::Role;
use mesh_core::operation::Operation;
use mesh_core::operation::answer::{
    AgentLine, BreakerLine, ConflictLine, OperationLine, RegionLine,
};
use mesh_core::operation::review::{Item, Standing};
use mesh_core::operation::task::Task;
use mesh_core::text::Foreign;

pub(super) const AGENT_COLUMNS: &[Column] = &[
    ("agent", false),
    ("class", false),
    ("state", false),
    ("z ms", true),
    ("queue", true),
    ("rel", true),
    ("drift", true),
    ("beat", true),
    ("task", false),
    ("context", false),
    ("marks", false),
];

pub(super) fn agent_row(line: &AgentLine) -> Row {
    let mut marks = Vec::new();
    marks.extend(line.avoided.then_some("avoided"));
    marks.extend(line.frozen.then_some("frozen"));
    let role = match line.state {
        mesh_core::registry::State::Active => Role::Text,
        mesh_core::registry::State::Degraded => Role::Degraded,
        mesh_core::registry::State::Offline => Role::Offline,
        mesh_core::registry::State::Quarantined => Role::Conflict,
    };
    Row::new(
        role,
        vec![
            line.id.to_string(),
            line.class.to_string(),
            line.state.to_string(),
            ms(line.impedance),
            line.queue.to_string(),
            line.reliability.to_string(),
            format!("{:.2}", line.drift),
            line.beat.to_string(),
            line.task
                .as_ref()
                .map_or_else(|| "-".into(), ToString::to_string),
            format!("{:016x}", line.context),
            marks.join(" "),
        ],
    )
}

pub(super) const REGION_COLUMNS: &[Column] = &[
    ("place", false),
    ("agents", true),
    ("active", true),
    ("z ms", true),
    ("p95 ms", true),
    ("queue", true),
    ("conflicts/h", true),
    ("breaker", false),
];

pub(super) fn region_row<Id: ToString>(line: &RegionLine<Id>) -> Row {
    let role = if !line.closed {
        Role::Open
    } else if line.active * 20 <= line.agents * 19 {
        Role::Degraded
    } else {
        Role::Text
    };
    Row::new(
        role,
        vec![
            line.id.to_string(),
            line.agents.to_string(),
            line.active.to_string(),
            ms(line.impedance),
            ms(line.impedance_p95),
            line.queue.to_string(),
            line.conflicts.to_string(),
            if line.closed { "closed" } else { "not closed" }.into(),
        ],
    )
}

pub(super) const CONFLICT_COLUMNS: &[Column] = &[
    ("p", true),
    ("conflict", false),
    ("type", false),
    ("agent", false),
    ("age", true),
    ("settled", false),
];

pub(super) fn conflict_row(line: &ConflictLine) -> Row {
    let role = match (line.settled.is_some(), line.priority) {
        (true, _) => Role::Dim,
        (false, 4..) => Role::Open,
        (false, 3) => Role::Degraded,
        (false, _) => Role::Text,
    };
    let id = Foreign::from(line.id.as_str()).to_string();
    let settle = Operation::from_line(&format!("resolve {}", line.id)).ok();
    Row::new(
        role,
        vec![
            line.priority.to_string(),
            id,
            Foreign::from(line.kind.as_str()).to_string(),
            line.agent.to_string(),
            line.age.to_string(),
            line.settled
                .as_deref()
                .map_or_else(|| "open".into(), |how| Foreign::from(how).to_string()),
        ],
    )
    .detail(vec![
        format!("expected  {}", line.expected),
        format!("received  {}", line.received),
    ])
    .offers(
        settle
            .into_iter()
            .filter(|_| line.settled.is_none())
            .collect(),
    )
}

pub(super) const BREAKER_COLUMNS: &[Column] = &[
    ("breaker", false),
    ("state", false),
    ("for", true),
    ("failures", true),
];

pub(super) fn breaker_row(line: &BreakerLine) -> Row {
    let (role, state) = if line.open {
        (Role::Open, "OPEN")
    } else {
        (Role::HalfOpen, "HALF_OPEN")
    };
    let reset = Operation::Reset {
        scope: line.at.scope(),
        except: None,
    };
    Row::new(
        role,
        vec![
            line.at.to_string(),
            state.into(),
            line.age.to_string(),
            line.failures.to_string(),
        ],
    )
    .offers(vec![reset])
}

pub(super) const TASK_COLUMNS: &[Column] = &[
    ("task", false),
    ("state", false),
    ("at", false),
    ("p", true),
    ("what", false),
    ("waits for", false),
];

pub(super) fn task_row(task: &Task) -> Row {
    use mesh_core::operation::task::TaskState;
    let role = match task.state() {
        TaskState::Done => Role::Ok,
        TaskState::Failed | TaskState::Expired => Role::Slow,
        TaskState::Accepted | TaskState::Queued | TaskState::Started => Role::Text,
    };
    let waits = task
        .waits_for()
        .map_or_else(|| "-".into(), |wait| word(&wait.resource));
    let mut detail = vec![
        format!("task      {}", task.id),
        format!("deadline  {}", seconds(task.deadline)),
        format!("runs      {}", task.runs()),
    ];
    detail.extend(
        task.outcome()
            .map(|outcome| format!("outcome   {}", word(outcome))),
    );
    let cancel = Operation::from_line(&format!("cancel task {}", task.id.as_str()))
        .ok()
        .filter(|_| !task.state().is_final());
    Row::new(
        role,
        vec![
            task.id.to_string(),
            task.state().to_string(),
            task.at().map_or_else(|| "-".into(), |at| at.to_string()),
            task.priority.to_string(),
            task.name.to_string(),
            waits,
        ],
    )
    .detail(detail)
    .offers(cancel.into_iter().collect())
}

pub(super) const REVIEW_COLUMNS: &[Column] = &[
    ("review", true),
    ("p", true),
    ("question", false),
    ("from", false),
    ("until", false),
    ("state", false),
];

pub(super) fn review_row(item: &Item) -> Row {
    let (role, state) = match &item.state {
        Standing::Open => (Role::Proposal, "open".to_owned()),
        Standing::Approved(by) => (
            Role::Ok,
            format!("approved by {}", Foreign::from(by.as_str())),
        ),
        Standing::Rejected(by) => (
            Role::Dim,
            format!("rejected by {}", Foreign::from(by.as_str())),
        ),
        Standing::Expired => (Role::Dim, "expired".into()),
    };
    let mut detail = vec![item.question.to_string()];
    detail.extend(
        item.operation
            .iter()
            .map(|operation| format!("would do  :{}", operation.line())),
    );
    detail.extend(
        item.comments
            .iter()
            .map(|comment| format!("{}: {}", Foreign::from(comment.by.as_str()), comment.text)),
    );
    let approve = Operation::from_line(&format!("review approve {}", item.id.0)).ok();
    Row::new(
        role,
        vec![
            item.id.0.to_string(),
            item.priority.to_string(),
            item.question.to_string(),
            word(&item.from),
            item.deadline.map_or_else(|| "-".into(), seconds),
            state,
        ],
    )
    .detail(detail)
    .offers(
        approve
            .into_iter()
            .filter(|_| item.state == Standing::Open)
            .collect(),
    )
}

pub(super) const OPERATION_COLUMNS: &[Column] = &[
    ("at", false),
    ("by", false),
    ("from", false),
    ("operation", false),
    ("result", false),
];

pub(super) fn operation_row(line: &OperationLine) -> Row {
    Row::new(
        Role::Text,
        vec![
            seconds(line.at),
            line.by.to_string(),
            line.from.to_string(),
            line.operation.line(),
            line.result.to_string(),
        ],
    )
}
