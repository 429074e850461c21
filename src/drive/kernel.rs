//! The thread that talks rtnetlink.
//!
//! A netlink request takes the kernel's RTNL lock in its caller, and others hold that lock for as long as they like. So no
//! request is ever made on the thread that sends adverts: it leaves commands here and goes on.
//!
//! What is wanted, and what of it is there, is in the [`ledger`]. Nobody's word is taken for a deletion: notices that concern
//! something held lead to one comparison with what the kernel has, which also covers notices that were lost.

mod address;
mod firewall;
mod ledger;
mod linkbeat;
mod present;
mod request;
mod route;
mod rule;
mod sysctl;
mod vmac;

use std::collections::BTreeSet;
use std::io;
use std::os::fd::OwnedFd;

use futures_util::{FutureExt as _, StreamExt as _};
use netlink_packet_core::NetlinkPayload;
use netlink_packet_route::address::AddressMessage;
use netlink_packet_route::link::{LinkAttribute, LinkMessage};
use netlink_packet_route::route::{RouteMessage, RouteProtocol};
use netlink_packet_route::rule::RuleMessage;
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use rtnetlink::MulticastGroup;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use self::firewall::Firewall;
use self::ledger::{Edit, Ledger, Owner};
use self::linkbeat::Linkbeat;
use self::present::{Present, is_address, is_route, is_rule};
use self::request::Requests;
use self::sysctl::Sysctls;
use self::vmac::Vmacs;
use crate::mirror::{Mirror, Report};
use crate::netlink::{Connection, Handle, Message, Messages, connect};
use crate::plan::buffer::Buffers;
use crate::plan::firewall::{Closed, Firewall as FirewallPlan};
use crate::plan::linkbeat::Polled;
use crate::plan::object::Object;
use crate::plan::setting::Setting;
use crate::plan::standing::Standing;
use crate::plan::vmac::Vmac;
use crate::receive_buffer;

/// What the log calls a socket for notices.
const MONITOR: &str = "netlink monitor";

/// How often interfaces are looked at in a row.
const ROUNDS: usize = 4;

/// The number of a virtual router.
pub(crate) type Id = u64;

/// What to do. Commands are carried out one after the other.
#[derive(Debug)]
pub(crate) enum Command {
    /// Delete what a predecessor may have left.
    Clean(Vec<Object>),
    /// Have these interfaces too, and filter what they send.
    Prepare {
        /// What to make.
        vmacs: Vec<Vmac>,
        /// How to filter.
        firewall: Option<FirewallPlan>,
        /// Links to ask how they are; exactly these.
        polled: Vec<Polled>,
        /// What the sockets hold before it is read.
        buffers: Buffers,
    },
    /// Have exactly these as long as the configuration says so.
    Keep(Standing),
    /// Have exactly these for a virtual router.
    Hold {
        /// For whom.
        id: Id,
        /// All of them, in order.
        objects: Vec<Object>,
        /// Addresses that packets are neither sent to nor from.
        closed: BTreeSet<Closed>,
    },
    /// Have none.
    Drop {
        /// Of whom.
        id: Id,
    },
}

/// What came of it, and what the kernel says of its own accord.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Interfaces and addresses.
    Report(Report),
    /// All that is there has been reported.
    Current,
    /// [`Command::Clean`] is done.
    Clean,
    /// [`Command::Prepare`] is done.
    Prepared,
    /// [`Command::Hold`] is done.
    Held {
        /// For whom.
        id: Id,
        /// Whether there is an address for it that was not there for it before.
        added: bool,
    },
    /// Somebody else deleted something that is held and tracked.
    Lost {
        /// Whose it was.
        id: Id,
        /// What it was.
        object: Object,
    },
}

/// The other end of the thread. It ends when this is dropped, after the commands it was given.
#[derive(Debug)]
pub(crate) struct Kernel {
    commands: UnboundedSender<Command>,
    answers: UnboundedReceiver<Answer>,
}

