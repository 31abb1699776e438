//! What a node tells of itself: logs, metrics, health, and what systemd wants to know.
//!
//! | file | what it is |
//! |---|---|
//! | `logs` | structured logs on standard error, for people or as JSON |
//! | `page` | `/metrics` and `/healthz` over HTTP |
//! | `unit` | readiness, status and watchdog for systemd |

mod logs;
mod page;
mod unit;

pub use logs::{Logs, LogsError, init};
pub use page::{Health, Metrics, MetricsError, Page, Part};
pub use unit::Unit;
