//! An answer on standard output: for people, as JSON, as comma-separated values.

use super::Ending;
use crate::report::Report;
use mesh_core::operation::answer::Status;
use mesh_core::operation::{Answer, Refusal};
use std::io::{self, Write};

/// For people, in so many cells; a status in the box of §7.1.
pub(crate) fn text(
    answer: &Answer,
    width: u16,
    boxed: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let report = Report::of(answer);
    if let (Answer::Status(_), true) = (answer, boxed) {
        return status_box(&report, out);
    }
    for (_, line) in report.text(width) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn status_box(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let width = 40;
    writeln!(out, "┌{}┐", "─".repeat(width))?;
    writeln!(out, "│ {:<38} │", "MESH-30K STATUS")?;
    writeln!(out, "├{}┤", "─".repeat(width))?;
    for (_, line) in &report.lines {
        writeln!(out, "│ {line:<38} │")?;
    }
    writeln!(out, "└{}┘", "─".repeat(width))
}

/// One JSON object.
pub(crate) fn json(answer: &Result<Answer, Refusal>, out: &mut impl Write) -> io::Result<()> {
    match answer {
        Ok(answer) => serde_json::to_writer(&mut *out, answer)?,
        Err(refusal) => serde_json::to_writer(
            &mut *out,
            &serde_json::json!({ "refusal": refusal, "text": refusal.to_string() }),
        )?,
    }
    writeln!(out)
}

/// The table of an answer; false when it has none.
pub(crate) fn csv(answer: &Answer, out: &mut impl Write) -> io::Result<bool> {
    let report = Report::of(answer);
    if report.columns.is_empty() {
        return Ok(false);
    }
    let heads: Vec<String> = report
        .columns
        .iter()
        .map(|(head, _)| (*head).to_owned())
        .collect();
    writeln!(out, "{}", record(&heads))?;
    for row in &report.rows {
        writeln!(out, "{}", record(&row.cells))?;
    }
    Ok(true)
}

/// One record (RFC 4180).
fn record(cells: &[String]) -> String {
    let quoted = cells.iter().map(|cell| {
        if cell.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.clone()
        }
    });
    quoted.collect::<Vec<_>>().join(",")
}

/// Whether what came back is well.
pub(crate) fn ending(answer: &Answer) -> Ending {
    let well = match answer {
        Answer::Status(status) => is_well(status),
        Answer::Health { checks } => checks.iter().all(|check| check.good),
        Answer::Kpis { kpis } => kpis.iter().all(|kpi| kpi.met != Some(false)),
        Answer::Verified { altered, .. } => altered.is_none(),
        Answer::Thrown(thrown) => thrown.decision == "PROCEED",
        Answer::Frozen(frozen) => frozen.proven == frozen.agents,
        Answer::Healed { healthy, .. } => *healthy,
        Answer::Backup { verified, .. } => *verified != Some(false),
        Answer::WhatIf { refusal, .. } => refusal.is_none(),
        Answer::Plan(plan) => plan.refusal.is_none(),
        _ => true,
    };
    if well { Ending::Well } else { Ending::Unwell }
}

fn is_well(status: &Status) -> bool {
    status.mode == "FULL" && status.frozen == 0 && status.breakers.0 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_box_is_that_of_the_specification() {
        let mut out = Vec::new();
        let mut status = crate::fixture::status();
        status.breakers = (0, 0);
        status.reviews = 0;
        status.sectors_healthy = 100;
        text(&Answer::Status(status), 80, true, &mut out).expect("writes");
        assert_eq!(
            String::from_utf8(out).expect("text"),
            "\
┌────────────────────────────────────────┐
│ MESH-30K STATUS                        │
├────────────────────────────────────────┤
│ Agents: 29,847 / 30,000 active (99.5%) │
│ Sectors: 100/100 healthy               │
│ Mean Impedance: 127ms                  │
│ Conflicts (last hour): 23              │
│ Mode: FULL                             │
│ Last cascade: 3h27m ago                │
└────────────────────────────────────────┘
"
        );
    }

    #[test]
    fn a_record_is_quoted_where_it_must_be() {
        assert_eq!(
            record(&["a".into(), "b,c".into(), "say \"hi\"".into()]),
            "a,\"b,c\",\"say \"\"hi\"\"\""
        );
    }
}