impl Kernel {
    /// Starts the thread; the first answers are a report of everything, up to [`Answer::Current`].
    pub(crate) fn start() -> io::Result<Self> {
        // Neither end may wait for the other, so neither channel has a limit of its own. Commands are limited by the election:
        // a router holds or drops once in a down interval. Answers are as many as the kernel's notices, which wait in a
        // socket of limited size while this thread is busy, and the worker takes them in every turn of its loop.
        let (commands, orders) = unbounded_channel();
        let (say, answers) = unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("rtnetlink".into()).spawn(move || {
            if let Err(error) = runtime.block_on(work(orders, say)) {
                tracing::error!("Netlink: {error}");
            }
        })?;
        Ok(Self { commands, answers })
    }

    /// Leaves a command.
    pub(crate) fn command(&self, command: Command) {
        // A thread that is gone is noticed by its answers ending.
        let _ = self.commands.send(command);
    }

    /// Waits for the next answer; none when the thread has ended. Loses nothing when dropped while waiting.
    pub(crate) async fn answer(&mut self) -> Option<Answer> {
        self.answers.recv().await
    }

    /// Waits until every command is carried out.
    pub(crate) async fn finish(self) {
        let Self { commands, mut answers } = self;
        drop(commands);
        while answers.recv().await.is_some() {}
    }
}

async fn work(mut orders: UnboundedReceiver<Command>, say: UnboundedSender<Answer>) -> io::Result<()> {
    let groups = [MulticastGroup::Link, MulticastGroup::Ipv4Ifaddr, MulticastGroup::Ipv6Ifaddr];
    let Connection { handle: monitor, notices: messages, socket } = connect(&groups)?;
    let mut thread = Thread {
        monitor,
        socket,
        buffers: Buffers::default(),
        messages,
        routes: None,
        requests: Requests::open()?,
        mirror: Mirror::default(),
        ledger: Ledger::default(),
        sysctls: Sysctls::default(),
        settings: Vec::new(),
        vmacs: Vmacs::default(),
        firewall: Firewall::default(),
        linkbeat: Linkbeat::default(),
        suspicion: Suspicion::None,
        say,
    };
    thread.report_all().await?;
    loop {
        tokio::select! {
            command = orders.recv() => match command {
                Some(command) => thread.obey(command).await?,
                None => return Ok(()),
            },
            message = thread.messages.next() => thread.hear_all(message).await?,
            message = next(&mut thread.routes) => thread.hear_all(message).await?,
            () = thread.linkbeat.due() => thread.ask_links(),
            () = thread.firewall.changed() => thread.firewall.apply(&thread.vmacs, &thread.mirror),
        }
        thread.check().await?;
    }
}

/// The next notice, if anybody listens for one.
async fn next(messages: &mut Option<Messages>) -> Option<Message> {
    match messages {
        Some(messages) => messages.next().await,
        None => std::future::pending().await,
    }
}

/// Whether what is there has to be compared with what is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Suspicion {
    /// No.
    None,
    /// What was missing may be possible now.
    Possible,
    /// Something may be missing.
    Missing,
}

struct Thread {
    monitor: Handle,
    /// The monitor's.
    socket: OwnedFd,
    buffers: Buffers,
    messages: Messages,
    /// Notices about routes and rules, of which there may be very many; listened to when needed.
    routes: Option<Messages>,
    requests: Requests,
    mirror: Mirror,
    ledger: Ledger,
    sysctls: Sysctls,
    settings: Vec<Setting>,
    vmacs: Vmacs,
    firewall: Firewall,
    linkbeat: Linkbeat,
    suspicion: Suspicion,
    say: UnboundedSender<Answer>,
}

impl Thread {
    fn answer(&self, answer: Answer) {
        // The worker is ending when nobody listens; its last commands are carried out all the same.
        let _ = self.say.send(answer);
    }

