//! A configuration that changes: read and checked whole, then given to the workers.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::{Phase, Supervisor};
use crate::applied::Applied;
use crate::load::{self, Loaded};
use crate::memory;
use crate::place;
use crate::plan::{diff, process};
use crate::supervise::mark::Mark;
use crate::worker::ToWorker;

impl Supervisor {
    /// When the last worker has its configuration in force: say so, and go on with what waited for it.
    pub(super) fn settled(&mut self) {
        let Phase::Configuring { first, waiting } = &self.phase else { return };
        if !waiting.is_empty() {
            return;
        }
        tracing::info!("{}", if *first { "Startup complete" } else { "Reload complete" });
        self.manager.ready();
        self.phase = Phase::Running;
        if std::mem::take(&mut self.reload_queued) {
            tracing::debug!("Processing queued reload");
            self.reload();
        } else {
            memory::give_back();
        }
    }

    pub(super) fn reload_requested(&mut self) {
        match self.phase {
            Phase::Running => self.reload(),
            // A worker that died while it took its configuration gets it with its next start. Another configuration may
            // be just what it needs, so there is nothing to wait for.
            Phase::Configuring { .. } if self.waits_for_a_dead_worker() => self.reload(),
            Phase::Configuring { .. } => {
                tracing::debug!("Reload already in progress, request queued");
                self.reload_queued = true;
            }
            Phase::Stopping { .. } => {}
        }
    }

    fn waits_for_a_dead_worker(&self) -> bool {
        let Phase::Configuring { waiting, .. } = &self.phase else { return false };
        self.slots.iter().any(|slot| slot.pid().is_none() && waiting.contains(&slot.role))
    }

    /// Reads the configuration again. Everything is checked before anything is touched.
    pub(super) fn reload(&mut self) {
        let is_checked = self.loaded.global.reload_check_config.is_some();
        if is_checked {
            tracing::debug!("validate conf before Reload");
        } else {
            tracing::info!("Reloading ...");
        }
        let file = self.loaded.global.reload_file.as_deref();
        let reading = file.and_then(|file| Mark::set(place::reload_file(file, &self.pid_path)));
        let read = load::again(&self.options, &self.loaded);
        drop(reading);
        let loaded = match read {
            Ok(loaded) => loaded,
            Err(refusal) => {
                let reason = refusal.to_string();
                tracing::error!(
                    "Reload refused: {}. Everything keeps running as it was configured before",
                    reason.trim_end_matches('.')
                );
                self.manager.still_ready();
                return;
            }
        };
        if is_checked {
            tracing::info!("Reloading ...");
        }
        self.tell_changes(&loaded);
        self.manager.reloading();
        self.loaded = Arc::new(loaded);
        crate::set_umask(self.loaded.umask(self.options.umask));
        self.tuner.apply(&process::supervisor(&self.loaded.global));
        self.show_applied();
        self.follow_timetable();
        let sessions = &self.loaded.plan.sessions;
        self.paths.retain(|name, _| sessions.contains(name));
        // Those that are about to be started again get the new plan then.
        let mut waiting: BTreeSet<_> =
            self.slots.iter().filter(|slot| slot.restart_at.is_some()).map(|slot| slot.role).collect();
        let (loaded, number) = (Arc::clone(&self.loaded), self.loaded.number);
        let running: Vec<_> =
            self.slots.iter().filter(|slot| slot.pid().is_some()).map(|slot| slot.role).collect();
        for role in running {
            match loaded.plan.reload_message(role, number) {
                Ok(message) => {
                    self.slot(role).into_iter().for_each(|slot| slot.given.more(number, &loaded.plan));
                    self.hand_over(role, number, message);
                    self.tell(role, &ToWorker::Tune(self.tuning(role)));
                    self.recite(role);
                    self.repeat_paths(role);
                    waiting.insert(role);
                }
                Err(error) => tracing::error!("{} process cannot be reloaded: {error}", role.title()),
            }
        }
        let first = matches!(self.phase, Phase::Configuring { first: true, .. });
        self.phase = Phase::Configuring { first, waiting };
        self.start_missing_workers();
        self.settled();
    }

    /// Logs what a new configuration changes.
    fn tell_changes(&self, new: &Loaded) {
        /// Who changes more than this does not read it line by line.
        const LINES: usize = 100;
        let lines = match (self.loaded.plan.unpack(), new.plan.unpack()) {
            (Ok(old), Ok(new)) => diff::changes((&old.vrrp, &old.checkers), (&new.vrrp, &new.checkers)),
            (Err(error), _) | (_, Err(error)) => {
                return tracing::error!("What changes cannot be told: {error}");
            }
        };
        for line in lines.iter().take(LINES) {
            tracing::info!("Change: {line}");
        }
        if lines.len() > LINES {
            tracing::info!("Change: {} more", lines.len() - LINES);
        }
    }

    /// Shows what is in force to who asks now, and keeps it for who asks later.
    pub(super) fn show_applied(&mut self) {
        let folder = self.loaded.global.config_save_dir.as_deref();
        self.archive.keep(folder, &self.loaded.config);
        match Applied::publish(&self.loaded.plan, &self.loaded.flaws) {
            Ok(applied) => self.applied = Some(applied),
            Err(error) => tracing::debug!("What is in force cannot be shown to config diff: {error}"),
        }
    }

    pub(super) fn follow_timetable(&mut self) {
        let global = &self.loaded.global;
        self.timetable.follow(global.reload_time_file.as_deref().map(Path::new), global.reload_repeat);
    }
}
