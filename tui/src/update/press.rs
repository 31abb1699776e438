//! A key pressed: its command by the context that it is pressed in, or the letter that it is.

use super::act;
use super::command::Command;
use super::keys::{self, Context};
use super::{Effect, walk};
use crate::state::State;
use crate::state::composer::Mode;
use crate::state::screen::{Finder, Overlay, Pane, Screen};
use crate::theme::{Background, choose, names};
use crate::view::{PaletteRow, found_commands, found_history, found_palette};
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use mesh_core::operation::word::Runbook;
use mesh_core::place::scope::Scope;
use tui_input::InputRequest;

/// How long a second Ctrl-C quits.
const LEAVING_MS: i64 = 2_000;

pub(super) fn key(state: &mut State, event: &KeyEvent, effects: &mut Vec<Effect>) {
    if event.kind == KeyEventKind::Release {
        return;
    }
    let contexts = contexts(state);
    let command = keys::command(event, contexts);
    let letter = match event.code {
        KeyCode::Char(letter)
            if !event
                .modifiers
                .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) =>
        {
            Some(letter)
        }
        _ => None,
    };
    if !matches!(command, Some(Command::Interrupt)) {
        state.leaving = None;
    }
    match (command, letter) {
        (Some(command), _) => run(state, command, effects),
        (None, Some(letter)) if contexts.contains(&Context::Typing) => {
            edit(state, InputRequest::InsertChar(letter));
        }
        (None, _) => {}
    }
}

/// Where the keyboard is, narrowest first.
fn contexts(state: &State) -> &'static [Context] {
    match (&state.overlay, state.composer.mode) {
        (Overlay::Help(_) | Overlay::Palette(_) | Overlay::History(_), _) => {
            &[Context::Finding, Context::Typing, Context::Anywhere]
        }
        (Overlay::Confirm(_), _) => &[Context::Typing, Context::Anywhere],
        (Overlay::Detail { .. }, _) => &[Context::Nav, Context::Anywhere],
        (Overlay::None, Mode::Nav) => match (state.pane, state.screen) {
            (Pane::Map, Screen::Reviews) => &[Context::Reviews, Context::Nav, Context::Anywhere],
            (Pane::Map, Screen::Throw) => &[Context::Throws, Context::Nav, Context::Anywhere],
            _ => &[Context::Nav, Context::Anywhere],
        },
        (Overlay::None, Mode::Ask) if state.composer.text().is_empty() => {
            &[Context::EmptyRow, Context::Typing, Context::Anywhere]
        }
        (Overlay::None, Mode::Ask | Mode::Command | Mode::Filter) => {
            &[Context::Typing, Context::Anywhere]
        }
    }
}

/// A pasted text goes where one types; it is never a command.
pub(super) fn paste(state: &mut State, text: &str) {
    match &mut state.overlay {
        Overlay::Help(finder) | Overlay::Palette(finder) | Overlay::History(finder) => {
            let clean: String = text.chars().filter(|c| !c.is_control()).take(100).collect();
            finder.input = format!("{}{clean}", finder.input.value()).into();
        }
        Overlay::Confirm(_) => state.notice("the words have to be typed, not pasted"),
        Overlay::Detail { .. } => {}
        Overlay::None => {
            if state.composer.mode == Mode::Nav {
                state.composer.mode = Mode::Ask;
            }
            if let Err(error) = state.composer.paste(text) {
                state.notice(format!(
                    "{} bytes are too many to paste here; the draft is as it was",
                    error.bytes
                ));
            } else {
                live_filter(state);
            }
        }
    }
}

fn edit(state: &mut State, request: InputRequest) {
    match &mut state.overlay {
        Overlay::Help(finder) | Overlay::Palette(finder) | Overlay::History(finder) => {
            finder.input.handle(request);
            finder.selected = 0;
        }
        Overlay::Confirm(confirm) => {
            if confirm.input.value().len() < 100 || !matches!(request, InputRequest::InsertChar(_))
            {
                confirm.input.handle(request);
            }
        }
        Overlay::None | Overlay::Detail { .. } => {
            state.composer.edit(request);
            live_filter(state);
        }
    }
}