    async fn obey(&mut self, command: Command) -> io::Result<()> {
        // What the command is to be carried out on may have changed since it was given.
        self.hear_waiting().await?;
        match command {
            Command::Clean(leftovers) => {
                for object in &leftovers {
                    self.requests.delete(object, &self.mirror).await;
                }
                self.answer(Answer::Clean);
            }
            Command::Prepare { vmacs, firewall, polled, buffers } => {
                self.buffers = buffers;
                receive_buffer::give(&self.socket, buffers.notices, MONITOR);
                self.requests.make_room(buffers.commands);
                self.linkbeat.want(polled)?;
                self.ask_links();
                if firewall.is_some() {
                    self.firewall.want(firewall);
                }
                self.vmacs.want_more(vmacs);
                self.ensure_vmacs().await?;
                self.answer(Answer::Prepared);
            }
            Command::Keep(Standing { objects, vmacs, settings, firewall, polled: _, buffers: _ }) => {
                self.firewall.want(firewall);
                for old in self.vmacs.want(vmacs) {
                    self.vmacs.remove(&old, &mut self.requests, &self.mirror).await;
                    self.settle().await?;
                }
                let settings = self.sysctls.with_reverse_path(settings, &self.vmacs, &self.mirror);
                self.sysctls.want(&settings);
                self.settings = settings;
                self.ensure_vmacs().await?;
                self.firewall.apply(&self.vmacs, &self.mirror);
                self.want(Owner::Standing, objects).await?;
            }
            Command::Hold { id, objects, closed } => {
                self.firewall.close(id, closed);
                self.firewall.apply(&self.vmacs, &self.mirror);
                let added = self.want(Owner::Router(id), objects).await?;
                self.answer(Answer::Held { id, added });
            }
            Command::Drop { id } => {
                self.want(Owner::Router(id), Vec::new()).await?;
                self.firewall.close(id, BTreeSet::new());
                self.firewall.apply(&self.vmacs, &self.mirror);
            }
        }
        Ok(())
    }

    /// Makes the kernel have exactly these for `owner`. Returns whether it holds an address that it did not hold before,
    /// though another owner may have had it.
    async fn want(&mut self, owner: Owner, objects: Vec<Object>) -> io::Result<bool> {
        let before: BTreeSet<Object> = self.ledger.addresses_of(owner).cloned().collect();
        let edits = self.ledger.want(owner, objects);
        if self.routes.is_none() && self.ledger.watches_routes() {
            let Connection { handle: _, notices, socket } = connect(&[
                MulticastGroup::Ipv4Route,
                MulticastGroup::Ipv6Route,
                MulticastGroup::Ipv4Rule,
                MulticastGroup::Ipv6Rule,
            ])?;
            receive_buffer::give(&socket, self.buffers.notices, MONITOR);
            self.routes = Some(notices);
        }
        for edit in edits {
            match edit {
                Edit::Delete(object) => self.requests.delete(&object, &self.mirror).await,
                Edit::Add(object) => {
                    if !self.requests.add(&object, &self.mirror).await {
                        self.ledger.strike(&object);
                    }
                }
                Edit::AddBehind(object) => {
                    if !self.requests.add_behind(&object, &self.mirror).await {
                        self.ledger.strike(&object);
                    }
                }
                Edit::Confirm(object) => {
                    if !self.requests.confirm(&object, &self.mirror).await {
                        self.ledger.strike(&object);
                    }
                }
            }
        }
        Ok(self.ledger.addresses_of(owner).any(|object| !before.contains(object)))
    }

    /// Hears what has come by now, so that a thousand deletions lead to one comparison.
    async fn hear_all(&mut self, first: Option<Message>) -> io::Result<()> {
        let Some(first) = first else {
            return Err(io::Error::other("the monitor socket was closed"));
        };
        self.hear(first).await?;
        self.hear_waiting().await
    }

