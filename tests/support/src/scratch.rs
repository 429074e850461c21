//! A folder on the host for what a world and its starter exchange; removed on drop.

use crate::failure::{Outcome, While as _};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

const PREFIX: &str = "keepalived-lab-";

/// A folder named after this process.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Outcome<Self> {
        static FOLDERS: AtomicU32 = AtomicU32::new(0);
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("{PREFIX}{}-{number}", process::id()));
        fs::create_dir(&path).doing(path.display())?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Removes the folders of processes that were killed before they could do so.
    pub(crate) fn remove_orphans() {
        for entry in fs::read_dir(env::temp_dir()).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next());
            if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
                // Somebody else's, or another start was quicker.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // The next start tries again.
        let _ = fs::remove_dir_all(&self.0);
    }
}
