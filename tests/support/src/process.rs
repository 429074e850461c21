//! A process on a node, with its journal; killed with all its descendants on drop.

use crate::{
    epitaph,
    failure::{Failure, Outcome, While as _},
    journal::{Journal, Mark},
    scene::Node,
    wait::eventually,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    collections::BTreeMap,
    fs,
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

/// A running program.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    journal: Journal,
}

impl Process {
    /// Starts `command` on `node`; what it writes goes to the journal.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(node: &Node, mut command: Command) -> Outcome<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = node
            .enter(|| command.spawn())?
            .doing(format_args!("cannot start {program} on {}", node.name()))?;
        let journal = Journal::default();
        if let Some(stdout) = child.stdout.take() {
            journal.follow(stdout);
        }
        if let Some(stderr) = child.stderr.take() {
            journal.follow(stderr);
        }
        Ok(Self { name: format!("{program} on {}", node.name()), child, journal })
    }

    /// What it has written.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Its process number.
    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// Its children, oldest first.
    pub fn children(&self) -> Vec<Pid> {
        children_of(self.pid())
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// It is gone.
    pub fn signal(&self, signal: Signal) -> Outcome {
        kill(self.pid(), signal).doing(format_args!("cannot signal {}", self.name))
    }

    /// Kills it and every descendant without a chance to react, as a power cut would.
    pub fn cut(&mut self) {
        // Stopped, it can neither start a child again nor, by its death, tell one to stop in good order.
        if self.is_running() {
            // Failures mean that the process has ended by itself.
            let _ = kill(self.pid(), Signal::SIGSTOP);
            let descendants = descendants(self.pid());
            for descendant in &descendants {
                let _ = kill(*descendant, Signal::SIGKILL);
            }
            let _ = kill(self.pid(), Signal::SIGKILL);
            let _ = self.child.wait();
            // A successor must not find one that is still to be reaped: whoever adopts them may take a moment.
            let are_gone = || descendants.iter().all(|one| kill(*one, None).is_err()).then_some(());
            let _ = eventually("the end of its descendants", Duration::from_secs(2), are_gone);
        }
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// It did not end in time.
    pub fn wait(&mut self, within: Duration) -> Outcome<ExitStatus> {
        let what = format!("the end of {}", self.name);
        eventually(&what, within, || self.child.try_wait().transpose())?.map_err(Failure::from)
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.cut();
        let lines = self.journal.since(Mark::default());
        let text: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
        epitaph::keep(format!("--- {} wrote:\n    {}", self.name, text.join("\n    ")));
    }
}

/// Whether a process runs (one that has ended and waits to be collected does not).
pub fn is_alive(pid: Pid) -> bool {
    stat(pid).is_some_and(|(state, _)| state != 'Z' && state != 'X')
}

/// The children of a process, oldest first; those that have ended are among them until somebody has collected them.
pub fn children_of(parent: Pid) -> Vec<Pid> {
    parents().iter().filter(|(_, of)| **of == parent).map(|(pid, _)| *pid).collect()
}

/// All descendants of a process, parents before their children.
fn descendants(ancestor: Pid) -> Vec<Pid> {
    let parents = parents();
    let mut found = vec![ancestor];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(parents.iter().filter(|(_, of)| **of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found.split_off(1)
}

/// Every process and its parent.
fn parents() -> BTreeMap<Pid, Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).map(Pid::from_raw);
    pids.filter_map(|pid| stat(pid).map(|(_, parent)| (pid, parent))).collect()
}

/// State letter and parent of a process.
fn stat(pid: Pid) -> Option<(char, Pid)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the name in parentheses and may contain anything.
    let mut fields = text.get(text.rfind(')')? + 2..)?.split(' ');
    let state = fields.next()?.chars().next()?;
    Some((state, Pid::from_raw(fields.next()?.parse().ok()?)))
}