    async fn hear_waiting(&mut self) -> io::Result<()> {
        while let Some(Some(message)) = self.messages.next().now_or_never() {
            self.hear(message).await?;
        }
        while let Some(Some(message)) = next(&mut self.routes).now_or_never() {
            self.hear(message).await?;
        }
        Ok(())
    }

    async fn hear(&mut self, message: Message) -> io::Result<()> {
        if let NetlinkPayload::InnerMessage(inner) = message.payload {
            if self.suspicion < Suspicion::Missing && self.concerns_held(&inner) {
                self.suspicion = Suspicion::Missing;
            }
            if let Some(report) = Report::read(&inner) {
                let report = self.linkbeat.correct(report);
                self.take(report);
            }
        } else if let NetlinkPayload::Overrun(_) = message.payload {
            tracing::info!("Netlink: Receive buffer overrun on monitor socket - reading everything again");
            self.report_all().await?;
            self.suspicion = Suspicion::Missing;
        }
        Ok(())
    }

    /// Whether a notice says that something held is gone. It may be about an earlier deletion of our own.
    fn concerns_held(&self, notice: &RouteNetlinkMessage) -> bool {
        let mirror = &self.mirror;
        if let RouteNetlinkMessage::DelRoute(gone) = notice {
            return gone.header.protocol == RouteProtocol::KeepAlived
                && self.ledger.held().any(|held| is_route(gone, held.object, mirror));
        }
        if let RouteNetlinkMessage::DelRule(gone) = notice {
            return self.ledger.held().any(|held| is_rule(gone, held.object));
        }
        if let RouteNetlinkMessage::DelAddress(_) = notice
            && let Some(gone) = Report::read(notice)
        {
            return self.ledger.held().any(|held| is_address(&gone, held.object, mirror));
        }
        false
    }

    fn ask_links(&mut self) {
        for report in self.linkbeat.ask(&self.mirror) {
            self.take(report);
        }
    }

    fn take(&mut self, report: Report) {
        let before = self.mirror.apply(&report);
        self.vmacs.hear(&report, before.as_ref(), &self.mirror);
        if let (Report::Link(new), None) = (&report, &before) {
            for setting in self.settings.iter().filter(|setting| setting.concerns(&new.name)) {
                self.sysctls.set(setting);
            }
        }
        let is_chance = match &report {
            // With an interface that goes down the kernel drops routes without a word.
            Report::Link(link) => link.usable && !before.is_some_and(|before| before.usable),
            Report::Address(_) => true,
            Report::LinkGone { .. } | Report::AddressGone(_) => false,
        };
        if is_chance && self.ledger.has_standing() {
            let doubt = match &report {
                Report::Link(_) => Suspicion::Missing,
                Report::LinkGone { .. } | Report::Address(_) | Report::AddressGone(_) => Suspicion::Possible,
            };
            self.suspicion = self.suspicion.max(doubt);
        }
        self.answer(Answer::Report(report));
    }

    /// Makes the interfaces that are missing, and the filters that go with them. What is heard on the way may ask for more;
    /// what asks for more without end waits for the next notice.
    async fn ensure_vmacs(&mut self) -> io::Result<()> {
        for _ in 0..ROUNDS {
            if !self.vmacs.take_doubt() {
                return Ok(());
            }
            self.make_vmacs().await?;
        }
        Ok(())
    }

    async fn make_vmacs(&mut self) -> io::Result<()> {
        let built = self.vmacs.build_missing(&mut self.requests, &self.mirror).await;
        if !built.is_empty() {
            self.settle().await?;
            self.vmacs.examine(&built, &self.mirror);
            // What they must not send is filtered before they can send anything.
            self.firewall.apply(&self.vmacs, &self.mirror);
            for one in &built {
                vmac::raise(one, &mut self.requests).await;
            }
            self.settle().await?;
        }
        // What is added by the first may be what the second waits for.
        for _ in 0..2 {
            if !self.vmacs.furnish(&mut self.requests, &self.mirror).await {
                break;
            }
            self.settle().await?;
        }
        self.firewall.apply(&self.vmacs, &self.mirror);
        Ok(())
    }

