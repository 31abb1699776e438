//! One operation as a command: read, confirmed, carried out, printed.

use super::{Ending, Flags, Wrong, address, print};
use indicatif::{ProgressBar, ProgressStyle};
use mesh_core::operation::event::Stamped;
use mesh_core::operation::refusal::Ground;
use mesh_core::operation::{Answer, Confirm, Operation, Progress, Refusal};
use mesh_core::role::Reply;
use mesh_core::text::Foreign;
use mesh_node::door::{Client, Visitor};
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// Carries out the operation of that name with these words.
pub(super) fn perform(name: &str, words: &[String], flags: &Flags) -> anyhow::Result<Ending> {
    let all = std::iter::once(name.to_owned()).chain(words.iter().cloned());
    let operation =
        Operation::from_words(all).map_err(|error| Wrong(Ending::Usage, error.to_string()))?;
    if let Some(ending) = by_itself(&operation)? {
        return Ok(ending);
    }
    let confirmed = flags.yes || !operation.confirm_needed().is_needed() || asked(&operation)?;
    if !confirmed {
        return Err(Wrong(
            Ending::NeedsYes,
            format!("{} needs a yes: add --yes", operation.line()),
        )
        .into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(over_the_door(operation, confirmed, flags))
}

/// What needs no mesh.
fn by_itself(operation: &Operation) -> anyhow::Result<Option<Ending>> {
    let text = match operation {
        Operation::Help { topic: None } => {
            super::command().print_help()?;
            return Ok(Some(Ending::Well));
        }
        Operation::Help { topic: Some(topic) } | Operation::Explain { topic } => {
            let name = topic.trim().replace(['-', ' '], "_").to_lowercase();
            match mesh_core::operation::table::row(&name) {
                Some(row) => format!("{}: {}\n{}", row.name, row.help, row.usage()),
                None => crate::words::meaning(topic),
            }
        }
        Operation::Theme { .. } | Operation::Quit {} | Operation::Answer { .. } => {
            return Err(Wrong(
                Ending::Usage,
                format!("{} is for the console", operation.name()),
            )
            .into());
        }
        _ => return Ok(None),
    };
    say(&text)?;
    Ok(Some(Ending::Well))
}

/// Asks whoever sits at the terminal; nobody there has not said yes.
fn asked(operation: &Operation) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(false);
    }
    let wanted = match operation.confirm_needed() {
        Confirm::None => return Ok(true),
        Confirm::Yes => "yes".to_owned(),
        Confirm::TypedPhrase(phrase) => phrase,
    };
    eprint!("{}   type {wanted:?} to go on: ", operation.line());
    std::io::stderr().flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim() == wanted)
}

async fn over_the_door(
    operation: Operation,
    confirmed: bool,
    flags: &Flags,
) -> anyhow::Result<Ending> {
    let address = address(flags.connect.as_deref())?;
    let mut visitor = Visitor::here("command");
    visitor.automated = !std::io::stdin().is_terminal();
    let client = Client::connect(&address, visitor).await?;
    if let Operation::Follow { severity, .. } = &operation {
        return follow(&client, severity.map(|severity| severity as u8), flags).await;
    }
    let mut pending = if operation.changes() {
        client.perform(operation, confirmed).await?
    } else {
        client.ask(operation).await?
    };
    let bar = spinner();
    let answer: Result<Answer, Refusal> = loop {
        match pending.next().await? {
            Reply::Progress(progress) => bar.set_message(progress_text(&progress)),
            Reply::Answer(answer) => break Ok(*answer),
            Reply::Refused(refusal) => break Err(*refusal),
        }
    };
    bar.finish_and_clear();
    show(&answer, flags)
}

/// Prints what came back; how the command ends.
fn show(answer: &Result<Answer, Refusal>, flags: &Flags) -> anyhow::Result<Ending> {
    let mut out = Vec::new();
    if flags.json {
        print::json(answer, &mut out)?;
    }
    let ending = match answer {
        Ok(answer) => {
            if flags.csv && !print::csv(answer, &mut out)? {
                return Err(
                    Wrong(Ending::Usage, "this answer is no list; use --json".into()).into(),
                );
            }
            if !flags.json && !flags.csv {
                let terminal = std::io::stdout().is_terminal();
                let width = if terminal {
                    crossterm::terminal::size().map_or(120, |(width, _)| width)
                } else {
                    u16::MAX
                };
                print::text(answer, width, terminal, &mut out)?;
            }
            print::ending(answer)
        }
        Err(refusal) => {
            if !flags.json {
                eprintln!("mesh: {refusal}");
            }
            match refusal.ground {
                Ground::NeedsYes(_) => Ending::NeedsYes,
                _ => Ending::Refused,
            }
        }
    };
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(&out).and_then(|()| stdout.flush()) {
        // Whoever read has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(ending),
        other => other.map(|()| ending).map_err(Into::into),
    }
}

fn say(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")
}

/// On a terminal something moves while one waits; in a pipe nothing is drawn.
pub(super) fn spinner() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

pub(super) fn progress_text(progress: &Progress) -> String {
    match progress {
        Progress::Accepted => "accepted".into(),
        Progress::Throw(account) => account.to_string(),
        Progress::Steps { ended, of } => format!("{ended} of {of} steps"),
        Progress::Step { line } => line.to_string(),
    }
}

/// Events as they come, until the mesh or the reader goes.
async fn follow(client: &Client, least: Option<u8>, flags: &Flags) -> anyhow::Result<Ending> {
    let mut feed = client.follow(Duration::from_millis(200)).await?;
    loop {
        let news = tokio::select! {
            news = feed.next() => news,
            signal = tokio::signal::ctrl_c() => {
                signal?;
                return Ok(Ending::Well);
            }
        };
        let mut out = String::new();
        if news.missed > 0 && !flags.json {
            out.push_str(&format!("({} events were missed)\n", news.missed));
        }
        for stamped in news
            .events
            .iter()
            .filter(|stamped| least.is_none_or(|least| stamped.event.severity() as u8 >= least))
        {
            out.push_str(&event_line(stamped, flags.json)?);
            out.push('\n');
        }
        let mut stdout = std::io::stdout().lock();
        if let Err(error) = stdout
            .write_all(out.as_bytes())
            .and_then(|()| stdout.flush())
        {
            return if error.kind() == std::io::ErrorKind::BrokenPipe {
                Ok(Ending::Well)
            } else {
                Err(error.into())
            };
        }
        if news.closed {
            return Err(Wrong(Ending::NoMesh, "the mesh closed the door".into()).into());
        }
    }
}

pub(super) fn event_line(stamped: &Stamped, json: bool) -> anyhow::Result<String> {
    if json {
        return Ok(serde_json::to_string(stamped)?);
    }
    let at = jiff::Timestamp::from_microsecond(stamped.at.0)
        .map_or_else(|_| String::new(), |at| at.strftime("%FT%TZ").to_string());
    Ok(format!(
        "{at} {:<8} {}",
        stamped.event.severity().word(),
        Foreign::from(stamped.event.to_string())
    ))
}
