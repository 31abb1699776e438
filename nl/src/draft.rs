//! An operation while it is being understood: a name and arguments, some perhaps still missing.

use crate::context::Selection;
use mesh_core::operation::{Operation, OperationError};
use serde_json::{Map, Value};

/// An operation in the making.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Draft {
    /// Its name.
    pub(crate) op: &'static str,
    /// Its arguments in the form of the contract.
    pub(crate) args: Map<String, Value>,
    /// The operation that it holds.
    pub(crate) held: Option<Box<Draft>>,
    /// Whom it is about, as it was resolved.
    pub(crate) about: Option<Selection>,
    /// How sure the reading is, 0 to 1.
    pub(crate) confidence: f32,
    /// It takes the place of the one before, which was not what was meant.
    pub(crate) corrects: bool,
}

impl Draft {
    /// Without arguments.
    pub(crate) fn new(op: &'static str) -> Self {
        Self {
            op,
            args: Map::new(),
            held: None,
            about: None,
            confidence: 0.97,
            corrects: false,
        }
    }

    /// With this argument.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.args.insert(name.to_owned(), value.into());
        self
    }

    /// With this argument, when there is one.
    pub(crate) fn maybe<V: Into<Value>>(self, name: &str, value: Option<V>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// About these.
    pub(crate) fn about(mut self, selection: Selection) -> Self {
        self.args.insert("scope".into(), json(&selection.scopes));
        match &selection.except {
            Some(except) => self.args.insert("except".into(), json(except)),
            None => self.args.remove("except"),
        };
        self.about = Some(selection);
        self
    }

    /// Holding `inner`, which it is as sure as.
    pub(crate) fn holding(op: &'static str, inner: Self) -> Self {
        let (about, confidence) = (inner.about.clone(), inner.confidence);
        Self {
            held: Some(Box::new(inner)),
            about,
            confidence,
            ..Self::new(op)
        }
    }

    /// At most so sure.
    pub(crate) fn at_most(mut self, confidence: f32) -> Self {
        self.confidence = self.confidence.min(confidence);
        self
    }

    /// The operation that does something in the end: the one held, if any.
    pub(crate) fn innermost(&mut self) -> &mut Self {
        if self.held.is_some() {
            // Checked just before.
            return self
                .held
                .as_mut()
                .map(|held| held.innermost())
                .expect("it holds one");
        }
        self
    }

    /// Its JSON form.
    pub(crate) fn json(&self) -> Value {
        let mut object = self.args.clone();
        object.insert("op".into(), Value::from(self.op));
        if let Some(held) = &self.held {
            object.insert("operation".into(), held.json());
        }
        Value::Object(object)
    }

    /// The operation, checked against the table.
    pub(crate) fn operation(&self) -> Result<Operation, OperationError> {
        Operation::from_json(&self.json())
    }
}

/// A number as JSON: whole where it is.
pub(crate) fn number(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        Value::from(number as i64)
    } else {
        Value::from((number * 1e6).round() / 1e6)
    }
}

/// Scopes as JSON.
pub(crate) fn json(scopes: &mesh_core::operation::Scopes) -> Value {
    // Scopes are a string or an array of strings.
    serde_json::to_value(scopes).unwrap_or(Value::Null)
}
