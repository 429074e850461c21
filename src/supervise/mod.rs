//! The supervisor: reads the configuration, keeps the workers alive, and passes on what it is told.

mod archive;
mod autopsy;
mod banner;
mod daemon;
mod end;
mod given;
mod manager;
mod mark;
mod occasion;
mod pulse;
mod respawn;
mod slot;
mod timetable;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use nix::sys::resource::{UsageWho, getrusage};

use self::daemon::Supervisor;
use self::slot::Slot;
use crate::cli::Options;
use crate::daemonize::daemonize;
use crate::exit::Exit;
use crate::pidfile::{self, ClaimError, PidFile};
use crate::place::Place;
use crate::tune::{self, CorePattern};
use crate::worker::Role;
use crate::{dump, load, log, signals, version};

/// The supervisor's syslog ident.
const IDENT: &str = "Keepalived";

/// Is the daemon, from the first log line to the last.
pub(crate) fn run(options: Options, arguments: Vec<OsString>) -> Exit {
    signals::ignore_accidents();
    signals::hold_orders();
    let log = log::init(settings(&options, IDENT, ""));
    if options.core_files {
        tune::allow_core_files();
    }
    let _core_pattern = options.core_pattern.as_deref().and_then(|pattern| {
        CorePattern::set(pattern)
            .inspect_err(|error| tracing::info!("Unable to name core files {pattern}: {error}"))
            .ok()
    });
    if let Some(folder) = dump::unusable_temporary_folder() {
        tracing::info!("Environment TMPDIR={} not a directory", folder.display());
    }
    banner::announce(&arguments);
    for option in &options.without_effect {
        tracing::warn!("Option --{option} is accepted, but has no effect in this version");
    }
    let exit = match start(options, arguments, &log) {
        Ok(exit) => exit,
        Err(Ended::AlreadyRunning) => return Exit::Ok,
        Err(Ended::With(exit)) => exit,
    };
    if let (Ok(own), Ok(children)) = (getrusage(UsageWho::RUSAGE_SELF), getrusage(UsageWho::RUSAGE_CHILDREN))
    {
        tracing::debug!(
            "CPU usage (self/children) user: {}/{} system: {}/{}",
            seconds(own.user_time()),
            seconds(children.user_time()),
            seconds(own.system_time()),
            seconds(children.system_time())
        );
    }
    tracing::info!("Stopped Keepalived {}", version::release());
    exit
}

/// Why there was nothing to supervise.
enum Ended {
    AlreadyRunning,
    With(Exit),
}

fn start(options: Options, arguments: Vec<OsString>, log: &log::Guard) -> Result<Exit, Ended> {
    let rename = |place: &Place| {
        let ident = place.ident(IDENT);
        if ident != IDENT {
            tracing::info!("Changing syslog ident to {ident}");
            log.rename(&ident, log_file(&options, &place.ident("")));
        }
    };
    let loaded = load::first(&options, rename).map_err(|refusal| Ended::With(refusal.exit))?;

    crate::set_umask(loaded.umask(options.umask));
    let place = loaded.place.clone();
    if loaded.global.max_auto_priority == 0 {
        tracing::info!(
            "NOTICE: setting config option max_auto_priority should result in better keepalived performance"
        );
    }
    place.settle().map_err(|error| {
        tracing::error!("The folder of the pid files cannot be made: {error}");
        Ended::With(Exit::Fatal)
    })?;
    let own_path = options.pid_file.clone().unwrap_or_else(|| place.pid_path());
    let mut own = claim(&own_path)?;
    let slots = match slots(&options, &place) {
        Ok(slots) => slots,
        Err(ended) => {
            own.remove();
            place.leave();
            return Err(ended);
        }
    };

    if !options.foreground {
        daemonize().map_err(|errno| {
            tracing::error!("Unable to become a daemon: {errno}");
            Ended::With(Exit::Fatal)
        })?;
    }
    // No more forks of this process from here on.
    log.background();
    if let Err(error) = own.write(std::process::id()) {
        tracing::info!("Unable to write pid file {}: {error}", own_path.display());
    }
    if let Err(errno) = nix::sys::prctl::set_child_subreaper(true) {
        tracing::info!("Unable to take over orphaned processes: {errno}");
    }

    let result = tokio::runtime::Builder::new_current_thread().enable_all().build().and_then(|runtime| {
        runtime.block_on(async { Supervisor::new(options, arguments, slots, loaded, own_path)?.run().await })
    });
    own.remove();
    place.leave();
    result.map_err(|error| {
        tracing::error!("The supervisor cannot work: {error}");
        Ended::With(Exit::Fatal)
    })
}

/// The places of the workers that may be started, each with its pid file.
fn slots(options: &Options, place: &Place) -> Result<Vec<Slot>, Ended> {
    let mut slots = Vec::new();
    for role in Role::ALL {
        let path = pid_path(options, place, role);
        if !options.enabled(role) {
            pidfile::remove(&path);
            continue;
        }
        match claim(&path) {
            Ok(file) => slots.push(Slot::new(role, file)),
            Err(ended) => {
                slots.into_iter().for_each(Slot::close);
                return Err(ended);
            }
        }
    }
    Ok(slots)
}

fn claim(path: &Path) -> Result<PidFile, Ended> {
    PidFile::claim(path).map_err(|error| {
        match error {
            ClaimError::Locked => tracing::info!("Another process has pid file {} locked", path.display()),
            ClaimError::Io(error) => tracing::info!("Unable to open pid file {}: {error}", path.display()),
        }
        tracing::info!("daemon is already running");
        Ended::AlreadyRunning
    })
}

fn pid_path(options: &Options, place: &Place, role: Role) -> PathBuf {
    let given = match role {
        Role::Checkers => &options.checkers_pid_file,
        Role::Vrrp => &options.vrrp_pid_file,
        Role::Bfd => &options.bfd_pid_file,
    };
    given.clone().unwrap_or_else(|| place.worker_pid_path(role))
}

fn seconds(time: nix::sys::time::TimeVal) -> String {
    format!("{}.{:06}", time.tv_sec(), time.tv_usec())
}

/// The log settings of a process of ours; `tag` is what its file has in its name.
fn settings(options: &Options, ident: &str, tag: &str) -> log::Settings {
    log::Settings {
        ident: ident.to_owned(),
        console: options.console && options.foreground,
        syslog: !options.no_syslog,
        file: log_file(options, tag),
        detail: options.detail,
        facility: options.facility,
    }
}

fn log_file(options: &Options, tag: &str) -> Option<PathBuf> {
    let given = options.log_file.as_ref()?;
    Some(log::file::path(given, &dump::temporary_folder(), tag))
}
