//! Throws that were found to be the orchestrator's: a process verifies one once for all that it hosts.

use mesh_core::message::Header;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// Throws that are under way at once, and some more.
const VOUCHED_MAX: usize = 32;

/// The last of them.
#[derive(Debug, Default)]
pub(super) struct Vouched(Mutex<VecDeque<Arc<Header>>>);

impl Vouched {
    /// Whether this very throw was vouched for; if not, what `check` says is remembered when it says yes.
    pub(super) fn remembers(&self, header: &Arc<Header>, check: impl FnOnce() -> bool) -> bool {
        let Ok(mut vouched) = self.0.lock() else {
            return check();
        };
        if vouched.iter().any(|known| Arc::ptr_eq(known, header)) {
            return true;
        }
        let genuine = check();
        if genuine {
            vouched.truncate(VOUCHED_MAX - 1);
            vouched.push_front(Arc::clone(header));
        }
        genuine
    }
}
