//! Colours as theme files write them, and as a terminal of less depth shows them.

use ratatui::style::Color;

/// How many colours a terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Depth {
    /// None: `NO_COLOR`, or the theme for that.
    Mono,
    /// The sixteen.
    Ansi16,
    /// The 256.
    Ansi256,
    /// Red, green and blue.
    True,
}

/// The sixteen, as xterm shows them by default, with the names of theme files.
const SIXTEEN: [(&str, Color, [u8; 3]); 16] = [
    ("black", Color::Black, [0, 0, 0]),
    ("red", Color::Red, [205, 0, 0]),
    ("green", Color::Green, [0, 205, 0]),
    ("yellow", Color::Yellow, [205, 205, 0]),
    ("blue", Color::Blue, [0, 0, 238]),
    ("magenta", Color::Magenta, [205, 0, 205]),
    ("cyan", Color::Cyan, [0, 205, 205]),
    ("white", Color::Gray, [229, 229, 229]),
    ("bright-black", Color::DarkGray, [127, 127, 127]),
    ("bright-red", Color::LightRed, [255, 0, 0]),
    ("bright-green", Color::LightGreen, [0, 255, 0]),
    ("bright-yellow", Color::LightYellow, [255, 255, 0]),
    ("bright-blue", Color::LightBlue, [92, 92, 255]),
    ("bright-magenta", Color::LightMagenta, [255, 0, 255]),
    ("bright-cyan", Color::LightCyan, [0, 255, 255]),
    ("bright-white", Color::White, [255, 255, 255]),
];

/// A colour as it is written: `#rrggbb`, a name, 0 to 255, `reset`.
pub(super) fn parse(text: &str) -> Option<Color> {
    if text == "reset" {
        return Some(Color::Reset);
    }
    if let Some(hex) = text.strip_prefix('#') {
        let number = (hex.len() == 6).then(|| u32::from_str_radix(hex, 16).ok())??;
        let [_, red, green, blue] = number.to_be_bytes();
        return Some(Color::Rgb(red, green, blue));
    }
    if let Ok(index) = text.parse::<u8>() {
        return Some(Color::Indexed(index));
    }
    SIXTEEN
        .iter()
        .find(|(name, ..)| *name == text)
        .map(|(_, colour, _)| *colour)
}

/// The nearest that a terminal of `depth` shows.
pub(super) fn reduce(colour: Color, depth: Depth) -> Color {
    match (depth, colour) {
        (Depth::Mono, _) | (_, Color::Reset) => Color::Reset,
        (Depth::Ansi256, Color::Rgb(..)) => Color::Indexed(nearest_256(rgb(colour))),
        (Depth::Ansi16, Color::Rgb(..) | Color::Indexed(_)) => nearest_16(rgb(colour)),
        (Depth::True | Depth::Ansi256 | Depth::Ansi16, colour) => colour,
    }
}

/// Red, green and blue of a colour; black for the terminal's own, which nobody knows.
pub(super) fn rgb(colour: Color) -> [u8; 3] {
    match colour {
        Color::Rgb(red, green, blue) => [red, green, blue],
        Color::Indexed(index) => indexed(index),
        named => SIXTEEN
            .iter()
            .find(|(_, colour, _)| *colour == named)
            .map_or([0; 3], |(.., rgb)| *rgb),
    }
}

/// The 256 of xterm: sixteen, a cube of six steps, 24 greys.
fn indexed(index: u8) -> [u8; 3] {
    match index {
        0..=15 => SIXTEEN[usize::from(index)].2,
        16..=231 => {
            let cube = index - 16;
            [cube / 36, cube / 6 % 6, cube % 6]
                .map(|step| if step == 0 { 0 } else { 55 + step * 40 })
        }
        232..=255 => [8 + (index - 232) * 10; 3],
    }
}

fn nearest_256(wanted: [u8; 3]) -> u8 {
    (16..=255)
        .min_by_key(|&index| distance(indexed(index), wanted))
        .unwrap_or(15)
}

fn nearest_16(wanted: [u8; 3]) -> Color {
    SIXTEEN
        .iter()
        .min_by_key(|(.., rgb)| distance(*rgb, wanted))
        .map_or(Color::Reset, |(_, colour, _)| *colour)
}

fn distance(a: [u8; 3], b: [u8; 3]) -> u32 {
    a.iter()
        .zip(b)
        .map(|(a, b)| u32::from(a.abs_diff(b)).pow(2))
        .sum()
}

/// The contrast of two colours, 1 to 21 (WCAG 2.1 §1.4.3).
#[cfg(test)]
pub(super) fn contrast(a: Color, b: Color) -> f64 {
    let light = |colour: Color| {
        let [red, green, blue] = rgb(colour).map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    };
    let (a, b) = (light(a), light(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_colour_is_read() {
        for (text, colour) in [
            ("#ff8000", Some(Color::Rgb(255, 128, 0))),
            ("reset", Some(Color::Reset)),
            ("208", Some(Color::Indexed(208))),
            ("bright-red", Some(Color::LightRed)),
            ("#ff80", None),
            ("256", None),
            ("mauve", None),
        ] {
            assert_eq!(parse(text), colour, "{text}");
        }
    }

    #[test]
    fn less_depth_gives_the_nearest_colour() {
        let orange = Color::Rgb(255, 135, 0);
        assert_eq!(reduce(orange, Depth::True), orange);
        assert_eq!(reduce(orange, Depth::Ansi256), Color::Indexed(208));
        assert_eq!(
            reduce(Color::Rgb(250, 5, 5), Depth::Ansi16),
            Color::LightRed
        );
        assert_eq!(reduce(orange, Depth::Mono), Color::Reset);
    }
}