/// The table follows a filter while it is typed, as far as it can be read.
fn live_filter(state: &mut State) {
    if state.composer.mode != Mode::Filter {
        return;
    }
    let text = state.composer.text().trim().to_owned();
    if text.is_empty() {
        state.filter = None;
    } else if let Some(filter) = read_filter(&text) {
        state.filter = Some((text, filter));
    }
}

/// A filter in the words of the one filter language. A region is one too.
fn read_filter(text: &str) -> Option<mesh_core::place::scope::Filter> {
    match Scope::parse(&format!("where:{text}")).ok()? {
        Scope::Filter(filter) => Some(filter),
        Scope::Region(_) | Scope::Auto => {
            let terms = text
                .split_whitespace()
                .map(mesh_core::place::scope::Term::parse);
            let terms: Result<Vec<_>, _> = terms.collect();
            mesh_core::place::scope::Filter::new(terms.ok()?).ok()
        }
    }
}

/// What a command does.
#[expect(
    clippy::too_many_lines,
    reason = "a line for each command; taken apart it would no longer read as a table"
)]
pub(super) fn run(state: &mut State, command: Command, effects: &mut Vec<Effect>) {
    use Command as C;
    match command {
        C::Ask => state.composer.mode = Mode::Ask,
        C::Line => state.composer.mode = Mode::Command,
        C::Filter => start_filter(state),
        C::Send => send(state, effects),
        C::Back => back(state, effects),
        C::Open => open(state, effects),
        C::Up | C::Down | C::Left | C::Right | C::PageUp | C::PageDown | C::First | C::Last => {
            walk::step(state, command);
            // Another agent is looked at: what is known of it has to be asked for.
            let agent = state.screen == Screen::Mesh
                && state.at.spot.level == crate::state::place::Level::Agent;
            if agent && matches!(state.overlay, Overlay::None) {
                act::open_screen(state, effects);
            }
        }
        C::Previous => walk::sibling(state, -1, effects),
        C::Next => walk::sibling(state, 1, effects),
        C::Return => {
            state.at.swap();
            act::open_screen(state, effects);
        }
        C::NextPane => state.pane = state.pane.next(),
        C::PreviousPane => state.pane = state.pane.before(),
        C::Zoom => state.zoomed = !state.zoomed,
        C::Metric => state.metric = state.metric.next(),
        C::Sort => state.sort = state.sort.next(),
        C::Hold => hold(state),
        C::Important => state.events.important = !state.events.important,
        C::Expand => state.talk.expanded = !state.talk.expanded,
        C::Copy => copy(state, effects),
        C::Undo => {
            act::line(state, "undo", effects);
        }
        C::FreezeHere => write(state, &format!("freeze {}", state.at.spot.scope())),
        C::FreezeAll => write(state, "freeze all"),
        C::ThawHere => write(state, &format!("thaw {}", state.at.spot.scope())),
        C::ThawAll => write(state, "thaw all"),
        C::Approve => review(state, "approve", ""),
        C::Reject => review(state, "reject", " saying "),
        C::Comment => review(state, "comment", " saying "),
        C::ScreenMesh => show(state, Screen::Mesh, effects),
        C::ScreenThrow => show(state, Screen::Throw, effects),
        C::ScreenConflicts => show(state, Screen::Conflicts, effects),
        C::ScreenBreakers => show(state, Screen::Breakers, effects),
        C::ScreenTasks => show(state, Screen::Tasks, effects),
        C::ScreenReviews => show(state, Screen::Reviews, effects),
        C::ScreenKpis => show(state, Screen::Kpis, effects),
        C::ScreenHealth => show(state, Screen::Health, effects),
        C::ScreenRunbook => show(state, Screen::Runbook(Runbook::SectorUnresponsive), effects),
        C::ScreenAudit => show(state, Screen::Audit, effects),
        C::ExportJson => act::export(state, "json", effects),
        C::ExportCsv => act::export(state, "csv", effects),
        C::ExportSvg => act::export(state, "svg", effects),
        C::PlanHere => {
            act::line(
                state,
                &format!("plan cascade sync {}", state.at.spot.scope()),
                effects,
            );
        }
        C::Theme => next_theme(state, effects),
        C::ReadOnly => {
            state.read_only = !state.read_only;
            let text = if state.read_only {
                "read-only: nothing can be changed from here (F2)"
            } else {
                "read-write"
            };
            state.notice(text);
        }
        C::Mouse => {
            state.mouse = !state.mouse;
            effects.push(Effect::Mouse(state.mouse));
            state.notice(if state.mouse {
                "the mouse selects; F3 gives it back for marking text"
            } else {
                "the mouse marks text"
            });
        }
        C::Reload => {
            let name = state.look.theme.name().to_owned();
            set_theme(state, &name, effects);
            act::open_screen(state, effects);
        }
        C::Dump => effects.push(Effect::Dump),
        C::Redraw => effects.push(Effect::Redraw),
        C::Suspend => effects.push(Effect::Suspend),
        C::Help => state.overlay = Overlay::Help(Finder::default()),
        C::Palette => state.overlay = Overlay::Palette(Finder::default()),
        C::History => state.overlay = Overlay::History(Finder::default()),
        C::Older => older(state, true),
        C::Newer => older(state, false),
        C::Complete => complete(state),
        C::Interrupt => interrupt(state, effects),
        C::DeleteBack => delete_back(state),
        C::Delete => edit(state, InputRequest::DeleteNextChar),
        C::DeleteWord => edit(state, InputRequest::DeletePrevWord),
        C::DeleteToStart => edit(state, InputRequest::DeleteFromStart),
        C::DeleteToEnd => edit(state, InputRequest::DeleteTillEnd),
        C::CursorLeft => edit(state, InputRequest::GoToPrevChar),
        C::CursorRight => edit(state, InputRequest::GoToNextChar),
        C::CursorStart => edit(state, InputRequest::GoToStart),
        C::CursorEnd => edit(state, InputRequest::GoToEnd),
    }
}

