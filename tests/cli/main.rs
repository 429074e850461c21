//! The command line from outside: options, exit codes, what is printed where. Needs no privileges.

mod config_test;
mod options;
mod report;

use std::process::{Command, Output};

/// Runs the program in an empty folder and collects what it says.
fn keepalived(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_keepalived"))
        .args(arguments)
        .output()
        .expect("the program can be started")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
