//! ```text
//! ┏━ SECTORS  impedance ms ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
//! ┃        1     2     3     4     5     6     7     8     9    10  ┃
//! ┃   0  130   147   114   135    97   135  [142~] 148   109   158  ┃
//! ┃  10  112   388:  121   120   137   104   101   125    96   129  ┃
//! ```
//! All sectors, ten a row: a value and a flag each; in a large terminal with a bar of a glyph for each cluster.

use super::layout::Size;
use super::pen::{Pen, fit};
use crate::state::State;
use crate::state::mesh::{Flag, Mesh, Region};
use crate::state::screen::Metric;
use crate::theme::Role;
use mesh_core::place::{ClusterId, SectorId};
use ratatui::layout::Rect;

/// Sectors in a row.
pub(crate) const PER_ROW: u16 = 10;

pub(super) fn draw(pen: &mut Pen<'_>, state: &State, area: Rect, size: Size, focus: bool) {
    let mesh = state.shown();
    let shape = mesh.shape_or_none();
    let small = size == Size::Small;
    let what = metric_title(state.metric, small);
    let held = if state.held.is_some() { "  held" } else { "" };
    let title = if small {
        format!("SECTORS {what}{held}")
    } else {
        format!("SECTORS  {what}{held}")
    };
    let note = match size {
        Size::Small => "m metric".to_owned(),
        Size::Medium => "m metric   Enter opens".to_owned(),
        Size::Large => "one bar a cluster   m metric   Enter opens".to_owned(),
    };
    let inner = pen.frame(area, &title, &note, focus);
    if shape.sectors == 0 {
        pen.put(
            inner.x + 1,
            inner.y,
            inner.width,
            "nobody is known yet",
            Role::Dim,
        );
        return;
    }
    let Plan {
        label,
        cell,
        rows,
        step,
        top,
        first,
        room,
    } = Plan::of(state, inner);
    if step == 1 {
        for column in 0..PER_ROW.min(shape.sectors) {
            let x = inner.x + label + column * cell;
            pen.put_right(
                x + cell - 1,
                inner.y,
                cell,
                &(column + 1).to_string(),
                Role::Dim,
            );
        }
    }
    for row in first..rows.min(first + room) {
        let y = top + (row - first) * step;
        pen.put_right(inner.x + 3, y, 4, &(row * PER_ROW).to_string(), Role::Dim);
        for column in 0..PER_ROW {
            let id = SectorId(row * PER_ROW + column + 1);
            if id.0 > shape.sectors {
                break;
            }
            let place = Rect::new(inner.x + label + column * cell, y, cell, step);
            sector_cell(pen, state, mesh, id, place, step > 1);
        }
    }
}

/// Where cells are.
struct Plan {
    /// Cells before the first sector of a row.
    label: u16,
    /// The width of a sector.
    cell: u16,
    /// Rows of sectors.
    rows: u16,
    /// Screen rows of each.
    step: u16,
    /// The first screen row.
    top: u16,
    /// The first row of sectors that is shown.
    first: u16,
    /// How many fit.
    room: u16,
}

impl Plan {
    fn of(state: &State, inner: Rect) -> Self {
        let shape = state.shown().shape_or_none();
        let label = 4;
        let cell = (inner.width.saturating_sub(label) / PER_ROW).clamp(3, 12);
        let rows = shape.sectors.div_ceil(PER_ROW);
        // A bar needs a glyph for each cluster, and two rows more.
        let bars = cell > u16::from(shape.clusters) && inner.height > rows * 2;
        let step = match (bars, inner.height) {
            (true, height) if height > rows * 3 => 3,
            (true, _) => 2,
            (false, _) => 1,
        };
        let top = inner.y + u16::from(step == 1);
        let room = inner.bottom().saturating_sub(top) / step;
        let cursor_row = (state.at.spot.sector - 1) / PER_ROW;
        let first = if rows <= room {
            0
        } else {
            cursor_row.saturating_sub(room / 2).min(rows - room)
        };
        Self {
            label,
            cell,
            rows,
            step,
            top,
            first,
            room,
        }
    }
}

/// The sector under a place on the screen.
pub(crate) fn sector_at(
    state: &State,
    area: Rect,
    _: Size,
    at: ratatui::layout::Position,
) -> Option<u16> {
    let inner = Rect::new(
        area.x + 1,
        area.y + 1,
        area.width.saturating_sub(2),
        area.height.saturating_sub(2),
    );
    let plan = Plan::of(state, inner);
    let column = at.x.checked_sub(inner.x + plan.label)? / plan.cell;
    let row = plan.first + at.y.checked_sub(plan.top)? / plan.step;
    let sector = row * PER_ROW + column + 1;
    (column < PER_ROW && row < plan.rows && sector <= state.shown().shape_or_none().sectors)
        .then_some(sector)
}

