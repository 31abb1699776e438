//! Rows that change the mesh's work: routing, throws, tasks, freezing, recovery, size.

use super::{AGENTS_MAX, ANYWHERE, Acts, Arg, Asks, CLASS_WORDS, Choice, EXCEPT, Kind, Row, SCOPE};
use crate::conflict::Settlement;
use crate::message::{Strategy, Verb};
use crate::operation::word::{Grant, SeatKind};

const fn undoable(name: &'static str, inverse: &'static str, help: &'static str) -> Row {
    Row::new(name, Acts::Undoable, help).inverse(inverse)
}

const fn change(name: &'static str, help: &'static str) -> Row {
    Row::new(name, Acts::Changes, help)
}

const TO: Arg = Arg::new("to", Kind::Scope, "to whom")
    .key("to")
    .optional("whoever does it best");
const SEND_TO: Arg = ANYWHERE.key("to");
const TASK_ID: Arg = Arg::new("task_id", Kind::Id, "the task")
    .key("task")
    .optional("those of the scope");
const PRIORITY: Arg = Arg::new(
    "priority",
    Kind::Whole(0, 3),
    "0 low, 1 normal, 2 high, 3 urgent",
)
.key("priority")
.optional("1, normal");
const TIMEOUT: Arg = Arg::new("timeout_s", Kind::Seconds, "how long it may take")
    .key("within")
    .optional("5 minutes");
const SCOPE_OR_TASK: &[Choice] = &[Choice {
    names: &["scope", "task_id"],
    needed: true,
}];

