//! Both programs on the same command lines: exit code, standard output and standard error.

use lab::{Binary, Failure, Outcome, Scene, pair::Cast};
use std::{
    fs,
    process::{Command, Stdio},
};

/// `GOOD` and `BAD` stand for files without and with a mistake.
const LINES: [&str; 36] = [
    "-Z",
    "--nosuch",
    "-nlDZ",
    "-nZ --nosuch -Q",
    "-f",
    "-n -f",
    "--use-file=",
    "--signum=FOO",
    "--signum STOP",
    "--signum=stop",
    "--sig=JSON",
    "--signum=RELOAD",
    "--signum=DATA",
    "--signum=STATS",
    "--signum=STATS_CLEAR",
    "-x --signum STOP",
    "-Z --signum STOP",
    "-nlD --signum STOP -Z",
    "--log -t -f GOOD",
    "--no -t -f GOOD",
    "--vrrp= -t -f GOOD",
    "--vrrp=x -t -f GOOD",
    "-t -f GOOD",
    "-t -fGOOD",
    "-t --use-file=GOOD",
    "-t --use-file GOOD",
    "-t --use-f GOOD",
    "-t --vrrp --no_bfd -f GOOD",
    "-t -f GOOD extra words",
    "-t extra -f GOOD -- -Z words",
    "-t -f GOOD -",
    "-t -u 999 -f GOOD",
    "-t -u 0x1f -i id -e -f GOOD",
    "-t=/nonexistent/log -f GOOD",
    "-t/nonexistent/log -f BAD",
    "-L -t -f GOOD",
];

/// How a program ends and what it says.
fn answer(binary: &Binary, words: &[String]) -> Outcome<(Option<i32>, String, String)> {
    let mut command = Command::new("timeout");
    command.arg("10").arg(binary.as_ref()).args(words).stdin(Stdio::null());
    let output = command.output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((output.status.code(), text(&output.stdout), text(&output.stderr)))
}

pub(crate) fn command_lines_are_answered_alike(cast: &Cast) -> Outcome {
    let scene = Scene::new()?;
    let node = scene.node("one")?;
    let [good, bad] = ["/run/good.conf", "/run/bad.conf"].map(|path| node.outside(path));
    fs::write(&good, "global_defs {\n}\n")?;
    fs::write(&bad, "bogus\n")?;
    let mut differ = Vec::new();
    for line in LINES {
        let line =
            line.replace("GOOD", &good.display().to_string()).replace("BAD", &bad.display().to_string());
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        let (ours, theirs) = (answer(&cast.one, &words)?, answer(&cast.two, &words)?);
        if ours != theirs {
            differ.push(format!("{line}\n  ours:   {ours:?}\n  theirs: {theirs:?}"));
        }
    }
    if differ.is_empty() { Ok(()) } else { Err(Failure::new(differ.join("\n"))) }
}
