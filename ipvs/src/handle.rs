//! Requests to the kernel and its answers.
//!
//! Changes are pipelined: up to [`BATCH_MESSAGES`] of them travel in one datagram of which only the last asks for an
//! acknowledgement. The kernel executes all, in order, answers each failure on its own, and then the acknowledgement;
//! so silence up to there means success.

use std::collections::HashSet;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use netlink_packet_core::{NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NLMSG_ERROR, NetlinkBuffer};
use tokio::time::{Instant, sleep, timeout_at};

use crate::error::errno;
use crate::frame::{Part, family_lookup, family_number, parts, write};
use crate::{
    Answer, Cause, Daemon, Destination, DestinationEntry, DestinationId, Error, Info, Malformed, Reply,
    Request, ServiceEntry, ServiceId, ServiceSpec, Socket, Timeouts, Transport, Weight,
};

/// Messages in one datagram. The kernel's default buffer holds 277 answers, should every request fail.
const BATCH_MESSAGES: usize = 200;

/// Bytes in one datagram; the kernel's default limit is some 212,900.
const BATCH_BYTES: usize = 200 * 1024;

/// How long the kernel may take to answer. It answers within `send`, so only a request that it never answers waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the rest of a dump that nobody read may take. The kernel writes it while it is read.
const MOMENT: Duration = Duration::from_millis(100);

/// How often a destination that is drained is looked at.
const GLANCE: Duration = Duration::from_secs(1);

/// How often a dump is begun anew that the kernel calls interrupted.
const DUMPS: usize = 8;

/// A conversation with the kernel's IPVS in one network namespace.
#[derive(Debug)]
pub struct Handle<T = Socket> {
    transport: T,
    family: u16,
    sequence: u32,
    patience: Duration,
    /// A dump that somebody stopped reading; the kernel refuses the next one until it is read to its end.
    unread_dump: Option<u32>,
    buffer: Vec<u8>,
}

impl Handle<Socket> {
    /// Opens a socket in the calling thread's network namespace and looks the family up, which makes the kernel load
    /// its module where it can.
    ///
    /// # Errors
    ///
    /// [`Error::NoModule`] without IPVS, [`Error::Socket`] when there is no netlink.
    pub async fn open() -> Result<Self, Error> {
        Self::over(Socket::open()?).await
    }

    /// The same in the network namespace behind a descriptor: of `/proc/PID/ns/net`, or of a file that `ip netns` made.
    ///
    /// # Errors
    ///
    /// As [`Handle::open`], and [`Error::Socket`] without the right to enter the namespace.
    pub async fn open_in(namespace: BorrowedFd<'_>) -> Result<Self, Error> {
        Self::over(Socket::open_in(namespace)?).await
    }
}

impl<T> Handle<T> {
    /// What the conversation goes over, for a socket's options.
    pub fn transport(&self) -> &T {
        &self.transport
    }
}

impl<T: Transport> Handle<T> {
    /// The same over any transport.
    ///
    /// # Errors
    ///
    /// As [`Handle::open`].
    pub async fn over(transport: T) -> Result<Self, Error> {
        let mut handle = Self {
            transport,
            family: 0,
            sequence: 0,
            patience: PATIENCE,
            unread_dump: None,
            buffer: Vec::new(),
        };
        handle.family = handle.resolve().await?;
        Ok(handle)
    }

    /// Carries out changes in order and says what became of each. A refusal does not stop those behind it.
    ///
    /// # Errors
    ///
    /// [`Error::NotAChange`] when one of them is a question, and nothing was asked then. When the conversation itself
    /// fails; requests of earlier batches are done then, those of the current one may be.
    pub async fn apply(&mut self, requests: &[Request]) -> Result<Vec<Answer>, Error> {
        if let Some(question) = requests.iter().find(|request| !request.is_change()) {
            return Err(Error::NotAChange(question.command()));
        }
        let mut answers = self.apply_once(requests).await?;
        let is_suspect =
            |answer: &Answer| answer.as_ref().is_err_and(|refusal| refusal.errno == errno::ENOENT);
        // ENOENT may mean that the module was loaded anew under another number (and nothing was executed).
        if answers.iter().any(is_suspect) {
            let family = self.resolve().await?;
            if family != self.family {
                self.family = family;
                let again: Vec<usize> = (0..answers.len()).filter(|at| is_suspect(&answers[*at])).collect();
                let repeated: Vec<Request> = again.iter().map(|at| requests[*at]).collect();
                for (at, answer) in again.into_iter().zip(self.apply_once(&repeated).await?) {
                    answers[at] = answer;
                }
            }
        }
        Ok(answers)
    }

