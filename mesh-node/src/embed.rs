//! A mesh in this process, and a client at its door: what the console opens when it is given nothing else.

use crate::door::{Client, DoorError, Visitor, guest};
use crate::drive::local::{Config, ConfigError, Local};
use std::sync::Arc;

/// Bytes of the pipe between client and mesh.
const PIPE: usize = 256 * 1024;

/// A mesh that lives as long as this does, with a client at its door.
#[derive(Debug)]
pub struct Embedded {
    client: Client,
    local: Local,
}

/// A mesh that could not be embedded.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// It could not be started.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Its door did not open.
    #[error(transparent)]
    Door(#[from] DoorError),
}

/// Starts a mesh in this process and connects to it, over a pipe with the same bytes as over a socket. The connection is
/// served by tasks of the runtime that this is called in; the mesh has threads of its own.
pub async fn embed(config: Config, visitor: Visitor) -> Result<Embedded, EmbedError> {
    let local = Local::start(config)?;
    let client = connect(&local, visitor).await?;
    Ok(Embedded { client, local })
}

/// One more client of a mesh in this process.
pub async fn connect(local: &Local, visitor: Visitor) -> Result<Client, DoorError> {
    let (here, there) = tokio::io::duplex(PIPE);
    tokio::spawn(guest::serve(Arc::clone(local.porter()), there));
    Client::over(here, visitor).await
}

impl Embedded {
    /// The client at its door.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// The mesh itself: faults can be injected there.
    pub const fn local(&self) -> &Local {
        &self.local
    }

    /// Ends it.
    pub fn stop(self, reason: &str) {
        self.local.stop(reason);
    }
}
