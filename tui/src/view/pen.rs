//! Puts text and boxes into cells. Whatever text reaches it, no control character reaches the terminal: those that get
//! this far are drawn as pictures of themselves.

use crate::theme::{Glyphs, Look, Role};
use mesh_core::text::Foreign;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr as _;

/// A buffer and how it looks.
pub(crate) struct Pen<'b> {
    buf: &'b mut Buffer,
    look: &'b Look,
}

impl<'b> Pen<'b> {
    /// For this buffer.
    pub(crate) fn new(buf: &'b mut Buffer, look: &'b Look) -> Self {
        Self { buf, look }
    }

    /// The glyphs.
    pub(crate) fn glyphs(&self) -> &'b Glyphs {
        &self.look.glyphs
    }

    /// The style of a role.
    pub(crate) fn style(&self, role: Role) -> Style {
        self.look.style(role)
    }

    /// Empties an area.
    pub(crate) fn fill(&mut self, area: Rect) {
        let style = self.style(Role::Text);
        let area = area.intersection(self.buf.area);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                let cell = &mut self.buf[(x, y)];
                cell.reset();
                cell.set_style(style);
            }
        }
    }

    /// Text at a place, cut at `max` cells; where it ends.
    pub(crate) fn put(&mut self, x: u16, y: u16, max: u16, text: &str, role: Role) -> u16 {
        let style = self.style(role);
        self.put_styled(x, y, max, text, style)
    }

    /// The same in a style of its own.
    pub(crate) fn put_styled(&mut self, x: u16, y: u16, max: u16, text: &str, style: Style) -> u16 {
        let area = self.buf.area;
        if y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() || max == 0
        {
            return x;
        }
        let max = max.min(area.right() - x);
        let plain;
        let text = if self.look.glyphs.ascii && !text.is_ascii() {
            plain = spelt(text);
            plain.as_str()
        } else {
            text
        };
        let (end, _) = if text.chars().any(char::is_control) {
            let shown = Foreign::from(text).to_string();
            self.buf.set_stringn(x, y, shown, usize::from(max), style)
        } else {
            self.buf.set_stringn(x, y, text, usize::from(max), style)
        };
        end
    }

    /// Text that ends before `right`; what does not fit into `max` cells loses its end.
    pub(crate) fn put_right(
        &mut self,
        right: u16,
        y: u16,
        max: u16,
        text: &str,
        role: Role,
    ) -> u16 {
        let width = (text.width() as u16).min(max);
        let x = right.saturating_sub(width);
        self.put(x, y, width, text, role);
        x
    }

    /// Parts one after the other, until `right`.
    pub(crate) fn parts(&mut self, x: u16, y: u16, right: u16, parts: &[(Role, &str)]) -> u16 {
        parts.iter().fold(x, |x, (role, text)| {
            self.put(x, y, right.saturating_sub(x), text, *role)
        })
    }

    /// Changes the style of what is there.
    pub(crate) fn restyle(&mut self, area: Rect, style: Style) {
        let area = area.intersection(self.buf.area);
        self.buf.set_style(area, style);
    }

    /// A row as it is when it is selected: reversed, besides whatever sign says so.
    pub(crate) fn select(&mut self, x: u16, y: u16, width: u16) {
        let style = self.style(Role::Selection);
        self.restyle(Rect::new(x, y, width, 1), style);
    }

    /// A box with a title at the left and a note at the right of its upper edge; what is inside. The box that has the
    /// keyboard is drawn heavier.
    pub(crate) fn frame(&mut self, area: Rect, title: &str, note: &str, focus: bool) -> Rect {
        let area = area.intersection(self.buf.area);
        if area.width < 2 || area.height < 2 {
            return Rect::new(area.x, area.y, 0, 0);
        }
        let lines = if focus {
            self.glyphs().thick
        } else {
            self.glyphs().thin
        };
        let role = if focus {
            Role::BorderFocus
        } else {
            Role::Border
        };
        let (left, right) = (area.left(), area.right() - 1);
        let (top, bottom) = (area.top(), area.bottom() - 1);
        for x in left + 1..right {
            self.put(x, top, 1, lines.across, role);
            self.put(x, bottom, 1, lines.across, role);
        }
        for y in top + 1..bottom {
            self.put(left, y, 1, lines.down, role);
            self.put(right, y, 1, lines.down, role);
        }
        for (corner, (x, y)) in
            lines
                .corners
                .iter()
                .zip([(left, top), (right, top), (left, bottom), (right, bottom)])
        {
            self.put(x, y, 1, corner, role);
        }
        // Corner, line, space, title, space … space, note, space, line, corner; a note that leaves the title no room goes.
        let room = area.width.saturating_sub(6);
        let (title_width, note_width) = (width(title), width(note));
        let noted = note_width > 0 && title_width + note_width + 3 <= room;
        if title_width > 0 && room > 0 {
            let title_role = if focus { Role::Accent } else { Role::Title };
            let end = self.put(left + 3, top, room, title, title_role);
            self.put(left + 2, top, 1, " ", role);
            self.put(end, top, 1, " ", role);
        }
        if noted {
            let x = right - 3 - note_width;
            self.put(x, top, 1, " ", Role::Dim);
            self.put(x + 1, top, note_width, note, Role::Dim);
            self.put(right - 2, top, 1, " ", Role::Dim);
        }
        Rect::new(area.x + 1, area.y + 1, area.width - 2, area.height - 2)
    }
}

