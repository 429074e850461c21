//! One virtual server: which of its real servers are up, whether they are enough, and who serves.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use crate::checker::Taken;
use crate::event::{Action, Event, Member, Notice, Settlement, Slot};
use crate::log::{Alert, Cause, Event as Told, Line, QuorumEvent};
use crate::params::{BeforeFirst, CheckerAlerts, CheckerKind, FileMeaning, VirtualServerParams, WhenDown};
use crate::real_server::Server;
use crate::{Found, Outcome, Quorum, Tally, Turn, Verdict, Welcome};

/// A transition of a server that waits for the kernel.
#[derive(Debug, Clone, Copy)]
struct Pending {
    server: usize,
    checker: usize,
    before: Tally,
}

/// The machine of one virtual server. It owns no socket, reads no clock, and does not know how packets are forwarded.
#[derive(Debug, Clone)]
pub struct VirtualServer {
    pub(crate) params: VirtualServerParams,
    pub(crate) quorum: Quorum,
    pub(crate) sorry_serves: bool,
    /// Whether checks rest because the address is elsewhere.
    pub(crate) suspended: bool,
    pub(crate) servers: Vec<Server>,
    pending: Option<Pending>,
    waiting: VecDeque<Event>,
}

/// When the quorum is weighed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// At the start and at each reload: who is missing from the beginning makes way for the sorry server (§8.3).
    Init,
    /// After a change.
    Change,
}

impl VirtualServer {
    /// As the daemon starts; the caller has yet to program the kernel with [`VirtualServer::pool`].
    pub(crate) fn start(params: VirtualServerParams, welcome: Welcome, out: &mut Vec<Action>) -> Self {
        let servers = params.servers.iter().map(Server::at_start).collect();
        Self::assemble(params, servers, welcome, out)
    }

    /// As a reload brings it.
    pub(crate) fn fresh(params: VirtualServerParams, welcome: Welcome, out: &mut Vec<Action>) -> Self {
        let servers = params.servers.iter().map(Server::fresh).collect();
        Self::assemble(params, servers, welcome, out)
    }

    fn assemble(
        params: VirtualServerParams,
        servers: Vec<Server>,
        welcome: Welcome,
        out: &mut Vec<Action>,
    ) -> Self {
        let quorum = Quorum::new(params.quorum, params.hysteresis);
        let mut this = Self::with_state(params, quorum, false, servers);
        for at in 0..this.servers.len() {
            this.welcome(at, welcome, out);
        }
        this.weigh(Occasion::Init, out);
        this
    }

    /// Tells of a new server that is up, if that is wanted.
    pub(crate) fn welcome(&self, at: usize, welcome: Welcome, out: &mut Vec<Action>) {
        if welcome == Welcome::Told && self.is_up(at) {
            self.notify_server(at, out);
        }
    }

    pub(crate) fn with_state(
        params: VirtualServerParams,
        quorum: Quorum,
        sorry_serves: bool,
        servers: Vec<Server>,
    ) -> Self {
        Self {
            params,
            quorum,
            sorry_serves,
            suspended: false,
            servers,
            pending: None,
            waiting: VecDeque::new(),
        }
    }

    /// What it was told to be.
    pub fn params(&self) -> &VirtualServerParams {
        &self.params
    }

    /// Whether enough weight is up.
    pub fn has_quorum(&self) -> bool {
        self.quorum.is_met()
    }

    /// Whether a real server is up.
    pub fn is_up(&self, server: usize) -> bool {
        self.servers.get(server).is_some_and(|server| server.up)
    }

    /// Whether the sorry server serves, for want of enough weight.
    pub fn sorry_serves(&self) -> bool {
        self.sorry_serves
    }

    /// Whether its checks rest, its address being on another machine (`ha_suspend`).
    pub fn is_suspended(&self) -> bool {
        self.suspended
    }

