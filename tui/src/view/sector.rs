//! ```text
//! ┏━ SECTOR 7  300 agents ━━━━━━━━ 297 active ━┓
//! ┃  cl  1........10........20........30    Z  ┃
//! ┃   1  ············~·················  125   ┃
//! ┃ > 4  ······~·~··#···~~·#·········~·  512   ┃
//! ┃   9  ·~QQQ·························  158   ┃
//! ```
//! The agents of a sector as glyphs, a cluster a row; with more of each cluster where there is room.

use super::grid::flag_role;
use super::pen::{Pen, millis};
use crate::state::State;
use crate::state::mesh::{Agent, Flag, Mesh};
use crate::theme::Role;
use mesh_core::operation::view::BreakerAt;
use mesh_core::place::scope::Mark;
use mesh_core::place::{AgentId, ClusterId};
use mesh_core::registry::State as Standing;
use ratatui::layout::Rect;

/// Beyond this Z, in microseconds, an agent is elevated (§6.1 and the mock-ups).
pub(crate) const ELEVATED: u32 = 300_000;
/// And beyond this one slow.
pub(crate) const SLOW: u32 = 800_000;

/// The glyph of an agent and its role.
pub(super) fn glyph<'g>(pen: &Pen<'g>, agent: Option<Agent<'_>>) -> (&'g str, Role) {
    let Some(agent) = agent else {
        return (" ", Role::Dim);
    };
    let marks = agent.marks();
    let (name, role) = match agent.state() {
        Standing::Offline => ("offline", Role::Offline),
        Standing::Quarantined => ("quarantined", Role::Conflict),
        _ if marks.has(Mark::Frozen) => ("frozen", Role::Frozen),
        _ if agent.stale() => ("stale", Role::Stale),
        _ if marks.has(Mark::Avoided) => ("avoided", Role::Elevated),
        _ if agent.kind().is_human() => ("human", Role::Ok),
        _ if agent.z().is_some_and(|z| z >= SLOW) => ("slow", Role::Slow),
        Standing::Degraded => ("elevated", Role::Degraded),
        Standing::Active if agent.z().is_some_and(|z| z >= ELEVATED) => {
            ("elevated", Role::Elevated)
        }
        Standing::Active => ("active", Role::Ok),
    };
    (pen.glyphs().state(name), role)
}

pub(super) fn draw(pen: &mut Pen<'_>, state: &State, area: Rect, focus: bool) {
    let mesh = state.shown();
    let shape = mesh.shape_or_none();
    let sector = state.at.spot.sector();
    let region = mesh.sector(sector);
    let title = format!("SECTOR {sector}  {} agents", region.agents);
    let quarantined = if region.quarantined > 0 {
        format!("  {} quarantined", region.quarantined)
    } else {
        String::new()
    };
    let inner = pen.frame(
        area,
        &title,
        &format!("{} active{quarantined}", region.active),
        focus,
    );
    if inner.height < 2 {
        return;
    }
    let agents = u16::from(shape.agents);
    let left = inner.x + 6;
    let room = inner.right().saturating_sub(left);
    let shown = agents.min(room.saturating_sub(7));
    pen.put_right(inner.x + 4, inner.y, 3, "cl", Role::Dim);
    let rule: String = (1..=shown)
        .fold((String::new(), 0_usize), |(mut text, skip), at| {
            if skip > 0 {
                return (text, skip - 1);
            }
            let label = at.to_string();
            if (at == 1 || at % 10 == 0)
                && usize::from(at) + label.len() <= usize::from(shown) + label.len()
            {
                text.push_str(&label);
                (text, label.len() - 1)
            } else {
                text.push('.');
                (text, 0)
            }
        })
        .0;
    pen.put(left, inner.y, shown + 3, &rule, Role::Dim);
    let after = left + shown;
    pen.put_right(after + 6, inner.y, 5, "Z", Role::Dim);
    let more = columns(inner.right().saturating_sub(after + 6));
    for (at, (name, ..)) in more.iter().enumerate() {
        pen.put(after + 8 + column_x(more, at), inner.y, 14, name, Role::Dim);
    }
    let rows = u16::from(shape.clusters);
    let room = inner.height - 1;
    let cursor = u16::from(state.at.spot.cluster) - 1;
    let first = if rows <= room {
        0
    } else {
        cursor.saturating_sub(room / 2).min(rows - room)
    };
    for row in first..rows.min(first + room) {
        let y = inner.y + 1 + row - first;
        let id = ClusterId {
            sector,
            cluster: (row + 1) as u8,
        };
        let cluster = mesh.cluster(id);
        pen.put_right(inner.x + 4, y, 3, &(row + 1).to_string(), Role::Dim);
        for agent in 1..=shown {
            let place = AgentId {
                cluster: id,
                agent: agent as u8,
            };
            let (sign, role) = glyph(pen, mesh.agent(place));
            pen.put(left + agent - 1, y, 1, sign, role);
        }
        let flag = mesh.cluster_flag(id);
        pen.put_right(
            after + 6,
            y,
            5,
            &millis(cluster.mean),
            flag_role(flag).unwrap_or(Role::Text),
        );
        pen.put(
            after + 6,
            y,
            1,
            flag.sign(),
            flag_role(flag).unwrap_or(Role::Text),
        );
        for (at, (_, width, text)) in more.iter().enumerate() {
            let (role, text) = text(mesh, id);
            pen.put(after + 8 + column_x(more, at), y, *width, &text, role);
        }
        if u16::from(state.at.spot.cluster) == row + 1 {
            pen.put(inner.x, y, 1, ">", Role::Accent);
            if focus {
                pen.select(inner.x, y, 5);
            }
        }
    }
}

