//! Operations: read, asked, proposed, confirmed; and what comes back.

use super::{Effect, press};
use crate::report::{Report, Row, preview_lines};
use crate::state::composer::Mode;
use crate::state::page::AgentPage;
use crate::state::place::Level;
use crate::state::screen::{Confirm as Question, Overlay, Pane, Screen};
use crate::state::talk::{self, Grade, Reply, Who};
use crate::state::{Open, Purpose, State};
use crate::theme::Role;
use mesh_core::operation::word::SheetFormat;
use mesh_core::operation::{Answer, Confirm, Operation, Progress, Refusal};
use mesh_core::text::Foreign;
use nl::model::Opinion;
use tui_input::Input;

/// How long the question that takes words stays.
const QUESTION_MS: i64 = 60_000;
/// Questions without an answer at most; the door takes 64 of a connection.
const OPEN_MAX: usize = 32;

/// Puts a question to the mesh. False when it cannot be asked now; nothing is kept for later.
pub(super) fn ask(
    state: &mut State,
    operation: Operation,
    purpose: Purpose,
    confirmed: bool,
    effects: &mut Vec<Effect>,
) -> bool {
    if !state.link.is_live() {
        return false;
    }
    if state.open.len() >= OPEN_MAX {
        state.notice(format!(
            "{OPEN_MAX} questions have no answer yet; wait for one"
        ));
        return false;
    }
    state.asked += 1;
    let open = Open {
        purpose,
        since: state.now,
        changes: operation.changes(),
    };
    state.open.insert(state.asked, open);
    effects.push(Effect::Ask {
        number: state.asked,
        operation,
        confirmed,
    });
    true
}

/// A command line; whether it was taken. What is wrong with it is said, and the draft stays.
pub(super) fn line(state: &mut State, text: &str, effects: &mut Vec<Effect>) -> bool {
    match Operation::from_line(text) {
        Ok(operation) => operate(state, operation, effects),
        Err(error) => {
            state.notice(Foreign::from(error.to_string()).to_string());
            false
        }
    }
}

/// A sentence; whether it was taken.
pub(super) fn sentence(state: &mut State, text: &str, effects: &mut Vec<Effect>) -> bool {
    if let Some(reply) = talk::read_reply(text) {
        state.talk.line(Who::You, text);
        reply_to(state, &reply, effects);
        return true;
    }
    if let Some(line_text) = text.strip_prefix(':') {
        return line(state, line_text, effects);
    }
    match crate::words::read(state, text) {
        crate::words::Reading::Operations(operations) => {
            state.talk.line(Who::You, text);
            said(state, operations, effects)
        }
        crate::words::Reading::Ask(question) => {
            state.talk.line(Who::You, text);
            state.talk.line(Who::Mesh, question);
            true
        }
        crate::words::Reading::No(why) => {
            state.notice(why);
            false
        }
        crate::words::Reading::Consult(consult) => {
            state.talk.line(Who::You, text);
            effects.push(Effect::Consult(consult));
            true
        }
    }
}

/// What a sentence came to after a model was asked: its reading is shown, and whatever would change something waits for a yes.
pub(super) fn opinion(state: &mut State, opinion: Opinion, effects: &mut Vec<Effect>) {
    if let Some(trouble) = opinion.trouble {
        state.talk.line(Who::Mesh, trouble.to_string());
    }
    let by_model = opinion.by_model;
    match crate::words::of(opinion.reading) {
        crate::words::Reading::Operations(operations) if by_model => {
            state.dialogue.adopt(&operations);
            let lines: Vec<String> = operations.iter().map(Operation::line).collect();
            let shown = format!("reads as (model): :{}", lines.join("; :"));
            state.talk.line(Who::Mesh, shown);
            let (changing, looking): (Vec<_>, Vec<_>) =
                operations.into_iter().partition(Operation::changes);
            said(state, looking, effects);
            if !changing.is_empty() {
                propose(state, changing, effects);
            }
        }
        crate::words::Reading::Operations(operations) => {
            said(state, operations, effects);
        }
        crate::words::Reading::Ask(said) | crate::words::Reading::No(said) => {
            state.talk.line(Who::Mesh, said);
        }
        crate::words::Reading::Consult(_) => {}
    }
}

