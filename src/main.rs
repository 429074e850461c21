//! keepalived: reads its arguments and becomes the supervisor, one of its workers, or a short-lived tool.

mod applied;
mod capability;
mod check;
mod cli;
mod config_diff;
mod config_test;
mod daemonize;
mod doctor;
mod drive;
mod dump;
mod exit;
mod explain;
mod flaws;
mod genhash;
mod ipvsadm;
mod load;
mod log;
mod memory;
mod mirror;
mod namespace;
mod netlink;
mod notify;
mod pidfile;
mod place;
mod plan;
mod print;
mod realserver;
mod receive_buffer;
mod script;
mod signals;
mod status;
mod supervise;
mod tune;
mod unusable;
mod version;
mod watch;
mod worker;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use cli::Invocation;
use exit::Exit;

fn main() -> ExitCode {
    if let Ok(assignment) = std::env::var(worker::ENV) {
        let exit = match assignment.as_str() {
            script::launch::ROLE => script::launch::main(),
            _ => worker::main(&assignment),
        };
        return ExitCode::from(exit.code());
    }
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let cwd = std::env::current_dir().unwrap_or_else(|_| "/".into());
    let (invocation, said) = cli::read(arguments.iter().cloned(), &cwd);
    print!("{}", said.out);
    eprint!("{}", said.err);
    let code = match invocation {
        Invocation::Run(options) => {
            set_umask(options.umask.unwrap_or(DEFAULT_UMASK));
            supervise::run(*options, arguments).code()
        }
        Invocation::ConfigTest(options, file) => {
            set_umask(options.umask.unwrap_or(DEFAULT_UMASK));
            config_test::run(&options, file.as_deref())
        }
        Invocation::Config(words) => config(words, &cwd),
        Invocation::Doctor(words) => doctor::run(words, &cwd),
        Invocation::Realserver(words) => realserver::run(words, &cwd),
        Invocation::Version => {
            eprint!("{}", version::text());
            Exit::Ok.code()
        }
        Invocation::Help(text) => {
            eprint!("{text}");
            Exit::Ok.code()
        }
        Invocation::Signum(number) => {
            println!("{number}");
            Exit::Ok.code()
        }
        Invocation::Refused => Exit::Fatal.code(),
        Invocation::Genhash(call) => genhash::run(call).code(),
        Invocation::Ipvsadm(call) => ipvsadm::run(&call),
    };
    ExitCode::from(code)
}

/// What files are created without unless the user wants something else: everything but reading and writing by the owner.
pub(crate) const DEFAULT_UMASK: u32 = 0o177;

/// What `keepalived config` can do.
const CONFIG_USAGE: &str = "\
Usage: keepalived config COMMAND

  check [OPTION]... [FILE]   Show what is wrong with the configuration, and where
  diff [OPTION]... [FILE]    Show what a reload of the running daemon would change
  print [OPTION]... [FILE]   Write the configuration as it is understood, in its own language
  explain WORD...            Show what the reference says about a keyword; BLOCK/WORD narrows it to a block
";

/// `keepalived config …`: what is done with the configuration apart from running it.
fn config(words: Vec<OsString>, cwd: &Path) -> u8 {
    let mut words = words.into_iter();
    match words.next().as_ref().and_then(|word| word.to_str()) {
        Some("check") => check::run(words, cwd),
        Some("diff") => config_diff::run(words, cwd),
        Some("print") => print::run(words, cwd),
        Some("explain") => explain::run(words),
        Some("help" | "--help" | "-h") => {
            print!("{CONFIG_USAGE}");
            Exit::Ok.code()
        }
        Some(_) | None => {
            eprint!("{CONFIG_USAGE}");
            Exit::Fatal.code()
        }
    }
}

/// Everything the daemon creates obeys it, except what has a mode of its own.
pub(crate) fn set_umask(mask: u32) {
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(mask));
}
