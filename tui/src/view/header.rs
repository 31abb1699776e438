//! ```text
//!  MESH-30K  prod  mesh > sector 7                       FULL  live  rw  12:04:31
//! ```
//! Where one is, in which mode the mesh is, how old what is shown is, and whether it may be changed from here.

use super::layout::Size;
use super::pen::{Pen, width};
use crate::state::State;
use crate::state::link::Standing;
use crate::state::place::Level;
use crate::state::screen::Screen;
use crate::theme::Role;
use mesh_core::text::Foreign;
use mesh_core::time::Micros;
use ratatui::layout::Rect;

pub(super) fn draw(pen: &mut Pen<'_>, state: &State, area: Rect, size: Size) {
    let right = area.right().saturating_sub(1);
    let parts = right_parts(state, size);
    let mut x = right;
    for (role, text) in parts.iter().rev() {
        x = pen.put_right(x, area.y, x.saturating_sub(area.x), text, *role);
        x = x.saturating_sub(2);
    }
    let end = x;
    let mut x = area.x + 1;
    let mut part = |pen: &mut Pen<'_>, role, text: &str| {
        let after = pen.put(x, area.y, end.saturating_sub(x), text, role);
        x = after + 2;
    };
    part(pen, Role::Title, "MESH-30K");
    if let Some(to) = &state.link.to {
        if to.lab {
            part(pen, Role::Lab, "LAB");
        }
        let name = if size == Size::Small {
            to.mesh.clone()
        } else {
            format!("{} {}", to.mesh, to.driver)
        };
        part(pen, Role::Text, &Foreign::from(name).to_string());
    }
    part(pen, Role::Accent, &crumbs(state));
}

/// `mesh > sector 7 > cluster 4`.
fn crumbs(state: &State) -> String {
    let spot = state.at.spot;
    if state.screen != Screen::Mesh {
        return format!("mesh > {}", state.screen.title());
    }
    match spot.level {
        Level::Mesh => format!("mesh > sector {}", spot.sector),
        Level::Sector => format!("mesh > sector {} > cluster {}", spot.sector, spot.cluster),
        Level::Cluster => format!("mesh > cluster {} > agents", spot.cluster()),
        Level::Agent => format!("mesh > cluster {} > agent {}", spot.cluster(), spot.agent),
    }
}

fn right_parts(state: &State, size: Size) -> Vec<(Role, String)> {
    let mut parts = Vec::new();
    if size == Size::Large {
        parts.push((
            Role::Dim,
            format!("frame {:.1} ms", state.meters.frame_us as f64 / 1_000.0),
        ));
    }
    match (&state.mesh.status, state.frozen()) {
        (Some(status), Some(frozen)) if frozen * 2 >= status.agents => {
            parts.push((Role::Frozen, "FROZEN".into()));
        }
        (Some(status), _) => {
            let role = if status.mode == "FULL" {
                Role::Ok
            } else {
                Role::Degraded
            };
            parts.push((role, Foreign::from(status.mode.as_str()).to_string()));
        }
        (None, _) => {}
    }
    let age = Micros(state.now.0 - state.link.heard.0);
    parts.push(match &state.link.standing {
        Standing::Connecting => (Role::Elevated, "connecting".into()),
        Standing::Live if state.held.is_some() => (Role::Elevated, "HELD".into()),
        Standing::Live if age > Micros::seconds(3) => (Role::Stale, format!("quiet {age}")),
        Standing::Live => (Role::Ok, "live".into()),
        Standing::Lost { since, .. } => (
            Role::Open,
            format!("lost {} s", (state.now.0 - since.0).max(0) / 1_000_000),
        ),
        Standing::Refused { .. } => (Role::Open, "no mesh".into()),
    });
    let may = !state.read_only && state.link.to.as_ref().is_none_or(|to| to.may_change);
    let (short, long) = if may {
        ("rw", "read-write")
    } else {
        ("ro", "read-only")
    };
    parts.push((
        if may { Role::Dim } else { Role::Elevated },
        if size == Size::Small { short } else { long }.into(),
    ));
    if size == Size::Large {
        parts.push((Role::Dim, format!("theme:{}", state.look.theme.name())));
    }
    parts.push((Role::Text, state.clock(state.wall.0)));
    parts.retain(|(_, text)| width(text) > 0);
    parts
}