    /// Carries out one change and says what became of it.
    ///
    /// A kernel that stops a daemon which it has only just started does so without an answer; the list of daemons that
    /// run is the answer then.
    ///
    /// # Errors
    ///
    /// When the conversation itself fails.
    pub async fn change(&mut self, request: &Request) -> Result<Answer, Error> {
        match self.apply(std::slice::from_ref(request)).await {
            Err(Error::NoAnswer) => {
                let Request::DelDaemon { role, .. } = request else { return Err(Error::NoAnswer) };
                let runs = self.daemons().await?.iter().any(|daemon| daemon.role == *role);
                if runs { Err(Error::NoAnswer) } else { Ok(Ok(())) }
            }
            answers => answers?.pop().ok_or(Error::NoAnswer),
        }
    }

    /// Takes a destination out of a service without cutting a connection: with weight 0 it gets no new ones, and it is
    /// removed when those that it has have ended. Gives the number of those that are left after `patience`; it is still
    /// there then, with weight 0. A destination that is not there has none left.
    ///
    /// Clients that are bound to it by persistence come back as long as the sysctl
    /// `net.ipv4.vs.expire_quiescent_template` is 0.
    ///
    /// # Errors
    ///
    /// As [`Handle::info`], and when a change is refused.
    pub async fn drain(
        &mut self,
        service: ServiceId,
        destination: DestinationId,
        patience: Duration,
    ) -> Result<u64, Error> {
        let end = Instant::now() + patience;
        let mut was_quieted = false;
        loop {
            let entries = self.destinations(service).await?;
            let Some(entry) = entries.into_iter().find(|entry| entry.destination.id == destination) else {
                return Ok(0);
            };
            let left = u64::from(entry.active) + u64::from(entry.inactive);
            let is_quiet = entry.destination.weight == Weight::ZERO;
            let step = if !is_quiet {
                let quiet = Destination { weight: Weight::ZERO, ..entry.destination };
                Some(Request::SetDestination(service, quiet))
            } else {
                (left == 0).then_some(Request::DelDestination(service, destination))
            };
            if let Some(step) = step {
                match self.change(&step).await? {
                    Ok(()) if is_quiet => return Ok(0),
                    Ok(()) => {}
                    // Somebody else took it out since it was looked at.
                    Err(refusal)
                        if matches!(refusal.cause, Cause::NoSuchService | Cause::NoSuchDestination) =>
                    {
                        return Ok(0);
                    }
                    Err(refusal) => return Err(refusal.into()),
                }
                // A connection may have come before it was quiet. Whoever sets the weight back each time is not raced.
                if !std::mem::replace(&mut was_quieted, true) {
                    continue;
                }
            }
            if Instant::now() >= end {
                return Ok(left);
            }
            sleep(GLANCE).await;
        }
    }

    /// Version and table size.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] without the right to administer the network.
    pub async fn info(&mut self) -> Result<Info, Error> {
        let Reply::Info(attrs) = self.ask(&Request::GetInfo).await? else {
            return Err(Malformed::Unexpected.into());
        };
        Ok(Info::decode(&attrs)?)
    }

    /// All services, in the kernel's order, each once: when others change their tables meanwhile, the kernel repeats some.
    ///
    /// # Errors
    ///
    /// As [`Handle::info`].
    pub async fn services(&mut self) -> Result<Vec<ServiceEntry>, Error> {
        let replies = self.dump(&Request::ListServices).await?;
        let mut seen = HashSet::with_capacity(replies.len());
        let entries = replies.iter().map(service_of);
        entries.filter(|entry| entry.as_ref().map_or(true, |entry| seen.insert(entry.service.id))).collect()
    }

    /// One service.
    ///
    /// # Errors
    ///
    /// [`Cause::NoSuchService`] when it is not there.
    pub async fn service(&mut self, id: ServiceId) -> Result<ServiceEntry, Error> {
        let reply = self.ask(&Request::GetService(id)).await?;
        service_of(&reply)
    }

    /// The destinations of a service, newest first, each once as in [`Handle::services`]; none where there is no such
    /// service.
    ///
    /// # Errors
    ///
    /// As [`Handle::info`].
    pub async fn destinations(&mut self, id: ServiceId) -> Result<Vec<DestinationEntry>, Error> {
        let replies = self.dump(&Request::ListDestinations(id)).await?;
        let mut seen = HashSet::with_capacity(replies.len());
        let entries = replies.iter().map(|reply| destination_of(reply, id));
        entries
            .filter(|entry| entry.as_ref().map_or(true, |entry| seen.insert(entry.destination.id)))
            .collect()
    }

