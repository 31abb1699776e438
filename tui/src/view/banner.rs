//! ```text
//! ## MESH FROZEN   29,847 agents stopped                                      ##
//! ## allowed: status, ask, thaw                                               ##
//! ```
//! Two rows in reverse, drawn only when there is something that nobody may miss.

use super::pen::{Pen, grouped};
use crate::state::State;
use crate::state::link::Standing;
use crate::theme::Role;
use mesh_core::text::Foreign;
use ratatui::layout::Rect;

/// Lost for so long before it is said in a banner.
const LOST_FOR_US: i64 = 5_000_000;

/// The two lines, if there is anything to say; the gravest first.
pub(super) fn text(state: &State) -> Option<[String; 2]> {
    match &state.link.standing {
        Standing::Refused { why } => {
            return Some([
                Foreign::from(why.as_str()).to_string(),
                "nothing can be asked; quit with Ctrl-C twice, or :quit".into(),
            ]);
        }
        Standing::Lost { since, why } if state.now.0 - since.0 > LOST_FOR_US => {
            return Some([
                format!(
                    "DISCONNECTED for {} s: {}",
                    (state.now.0 - since.0) / 1_000_000,
                    Foreign::from(why.as_str())
                ),
                "what is shown is old; tried again by itself; nothing is sent until it is back"
                    .into(),
            ]);
        }
        Standing::Connecting | Standing::Live | Standing::Lost { .. } => {}
    }
    if state.link.headless {
        return Some([
            "NO ORCHESTRATOR   sectors go on by themselves; what is shown is old".into(),
            "a successor takes the seat within seconds; what is asked meanwhile is refused".into(),
        ]);
    }
    let status = state.mesh.status.as_ref()?;
    if status.frozen > 0 {
        let all = status.frozen * 2 >= status.agents;
        let what = if all { "MESH FROZEN" } else { "FROZEN IN PART" };
        return Some([
            format!(
                "{what}   {} of {} agents stopped",
                grouped(u64::from(status.frozen)),
                grouped(u64::from(status.agents))
            ),
            "they stay so, late comers too, until thawed; allowed: status, ask, thaw".into(),
        ]);
    }
    let (meaning, allowed) = match status.mode.as_str() {
        "EMERGENCY" => (
            "less than 30 % of the agents are active",
            "automated operations are halted; find the cause before anything else",
        ),
        "DEGRADED_SEVERE" => (
            "a major outage",
            "critical operations only; what is mesh-wide needs a person's approval",
        ),
        "DEGRADED_MODERATE" => (
            "much less capacity",
            "no scatter to more than 1,000 agents; what is not urgent waits",
        ),
        _ => return None,
    };
    Some([format!("{}   {meaning}", status.mode), allowed.into()])
}

pub(super) fn draw(pen: &mut Pen<'_>, state: &State, area: Rect) {
    let Some(lines) = text(state) else {
        return;
    };
    let style = pen.style(Role::Banner);
    for (y, line) in (area.top()..area.bottom()).zip(lines) {
        pen.restyle(Rect::new(area.x, y, area.width, 1), style);
        pen.put_styled(area.x, y, 2, "##", style);
        pen.put_styled(area.x + 3, y, area.width.saturating_sub(6), &line, style);
        pen.put_styled(area.right().saturating_sub(2), y, 2, "##", style);
    }
}
