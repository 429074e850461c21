//! Pid files: the mark of a running daemon, and the lock that keeps a second one from starting.
//!
//! The lock is an open-file-description write lock over the whole file, so it lives exactly as long as the process that
//! holds the descriptor. A file whose writer is gone is taken over silently.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;

/// Readable by everybody, whatever the umask: monitoring depends on it.
const MODE: u32 = 0o644;

/// Why a pid file could not be claimed.
#[derive(Debug)]
pub(crate) enum ClaimError {
    /// Another process holds the lock.
    Locked,
    /// The file cannot be opened, or is a symbolic link.
    Io(io::Error),
}

/// A claimed pid file.
#[derive(Debug)]
pub(crate) struct PidFile {
    path: PathBuf,
    file: File,
}

impl PidFile {
    /// Opens and locks the file, and empties it.
    pub(crate) fn claim(path: &Path) -> Result<Self, ClaimError> {
        loop {
            let file = open(path).map_err(ClaimError::Io)?;
            match lock(&file) {
                Ok(()) => {}
                Err(Errno::EAGAIN | Errno::EACCES) => return Err(ClaimError::Locked),
                Err(errno) => return Err(ClaimError::Io(errno.into())),
            }
            // A predecessor may have removed the file between the two steps above.
            if is_at(&file, path) {
                file.set_len(0).map_err(ClaimError::Io)?;
                return Ok(Self { path: path.to_owned(), file });
            }
        }
    }

    /// Writes a process's number, into a new file if somebody removed the claimed one.
    pub(crate) fn write(&mut self, pid: u32) -> io::Result<()> {
        if !is_at(&self.file, &self.path) {
            let file = open(&self.path)?;
            lock(&file)?;
            self.file = file;
        }
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(format!("{pid}\n").as_bytes())
    }

    /// Removes the file, unless it has become somebody else's, until a number is written.
    pub(crate) fn withdraw(&self) {
        if is_at(&self.file, &self.path) {
            remove(&self.path);
        }
    }

    /// Removes the file for good, unless it has become somebody else's.
    pub(crate) fn remove(self) {
        self.withdraw();
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Removes a pid file. One that is already gone is as good as removed.
pub(crate) fn remove(path: &Path) {
    match std::fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => tracing::info!("Unable to remove pid file {}: {error}", path.display()),
    }
}

fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(MODE)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(path)?;
    file.set_permissions(Permissions::from_mode(MODE))?;
    Ok(file)
}

fn lock(file: &File) -> Result<(), Errno> {
    let whole = libc::flock {
        l_type: libc::c_short::try_from(libc::F_WRLCK).unwrap_or_default(),
        l_whence: libc::c_short::try_from(libc::SEEK_SET).unwrap_or_default(),
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    fcntl(file, FcntlArg::F_OFD_SETLK(&whole)).map(drop)
}

fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), path.symlink_metadata()) {
        (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) == (there.dev(), there.ino()),
        (Err(_), _) | (_, Err(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_claim_is_refused_while_the_first_lives() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keepalived.pid");
        let first = PidFile::claim(&path).unwrap();
        assert!(matches!(PidFile::claim(&path), Err(ClaimError::Locked)));
        drop(first);
        assert!(PidFile::claim(&path).is_ok(), "a stale file is taken over");
    }

    #[test]
    fn the_content_is_a_number_and_a_line_end_readable_by_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keepalived.pid");
        std::fs::write(&path, "123456789\n").unwrap();
        let mut file = PidFile::claim(&path).unwrap();
        file.write(42).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "42\n");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o644);
    }

    #[test]
    fn a_removed_file_is_written_anew_and_locked_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vrrp.pid");
        let mut file = PidFile::claim(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        file.write(7).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "7\n");
        assert!(matches!(PidFile::claim(&path), Err(ClaimError::Locked)));
    }

    #[test]
    fn a_withdrawn_file_is_back_with_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bfd.pid");
        let mut file = PidFile::claim(&path).unwrap();
        file.withdraw();
        assert!(!path.exists());
        file.write(8).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "8\n");
        assert!(matches!(PidFile::claim(&path), Err(ClaimError::Locked)));
    }

    #[test]
    fn a_symbolic_link_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("link.pid");
        std::os::unix::fs::symlink(folder.path().join("target"), &path).unwrap();
        assert!(matches!(PidFile::claim(&path), Err(ClaimError::Io(_))));
    }

    #[test]
    fn a_file_that_became_somebody_elses_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keepalived.pid");
        let file = PidFile::claim(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "99\n").unwrap();
        file.remove();
        assert!(path.exists());
    }
}
