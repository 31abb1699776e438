//! Rows that only look.

use super::{ANYWHERE, Acts, Arg, EXCEPT, HELD, Holds, Kind, LIMIT_MAX, Row, SCOPE, SPAN};
use crate::operation::word::{
    LogKind, Metric, Openness, Order, Runbook, Severity, SheetFormat, SortBy, What,
};

const fn look(name: &'static str, help: &'static str) -> Row {
    Row::new(name, Acts::Looks, help).priority(1)
}

const WHAT: Arg = Arg::new("what", Kind::Word(What::WORDS), "rows of what");
const STATE: Arg = Arg::new(
    "state",
    Kind::Word(Openness::WORDS),
    "only those still open, or only those settled",
)
.key("state")
.optional("both");
const LIMIT: Arg = Arg::new("limit", Kind::Whole(1, LIMIT_MAX), "rows at most")
    .key("limit")
    .optional("as many as fit");

pub(super) const ROWS: &[Row] = &[
    look("status", "how the mesh is doing, in six figures").examples(&["status"]),
    look(
        "inspect",
        "what is happening in a scope, and what is notable there",
    )
    .args(&[SCOPE, EXCEPT])
    .examples(&["inspect sector:7", "inspect agent:7-4-12"]),
    look("list", "rows of agents, clusters, conflicts, tasks, …")
        .args(&[
            WHAT,
            ANYWHERE,
            EXCEPT,
            STATE,
            SPAN.optional("all that is kept"),
            Arg::new("sort", Kind::Word(SortBy::WORDS), "sorted by")
                .key("sort")
                .optional("place, or newest first"),
            Arg::new("order", Kind::Word(Order::WORDS), "which end first")
                .key("order")
                .optional("as the sorting suggests"),
            LIMIT,
        ])
        .examples(&[
            "list agents sector:7 sort impedance order desc limit 5",
            "list conflicts state open",
        ]),
    look("count", "how many there are")
        .args(&[
            WHAT,
            ANYWHERE,
            EXCEPT,
            STATE,
            SPAN.optional("all that is kept"),
        ])
        .examples(&["count agents \"where:class=gpu state=offline\""]),
    look(
        "diagnose",
        "what is wrong in a scope, why, on what evidence, and what would help",
    )
    .args(&[SCOPE, EXCEPT])
    .examples(&["diagnose cluster:7-4"]),
    look("trend", "a figure over time")
        .args(&[
            Arg::new("metric", Kind::Word(Metric::WORDS), "which figure"),
            ANYWHERE,
            EXCEPT,
            SPAN,
        ])
        .examples(&["trend impedance sector:7 over 1h"]),
    look(
        "health",
        "the daily check: nights, impedance, conflicts, backups",
    )
    .examples(&["health"]),
    look("kpis", "the seven indicators against their targets")
        .args(&[SPAN.optional("as each indicator is defined")])
        .examples(&["kpis", "kpis over 1d"]),
    look("follow", "events and changes as they come")
        .args(&[
            ANYWHERE,
            EXCEPT,
            Arg::new(
                "severity",
                Kind::Word(Severity::WORDS),
                "from this severity up",
            )
            .key("from")
            .optional("all"),
        ])
        .examples(&["follow sector:7 from warning"]),
    look(
        "task",
        "one task: where it is, since when, what it waits for",
    )
    .args(&[Arg::new("task_id", Kind::Id, "the task")])
    .examples(&["task 01J9ZQ4T7X2M8B5KD3N6V0RWYE"]),
    look(
        "plan",
        "what a throw would look like: who would be ready, who late, until when it can be fired",
    )
    .args(&[Arg::new(
        "operation",
        Kind::Operation(Holds::Throws),
        "a cascade, broadcast or ask",
    )])
    .examples(&["plan cascade sync sector:7"]),
    look(
        "proof",
        "the proof sheet of a throw: predicted against actual",
    )
    .args(&[
        Arg::new("throw_id", Kind::Id, "the throw, or latest"),
        Arg::new("compare", Kind::Id, "a throw to compare it with")
            .key("against")
            .optional("none"),
        Arg::new(
            "format",
            Kind::Word(SheetFormat::WORDS),
            "as what to write it",
        )
        .key("as")
        .optional("on the screen"),
    ])
    .examples(&["proof latest", "proof 881 against 880 as csv"]),
    look(
        "what_if",
        "what an operation would do and to whom, without doing it",
    )
    .args(&[HELD])
    .examples(&["what_if freeze sector:7"]),
    look("ping", "round trips to nodes and agents, measured now")
        .args(&[SCOPE, EXCEPT])
        .examples(&["ping sector:41"]),
    look("audit", "who asked for what, from where, with what result")
        .args(&[
            ANYWHERE,
            EXCEPT,
            Arg::new("by", Kind::Id, "by which operator")
                .key("by")
                .optional("anybody"),
            SPAN.optional("all that is kept"),
            LIMIT,
        ])
        .examples(&["audit over 1d", "audit sector:7 by cecilia"]),
    look(
        "verify",
        "recomputes a hash-chained log and names the first altered row",
    )
    .args(&[Arg::new("log", Kind::Word(LogKind::WORDS), "which log")])
    .examples(&["verify conflicts"]),
    look("runbook", "a runbook as guided steps with automatic checks")
        .args(&[
            Arg::new("name", Kind::Word(Runbook::WORDS), "which"),
            ANYWHERE,
            EXCEPT,
        ])
        .examples(&["runbook sector_unresponsive sector:41"]),
    look("explain", "what a word or an operation means")
        .args(&[Arg::new("topic", Kind::Text, "about what")])
        .examples(&["explain conflict"]),
];
