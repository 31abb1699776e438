//! The predictor over recorded round trips, beside its baselines.
