//! Findings and root causes, with the evidence for each (§7.2).
