//! Which key does what, where: one table. A context is looked through from the narrowest to the widest.

use super::command::Command;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Where a key is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Context {
    /// Anywhere.
    Anywhere,
    /// While text is typed.
    Typing,
    /// In the composer, with nothing typed.
    EmptyRow,
    /// In a list that is searched.
    Finding,
    /// In the panes.
    Nav,
    /// On the screen of reviews.
    Reviews,
    /// On the screen of throws.
    Throws,
}

/// A key with Ctrl or without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chord {
    code: KeyCode,
    control: bool,
}

const fn key(code: KeyCode) -> Chord {
    Chord {
        code,
        control: false,
    }
}

const fn ch(letter: char) -> Chord {
    key(KeyCode::Char(letter))
}

const fn ctrl(letter: char) -> Chord {
    Chord {
        code: KeyCode::Char(letter),
        control: true,
    }
}

/// Every key that does something besides typing itself.
pub(crate) const KEYS: &[(Context, Chord, Command)] = {
    use Command as C;
    use Context::{Anywhere, EmptyRow, Finding, Nav, Reviews, Throws, Typing};
    use KeyCode as K;
    &[
        (Anywhere, ctrl('c'), C::Interrupt),
        (Anywhere, ctrl('l'), C::Redraw),
        (Anywhere, ctrl('z'), C::Suspend),
        (Anywhere, ctrl('r'), C::History),
        (Anywhere, ctrl('p'), C::Palette),
        (Anywhere, key(K::F(1)), C::Help),
        (Anywhere, key(K::F(2)), C::ReadOnly),
        (Anywhere, key(K::F(3)), C::Mouse),
        (Anywhere, key(K::F(5)), C::Reload),
        (Anywhere, key(K::F(8)), C::Dump),
        (Anywhere, key(K::Esc), C::Back),
        (Anywhere, key(K::PageUp), C::PageUp),
        (Anywhere, key(K::PageDown), C::PageDown),
        (EmptyRow, ch('?'), C::Help),
        (EmptyRow, ch(':'), C::Line),
        (EmptyRow, ch('/'), C::Filter),
        (EmptyRow, key(K::Enter), C::Open),
        (EmptyRow, key(K::Left), C::Left),
        (EmptyRow, key(K::Right), C::Right),
        (EmptyRow, key(K::Tab), C::NextPane),
        (EmptyRow, key(K::BackTab), C::PreviousPane),
        (Typing, key(K::Enter), C::Send),
        (Typing, key(K::Tab), C::Complete),
        (Typing, key(K::Up), C::Older),
        (Typing, key(K::Down), C::Newer),
        (Typing, key(K::Backspace), C::DeleteBack),
        (Typing, ctrl('h'), C::DeleteBack),
        (Typing, key(K::Delete), C::Delete),
        (Typing, key(K::Left), C::CursorLeft),
        (Typing, key(K::Right), C::CursorRight),
        (Typing, key(K::Home), C::CursorStart),
        (Typing, key(K::End), C::CursorEnd),
        (Typing, ctrl('a'), C::CursorStart),
        (Typing, ctrl('e'), C::CursorEnd),
        (Typing, ctrl('w'), C::DeleteWord),
        (Typing, ctrl('u'), C::DeleteToStart),
        (Typing, ctrl('k'), C::DeleteToEnd),
        (Finding, key(K::Up), C::Up),
        (Finding, key(K::Down), C::Down),
        (Finding, key(K::Enter), C::Open),
        (Reviews, ch('a'), C::Approve),
        (Reviews, ch('r'), C::Reject),
        (Reviews, ch('c'), C::Comment),
        (Throws, ch('J'), C::ExportJson),
        (Throws, ch('C'), C::ExportCsv),
        (Throws, ch('S'), C::ExportSvg),
        (Nav, ch('i'), C::Ask),
        (Nav, ch('a'), C::Ask),
        (Nav, ch(':'), C::Line),
        (Nav, ch('/'), C::Filter),
        (Nav, ch('?'), C::Help),
        (Nav, key(K::Enter), C::Open),
        (Nav, key(K::Up), C::Up),
        (Nav, key(K::Down), C::Down),
        (Nav, key(K::Left), C::Left),
        (Nav, key(K::Right), C::Right),
        (Nav, ch('k'), C::Up),
        (Nav, ch('j'), C::Down),
        (Nav, ch('h'), C::Left),
        (Nav, ch('l'), C::Right),
        (Nav, key(K::Home), C::First),
        (Nav, key(K::End), C::Last),
        (Nav, ch('g'), C::First),
        (Nav, ch('G'), C::Last),
        (Nav, ch('['), C::Previous),
        (Nav, ch(']'), C::Next),
        (Nav, ch('-'), C::Return),
        (Nav, key(K::Tab), C::NextPane),
        (Nav, key(K::BackTab), C::PreviousPane),
        (Nav, ch('z'), C::Zoom),
        (Nav, ch('m'), C::Metric),
        (Nav, ch('s'), C::Sort),
        (Nav, ch(' '), C::Hold),
        (Nav, ch('!'), C::Important),
        (Nav, ch('e'), C::Expand),
        (Nav, ch('y'), C::Copy),
        (Nav, ch('u'), C::Undo),
        (Nav, ch('f'), C::FreezeHere),
        (Nav, ch('F'), C::FreezeAll),
        (Nav, ch('w'), C::ThawHere),
        (Nav, ch('W'), C::ThawAll),
        (Nav, ch('P'), C::PlanHere),
        (Nav, ch('t'), C::Theme),
        (Nav, ch('1'), C::ScreenMesh),
        (Nav, ch('2'), C::ScreenThrow),
        (Nav, ch('3'), C::ScreenConflicts),
        (Nav, ch('4'), C::ScreenBreakers),
        (Nav, ch('5'), C::ScreenTasks),
        (Nav, ch('6'), C::ScreenReviews),
        (Nav, ch('7'), C::ScreenKpis),
        (Nav, ch('8'), C::ScreenHealth),
        (Nav, ch('9'), C::ScreenRunbook),
        (Nav, ch('0'), C::ScreenAudit),
    ]
};

