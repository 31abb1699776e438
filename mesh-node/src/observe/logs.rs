//! Structured logs on standard error: standard output belongs to answers.

use std::io::IsTerminal;
use std::str::FromStr;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logs {
    /// Which events: a level, or levels by module, as in `info,mesh_node::worker=debug`.
    pub filter: String,
    /// One JSON object a line.
    pub json: bool,
}

impl Default for Logs {
    fn default() -> Self {
        Self {
            filter: "warn,mesh_node=info".to_owned(),
            json: false,
        }
    }
}

/// Logs that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    /// Not a filter.
    #[error(
        "{filter:?} is no filter for logs ({why}); write a level such as info, or mesh_node::worker=debug"
    )]
    Filter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        why: String,
    },
    /// They are there already.
    #[error("logs were set up before in this process")]
    Twice,
}

/// Sets up the logs of this process; called once, first of all.
pub fn init(logs: &Logs) -> Result<(), LogsError> {
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let subscriber = subscriber(logs, colours, std::io::stderr)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogsError::Twice)
}

/// Where events go.
fn subscriber<W>(
    logs: &Logs,
    colours: bool,
    to: W,
) -> Result<Box<dyn tracing::Subscriber + Send + Sync>, LogsError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::from_str(&logs.filter).map_err(|error| LogsError::Filter {
        filter: logs.filter.clone(),
        why: error.to_string(),
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(to);
    Ok(if logs.json {
        Box::new(builder.json().flatten_event(true).finish())
    } else {
        // Without colours no escape is written, and what events carry is escaped as strings are.
        Box::new(builder.with_ansi(colours).with_target(false).finish())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Held(Arc<Mutex<Vec<u8>>>);

    impl Write for Held {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("is whole").extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(json: bool) -> String {
        let held = Held::default();
        let writer = held.clone();
        let logs = Logs {
            filter: "info".to_owned(),
            json,
        };
        let subscriber = subscriber(&logs, false, move || writer.clone()).expect("is made");
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(agent = "7-4-12", why = "\u{1b}[2J", "a worker died");
            tracing::debug!("not this");
        });
        let bytes = held.0.lock().expect("is whole").clone();
        String::from_utf8(bytes).expect("is text")
    }

    #[test]
    fn json_is_one_object_a_line_and_people_get_no_escapes() {
        let json: serde_json::Value = serde_json::from_str(logged(true).trim()).expect("is JSON");
        assert_eq!(json["message"], "a worker died");
        assert_eq!(json["agent"], "7-4-12");
        let text = logged(false);
        assert_eq!(text.lines().count(), 1);
        assert!(
            text.contains("a worker died") && !text.contains('\u{1b}'),
            "{text:?}"
        );
    }

    #[test]
    fn a_wrong_filter_says_how_a_right_one_looks() {
        let logs = Logs {
            filter: "mesh_node=loud".to_owned(),
            json: false,
        };
        let error = subscriber(&logs, false, std::io::sink)
            .err()
            .expect("is refused");
        assert!(error.to_string().contains("worker=debug"), "{error}");
    }
}
