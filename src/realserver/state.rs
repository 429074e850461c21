//! What was changed and how it was before, kept in a file until it is undone.

use std::fs::{self, DirBuilder};
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::num::NonZeroU16;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::place::Place;

const FOLDER: &str = "/run/keepalived";

/// How one change is taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Undo {
    /// Give a kernel parameter its old value, if it still has the one that it was given.
    Reset {
        /// Its path below `/proc/sys`.
        path: String,
        /// The old value.
        before: String,
        /// The one it was given.
        given: String,
    },
    /// Switch a device off.
    Down(String),
    /// Have the device for tunnels over IPv6 take again what it took before.
    Mode(String),
    /// Stop taking apart what comes to a UDP port.
    Close {
        /// Whether by IPv6.
        v6: bool,
        /// Which port.
        port: NonZeroU16,
    },
    /// Delete an address.
    Remove {
        /// Which.
        address: IpAddr,
        /// Where it is.
        device: String,
    },
}

/// The file of one host, or of one of its network namespaces.
#[derive(Debug)]
pub(crate) struct State {
    path: PathBuf,
    /// In the order in which things were changed.
    pub(crate) undos: Vec<Undo>,
}

impl State {
    /// Reads what is known; nothing, if there is no file.
    pub(crate) fn load(place: &Place) -> io::Result<Self> {
        let name = match place.namespace() {
            Some(namespace) => format!("realserver_{namespace}.json"),
            None => "realserver.json".to_owned(),
        };
        Self::load_from(Path::new(FOLDER).join(name))
    }

    fn load_from(path: PathBuf) -> io::Result<Self> {
        let undos = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok(Self { path, undos })
    }

    /// Where it is kept.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes it down, all or nothing; without anything to undo there is no file.
    pub(crate) fn store(&self) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        if self.undos.is_empty() {
            let removed = match fs::remove_file(&self.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                Ok(()) | Err(_) => Ok(()),
            };
            // Others may keep files there; then it stays.
            let _ = fs::remove_dir(folder);
            return removed;
        }
        DirBuilder::new().recursive(true).mode(0o755).create(folder)?;
        // Made with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer_pretty(&mut file, &self.undos)?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_is_stored_is_loaded_and_an_empty_list_leaves_no_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("below/state.json");
        let mut state = State::load_from(path.clone()).expect("no file is no error");
        state.undos = vec![
            Undo::Reset {
                path: "net/ipv4/conf/all/arp_ignore".into(),
                before: "0".into(),
                given: "1".into(),
            },
            Undo::Remove { address: IpAddr::from([10, 1, 0, 100]), device: "lo".into() },
        ];
        state.store().expect("it is written");
        let mode = fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let mut again = State::load_from(path.clone()).expect("it is read");
        assert_eq!(again.undos, state.undos);
        again.undos.clear();
        again.store().expect("it is removed");
        assert!(!path.exists());
    }
}
