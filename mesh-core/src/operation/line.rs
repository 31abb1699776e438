//! An operation as the command line that does the same (`avoid cluster:7-4 for 10m`), and back.
//!
//! Every executed action is echoed as this line, so what is printed here must read as the same operation: tested for all
//! of them.

use super::kind::Operation;
use super::read::{JSON_MAX, OperationError};
use super::table::{self, Arg, Kind, Row};
use serde_json::{Map, Value};

/// Words of a command line at most: every argument of the largest row with its key, and a held operation's.
pub const WORDS_MAX: usize = 256;

/// A command line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Nothing on it.
    #[error("an empty command; help lists them")]
    Empty,
    /// A quotation mark without its other half.
    #[error("a quotation mark is not closed")]
    OpenQuote,
    /// More than is ever needed.
    #[error("a command of more than {WORDS_MAX} words; put free text in quotation marks")]
    TooLong,
    /// A word that no argument takes.
    #[error("{op} does not take {word:?}; write {usage}")]
    Surplus {
        /// The operation.
        op: &'static str,
        /// The word.
        word: String,
        /// How it is written.
        usage: String,
    },
    /// A key without its value.
    #[error("{op}: {key} needs a value; write {usage}")]
    NoValue {
        /// The operation.
        op: &'static str,
        /// The key.
        key: &'static str,
        /// How it is written.
        usage: String,
    },
    /// The words were taken, their values not.
    #[error(transparent)]
    Operation(#[from] OperationError),
}

/// A word of a command line; what stood in quotation marks is never taken for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    text: String,
    quoted: bool,
}

impl Operation {
    /// The command line that does the same.
    pub fn line(&self) -> String {
        let json = self.to_json();
        // An operation is always an object.
        json.as_object()
            .map_or_else(String::new, |object| write(self.row(), object))
    }

    /// Reads a command line.
    pub fn from_line(line: &str) -> Result<Self, LineError> {
        if line.len() > JSON_MAX {
            return Err(OperationError::TooLong { bytes: line.len() }.into());
        }
        read(&split(line)?)
    }

    /// Reads words that a shell has taken apart already; `--for 10m` is `for 10m`.
    pub fn from_words<S: AsRef<str>>(
        words: impl IntoIterator<Item = S>,
    ) -> Result<Self, LineError> {
        let words: Vec<Word> = words
            .into_iter()
            .take(WORDS_MAX + 1)
            .map(|word| {
                let word = word.as_ref();
                Word {
                    text: word.to_owned(),
                    quoted: word.contains(char::is_whitespace),
                }
            })
            .collect();
        read(&words)
    }
}

fn write(row: &Row, object: &Map<String, Value>) -> String {
    let held = |arg: &&Arg| matches!(arg.kind, Kind::Operation(_));
    let ordered = row
        .args
        .iter()
        .filter(|arg| !held(arg))
        .chain(row.args.iter().filter(held));
    ordered
        .filter_map(|arg| Some((arg, object.get(arg.name)?)))
        .fold(row.name.to_owned(), |mut line, (arg, value)| {
            if let Some(key) = arg.key {
                line.push(' ');
                line.push_str(key);
            }
            line.push(' ');
            line.push_str(&write_value(row, arg, value));
            line
        })
}

fn write_value(row: &Row, arg: &Arg, value: &Value) -> String {
    let joined = |values: &[Value], with: &str, each: &dyn Fn(&Value) -> String| {
        values.iter().map(each).collect::<Vec<_>>().join(with)
    };
    let plain = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), ToOwned::to_owned)
    };
    match (arg.kind, value) {
        (Kind::Seconds, value) => span(value.as_f64().unwrap_or_default() * 1e6),
        (Kind::Millis, value) => span(value.as_f64().unwrap_or_default() * 1e3),
        (Kind::Flag, Value::Bool(flag)) => if *flag { "yes" } else { "no" }.into(),
        (Kind::Operation(_), Value::Object(object)) => object
            .get("op")
            .and_then(Value::as_str)
            .and_then(table::row)
            .map_or_else(String::new, |row| write(row, object)),
        (Kind::Texts, Value::Array(texts)) => {
            joined(texts, " ", &|text| quote_if(row, &plain(text)))
        }
        (_, Value::Array(values)) => quote_if(row, &joined(values, ",", &plain)),
        (_, value) => quote_if(row, &plain(value)),
    }
}

/// Quoted when it would be taken apart or for something else.
fn quote_if(row: &Row, text: &str) -> String {
    let risky = text.is_empty()
        || text.contains(|c: char| c.is_whitespace() || c == '"' || c == '\'' || c == '\\')
        || is_key(row, text).is_some()
        || text == "where";
    if risky { quote(text) } else { text.to_owned() }
}

fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// `1h30m`, `10m`, `1s500ms`, `250us`.
fn span(micros: f64) -> String {
    let mut rest = libm::round(micros) as u64;
    let units = [
        ("d", 86_400_000_000),
        ("h", 3_600_000_000),
        ("m", 60_000_000),
        ("s", 1_000_000),
        ("ms", 1_000),
        ("us", 1),
    ];
    units
        .into_iter()
        .fold(String::new(), |mut text, (unit, size)| {
            if rest >= size {
                text.push_str(&(rest / size).to_string());
                text.push_str(unit);
                rest %= size;
            }
            text
        })
}

/// Microseconds from `1h30m`, `90s`, `0.5s`, or a bare number of seconds.
fn read_span(text: &str) -> Option<f64> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Some(seconds * 1e6);
    }
    let mut rest = text;
    let mut micros = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        let unit_end = rest[digits..]
            .find(|c: char| c.is_ascii_digit())
            .map_or(rest.len(), |at| digits + at);
        micros += number
            * match &rest[digits..unit_end] {
                "d" => 86_400e6,
                "h" => 3_600e6,
                "m" | "min" => 60e6,
                "s" => 1e6,
                "ms" => 1e3,
                "us" => 1.0,
                _ => return None,
            };
        rest = &rest[unit_end..];
    }
    (!text.is_empty()).then_some(micros)
}

fn split(line: &str) -> Result<Vec<Word>, LineError> {
    let mut words = Vec::new();
    let mut chars = line.trim().chars().peekable();
    while let Some(&first) = chars.peek() {
        if first.is_whitespace() {
            chars.next();
            continue;
        }
        if words.len() >= WORDS_MAX {
            return Err(LineError::TooLong);
        }
        let mut word = Word {
            text: String::new(),
            quoted: false,
        };
        let mut open: Option<char> = None;
        while let Some(&c) = chars.peek() {
            match (open, c) {
                (None, c) if c.is_whitespace() => break,
                (None, '"' | '\'') => {
                    open = Some(c);
                    word.quoted = true;
                }
                (Some(mark), c) if c == mark => open = None,
                (Some('"'), '\\') => {
                    chars.next();
                    word.text.push(*chars.peek().ok_or(LineError::OpenQuote)?);
                }
                (_, c) => word.text.push(c),
            }
            chars.next();
        }
        if open.is_some() {
            return Err(LineError::OpenQuote);
        }
        words.push(word);
    }
    Ok(words)
}

fn is_key(row: &Row, text: &str) -> Option<&'static Arg> {
    let bare = text.strip_prefix("--").unwrap_or(text);
    row.args
        .iter()
        .find(|arg| arg.key == Some(bare) || text.starts_with("--") && arg.name == bare)
}

fn read(words: &[Word]) -> Result<Operation, LineError> {
    Ok(Operation::from_json(&read_object(words, 0)?)?)
}

fn read_object(words: &[Word], depth: usize) -> Result<Value, LineError> {
    let (first, mut rest) = words.split_first().ok_or(LineError::Empty)?;
    if words.len() > WORDS_MAX {
        return Err(LineError::TooLong);
    }
    if depth > table::DEPTH_MAX {
        return Err(OperationError::TooDeep.into());
    }
    let name = first.text.replace('-', "_");
    let mut object = Map::new();
    object.insert("op".into(), Value::from(name.as_str()));
    let Some(row) = table::row(&name) else {
        // Its error is the reader's, which knows the nearest name.
        return Ok(Value::Object(object));
    };
    while let Some((word, after)) = rest.split_first() {
        let mut positional = row.args.iter();
        let next = positional.find(|arg| arg.key.is_none() && !object.contains_key(arg.name));
        // Where one of these words stands next it is that word: `context branch branch plan_b`.
        let is_next = next.is_some_and(
            |arg| matches!(arg.kind, Kind::Word(words) if words.contains(&word.text.as_str())),
        );
        let keyed = if word.quoted || is_next {
            None
        } else {
            is_key(row, &word.text)
        };
        let filter = is_filter_key(row, word);
        let arg = keyed
            .or_else(|| row.arg("scope").filter(|_| filter))
            .or_else(|| {
                row.args
                    .iter()
                    .find(|arg| arg.key.is_none() && !object.contains_key(arg.name))
            })
            .filter(|arg| !object.contains_key(arg.name))
            .ok_or_else(|| surplus(row, word))?;
        let values = if keyed.is_some() || filter {
            after
        } else {
            rest
        };
        let first = || {
            values
                .first()
                .map(|word| word.text.as_str())
                .ok_or_else(|| no_value(row, arg))
        };
        let (value, taken) = match arg.kind {
            Kind::Operation(_) => (read_object(values, depth + 1)?, values.len()),
            Kind::Texts => {
                let texts = values
                    .iter()
                    .take_while(|word| word.quoted || is_key(row, &word.text).is_none());
                let texts: Vec<Value> = texts.map(|word| Value::from(word.text.as_str())).collect();
                let taken = texts.len();
                (Value::Array(texts), taken)
            }
            // A flag's key alone says yes, as on every command line.
            Kind::Flag if keyed.is_some() && !first().is_ok_and(is_flag) => (Value::Bool(true), 0),
            kind if filter => (read_value(kind, &format!("where:{}", first()?)), 1),
            kind => (read_value(kind, first()?), 1),
        };
        object.insert(arg.name.into(), value);
        rest = &values[taken..];
    }
    Ok(Value::Object(object))
}

