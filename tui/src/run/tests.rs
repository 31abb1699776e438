//! Keys through the real loop, onto a screen in memory.

use super::outside::Outside;
use super::{Clock, Cycle, cycle::Screen};
use crate::fixture::{fresh, identity, keys_of, news, text};
use crate::update::Event;
use mesh_core::place::Shape;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tokio::sync::mpsc;

impl Screen for TestBackend {
    fn trouble(never: std::convert::Infallible) -> std::io::Error {
        match never {}
    }
}

/// Runs until the keys have quit; what the screen showed last, and what was asked of the mesh.
async fn play(size: (u16, u16), keys: &str) -> (String, Vec<String>) {
    let (to_mesh, mut questions) = mpsc::channel(64);
    let (to_console, events) = mpsc::channel(1_024);
    let state = fresh(size, "default-dark", false);
    let terminal = Terminal::new(TestBackend::new(size.0, size.1)).expect("in memory");
    let mut cycle = Cycle::new(state, terminal, Clock::start());
    let shape = Shape::DEFAULT;
    let send = |event| to_console.try_send(event).expect("room");
    send(Event::Connected(Box::new(identity(shape))));
    send(Event::News(Box::new(news(shape))));
    for key in keys_of(keys) {
        send(Event::Key(key));
    }
    drop(to_console);
    cycle
        .run(events, Outside::detached(to_mesh))
        .await
        .expect("runs");
    let mut asked = Vec::new();
    while let Ok(question) = questions.try_recv() {
        asked.push(question.operation.line());
    }
    (text(cycle.backend().buffer()), asked)
}

#[tokio::test]
async fn keys_through_the_loop_reach_the_mesh_and_the_screen() {
    let (screen, asked) = play((80, 24), "<esc>llllll<enter>jjj<enter>").await;
    assert!(screen.contains("CLUSTER 7-4  30 agents"), "{screen}");
    assert_eq!(asked, Vec::<String>::new());
    let (screen, asked) = play((120, 40), ":inspect sector:7<enter>:freeze all<enter>").await;
    assert!(screen.contains("To go on, type the words"), "{screen}");
    assert_eq!(asked, ["inspect sector:7", "what_if freeze all"]);
}

#[tokio::test]
async fn the_loop_ends_when_somebody_quits() {
    let (_, asked) = play((80, 24), ":quit<enter>:inspect sector:7<enter>").await;
    assert_eq!(asked, Vec::<String>::new(), "nothing after the end");
}
