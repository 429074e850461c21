//! The first lines in the log.

use std::ffi::OsString;

use crate::version;

/// Where a line of the command line is broken.
const WIDTH: usize = 100;

/// Says who we are, where we run, and how we were called.
pub(super) fn announce(arguments: &[OsString]) {
    tracing::info!("Starting Keepalived {}", version::release());
    if let Some(running) = version::running_on() {
        tracing::info!("{running}");
    }
    for line in command_line(arguments) {
        tracing::info!("{line}");
    }
}

fn command_line(arguments: &[OsString]) -> Vec<String> {
    const START: &str = "Command line:";
    let mut lines = vec![START.to_owned()];
    for argument in arguments {
        let word = format!(" '{}'", argument.to_string_lossy().replace('\'', r"'\''"));
        let last = lines.last_mut().expect("there is always a first line");
        if last.len() > START.len() && last.len() + word.len() > WIDTH {
            lines.push(format!("{:width$}{word}", "", width = START.len()));
        } else {
            last.push_str(&word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_command_line_continues_under_its_first_quote() {
        let long = "x".repeat(60);
        let words = ["keepalived", "-f", &long, &long].map(OsString::from);
        assert_eq!(
            command_line(&words),
            [format!("Command line: 'keepalived' '-f' '{long}'"), format!("              '{long}'")]
        );
    }
}
