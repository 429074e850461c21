//! Reads the configuration and makes the plan, at the start and again at each reload.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use nix::fcntl::OFlag;
use parser::config::{Config, Global};
use parser::diag::{Class, Diagnostic, Severity, test_exit_code};
use parser::io::files::Files;
use parser::print::Secrets;
use parser::source::{Found, Sources};
use parser::trace::Trace;

use crate::cli::Options;
use crate::exit::Exit;
use crate::flaws::Flaws;
use crate::place::Place;
use crate::plan::at_rest::AtRest;
use crate::plan::packed::Packed;
use crate::plan::{self, Plan, System};

/// A configuration that can be run.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// Counts the configurations of one daemon.
    pub(crate) number: u64,
    /// What the files say of the daemon itself.
    pub(crate) global: Global,
    /// All that the files say; it is looked at for dumps only.
    pub(crate) config: Packed<Config>,
    /// What follows from it.
    pub(crate) plan: Arc<AtRest>,
    /// Mistakes in its structure that it ran with all the same.
    pub(crate) flaws: Flaws,
    /// Where the daemon lives.
    pub(crate) place: Place,
}

/// Why a configuration cannot be run. The messages have been logged.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// How a daemon that has only this configuration ends.
    pub(crate) exit: Exit,
    reason: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// What the files are read for. keepalived takes some numbers with a rest behind them when it runs, and refuses them in a
/// test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// To be run.
    ToRun,
    /// To be tested.
    ToTest,
    /// To be tested, with the place of every message kept.
    Explained(Secrets),
}

/// Everything that was found, without judgement.
#[derive(Debug)]
pub(crate) struct Findings {
    config: Config,
    /// Where the daemon is to live.
    pub(crate) place: Place,
    /// What is wrong.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Where it stands; empty unless it was read to be explained.
    trace: Trace,
}

/// The file system; the log tells of each file that is read.
#[derive(Debug)]
struct Told {
    files: Files,
    /// The name of the main file, until it is read.
    main: Option<String>,
}

impl Sources for Told {
    fn find(&mut self, pattern: &str, directory: &str) -> Found {
        let found = self.files.find(pattern, directory);
        for text in &found.texts {
            tracing::debug!("Opening file '{}'.", text.name);
            if let Some(main) = self.main.take() {
                tracing::info!("Configuration file {main}");
            }
        }
        found
    }

    fn directory(&self) -> String {
        self.files.directory()
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.files.variable(name)
    }

    fn random(&mut self) -> u32 {
        self.files.random()
    }
}

/// Reads the files.
pub(crate) fn read(options: &Options, reading: Reading) -> Findings {
    let id = options.config_id.clone().unwrap_or_else(plan::short_host_name);
    let settings = parser::Options {
        config_id: id,
        all_config: options.all_config,
        lenient: reading == Reading::ToRun,
        show_secrets: reading == Reading::Explained(Secrets::Shown),
        ..Default::default()
    };
    let root = options.file.to_string_lossy();
    let mut files = Told { files: Files::new(), main: Some(root.to_string()) };
    let (config, diagnostics, trace) = match reading {
        Reading::Explained(_) => parser::parse_traced(&root, &mut files, settings),
        Reading::ToRun | Reading::ToTest => {
            let (config, diagnostics) = parser::parse(&root, &mut files, settings);
            (config, diagnostics, Trace::default())
        }
    };
    Findings { place: Place::of(&config.global, options), config, diagnostics, trace }
}

/// The stack of the thread that reads: as much as the first thread of a process has.
const STACK: usize = 8 << 20;

/// Reads the files on a thread of its own, and copies what is kept.
///
/// Reading takes several times what it leaves, in small pieces. On a thread of its own they lie together, and their memory
/// goes back to the system as a whole.
fn read_apart(options: &Options, reading: Reading) -> Findings {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("reader".to_owned()).stack_size(STACK);
        match thread.spawn_scoped(scope, || read(options, reading)).map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(findings)) => Findings { config: findings.config.clone(), ..findings },
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(_) => read(options, reading),
        }
    })
}

impl Loaded {
    /// What files are created without; what the command line gives wins.
    pub(crate) fn umask(&self, given: Option<u32>) -> u32 {
        let configured = self.global.umask.map(u32::from);
        given.or(configured).unwrap_or(crate::DEFAULT_UMASK)
    }
}

impl Findings {
    /// Makes the plan in the light of the running system, as it is seen from where the process is now.
    pub(crate) fn plan(&mut self) -> Plan {
        Plan::new(&self.config, &System::look(), &mut self.diagnostics)
    }

    /// Adds what is wrong in the light of the running system.
    pub(crate) fn examine(&mut self) {
        Plan::examine(&self.config, &System::look(), &mut self.diagnostics);
    }

    /// What was understood.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// The messages, and where they stand.
    pub(crate) fn into_told(self) -> (Vec<Diagnostic>, Trace) {
        (self.diagnostics, self.trace)
    }
}