/// What a sentence came to: looking is done at once, changing as a command would, several changes as one proposal.
fn said(state: &mut State, operations: Vec<Operation>, effects: &mut Vec<Effect>) -> bool {
    let changing: Vec<_> = operations
        .iter()
        .filter(|operation| operation.changes())
        .cloned()
        .collect();
    if changing.len() > 1 {
        for operation in operations
            .into_iter()
            .filter(|operation| !operation.changes())
        {
            operate(state, operation, effects);
        }
        propose(state, changing, effects);
        return true;
    }
    // Each is carried out, also behind one that was not taken.
    let mut taken = true;
    for operation in operations {
        taken &= operate(state, operation, effects);
    }
    taken
}

/// Carries an operation out as far as it may be without a further word.
fn operate(state: &mut State, operation: Operation, effects: &mut Vec<Effect>) -> bool {
    if let Some(done) = console(state, &operation, effects) {
        return done;
    }
    let may = state.link.to.as_ref().is_none_or(|to| to.may_change);
    if operation.changes() && (state.read_only || !may) {
        state.notice(if may {
            "read-only (F2): nothing was sent"
        } else {
            "this door lets you look only: nothing was sent"
        });
        return false;
    }
    if !state.link.is_live() {
        state
            .notice("no mesh is there now: nothing was sent, and nothing is kept to be sent later");
        return false;
    }
    match operation.confirm_needed() {
        Confirm::None => send(state, operation, false, effects),
        Confirm::Yes => {
            propose(state, vec![operation], effects);
            true
        }
        Confirm::TypedPhrase(phrase) => {
            question(state, operation, phrase, None, effects);
            true
        }
    }
}

/// Sends it, with a turn of the conversation that its answer will follow.
fn send(
    state: &mut State,
    operation: Operation,
    confirmed: bool,
    effects: &mut Vec<Effect>,
) -> bool {
    let line = operation.line();
    let purpose = match (&operation, screen_of(&operation)) {
        (Operation::Plan { operation }, _) => {
            state.screen = Screen::Plan;
            state.pane = Pane::Map;
            Purpose::Say(operation.line())
        }
        (
            Operation::Proof {
                format: None,
                throw_id,
                compare,
            },
            _,
        ) => {
            state.screen = Screen::Throw;
            state.pane = Pane::Map;
            if let Some(compare) = compare.clone() {
                let other = Operation::Proof {
                    throw_id: compare,
                    compare: None,
                    format: Some(SheetFormat::Json),
                };
                ask(state, other, Purpose::Sheet, false, effects);
            }
            let written = Operation::Proof {
                throw_id: throw_id.clone(),
                compare: None,
                format: Some(SheetFormat::Json),
            };
            return ask(state, written, Purpose::Sheet, confirmed, effects);
        }
        (_, Some(screen)) => {
            state.screen = screen;
            state.pane = Pane::Map;
            state.pages.asked.insert(screen, state.now);
            Purpose::Page(screen)
        }
        (_, None) => Purpose::Say(line.clone()),
    };
    if operation.changes() {
        state
            .talk
            .say(Who::You, vec![(Role::Accent, format!(":{line}"))]);
    }
    if let Operation::Cascade { .. } = &operation {
        state.screen = Screen::Throw;
    }
    ask(state, operation, purpose, confirmed, effects)
}

/// The screen that shows an operation's answer better than the conversation.
fn screen_of(operation: &Operation) -> Option<Screen> {
    match operation {
        Operation::Kpis { .. } => Some(Screen::Kpis),
        Operation::Health {} => Some(Screen::Health),
        Operation::Runbook { name, .. } => Some(Screen::Runbook(*name)),
        Operation::Audit { .. } => Some(Screen::Audit),
        _ => None,
    }
}

/// What concerns the console alone.
fn console(state: &mut State, operation: &Operation, effects: &mut Vec<Effect>) -> Option<bool> {
    match operation {
        Operation::Quit {} => effects.push(Effect::Quit),
        Operation::Theme { name } => press::set_theme(state, name, effects),
        Operation::Help { topic } => {
            let input = Input::new(topic.clone().unwrap_or_default());
            state.overlay = Overlay::Help(crate::state::screen::Finder { input, selected: 0 });
        }
        Operation::Answer { yes, only } => {
            let steps = only
                .iter()
                .flatten()
                .map(|step| usize::from(*step))
                .collect();
            let reply = if *yes {
                Reply::Yes(None, steps)
            } else {
                Reply::No(None)
            };
            reply_to(state, &reply, effects);
        }
        Operation::Explain { topic } => explain(state, topic),
        Operation::Follow { .. } => {
            state.pane = Pane::Events;
            state.notice("events are followed here already; Tab and PgUp look at older ones");
        }
        _ => return None,
    }
    Some(true)
}