fn sector_cell(
    pen: &mut Pen<'_>,
    state: &State,
    mesh: &Mesh,
    id: SectorId,
    place: Rect,
    bars: bool,
) {
    let region = mesh.sector(id);
    let flag = mesh.sector_flag(id);
    let (text, heat) = value(&region, state.metric, place.width == 3);
    let selected = state.at.spot.sector == id.0;
    let right = place.right() - 1;
    let role = flag_role(flag).unwrap_or(heat);
    let text = if flag == Flag::Unreachable {
        "--".to_owned()
    } else {
        text
    };
    if bars {
        pen.put_right(place.x + 3, place.y, 4, &id.to_string(), Role::Dim);
    }
    let start = pen.put_right(right, place.y, place.width - 1, &text, role);
    pen.put(
        right,
        place.y,
        1,
        flag.sign(),
        flag_role(flag).unwrap_or(Role::Text),
    );
    if bars && u16::from(mesh.shape_or_none().clusters) <= place.width {
        let x = right - u16::from(mesh.shape_or_none().clusters).min(place.width - 1);
        cluster_bar(pen, state, mesh, id, (x + 1, place.y + 1));
    }
    if selected {
        // Brackets beside reverse: whoever sees no reverse sees these.
        let left = if bars {
            place.x.max(start.saturating_sub(5))
        } else {
            start.saturating_sub(1)
        };
        pen.put(left, place.y, 1, "[", Role::Accent);
        let close = if place.width == 3 || flag == Flag::Well {
            right
        } else {
            right + 1
        };
        pen.put(close, place.y, 1, "]", Role::Accent);
        pen.select(left, place.y, close + 1 - left);
    }
}

/// One glyph for each cluster.
fn cluster_bar(pen: &mut Pen<'_>, state: &State, mesh: &Mesh, sector: SectorId, at: (u16, u16)) {
    let shape = mesh.shape_or_none();
    for cluster in 1..=shape.clusters {
        let id = ClusterId { sector, cluster };
        let region = mesh.cluster(id);
        let flag = mesh.cluster_flag(id);
        let (_, heat) = value(&region, state.metric, true);
        let glyph = match flag {
            Flag::Unreachable | Flag::Open | Flag::Frozen | Flag::HalfOpen => flag.sign(),
            Flag::Conflicts | Flag::Degraded | Flag::Stale | Flag::Well => {
                pen.glyphs().bar(height(&region, state.metric))
            }
        };
        pen.put(
            at.0 + u16::from(cluster) - 1,
            at.1,
            1,
            glyph,
            flag_role(flag).unwrap_or(heat),
        );
    }
}

/// The role of a flag; none when all is well.
pub(super) const fn flag_role(flag: Flag) -> Option<Role> {
    match flag {
        Flag::Unreachable => Some(Role::Offline),
        Flag::Open => Some(Role::Open),
        Flag::Frozen => Some(Role::Frozen),
        Flag::HalfOpen => Some(Role::HalfOpen),
        Flag::Conflicts => Some(Role::Conflict),
        Flag::Degraded => Some(Role::Degraded),
        Flag::Stale => Some(Role::Stale),
        Flag::Well => None,
    }
}

fn metric_title(metric: Metric, small: bool) -> &'static str {
    match (metric, small) {
        (Metric::Impedance, true) => "Z/10ms",
        (Metric::Active, true) => "inactive",
        (Metric::Conflicts, true) => "conflicts/h",
        (Metric::Queue, true) => "queue/agent",
        (metric, _) => metric.title(),
    }
}

/// A region's value as it fits, and how hot it is.
pub(super) fn value(region: &Region, metric: Metric, tight: bool) -> (String, Role) {
    if region.agents == 0 {
        return ("-".into(), Role::Dim);
    }
    let steps = |value: f64, edges: [f64; 4]| {
        Role::heat(edges.iter().filter(|edge| value >= **edge).count() as u8)
    };
    let short = |number: u32| {
        if tight {
            fit(&number.min(99).to_string(), 2, true)
        } else {
            number.min(9_999).to_string()
        }
    };
    match metric {
        Metric::Impedance => {
            let Some(mean) = region.mean else {
                return ("-".into(), Role::Dim);
            };
            let ms = (mean + 500) / 1_000;
            let shown = if tight { (ms + 5) / 10 } else { ms };
            (
                short(shown),
                steps(f64::from(ms), [150.0, 250.0, 400.0, 600.0]),
            )
        }
        Metric::Active => {
            let missing = region.agents.saturating_sub(region.active);
            let lost = f64::from(missing) / f64::from(region.agents);
            let text = if tight {
                short(missing)
            } else {
                format!("{:.1}", 100.0 - lost * 100.0)
            };
            let text = if text == "100.0" { "100".into() } else { text };
            (text, steps(lost, [0.01, 0.03, 0.05, 0.2]))
        }
        Metric::Conflicts => (
            short(region.conflicts),
            steps(f64::from(region.conflicts), [1.0, 2.0, 4.0, 10.0]),
        ),
        Metric::Queue => {
            let each = f64::from(region.queue) / f64::from(region.agents);
            let shown = if tight {
                each.round() as u32
            } else {
                region.queue
            };
            (short(shown), steps(each, [2.0, 4.0, 8.0, 16.0]))
        }
        Metric::Drift => {
            let percent = region.drift / 10;
            (
                short(percent),
                steps(f64::from(percent), [10.0, 20.0, 35.0, 50.0]),
            )
        }
    }
}

/// How high a region's bar is, 0.0 to 1.0.
fn height(region: &Region, metric: Metric) -> f64 {
    let agents = f64::from(region.agents.max(1));
    match metric {
        Metric::Impedance => f64::from(region.mean.unwrap_or(0)) / 600_000.0,
        Metric::Active => f64::from(region.agents.saturating_sub(region.active)) / agents * 4.0,
        Metric::Conflicts => f64::from(region.conflicts) / 10.0,
        Metric::Queue => f64::from(region.queue) / agents / 16.0,
        Metric::Drift => f64::from(region.drift) / 500.0,
    }
}