    /// The weight of a real server that counts for the kernel and the quorum; 0 of one that does not exist.
    pub fn weight(&self, server: usize) -> u32 {
        let (Some(state), Some(params)) = (self.servers.get(server), self.params.servers.get(server)) else {
            return 0;
        };
        state.weight(params)
    }

    /// What the checkers of a real server think of it and add to its weight, in the order of the configuration.
    pub fn opinions(&self, server: usize) -> impl Iterator<Item = (&Tally, i64)> {
        let checkers = self.servers.get(server).map_or(&[][..], |server| &server.checkers);
        checkers.iter().map(|checker| (&checker.tally, checker.contribution))
    }

    /// The real server whose change of state waits for [`Event::PoolSet`]. Only a refusal that concerns it is one:
    /// another server that the kernel does not want must not keep this one from leaving.
    pub fn awaited(&self) -> Option<usize> {
        self.pending.map(|pending| pending.server)
    }

    /// Who should be in the kernel now, with which weight; who has precedence comes first.
    pub fn pool(&self) -> Vec<Member> {
        let mut pool = Vec::with_capacity(self.servers.len() + 1);
        if self.sorry_serves {
            pool.push(Member { slot: Slot::Sorry, weight: 1 });
        }
        for (index, (server, params)) in self.servers.iter().zip(&self.params.servers).enumerate() {
            let slot = Slot::Server(index);
            match (server.up && !self.sorry_serves, params.when_down) {
                (true, _) => pool.push(Member { slot, weight: server.weight(params) }),
                (false, WhenDown::Inhibit) => pool.push(Member { slot, weight: 0 }),
                (false, WhenDown::Remove) => {}
            }
        }
        let inhibited =
            self.params.sorry.as_ref().is_some_and(|sorry| sorry.when_unused == WhenDown::Inhibit);
        if inhibited && !self.sorry_serves {
            pool.push(Member { slot: Slot::Sorry, weight: 0 });
        }
        pool
    }

    /// Takes one event to its end, or up to the next [`Action::Pool`]. `out` is appended to, never read.
    pub fn handle(&mut self, now: Instant, event: Event, out: &mut Vec<Action>) {
        match event {
            Event::Probed { .. }
            | Event::Contributed { .. }
            | Event::FileRead { .. }
            | Event::PathKnown { .. }
                if self.pending.is_some() =>
            {
                self.waiting.push_back(event);
            }
            Event::Probed { server, checker, found } => self.probed(now, server, checker, found, out),
            Event::Contributed { server, checker, weight } => self.contributed(server, checker, weight, out),
            Event::FileRead { server, checker, value } => self.file_read(server, checker, value, out),
            Event::PathKnown { server, checker, up } => self.path_known(server, checker, up, out),
            Event::PoolSet(settlement) => {
                if let Some(pending) = self.pending.take() {
                    self.settle(pending, settlement, out);
                }
                while self.pending.is_none()
                    && let Some(event) = self.waiting.pop_front()
                {
                    self.handle(now, event, out);
                }
            }
        }
    }

