//! The model that may be asked about sentences: where it is named, and the task that asks it beside the console.

use crate::update::Event;
use anyhow::Context as _;
use nl::model::{Model, Settings};
use tokio::sync::mpsc;

/// A sentence to be asked about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Consult {
    /// What was said.
    pub(crate) line: String,
    /// What the compiler made of it.
    pub(crate) own: nl::Reading,
    /// What the dialogue was about.
    pub(crate) context: nl::Context,
}

/// The model that the environment names; none unless it names one.
pub(crate) fn named() -> anyhow::Result<Option<Model>> {
    let Some(settings) = Settings::of(|name| std::env::var(name).ok()) else {
        return Ok(None);
    };
    mesh_node::worker::install_tls();
    let model = Model::new(settings).context("the model that the environment names")?;
    Ok(Some(model))
}

/// Asks for as long as the console is there, one sentence after the other.
pub(crate) async fn keep(
    model: Model,
    mut consults: mpsc::Receiver<Consult>,
    events: mpsc::Sender<Event>,
) {
    while let Some(consult) = consults.recv().await {
        let Consult { line, own, context } = consult;
        let opinion = model.consult(&line, &context, own).await;
        if events
            .send(Event::Opinion(Box::new(opinion)))
            .await
            .is_err()
        {
            return;
        }
    }
}
