//! The throws that run, and the sheets of those that ran.

use super::Tick;
use mesh_core::operation::answer::{Plan, SheetRef};
use mesh_core::operation::follow::ThrowSeen;
use mesh_core::throw::Sheet;

/// A sheet with the place where the store has it.
pub(crate) type Shown = (SheetRef, Option<Sheet>);

/// All that is known of throws.
#[derive(Debug, Clone, Default)]
pub(crate) struct Throws {
    /// The one that is looked at, and when that was seen.
    pub(crate) running: Option<(Box<ThrowSeen>, Tick)>,
    /// The sheet that is looked at.
    pub(crate) sheet: Option<Box<Shown>>,
    /// The one before, to compare with.
    pub(crate) before: Option<Box<Shown>>,
    /// What was planned last, of which operation, and when.
    pub(crate) plan: Option<(String, Box<Plan>, Tick)>,
}

impl Throws {
    /// Takes in what is seen of throws. The one that runs stays; the newest takes the place of one that has ended.
    pub(crate) fn follow(&mut self, throws: &[ThrowSeen], now: Tick) {
        let running = self
            .running
            .as_ref()
            .filter(|(throw, _)| throw.decision.is_none());
        let same = running.and_then(|(throw, _)| throws.iter().find(|seen| seen.id == throw.id));
        let next = match (running, same) {
            (_, Some(same)) => Some(same),
            (Some(_), None) => None,
            (None, None) => throws
                .iter()
                .min_by_key(|throw| (throw.decision.is_some(), throw.since)),
        };
        // One that has ended and is told of again is not new.
        let known = |seen: &ThrowSeen| {
            self.running
                .as_ref()
                .is_some_and(|(throw, _)| throw.id == seen.id && throw.decision.is_some())
        };
        if let Some(seen) = next.filter(|seen| !known(seen)) {
            self.running = Some((Box::new(seen.clone()), now));
        }
    }

    /// Whether this is the throw that is looked at.
    pub(crate) fn shows(&self, id: &str) -> bool {
        self.running
            .as_ref()
            .is_some_and(|(throw, _)| throw.id == id)
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
