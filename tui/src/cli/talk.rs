//! `mesh talk` and `mesh say`: the conversation line by line. The same dialogue, operations and answers as on the full
//! screen, as plain lines that stay in the terminal's own history.

use super::perform::{event_line, progress_text, spinner};
use super::{Ending, Wrong, address, print};
use crate::report::{Report, preview_lines};
use crate::state::talk::{Reply as Said, read_reply};
use anyhow::Context as _;
use clap::ArgMatches;
use mesh_core::operation::word::Severity;
use mesh_core::operation::{Answer, Confirm, Operation, Refusal};
use mesh_core::role::Reply;
use mesh_core::text::Foreign;
use mesh_node::door::{Client, Visitor};
use nl::Kind;
use nl::model::{Model, Opinion};
use reedline::{
    DefaultCompleter, DefaultPrompt, DefaultPromptSegment, ExternalPrinter, Reedline, Signal,
};
use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::mpsc::TrySendError;
use std::time::Duration;

/// What waits for a yes.
#[derive(Debug, Clone)]
struct Waiting {
    number: u64,
    steps: Vec<Operation>,
}

/// One conversation.
struct Talk {
    client: Client,
    dialogue: nl::Context,
    /// Asked about what is not understood, where one is named.
    model: Option<Model>,
    waiting: Vec<Waiting>,
    numbered: u64,
    /// Said before what somebody says: `mesh: ` for ears, nothing for eyes.
    label: &'static str,
}

/// What a line came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Go,
    Leave,
}

/// The conversation until its end.
pub(super) fn run(matches: &ArgMatches, connect: Option<&str>) -> anyhow::Result<ExitCode> {
    let plain = matches.get_flag("plain")
        || !std::io::stdin().is_terminal()
        || !std::io::stdout().is_terminal()
        || std::env::var("TERM").is_ok_and(|term| term == "dumb");
    let address = address(connect)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let mut talk = runtime.block_on(Talk::connect(&address, "talk", plain))?;
    talk.hello()?;
    let printer = ExternalPrinter::default();
    let to_printer = printer.sender();
    let mut feed = runtime.block_on(talk.client.follow(Duration::from_millis(500)))?;
    runtime.spawn(async move {
        loop {
            let news = feed.next().await;
            for stamped in news
                .events
                .iter()
                .filter(|stamped| stamped.event.severity() >= Severity::Warning)
            {
                let line = event_line(stamped, false).unwrap_or_default();
                if plain {
                    // Whoever does not read any more does not miss it.
                    let _ = writeln!(std::io::stdout(), "event: {line}");
                } else if to_printer
                    .try_send(line)
                    .is_err_and(|error| matches!(error, TrySendError::Disconnected(_)))
                {
                    return;
                }
            }
            if news.closed {
                return;
            }
        }
    });
    if plain {
        for line in std::io::stdin().lock().lines() {
            // What is no text is nothing that was said.
            let Ok(line) = line else {
                print(talk.label, "that is no UTF-8 text; nothing was done")?;
                continue;
            };
            if runtime.block_on(talk.take(&line))? == Next::Leave {
                break;
            }
        }
        return Ok(Ending::Well.into());
    }
    let words = mesh_core::operation::table::rows()
        .map(|row| format!(":{}", row.name))
        .collect();
    let mut editor = Reedline::create()
        .with_external_printer(printer)
        .with_completer(Box::new(DefaultCompleter::new_with_wordlen(words, 2)));
    loop {
        let pending = talk
            .waiting
            .last()
            .map_or_else(String::new, |waiting| format!(" #{}", waiting.number));
        let prompt = DefaultPrompt::new(
            DefaultPromptSegment::Basic(format!("{}{pending}", talk.client.welcome().mesh)),
            DefaultPromptSegment::Empty,
        );
        match editor.read_line(&prompt).context("reading a line")? {
            Signal::Success(line) if runtime.block_on(talk.take(&line))? == Next::Leave => {
                break;
            }
            Signal::CtrlD => break,
            _ => {}
        }
    }
    Ok(Ending::Well.into())
}

