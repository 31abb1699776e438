//! How a certificate changes a keyring: checked as a whole first, then applied as a whole.

use super::{Entry, Keyring, Life, Refusal, Revoked};
use crate::time::{Micros, WallTime};
use crate::trust::certificate::{
    CERTIFICATE_MAX, Cause, Grant, LIFETIME_MAX, Statement, WALL_SKEW_MAX,
};
use crate::trust::key::{KeyId, PublicKey};
use crate::trust::rights::Holder;
use crate::trust::sealed::{Purpose, Sealed};
use std::collections::BTreeMap;

/// When the last certificate of a revoked key has run out: 30 days, and what clocks may differ by.
pub(super) const REVOCATION_KEPT: Micros = Micros(LIFETIME_MAX.0 + 2 * WALL_SKEW_MAX.0);

/// Bytes of an old key's word for a new one.
const CONSENT_MAX: usize = 12 + 32 + 64;

impl Life {
    /// Whether it was said after `other`, by somebody who still counts: a revoked delegate that dated its certificates
    /// ahead stands in nobody's way.
    fn later_than(&self, other: &Self, revoked: &BTreeMap<KeyId, Revoked>) -> bool {
        self.issued > other.issued && !revoked.contains_key(&self.issuer)
    }
}

impl Keyring {
    /// Takes a certificate in; the name of the key that it is about. What is refused changes nothing; what is known
    /// already is no error.
    pub fn admit(&mut self, certificate: &[u8], now: WallTime) -> Result<KeyId, Refusal> {
        let sealed = Sealed::read(certificate, Purpose::Certificate, CERTIFICATE_MAX)?;
        let issuer = sealed.by();
        let genuine = self.verify(sealed, now)?;
        let statement: Statement =
            rmp_serde::from_slice(genuine.content()).map_err(|error| Refusal::Unreadable {
                key: issuer,
                why: crate::text::Foreign::new(error.to_string()).to_string(),
            })?;
        let subject = statement.subject.id();
        self.may_issue(issuer, &statement, now)?;
        self.check_times(subject, &statement, now)?;
        let life = Life {
            issuer,
            issued: statement.issued,
            from: statement.from,
            until: statement.until,
        };
        match statement.grant {
            Grant::Admit(holder) => self.enter(statement.subject, holder, life, now)?,
            Grant::Delegate => {
                let entry = self.entry(subject, &life, |entry| entry.delegate)?;
                if !matches!(entry.holder, Holder::Node) {
                    return Err(not_a_node(subject));
                }
                entry.delegate = Some(life);
            }
            Grant::Place { at, host } => {
                let entry =
                    self.entry(subject, &life, |entry| entry.place.map(|(.., life)| life))?;
                if !matches!(entry.holder, Holder::Agent(_)) {
                    return Err(Refusal::Wrong {
                        key: subject,
                        what: "that something other than an agent has a place",
                        wanted: "only keys admitted as agents sit at places",
                    });
                }
                let before = entry
                    .place
                    .replace((at, host, life))
                    .map(|(before, ..)| before);
                if let Some(before) = before
                    && self.places.get(&before) == Some(&subject)
                {
                    self.places.remove(&before);
                }
                // Who sat there sits nowhere now, until it is placed again.
                if let Some(other) = self.places.insert(at, subject)
                    && let Some(entry) = self.entries.get_mut(&other)
                    && other != subject
                {
                    entry.place = None;
                }
            }
            Grant::Seat { seat, epoch } => {
                let known = |entry: &Entry| {
                    let same = entry.seats.iter().find(|(held, ..)| *held == seat);
                    same.map(|(.., life)| *life)
                };
                let entry = self.entry(subject, &life, known)?;
                if !matches!(entry.holder, Holder::Node) {
                    return Err(not_a_node(subject));
                }
                entry
                    .seats
                    .retain(|(held, _, life)| *held != seat && now < life.until);
                if entry.seats.len() >= Self::SEATS_MAX {
                    return Err(Refusal::Full {
                        what: "seats of one node",
                        most: Self::SEATS_MAX,
                    });
                }
                entry.seats.push((seat, epoch, life));
            }
            Grant::Revoke(cause) => self.revoke(subject, cause, now)?,
            Grant::Rotate { old, consent } => {
                self.rotate(old, statement.subject, &consent, life, now)?;
            }
        }
        Ok(subject)
    }

