//! Figures as marks: sparklines and bars.

use crate::theme::Glyphs;

/// The last `room` points as eight heights between the smallest and the largest of them; a gap where nothing was measured.
pub(crate) fn sparkline(
    glyphs: &Glyphs,
    points: impl DoubleEndedIterator<Item = Option<f64>>,
    room: usize,
) -> String {
    let mut last: Vec<Option<f64>> = points.rev().take(room).collect();
    last.reverse();
    let known = || last.iter().flatten().copied();
    let (low, high) = known().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), point| {
        (low.min(point), high.max(point))
    });
    let span = (high - low).max(high.abs() * 0.05).max(f64::MIN_POSITIVE);
    last.iter()
        .map(|point| point.map_or(" ", |point| glyphs.bar((point - low) / span)))
        .collect()
}

/// A bar of `room` cells of which `part` (0.0 to 1.0) is filled.
pub(crate) fn bar(glyphs: &Glyphs, part: f64, room: u16) -> String {
    let filled = (part.clamp(0.0, 1.0) * f64::from(room)).round() as usize;
    let (full, empty) = if glyphs.ascii {
        ("#", ".")
    } else {
        ("█", "░")
    };
    full.repeat(filled) + &empty.repeat(usize::from(room) - filled)
}