/// The command of a key in the first of these contexts that knows it.
pub(crate) fn command(event: &KeyEvent, contexts: &[Context]) -> Option<Command> {
    let control = event.modifiers.contains(KeyModifiers::CONTROL);
    let code = match event.code {
        KeyCode::Char(letter) if control => KeyCode::Char(letter.to_ascii_lowercase()),
        code => code,
    };
    let pressed = Chord { code, control };
    let in_context = |context: &Context| {
        KEYS.iter()
            .find(|(at, chord, _)| at == context && *chord == pressed)
    };
    contexts
        .iter()
        .find_map(in_context)
        .map(|(.., command)| *command)
}

/// The keys of a command, as help shows them.
pub(crate) fn keys_of(command: Command) -> String {
    let mut shown: Vec<String> = Vec::new();
    for (_, chord, of) in KEYS {
        let name = chord.to_string();
        if *of == command && !shown.contains(&name) {
            shown.push(name);
        }
    }
    shown.join(" ")
}

impl core::fmt::Display for Chord {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if self.control {
            f.write_str("Ctrl-")?;
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("Space"),
            KeyCode::Char(letter) if self.control => write!(f, "{}", letter.to_ascii_uppercase()),
            KeyCode::Char(letter) => write!(f, "{letter}"),
            KeyCode::F(number) => write!(f, "F{number}"),
            KeyCode::PageUp => f.write_str("PgUp"),
            KeyCode::PageDown => f.write_str("PgDn"),
            KeyCode::BackTab => f.write_str("Shift-Tab"),
            other => write!(f, "{other:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for (at, (context, chord, _)) in KEYS.iter().enumerate() {
            let twice = KEYS[at + 1..]
                .iter()
                .any(|(other, same, _)| other == context && same == chord);
            assert!(!twice, "{chord} in {context:?}");
        }
    }

    #[test]
    fn every_command_has_a_key() {
        for command in Command::ALL {
            assert_ne!(keys_of(*command), "", "{}", command.name());
        }
    }
}
