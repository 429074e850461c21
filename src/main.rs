//! keepalived: reads its arguments and becomes the supervisor, one of its workers, or a short-lived tool.

mod capability;
mod check;
mod cli;
mod config_test;
mod daemonize;
mod drive;
mod exit;
mod genhash;
mod ipvsadm;
mod load;
mod log;
mod mirror;
mod notify;
mod pidfile;
mod place;
mod plan;
mod script;
mod signals;
mod supervise;
mod track;
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
            set_umask(options.umask);
            supervise::run(*options, arguments).code()
        }
        Invocation::ConfigTest(options, file) => {
            set_umask(options.umask);
            config_test::run(&options, file.as_deref())
        }
        Invocation::Config(words) => config(words, &cwd),
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

/// `keepalived config …`: what is done with the configuration apart from running it.
fn config(words: Vec<OsString>, cwd: &Path) -> u8 {
    let mut words = words.into_iter();
    match words.next().as_ref().and_then(|word| word.to_str()) {
        Some("check") => check::run(words, cwd),
        Some(_) | None => {
            eprintln!("Usage: keepalived config check [OPTION]... [FILE]");
            Exit::Fatal.code()
        }
    }
}

/// Everything the daemon creates obeys it, except what has a mode of its own.
fn set_umask(mask: u32) {
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(mask));
}