/// What a word means: an operation's row, or the console's command of that name.
fn explain(state: &mut State, topic: &str) {
    let name = topic.trim().replace(['-', ' '], "_").to_lowercase();
    let lines = match mesh_core::operation::table::row(&name) {
        Some(row) => {
            let mut lines = vec![
                (Role::Title, format!("{}: {}", row.name, row.help)),
                (Role::Text, row.usage()),
            ];
            lines.extend(
                row.examples
                    .iter()
                    .map(|example| (Role::Dim, format!("  :{example}"))),
            );
            lines
        }
        None => vec![(Role::Text, crate::words::meaning(topic))],
    };
    state.talk.say(Who::Mesh, lines);
}

/// A proposal, and the question whom it would touch.
fn propose(state: &mut State, steps: Vec<Operation>, effects: &mut Vec<Effect>) {
    let first = steps.first().cloned();
    state.dialogue.offer(&steps);
    let number = state.talk.propose(steps, false, state.now);
    if let Some(operation) = first {
        let preview = Operation::WhatIf {
            operation: Box::new(operation),
        };
        ask(state, preview, Purpose::Preview(number), false, effects);
    }
}

/// The question that only its own words answer.
fn question(
    state: &mut State,
    operation: Operation,
    phrase: String,
    proposal: Option<u64>,
    effects: &mut Vec<Effect>,
) {
    let preview = Operation::WhatIf {
        operation: Box::new(operation.clone()),
    };
    let asked = if ask(state, preview, Purpose::Preview(0), false, effects) {
        state.asked
    } else {
        0
    };
    state.overlay = Overlay::Confirm(Box::new(Question {
        operation,
        phrase,
        input: Input::default(),
        preview: Vec::new(),
        asked,
        until: state.now.plus_ms(QUESTION_MS),
        proposal,
    }));
}

/// Enter in that question.
pub(super) fn confirm_typed(state: &mut State, effects: &mut Vec<Effect>) {
    let Overlay::Confirm(question) = std::mem::replace(&mut state.overlay, Overlay::None) else {
        return;
    };
    if question.input.value().trim() != question.phrase {
        state.notice("those were not the words; nothing was done");
        return;
    }
    if let Some(number) = question.proposal {
        state.talk.drop_proposal(number);
    }
    if !state.link.is_live() {
        state.notice("no mesh is there now: nothing was sent");
        return;
    }
    send(state, question.operation, true, effects);
}

/// An answer to what waits.
fn reply_to(state: &mut State, reply: &Reply, effects: &mut Vec<Effect>) {
    match reply {
        Reply::No(number) => match state.talk.meant(*number).map(|proposal| proposal.number) {
            Ok(number) => {
                state.talk.drop_proposal(number);
                state.dialogue.drop_pending();
                state
                    .talk
                    .line(Who::Mesh, format!("#{number} is dropped; nothing was done"));
            }
            Err(error) => state.talk.line(Who::Mesh, error.to_string()),
        },
        Reply::Explain(number) => match state.talk.meant(*number).cloned() {
            Ok(proposal) => {
                let mut lines: Vec<_> = proposal
                    .steps
                    .iter()
                    .enumerate()
                    .map(|(at, step)| {
                        (
                            Role::Text,
                            format!("{} :{}   {}", at + 1, step.line(), step.row().help),
                        )
                    })
                    .collect();
                let undo: Vec<_> = proposal
                    .steps
                    .iter()
                    .filter_map(Operation::inverse)
                    .map(|inverse| format!(":{}", inverse.line()))
                    .collect();
                lines.push((
                    Role::Dim,
                    if undo.is_empty() {
                        "nothing takes it back".into()
                    } else {
                        format!("taken back by {}", undo.join(" and "))
                    },
                ));
                state.talk.say(Who::Mesh, lines);
            }
            Err(error) => state.talk.line(Who::Mesh, error.to_string()),
        },
        Reply::Yes(number, only) => {
            let grave = state
                .talk
                .meant(*number)
                .ok()
                .filter(|proposal| proposal.grade() == Grade::Grave)
                .cloned();
            if let Some(proposal) = grave
                && let Some((operation, phrase)) = proposal.steps.iter().find_map(|step| match step
                    .confirm_needed()
                {
                    Confirm::TypedPhrase(phrase) => Some((step.clone(), phrase)),
                    Confirm::None | Confirm::Yes => None,
                })
            {
                question(state, operation, phrase, Some(proposal.number), effects);
                return;
            }
            if !state.link.is_live() {
                state.talk.line(
                    Who::Mesh,
                    "no mesh is there now: nothing was sent; the proposal stays",
                );
                return;
            }
            match state.talk.accept(*number, only, state.now) {
                Ok(proposal) => {
                    state.dialogue.drop_pending();
                    for step in proposal.steps {
                        send(state, step, true, effects);
                    }
                }
                Err(error) => state.talk.line(Who::Mesh, error.to_string()),
            }
        }
    }
}