/// `--where 'class=gpu state=offline'` is the scope `where:class=gpu state=offline`.
fn is_filter_key(row: &Row, word: &Word) -> bool {
    !word.quoted && matches!(word.text.as_str(), "--where" | "where") && row.arg("scope").is_some()
}

fn is_flag(text: &str) -> bool {
    read_value(Kind::Flag, text).is_boolean()
}

fn surplus(row: &'static Row, word: &Word) -> LineError {
    let word = crate::text::Foreign::from(word.text.as_str()).to_string();
    LineError::Surplus {
        op: row.name,
        word,
        usage: row.usage(),
    }
}

fn no_value(row: &'static Row, arg: &'static Arg) -> LineError {
    LineError::NoValue {
        op: row.name,
        key: arg.key.unwrap_or(arg.name),
        usage: row.usage(),
    }
}

/// The JSON value that a word stands for; a word that stands for none stays a string, which the reader refuses by name.
fn read_value(kind: Kind, text: &str) -> Value {
    let number = |number: f64| {
        if libm::fabs(libm::trunc(number) - number) < f64::EPSILON && libm::fabs(number) < 1e15 {
            Value::from(number as i64)
        } else {
            Value::from(number)
        }
    };
    match kind {
        Kind::Seconds => read_span(text).map_or(Value::from(text), |micros| number(micros / 1e6)),
        Kind::Millis => read_span(text).map_or(Value::from(text), |micros| number(micros / 1e3)),
        Kind::Whole(..) => text.parse::<u64>().map_or(Value::from(text), Value::from),
        Kind::Flag => match text {
            "yes" | "true" | "on" => Value::Bool(true),
            "no" | "false" | "off" => Value::Bool(false),
            _ => Value::from(text),
        },
        Kind::Scope | Kind::ScopeOrAuto if text.contains(',') => {
            text.split(',').map(Value::from).collect()
        }
        Kind::Positions => text
            .split(',')
            .map(|each| each.parse::<u64>().map_or(Value::from(each), Value::from))
            .collect(),
        Kind::Scope
        | Kind::ScopeOrAuto
        | Kind::Word(_)
        | Kind::Text
        | Kind::Texts
        | Kind::Id
        | Kind::Capability
        | Kind::At
        | Kind::Condition
        | Kind::Operation(_) => Value::from(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs that mean the same: what people write, and what is echoed.
    #[test]
    fn command_lines_are_read_as_shells_and_people_write_them() {
        for (written, echoed) in [
            (
                "list agents --where 'class=gpu state=offline' --limit 5",
                "list agents \"where:class=gpu state=offline\" limit 5",
            ),
            ("avoid 7-4 for 90s", "avoid cluster:7-4 for 1m30s"),
            ("avoid --for 1.5 SECTOR7", "avoid sector:7 for 1s500ms"),
            (
                "broadcast hello --ack to sector:7",
                "broadcast hello to sector:7 ack yes",
            ),
            ("what-if freeze all", "what_if freeze all"),
            ("broadcast 'say \"hi\"'", "broadcast \"say \\\"hi\\\"\""),
        ] {
            let operation =
                Operation::from_line(written).unwrap_or_else(|error| panic!("{written}: {error}"));
            assert_eq!(operation.line(), echoed, "{written}");
        }
        let words = ["ask", "what context do you hold?", "--sample", "10"];
        assert_eq!(
            Operation::from_words(words).expect("reads").line(),
            "ask \"what context do you hold?\" sample 10"
        );
    }

    #[test]
    fn what_does_not_fit_is_refused_with_the_usage() {
        for (written, part) in [
            ("", "empty"),
            ("freeze", "freeze needs scope"),
            ("freeze all now", "does not take \"now\""),
            ("avoid all for 5m for 6m", "does not take \"for\""),
            ("avoid all for", "for needs a value"),
            ("avoid all for soon", "avoid.for_s"),
            ("broadcast \"open", "not closed"),
            ("frezze all", "did you mean freeze?"),
        ] {
            let error = Operation::from_line(written)
                .expect_err(written)
                .to_string();
            assert!(error.contains(part), "{written}: {error}");
        }
        let deep = "what_if ".repeat(30) + "status";
        assert!(Operation::from_line(&deep).is_err());
    }
}
