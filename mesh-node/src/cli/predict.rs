//! `mesh-node predict`: how the predictor does on recorded traces.

use super::{Predict, say};
use anyhow::Context;
use mesh_node::predict::{evaluate, parse, table};

/// Always true: a bad prediction is a figure, not a failure. Nothing is printed before every file was read.
pub(super) fn run(args: &Predict) -> anyhow::Result<bool> {
    let traces = args.files.iter().map(|path| {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{name}: cannot be read as a trace"))?;
        Ok((parse(&name, &text)?, name))
    });
    let traces = traces.collect::<anyhow::Result<Vec<_>>>()?;
    if args.json {
        for (trace, name) in traces {
            let report = evaluate(&name, &trace);
            say(&(serde_json::to_string(&report).context("cannot write the report")? + "\n"));
        }
    } else {
        let reports = traces.iter().map(|(trace, name)| evaluate(name, trace));
        say(&table(&reports.collect::<Vec<_>>()));
    }
    Ok(true)
}