/// A question goes on.
pub(super) fn progress(state: &mut State, number: u64, progress: &Progress) {
    if !state.open.contains_key(&number) {
        return;
    }
    match progress {
        Progress::Accepted | Progress::Throw(_) => {}
        Progress::Steps { ended, of } => state.notice(format!("{ended} of {of} steps")),
        Progress::Step { line } => state.notice(line.to_string()),
    }
}

/// A question has its end.
pub(super) fn answered(
    state: &mut State,
    number: u64,
    answer: Result<Answer, Refusal>,
    effects: &mut Vec<Effect>,
) {
    let Some(open) = state.open.remove(&number) else {
        return;
    };
    match open.purpose {
        Purpose::Say(line) => say(state, &line, answer, effects),
        Purpose::Page(screen) => state.pages.put(screen, answer, state.now),
        Purpose::Preview(proposal) => preview(state, number, proposal, &answer),
        Purpose::Agent(id) => {
            if let Ok(answer) = answer {
                let lines = Report::of(&answer).text(120);
                let page = state.pages.agent.get_or_insert_with(|| AgentPage::new(id));
                if page.id == id {
                    page.take(&answer, lines);
                }
            }
        }
        Purpose::Sheet => match answer {
            Ok(Answer::Proof(sheet)) => state.throws.show(sheet),
            Ok(_) => {}
            Err(refusal) => state.notice(refusal.to_string()),
        },
        Purpose::Export(ending) => match answer {
            Ok(Answer::Proof(sheet)) => {
                let plain: String = sheet
                    .throw_id
                    .chars()
                    .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
                    .take(64)
                    .collect();
                let name = format!("proof-{plain}.{ending}");
                match sheet.written {
                    Some(text) => effects.push(Effect::Write { name, text }),
                    None => state.notice("the sheet was not written down"),
                }
            }
            Ok(_) => {}
            Err(refusal) => state.notice(refusal.to_string()),
        },
    }
}

fn say(state: &mut State, line: &str, answer: Result<Answer, Refusal>, effects: &mut Vec<Effect>) {
    match answer {
        Ok(Answer::Plan(plan)) => {
            state.throws.plan = Some((line.to_owned(), plan, state.now));
        }
        Ok(answer) => {
            let lines = Report::of(&answer).text(100);
            state.talk.say(Who::Mesh, lines);
            if let Answer::Thrown(thrown) = &answer {
                sheet_of(state, &thrown.throw_id, effects);
            }
        }
        Err(refusal) => {
            // A yes that only the mesh knew to be needed: proposed like any other.
            if let mesh_core::operation::refusal::Ground::NeedsYes(_) = refusal.ground
                && let Ok(operation) = Operation::from_line(line)
            {
                propose(state, vec![operation], effects);
                return;
            }
            state
                .talk
                .say(Who::Mesh, vec![(Role::Degraded, refusal.to_string())]);
        }
    }
}

fn sheet_of(state: &mut State, throw_id: &str, effects: &mut Vec<Effect>) {
    let operation = Operation::Proof {
        throw_id: throw_id.to_owned(),
        compare: None,
        format: Some(SheetFormat::Json),
    };
    if let Ok(operation) = operation.checked() {
        ask(state, operation, Purpose::Sheet, false, effects);
    }
}