fn start_filter(state: &mut State) {
    state.composer.mode = Mode::Filter;
    state.screen = Screen::Mesh;
    state.pane = Pane::Map;
    if let Some((text, _)) = &state.filter {
        let text = text.clone();
        state.composer.set(&text);
    }
}

/// An older line, or with nothing typed and nothing remembered, up in the pane.
fn older(state: &mut State, older: bool) {
    if state.composer.mode == Mode::Ask
        && state.composer.text().is_empty()
        && state.composer.history().next().is_none()
    {
        walk::step(state, if older { Command::Up } else { Command::Down });
    } else {
        state.composer.recall(older);
    }
}

fn delete_back(state: &mut State) {
    let leaves = matches!(state.overlay, Overlay::None)
        && matches!(state.composer.mode, Mode::Command)
        && state.composer.text().is_empty();
    if leaves {
        state.composer.mode = Mode::Ask;
    } else {
        edit(state, InputRequest::DeletePrevChar);
    }
}

/// A command line is written and waits for Enter: no key changes the mesh by itself.
fn write(state: &mut State, line: &str) {
    state.composer.mode = Mode::Command;
    state.composer.set(line);
}

fn review(state: &mut State, act: &str, after: &str) {
    let line = act::selected_row(state).and_then(|row| row.cells.first().cloned());
    let item = line.unwrap_or_else(|| "next".into());
    write(state, &format!("review {act} {item}{after}"));
}

pub(super) fn show(state: &mut State, screen: Screen, effects: &mut Vec<Effect>) {
    state.screen = screen;
    state.pane = Pane::Map;
    act::open_screen(state, effects);
}

fn hold(state: &mut State) {
    state.held = match state.held.take() {
        Some(_) => None,
        None => Some(Box::new(state.mesh.clone())),
    };
    state.notice(if state.held.is_some() {
        "the view is held; the mesh goes on; Space lets it go"
    } else {
        "the view follows"
    });
}

