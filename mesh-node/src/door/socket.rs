//! A door on a Unix socket: mode 0600 in a folder of mode 0700, for its owner alone.

use super::porter::{Porter, shown_out};
use super::{Address, DoorError, guest};
use std::fs::{File, Permissions, TryLockError};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixListener;

/// A socket that is listened on; it goes away when this is dropped.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
    owner: u32,
    /// Held as long as the mesh lives: what lies at `path` while nobody holds this is left over from a mesh that died.
    _lock: File,
}

impl Socket {
    /// Listens at `address`. A socket that a dead mesh left there is replaced, one that is served is not.
    pub fn bind(address: &Address) -> Result<Self, DoorError> {
        let path = address.socket()?;
        let place = |what| {
            let path = path.clone();
            move |source| DoorError::Place { what, path, source }
        };
        let lock = path.with_extension("lock");
        let lock = File::create(lock).map_err(place("cannot make the lock beside"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DoorError::Taken { path }),
            Err(TryLockError::Error(source)) => {
                return Err(place("cannot take the lock beside")(source));
            }
        }
        if is_socket(&path) {
            std::fs::remove_file(&path).map_err(place("cannot remove the dead socket"))?;
        }
        let listener = UnixListener::bind(&path).map_err(place("cannot listen at"))?;
        std::fs::set_permissions(&path, Permissions::from_mode(0o600))
            .map_err(place("cannot close to others"))?;
        let meta = std::fs::symlink_metadata(&path).map_err(place("cannot look at"))?;
        Ok(Self {
            listener,
            owner: meta.uid(),
            path,
            _lock: lock,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lets callers in until the porter closes.
    pub async fn serve(self, porter: Arc<Porter>) {
        let mut closing = porter.closing();
        loop {
            let accepted = tokio::select! {
                _ = shown_out(&mut closing) => return,
                accepted = self.listener.accept() => accepted,
            };
            let Ok((stream, _)) = accepted else {
                // Too many open files, most likely: the next may fit when one is closed.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let peer = stream.peer_cred().map(|peer| peer.uid());
            // The mode keeps others out; root comes through it, and has every right here anyway.
            if peer.is_ok_and(|uid| uid == self.owner || uid == 0) {
                let porter = Arc::clone(&porter);
                // A connection's error was told to the client; here it ends nothing but the connection.
                tokio::spawn(async move { guest::serve(porter, stream).await });
            }
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Left behind it does no harm: the next mesh replaces it.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn is_socket(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_socket())
}
