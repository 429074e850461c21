//! The thread that talks rtnetlink.
//!
//! A netlink request takes the kernel's RTNL lock in its caller, and others hold that lock for as long as they like. So no
//! request is ever made on the thread that sends adverts: it leaves commands here and goes on.

use std::io;

use futures_util::StreamExt as _;
use futures_util::stream::TryStreamExt as _;
use netlink_packet_core::{NetlinkMessage, NetlinkPayload};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::address::AddressMessage;
use rtnetlink::{Handle, MulticastGroup};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::addresses::{Addresses, Lost};
use crate::mirror::{Mirror, Report};
use crate::plan::vrrp::Address;

/// Whom addresses are held for.
pub(crate) type Id = u64;

/// What to do. Commands are carried out one after the other.
#[derive(Debug)]
pub(crate) enum Command {
    /// Delete what a predecessor may have left.
    Clean(Vec<Address>),
    /// Have exactly these.
    Hold {
        /// For whom.
        id: Id,
        /// All of them, in order.
        addresses: Vec<Address>,
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
    /// [`Command::Hold`] is done.
    Held {
        /// For whom.
        id: Id,
        /// Whether there is one more than before.
        added: bool,
    },
    /// Somebody else deleted one that is held and tracked.
    Lost {
        /// Whose it was.
        id: Id,
        /// What it was.
        address: Address,
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
        let (commands, orders) = unbounded_channel();
        let (say, answers) = unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
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

type Message = NetlinkMessage<RouteNetlinkMessage>;

async fn work(mut orders: UnboundedReceiver<Command>, say: UnboundedSender<Answer>) -> io::Result<()> {
    let groups = [MulticastGroup::Link, MulticastGroup::Ipv4Ifaddr, MulticastGroup::Ipv6Ifaddr];
    let (connection, monitor, mut messages) = rtnetlink::new_multicast_connection(&groups)?;
    tokio::spawn(connection);
    // A socket of its own, so that no notification can be taken for an answer.
    let (connection, handle, _) = rtnetlink::new_connection()?;
    tokio::spawn(connection);

    let mut thread = Thread { monitor, mirror: Mirror::default(), addresses: Addresses::new(handle), say };
    thread.report_all().await?;
    loop {
        tokio::select! {
            command = orders.recv() => match command {
                Some(command) => thread.obey(command).await,
                None => return Ok(()),
            },
            message = messages.next() => match message {
                Some((message, _)) => thread.hear(message).await?,
                None => return Err(io::Error::other("the monitor socket was closed")),
            },
        }
    }
}

struct Thread {
    monitor: Handle,
    mirror: Mirror,
    addresses: Addresses,
    say: UnboundedSender<Answer>,
}

impl Thread {
    fn answer(&self, answer: Answer) {
        // The worker is ending when nobody listens; its last commands are carried out all the same.
        let _ = self.say.send(answer);
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Clean(leftovers) => {
                self.addresses.clean(&leftovers, &self.mirror).await;
                self.answer(Answer::Clean);
            }
            Command::Hold { id, addresses } => {
                let added = self.addresses.hold(id, addresses, &self.mirror).await;
                self.answer(Answer::Held { id, added });
            }
            Command::Drop { id } => self.addresses.drop(id, &self.mirror).await,
        }
    }

    async fn hear(&mut self, message: Message) -> io::Result<()> {
        if let NetlinkPayload::InnerMessage(inner) = message.payload {
            if let Some(report) = Report::read(&inner) {
                self.take(report).await?;
            }
        } else if let NetlinkPayload::Overrun(_) = message.payload {
            tracing::info!("Netlink: Receive buffer overrun on monitor socket - reading everything again");
            self.report_all().await?;
            for lost in self.missing().await? {
                self.lose(lost);
            }
        }
        Ok(())
    }

    async fn take(&mut self, report: Report) -> io::Result<()> {
        if let Report::AddressGone(gone) = &report
            && let Some(lost) = self.addresses.owner_of(gone, &self.mirror)
        {
            // The message may be about an earlier deletion of our own, after which we set the address again.
            if self.missing().await?.contains(&lost) {
                self.lose(lost);
            }
        }
        self.mirror.apply(&report);
        self.answer(Answer::Report(report));
        Ok(())
    }

    fn lose(&mut self, lost: Lost) {
        self.addresses.forget(&lost);
        if lost.address.tracked {
            self.answer(Answer::Lost { id: lost.id, address: lost.address });
        }
    }

    /// What is held according to us, but not according to the kernel.
    async fn missing(&self) -> io::Result<Vec<Lost>> {
        let present = self.dump_addresses().await?;
        let is_there = |lost: &Lost| {
            let index = self.mirror.link(&lost.address.interface).map(|link| link.index);
            present.iter().any(|report| match report {
                Report::Address(held) => {
                    Some(held.index) == index
                        && held.address == lost.address.address
                        && held.prefix == lost.address.prefix
                }
                Report::Link(_) | Report::LinkGone { .. } | Report::AddressGone(_) => false,
            })
        };
        Ok(self.addresses.all().into_iter().filter(|lost| !is_there(lost)).collect())
    }

    async fn dump_addresses(&self) -> io::Result<Vec<Report>> {
        let all: Vec<AddressMessage> =
            self.monitor.address().get().execute().try_collect().await.map_err(io::Error::other)?;
        Ok(all
            .into_iter()
            .filter_map(|message| Report::read(&RouteNetlinkMessage::NewAddress(message)))
            .collect())
    }

    /// Reports everything there is, and the end of everything that is no longer.
    async fn report_all(&mut self) -> io::Result<()> {
        let links: Vec<_> =
            self.monitor.link().get().execute().try_collect().await.map_err(io::Error::other)?;
        let mut now: Vec<Report> =
            links.into_iter().filter_map(|link| Report::read(&RouteNetlinkMessage::NewLink(link))).collect();
        now.extend(self.dump_addresses().await?);
        for report in self.mirror.gone(&now).into_iter().chain(now) {
            self.mirror.apply(&report);
            self.answer(Answer::Report(report));
        }
        self.answer(Answer::Current);
        Ok(())
    }
}
