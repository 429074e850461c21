//! A kernel made of a queue: it notes what it gets and answers as Linux does.

use std::collections::VecDeque;
use std::io;

use ipvs::Transport;
use netlink_packet_core::{NetlinkBuffer, NetlinkHeader};

/// One message as the kernel got it.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) header: NetlinkHeader,
    pub(crate) bytes: Vec<u8>,
}

/// What to do with a message: the datagrams of the answer. Acknowledgements are made by the kernel itself.
pub(crate) enum Reaction {
    /// Executed.
    Done,
    /// Refused with this number.
    Refused(i32),
    /// Executed without ever being acknowledged.
    Silent,
    /// These datagrams, as they are.
    Raw(Vec<Vec<u8>>),
}

pub(crate) struct Kernel<F> {
    pub(crate) family: u16,
    pub(crate) received: Vec<Received>,
    /// The look-ups of the family.
    pub(crate) lookups: Vec<Vec<u8>>,
    /// Messages in each datagram.
    pub(crate) datagrams: Vec<usize>,
    answers: VecDeque<Vec<u8>>,
    react: F,
}

const ACK: u16 = 4;

impl<F: FnMut(usize, &Received) -> Reaction> Kernel<F> {
    /// `react` is given the number of requests of the family so far, and the message.
    pub(crate) fn new(react: F) -> Self {
        Self {
            family: 28,
            received: Vec::new(),
            lookups: Vec::new(),
            datagrams: Vec::new(),
            answers: VecDeque::new(),
            react,
        }
    }

    fn take(&mut self, message: Received) {
        if message.header.message_type == 16 {
            let mut reply = header(40, 16, 0, &message);
            reply.extend([1, 2, 0, 0, 9, 0, 2, 0, b'I', b'P', b'V', b'S', 0, 0, 0, 0, 6, 0, 1, 0]);
            reply.extend(self.family.to_ne_bytes());
            reply.extend([0, 0]);
            self.answers.push_back(reply);
            self.answers.push_back(error(0, &message));
            self.lookups.push(message.bytes);
            return;
        }
        let reaction = if message.header.message_type == self.family {
            (self.react)(self.received.len(), &message)
        } else {
            Reaction::Refused(2)
        };
        match reaction {
            Reaction::Done if message.header.flags & ACK != 0 => self.answers.push_back(error(0, &message)),
            Reaction::Done | Reaction::Silent => {}
            Reaction::Refused(errno) => self.answers.push_back(error(errno, &message)),
            Reaction::Raw(datagrams) => self.answers.extend(datagrams),
        }
        self.received.push(message);
    }
}

/// A netlink header that answers a message.
fn header(length: u32, kind: u16, flags: u16, to: &Received) -> Vec<u8> {
    let mut bytes = length.to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(to.header.sequence_number.to_ne_bytes());
    bytes.extend(777u32.to_ne_bytes());
    bytes
}

fn error(errno: i32, to: &Received) -> Vec<u8> {
    let mut bytes = header(36, 2, 0x100, to);
    bytes.extend((-errno).to_ne_bytes());
    bytes.extend(&to.bytes[..16]);
    bytes
}

/// A captured reply, made an answer to this message.
pub(crate) fn answering(to: &Received, captured: &[u8]) -> Vec<u8> {
    let mut bytes = captured.to_vec();
    bytes[8..12].copy_from_slice(&to.header.sequence_number.to_ne_bytes());
    bytes
}

/// The end of a dump.
pub(crate) fn done(to: &Received) -> Vec<u8> {
    let mut bytes = header(20, 3, 2, to);
    bytes.extend([0; 4]);
    bytes
}

impl<F: FnMut(usize, &Received) -> Reaction + Send> Transport for &mut Kernel<F> {
    async fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        let mut rest = datagram;
        let mut count = 0;
        while !rest.is_empty() {
            let message = NetlinkBuffer::new_checked(rest).expect("whole messages");
            let length = message.length() as usize;
            let mut header = NetlinkHeader::default();
            header.length = message.length();
            header.message_type = message.message_type();
            header.flags = message.flags();
            header.sequence_number = message.sequence_number();
            let (bytes, behind) = rest.split_at(length);
            self.take(Received { header, bytes: bytes.to_vec() });
            rest = behind;
            count += 1;
        }
        self.datagrams.push(count);
        Ok(())
    }

    async fn receive(&mut self, into: &mut Vec<u8>) -> io::Result<()> {
        match self.answers.pop_front() {
            Some(datagram) => {
                into.clear();
                into.extend(datagram);
                Ok(())
            }
            None => std::future::pending().await,
        }
    }
}

/// A kernel whose module was loaded again right after the first look-up.
pub(crate) struct Reloading {
    numbers: VecDeque<u16>,
    pub(crate) executed: usize,
    answers: VecDeque<Vec<u8>>,
    current: u16,
}

impl Reloading {
    pub(crate) fn new(before: u16, after: u16) -> Self {
        Self { numbers: [before, after].into(), executed: 0, answers: VecDeque::new(), current: after }
    }
}

impl Transport for &mut Reloading {
    async fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        let told = self.numbers.front().copied().unwrap_or(self.current);
        let current = self.current;
        let executed = &mut self.executed;
        let mut kernel = Kernel::new(|_, message: &Received| {
            if message.header.message_type != current {
                return Reaction::Refused(2);
            }
            *executed += 1;
            Reaction::Done
        });
        // This kernel judges the number itself, so the inner one must let every number through.
        kernel.family = u16::from_ne_bytes([datagram[4], datagram[5]]);
        if kernel.family == 16 {
            kernel.family = told;
            self.numbers.pop_front();
        }
        (&mut kernel).send(datagram).await?;
        self.answers.append(&mut kernel.answers);
        Ok(())
    }

    async fn receive(&mut self, into: &mut Vec<u8>) -> io::Result<()> {
        *into = self.answers.pop_front().unwrap_or_default();
        Ok(())
    }
}

/// A kernel that cannot load `ip_vs`.
#[derive(Default)]
pub(crate) struct WithoutModule {
    answers: VecDeque<Vec<u8>>,
}

impl Transport for &mut WithoutModule {
    async fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        let message = NetlinkBuffer::new_checked(datagram).expect("a whole message");
        let mut header = NetlinkHeader::default();
        header.sequence_number = message.sequence_number();
        self.answers.push_back(error(2, &Received { header, bytes: datagram.to_vec() }));
        Ok(())
    }

    async fn receive(&mut self, into: &mut Vec<u8>) -> io::Result<()> {
        *into = self.answers.pop_front().unwrap_or_default();
        Ok(())
    }
}
