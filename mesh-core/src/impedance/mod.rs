//! How slow an agent is, and how sure we are: profile, predictor, confidence (§1.3, §3.1, §4.1).
//!
//! | module | what it is |
//! |---|---|
//! | [`quantiles`] | a distribution of delays as eight quantiles: what all the others give and take |
//! | [`predictor`] | the next delay from the past alone, on a link that may be of any kind |
//! | [`digest`] | a predictor, or a whole profile, in some 48 bytes |
//! | [`processing`] | what an agent's own work takes, by weight and queue |
//! | [`profile`] | a lead's record of an agent: Z, score, drift, reliability, lead times |
//! | [`profiler`] | what an agent measures of itself |
//! | [`confidence`] | the probability to be READY by T |

pub mod confidence;
mod delay;
pub mod digest;
pub mod predictor;
pub mod processing;
pub mod profile;
pub mod profiler;
pub mod quantiles;
mod reliability;
mod ring;

pub use confidence::Confidence;
pub use digest::{PredictorDigest, ProfileDigest};
pub use predictor::Predictor;
pub use processing::{ClassSlopes, Processing};
pub use profile::{Acknowledged, Flags, Lead, Outlook, Profile};
pub use profiler::{Profiler, Report};
pub use quantiles::Quantiles;
pub use reliability::Reliability;