    fn probed(&mut self, now: Instant, at: usize, which: usize, found: Found, out: &mut Vec<Action>) {
        // Its states freeze (§11.3); this probe had begun before.
        if self.suspended {
            return;
        }
        self.want_weight(at, which, found.outcome, out);
        let Some(server) = self.params.servers.get(at) else { return };
        let Some(params) = server.checkers.get(which) else { return };
        let Some(checker) = self.servers.get_mut(at).and_then(|server| server.checkers.get_mut(which)) else {
            return;
        };
        let id = server.id;
        let before = checker.tally;
        let Taken { verdict, after } = checker.take(params, found, |checked| {
            let event = Told::Check(id, Arc::clone(&params.kind), checked);
            out.push(Action::Log(Line { event, service: self.params.id.clone() }));
        });
        let is_script = matches!(*params.kind, CheckerKind::Misc(_));
        // §4.4: programs are run from start to start.
        let from = checker.started.filter(|_| is_script).unwrap_or(now);
        let next = params.cadence.next(from, after).max(now);
        checker.started = Some(next);
        out.push(Action::Probe { server: at, checker: which, at: next });
        let Some(verdict) = verdict else { return };
        let alpha = params.before_first == BeforeFirst::Down;
        if is_script && matches!(verdict, Verdict::WentDown { .. } | Verdict::DownFromStart) {
            // §6.3: without a word; the server leaves anyway.
            checker.wanted = None;
        }
        match verdict {
            Verdict::CameUp | Verdict::WentDown { .. } => self.checker_changed(at, which, before, out),
            // §4.9: a first result that changes nothing is told all the same, unless it is what was presumed.
            Verdict::DownFromStart | Verdict::Fine { first: true } => {
                if alpha || verdict == Verdict::DownFromStart {
                    self.notify_server(at, out);
                }
                // §16: of such results, only a program's is mailed.
                if is_script && self.params.checker_alerts == CheckerAlerts::Every {
                    self.mail_server(at, which, out);
                }
            }
            Verdict::Fine { .. } | Verdict::Forgiven | Verdict::StillDown => {}
        }
    }

    /// A program that passes its server says with which weight; one that says nothing wants the configured one.
    fn want_weight(&mut self, at: usize, which: usize, outcome: Outcome, out: &mut Vec<Action>) {
        let wanted = match outcome {
            Outcome::Passed => None,
            Outcome::PassedWith(weight) => Some(weight),
            Outcome::Failed(_) | Outcome::Unable(_) => return,
        };
        let (Some(server), Some(params)) = (self.servers.get_mut(at), self.params.servers.get(at)) else {
            return;
        };
        let from = server.weight(params);
        let Some(checker) = server.checkers.get_mut(which).filter(|checker| checker.wanted != wanted) else {
            return;
        };
        checker.wanted = wanted;
        self.weight_changed(at, from, out);
        self.weigh(Occasion::Change, out);
    }

    /// When its checker was given its first probe.
    pub(crate) fn armed(&mut self, at: usize, which: usize, start: Instant) {
        if let Some(checker) = self.servers.get_mut(at).and_then(|server| server.checkers.get_mut(which)) {
            checker.started = Some(start);
        }
    }

    fn checker_changed(&mut self, at: usize, checker: usize, before: Tally, out: &mut Vec<Action>) {
        let Some(server) = self.servers.get_mut(at) else { return };
        let up = server.checkers.iter().all(|checker| checker.tally.is_up());
        if up == server.up {
            if self.params.checker_alerts == CheckerAlerts::Every {
                self.mail_server(at, checker, out);
            }
            return;
        }
        server.up = up;
        self.tell_transition(at, out);
        if self.sorry_serves {
            // The kernel holds the sorry server; who else is up does not concern it (§8.8).
            self.transition_done(at, checker, out);
        } else {
            self.pending = Some(Pending { server: at, checker, before });
            out.push(Action::Pool);
        }
    }

    fn settle(&mut self, pending: Pending, settlement: Settlement, out: &mut Vec<Action>) {
        let Pending { server, checker, before } = pending;
        match settlement {
            Settlement::Done => self.transition_done(server, checker, out),
            // What is not asked again cannot be tried again either: the table follows when it is looked at next.
            Settlement::Refused if !self.checker(server, checker).is_some_and(|kind| kind.is_probed()) => {
                self.transition_done(server, checker, out);
            }
            Settlement::Refused => {
                let Some(server) = self.servers.get_mut(server) else { return };
                server.up = !server.up;
                if let Some(checker) = server.checkers.get_mut(checker) {
                    checker.tally = before;
                }
            }
        }
    }

    fn transition_done(&mut self, server: usize, checker: usize, out: &mut Vec<Action>) {
        self.notify_server(server, out);
        self.weigh(Occasion::Change, out);
        self.mail_server(server, checker, out);
    }