/// The signs of our own texts in ASCII. What others wrote in their letters stays as it is.
fn spelt(text: &str) -> String {
    text.replace('…', "...")
        .replace('·', "-")
        .replace('±', "+-")
}

/// The cells that a text takes.
pub(crate) fn width(text: &str) -> u16 {
    u16::try_from(text.width()).unwrap_or(u16::MAX)
}

/// The beginning of a text that fits into `max` cells, with `…` in place of what does not.
pub(crate) fn fit(text: &str, max: u16, ascii: bool) -> String {
    if width(text) <= max {
        return text.to_owned();
    }
    let (mut out, mut used) = (String::new(), 0);
    for c in text.chars() {
        let mut bytes = [0; 4];
        let wide = width(c.encode_utf8(&mut bytes));
        if used + wide + 1 > max {
            break;
        }
        out.push(c);
        used += wide;
    }
    if max > 0 {
        out.push(if ascii { '>' } else { '…' });
    }
    out
}

/// Text in lines of at most `max` cells, broken between words where it can be; further lines are indented like the first.
pub(crate) fn wrap(text: &str, max: u16) -> Vec<String> {
    let max = max.max(4);
    if width(text) <= max {
        return vec![text.to_owned()];
    }
    let indent: String = text
        .chars()
        .take_while(|c| *c == ' ')
        .take(usize::from(max / 2))
        .collect();
    let mut lines = Vec::new();
    let mut line = indent.clone();
    let mut empty = true;
    for word in text.split_whitespace() {
        let gap = u16::from(!empty);
        if !empty && width(&line) + gap + width(word) > max {
            lines.push(std::mem::replace(&mut line, indent.clone()));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        for c in word.chars() {
            let mut bytes = [0; 4];
            if width(&line) + width(c.encode_utf8(&mut bytes)) > max {
                lines.push(std::mem::replace(&mut line, indent.clone()));
            }
            line.push(c);
        }
        empty = false;
    }
    lines.push(line);
    lines
}

/// Thousands apart: `29,847`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Milliseconds of a Z, without a unit; `-` where there is none.
pub(crate) fn millis(z: Option<u32>) -> String {
    z.map_or_else(|| "-".into(), |z| ((z + 500) / 1_000).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_fit() {
        assert_eq!(grouped(29_847), "29,847");
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_000_000), "1,000,000");
        assert_eq!(fit("llm_inference", 6, false), "llm_i…");
        assert_eq!(fit("模型推理任务", 7, false), "模型推…");
        assert_eq!(
            wrap("  one two three four", 10),
            ["  one two", "  three", "  four"]
        );
        assert_eq!(wrap("aaaaaaaaaaaa", 5), ["aaaaa", "aaaaa", "aa"]);
    }
}
