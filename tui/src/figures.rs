//! The console's figures, printed: `cargo test --release -p tui figures -- --ignored --nocapture --test-threads=1`.
//!
//! Times are of this process's own work on an otherwise idle core; a busy machine makes them larger, never smaller.

use crate::fixture::{NOW, WALL, agent, changed, console, pick, press};
use crate::state::State;
use crate::state::select::{Query, SortKey, Within};
use crate::term::{Counted, Written};
use crate::update::{Event, update};
use mesh_core::place::Shape;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use std::time::{Duration, Instant};

/// How often each is measured.
const ROUNDS: usize = 300;

fn report(what: &str, wanted: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{what:<52} wanted {wanted:<10} median {:.3} ms  p99 {:.3} ms",
        at(0.5),
        at(0.99)
    );
}

/// A turn of the lab at rest: rows of one in so many agents have changed.
fn beat(seed: u64, rows: u64) -> Event {
    let shape = Shape::DEFAULT;
    let all = shape.agent_count() as u64;
    let place = |index: u64| {
        let (sector, rest) = (index / 300, index % 300);
        format!("{}-{}-{}", sector + 1, rest / 30 + 1, rest % 30 + 1)
            .parse()
            .expect("a place")
    };
    changed(|view| {
        view.agents = (0..rows)
            .map(|row| agent(place(pick(seed * 7_919 + row, all)), seed))
            .collect()
    })
}

/// A terminal that only counts what is written to it.
struct Counting {
    terminal: Terminal<CrosstermBackend<Counted<std::io::Sink>>>,
    written: Written,
}

fn terminal(size: (u16, u16)) -> Counting {
    let viewport = ratatui::Viewport::Fixed(ratatui::layout::Rect::new(0, 0, size.0, size.1));
    let written = Written::default();
    let backend = CrosstermBackend::new(Counted::new(std::io::sink(), written.clone()));
    let terminal = Terminal::with_options(backend, ratatui::TerminalOptions { viewport });
    Counting {
        terminal: terminal.expect("in memory"),
        written,
    }
}

/// Draws a frame; the bytes that it took.
fn frame(screen: &mut Counting, state: &State) -> usize {
    let before = screen.written.bytes();
    screen
        .terminal
        .draw(|frame| crate::view::draw(state, frame.buffer_mut()))
        .expect("draws");
    (screen.written.bytes() - before) as usize
}

#[test]
#[ignore = "prints figures"]
fn figures() {
    let size = (200, 60);
    let mut state = console(size, "default-dark", false);
    let mut screen = terminal(size);
    frame(&mut screen, &state);
    let times = (0..ROUNDS as u64).map(|round| {
        update(
            &mut state,
            beat(round, 300),
            NOW.plus_ms(round as i64 * 200),
            WALL,
        );
        let began = Instant::now();
        frame(&mut screen, &state);
        began.elapsed()
    });
    report(
        "build and diff of a frame, 200x60, 30,000 agents",
        "3 ms",
        times.collect(),
    );
    let keys = [
        "<esc>", "l", "<enter>", "j", "<enter>", "j", "<esc>", "<esc>", "m", "<tab>",
    ];
    let times = (0..ROUNDS).map(|round| {
        let began = Instant::now();
        press(&mut state, keys[round % keys.len()]);
        frame(&mut screen, &state);
        began.elapsed()
    });
    report(
        "key to frame, 200x60, 30,000 agents",
        "16 ms",
        times.collect(),
    );
    let filter = match mesh_core::place::scope::Scope::parse("where:queue>1 impedance>100") {
        Ok(mesh_core::place::scope::Scope::Filter(filter)) => filter,
        other => panic!("{other:?}"),
    };
    let query = Query {
        within: Within::Mesh,
        filter: Some(filter),
        sort: SortKey::Impedance,
    };
    let times = (0..ROUNDS).map(|round| {
        let began = Instant::now();
        let window = state.mesh.window(&query, round, 60);
        assert_eq!(window.rows.len(), 60);
        began.elapsed()
    });
    report(
        "filter and sort 30,000, window of 60",
        "5 ms",
        times.collect(),
    );
    let times = (0..50_u64).map(|round| {
        let news = beat(round, 30_000);
        let began = Instant::now();
        update(&mut state, news, NOW, WALL);
        began.elapsed()
    });
    report("30,000 changed rows taken in", "-", times.collect());

    let size = (120, 40);
    let mut state = console(size, "default-dark", false);
    press(&mut state, "<esc>llllll");
    let mut screen = terminal(size);
    println!(
        "{:<52} {} bytes",
        "first frame, 120x40",
        frame(&mut screen, &state)
    );
    println!(
        "{:<52} {} bytes",
        "nothing changed, 120x40",
        frame(&mut screen, &state)
    );
    // Five seconds at five frames a second; each agent's figures move once a beat of five seconds.
    let rest: usize = (0..25_u64)
        .map(|round| {
            update(
                &mut state,
                beat(round + 1, 1_200),
                NOW.plus_ms(round as i64 * 200),
                WALL + round as i64 * 200_000,
            );
            frame(&mut screen, &state)
        })
        .sum();
    println!(
        "{:<52} wanted 5 kB/s     {:.2} kB/s",
        "lab at rest, 120x40",
        rest as f64 / 5e3
    );
    press(&mut state, "2");
    let cascade: usize = (0..25_i64)
        .map(|round| {
            let event = changed(|view| {
                view.throws = vec![crate::fixture::throw(400 - round * 32, round > 22)]
            });
            update(
                &mut state,
                event,
                NOW.plus_ms(round * 200),
                WALL + round * 200_000,
            );
            frame(&mut screen, &state)
        })
        .sum();
    println!(
        "{:<52} wanted 15 kB/s    {:.2} kB/s",
        "a cascade running, 120x40",
        cascade as f64 / 5e3
    );
}