    fn contributed(&mut self, at: usize, which: usize, weight: i64, out: &mut Vec<Action>) {
        let (Some(server), Some(params)) = (self.servers.get_mut(at), self.params.servers.get(at)) else {
            return;
        };
        let from = server.weight(params);
        let Some(checker) = server.checkers.get_mut(which) else { return };
        checker.contribution = weight;
        self.weight_changed(at, from, out);
        self.weigh(Occasion::Change, out);
    }

    /// §24.2, §24.3
    fn file_read(&mut self, at: usize, which: usize, value: i32, out: &mut Vec<Action>) {
        let (Some(server), Some(params)) = (self.servers.get_mut(at), self.params.servers.get(at)) else {
            return;
        };
        let Some(CheckerKind::File(check)) = params.checkers.get(which).map(|checker| &*checker.kind) else {
            return;
        };
        let from = server.weight(params);
        let Some(checker) = server.checkers.get_mut(which) else { return };
        let before = checker.tally;
        let meaning = check.meaning(value);
        checker.read(meaning);
        let turned = before.is_up() != checker.tally.is_up();
        if turned {
            let event = Told::File { server: params.id, name: check.name.clone(), fault: before.is_up() };
            self.tell(event, out);
        }
        if meaning != FileMeaning::Fault {
            self.weight_changed(at, from, out);
        }
        if turned {
            self.checker_changed(at, which, before, out);
        }
        if self.pending.is_none() {
            self.weigh(Occasion::Change, out);
        }
    }

    /// §24.4
    fn path_known(&mut self, at: usize, which: usize, up: bool, out: &mut Vec<Action>) {
        let Some(params) = self.params.servers.get(at) else { return };
        let Some(CheckerKind::Bfd(check)) = params.checkers.get(which).map(|checker| &*checker.kind) else {
            return;
        };
        let Some(checker) = self.servers.get_mut(at).and_then(|server| server.checkers.get_mut(which)) else {
            return;
        };
        let before = std::mem::replace(&mut checker.tally, Tally::told(up));
        let is_change = before.is_up() != up;
        // One that is down from the start (`alpha`) is told of when that is known.
        if is_change || (!up && !before.has_run()) {
            let event = Told::Path { server: params.id, session: check.session.clone(), up };
            self.tell(event, out);
        }
        if !is_change {
            return;
        }
        self.checker_changed(at, which, before, out);
        if self.pending.is_none() {
            self.weigh(Occasion::Change, out);
        }
    }

    /// Tells a weight that is no longer `from`, and has the kernel follow (§6.2).
    pub(crate) fn weight_changed(&mut self, at: usize, from: u32, out: &mut Vec<Action>) {
        let (Some(server), Some(params)) = (self.servers.get(at), self.params.servers.get(at)) else {
            return;
        };
        let to = server.weight(params);
        if from == to {
            return;
        }
        let event = Told::Weight { server: params.id, from, to, up: server.up };
        let pooled = server.up && !self.sorry_serves;
        self.tell(event, out);
        if pooled {
            out.push(Action::Pool);
        }
    }

    /// Weighs the servers that are up and acts on a turn of the quorum (§8).
    pub(crate) fn weigh(&mut self, occasion: Occasion, out: &mut Vec<Action>) {
        let up = self.servers.iter().zip(&self.params.servers).filter(|(server, _)| server.up);
        let sum = up.map(|(server, params)| u64::from(server.weight(params))).sum();
        let sorry = self.params.sorry.is_some();
        match (self.quorum.weigh(sum), occasion) {
            (Some(Turn::Gained(_)), Occasion::Init) => self.gained(QuorumEvent::StartingUp, sum, out),
            (Some(Turn::Gained(_)), Occasion::Change) => self.gained(QuorumEvent::Gained, sum, out),
            (Some(Turn::Lost(_)), Occasion::Change) => self.lost(QuorumEvent::Lost, sum, out),
            (Some(Turn::Lost(missed)), Occasion::Init) => {
                self.lost(QuorumEvent::StartingDown(missed), sum, out);
            }
            (None, Occasion::Init) if !self.quorum.is_met() && sorry && !self.sorry_serves => {
                self.lost(QuorumEvent::StartingDown(self.quorum.to_gain()), sum, out);
            }
            (None, Occasion::Init | Occasion::Change) => {}
        }
    }

