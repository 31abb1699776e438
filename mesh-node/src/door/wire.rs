//! Frames as bytes: the length in four bytes, big-endian, then so many bytes of `MessagePack` with named fields.
//!
//! A reader takes no frame longer than its limit, nests no deeper than [`DEPTH_MAX`], and allocates as bytes arrive, so
//! a length that lies costs nothing.

use super::DoorError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Bytes of a frame to the mesh at most: the longest is a payload, which envelopes hold to 1 MiB.
pub const TO_MESH_MAX: usize = 1024 * 1024;
/// Bytes of a frame to a client at most: thirty thousand agents in full take some 10 MB.
pub const TO_CLIENT_MAX: usize = 32 * 1024 * 1024;
/// How deep a frame may nest.
pub const DEPTH_MAX: usize = 64;

/// A frame with its length before it.
pub fn encode<T: Serialize>(frame: &T, max: usize) -> Result<Vec<u8>, DoorError> {
    let mut bytes = vec![0; 4];
    let named = &mut rmp_serde::Serializer::new(&mut bytes).with_struct_map();
    frame
        .serialize(named)
        .map_err(|error| DoorError::Unwritable {
            why: error.to_string(),
        })?;
    let size = bytes.len() - 4;
    if size > max {
        return Err(DoorError::Oversized { size, max });
    }
    bytes[..4].copy_from_slice(&(size as u32).to_be_bytes());
    Ok(bytes)
}

/// A frame's bytes, without the length.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DoorError> {
    let size = bytes.len();
    let malformed = |why: String| DoorError::Malformed {
        size,
        why: why.chars().filter(|c| !c.is_control()).take(160).collect(),
    };
    let mut reader = rmp_serde::Deserializer::new(std::io::Cursor::new(bytes));
    reader.set_max_depth(DEPTH_MAX);
    let frame = T::deserialize(&mut reader).map_err(|error| malformed(error.to_string()))?;
    let extra = size - reader.position() as usize;
    if extra > 0 {
        return Err(malformed(format!("{extra} bytes follow its end")));
    }
    Ok(frame)
}

/// The next frame; none when the other side has closed between two frames.
pub async fn read<T: DeserializeOwned>(
    from: &mut (impl AsyncRead + Unpin),
    max: usize,
) -> Result<Option<T>, DoorError> {
    let io = |source| DoorError::Io {
        what: "reading a frame",
        source,
    };
    let mut length = [0; 4];
    match from.read(&mut length[..1]).await.map_err(io)? {
        0 => return Ok(None),
        _ => from.read_exact(&mut length[1..]).await.map_err(io)?,
    };
    let size = u32::from_be_bytes(length) as usize;
    if size > max {
        return Err(DoorError::Oversized { size, max });
    }
    let mut bytes = Vec::new();
    from.take(size as u64)
        .read_to_end(&mut bytes)
        .await
        .map_err(io)?;
    if bytes.len() < size {
        return Err(io(std::io::ErrorKind::UnexpectedEof.into()));
    }
    decode(&bytes).map(Some)
}

/// Writes a frame, all of it.
pub async fn write(to: &mut (impl AsyncWrite + Unpin), frame: &[u8]) -> Result<(), DoorError> {
    let io = |source| DoorError::Io {
        what: "writing a frame",
        source,
    };
    to.write_all(frame).await.map_err(io)?;
    to.flush().await.map_err(io)
}
