use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use super::*;
use crate::plan::address::Address;
use crate::plan::rule::{Action, Rule};

/// Lines that were logged.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        event.record(&mut self.clone());
    }
}

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.0.lock().expect("no writer panics").push(format!("{value:?}"));
        }
    }
}

fn address() -> Object {
    Object::Address(Arc::new(Address::plain("lo", [192, 0, 2, 1].into(), 32)))
}

fn rule() -> Object {
    Object::Rule(Box::new(Rule {
        family: vrrp::Family::Ipv4,
        preference: 31_999,
        invert: false,
        from: None,
        to: None,
        tos: 0,
        mark: None,
        input: None,
        output: None,
        tunnel: None,
        uids: None,
        ip_protocol: None,
        source_ports: None,
        destination_ports: None,
        action: Action::Table { table: 31_999, suppress_bits: None, suppress_group: None, realms: None },
        protocol: 18,
        tracked: true,
    }))
}

/// Has the kernel refuse what this thread asks for, as it refuses a user's request.
fn give_up_rights() {
    let mut sets = capabilities(None).expect("the rights of this thread");
    sets.effective -= CapabilitySet::NET_ADMIN;
    set_capabilities(None, sets).expect("rights are given up freely");
}

#[test]
fn requests_that_are_refused_are_named_and_those_that_follow_are_answered() {
    give_up_rights();
    let log = Log::default();
    let subscriber = tracing_subscriber::registry().with(log.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let played = async {
        let (commands, orders) = unbounded_channel();
        let (say, mut answers) = unbounded_channel();
        let thread = work(orders, say);
        let script = async {
            let mut answer_to = async |command: Command| {
                commands.send(command).expect("the other end listens");
                loop {
                    let answer = tokio::time::timeout(Duration::from_secs(10), answers.recv()).await;
                    match answer.expect("an answer in time").expect("the other end lives") {
                        Answer::Held { id, added } => break (id, added),
                        Answer::Report(_) | Answer::Current | Answer::Clean | Answer::Prepared => {}
                        Answer::Lost { .. } => unreachable!("nothing was ever held"),
                    }
                }
            };
            let hold = |id, objects| Command::Hold { id, objects, closed: BTreeSet::new() };
            assert_eq!(answer_to(hold(1, vec![address(), rule()])).await, (1, false));
            assert_eq!(answer_to(hold(2, vec![address()])).await, (2, false));
            // What is not held is not taken back, either.
            commands.send(Command::Drop { id: 1 }).expect("the other end listens");
            assert_eq!(answer_to(hold(3, Vec::new())).await, (3, false));
            drop(commands);
        };
        tokio::join!(thread, script).0.expect("no error");
    };
    tracing::subscriber::with_default(subscriber, || runtime.block_on(played));
    let log = log.0.lock().expect("no writer panics");
    let counted = |words: &str| log.iter().filter(|line| line.starts_with(words)).count();
    assert_eq!(counted("Netlink: error: Operation not permitted(1), type=RTM_NEWADDR(20)"), 2, "{log:?}");
    assert_eq!(counted("Netlink: error: Operation not permitted(1), type=RTM_NEWRULE(32)"), 1, "{log:?}");
    assert_eq!(counted("Unable to add address 192.0.2.1"), 2, "{log:?}");
    assert_eq!(counted("Unable to add rule"), 1, "{log:?}");
    assert_eq!(counted("Unable to delete"), 0, "{log:?}");
}
