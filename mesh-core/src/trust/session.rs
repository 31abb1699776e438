//! An operator's eight hours (§9.1): then the key, and whatever unlocks it, must be shown again.
//!
//! A session lives in the door's process and ends with it, so it is kept in that process's own monotonic time. Where
//! the operator came from is kept with it: a credential used from an unknown location is one of the signs of §9.2.

use super::key::KeyId;
use crate::time::{Micros, Moment};
use std::collections::BTreeMap;

/// The longest session.
pub const SESSION_MAX: Micros = Micros::seconds(8 * 3_600);
/// Sessions at most; operators are dozens, and each may have several consoles.
pub const SESSIONS_MAX: usize = 1_024;
/// Origins remembered of one operator at most: office, home, on the way, and some.
pub const ORIGINS_MAX: usize = 8;

/// Who is logged in where.
#[derive(Debug, Clone, Default)]
pub struct Sessions {
    open: BTreeMap<(KeyId, u64), Moment>,
    origins: BTreeMap<KeyId, Vec<u64>>,
}

/// What opening a session found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The operator's first, or one that was used before.
    Known,
    /// Another than all before: a finding.
    Unknown,
}

/// A request without a session; nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// Eight hours have passed, or it was never opened here.
    #[error("operator {key} has no open session here; authenticate, which is needed every 8 hours")]
    Over {
        /// Who.
        key: KeyId,
    },
    /// Too many.
    #[error("1024 sessions are open, which is all that are kept; close some")]
    Full,
}

impl Sessions {
    /// Opens or renews a session after the operator's fresh authentication. `origin` is a hash of where it came from.
    pub fn open(&mut self, now: Moment, key: KeyId, origin: u64) -> Result<Origin, SessionError> {
        self.open.retain(|_, until| now < *until);
        if self.open.len() >= SESSIONS_MAX && !self.open.contains_key(&(key, origin)) {
            return Err(SessionError::Full);
        }
        self.open.insert((key, origin), now + SESSION_MAX);
        if !self.origins.contains_key(&key) && self.origins.len() >= SESSIONS_MAX {
            return Ok(Origin::Unknown);
        }
        let known = self.origins.entry(key).or_default();
        if known.contains(&origin) {
            return Ok(Origin::Known);
        }
        let first = known.is_empty();
        if known.len() >= ORIGINS_MAX {
            known.remove(0);
        }
        known.push(origin);
        Ok(if first {
            Origin::Known
        } else {
            Origin::Unknown
        })
    }

    /// Whether a request may be looked at.
    pub fn check(&self, now: Moment, key: KeyId, origin: u64) -> Result<(), SessionError> {
        match self.open.get(&(key, origin)) {
            Some(until) if now < *until => Ok(()),
            Some(_) | None => Err(SessionError::Over { key }),
        }
    }

    /// Ends all sessions of a key: at its wish, or when it was revoked.
    pub fn close(&mut self, key: KeyId) {
        self.open.retain(|(holder, _), _| *holder != key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_after_eight_hours_and_opens_again() {
        let (mut sessions, key) = (Sessions::default(), KeyId(1));
        let over = Err(SessionError::Over { key });
        assert_eq!(sessions.check(Moment(0), key, 7), over);
        assert_eq!(sessions.open(Moment(0), key, 7), Ok(Origin::Known));
        assert_eq!(sessions.check(Moment(SESSION_MAX.0 - 1), key, 7), Ok(()));
        assert_eq!(sessions.check(Moment(SESSION_MAX.0), key, 7), over);
        sessions.open(Moment(SESSION_MAX.0), key, 7).unwrap();
        assert_eq!(sessions.check(Moment(SESSION_MAX.0), key, 7), Ok(()));
        sessions.close(key);
        assert_eq!(sessions.check(Moment(SESSION_MAX.0), key, 7), over);
    }

    #[test]
    fn a_credential_from_elsewhere_is_noticed_and_needs_its_own_session() {
        let (mut sessions, key) = (Sessions::default(), KeyId(1));
        sessions.open(Moment(0), key, 7).unwrap();
        assert!(sessions.check(Moment(1), key, 8).is_err());
        assert_eq!(sessions.open(Moment(1), key, 8), Ok(Origin::Unknown));
        assert_eq!(sessions.open(Moment(2), key, 8), Ok(Origin::Known));
    }
}
