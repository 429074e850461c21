//! What the VRRP worker watches for its routers: scripts, files, processes. What nobody watches is left out.

use std::time::Duration;

use parser::config::{self, Config, Program as Said, Tracking};
use parser::diag::Class;
use serde::{Deserialize, Serialize};

use super::buffer::{self, Buffer};
use super::script::{Refusal, Vetting};
use crate::script::{Identity, Program};

/// Everything that is watched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Watched {
    /// `vrrp_script`
    pub(crate) scripts: Vec<Script>,
    /// `track_file`
    pub(crate) files: Vec<File>,
    /// `vrrp_track_process`
    pub(crate) processes: Vec<Process>,
    /// `process_monitor_rcv_bufs`
    pub(crate) process_buffer: Option<Buffer>,
}

/// A script that is run again and again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Script {
    /// Its name.
    pub(crate) name: String,
    /// What runs.
    pub(crate) program: Program,
    /// From one start to the next.
    pub(crate) interval: Duration,
    /// How long it may run.
    pub(crate) timeout: Duration,
    /// Successes until it is good.
    pub(crate) rise: u32,
    /// Failures until it is bad.
    pub(crate) fall: u32,
    /// It is bad until it was good.
    pub(crate) init_fail: bool,
}

/// A file with a number in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct File {
    /// Its name.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) path: String,
    /// What is written to it at the start.
    pub(crate) init: Option<i32>,
    /// Also when there is one already.
    pub(crate) overwrite: bool,
}

/// How the words of a command line are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Words {
    /// Not at all: the process's own name counts.
    Name,
    /// The first counts, the others may be any.
    Program,
    /// All of them, exactly.
    Exact,
    /// The configured ones are the first of the real ones.
    Partial,
    /// As `Partial`, and the last may be the beginning of the real one.
    Initial,
}

/// A process of which so many have to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Process {
    /// Its name.
    pub(crate) name: String,
    /// The program and its words.
    pub(crate) command: Vec<String>,
    /// How they are compared.
    pub(crate) words: Words,
    /// How many have to run.
    pub(crate) quorum: u32,
    /// How many may run.
    pub(crate) quorum_max: Option<u32>,
    /// How long too few do not count.
    pub(crate) terminate_delay: Duration,
    /// How long enough do not count.
    pub(crate) fork_delay: Duration,
}

/// What is watched by anybody.
pub(super) fn plan(config: &Config, vetting: &mut Vetting<'_>) -> Watched {
    let all: Vec<&Tracking> = config
        .vrrp_instances
        .iter()
        .map(|instance| &instance.tracking)
        .chain(config.sync_groups.iter().map(|group| &group.tracking))
        .collect();
    let used =
        |list: &dyn Fn(&Tracking) -> Vec<usize>, at: usize| all.iter().any(|one| list(one).contains(&at));
    let scripts_of = |one: &Tracking| one.scripts.iter().map(|line| line.what).collect();
    let files_of = |one: &Tracking| one.files.iter().map(|line| line.what).collect();
    let processes_of = |one: &Tracking| one.processes.iter().map(|line| line.what).collect();
    let mut scripts = Vec::new();
    for (at, script) in config.scripts.iter().enumerate() {
        if config.vrrp_instances.is_empty() {
            // Without virtual routers nothing runs it; whether it could be run is not asked.
            if let Said::Run(run) = &script.program {
                let _nobody_told = vetting.check_user(&owner(script), run);
            }
            continue;
        }
        // Also one that nobody watches is looked at: it counts for the security of the whole (config-language.md §14.3).
        let planned = self::script(script, vetting);
        if used(&scripts_of, at) {
            scripts.extend(planned);
        } else {
            vetting.complain(Class::Log, None, format!("Warning - script {} is not used", script.name));
        }
    }
    let files = config.track_files.iter().enumerate().filter(|(at, _)| used(&files_of, *at));
    let processes = config.track_processes.iter().enumerate().filter(|(at, _)| used(&processes_of, *at));
    Watched {
        scripts,
        files: files.map(|(_, one)| file(one)).collect(),
        processes: processes.map(|(_, one)| process(one)).collect(),
        process_buffer: buffer::plan(config.global.process_monitor_rcv_bufs),
    }
}

/// What messages call it.
fn owner(script: &config::TrackScript) -> String {
    format!("vrrp script {}", script.name)
}

fn script(script: &config::TrackScript, vetting: &mut Vetting<'_>) -> Option<Script> {
    let program = match &script.program {
        Said::Run(run) => vetting.check(&owner(script), run),
        Said::CanRead { path, .. } => {
            vetting.usual().map(|identity| can_read(path, identity)).map_err(|()| Refusal::NoUser)
        }
    };
    let program = match program {
        Ok(program) => program,
        Err(refusal) => {
            let why = match refusal {
                Refusal::NotFound => "since not found/accessible",
                Refusal::Insecure => "due to insecure",
                Refusal::NotExecutable | Refusal::NoUser => return None,
            };
            vetting.complain(Class::General, None, format!("Disabling track script {} {why}", script.name));
            return None;
        }
    };
    Some(Script {
        name: script.name.clone(),
        program,
        interval: script.interval,
        timeout: script.timeout.unwrap_or(script.interval),
        rise: script.rise,
        fall: script.fall,
        init_fail: script.init_fail,
    })
}

/// A script of the shell that succeeds when a file can be opened.
fn can_read(path: &str, identity: Identity) -> Program {
    let argv = ["sh", "-c", r#": <"$0""#, path].map(str::to_owned).to_vec();
    Program { path: "/bin/sh".to_owned(), argv, by_shell: false, identity }
}

fn file(file: &config::TrackFile) -> File {
    File { name: file.name.clone(), path: file.path.clone(), init: file.init, overwrite: file.overwrite }
}

fn process(process: &config::TrackProcess) -> Process {
    use config::ParamMatch;
    let words = match (process.param_match, process.full_command) {
        (ParamMatch::None, false) => Words::Name,
        (ParamMatch::None, true) => Words::Program,
        (ParamMatch::Exact, _) => Words::Exact,
        (ParamMatch::Partial, _) => Words::Partial,
        (ParamMatch::Initial, _) => Words::Initial,
    };
    Process {
        name: process.name.clone(),
        command: process.command.clone(),
        words,
        quorum: process.quorum,
        quorum_max: process.quorum_max,
        terminate_delay: process.terminate_delay,
        fork_delay: process.fork_delay,
    }
}
