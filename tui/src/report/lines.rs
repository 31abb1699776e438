//! Findings and previews as lines of text, which more than one screen shows.

use super::word;
use mesh_core::diagnose::Finding;
use mesh_core::operation::preview::Preview;

/// A finding in lines: what and whom, on what it rests, why, what would help.
pub(crate) fn finding_lines(finding: &Finding) -> Vec<String> {
    let names: Vec<_> = finding
        .subjects
        .iter()
        .take(6)
        .map(ToString::to_string)
        .collect();
    let more = if finding.count > names.len() {
        format!(" and {} more", finding.count - names.len())
    } else {
        String::new()
    };
    let mut lines = vec![format!(
        "{}: {}{more}",
        word(&finding.kind),
        names.join(", ")
    )];
    if !finding.evidence.is_empty() {
        let evidence: Vec<_> = finding.evidence.iter().map(ToString::to_string).collect();
        lines.push(format!("  evidence: {}", evidence.join(", ")));
    }
    lines.extend(
        finding
            .cause
            .as_ref()
            .map(|cause| format!("  cause: {}", word(cause))),
    );
    if let Some(remedy) = &finding.remedy {
        let steps: Vec<_> = remedy
            .iter()
            .map(|step| format!(":{}", step.line()))
            .collect();
        lines.push(format!("  would help: {}", steps.join("  ")));
    }
    lines
}

/// Whom an operation would touch, and what it would do.
pub(crate) fn preview_lines(preview: &Preview) -> Vec<String> {
    let mut lines = vec![format!(
        "scope    {} agents in {} sectors, {} clusters; {} active{}",
        crate::view::grouped(preview.agents as u64),
        preview.sectors.len(),
        preview.clusters,
        crate::view::grouped(preview.active as u64),
        if preview.already > 0 {
            format!("; {} are so already", preview.already)
        } else {
            String::new()
        }
    )];
    let effects: Vec<_> = preview.effects.iter().map(word).collect();
    if !effects.is_empty() {
        lines.push(format!("effect   {}", effects.join(", ")));
    }
    if preview.tasks > 0 {
        lines.push(format!("tasks    {} open there", preview.tasks));
    }
    for capacity in &preview.capacity {
        lines.push(format!(
            "capacity {}: {} take work now, {} would",
            capacity.class, capacity.now, capacity.after
        ));
    }
    lines
}
