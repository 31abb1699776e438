//! One-time words that let a node in (PROTOCOL §10).
//!
//! An operator asks for a token and gives it to a new node, which sends it with its key. Here only the token's hash is
//! kept; who reads this table cannot join with it.

use super::rights::Holder;
use crate::time::{Micros, WallTime};
use crate::unit::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long a token waits for its node: a day, within which a machine is set up.
pub const TOKEN_LIFE: Micros = Micros::seconds(24 * 3_600);
/// Tokens outstanding at most: more than the nodes of a whole mesh (1,101) that are set up in one day.
pub const TOKENS_MAX: usize = 4_096;

/// Tokens that were given out and not used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    open: BTreeMap<Digest, Token>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Token {
    holder: Holder,
    until: WallTime,
}

/// A token that lets nobody in; the table is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Never given out, used, or run out and forgotten.
    #[error("this token is not open here: each is used once and within a day; ask for a new one")]
    NotOpen,
    /// Run out.
    #[error("this token ran out {ago} ago; ask for a new one")]
    Expired {
        /// Since when.
        ago: Micros,
    },
    /// Too many.
    #[error("4096 tokens are open, which is all that are kept; use some, or let them run out")]
    Full,
    /// Rights of people are the root's to give.
    #[error("a token admits nodes and agents; an operator is admitted by the root key")]
    Operator,
}

impl Tokens {
    /// Opens a token whose secret the driver drew and shows once.
    pub fn open(
        &mut self,
        secret: &[u8; 32],
        holder: Holder,
        now: WallTime,
    ) -> Result<(), TokenError> {
        if matches!(holder, Holder::Operator(_)) {
            return Err(TokenError::Operator);
        }
        self.open.retain(|_, token| now < token.until);
        if self.open.len() >= TOKENS_MAX {
            return Err(TokenError::Full);
        }
        let until = now + TOKEN_LIFE;
        self.open.insert(hash(secret), Token { holder, until });
        Ok(())
    }

    /// Uses a token up; what it admits. The certificate is then the caller's to issue.
    pub fn redeem(&mut self, secret: &[u8; 32], now: WallTime) -> Result<Holder, TokenError> {
        let token = self.open.remove(&hash(secret)).ok_or(TokenError::NotOpen)?;
        if now >= token.until {
            return Err(TokenError::Expired {
                ago: now - token.until,
            });
        }
        Ok(token.holder)
    }

    /// How many are open.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

fn hash(secret: &[u8; 32]) -> Digest {
    Digest::of(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_lets_one_node_in_once_and_within_a_day() {
        let mut tokens = Tokens::default();
        let day = WallTime(0) + TOKEN_LIFE;
        tokens.open(&[1; 32], Holder::Node, WallTime(0)).unwrap();
        tokens.open(&[2; 32], Holder::Node, WallTime(0)).unwrap();
        assert_eq!(tokens.redeem(&[1; 32], WallTime(5)), Ok(Holder::Node));
        assert_eq!(
            tokens.redeem(&[1; 32], WallTime(6)),
            Err(TokenError::NotOpen)
        );
        assert_eq!(
            tokens.redeem(&[3; 32], WallTime(6)),
            Err(TokenError::NotOpen)
        );
        assert_eq!(
            tokens.redeem(&[2; 32], day),
            Err(TokenError::Expired { ago: Micros::ZERO })
        );
        assert!(tokens.is_empty());
    }

    #[test]
    fn tokens_are_bounded_and_never_make_operators() {
        let mut tokens = Tokens::default();
        for n in 0..TOKENS_MAX as u64 {
            let mut secret = [0; 32];
            secret[..8].copy_from_slice(&n.to_be_bytes());
            tokens.open(&secret, Holder::Node, WallTime(0)).unwrap();
        }
        let full = tokens.open(&[9; 32], Holder::Node, WallTime(1));
        assert_eq!(full, Err(TokenError::Full));
        let later = WallTime(1) + TOKEN_LIFE;
        assert_eq!(tokens.open(&[9; 32], Holder::Node, later), Ok(()));
        assert_eq!(tokens.len(), 1);
        let operator = Holder::Operator(crate::trust::Rights::ALL);
        let refused = tokens.open(&[8; 32], operator, later);
        assert_eq!(refused, Err(TokenError::Operator));
    }
}