/// One sentence, and what it came to.
pub(super) fn say(matches: &ArgMatches, connect: Option<&str>) -> anyhow::Result<ExitCode> {
    let words: Vec<String> = matches
        .get_many::<String>("sentence")
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    let sentence = words.join(" ");
    let (yes, json) = (matches.get_flag("yes"), matches.get_flag("json"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let opinion = runtime.block_on(read_once(&sentence))?;
    let reading = opinion.reading;
    match reading.kind {
        Kind::Operation => {}
        Kind::Clarify { question } => return Err(Wrong(Ending::Usage, question).into()),
        Kind::Reject { reason } => {
            return Err(Wrong(Ending::Usage, format!("not understood: {reason}")).into());
        }
    }
    let operations = &reading.operations;
    if opinion.by_model
        && let Some(change) = operations.iter().find(|operation| operation.changes())
    {
        // A yes that was given before anybody saw the reading is none.
        let line = change.line();
        let why = format!("a model reads this as :{line}; if that is meant, say it so");
        return Err(Wrong(Ending::NeedsYes, why).into());
    }
    let needs = operations
        .iter()
        .find(|operation| operation.confirm_needed().is_needed());
    if let (Some(operation), false) = (needs, yes) {
        return Err(Wrong(
            Ending::NeedsYes,
            format!(":{} needs a yes: add --yes", operation.line()),
        )
        .into());
    }
    let address = address(connect)?;
    runtime.block_on(async {
        let mut talk = Talk::connect(&address, "command", true).await?;
        let mut ending = Ending::Well;
        for operation in reading.operations {
            if !json {
                print("", &format!(":{}", operation.line()))?;
            }
            let answer = talk.ask(operation, yes).await?;
            let mut out = Vec::new();
            match &answer {
                _ if json => print::json(&answer, &mut out)?,
                Ok(answer) => print::text(answer, 120, false, &mut out)?,
                Err(refusal) => writeln!(out, "{refusal}")?,
            }
            std::io::stdout().write_all(&out)?;
            ending = match &answer {
                Ok(answer) => ending.max(print::ending(answer)),
                Err(_) => Ending::Refused,
            };
        }
        Ok(ending.into())
    })
}

/// One sentence on its own.
async fn read_once(sentence: &str) -> anyhow::Result<Opinion> {
    let mut context = nl::Context::default();
    let own = nl::turn(sentence, &mut context);
    let Some(model) = crate::model::named()? else {
        return Ok(Opinion::own(own));
    };
    let opinion = model.consult(sentence, &context, own).await;
    if let Some(trouble) = &opinion.trouble {
        eprintln!("mesh: {trouble}");
    }
    Ok(opinion)
}

impl Talk {
    async fn connect(
        address: &mesh_node::door::Address,
        from: &str,
        plain: bool,
    ) -> anyhow::Result<Self> {
        let client = Client::connect(address, Visitor::here(from)).await?;
        let dialogue = nl::Context::new(client.welcome().shape);
        Ok(Self {
            client,
            dialogue,
            model: crate::model::named()?,
            waiting: Vec::new(),
            numbered: 0,
            label: if plain { "mesh: " } else { "" },
        })
    }

    fn hello(&self) -> anyhow::Result<()> {
        let welcome = self.client.welcome();
        let lab = if welcome.lab { "LAB  " } else { "" };
        let name = Foreign::from(welcome.mesh.as_str());
        print(
            self.label,
            &format!(
                "{lab}{name} ({}), as {}",
                welcome.driver,
                Foreign::from(welcome.caller.as_str())
            ),
        )?;
        print(
            self.label,
            "type a question, or :help for commands; Ctrl-D leaves",
        )
    }

    /// One line that was said.
    async fn take(&mut self, line: &str) -> anyhow::Result<Next> {
        let line = line.trim();
        if line.is_empty() {
            return Ok(Next::Go);
        }
        if let Some(reply) = read_reply(line) {
            self.reply(&reply).await?;
            return Ok(Next::Go);
        }
        let mut by_model = false;
        let operations = if let Some(command) = line.strip_prefix(':') {
            match Operation::from_line(command) {
                Ok(operation) => vec![operation],
                Err(error) => {
                    print(self.label, &error.to_string())?;
                    return Ok(Next::Go);
                }
            }
        } else {
            let opinion = self.read(line).await?;
            by_model = opinion.by_model;
            let reading = opinion.reading;
            match reading.kind {
                Kind::Operation => reading.operations,
                Kind::Clarify { question } => {
                    print(self.label, &question)?;
                    return Ok(Next::Go);
                }
                Kind::Reject { reason } => {
                    print(
                        self.label,
                        &format!("not understood: {reason}; :help lists what can be said"),
                    )?;
                    return Ok(Next::Go);
                }
            }
        };
        for operation in operations {
            // What a model has read is shown and waits, whatever the table says.
            let next = if by_model && operation.changes() {
                self.propose(operation).await?
            } else {
                self.operate(operation).await?
            };
            if next == Next::Leave {
                return Ok(Next::Leave);
            }
        }
        Ok(Next::Go)
    }

    /// A sentence to operations; what the compiler does not understand a model may, where one is named.
    async fn read(&mut self, line: &str) -> anyhow::Result<Opinion> {
        let own = nl::turn(line, &mut self.dialogue);
        let Some(model) = &self.model else {
            return Ok(Opinion::own(own));
        };
        let opinion = model.consult(line, &self.dialogue, own).await;
        if let Some(trouble) = &opinion.trouble {
            print(self.label, &trouble.to_string())?;
        }
        if opinion.by_model {
            let operations = &opinion.reading.operations;
            self.dialogue.adopt(operations);
            for operation in operations {
                let line = format!("reads as (model): :{}", operation.line());
                print(self.label, &line)?;
            }
        }
        Ok(opinion)
    }

    async fn operate(&mut self, operation: Operation) -> anyhow::Result<Next> {
        match &operation {
            Operation::Quit {} => return Ok(Next::Leave),
            Operation::Help { .. } => {
                for row in mesh_core::operation::table::rows() {
                    print(self.label, &format!(":{:<14} {}", row.name, row.help))?;
                }
                return Ok(Next::Go);
            }
            Operation::Explain { topic } => {
                let name = topic.replace([' ', '-'], "_").to_lowercase();
                let text = mesh_core::operation::table::row(&name).map_or_else(
                    || crate::words::meaning(topic),
                    |row| format!("{}: {}; {}", row.name, row.help, row.usage()),
                );
                print(self.label, &text)?;
                return Ok(Next::Go);
            }
            Operation::Theme { .. } => {
                print(self.label, "themes are for the full screen")?;
                return Ok(Next::Go);
            }
            Operation::Answer { yes, only } => {
                let steps = only
                    .iter()
                    .flatten()
                    .map(|step| usize::from(*step))
                    .collect();
                let reply = if *yes {
                    Said::Yes(None, steps)
                } else {
                    Said::No(None)
                };
                self.reply(&reply).await?;
                return Ok(Next::Go);
            }
            _ => {}
        }
        if operation.confirm_needed().is_needed() {
            return self.propose(operation).await;
        }
        let changes = operation.changes();
        let line = operation.line();
        let answer = self.ask(operation, false).await?;
        if changes {
            print(self.label, &format!(":{line}"))?;
        }
        self.tell(&answer)?;
        Ok(Next::Go)
    }

    /// Something that needs a yes, with whom it would touch.
    async fn propose(&mut self, operation: Operation) -> anyhow::Result<Next> {
        self.numbered += 1;
        let number = self.numbered;
        let phrase = match operation.confirm_needed() {
            Confirm::TypedPhrase(phrase) => {
                format!("yes {number} after reading this twice: {phrase}")
            }
            Confirm::Yes | Confirm::None => format!("yes {number}"),
        };
        let preview = self
            .ask(
                Operation::WhatIf {
                    operation: Box::new(operation.clone()),
                },
                false,
            )
            .await?;
        print(
            self.label,
            &format!("? proposal {number}: {}", operation.line()),
        )?;
        if let Ok(Answer::WhatIf { preview, refusal }) = &preview {
            for line in preview_lines(preview)
                .into_iter()
                .chain(refusal.iter().map(ToString::to_string))
            {
                print(self.label, &format!("  {line}"))?;
            }
        }
        print(self.label, &format!("  answer: {phrase} / no {number}"))?;
        self.dialogue.offer(std::slice::from_ref(&operation));
        self.waiting.push(Waiting {
            number,
            steps: vec![operation],
        });
        Ok(Next::Go)
    }

    async fn reply(&mut self, reply: &Said) -> anyhow::Result<()> {
        let (Said::Yes(number, _) | Said::No(number) | Said::Explain(number)) = reply;
        let found = match number {
            Some(number) => self
                .waiting
                .iter()
                .position(|waiting| waiting.number == *number),
            None if self.waiting.len() == 1 => Some(0),
            None => None,
        };
        let Some(at) = found else {
            let all: Vec<_> = self
                .waiting
                .iter()
                .map(|waiting| format!("#{}", waiting.number))
                .collect();
            let text = if all.is_empty() {
                "nothing waits for an answer".to_owned()
            } else {
                format!("which: {}?", all.join(" or "))
            };
            return print(self.label, &text);
        };
        match reply {
            Said::Explain(_) => {
                let lines: Vec<String> = self.waiting[at]
                    .steps
                    .iter()
                    .map(|step| format!(":{}   {}", step.line(), step.row().help))
                    .collect();
                for line in lines {
                    print(self.label, &line)?;
                }
            }
            Said::No(_) => {
                let gone = self.waiting.remove(at);
                self.dialogue.drop_pending();
                print(
                    self.label,
                    &format!("#{} is dropped; nothing was done", gone.number),
                )?;
            }
            Said::Yes(_, only) => {
                // What is mesh-wide wants its number: a bare yes may have been meant for something else.
                let grave = self.waiting[at]
                    .steps
                    .iter()
                    .any(|step| matches!(step.confirm_needed(), Confirm::TypedPhrase(_)));
                if grave && number.is_none() {
                    return print(
                        self.label,
                        &format!("that is mesh-wide; say yes {}", self.waiting[at].number),
                    );
                }
                let taken = self.waiting.remove(at);
                self.dialogue.drop_pending();
                for (step, operation) in taken.steps.into_iter().enumerate() {
                    if only.is_empty() || only.contains(&(step + 1)) {
                        print(self.label, &format!(":{}", operation.line()))?;
                        let answer = self.ask(operation, true).await?;
                        self.tell(&answer)?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn ask(
        &mut self,
        operation: Operation,
        confirmed: bool,
    ) -> anyhow::Result<Result<Answer, Refusal>> {
        let mut pending = if operation.changes() {
            self.client.perform(operation, confirmed).await?
        } else {
            self.client.ask(operation).await?
        };
        let bar = spinner();
        let answer = loop {
            match pending.next().await? {
                Reply::Progress(progress) => bar.set_message(progress_text(&progress)),
                Reply::Answer(answer) => break Ok(*answer),
                Reply::Refused(refusal) => break Err(*refusal),
            }
        };
        bar.finish_and_clear();
        Ok(answer)
    }

    fn tell(&self, answer: &Result<Answer, Refusal>) -> anyhow::Result<()> {
        match answer {
            Ok(answer) => {
                for (_, line) in Report::of(answer).text(118) {
                    print(self.label, &line)?;
                }
            }
            Err(refusal) => print(self.label, &refusal.to_string())?,
        }
        Ok(())
    }
}

fn print(label: &str, line: &str) -> anyhow::Result<()> {
    let line = if line.chars().any(char::is_control) {
        Foreign::from(line).to_string()
    } else {
        line.to_owned()
    };
    writeln!(std::io::stdout(), "{label}{line}").context("writing a line")
}