    /// The root may say anything; a delegate everything but what makes operators and delegates; every key may revoke
    /// itself.
    fn may_issue(
        &self,
        issuer: KeyId,
        statement: &Statement,
        now: WallTime,
    ) -> Result<(), Refusal> {
        let subject = statement.subject.id();
        if issuer == self.root_id {
            return Ok(());
        }
        let over_it = match &statement.grant {
            Grant::Revoke(_) if subject == issuer => return Ok(()),
            Grant::Delegate | Grant::Admit(Holder::Operator(_)) => true,
            // The new key of a delegate, and the end of another one, are the root's to say.
            Grant::Revoke(_) => self.is_delegate(subject),
            Grant::Rotate { old, .. } => self.is_delegate(*old),
            Grant::Admit(Holder::Node | Holder::Agent(_))
            | Grant::Place { .. }
            | Grant::Seat { .. } => false,
        };
        self.may(issuer, super::Act::Admit, now)?;
        if over_it {
            return Err(Refusal::NotDelegate { key: issuer });
        }
        Ok(())
    }

    fn is_delegate(&self, id: KeyId) -> bool {
        self.entries
            .get(&id)
            .is_some_and(|entry| entry.delegate.is_some())
    }

    fn check_times(
        &self,
        subject: KeyId,
        statement: &Statement,
        now: WallTime,
    ) -> Result<(), Refusal> {
        let wrong = |what, wanted| {
            Err(Refusal::Wrong {
                key: subject,
                what,
                wanted,
            })
        };
        if statement.mesh != self.root_id {
            return wrong(
                "it is of another mesh",
                "have it issued under this mesh's root key",
            );
        }
        if statement.subject == self.root {
            return wrong(
                "something of the root key itself",
                "the root key needs no certificate and takes none",
            );
        }
        if statement.issued > now + WALL_SKEW_MAX {
            return wrong(
                "it was issued in the future",
                "check the wall clock here and the issuer's",
            );
        }
        if matches!(statement.grant, Grant::Revoke(_)) {
            return Ok(());
        }
        if statement.until - statement.from > LIFETIME_MAX || statement.until <= statement.from {
            return wrong(
                "a life that is none or too long",
                "it must end after it begins, within 30 days",
            );
        }
        if now >= statement.until {
            return Err(Refusal::Expired {
                key: subject,
                ago: now - statement.until,
            });
        }
        if let Some(revoked) = self.revoked.get(&subject) {
            return Err(Refusal::Revoked {
                key: subject,
                cause: revoked.cause,
            });
        }
        Ok(())
    }

    fn enter(
        &mut self,
        key: PublicKey,
        holder: Holder,
        life: Life,
        now: WallTime,
    ) -> Result<(), Refusal> {
        let id = key.id();
        if self.scheme.is_weak(&key) {
            return Err(Refusal::Weak { key: id });
        }
        if let Holder::Agent(limits) = &holder
            && !limits.fits()
        {
            return Err(Refusal::Wrong {
                key: id,
                what: "too many or too long capabilities",
                wanted: "at most 32 of 48 bytes each",
            });
        }
        if let Some(entry) = self.entries.get_mut(&id) {
            if entry.key != key {
                return Err(Refusal::Wrong {
                    key: id,
                    what: "a key whose name another one has",
                    wanted: "make another key",
                });
            }
            if entry.life.later_than(&life, &self.revoked) {
                return Err(Refusal::Superseded { key: id });
            }
            if core::mem::discriminant(&entry.holder) != core::mem::discriminant(&holder) {
                return Err(Refusal::Wrong {
                    key: id,
                    what: "another kind of holder than before",
                    wanted: "a key is a node, an agent or an operator for life; make another key",
                });
            }
            if entry.next.is_none() {
                entry.holder = holder;
                entry.life = life;
            }
            return Ok(());
        }
        self.make_room(now)?;
        self.entries.insert(
            id,
            Entry {
                key,
                holder,
                life,
                place: None,
                seats: Vec::new(),
                delegate: None,
                next: None,
            },
        );
        Ok(())
    }

