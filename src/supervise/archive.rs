//! `config_save_dir`: a copy of every configuration that was put in force, so that somebody can look later at what it was.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use parser::config::Config;
use parser::print::{Secrets, print};

use crate::plan::packed::Packed;

/// Counts the copies of one daemon.
#[derive(Debug, Default)]
pub(super) struct Archive {
    next: u32,
}

impl Archive {
    /// Keeps a copy where the configuration wants it, readable by the daemon's user alone: passwords are in it.
    pub(super) fn keep(&mut self, folder: Option<&str>, config: &Packed<Config>) {
        let number = self.next;
        self.next += 1;
        let Some(folder) = folder else { return };
        let path = Path::new(folder).join(format!("keepalived.conf.{}.{number}", std::process::id()));
        let written = config.unpack().and_then(|config| write(&path, &print(&config, Secrets::Shown)));
        if let Err(error) = written {
            tracing::info!("Unable to keep a copy of the configuration in {}: {error}", path.display());
        }
    }
}

fn write(path: &PathBuf, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600).custom_flags(OFlag::O_NOFOLLOW.bits());
    options.open(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn every_configuration_has_a_copy_of_its_own_that_reads_the_same() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = parent.path().join("kept");
        let mut config = Config::default();
        let mut archive = Archive::default();
        for router in ["one", "two"] {
            config.global.router_id = Some(router.into());
            archive.keep(folder.to_str(), &Packed::new(&config).expect("packs"));
        }
        let name = |number| folder.join(format!("keepalived.conf.{}.{number}", std::process::id()));
        assert!(fs::read_to_string(name(0)).expect("the first").contains("router_id one"));
        assert!(fs::read_to_string(name(1)).expect("the second").contains("router_id two"));
        assert_eq!(fs::metadata(name(0)).expect("it is there").permissions().mode() & 0o777, 0o600);
    }
}