fn preview(state: &mut State, number: u64, proposal: u64, answer: &Result<Answer, Refusal>) {
    let lines = match answer {
        Ok(Answer::WhatIf { preview, refusal }) => {
            let mut lines = preview_lines(preview);
            lines.extend(refusal.iter().map(ToString::to_string));
            lines
        }
        Ok(_) => Vec::new(),
        Err(refusal) => vec![refusal.to_string()],
    };
    if let Overlay::Confirm(question) = &mut state.overlay
        && question.asked == number
    {
        question.preview.clone_from(&lines);
        question.asked = 0;
    }
    if let Some(proposal) = state.talk.proposal_mut(proposal) {
        proposal.preview = Some(lines.first().map_or_else(
            || "it touches nobody".into(),
            |line| line.trim_start_matches("scope    ").to_owned(),
        ));
    }
}

/// A question has no end.
pub(super) fn failed(state: &mut State, number: u64, why: &str) {
    let Some(open) = state.open.remove(&number) else {
        return;
    };
    let why = Foreign::from(why);
    match open.purpose {
        Purpose::Say(line) => state.talk.say(
            Who::Mesh,
            vec![(Role::Degraded, format!(":{line} has no answer: {why}"))],
        ),
        Purpose::Page(screen) => {
            state.pages.asked.remove(&screen);
        }
        Purpose::Preview(proposal) => {
            if let Some(proposal) = state.talk.proposal_mut(proposal) {
                proposal.preview = Some("whom it touches is not known".into());
            }
        }
        Purpose::Agent(_) | Purpose::Sheet | Purpose::Export(_) => {}
    }
}

/// Asks for what the present screen shows, once at a time.
pub(super) fn open_screen(state: &mut State, effects: &mut Vec<Effect>) {
    let scope = state.at.spot.scope();
    let line = match state.screen {
        Screen::Mesh if state.at.spot.level == Level::Agent => {
            let id = state.at.spot.agent();
            if state.pages.agent.as_ref().is_none_or(|page| page.id != id) {
                state.pages.agent = Some(AgentPage::new(id));
                for line in [
                    format!("diagnose agent:{id}"),
                    format!("trend impedance agent:{id}"),
                ] {
                    if let Ok(operation) = Operation::from_line(&line) {
                        ask(state, operation, Purpose::Agent(id), false, effects);
                    }
                }
            }
            return;
        }
        Screen::Mesh | Screen::Plan => return,
        Screen::Throw => {
            if state.throws.sheet.is_none()
                && state.throws.running.is_none()
                && let Ok(operation) = Operation::from_line("proof latest as json")
            {
                ask(state, operation, Purpose::Sheet, false, effects);
            }
            return;
        }
        Screen::Conflicts => "list conflicts limit 500".to_owned(),
        Screen::Breakers => "list breakers limit 500".to_owned(),
        Screen::Tasks => "list tasks limit 500".to_owned(),
        Screen::Reviews => "list reviews limit 500".to_owned(),
        Screen::Kpis => "kpis".to_owned(),
        Screen::Health => "health".to_owned(),
        Screen::Runbook(name) => format!("runbook {} {scope}", name.word()),
        Screen::Audit => "audit limit 500".to_owned(),
    };
    let screen = state.screen;
    if state.pages.asked.contains_key(&screen) {
        return;
    }
    match Operation::from_line(&line) {
        Ok(operation) => {
            if ask(state, operation, Purpose::Page(screen), false, effects) {
                state.pages.asked.insert(screen, state.now);
            }
        }
        Err(error) => state.notice(error.to_string()),
    }
}

/// The report of the present screen.
pub(super) fn page_report(state: &State) -> Option<Report> {
    let page = state.pages.get(state.screen)?;
    page.answer.as_ref().ok().map(Report::of)
}

/// The selected row of the present screen.
pub(super) fn selected_row(state: &State) -> Option<Row> {
    let report = page_report(state)?;
    let at = state
        .pages
        .row(state.screen)
        .min(report.rows.len().saturating_sub(1));
    report.rows.into_iter().nth(at)
}

/// The sheet that is shown, into a file.
pub(super) fn export(state: &mut State, ending: &'static str, effects: &mut Vec<Effect>) {
    let Some(id) = state
        .throws
        .sheet
        .as_ref()
        .map(|sheet| sheet.0.throw_id.clone())
    else {
        state.notice("no proof sheet is shown; :proof latest shows the last one");
        return;
    };
    match Operation::from_line(&format!("proof {id} as {ending}")) {
        Ok(operation) => {
            ask(state, operation, Purpose::Export(ending), false, effects);
        }
        Err(error) => state.notice(error.to_string()),
    }
    debug_assert!(
        state.composer.mode != Mode::Filter
            || state.filter.is_none()
            || state.screen == Screen::Mesh
    );
}
