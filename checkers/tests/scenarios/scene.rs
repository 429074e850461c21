//! A director whose world is played: the kernel takes or refuses every pool, the clock is moved by hand.
#![expect(clippy::disallowed_methods, reason = "a story begins at some instant")]

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use checkers::log::Audience;
use checkers::params::{
    AtStop, BeforeFirst, CheckerAlerts, CheckerKind, CheckerParams, Endpoint, LoggedFailures,
    RealServerParams, SorryParams, VirtualServerParams, WhenDown,
};
use checkers::{
    Action, Cadence, CheckerId, Director, Event, Failure, Farewell, Outcome, Protocol, RealServerId,
    Settlement, Slot, Spread, VirtualServerId, Welcome,
};

pub(crate) const REFUSED: Outcome = Outcome::Failed(Failure::Connect(111));

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn service() -> VirtualServerId {
    VirtualServerId::Address { protocol: Protocol::Tcp, addr: [10, 1, 0, 1].into(), port: 80 }
}

pub(crate) fn server(last: u8) -> RealServerId {
    RealServerId { addr: [10, 0, 0, last].into(), protocol: Protocol::Tcp, port: 80 }
}

pub(crate) fn checker() -> CheckerParams {
    CheckerParams {
        kind: CheckerKind::Tcp(Endpoint {
            dest: ([10, 0, 0, 2], 80).into(),
            bind: None,
            device: None,
            timeout: secs(5),
            mark: 0,
        })
        .into(),
        cadence: Cadence { delay_loop: secs(2), delay_before_retry: secs(1), warmup: Duration::ZERO },
        retry: 1,
        before_first: BeforeFirst::Up,
        failures: LoggedFailures::Final,
    }
}

pub(crate) fn alpha() -> CheckerParams {
    CheckerParams { before_first: BeforeFirst::Down, ..checker() }
}

/// The same check of another port.
pub(crate) fn elsewhere(checker: CheckerParams, port: u16) -> CheckerParams {
    let endpoint = checker.kind.endpoint().expect("it uses a socket").clone();
    let dest = (endpoint.dest.ip(), port).into();
    CheckerParams { kind: CheckerKind::Tcp(Endpoint { dest, ..endpoint }).into(), ..checker }
}

pub(crate) fn real(last: u8, weight: u32, checkers: impl Into<Vec<CheckerParams>>) -> RealServerParams {
    RealServerParams {
        id: server(last),
        weight,
        when_down: WhenDown::Remove,
        alert: true,
        checkers: checkers.into(),
    }
}

pub(crate) fn inhibited(server: RealServerParams) -> RealServerParams {
    RealServerParams { when_down: WhenDown::Inhibit, ..server }
}

pub(crate) fn sorry(last: u8) -> Option<SorryParams> {
    Some(SorryParams { id: server(last), when_unused: WhenDown::Remove })
}

pub(crate) fn virtual_server(
    quorum: u32,
    hysteresis: u32,
    servers: &[RealServerParams],
) -> VirtualServerParams {
    VirtualServerParams {
        id: service(),
        entries: Vec::new(),
        quorum,
        hysteresis,
        at_stop: AtStop::Silent,
        only_with: None,
        alert: true,
        checker_alerts: CheckerAlerts::Every,
        sorry: None,
        servers: servers.to_vec(),
    }
}

/// What came out, in order: `log …`, `notify …`, `mail …`, and `pool …` where the kernel was asked.
pub(crate) struct Scene {
    pub(crate) director: Director,
    pub(crate) now: Instant,
    pub(crate) out: Vec<String>,
    pub(crate) planned: HashMap<CheckerId, Instant>,
    /// How the kernel takes the next changes.
    pub(crate) kernel: Settlement,
    /// Lines that only `-D` shows.
    pub(crate) details: Vec<String>,
    /// Whether notices and mails are kept.
    quiet: bool,
}

impl Scene {
    /// Starts and arms; nothing is random.
    pub(crate) fn start(params: VirtualServerParams) -> Self {
        Self::start_with(vec![params], Welcome::Silent)
    }

    pub(crate) fn start_with(params: Vec<VirtualServerParams>, welcome: Welcome) -> Self {
        let mut actions = Vec::new();
        let director = Director::start(params, welcome, &mut actions);
        let now = Instant::now();
        let kernel = Settlement::Done;
        let mut scene = Self {
            director,
            now,
            out: Vec::new(),
            planned: HashMap::new(),
            kernel,
            details: Vec::new(),
            quiet: false,
        };
        scene.carry_out(actions);
        scene.arm();
        scene
    }

    /// Keeps lines and pools only.
    pub(crate) fn quiet(mut self) -> Self {
        self.quiet = true;
        self.out.retain(|line| !line.starts_with("mail") && !line.starts_with("notify"));
        self
    }

