//! How slow an agent is, and how sure we are: profile, predictor, confidence (§1.3, §3.1, §4.1).
