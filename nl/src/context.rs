//! What the dialogue fixes: whom it spoke of last, what it did last, what waits for a yes, what was asked back.

use crate::draft::Draft;
use mesh_core::operation::{Operation, Scopes};
use mesh_core::place::Shape;
use mesh_core::place::scope::Scope;

/// Scopes that are remembered at most, newest last.
const MENTIONS_MAX: usize = 16;

/// Whom an operation is about: scopes, and what is left out of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Selection {
    /// Who.
    pub(crate) scopes: Scopes,
    /// Who not.
    pub(crate) except: Option<Scopes>,
}

impl Selection {
    /// These, nobody excepted.
    pub(crate) const fn new(scopes: Scopes) -> Self {
        Self {
            scopes,
            except: None,
        }
    }
}

/// An operation that lacks something, and what.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    /// The operation so far.
    pub(crate) draft: Draft,
    /// The argument that is missing.
    pub(crate) slot: &'static str,
}

/// The state of a dialogue. Plain data: a console may keep, copy and show it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Context {
    /// The mesh that is spoken of.
    pub(crate) shape: Shape,
    /// Whom the dialogue is about now.
    pub(crate) focus: Option<Selection>,
    /// Scopes spoken of before, newest last, none twice in a row.
    pub(crate) mentions: Vec<Scopes>,
    /// The last list of several that was named at once.
    pub(crate) group: Vec<Scope>,
    /// Whether "them" would mean rows that only a console has shown.
    pub(crate) rows: bool,
    /// The operations of the last utterance that had any, answers apart.
    pub(crate) last: Vec<Draft>,
    /// The last operation that listed or counted something.
    pub(crate) listed: Option<Draft>,
    /// Whom one operation after another of the same kind was about, one scope each: "isolate 8-8-8", "and 8-8-9".
    pub(crate) run: Vec<Scope>,
    /// What waits for a yes.
    pub(crate) pending: Vec<Operation>,
    /// What was asked back.
    pub(crate) asked: Option<Asked>,
}

impl Context {
    /// A dialogue about a mesh of this shape.
    pub fn new(shape: Shape) -> Self {
        Self {
            shape,
            ..Self::default()
        }
    }

    /// What waits for a yes.
    pub fn pending(&self) -> &[Operation] {
        &self.pending
    }

    /// A console's proposal, offered with an answer: a yes or no answers it, "them" and "it" are whom it is about.
    pub fn offer(&mut self, operations: &[Operation]) {
        self.pending = operations.to_vec();
        let about = operations
            .iter()
            .find_map(|operation| operation.scope().cloned());
        if let Some(scopes) = about {
            self.point_at(scopes);
        }
    }

    /// The console's selection, or the rows of its last answer: what "it", "them" and "there" mean from now on.
    pub fn point_at(&mut self, scopes: Scopes) {
        self.mention(&Selection::new(scopes));
        self.rows = false;
    }

    /// What somebody else has read out of a sentence: whom it is about is what the dialogue is about.
    pub fn adopt(&mut self, operations: &[Operation]) {
        self.asked = None;
        for scopes in operations.iter().filter_map(Operation::scope) {
            self.point_at(scopes.clone());
        }
    }

    /// What waited is gone: answered elsewhere, or too old.
    pub fn drop_pending(&mut self) {
        self.pending.clear();
    }

    /// The dialogue is about these from now on.
    pub(crate) fn mention(&mut self, selection: &Selection) {
        if self.mentions.last() != Some(&selection.scopes) {
            self.mentions.push(selection.scopes.clone());
            if self.mentions.len() > MENTIONS_MAX {
                self.mentions.remove(0);
            }
        }
        // A part of the list leaves the list: "the last two", "and the first one".
        let part = selection
            .scopes
            .as_slice()
            .iter()
            .all(|scope| self.group.contains(scope));
        if selection.scopes.as_slice().len() > 1 && !part {
            self.group = selection.scopes.as_slice().to_vec();
        }
        self.focus = Some(selection.clone());
    }

    /// After a draft was understood: what it is about is what the dialogue is about.
    pub(crate) fn note(&mut self, draft: &Draft) {
        if draft.args.contains_key("what") {
            self.listed = Some(draft.clone());
        }
        self.go_on(draft);
        if let Some(selection) = &draft.about {
            self.mention(selection);
        }
        self.rows = draft.op == "list" && draft.args.contains_key("limit");
    }

    /// The run of one operation on one after another goes on with this draft, or begins anew with it.
    fn go_on(&mut self, draft: &Draft) {
        let scope = match draft.about.as_ref().map(|about| about.scopes.as_slice()) {
            Some([scope]) => scope.clone(),
            _ => return self.run.clear(),
        };
        let same = self.last.last().is_some_and(|last| last.op == draft.op);
        if !same || draft.corrects {
            self.run.clear();
        }
        if !self.run.contains(&scope) && self.run.len() < MENTIONS_MAX {
            self.run.push(scope);
        }
    }
}