    pub(crate) fn arm(&mut self) {
        let mut actions = Vec::new();
        self.planned =
            self.director.arm(self.now, || Spread::from_bits(0), &mut actions).into_iter().collect();
        self.carry_out(actions);
    }

    pub(crate) fn reload(&mut self, params: &[VirtualServerParams]) {
        self.reload_with(params, Welcome::Silent, Farewell::EachServer);
    }

    pub(crate) fn reload_with(
        &mut self,
        params: &[VirtualServerParams],
        welcome: Welcome,
        farewell: Farewell,
    ) {
        let mut actions = Vec::new();
        self.director.reconfigure(params.to_vec(), (welcome, farewell), &mut actions);
        self.carry_out(actions);
        self.arm();
    }

    /// Addresses come or go; what rests is forgotten and what begins is planned.
    pub(crate) fn moved(&mut self, here: &[IpAddr]) {
        let is_here = |first, last| here.iter().any(|addr| (first..=last).contains(addr));
        let mut actions = Vec::new();
        let moved = self.director.moved(self.now, is_here, || Spread::from_bits(0), &mut actions);
        self.planned.retain(|id, _| !moved.suspended.contains(id));
        self.planned.extend(moved.resumed);
        self.carry_out(actions);
    }

    pub(crate) fn stop(self) -> Vec<String> {
        self.stop_with(Farewell::EachServer)
    }

    pub(crate) fn stop_with(mut self, farewell: Farewell) -> Vec<String> {
        let mut actions = Vec::new();
        std::mem::take(&mut self.director).stop(farewell, &mut actions);
        self.carry_out(actions);
        self.take()
    }

    /// One outcome, when the probe was planned.
    pub(crate) fn probed(&mut self, server: usize, checker: usize, outcome: Outcome) {
        let id = CheckerId { service: 0, server, checker };
        self.now = self.now.max(self.planned[&id]);
        self.tell(Event::Probed { server, checker, found: outcome.into() });
    }

    pub(crate) fn passes(&mut self, server: usize) {
        self.probed(server, 0, Outcome::Passed);
    }

    pub(crate) fn fails(&mut self, server: usize) {
        self.probed(server, 0, REFUSED);
    }

    pub(crate) fn tell(&mut self, event: Event) {
        let mut actions = Vec::new();
        self.director.handle(self.now, 0, event, &mut actions);
        self.carry_out(actions);
    }

    /// How long until the checker's next probe.
    pub(crate) fn until(&self, server: usize, checker: usize) -> Duration {
        self.planned[&CheckerId { service: 0, server, checker }] - self.now
    }

    /// The pool as `last octet=weight`.
    pub(crate) fn pool(&self) -> String {
        let Some(service) = self.director.services().first() else { return String::new() };
        let params = service.params();
        let name = |slot| match slot {
            Slot::Server(at) => params.servers[at].id.addr,
            Slot::Sorry => params.sorry.as_ref().unwrap().id.addr,
        };
        let member = |addr: IpAddr, weight| {
            let addr = addr.to_string();
            format!(".{}={weight}", addr.rsplit('.').next().unwrap())
        };
        let members: Vec<String> =
            service.pool().iter().map(|one| member(name(one.slot), one.weight)).collect();
        members.join(" ")
    }

    /// What came out since the last time.
    pub(crate) fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.out)
    }

    pub(crate) fn carry_out(&mut self, actions: Vec<Action>) {
        let last = actions.len();
        for (at, action) in actions.into_iter().enumerate() {
            match action {
                Action::Log(line) if line.audience() == Audience::Detail => {
                    self.details.push(line.to_string())
                }
                Action::Log(line) => self.out.push(line.to_string()),
                Action::Pool => {
                    self.out.push(format!("pool {}", self.pool()));
                    if at + 1 == last {
                        self.tell(Event::PoolSet(self.kernel));
                    }
                }
                Action::Notify(notice) if !self.quiet => {
                    let state = if notice.up { "UP" } else { "DOWN" };
                    self.out.push(match notice.server {
                        Some(server) => format!("notify RS {server} {} {state}", notice.service),
                        None => format!("notify VS {} {state}", notice.service),
                    });
                }
                Action::Mail(alert) if !self.quiet => {
                    self.out.push(format!("mail {}: {}", alert.subject(), alert.body()));
                }
                Action::Notify(_) | Action::Mail(_) => {}
                Action::Probe { server, checker, at } => {
                    self.planned.insert(CheckerId { service: 0, server, checker }, at);
                }
            }
        }
    }
}

/// Compares line by line, and names the first that differs.
#[track_caller]
pub(crate) fn expect(got: &[String], wanted: &[&str]) {
    for (at, (got, wanted)) in got.iter().zip(wanted).enumerate() {
        assert_eq!(got, wanted, "line {at}");
    }
    assert_eq!(got.len(), wanted.len(), "got {got:#?}");
}
