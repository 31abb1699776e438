//! Lists and reports that screens show: asked for when a screen is opened, and again when events say that they changed.

use super::Tick;
use super::screen::Screen;
use mesh_core::operation::{Answer, Refusal};
use std::collections::BTreeMap;

/// One screen's answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Page {
    /// What came back.
    pub(crate) answer: Result<Answer, Refusal>,
    /// When.
    pub(crate) at: Tick,
}

/// All of them, with where one stands in each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pages {
    answers: BTreeMap<Screen, Page>,
    /// The agent that is looked at.
    pub(crate) agent: Option<AgentPage>,
    /// The selected row of each.
    pub(crate) rows: BTreeMap<Screen, usize>,
    /// Screens whose answer is on its way.
    pub(crate) asked: BTreeMap<Screen, Tick>,
}

impl Pages {
    /// What a screen shows.
    pub(crate) fn get(&self, screen: Screen) -> Option<&Page> {
        self.answers.get(&screen)
    }

    /// Its answer came.
    pub(crate) fn put(&mut self, screen: Screen, answer: Result<Answer, Refusal>, at: Tick) {
        self.asked.remove(&screen);
        self.answers.insert(screen, Page { answer, at });
    }

    /// The selected row.
    pub(crate) fn row(&self, screen: Screen) -> usize {
        self.rows.get(&screen).copied().unwrap_or(0)
    }
}

/// What is known of one agent beyond its row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AgentPage {
    /// Whose.
    pub(crate) id: mesh_core::place::AgentId,
    /// Z over the last hour, in milliseconds.
    points: Option<Vec<Option<f64>>>,
    lines: Vec<super::talk::Line>,
}

impl AgentPage {
    /// An empty one.
    pub(crate) const fn new(id: mesh_core::place::AgentId) -> Self {
        Self {
            id,
            points: None,
            lines: Vec::new(),
        }
    }

    /// Takes in an answer about it.
    pub(crate) fn take(&mut self, answer: &Answer, lines: Vec<super::talk::Line>) {
        if let Answer::Trend(trend) = answer {
            self.points = Some(trend.points.clone());
        } else {
            self.lines = lines;
        }
    }

    /// Z over time.
    pub(crate) fn trend(&self) -> Option<&[Option<f64>]> {
        self.points.as_deref()
    }

    /// Findings, as lines.
    pub(crate) fn lines(&self) -> &[super::talk::Line] {
        &self.lines
    }
}