/// Reads the configuration for the first time.
///
/// The process moves into its network namespace on the way, because what the plan asks of the system is asked there. Before
/// that, `named` learns what the daemon is called there.
pub(crate) fn first(options: &Options, named: impl FnOnce(&Place)) -> Result<Loaded, Refusal> {
    let mut findings = read_apart(options, Reading::ToRun);
    named(&findings.place);
    if let (Some(ours), Some(theirs)) = (&options.namespace, &findings.config.global.net_namespace) {
        let theirs = &theirs.value;
        tracing::info!("Overriding config net_namespace '{theirs}' with command line namespace '{ours}'");
    }
    findings.place.enter().map_err(|error| {
        if let Some(file) = error.not_opened() {
            tracing::error!("{file}");
        }
        tracing::error!("{error}");
        Refusal { exit: Exit::Fatal, reason: error.to_string() }
    })?;
    let plan = findings.plan();
    tell(&findings.diagnostics);
    refuse_fatal(&findings.diagnostics)?;
    if findings.config.global.reload_check_config.is_some() && test_exit_code(&findings.diagnostics) != 0 {
        let reason = "the configuration has errors, and reload_check_config allows none".to_owned();
        tracing::error!("{reason}");
        return Err(Refusal { exit: Exit::Config, reason });
    }
    let flaws = Flaws::among(&findings.diagnostics);
    let plan = at_rest(plan)?;
    let config = packed(&findings.config)?;
    Ok(Loaded { number: 0, plan, flaws, place: findings.place, global: findings.config.global, config })
}

/// Reads the configuration again while `running` is in force.
///
/// keepalived runs with whatever it understood of a file. That is right for a file it was started with, but a file that
/// has been cut off in the middle must not take a running service apart. So a reload is refused when the files cannot be
/// read, when a value is missing that keepalived would end for, when nothing is left to run, and when braces or quotes no
/// longer match although they did before. With `reload_check_config` every error is one too many.
pub(crate) fn again(options: &Options, running: &Loaded) -> Result<Loaded, Refusal> {
    let check = running.global.reload_check_config.as_deref();
    let mut findings = read_apart(options, if check.is_some() { Reading::ToTest } else { Reading::ToRun });
    let plan = at_rest(findings.plan())?;
    let Findings { diagnostics, place, config, .. } = findings;
    match check {
        Some(log) => validate(&diagnostics, Path::new(log))?,
        None => tell(&diagnostics),
    }
    refuse_fatal(&diagnostics)?;
    if let Some(reason) = running.place.change(&place) {
        return Err(Refusal { exit: Exit::Config, reason: reason.to_owned() });
    }
    if running.plan.concerns_anybody() && !plan.concerns_anybody() {
        let reason = "no virtual server and no virtual router is left in it".to_owned();
        return Err(Refusal { exit: Exit::Config, reason });
    }
    if let Some(new) = running.flaws.new_among(&diagnostics) {
        return Err(Refusal { exit: Exit::Config, reason: new.to_string() });
    }
    let flaws = Flaws::among(&diagnostics);
    let packed = packed(&config)?;
    Ok(Loaded { number: running.number + 1, plan, flaws, place, global: config.global, config: packed })
}

fn at_rest(plan: Plan) -> Result<Arc<AtRest>, Refusal> {
    AtRest::new(plan).map(Arc::new).map_err(unpackable)
}

fn packed(config: &Config) -> Result<Packed<Config>, Refusal> {
    Packed::new(config).map_err(unpackable)
}

fn unpackable(error: io::Error) -> Refusal {
    let reason = format!("the configuration cannot be packed: {error}");
    tracing::error!("{reason}");
    Refusal { exit: Exit::Fatal, reason }
}

/// Writes what is wrong to the log file of `reload_check_config`, and allows nothing to be wrong.
fn validate(diagnostics: &[Diagnostic], log: &Path) -> Result<(), Refusal> {
    let shown = diagnostics.iter().filter(|diagnostic| diagnostic.class != Class::Log);
    let text: String = shown.map(|diagnostic| format!("{diagnostic}\n")).collect();
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o644)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(log)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    if let Err(error) = written {
        tracing::info!("Unable to write the log file {} of the configuration check: {error}", log.display());
    }
    if test_exit_code(diagnostics) == 0 {
        return Ok(());
    }
    let reason = format!("New config failed validation, see {} for details", log.display());
    tracing::info!("{reason}");
    Err(Refusal { exit: Exit::Config, reason })
}

fn tell(diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        tracing::info!("{diagnostic}");
    }
}

fn refuse_fatal(diagnostics: &[Diagnostic]) -> Result<(), Refusal> {
    let Some(code) = parser::diag::refusal(diagnostics) else { return Ok(()) };
    let fatal = diagnostics.iter().find(|diagnostic| diagnostic.severity == Severity::Fatal);
    Err(Refusal {
        exit: if code == Exit::NoConfig.code() { Exit::NoConfig } else { Exit::Config },
        reason: fatal.map_or_else(String::new, ToString::to_string),
    })
}
