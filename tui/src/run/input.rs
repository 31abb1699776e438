//! Keys, pastes, sizes and signals, as events.

use crate::update::Event;
use anyhow::Context as _;
use crossterm::event::{Event as Input, EventStream};
use futures_util::StreamExt as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// Begins to read the terminal and to listen for signals. What comes after the console has left goes nowhere.
pub(super) fn start(to: &mpsc::Sender<Event>) -> anyhow::Result<()> {
    for kind in [
        SignalKind::terminate(),
        SignalKind::hangup(),
        SignalKind::interrupt(),
    ] {
        let mut signals = signal(kind).context("listening for signals")?;
        let to = to.clone();
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                if to.send(Event::Terminate).await.is_err() {
                    return;
                }
            }
        });
    }
    let to = to.clone();
    tokio::spawn(async move {
        let mut inputs = EventStream::new();
        while let Some(input) = inputs.next().await {
            let event = match input {
                Ok(Input::Key(key)) => Event::Key(key),
                Ok(Input::Paste(text)) => Event::Paste(text),
                Ok(Input::Mouse(mouse)) => Event::Mouse(mouse),
                Ok(Input::Resize(width, height)) => Event::Resize(width, height),
                Ok(Input::FocusGained | Input::FocusLost) => continue,
                // The terminal is gone.
                Err(_) => Event::Terminate,
            };
            let last = matches!(event, Event::Terminate);
            if to.send(event).await.is_err() || last {
                return;
            }
        }
        let _ = to.send(Event::Terminate).await;
    });
    Ok(())
}
