//! What others hear of virtual and real servers: scripts first, then FIFOs, then mail.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use checkers::log::Alert;
use checkers::{Notice, RealServerId, VirtualServerId};

use crate::notify::fifo::Fifos;
use crate::notify::mail::Mailer;
use crate::plan::checkers::ServiceScripts;
use crate::plan::notify::Fifo;
use crate::script::{Job, Lane, Program, Runner};

/// Who changes: a virtual server, or one of its real servers.
type Who = (VirtualServerId, Option<RealServerId>);

/// Everybody who listens.
#[derive(Debug)]
pub(super) struct Listeners {
    pub(super) runner: Option<Arc<Runner>>,
    pub(super) mailer: Mailer,
    fifos: Fifos,
    scripts: HashMap<VirtualServerId, ServiceScripts>,
    /// The ways of those that have scripts.
    lanes: HashMap<Who, Lane>,
    /// Everything ends: there is no time to wait for one another.
    ending: bool,
}

impl Listeners {
    pub(super) fn new(
        runner: Option<Arc<Runner>>,
        scripts: Vec<(VirtualServerId, ServiceScripts)>,
        mailer: Mailer,
    ) -> Self {
        Self {
            runner,
            mailer,
            fifos: Fifos::default(),
            scripts: with_scripts(scripts),
            lanes: HashMap::new(),
            ending: false,
        }
    }

    pub(super) fn reconfigure_fifos(&mut self, plans: Vec<Fifo>) {
        self.fifos.reconfigure(plans, self.runner.as_deref());
    }

    /// Takes in scripts of those that a reload brings or changes; those of others stay until [`Self::replace`].
    pub(super) fn add(&mut self, scripts: Vec<(VirtualServerId, ServiceScripts)>) {
        for (id, new) in scripts {
            let known = self.scripts.entry(id).or_default();
            let gone =
                known.servers.iter().filter(|(id, ..)| new.servers.iter().all(|(kept, ..)| kept != id));
            let mut servers: Vec<_> = gone.cloned().collect();
            servers.extend(new.servers);
            *known = ServiceScripts { up: new.up, down: new.down, servers };
        }
    }

    /// Knows these scripts only.
    pub(super) fn replace(&mut self, scripts: Vec<(VirtualServerId, ServiceScripts)>) {
        self.scripts = with_scripts(scripts);
        let scripts = &self.scripts;
        self.lanes.retain(|(service, _), _| scripts.contains_key(service));
    }

    /// Tells of a change.
    pub(super) fn notice(&mut self, notice: &Notice) {
        if let (Some(program), Some(runner)) = (self.program(notice).cloned(), &self.runner) {
            let job = Job { program, extra: Vec::new(), limit: None, script: None };
            if self.ending {
                // Without its stopper it ends by itself, or with all others.
                drop(runner.run(job, |_| {}));
            } else {
                let who = (notice.service.clone(), notice.server);
                self.lanes.entry(who).or_insert_with(|| Lane::new(runner)).push(vec![job]);
            }
        }
        self.fifos.write(&line(notice));
    }

    fn program(&self, notice: &Notice) -> Option<&Program> {
        let scripts = self.scripts.get(&notice.service)?;
        let (up, down) = match notice.server {
            None => (&scripts.up, &scripts.down),
            Some(server) => {
                let (_, up, down) = scripts.servers.iter().find(|(id, ..)| *id == server)?;
                (up, down)
            }
        };
        if notice.up { up.as_ref() } else { down.as_ref() }
    }

    pub(super) fn mail(&mut self, alert: &Alert) {
        self.mailer.send(&alert.subject(), &alert.body());
    }

    /// Ends what runs; what is told from now on does not wait for it.
    pub(super) fn end_scripts(&mut self) {
        self.ending = true;
        for lane in self.lanes.values() {
            lane.forget();
        }
        if let Some(runner) = &self.runner {
            runner.end_all();
        }
    }

    /// Waits for the last scripts and mails.
    pub(super) async fn finish(mut self, scripts: Duration, mails: Duration) {
        let runner = self.runner;
        let finish = async {
            if let Some(runner) = &runner {
                runner.finish(scripts).await;
            }
        };
        tokio::join!(finish, self.mailer.finish(mails));
    }
}

/// Those that have any: most have none.
fn with_scripts(all: Vec<(VirtualServerId, ServiceScripts)>) -> HashMap<VirtualServerId, ServiceScripts> {
    all.into_iter().filter(|(_, scripts)| *scripts != ServiceScripts::default()).collect()
}

/// The line of a change, with the NUL behind it that readers of keepalived's may wait for (§15.4, D20).
fn line(notice: &Notice) -> String {
    let state = if notice.up { "UP" } else { "DOWN" };
    let service = &notice.service;
    match notice.server {
        Some(server) => format!("RS {server} {service} {state}\n\0"),
        None => format!("VS {service} {state}\n\0"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use checkers::Protocol;

    #[test]
    fn lines_name_the_server_before_its_virtual_server() {
        let protocol = Protocol::Tcp;
        let service = VirtualServerId::Address { protocol, addr: "192.0.2.100".parse().unwrap(), port: 80 };
        let server = RealServerId { addr: "192.0.2.11".parse().unwrap(), protocol, port: 8080 };
        let notice = |server, up| Notice { service: service.clone(), server, up };
        assert_eq!(line(&notice(None, true)), "VS [192.0.2.100]:tcp:80 UP\n\0");
        assert_eq!(
            line(&notice(Some(server), false)),
            "RS [192.0.2.11]:tcp:8080 [192.0.2.100]:tcp:80 DOWN\n\0"
        );
    }
}
