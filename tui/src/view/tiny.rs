//! ```text
//! MESH-30K  FULL 99.5%   40x8 is too small
//!
//! 29,847/30,000 active  97/100 sectors
//! needs 60x16. Resize, or: mesh talk
//! ```
//! What is said when nothing else fits.

use super::layout::LEAST;
use super::pen::{Pen, grouped};
use crate::state::State;
use crate::theme::Role;
use mesh_core::text::Foreign;
use mesh_core::unit::Share;
use ratatui::layout::Rect;

pub(super) fn draw(pen: &mut Pen<'_>, state: &State, area: Rect) {
    let size = format!("{}x{} is too small", area.width, area.height);
    let mut lines = Vec::new();
    let narrow = area.width < 40;
    if narrow {
        lines.push(size.clone());
    }
    if let Some(status) = &state.mesh.status {
        let share =
            Share::of(status.active as usize, status.agents as usize).unwrap_or(Share::NONE);
        lines.push(format!(
            "MESH-30K  {} {share}   {}",
            Foreign::from(status.mode.as_str()),
            if narrow { "" } else { &size }
        ));
        lines.push(String::new());
        if status.frozen > 0 {
            lines.push(format!(
                "FROZEN: {} agents",
                grouped(u64::from(status.frozen))
            ));
        }
        lines.push(format!(
            "{}/{} active  {}/{} sectors",
            grouped(u64::from(status.active)),
            grouped(u64::from(status.agents)),
            status.sectors_healthy,
            status.sectors
        ));
        lines.push(format!(
            "conflicts {}/h   breakers !{} :{}",
            status.conflicts, status.breakers.0, status.breakers.1
        ));
    } else {
        lines.push(format!("MESH-30K   {}", if narrow { "" } else { &size }));
    }
    lines.push(String::new());
    lines.push(format!(
        "needs {}x{}. Resize, or: mesh talk",
        LEAST.0, LEAST.1
    ));
    lines.push("Ctrl-C twice quits".into());
    for (y, line) in (area.top()..area.bottom()).zip(lines) {
        pen.put(area.x, y, area.width, &line, Role::Text);
    }
}
