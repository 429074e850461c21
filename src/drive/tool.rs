//! Programs of the administrator's that speak to the kernel for us, because their kernel interface is theirs alone to know.

use std::io::{self, Write as _};
use std::process::{Command, Stdio};

/// Has a tool read a script and carry it out. Returns what it printed; an error is the first line of its complaint.
pub(super) fn run(tool: &str, arguments: &[&str], script: &str) -> io::Result<String> {
    let mut child = Command::new(tool)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| io::Error::new(error.kind(), format!("cannot run the command {tool}: {error}")))?;
    if let Some(mut input) = child.stdin.take() {
        // One that does not read to the end has something to say.
        let _ = input.write_all(script.as_bytes());
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(said.lines().next().unwrap_or("refused").to_owned()))
}