    /// Hears the notices of everything done so far: they come before the answer to a question on the same socket.
    async fn settle(&mut self) -> io::Result<()> {
        let mut lo = LinkMessage::default();
        lo.attributes.push(LinkAttribute::IfName("lo".to_owned()));
        self.monitor.get(RouteNetlinkMessage::GetLink(lo)).await?;
        self.hear_waiting().await
    }

    /// Follows a suspicion: tells whose something is missing, and restores what the configuration itself wants.
    async fn check(&mut self) -> io::Result<()> {
        self.ensure_vmacs().await?;
        match std::mem::replace(&mut self.suspicion, Suspicion::None) {
            Suspicion::None => return Ok(()),
            Suspicion::Possible => {}
            Suspicion::Missing => self.compare().await?,
        }
        for object in self.ledger.to_restore() {
            if self.requests.add(&object, &self.mirror).await {
                self.ledger.tick_off(&object);
                tracing::info!("Restoring deleted static {} {object}", object.kind());
            }
        }
        Ok(())
    }

    /// Strikes what is held according to us, but not according to the kernel.
    async fn compare(&mut self) -> io::Result<()> {
        let present = self.present().await?;
        let mut lost = Vec::new();
        let mut missing = Vec::new();
        for held in self.ledger.held() {
            // Of routes and rules, nobody says when the others come and go.
            let is_watched = held.tracked || matches!(held.object, Object::Address(_));
            if !is_watched || present.has(held.object, &self.mirror) {
                continue;
            }
            missing.push(held.object.clone());
            if let (Owner::Router(id), true) = (held.owner, held.tracked) {
                lost.push(Answer::Lost { id, object: held.object.clone() });
            }
        }
        for object in &missing {
            self.ledger.strike(object);
        }
        for answer in lost {
            self.answer(answer);
        }
        Ok(())
    }

    async fn present(&mut self) -> io::Result<Present> {
        let held = self.dump_addresses().await?.into_iter().filter_map(|report| match report {
            Report::Address(held) => Some((held.index, held.address, held.prefix)),
            Report::Link(_) | Report::LinkGone { .. } | Report::AddressGone(_) => None,
        });
        let addresses = held.collect();
        let (mut routes, mut rules) = (Vec::new(), Vec::new());
        if self.routes.is_some() {
            for family in [AddressFamily::Inet, AddressFamily::Inet6] {
                let mut route = RouteMessage::default();
                route.header.address_family = family;
                route.header.protocol = RouteProtocol::KeepAlived;
                for one in self.requests.dump(RouteNetlinkMessage::GetRoute(route)).await? {
                    if let RouteNetlinkMessage::NewRoute(route) = one {
                        routes.push(route);
                    }
                }
                let mut rule = RuleMessage::default();
                rule.header.family = family;
                for one in self.requests.dump(RouteNetlinkMessage::GetRule(rule)).await? {
                    if let RouteNetlinkMessage::NewRule(rule) = one {
                        rules.push(rule);
                    }
                }
            }
        }
        Ok(Present { addresses, routes, rules })
    }

    async fn dump_addresses(&self) -> io::Result<Vec<Report>> {
        let all = self.monitor.dump(RouteNetlinkMessage::GetAddress(AddressMessage::default())).await?;
        Ok(all.iter().filter_map(Report::read).collect())
    }

    /// Reports everything there is, and the end of everything that is no longer.
    async fn report_all(&mut self) -> io::Result<()> {
        let links = self.monitor.dump(RouteNetlinkMessage::GetLink(LinkMessage::default())).await?;
        let mut now: Vec<Report> = links.iter().filter_map(Report::read).collect();
        now.extend(self.dump_addresses().await?);
        for report in self.mirror.gone(&now).into_iter().chain(now) {
            let report = self.linkbeat.correct(report);
            self.take(report);
        }
        self.answer(Answer::Current);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
