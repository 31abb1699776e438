//! Rows that look after the mesh and the dialogue: weights, context, keys, backups, reviews, time, the console itself.

use super::{ANYWHERE, Acts, Arg, Asks, Choice, EXCEPT, HELD, Kind, Row, SCOPE};
use crate::operation::word::{BackupAct, ContextAct, KeyAct, ReviewAct};

const fn console(name: &'static str, help: &'static str) -> Row {
    Row::new(name, Acts::Console, help).priority(1)
}

const AT_OR_IN: &[Choice] = &[Choice {
    names: &["at", "in_s"],
    needed: true,
}];

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "calibrate",
        Acts::Changes,
        "measures impedance afresh, by hand, with probes of weight 0",
    )
    .args(&[SCOPE, EXCEPT])
    .asks(Asks::WhenWide)
    .not_frozen()
    .examples(&["calibrate cluster:7-4"]),
    Row::new(
        "unlock",
        Acts::Changes,
        "lets impedance weights learn again after a suspected timing attack",
    )
    .args(&[SCOPE, EXCEPT])
    .asks(Asks::Always)
    .examples(&["unlock sector:7"]),
    Row::new(
        "context",
        Acts::UnlessAction(&["show"]),
        "context documents: branches, merge, known-good head, reload",
    )
    .args(&[
        Arg::new("action", Kind::Word(ContextAct::WORDS), "what to do"),
        ANYWHERE,
        EXCEPT,
        Arg::new("branch", Kind::Id, "the branch")
            .key("branch")
            .optional("main"),
        Arg::new("hash", Kind::Id, "the document")
            .key("hash")
            .optional("the branch's head"),
    ])
    .asks(Asks::ForActionWhenWide("reload"))
    .examples(&[
        "context show",
        "context reload cluster:7-9",
        "context mark_good branch main",
    ]),
    Row::new(
        "backup",
        Acts::UnlessAction(&["show", "verify"]),
        "backups of registry, logs and snapshots",
    )
    .args(&[Arg::new(
        "action",
        Kind::Word(BackupAct::WORDS),
        "what to do",
    )])
    .priority(0)
    .examples(&["backup show", "backup make"]),
    Row::new(
        "keys",
        Acts::UnlessAction(&["show"]),
        "tokens, admission, rotation and revocation of keys",
    )
    .args(&[
        Arg::new("action", Kind::Word(KeyAct::WORDS), "what to do"),
        Arg::new("key", Kind::Id, "the key, or the start of it")
            .key("key")
            .optional("all of the scope"),
        ANYWHERE,
        EXCEPT,
        Arg::new("for_s", Kind::Seconds, "how long it is good")
            .key("for")
            .optional("a token one hour, a key 30 days"),
    ])
    .asks(Asks::ForAction(&["token", "admit", "rotate", "revoke"]))
    .examples(&["keys show", "keys token for 1h", "keys revoke key 7f3a91c2"]),
    Row::new(
        "review",
        Acts::UnlessAction(&["show"]),
        "decides on an item that waits for a person",
    )
    .args(&[
        Arg::new("action", Kind::Word(ReviewAct::WORDS), "what to do"),
        Arg::new("review_id", Kind::Id, "the item, or next"),
        Arg::new("comment", Kind::Text, "what to say about it")
            .key("saying")
            .optional("nothing"),
    ])
    .examples(&[
        "review show next",
        "review reject next saying \"the figures are last year's\"",
    ]),
    console("watch", "tells when something becomes so")
        .args(&[
            SCOPE,
            EXCEPT,
            Arg::new("condition", Kind::Condition, "what to wait for").key("until"),
        ])
        .examples(&[
            "watch sector:7 until active",
            "watch cluster:7-4 until impedance<300",
        ]),
    console("unwatch", "forgets a watch")
        .args(&[Arg::new("watch_id", Kind::Id, "the watch")])
        .examples(&["unwatch 3"]),
    Row::new("schedule", Acts::AsHeld, "an operation at a time")
        .args(&[
            Arg::new("at", Kind::At, "when, by the wall")
                .key("at")
                .optional("-"),
            Arg::new("in_s", Kind::Seconds, "in how long")
                .key("in")
                .optional("-"),
            HELD,
        ])
        .choices(AT_OR_IN)
        .asks(Asks::AsHeld)
        .inverse("unschedule")
        .examples(&["schedule in 5m freeze sector:3", "schedule at 06:00 health"]),
    Row::new("unschedule", Acts::Changes, "drops what was scheduled")
        .args(&[Arg::new("schedule_id", Kind::Id, "what was scheduled")])
        .examples(&["unschedule 12"]),
    Row::new("undo", Acts::Changes, "takes the last change back").examples(&["undo"]),
    console("answer", "yes or no to what is pending")
        .args(&[
            Arg::new("yes", Kind::Flag, "yes or no"),
            Arg::new("only", Kind::Positions, "only these steps, from 1")
                .key("only")
                .optional("all"),
        ])
        .examples(&["answer yes", "answer yes only 1,3"]),
    console("help", "what can be said")
        .args(&[Arg::new("topic", Kind::Text, "about what").optional("everything")])
        .examples(&["help", "help broadcast"]),
    console("theme", "another look")
        .args(&[Arg::new("name", Kind::Id, "which")])
        .examples(&["theme light"]),
    console("quit", "leaves the console").examples(&["quit"]),
];
