//! Which checkers watch which files.

use std::collections::HashMap;
use std::sync::Arc;

use checkers::CheckerId;
use checkers::params::{CheckerKind, FileCheck, VirtualServerParams};

use crate::plan::watch::File;
use crate::watch::numbers::{Numbers, initialise};

/// The files of all `FILE_CHECK`s, and who hears of them.
#[derive(Debug, Default)]
pub(super) struct Tracked {
    /// None as long as there is no such check.
    numbers: Option<Numbers>,
    /// By the name of the file.
    listeners: HashMap<String, Vec<CheckerId>>,
}

impl Tracked {
    /// As the daemon starts: files that are to begin with a number are written.
    pub(super) fn start(files: Vec<File>, services: &mut [VirtualServerParams]) -> Self {
        initialise(&files);
        let mut this = Self::default();
        this.watch(files, services);
        this
    }

    /// Watches these files from now on, and tells the checkers what they say.
    pub(super) fn watch(&mut self, files: Vec<File>, services: &mut [VirtualServerParams]) {
        self.listeners.clear();
        for_each(services, |id, check| self.listeners.entry(check.name.clone()).or_default().push(id));
        if self.numbers.is_none() && !files.is_empty() {
            match Numbers::new() {
                Ok(numbers) => self.numbers = Some(numbers),
                Err(error) => tracing::error!("Tracked files cannot be watched and count as empty: {error}"),
            }
        }
        let Some(numbers) = &mut self.numbers else { return };
        numbers.reconfigure(files);
        let values: HashMap<&str, i32> = numbers.known().collect();
        for_each(services, |_, check| check.value = values.get(&*check.name).copied().unwrap_or_default());
    }

    /// What each file says, by its name.
    pub(super) fn known(&self) -> impl Iterator<Item = (&str, i32)> {
        self.numbers.iter().flat_map(Numbers::known)
    }

    /// Waits until files say something else: who hears of it, and what. Loses nothing when dropped.
    pub(super) async fn changed(&mut self) -> Vec<(CheckerId, i32)> {
        let Some(numbers) = &mut self.numbers else { return std::future::pending().await };
        let changed = numbers.changed().await;
        let heard = changed.into_iter().flat_map(|(name, value)| {
            let listeners = self.listeners.get(&name).into_iter().flatten();
            listeners.map(move |id| (*id, value))
        });
        heard.collect()
    }
}

fn for_each(services: &mut [VirtualServerParams], mut act: impl FnMut(CheckerId, &mut FileCheck)) {
    for (service, virtual_server) in services.iter_mut().enumerate() {
        for (server, real_server) in virtual_server.servers.iter_mut().enumerate() {
            for (checker, params) in real_server.checkers.iter_mut().enumerate() {
                // Only what is changed becomes a copy of its own.
                if matches!(*params.kind, CheckerKind::File(_))
                    && let CheckerKind::File(check) = Arc::make_mut(&mut params.kind)
                {
                    act(CheckerId { service, server, checker }, check);
                }
            }
        }
    }
}