    /// The whole table without its counters. The kernel does not freeze it meanwhile; see [`Handle::settled_table`].
    ///
    /// # Errors
    ///
    /// As [`Handle::info`].
    pub async fn table(&mut self) -> Result<Vec<ServiceSpec>, Error> {
        let mut table = Vec::new();
        for ServiceEntry { service, .. } in self.services().await? {
            let entries = self.destinations(service.id).await?;
            let destinations = entries.into_iter().map(|entry| entry.destination).collect();
            table.push(ServiceSpec { service, destinations });
        }
        Ok(table)
    }

    /// The whole table as it was seen twice in a row. While others write to it, the kernel leaves out entries of a
    /// dump without saying so.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`] when it did not settle; else as [`Handle::info`].
    pub async fn settled_table(&mut self) -> Result<Vec<ServiceSpec>, Error> {
        let mut last = self.table().await?;
        for _ in 0..DUMPS {
            let next = self.table().await?;
            if next == last {
                return Ok(next);
            }
            last = next;
        }
        Err(Error::Interrupted)
    }

    /// The timeouts.
    ///
    /// # Errors
    ///
    /// As [`Handle::info`].
    pub async fn timeouts(&mut self) -> Result<Timeouts, Error> {
        let Reply::Config(attrs) = self.ask(&Request::GetTimeouts).await? else {
            return Err(Malformed::Unexpected.into());
        };
        Ok(Timeouts::decode(&attrs))
    }

    /// The synchronisation daemons that run.
    ///
    /// # Errors
    ///
    /// As [`Handle::info`].
    pub async fn daemons(&mut self) -> Result<Vec<Daemon>, Error> {
        let replies = self.dump(&Request::ListDaemons).await?;
        replies.iter().map(daemon_of).collect()
    }

    async fn apply_once(&mut self, requests: &[Request]) -> Result<Vec<Answer>, Error> {
        let mut answers = Vec::with_capacity(requests.len());
        let mut rest = requests;
        while !rest.is_empty() {
            let first = self.sequence.wrapping_add(1);
            let mut datagram = Vec::new();
            let mut last = 0;
            let mut count = 0;
            for request in rest.iter().take(BATCH_MESSAGES) {
                let start = datagram.len();
                let number = self.next_sequence();
                write(&mut datagram, self.family, NLM_F_REQUEST, number, request.to_message());
                if count > 0 && datagram.len() > BATCH_BYTES {
                    datagram.truncate(start);
                    self.sequence = number.wrapping_sub(1);
                    break;
                }
                last = start;
                count += 1;
            }
            NetlinkBuffer::new(&mut datagram[last..]).set_flags(NLM_F_REQUEST | NLM_F_ACK);
            let (batch, behind) = rest.split_at(count);
            self.transport.send(&datagram).await?;
            answers.extend(self.collect(first, batch).await?);
            rest = behind;
        }
        Ok(answers)
    }

    /// Reads answers until the last request of the batch has one.
    async fn collect(&mut self, first: u32, batch: &[Request]) -> Result<Vec<Answer>, Error> {
        let mut answers: Vec<Answer> = vec![Ok(()); batch.len()];
        let mut settled = false;
        while !settled {
            self.receive().await?;
            for part in parts(&self.buffer) {
                let part = part?;
                let at = part.sequence.wrapping_sub(first) as usize;
                if part.kind != NLMSG_ERROR {
                    continue;
                }
                if let (Some(request), Some(answer)) = (batch.get(at), answers.get_mut(at)) {
                    *answer = part.answer(request)?;
                    settled |= at + 1 == batch.len();
                }
            }
        }
        Ok(answers)
    }

    /// One question, one answer.
    async fn ask(&mut self, request: &Request) -> Result<Reply, Error> {
        match self.ask_once(request).await {
            Err(Error::Refused(refusal)) if refusal.errno == errno::ENOENT => {
                self.family = self.resolve().await?;
                self.ask_once(request).await
            }
            other => other,
        }
    }

    async fn ask_once(&mut self, request: &Request) -> Result<Reply, Error> {
        let number = self.next_sequence();
        let mut datagram = Vec::new();
        write(&mut datagram, self.family, NLM_F_REQUEST, number, request.to_message());
        self.transport.send(&datagram).await?;
        loop {
            self.receive().await?;
            for part in parts(&self.buffer) {
                let part = part?;
                if part.sequence != number {
                    continue;
                }
                if part.kind == NLMSG_ERROR {
                    part.answer(request)??;
                    return Err(Malformed::Unexpected.into());
                }
                return part.reply();
            }
        }
    }

    /// One question, many answers.
    async fn dump(&mut self, request: &Request) -> Result<Vec<Reply>, Error> {
        let mut resolved = false;
        for _ in 0..DUMPS {
            match self.dump_once(request).await {
                Err(Error::Refused(refusal)) if refusal.errno == errno::ENOENT && !resolved => {
                    self.family = self.resolve().await?;
                    resolved = true;
                }
                Err(Error::Interrupted) => {}
                other => return other,
            }
        }
        Err(Error::Interrupted)
    }

