//! What others hear of a change: scripts first, then FIFOs, then mail.

use vrrp::{Mention, Priority, State};

use crate::notify;
use crate::notify::fifo::Fifos;
use crate::notify::mail::Mailer;
use crate::plan::notify::Scripts as Plan;
use crate::script::{Job, Lane, Program, Runner};

/// Who changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who<'a> {
    /// A virtual router, and its effective priority.
    Instance(&'a str, Priority),
    /// A sync group.
    Group(&'a str),
}

impl Who<'_> {
    fn kind(self) -> &'static str {
        match self {
            Self::Instance(..) => "INSTANCE",
            Self::Group(_) => "GROUP",
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Instance(name, _) | Self::Group(name) => name,
        }
    }

    fn priority(self) -> u8 {
        match self {
            Self::Instance(_, priority) => priority.get(),
            Self::Group(_) => 0,
        }
    }

    fn line(self, word: &str) -> String {
        format!("{} \"{}\" {word} {}\n", self.kind(), self.name(), self.priority())
    }
}

/// The word for a state; nobody is told that something has not begun.
fn word(state: State) -> Option<&'static str> {
    match state {
        State::Init => None,
        State::Backup => Some("BACKUP"),
        State::Master => Some("MASTER"),
        State::Fault => Some("FAULT"),
        State::Deleted => Some("DELETED"),
        State::Stopped => Some("STOP"),
    }
}

/// The voice of one virtual router or sync group.
#[derive(Debug, Default)]
pub(super) struct Voice {
    /// The way its scripts go; made for the first of them.
    lane: Option<Lane>,
    /// The last state told by mail; the same one twice is told once.
    mailed: Option<State>,
}

/// Everybody who listens.
#[derive(Debug)]
pub(super) struct Listeners {
    pub(super) runner: Option<Runner>,
    pub(super) fifos: Fifos,
    pub(super) mailer: Mailer,
    /// Whether faults are told by mail.
    pub(super) mails_faults: bool,
}

impl Listeners {
    /// Tells of a change of state.
    pub(super) fn state(&mut self, voice: &mut Voice, who: Who<'_>, plan: &Plan, by_mail: bool, to: State) {
        let Some(word) = word(to) else { return };
        self.run(voice, jobs(who, plan, to, word), to);
        self.fifos.write(&who.line(word));
        let by_mail = by_mail && (self.mails_faults || to != State::Fault);
        if by_mail && voice.mailed != Some(to) {
            voice.mailed = Some(to);
            self.mail(who, to);
        }
    }

    /// Writes a state to the FIFOs again.
    pub(super) fn repeat(&mut self, who: Who<'_>, state: State) {
        if let Some(word) = word(state) {
            self.fifos.write(&who.line(word));
        }
    }

    /// Tells of what is no change of state.
    pub(super) fn mention(
        &mut self,
        voice: &mut Voice,
        who: Who<'_>,
        plan: &Plan,
        state: State,
        what: Mention,
    ) {
        let word = match (what, state) {
            (Mention::LowerHeard, _) => {
                let script = plan.lower_heard.iter().map(|program| job(program, Vec::new())).collect();
                self.run(voice, script, state);
                "MASTER_RX_LOWER_PRI"
            }
            (Mention::PriorityChanged, State::Master) => "MASTER_PRIORITY",
            (
                Mention::PriorityChanged,
                State::Init | State::Backup | State::Fault | State::Deleted | State::Stopped,
            ) => "BACKUP_PRIORITY",
        };
        self.fifos.write(&who.line(word));
    }

    /// What tells of the end is not made to wait: there is no time for it.
    fn run(&mut self, voice: &mut Voice, jobs: Vec<Job>, to: State) {
        let Some(runner) = &self.runner else { return };
        if to == State::Stopped {
            if let Some(lane) = voice.lane.take() {
                lane.forget();
            }
            for job in jobs {
                // Without its stopper it ends by itself, or with all others.
                drop(runner.run(job, |_| {}));
            }
        } else if !jobs.is_empty() {
            voice.lane.get_or_insert_with(|| Lane::new(runner)).push(jobs);
        }
    }

    fn mail(&mut self, who: Who<'_>, to: State) {
        let (text, kind) = match who {
            Who::Instance(..) => (notify::state::mail(to), "Instance"),
            Who::Group(_) => (notify::state::group_mail(to), "Group"),
        };
        if let Some((subject, body)) = text {
            self.mailer.send(&format!("VRRP {kind} {} - {subject}", who.name()), body);
        }
    }
}

/// The scripts of a change: its own first, then the one for every change, which gets four more words.
fn jobs(who: Who<'_>, plan: &Plan, to: State, word: &str) -> Vec<Job> {
    let own = match to {
        State::Init => &None,
        State::Backup => &plan.backup,
        State::Master => &plan.master,
        State::Fault => &plan.fault,
        State::Deleted => &plan.deleted,
        State::Stopped => &plan.stop,
    };
    let words = [who.kind(), who.name(), word, &who.priority().to_string()].map(str::to_owned);
    let own = own.iter().map(|program| job(program, Vec::new()));
    own.chain(plan.any.iter().map(|program| job(program, words.to_vec()))).collect()
}

fn job(program: &Program, extra: Vec<String>) -> Job {
    Job { program: program.clone(), extra, limit: None, script: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::Identity;

    fn program(path: &str) -> Program {
        let identity = Identity { uid: 0, gid: 0, groups: Vec::new() };
        Program { path: path.into(), argv: vec![path.into(), "x".into()], by_shell: false, identity }
    }

    #[test]
    fn the_generic_script_comes_second_and_gets_four_more_words() {
        let plan =
            Plan { master: Some(program("/m").into()), any: Some(program("/n").into()), ..Plan::default() };
        let all = jobs(Who::Instance("VI 1", Priority::new(150)), &plan, State::Master, "MASTER");
        let calls: Vec<_> = all.iter().map(|job| job.program.call(&job.extra).1).collect();
        assert_eq!(calls[0], ["/m", "x"]);
        assert_eq!(calls[1], ["/n", "x", "INSTANCE", "VI 1", "MASTER", "150"]);
        let all = jobs(Who::Group("G"), &plan, State::Stopped, "STOP");
        let calls: Vec<_> = all.iter().map(|job| job.program.call(&job.extra).1).collect();
        assert_eq!(calls, [["/n", "x", "GROUP", "G", "STOP", "0"]]);
    }

    #[test]
    fn lines_are_the_originals() {
        assert_eq!(Who::Instance("VI 1", Priority::new(7)).line("FAULT"), "INSTANCE \"VI 1\" FAULT 7\n");
        assert_eq!(Who::Group("G1").line("BACKUP"), "GROUP \"G1\" BACKUP 0\n");
    }
}
