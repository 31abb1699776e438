//! The columns of a table of agents: from the most wanted on, as many as fit.

use super::pen::{Pen, fit};
use super::sector::{ELEVATED, SLOW};
use crate::state::State;
use crate::state::mesh::Agent;
use crate::state::select::{Query, Within};
use crate::theme::Role;
use mesh_core::place::Class;
use mesh_core::place::scope::{Mark, Subject as _};
use mesh_core::registry::State as Standing;

/// A column: its head, its width, whether numbers stand at its right, and its text.
pub(super) struct Column {
    pub(super) head: &'static str,
    pub(super) width: u16,
    right: bool,
    text: fn(&Agent<'_>) -> (Role, String),
}

/// In the order in which they stand; the number says in which order they are wanted.
const COLUMNS: [(u8, Column); 12] = [
    (
        0,
        Column {
            head: "agent",
            width: 9,
            right: false,
            text: |agent| (Role::Text, agent.place().to_string()),
        },
    ),
    (
        6,
        Column {
            head: "class",
            width: 12,
            right: false,
            text: |agent| (Role::Dim, class_name(agent.kind())),
        },
    ),
    (
        1,
        Column {
            head: "state",
            width: 11,
            right: false,
            text: state_of,
        },
    ),
    (
        2,
        Column {
            head: "z",
            width: 5,
            right: true,
            text: z,
        },
    ),
    (
        4,
        Column {
            head: "q",
            width: 4,
            right: true,
            text: |agent| (Role::Text, agent.pending().to_string()),
        },
    ),
    (
        7,
        Column {
            head: "rel",
            width: 6,
            right: true,
            text: |agent| (Role::Text, agent.success().to_string()),
        },
    ),
    (
        8,
        Column {
            head: "drift",
            width: 5,
            right: true,
            text: |agent| (Role::Text, format!("{:.2}", agent.variation())),
        },
    ),
    (
        5,
        Column {
            head: "hb",
            width: 4,
            right: true,
            text: beat,
        },
    ),
    (
        3,
        Column {
            head: "task",
            width: 16,
            right: false,
            text: |agent| (Role::Text, agent.work().unwrap_or("-").to_owned()),
        },
    ),
    (
        9,
        Column {
            head: "context",
            width: 8,
            right: false,
            text: |agent| (Role::Dim, format!("{:08x}", agent.holds() >> 32)),
        },
    ),
    (
        10,
        Column {
            head: "avoided",
            width: 7,
            right: false,
            text: |agent| {
                (
                    Role::Elevated,
                    if agent.marks().has(Mark::Avoided) {
                        "avoided"
                    } else {
                        ""
                    }
                    .to_owned(),
                )
            },
        },
    ),
    (
        11,
        Column {
            head: "frozen",
            width: 6,
            right: false,
            text: |agent| {
                (
                    Role::Frozen,
                    if agent.marks().has(Mark::Frozen) {
                        "frozen"
                    } else {
                        ""
                    }
                    .to_owned(),
                )
            },
        },
    ),
];

/// A class as the specification writes it, without its prefix.
pub(super) fn class_name(class: Class) -> String {
    format!("{}_{}", class.letter(), class.word().to_ascii_uppercase())
}

fn state_of(agent: &Agent<'_>) -> (Role, String) {
    let marks = agent.marks();
    match agent.state() {
        Standing::Offline => (Role::Offline, "offline".into()),
        Standing::Quarantined => (Role::Conflict, "quarantined".into()),
        _ if marks.has(Mark::Frozen) => (Role::Frozen, "frozen".into()),
        _ if agent.stale() => (Role::Stale, "stale".into()),
        _ if marks.has(Mark::Avoided) => (Role::Elevated, "avoided".into()),
        Standing::Degraded => (Role::Degraded, "degraded".into()),
        Standing::Active if agent.z().is_some_and(|z| z >= SLOW) => (Role::Slow, "slow".into()),
        Standing::Active => (Role::Ok, "active".into()),
    }
}

fn z(agent: &Agent<'_>) -> (Role, String) {
    let role = match agent.z() {
        Some(z) if z >= SLOW => Role::Slow,
        Some(z) if z >= ELEVATED => Role::Elevated,
        _ => Role::Text,
    };
    (
        role,
        super::pen::millis(agent.z().filter(|_| !agent.kind().is_human())),
    )
}

fn beat(agent: &Agent<'_>) -> (Role, String) {
    let text = match agent.silence().map(|silent| silent.0 / 1_000_000) {
        Some(seconds @ 0..1_000) => format!("{seconds}s"),
        Some(_) => "long".into(),
        None => "-".into(),
    };
    (
        if agent.stale() {
            Role::Stale
        } else {
            Role::Text
        },
        text,
    )
}

/// The columns that fit into `room`, in their order.
pub(super) fn columns(room: u16) -> Vec<&'static Column> {
    let mut wanted: Vec<_> = COLUMNS.iter().collect();
    wanted.sort_by_key(|(rank, _)| *rank);
    let mut used = 0;
    let fitting = wanted.iter().take_while(|(_, column)| {
        used += column.width + 1;
        used <= room + 1
    });
    let last = fitting.last().map_or(0, |(rank, _)| *rank);
    COLUMNS
        .iter()
        .filter(|(rank, _)| *rank <= last)
        .map(|(_, column)| column)
        .collect()
}

/// The heads of the columns.
pub(super) fn heads(pen: &mut Pen<'_>, columns: &[&Column], x: u16, y: u16) {
    let mut x = x;
    for column in columns {
        if column.right {
            pen.put_right(x + column.width, y, column.width, column.head, Role::Dim);
        } else {
            pen.put(x, y, column.width, column.head, Role::Dim);
        }
        x += column.width + 1;
    }
}

/// One row.
pub(super) fn row(pen: &mut Pen<'_>, columns: &[&Column], x: u16, y: u16, agent: &Agent<'_>) {
    let ascii = pen.glyphs().ascii;
    let mut x = x;
    for column in columns {
        let (role, text) = (column.text)(agent);
        if column.right {
            pen.put_right(x + column.width, y, column.width, &text, role);
        } else {
            pen.put(x, y, column.width, &fit(&text, column.width, ascii), role);
        }
        x += column.width + 1;
    }
}

/// What the table of the present place asks for.
pub(crate) fn query(state: &State) -> Query {
    Query {
        within: within(state),
        filter: state.filter.as_ref().map(|(_, filter)| filter.clone()),
        sort: state.sort,
    }
}

/// A filter looks through the whole mesh unless one is inside a cluster.
fn within(state: &State) -> Within {
    use crate::state::place::Level;
    match (state.at.spot.level, &state.filter) {
        (Level::Mesh, Some(_)) => Within::Mesh,
        (Level::Sector, Some(_)) => Within::Sector(state.at.spot.sector()),
        _ => Within::Cluster(state.at.spot.cluster()),
    }
}

/// Rows of the table that a terminal of this height shows: what a page is.
pub(crate) fn row_count(state: &State) -> usize {
    let area = ratatui::layout::Rect::new(0, 0, state.size.0, state.size.1);
    super::Areas::of(area, state)
        .and_then(|areas| areas.side.or(areas.map))
        .map_or(1, |area| usize::from(area.height.saturating_sub(3)).max(1))
}
