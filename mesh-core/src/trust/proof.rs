//! What somebody says for itself: an agent's word, an operator's request (PROTOCOL §6, §10).
//!
//! An agent signs its acknowledgements, its conflicts and "stopped at epoch e", so that no lead can claim for it what
//! did not happen; such proofs come up in bundles and can be checked by anybody with the keyring, a lead's 30 in one
//! [`Batch`](super::batch::Batch). An operator signs what it asks at the door; a repeat is known there by the
//! operation's id, which the body carries.

use super::key::{KeyId, Signer};
use super::keyring::{Act, Keyring, Refusal};
use super::sealed::{Genuine, Purpose, Sealed, seal};
use crate::message::envelope::{BodyError, ENVELOPE_MAX, Encoding, decode, encode};
use crate::time::WallTime;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// An agent's word, signed.
pub fn say<T: Serialize>(body: &T, agent: &impl Signer) -> Result<Vec<u8>, BodyError> {
    sign(Purpose::Proof, body, Encoding::MessagePack, agent)
}

/// An operator's request, signed; JSON for scripts.
pub fn request<T: Serialize>(
    body: &T,
    encoding: Encoding,
    operator: &impl Signer,
) -> Result<Vec<u8>, BodyError> {
    sign(Purpose::Request, body, encoding, operator)
}

/// Proves an agent's word: whose it is, and that its key may do what the body means, as a rule [`Act::Sit`].
pub fn prove<T: DeserializeOwned>(
    bytes: &[u8],
    keyring: &Keyring,
    now: WallTime,
    means: impl FnOnce(&T) -> Act<'static>,
) -> Result<(KeyId, T), Refusal> {
    let sealed = Sealed::read(bytes, Purpose::Proof, ENVELOPE_MAX)?;
    read(&keyring.verify(sealed, now)?, keyring, now, means)
}

/// Proves an operator's request: whose it is, and that it has the right that the body needs, as a rule [`Act::Ask`].
/// Nothing is done for a caller whose request is not proven.
pub fn prove_request<T: DeserializeOwned>(
    bytes: &[u8],
    keyring: &Keyring,
    now: WallTime,
    needs: impl FnOnce(&T) -> Act<'static>,
) -> Result<(KeyId, T), Refusal> {
    let sealed = Sealed::read(bytes, Purpose::Request, ENVELOPE_MAX)?;
    read(&keyring.verify(sealed, now)?, keyring, now, needs)
}

/// Reads what was verified already, in a batch.
pub fn read<B: AsRef<[u8]>, T: DeserializeOwned>(
    genuine: &Genuine<B>,
    keyring: &Keyring,
    now: WallTime,
    means: impl FnOnce(&T) -> Act<'static>,
) -> Result<(KeyId, T), Refusal> {
    let by = genuine.by();
    let body = decode(genuine.content()).map_err(|error| Refusal::Unreadable {
        key: by,
        why: error.to_string(),
    })?;
    keyring.may(by, means(&body), now)?;
    Ok((by, body))
}

fn sign<T: Serialize>(
    purpose: Purpose,
    body: &T,
    encoding: Encoding,
    signer: &impl Signer,
) -> Result<Vec<u8>, BodyError> {
    let body = encode(body, encoding)?;
    Ok(seal(purpose, signer, |out| out.extend_from_slice(&body)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::Right;
    use crate::trust::fixture::{Mesh, NOW, place};

    #[test]
    fn no_lead_can_say_for_an_agent_that_it_stopped() {
        let mesh = Mesh::new();
        let means = |_: &u32| Act::Sit(place("7-4-12"));
        let word = say(&7u32, &mesh.agent).unwrap();
        let proven = prove(&word, &mesh.ring, NOW, means);
        assert_eq!(proven, Ok((mesh.agent.id(), 7)));
        let forged = say(&7u32, &mesh.lead).unwrap();
        let refused = prove(&forged, &mesh.ring, NOW, means);
        assert!(matches!(refused, Err(Refusal::WrongPlace { .. })));
        let asked = request(&7u32, Encoding::MessagePack, &mesh.agent).unwrap();
        assert!(matches!(
            prove(&asked, &mesh.ring, NOW, means),
            Err(Refusal::Seal(_))
        ));
    }

    #[test]
    fn the_door_does_nothing_without_an_admitted_operators_right() {
        let mesh = Mesh::new();
        let needs = |word: &String| {
            Act::Ask(if word == "freeze" {
                Right::Stop
            } else {
                Right::Change
            })
        };
        let ask = |word: &str, by| {
            let bytes = request(&word, Encoding::Json, by).unwrap();
            prove_request(&bytes, &mesh.ring, NOW, needs).map(|(by, _)| by)
        };
        assert_eq!(ask("freeze", &mesh.operator), Ok(mesh.operator.id()));
        assert!(matches!(
            ask("thaw", &mesh.operator),
            Err(Refusal::NoRight { .. })
        ));
        assert!(matches!(
            ask("freeze", &mesh.top),
            Err(Refusal::NoRight { .. })
        ));
        assert!(matches!(
            ask("freeze", &mesh.key(77)),
            Err(Refusal::Unknown { .. })
        ));
    }
}