type Column = (&'static str, u16, fn(&Mesh, ClusterId) -> (Role, String));

/// What else is said of a cluster, by how much room there is.
const COLUMNS: [Column; 5] = [
    ("  p95", 6, |mesh, id| {
        (Role::Text, format!("{:>5}", millis(mesh.cluster(id).p95)))
    }),
    ("brk", 7, |mesh, id| {
        match mesh.breakers.get(&BreakerAt::Cluster(id)) {
            Some(true) => (Role::Open, "OPEN".into()),
            Some(false) => (Role::HalfOpen, "half".into()),
            None => (Role::Dim, "closed".into()),
        }
    }),
    ("active", 7, |mesh, id| {
        let cluster = mesh.cluster(id);
        let role = if cluster.active * 20 <= cluster.agents * 19 {
            Role::Degraded
        } else {
            Role::Text
        };
        (role, format!("{}/{}", cluster.active, cluster.agents))
    }),
    (" queue", 7, |mesh, id| {
        (Role::Text, format!("{:>6}", mesh.cluster(id).queue))
    }),
    ("note", 30, note),
];

fn columns(room: u16) -> &'static [Column] {
    let mut used = 1;
    let fits = COLUMNS.iter().take_while(|(_, width, _)| {
        used += width + 1;
        used <= room
    });
    &COLUMNS[..fits.count()]
}

fn column_x(columns: &[Column], at: usize) -> u16 {
    columns[..at].iter().map(|(_, width, _)| width + 1).sum()
}

fn note(mesh: &Mesh, id: ClusterId) -> (Role, String) {
    let cluster = mesh.cluster(id);
    let parts = [
        (cluster.quarantined, "quarantined"),
        (cluster.offline, "offline"),
        (cluster.frozen, "frozen"),
        (cluster.slow, "over 500 ms"),
        (cluster.avoided, "avoided"),
        (cluster.conflicts, "conflicts"),
    ];
    let said = parts.iter().filter(|(count, _)| *count > 0).take(2);
    let text = said
        .map(|(count, what)| format!("{count} {what}"))
        .collect::<Vec<_>>()
        .join(", ");
    (Role::Degraded, text)
}

