//! Reads the configuration and makes the plan, at the start and again at each reload.

use std::collections::BTreeSet;
use std::fmt;

use parser::diag::{Class, Diagnostic, Severity};

use crate::cli::Options;
use crate::exit::Exit;
use crate::plan::{Plan, System};

/// A configuration that can be run.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// What follows from it.
    pub(crate) plan: Plan,
    /// Mistakes in its structure that it ran with all the same.
    structural: BTreeSet<Class>,
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
}

/// Everything that was found, without judgement.
pub(crate) fn examine(options: &Options, reading: Reading) -> (Plan, Vec<Diagnostic>) {
    let system = System::look();
    let id = match &options.config_id {
        Some(id) => id.clone(),
        None => system.node.split('.').next().unwrap_or_default().to_owned(),
    };
    let settings = parser::Options {
        config_id: id,
        all_config: options.all_config,
        lenient: reading == Reading::ToRun,
        ..Default::default()
    };
    let mut files = parser::io::files::Files::new();
    let root = options.file.to_string_lossy();
    let (config, mut diagnostics) = parser::parse(&root, &mut files, settings);
    let plan = Plan::new(&config, &system, &mut diagnostics);
    (plan, diagnostics)
}

/// Reads the configuration for the first time.
pub(crate) fn first(options: &Options) -> Result<Loaded, Refusal> {
    let (plan, diagnostics) = examine(options, Reading::ToRun);
    tell(&diagnostics);
    refuse_fatal(&diagnostics)?;
    Ok(Loaded { plan, structural: structural(&diagnostics) })
}

/// Reads the configuration again while `running` is in force.
///
/// keepalived runs with whatever it understood of a file. That is right for a file it was started with, but a file that
/// has been cut off in the middle must not take a running service apart. So a reload is refused when the files cannot be
/// read, when a value is missing that keepalived would end for, and when braces or quotes no longer match although they
/// did before.
pub(crate) fn again(options: &Options, running: &Loaded) -> Result<Loaded, Refusal> {
    let (plan, diagnostics) = examine(options, Reading::ToRun);
    tell(&diagnostics);
    refuse_fatal(&diagnostics)?;
    let structural = structural(&diagnostics);
    if let Some(new) = structural.difference(&running.structural).next() {
        let found = diagnostics.iter().find(|diagnostic| diagnostic.class == *new);
        let reason = found.map_or_else(String::new, ToString::to_string);
        return Err(Refusal { exit: Exit::Config, reason });
    }
    Ok(Loaded { plan, structural })
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

/// The classes that say that the file is not built as its author meant it.
fn structural(diagnostics: &[Diagnostic]) -> BTreeSet<Class> {
    diagnostics
        .iter()
        .map(|diagnostic| diagnostic.class)
        .filter(|class| {
            matches!(
                class,
                Class::UnexpectedOpen
                    | Class::MissingOpen
                    | Class::UnexpectedClose
                    | Class::MissingClose
                    | Class::UnmatchedQuote
            )
        })
        .collect()
}