    fn gained(&mut self, event: QuorumEvent, sum: u64, out: &mut Vec<Action>) {
        self.tell(Told::Quorum(event, self.quorum, sum), out);
        if self.sorry_serves {
            self.sorry_serves = false;
            if let Some(sorry) = &self.params.sorry {
                self.tell(Told::SorryOut(sorry.id, sorry.when_unused), out);
            }
            self.tell(Told::AliveIn, out);
            out.push(Action::Pool);
        }
        self.notify_quorum(Cause::Quorum(event, self.quorum, sum), out);
    }

    fn lost(&mut self, event: QuorumEvent, sum: u64, out: &mut Vec<Action>) {
        self.tell(Told::Quorum(event, self.quorum, sum), out);
        if let Some(sorry) = &self.params.sorry {
            self.tell(Told::SorryIn(sorry.id, sorry.when_unused), out);
            self.tell(Told::AliveOut, out);
            self.sorry_serves = true;
            out.push(Action::Pool);
        }
        self.notify_quorum(Cause::Quorum(event, self.quorum, sum), out);
    }

    fn notify_quorum(&self, cause: Cause, out: &mut Vec<Action>) {
        let up = self.quorum.is_met();
        out.push(Action::Notify(Notice { service: self.params.id.clone(), server: None, up }));
        if self.params.alert {
            out.push(Action::Mail(Alert { service: self.params.id.clone(), server: None, up, cause }));
        }
    }

    pub(crate) fn notify_server(&self, at: usize, out: &mut Vec<Action>) {
        let Some(params) = self.params.servers.get(at) else { return };
        let (service, up) = (self.params.id.clone(), self.is_up(at));
        out.push(Action::Notify(Notice { service, server: Some(params.id), up }));
    }

    /// The mail about a checker's change, with the server's state after it.
    fn mail_server(&self, at: usize, checker: usize, out: &mut Vec<Action>) {
        let Some(params) = self.params.servers.get(at).filter(|params| params.alert) else { return };
        let Some(kind) = params.checkers.get(checker).map(|checker| Arc::clone(&checker.kind)) else {
            return;
        };
        // §16.6: nobody is mailed what a file says.
        if let CheckerKind::File(_) = *kind {
            return;
        }
        let Some(state) = self.servers.get(at).and_then(|server| server.checkers.get(checker)) else {
            return;
        };
        let cause =
            if state.tally.is_up() { Cause::Passed(kind) } else { Cause::Failed(kind, state.last_failure) };
        let service = self.params.id.clone();
        out.push(Action::Mail(Alert { service, server: Some(params.id), up: self.is_up(at), cause }));
    }

    pub(crate) fn tell_transition(&self, at: usize, out: &mut Vec<Action>) {
        let Some(params) = self.params.servers.get(at) else { return };
        let event = if self.is_up(at) {
            Told::ServerUp(params.id, params.when_down)
        } else {
            Told::ServerDown(params.id, params.when_down)
        };
        self.tell(event, out);
    }

    pub(crate) fn tell(&self, event: Told, out: &mut Vec<Action>) {
        out.push(Action::Log(Line { event, service: self.params.id.clone() }));
    }

    /// What a checker does.
    pub fn checker(&self, server: usize, checker: usize) -> Option<&Arc<CheckerKind>> {
        Some(&self.params.servers.get(server)?.checkers.get(checker)?.kind)
    }

    /// Which of its questions a checker asks with its next probe: index below [`CheckerKind::questions`].
    pub fn question(&self, server: usize, checker: usize) -> usize {
        let checker = self.servers.get(server).and_then(|server| server.checkers.get(checker));
        checker.map_or(0, |checker| checker.round.question())
    }
}