/// ```text
/// ┌─ SECTOR 7 ───────────── 297/300 active ─┐
/// │ mean 142ms  p95 512ms  breaker CLOSED   │
/// │ clusters 1 2 3 4 5 6 7 8 9 10           │
/// │      Z   ▁ ▁ ▁ ▇ ▁ ▁ ▁ ▁ ▂ ▁            │
/// ```
pub(super) fn summary(pen: &mut Pen<'_>, state: &State, area: Rect) {
    let mesh = state.shown();
    let sector = state.at.spot.sector();
    let region = mesh.sector(sector);
    let flag = mesh.sector_flag(sector);
    let title = format!("SECTOR {sector}");
    let note = format!("{}/{} active", region.active, region.agents);
    let inner = pen.frame(area, &title, &note, false);
    let left = inner.x + 1;
    let room = inner.width.saturating_sub(1);
    let breaker = match mesh.breakers.get(&BreakerAt::Sector(sector)) {
        Some(true) => (Role::Open, "OPEN"),
        Some(false) => (Role::HalfOpen, "HALF_OPEN"),
        None => (Role::Ok, "CLOSED"),
    };
    let figures = format!(
        "mean {}ms  p95 {}ms  breaker ",
        millis(region.mean),
        millis(region.p95)
    );
    pen.parts(
        left,
        inner.y,
        inner.right(),
        &[(Role::Text, &figures), breaker],
    );
    let clusters = mesh.shape_or_none().clusters;
    let mut x = pen.put(left, inner.y + 1, room, "clusters ", Role::Dim);
    pen.put(left, inner.y + 2, room, "     Z   ", Role::Dim);
    for cluster in 1..=clusters {
        let id = ClusterId { sector, cluster };
        let label = cluster.to_string();
        if x + label.len() as u16 + 1 > inner.right() {
            break;
        }
        pen.put(x, inner.y + 1, 4, &label, Role::Dim);
        let one = mesh.cluster(id);
        let (_, heat) = super::grid::value(&one, crate::state::screen::Metric::Impedance, true);
        let flag = mesh.cluster_flag(id);
        let bar = pen
            .glyphs()
            .bar(f64::from(one.mean.unwrap_or(0)) / 600_000.0);
        let sign = if flag <= Flag::HalfOpen {
            flag.sign()
        } else {
            bar
        };
        pen.put(x, inner.y + 2, 1, sign, flag_role(flag).unwrap_or(heat));
        x += label.len() as u16 + 1;
    }
    let mut lines: Vec<(Role, String)> = Vec::new();
    let said = match flag {
        Flag::Unreachable => Some((Role::Offline, "x nobody there answers".to_owned())),
        Flag::Open => Some((
            Role::Open,
            "! breaker open: nothing new is routed there".to_owned(),
        )),
        Flag::Frozen => Some((Role::Frozen, format!("* {} agents frozen", region.frozen))),
        Flag::HalfOpen => Some((
            Role::HalfOpen,
            ": breaker tries a tenth of the traffic".to_owned(),
        )),
        Flag::Conflicts | Flag::Degraded | Flag::Stale | Flag::Well => None,
    };
    lines.extend(said);
    for (count, what, role) in [
        (region.quarantined, "in quarantine", Role::Conflict),
        (region.offline, "offline", Role::Offline),
        (region.degraded, "degraded", Role::Degraded),
        (
            region.conflicts,
            "conflicts in the last hour",
            Role::Conflict,
        ),
    ] {
        if count > 0 {
            lines.push((role, format!("{count} {what}")));
        }
    }
    let slow = (1..=clusters).map(|cluster| ClusterId { sector, cluster });
    let slow = slow
        .map(|id| (id, mesh.cluster(id).slow))
        .max_by_key(|(_, slow)| *slow)
        .filter(|(_, slow)| *slow > 0);
    lines.extend(slow.map(|(id, count)| (Role::Slow, format!("! {id}: {count} agents > 500 ms"))));
    if lines.is_empty() {
        lines.push((Role::Ok, "nothing to report".into()));
    }
    for (y, (role, text)) in (inner.y + 3..inner.bottom()).zip(lines) {
        pen.put(left, y, room, &text, role);
    }
}

/// What the glyphs mean.
pub(super) fn legend(pen: &mut Pen<'_>, state: &State, area: Rect) {
    let inner = pen.frame(area, "LEGEND", "", false);
    let rows = [
        ("active", Role::Ok, "active"),
        ("elevated", Role::Elevated, "elevated, over 300 ms"),
        ("slow", Role::Slow, "slow, over 800 ms"),
        ("quarantined", Role::Conflict, "quarantined"),
        ("offline", Role::Offline, "offline"),
        ("stale", Role::Stale, "no beat for 15 s"),
        ("frozen", Role::Frozen, "frozen"),
        ("avoided", Role::Elevated, "avoided"),
        ("human", Role::Ok, "a person"),
    ];
    let mut y = inner.y;
    for (name, role, text) in rows {
        if y >= inner.bottom() {
            return;
        }
        let sign = pen.glyphs().state(name);
        pen.put(inner.x + 1, y, 1, sign, role);
        pen.put(
            inner.x + 4,
            y,
            inner.width.saturating_sub(4),
            text,
            Role::Text,
        );
        y += 1;
    }
    y += 1;
    let open = format!("open cluster {}", state.at.spot.cluster);
    for (key, text) in [
        ("Enter", open.as_str()),
        ("Esc", "back to the mesh"),
        ("[ ]", "sector before, after"),
    ] {
        if y < inner.bottom() {
            pen.put(inner.x + 1, y, 6, key, Role::Accent);
            pen.put(
                inner.x + 8,
                y,
                inner.width.saturating_sub(8),
                text,
                Role::Text,
            );
            y += 1;
        }
    }
}
