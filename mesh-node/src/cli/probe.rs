//! `mesh-node probe`: what hardware this is, and what it would do in a mesh.

use super::{Probe, say};
use anyhow::Context;

/// Looks and prints.
pub(super) fn run(args: &Probe) -> anyhow::Result<bool> {
    let found = match &args.root {
        Some(root) => mesh_node::probe::Probe::of(root),
        None => mesh_node::probe::Probe::here(),
    };
    if args.json {
        let json = serde_json::to_string(&found).context("cannot write what was found")?;
        say(&(json + "\n"));
    } else {
        say(&found.to_string());
    }
    Ok(true)
}
