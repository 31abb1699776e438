//! The throw that runs, and the sheets of those that ran.

use super::Tick;
use mesh_core::operation::answer::{Plan, SheetRef};
use mesh_core::operation::event::Event;
use mesh_core::throw::{Account, Sheet};

/// Points of arrival kept for one throw: one for each progress that is told, for a long window.
const POINTS_MAX: usize = 512;

/// A throw as events tell it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Running {
    /// Its id.
    pub(crate) id: String,
    /// Its command line.
    pub(crate) line: String,
    /// When it began, on the console's clock.
    pub(crate) began: Tick,
    /// Counts over time.
    pub(crate) points: Vec<(Tick, Account)>,
    /// How it ended: the decision, and after how long.
    pub(crate) sealed: Option<(String, i64)>,
    /// When T is, on the console's clock, as it was planned.
    pub(crate) t: Option<Tick>,
}

impl Running {
    /// The counts now.
    pub(crate) fn counts(&self) -> Account {
        self.points
            .last()
            .map_or_else(Account::default, |(_, counts)| *counts)
    }
}

/// All that is known of throws.
#[derive(Debug, Clone, Default)]
pub(crate) struct Throws {
    /// The one that runs, or ran last.
    pub(crate) running: Option<Running>,
    /// The sheet that is looked at.
    pub(crate) sheet: Option<Box<(SheetRef, Option<Sheet>)>>,
    /// The one before, to compare with.
    pub(crate) before: Option<Box<(SheetRef, Option<Sheet>)>>,
    /// What was planned last, of which operation, and when.
    pub(crate) plan: Option<(String, Box<Plan>, Tick)>,
}

impl Throws {
    /// Takes in what an event says of throws; whether it is sealed now.
    pub(crate) fn take(&mut self, event: &Event, now: Tick) -> bool {
        match event {
            Event::ThrowStarted { id, line, targeted } => {
                let until_t = self
                    .plan
                    .as_ref()
                    .filter(|(planned, ..)| *planned == line.to_string());
                let t = until_t.map(|(_, plan, _)| Tick(now.0 + plan.until_t.0));
                let begin = Account {
                    targeted: *targeted,
                    transit: *targeted,
                    ..Account::default()
                };
                self.running = Some(Running {
                    id: id.clone(),
                    line: line.to_string(),
                    began: now,
                    points: vec![(now, begin)],
                    sealed: None,
                    t,
                });
                false
            }
            Event::ThrowProgress { id, counts } => {
                self.point(id, *counts, now);
                false
            }
            Event::ThrowSealed {
                id,
                counts,
                decision,
                took,
            } => {
                self.point(id, *counts, now);
                if let Some(running) = self.running.as_mut().filter(|running| running.id == *id) {
                    running.sealed = Some((decision.clone(), took.0));
                    return true;
                }
                false
            }
            _ => false,
        }
    }

    fn point(&mut self, id: &str, counts: Account, now: Tick) {
        if let Some(running) = self.running.as_mut().filter(|running| running.id == id) {
            if running.points.len() == POINTS_MAX {
                // Every second one goes: the picture keeps its span and loses detail.
                let mut keep = false;
                running.points.retain(|_| {
                    keep = !keep;
                    keep
                });
            }
            running.points.push((now, counts));
        }
    }

    /// A sheet came; the one that was looked at becomes the one before.
    pub(crate) fn show(&mut self, sheet: SheetRef) {
        let written = sheet
            .written
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok());
        if self
            .sheet
            .as_ref()
            .is_some_and(|shown| shown.0.throw_id != sheet.throw_id)
        {
            self.before = self.sheet.take();
        }
        self.sheet = Some(Box::new((sheet, written)));
    }
}
