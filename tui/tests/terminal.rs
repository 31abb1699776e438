//! The console in a real terminal: it is taken and always given back.

mod pty;

use pty::Pty;
use std::process::{Command, Stdio};

const MESH: &str = env!("CARGO_BIN_EXE_mesh");

/// A folder for sockets with no mesh in it.
fn nowhere() -> String {
    let path = std::env::temp_dir().join(format!("mesh-none-{}", std::process::id()));
    std::fs::create_dir_all(&path).expect("a folder");
    path.display().to_string()
}

fn start(args: &[&str], env: &[(&str, &str)], columns: u16, rows: u16) -> Pty {
    let folder = nowhere();
    let mut env = env.to_vec();
    env.push(("XDG_RUNTIME_DIR", &folder));
    let mut all = vec!["--connect", "none"];
    all.extend(args);
    Pty::start(MESH, &all, &env, columns, rows)
}

/// A shell line that needs no terminal: exit code, standard output, standard error.
fn run(args: &[&str], env: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let out = Command::new(MESH)
        .args(args)
        .env("XDG_RUNTIME_DIR", nowhere())
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (out.status.code(), text(out.stdout), text(out.stderr))
}

#[test]
fn it_starts_and_quits_and_gives_the_terminal_back() {
    let mut pty = start(&[], &[], 80, 24);
    pty.wait_text("MESH-30K");
    pty.wait("the alternate screen", vt100::Screen::alternate_screen);
    pty.send(":quit\r");
    assert_eq!(pty.end(), 0);
    pty.given_back();
}

#[test]
fn ctrl_c_twice_quits() {
    let mut pty = start(&[], &[], 80, 24);
    pty.wait_text("MESH-30K");
    pty.send("\x03");
    pty.wait_text("Ctrl-C again quits");
    pty.send("\x03");
    assert_eq!(pty.end(), 0);
    pty.given_back();
}

#[test]
fn signals_end_it_and_the_terminal_is_given_back() {
    for name in ["TERM", "HUP", "INT"] {
        let mut pty = start(&[], &[], 80, 24);
        pty.wait_text("MESH-30K");
        pty.signal(name);
        assert_eq!(pty.end(), 0, "{name}");
        pty.given_back();
    }
}

#[test]
fn it_stops_as_the_shell_wants_and_comes_back() {
    let mut pty = start(&[], &[], 80, 24);
    pty.wait_text("MESH-30K");
    pty.send("draft");
    pty.wait_text("draft");
    pty.send("\x1a");
    pty.wait_state('T');
    pty.wait("the shell's screen", |screen| {
        !screen.alternate_screen() && !screen.hide_cursor()
    });
    pty.signal("CONT");
    pty.wait("the console again", |screen| {
        screen.alternate_screen() && screen.contents().contains("draft")
    });
    pty.send("\x03\x03");
    assert_eq!(pty.end(), 0);
    pty.given_back();
}

#[test]
fn no_color_writes_no_colour_and_still_shows_what_is_selected() {
    let mut pty = start(&[], &[("NO_COLOR", "1")], 80, 24);
    pty.wait_text("MESH-30K");
    pty.send(":quit\r");
    pty.end();
    let raw = pty.raw();
    let text = String::from_utf8_lossy(&raw);
    let coloured = text.split("\x1b[").skip(1).any(|part| {
        let Some(end) = part.find(|c: char| !(c.is_ascii_digit() || c == ';')) else {
            return false;
        };
        let colour = |code: &str| {
            matches!(
                code.parse::<u16>(),
                Ok(30..=38 | 40..=48 | 90..=97 | 100..=107)
            )
        };
        part[end..].starts_with('m') && part[..end].split(';').any(colour)
    });
    assert!(!coloured, "{text:?}");
    assert!(text.contains("\x1b[7m"), "something is reversed");
}

#[test]
fn a_storm_of_sizes_ends_in_a_whole_screen() {
    let mut pty = start(&[], &[], 80, 24);
    pty.wait_text("MESH-30K");
    for step in 0..60_u16 {
        pty.resize(30 + step * 7 % 190, 5 + step * 11 % 60);
    }
    pty.resize(20, 4);
    pty.wait_text("too small");
    pty.resize(120, 40);
    pty.wait("the screen of the last size", |screen| {
        let contents = screen.contents();
        contents.contains("STATUS")
            && contents.contains("CONVERSATION")
            && contents.contains("ASK or :COMMAND")
    });
    pty.send("\x03\x03");
    assert_eq!(pty.end(), 0);
    pty.given_back();
}

#[test]
fn a_mesh_that_is_not_there_is_said_and_nothing_is_sent() {
    let mut pty = start(&[], &[], 120, 40);
    pty.wait_text("lost");
    pty.send(":avoid 7-4\r");
    pty.wait_text("nothing was sent");
    pty.wait_text("avoid 7-4");
    pty.wait_text("DISCONNECTED");
    pty.send("\x03\x03");
    assert_eq!(pty.end(), 0);
    pty.given_back();
}

#[test]
fn a_pasted_megabyte_and_bytes_that_are_no_text_do_no_harm() {
    let mut pty = start(&[], &[], 120, 40);
    pty.wait_text("MESH-30K");
    pty.send("draft");
    pty.wait_text("draft");
    pty.send(&format!("\x1b[200~{}\x1b[201~", "x".repeat(1 << 20)));
    pty.wait_text("are too many to paste");
    pty.wait_text("draft");
    pty.send("\x03\x03");
    assert_eq!(pty.end(), 0);
    pty.given_back();
}

#[test]
fn what_cannot_hold_a_screen_is_told_in_one_line() {
    let lines = |text: &str| text.trim_end().lines().count();
    let (code, out, error) = run(&["--connect", "none"], &[("TERM", "xterm")]);
    assert_ne!(code, Some(0));
    assert!(
        out.is_empty() && lines(&error) == 1 && error.contains("not a terminal"),
        "{error}"
    );
    let mut pty = start(&[], &[("TERM", "dumb")], 80, 24);
    pty.wait_text("cannot draw a full screen");
    assert_ne!(pty.end(), 0);
    let mut pty = start(&["--theme", "drak"], &[], 200, 24);
    pty.wait_text("there is no theme \"drak\"; did you mean");
    assert_ne!(pty.end(), 0);
    pty.given_back();
}

#[test]
fn operations_as_commands_have_exit_codes_that_scripts_can_use() {
    let lines = |text: &str| text.trim_end().lines().count();
    for (args, code, part) in [
        (&["status", "--connect", "none"][..], 5, "no mesh answers"),
        (&["freeze", "sector:7", "--connect", "none"], 4, "--yes"),
        (&["frezze", "all"], 2, "frezze"),
        (&["avoid", "sectr:7"], 2, "sectr:7"),
        (&["status", "--connect", "nats://host"], 2, "nats://host"),
        (&["quit"], 2, "console"),
    ] {
        let (ended, out, error) = run(args, &[]);
        assert_eq!(ended, Some(code), "{args:?}: {error}");
        assert!(out.is_empty() && error.contains(part), "{args:?}: {error}");
        assert!(
            args[0] == "frezze" || lines(&error) == 1,
            "{args:?}: {error}"
        );
    }
    let (code, out, _) = run(&["explain", "freeze"], &[]);
    assert!(
        code == Some(0) && out.starts_with("freeze: stops everything"),
        "{out}"
    );
}