    fn make_room(&mut self, now: WallTime) -> Result<(), Refusal> {
        if self.entries.len() >= self.most {
            self.prune(now);
        }
        if self.entries.len() >= self.most {
            return Err(Refusal::Full {
                what: "keys",
                most: self.most,
            });
        }
        Ok(())
    }

    /// The entry a certificate is about, if nothing later of its kind is known.
    fn entry(
        &mut self,
        id: KeyId,
        life: &Life,
        known: impl Fn(&Entry) -> Option<Life>,
    ) -> Result<&mut Entry, Refusal> {
        let entry = self
            .entries
            .get_mut(&id)
            .ok_or(Refusal::Unknown { key: id })?;
        match known(entry) {
            Some(known) if known.later_than(life, &self.revoked) => {
                Err(Refusal::Superseded { key: id })
            }
            Some(_) | None => Ok(entry),
        }
    }

    fn revoke(&mut self, id: KeyId, cause: Cause, now: WallTime) -> Result<(), Refusal> {
        if self.revoked.len() >= Self::REVOKED_MAX && !self.revoked.contains_key(&id) {
            self.prune(now);
            if self.revoked.len() >= Self::REVOKED_MAX {
                return Err(Refusal::Full {
                    what: "revocations",
                    most: Self::REVOKED_MAX,
                });
            }
        }
        self.revoked.entry(id).or_insert(Revoked { cause, at: now });
        Ok(())
    }

    fn rotate(
        &mut self,
        old: KeyId,
        key: PublicKey,
        consent: &[u8],
        life: Life,
        now: WallTime,
    ) -> Result<(), Refusal> {
        let id = key.id();
        let known = self.live(old, now)?;
        if known.next == Some(id) {
            return Ok(());
        }
        if known.next.is_some() {
            return Err(Refusal::Superseded { key: old });
        }
        let sealed = Sealed::read(consent, Purpose::Consent, CONSENT_MAX)?;
        let word = sealed
            .verify(&self.scheme, known.key)
            .map_err(|_| Refusal::BadSignature { key: old })?;
        if word.content() != key.0 || word.by() != old {
            return Err(Refusal::Wrong {
                key: id,
                what: "that an older key consented, which named another one",
                wanted: "ask the older key for its word for this one",
            });
        }
        if self.entries.contains_key(&id) {
            return Err(Refusal::Wrong {
                key: id,
                what: "that a key which is admitted takes over from another",
                wanted: "rotate to a new key",
            });
        }
        if self.scheme.is_weak(&key) {
            return Err(Refusal::Weak { key: id });
        }
        let mut next = Entry {
            key,
            life,
            next: None,
            ..known.clone()
        };
        // What the old key had is the new one's for the new life, on the word of who signed the rotation.
        if let Some((.., place)) = &mut next.place {
            *place = life;
        }
        next.seats.iter_mut().for_each(|(.., seat)| *seat = life);
        if let Some(delegate) = &mut next.delegate {
            *delegate = life;
        }
        self.make_room(now)?;
        if let Some((at, ..)) = next.place {
            self.places.insert(at, id);
        }
        if let Some(entry) = self.entries.get_mut(&old) {
            Self::retire(entry, id, now);
        }
        self.entries.insert(id, next);
        self.rehost(old, id);
        Ok(())
    }

    /// A node's new key hosts whom the old one hosted.
    fn rehost(&mut self, old: KeyId, new: KeyId) {
        for entry in self.entries.values_mut() {
            if let Some((_, host, _)) = &mut entry.place
                && *host == old
            {
                *host = new;
            }
        }
    }
}

fn not_a_node(key: KeyId) -> Refusal {
    Refusal::Wrong {
        key,
        what: "that something other than a node holds a seat or a delegation",
        wanted: "only keys admitted as nodes do",
    }
}