    async fn dump_once(&mut self, request: &Request) -> Result<Vec<Reply>, Error> {
        if let Some(number) = self.unread_dump {
            self.skip_dump(number).await?;
        }
        let number = self.next_sequence();
        let mut datagram = Vec::new();
        write(&mut datagram, self.family, NLM_F_REQUEST | NLM_F_DUMP, number, request.to_message());
        self.transport.send(&datagram).await?;
        self.unread_dump = Some(number);
        self.read_dump(number, request).await
    }

    /// Reads what is left of a dump; what it holds is of no interest any more.
    async fn skip_dump(&mut self, number: u32) -> Result<(), Error> {
        let end = Instant::now() + MOMENT;
        while self.unread_dump.is_some() {
            match self.receive_until(end).await {
                // The end was in a datagram that could not be read.
                Err(Error::NoAnswer) => self.unread_dump = None,
                other => other?,
            }
            let is_end = |part: &Part<'_>| part.sequence == number && part.ends_a_dump();
            if parts(&self.buffer).flatten().any(|part| is_end(&part)) {
                self.unread_dump = None;
            }
        }
        Ok(())
    }

    /// An answer that makes no sense spoils the dump, which is read to its end all the same.
    async fn read_dump(&mut self, number: u32, request: &Request) -> Result<Vec<Reply>, Error> {
        let mut replies = Ok(Vec::new());
        let mut interrupted = false;
        loop {
            if let Err(error) = self.receive().await {
                // After silence there is nothing left to be read; after anything else there may be.
                if matches!(error, Error::NoAnswer) {
                    self.unread_dump = None;
                }
                return Err(error);
            }
            for part in parts(&self.buffer) {
                let part = part?;
                if part.sequence != number {
                    continue;
                }
                interrupted |= part.is_interrupted();
                if part.ends_a_dump() {
                    self.unread_dump = None;
                    if interrupted {
                        return Err(Error::Interrupted);
                    }
                    part.answer(request)??;
                    return replies;
                }
                if let Ok(readable) = &mut replies {
                    match part.reply() {
                        Ok(reply) => readable.push(reply),
                        Err(error) => replies = Err(error),
                    }
                }
            }
        }
    }

    /// Asks the controller for the family's number.
    async fn resolve(&mut self) -> Result<u16, Error> {
        let number = self.next_sequence();
        self.transport.send(&family_lookup(number)).await?;
        let mut family = None;
        loop {
            self.receive().await?;
            for part in parts(&self.buffer) {
                let part = part?;
                if part.sequence != number {
                    continue;
                }
                if part.kind != NLMSG_ERROR {
                    family = family_number(part.payload);
                    continue;
                }
                return match (part.errno()?, family) {
                    (0, Some(family)) => Ok(family),
                    (0, None) => Err(Malformed::Unexpected.into()),
                    (errno::ENOENT, _) => Err(Error::NoModule),
                    (errno, _) => Err(std::io::Error::from_raw_os_error(errno).into()),
                };
            }
        }
    }

    async fn receive(&mut self) -> Result<(), Error> {
        self.receive_until(Instant::now() + self.patience).await
    }

    async fn receive_until(&mut self, end: Instant) -> Result<(), Error> {
        match timeout_at(end, self.transport.receive(&mut self.buffer)).await {
            Err(_elapsed) => Err(Error::NoAnswer),
            Ok(Err(error)) if error.raw_os_error() == Some(errno::ENOBUFS) => Err(Error::Overrun),
            Ok(other) => Ok(other?),
        }
    }

    fn next_sequence(&mut self) -> u32 {
        self.sequence = self.sequence.wrapping_add(1);
        self.sequence
    }
}

fn service_of(reply: &Reply) -> Result<ServiceEntry, Error> {
    let Reply::Service(nest) = reply else {
        return Err(Malformed::Unexpected.into());
    };
    Ok(ServiceEntry::decode(&nest.attrs)?)
}

fn destination_of(reply: &Reply, service: ServiceId) -> Result<DestinationEntry, Error> {
    let Reply::Destination(nest) = reply else {
        return Err(Malformed::Unexpected.into());
    };
    Ok(DestinationEntry::decode(&nest.attrs, service.family())?)
}

fn daemon_of(reply: &Reply) -> Result<Daemon, Error> {
    let Reply::Daemon(nest) = reply else {
        return Err(Malformed::Unexpected.into());
    };
    Ok(Daemon::decode(&nest.attrs)?)
}