/// Out of what lies over the screen, out of the composer, one level up: one of these at a time.
fn back(state: &mut State, effects: &mut Vec<Effect>) {
    if !matches!(state.overlay, Overlay::None) {
        if matches!(state.overlay, Overlay::Confirm(_)) {
            state.notice("cancelled; nothing was done");
        }
        state.overlay = Overlay::None;
        return;
    }
    match state.composer.mode {
        Mode::Ask => state.composer.mode = Mode::Nav,
        Mode::Command => {
            state.composer.mode = Mode::Nav;
        }
        Mode::Filter => {
            state.composer.take();
            state.filter = None;
            state.composer.mode = Mode::Nav;
        }
        Mode::Nav if state.zoomed => state.zoomed = false,
        Mode::Nav if state.filter.is_some() => state.filter = None,
        Mode::Nav if state.screen != Screen::Mesh => show(state, Screen::Mesh, effects),
        Mode::Nav if state.pane != Pane::Map => state.pane = Pane::Map,
        Mode::Nav => {
            state.at.up();
        }
    }
}

/// Enter where nothing is typed.
fn open(state: &mut State, effects: &mut Vec<Effect>) {
    match &state.overlay {
        Overlay::Help(finder) => {
            let row = found_commands(finder.input.value())
                .into_iter()
                .nth(finder.selected);
            take_palette(state, row, effects);
        }
        Overlay::Palette(finder) => {
            let row = found_palette(finder.input.value())
                .into_iter()
                .nth(finder.selected);
            take_palette(state, row, effects);
        }
        Overlay::History(finder) => {
            let line = found_history(state, finder.input.value())
                .into_iter()
                .nth(finder.selected);
            state.overlay = Overlay::None;
            if let Some(line) = line {
                state.composer.mode = if line.starts_with(':') {
                    Mode::Command
                } else {
                    Mode::Ask
                };
                state.composer.set(line.trim_start_matches(':'));
            }
        }
        Overlay::Detail { .. } => state.overlay = Overlay::None,
        Overlay::Confirm(_) => {}
        Overlay::None => match (state.pane, state.screen) {
            (Pane::Map, Screen::Mesh) => walk::into(state, effects),
            (Pane::Map, _) => open_row(state),
            (Pane::Talk, _) => state.talk.expanded = !state.talk.expanded,
            (Pane::Events, _) => {
                let line = state.events.newest().next().map(|line| line.text.clone());
                state.overlay = Overlay::Detail {
                    title: "EVENT".into(),
                    lines: line.into_iter().collect(),
                    offset: 0,
                };
            }
        },
    }
}

/// A row of a list: what it offers is written as a command line; else it is shown in full.
fn open_row(state: &mut State) {
    let Some(row) = act::selected_row(state) else {
        return;
    };
    if let Some(offer) = row.offers.first() {
        let line = offer.line();
        write(state, &line);
    } else {
        let lines = row
            .cells
            .iter()
            .chain(&row.detail)
            .filter(|line| !line.is_empty())
            .cloned()
            .collect();
        state.overlay = Overlay::Detail {
            title: state.screen.title().to_ascii_uppercase(),
            lines,
            offset: 0,
        };
    }
}

fn take_palette(state: &mut State, row: Option<PaletteRow>, effects: &mut Vec<Effect>) {
    state.overlay = Overlay::None;
    match row {
        None => {}
        Some(PaletteRow::Command(command)) => run(state, command, effects),
        Some(PaletteRow::Operation(row)) => {
            let space = if row.args.is_empty() { "" } else { " " };
            write(state, &format!("{}{space}", row.name));
        }
        Some(PaletteRow::Theme(name)) => set_theme(state, name, effects),
    }
}

