//! The terminal's background, and a panic in a real one.

#[path = "../../tests/pty/mod.rs"]
mod pty;

use super::{Guard, from_colorfgbg};
use crate::theme::Background;

/// Run by the test below, in a terminal of its own.
#[test]
#[ignore = "the other half of a_panic_gives_the_terminal_back_before_it_is_told"]
fn child_panics() {
    let _guard = Guard::take().expect("a terminal");
    panic!("on purpose");
}

#[test]
fn a_panic_gives_the_terminal_back_before_it_is_told() {
    let program = std::env::current_exe().expect("this test");
    let args = [
        "--ignored",
        "--exact",
        "term::tests::child_panics",
        "--nocapture",
        "--test-threads=1",
    ];
    let mut pty = pty::Pty::start(&program.display().to_string(), &args, &[], 80, 24);
    assert_ne!(pty.end(), 0);
    pty.given_back();
    let raw = String::from_utf8_lossy(&pty.raw()).into_owned();
    let (entered, left, told) = (
        raw.find("\x1b[?1049h"),
        raw.find("\x1b[?1049l"),
        raw.find("on purpose"),
    );
    assert!(
        entered.is_some() && entered < left && left < told,
        "{raw:?}"
    );
}

#[test]
fn the_background_is_read_from_what_rxvt_says() {
    for (text, background) in [
        ("0;15", Background::Light),
        ("0;default;7", Background::Light),
        ("15;0", Background::Dark),
        ("", Background::Dark),
        ("x", Background::Dark),
    ] {
        assert_eq!(from_colorfgbg(text), background, "{text}");
    }
}
