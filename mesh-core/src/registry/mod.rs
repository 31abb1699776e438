//! The table of agents, summaries, queries, sketches (§2.3, §4.2, §4.3).