pub(super) const ROWS: &[Row] = &[
    undoable(
        "avoid",
        "restore",
        "routes around agents, which go on with what they have",
    )
    .args(&[
        SCOPE,
        EXCEPT,
        Arg::new("for_s", Kind::Seconds, "for how long")
            .key("for")
            .optional("until restored"),
    ])
    .examples(&[
        "avoid cluster:7-4 for 10m",
        "avoid agent:7-4-12,agent:7-4-19",
    ]),
    undoable("restore", "avoid", "routes there again")
        .args(&[SCOPE, EXCEPT])
        .examples(&["restore cluster:7-4"]),
    change("broadcast", "a message to agents")
        .args(&[
            Arg::new("message", Kind::Text, "what to say"),
            SEND_TO,
            EXCEPT,
            PRIORITY,
            Arg::new("require_ack", Kind::Flag, "whether each has to acknowledge")
                .key("ack")
                .optional("no"),
        ])
        .asks(Asks::WhenAll)
        .priority(1)
        .not_frozen()
        .examples(&[
            "broadcast \"the market closed early\"",
            "broadcast \"shift change\" to sector:12 ack yes",
        ]),
    Row::new("ask", Acts::Looks, "a question to a sample of agents")
        .args(&[
            Arg::new("question", Kind::Text, "what to ask"),
            Arg::new("sample", Kind::Whole(1, AGENTS_MAX), "how many to ask")
                .key("sample")
                .optional("100"),
            SEND_TO,
            EXCEPT,
        ])
        .priority(1)
        .examples(&["ask \"what context do you hold?\" sample 10 to class:gpu"]),
    change("delegate", "a task for whoever does it best")
        .args(&[
            Arg::new("task", Kind::Text, "what to do"),
            TO,
            TIMEOUT,
            Arg::new("requires", Kind::Capability, "the capability it needs")
                .key("requires")
                .optional("none"),
            PRIORITY,
            Arg::new(
                "idempotent",
                Kind::Flag,
                "whether it may run again after a crash",
            )
            .key("idempotent")
            .optional("no"),
        ])
        .priority(1)
        .not_frozen()
        .inverse("cancel")
        .examples(&["delegate \"analyse the Q3 numbers\" to class:gpu within 1m"]),
    change(
        "pipeline",
        "tasks in a row, each given the result of the one before",
    )
    .args(&[
        Arg::new("steps", Kind::Texts, "what to do, in order"),
        TO,
        TIMEOUT,
    ])
    .priority(1)
    .not_frozen()
    .inverse("cancel")
    .examples(&["pipeline \"fetch the log\" \"summarise it\" to class:gpu"]),
    change("reassign", "running work goes elsewhere")
        .args(&[SCOPE.optional("the task's agent"), TASK_ID, EXCEPT, TO])
        .choices(SCOPE_OR_TASK)
        .not_frozen()
        .examples(&[
            "reassign agent:7-4-12 to class:gpu",
            "reassign task 01J9ZQ4T7X2M8B5KD3N6V0RWYE",
        ]),
    change("cancel", "ends work; what is done stays done")
        .args(&[SCOPE.optional("the task's agent"), TASK_ID, EXCEPT])
        .choices(SCOPE_OR_TASK)
        .asks(Asks::Always)
        .phrase()
        .examples(&["cancel task 01J9ZQ4T7X2M8B5KD3N6V0RWYE", "cancel sector:4"]),
    change("cascade", "a throw: everybody ready at the same instant T")
        .args(&[
            Arg::new("verb", Kind::Word(Verb::WORDS), "what agents do with it"),
            ANYWHERE,
            EXCEPT,
            Arg::new("payload", Kind::Text, "what it carries")
                .key("payload")
                .optional("nothing"),
            Arg::new(
                "strategy",
                Kind::Word(Strategy::WORDS),
                "how it goes down the tree",
            )
            .key("strategy")
            .optional("wave"),
            Arg::new(
                "window_ms",
                Kind::Millis,
                "how long arrivals are waited for",
            )
            .key("window")
            .optional("as predicted"),
            Arg::new("at", Kind::At, "T, by the wall")
                .key("at")
                .optional("the earliest that enough can make"),
            Arg::new("in_s", Kind::Seconds, "T, from now")
                .key("in")
                .optional("the earliest that enough can make"),
            Arg::new("spread_ms", Kind::Millis, "the largest release spread")
                .key("spread")
                .optional("as it comes, printed"),
        ])
        .choices(&[Choice {
            names: &["at", "in_s"],
            needed: false,
        }])
        .asks(Asks::WhenAll)
        .priority(3)
        .not_frozen()
        .examples(&[
            "cascade sync all strategy wave",
            "cascade act sector:5 payload \"adopt plan B\" window 500ms in 2s",
        ]),
    change(
        "freeze",
        "stops everything there, and proves that it has stopped",
    )
    .args(&[SCOPE, EXCEPT])
    .asks(Asks::Always)
    .phrase()
    .priority(3)
    .inverse("thaw")
    .examples(&["freeze sector:7", "freeze all"]),
    change("thaw", "what was frozen goes on where it stopped")
        .args(&[SCOPE, EXCEPT])
        .asks(Asks::Always)
        .priority(3)
        .inverse("freeze")
        .examples(&["thaw sector:3"]),
    change(
        "heal",
        "restarts, replaces, resyncs and releases what needs it, in concrete steps",
    )
    .args(&[
        Arg::new("scope", Kind::ScopeOrAuto, "where, or auto"),
        EXCEPT,
    ])
    .asks(Asks::WhenWide)
    .not_frozen()
    .examples(&["heal sector:12", "heal auto"]),
    change(
        "quarantine",
        "isolates agents and keeps what they held for forensics",
    )
    .args(&[SCOPE, EXCEPT])
    .asks(Asks::WhenMany)
    .phrase()
    .priority(3)
    .inverse("release")
    .examples(&["quarantine agent:7-4-12"]),
    change("release", "lets agents out of quarantine")
        .args(&[SCOPE, EXCEPT])
        .inverse("quarantine")
        .examples(&["release agent:7-4-12"]),
    change(
        "resolve",
        "settles a conflict; without how, by its own strategy",
    )
    .args(&[
        Arg::new("conflict_id", Kind::Id, "the conflict, or latest"),
        Arg::new("how", Kind::Word(Settlement::WORDS), "which side wins")
            .key("how")
            .optional("as its type suggests"),
    ])
    .examples(&["resolve latest how keep_expected"]),
    change("trip", "opens breakers: nothing new is routed there")
        .args(&[SCOPE, EXCEPT])
        .asks(Asks::Always)
        .phrase()
        .priority(3)
        .inverse("reset")
        .examples(&["trip sector:9"]),
    change("reset", "probes and closes breakers")
        .args(&[SCOPE, EXCEPT])
        .inverse("trip")
        .examples(&["reset sector:9"]),
    Row::new(
        "capability",
        Acts::Undoable,
        "a rule about what may be routed where",
    )
    .args(&[
        Arg::new("action", Kind::Word(Grant::WORDS), "which way"),
        Arg::new("capability", Kind::Capability, "the capability"),
        SCOPE,
        EXCEPT,
    ])
    .asks(Asks::WhenWide)
    .inverse("capability")
    .examples(&["capability revoke llm_inference class:local"]),
    change("promote", "gives a seat to an agent's node")
        .args(&[
            SCOPE,
            Arg::new("to", Kind::Word(SeatKind::WORDS), "which seat")
                .key("to")
                .optional("lead"),
            EXCEPT,
        ])
        .asks(Asks::Always)
        .examples(&["promote agent:7-4-3 to lead"]),
    change(
        "scale",
        "more agents or fewer, placed by class and load, admitted gradually",
    )
    .args(&[
        Arg::new("add", Kind::Whole(1, AGENTS_MAX), "how many more")
            .key("add")
            .optional("-"),
        Arg::new("remove", Kind::Whole(1, AGENTS_MAX), "how many fewer")
            .key("remove")
            .optional("-"),
        Arg::new("class", Kind::Word(CLASS_WORDS), "of which class")
            .key("class")
            .optional("as the mesh is mixed"),
        ANYWHERE.key("scope"),
        EXCEPT,
    ])
    .choices(&[Choice {
        names: &["add", "remove"],
        needed: true,
    }])
    .asks(Asks::Always)
    .not_frozen()
    .inverse("scale")
    .examples(&[
        "scale add 1000 class edge",
        "scale remove 50 scope sector:7",
    ]),
    change("move", "agents go to healthy clusters of their class")
        .args(&[
            SCOPE,
            EXCEPT,
            Arg::new("to", Kind::Scope, "where to")
                .key("to")
                .optional("healthy clusters of their class"),
        ])
        .asks(Asks::WhenWide)
        .not_frozen()
        .examples(&["move cluster:41-3 to sector:42"]),
];
