//! Which checkers watch which files.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use checkers::CheckerId;
use checkers::params::{CheckerKind, VirtualServerParams};

use crate::track::file::{Files, Reading};

/// The files of all `FILE_CHECK`s, and who hears of them.
#[derive(Debug, Default)]
pub(super) struct Tracked {
    files: Option<Files>,
    listeners: HashMap<PathBuf, Vec<CheckerId>>,
}

/// Watches the files that checkers want to hear of, and tells the checkers what these say now.
pub(super) fn watch_files(services: &mut [VirtualServerParams]) -> Tracked {
    let mut listeners: HashMap<PathBuf, Vec<CheckerId>> = HashMap::new();
    for_each(services, |id, check| listeners.entry(check.path.clone()).or_default().push(id));
    if listeners.is_empty() {
        return Tracked::default();
    }
    match Files::watch(listeners.keys().cloned().collect()) {
        Ok(files) => {
            for_each(services, |_, check| check.value = files.first(&check.path));
            Tracked { files: Some(files), listeners }
        }
        Err(error) => {
            tracing::error!("Tracked files cannot be watched and count as empty: {error}");
            Tracked::default()
        }
    }
}

fn for_each(
    services: &mut [VirtualServerParams],
    mut act: impl FnMut(CheckerId, &mut checkers::params::FileCheck),
) {
    for (service, virtual_server) in services.iter_mut().enumerate() {
        for (server, real_server) in virtual_server.servers.iter_mut().enumerate() {
            for (checker, params) in real_server.checkers.iter_mut().enumerate() {
                if let CheckerKind::File(check) = &mut params.kind {
                    act(CheckerId { service, server, checker }, check);
                }
            }
        }
    }
}

impl Tracked {
    /// The next file that says something else. Loses nothing when dropped.
    pub(super) async fn next(&mut self) -> Reading {
        match &mut self.files {
            Some(files) => files.next().await,
            None => std::future::pending().await,
        }
    }

    /// Who hears of a file.
    pub(super) fn watching(&self, path: &Path) -> Vec<CheckerId> {
        self.listeners.get(path).cloned().unwrap_or_default()
    }
}