/// Enter while something is typed.
fn send(state: &mut State, effects: &mut Vec<Effect>) {
    if let Overlay::Confirm(_) = state.overlay {
        act::confirm_typed(state, effects);
        return;
    }
    match state.composer.mode {
        Mode::Nav => {}
        Mode::Filter => {
            live_filter(state);
            let text = state.composer.text().trim().to_owned();
            if text.is_empty() || read_filter(&text).is_some() {
                state.composer.mode = Mode::Nav;
                walk::to_table(state);
            } else if let Err(error) = Scope::parse(&format!("where:{text}")) {
                state.notice(error.to_string());
            }
        }
        Mode::Command => {
            let text = state.composer.text().trim().to_owned();
            if text.is_empty() {
                state.composer.mode = Mode::Ask;
                return;
            }
            if act::line(state, &text, effects) {
                state.composer.take();
                state.composer.remember(&format!(":{text}"));
                state.composer.mode = Mode::Ask;
            }
        }
        Mode::Ask => {
            let text = state.composer.text().trim().to_owned();
            if act::sentence(state, &text, effects) {
                state.composer.take();
                state.composer.remember(&text);
            }
        }
    }
}

/// The rest of the word, as the operation table knows it.
fn complete(state: &mut State) {
    if state.composer.mode == Mode::Ask && !state.composer.text().starts_with(':') {
        state.pane = state.pane.next();
        return;
    }
    let text = state.composer.text().to_owned();
    if let Some(longer) = crate::complete::complete(&text, state.composer.mode == Mode::Filter) {
        state.composer.set(&longer);
        live_filter(state);
    }
}

fn interrupt(state: &mut State, effects: &mut Vec<Effect>) {
    if state.leaving.is_some_and(|until| until > state.now) {
        effects.push(Effect::Quit);
        return;
    }
    if !matches!(state.overlay, Overlay::None) {
        back(state, effects);
        return;
    }
    let had = !state.composer.text().is_empty() && state.composer.mode != Mode::Nav;
    if had {
        let text = state.composer.take();
        // What is cleared by mistake is one Up away.
        state
            .composer
            .remember(&if state.composer.mode == Mode::Command {
                format!(":{text}")
            } else {
                text
            });
        live_filter(state);
    }
    state.leaving = Some(state.now.plus_ms(LEAVING_MS));
    state.notice(if had {
        "cleared; Ctrl-C again quits"
    } else {
        "Ctrl-C again quits"
    });
    state.notice.as_mut().expect("just set").1 = state.now.plus_ms(LEAVING_MS);
}

fn copy(state: &mut State, effects: &mut Vec<Effect>) {
    let text = match (state.pane, state.screen) {
        (Pane::Talk, _) => state.talk.turns().next_back().map(|turn| {
            turn.lines
                .iter()
                .map(|(_, line)| line.as_str())
                .collect::<Vec<_>>()
                .join("\n")
        }),
        (Pane::Events, _) => state
            .events
            .newest()
            .next()
            .map(|line| format!("{} {}", state.clock(line.at), line.text)),
        (Pane::Map, Screen::Mesh) => Some(state.at.spot.scope().to_string()),
        (Pane::Map, _) => act::selected_row(state).map(|row| row.cells.join("\t")),
    };
    if let Some(text) = text {
        effects.push(Effect::Copy(text));
    }
}

fn next_theme(state: &mut State, effects: &mut Vec<Effect>) {
    let all: Vec<_> = names().collect();
    let at = all
        .iter()
        .position(|name| *name == state.look.theme.name())
        .unwrap_or(0);
    set_theme(state, all[(at + 1) % all.len()], effects);
}

/// Another look; what it was stays when the theme cannot be had.
pub(super) fn set_theme(state: &mut State, name: &str, effects: &mut Vec<Effect>) {
    let before = state.wish.theme.replace(name.to_owned());
    let background = if state.look.theme.is_dark() {
        Background::Dark
    } else {
        Background::Light
    };
    match choose(&state.wish, background) {
        Ok(look) => {
            state.look = look;
            for warning in std::mem::take(&mut state.look.theme.warnings) {
                state.events.note(&warning, state.wall.0);
            }
            state.notice(format!("theme {}", state.look.theme.name()));
            effects.push(Effect::Redraw);
        }
        Err(error) => {
            state.wish.theme = before;
            state.notice(error.to_string());
        }
    }
}
