//! `reload_file`: a file that is there while the configuration is read, so that whoever writes it knows when not to.

use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

/// The file, for as long as this value lives.
#[derive(Debug)]
pub(super) struct Mark(PathBuf);

impl Mark {
    /// Makes it. Without it the configuration is read all the same.
    pub(super) fn set(path: PathBuf) -> Option<Self> {
        let made = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o644)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(&path)
            // The umask is stricter than what other users' tools need.
            .and_then(|file| file.set_permissions(Permissions::from_mode(0o644)));
        match made {
            Ok(()) => Some(Self(path)),
            Err(error) => {
                tracing::info!("Unable to create reload file {}: {error}", path.display());
                None
            }
        }
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

/// Removes one that a daemon left which could not do it itself.
pub(super) fn remove(path: &Path) {
    // It is not there most of the time.
    let _ = std::fs::remove_file(path);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_empty_readable_by_all_and_gone_in_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("keepalived.reload");
        let mark = Mark::set(place.clone()).unwrap();
        let meta = place.metadata().unwrap();
        assert_eq!((meta.len(), meta.permissions().mode() & 0o777), (0, 0o644));
        drop(mark);
        assert!(!place.exists());
    }
}
