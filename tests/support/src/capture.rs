//! VRRP adverts and ARP frames seen on a link, with the kernel's time stamps.
//!
//! A capture is one more station on the link, alone in its namespace: it hears what is multicast, broadcast or flooded.

use crate::{
    failure::{Outcome, While as _},
    namespace::Namespace,
    scene::Node,
    wait::eventually,
};
use nix::{
    cmsg_space,
    sys::{
        socket::{
            AddressFamily, ControlMessageOwned, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrStorage,
            recvmsg, setsockopt, socket, sockopt,
        },
        time::{TimeSpec, TimeVal},
    },
};
use std::{
    io::IoSliceMut,
    net::{IpAddr, Ipv4Addr},
    os::fd::{AsRawFd as _, OwnedFd},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, SystemTime},
};

/// What a frame says, as far as tests ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// A VRRP advert over IPv4.
    Advert {
        /// Source address.
        from: Ipv4Addr,
        /// Virtual router.
        vrid: u8,
        /// Priority; zero means that the sender stops.
        priority: u8,
    },
    /// An ARP frame whose sender and target address are the same.
    GratuitousArp {
        /// The announced address.
        address: Ipv4Addr,
        /// The announced hardware address.
        mac: [u8; 6],
    },
    /// A BFD control packet over IPv4.
    Bfd {
        /// Source address.
        from: Ipv4Addr,
    },
    /// An IGMP report of membership in IPv4 groups.
    MembershipReport,
    /// An ICMPv6 neighbour advertisement to all nodes.
    NeighbourAdvert {
        /// The announced address.
        address: IpAddr,
        /// Router (0x80), solicited (0x40), override (0x20).
        flags: u8,
    },
}

/// A frame and when the kernel received it.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    /// When it arrived.
    pub at: SystemTime,
    /// The hardware address it came from.
    pub source: [u8; 6],
    /// What it says.
    pub seen: Seen,
}

/// Records what it hears until it is dropped.
#[derive(Debug)]
pub struct Capture {
    frames: Arc<Mutex<Vec<Frame>>>,
    stop: Arc<AtomicBool>,
}

impl Capture {
    pub(crate) fn start(station: &Namespace) -> Outcome<Self> {
        let socket = station.enter(open)??;
        let capture = Self { frames: Arc::default(), stop: Arc::default() };
        let (frames, stop) = (Arc::clone(&capture.frames), Arc::clone(&capture.stop));
        thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                if let Some(frame) = receive(&socket) {
                    lock(&frames).push(frame);
                }
            }
        });
        Ok(capture)
    }

    /// Records what reaches and leaves a node, which a station elsewhere on a link would not hear of.
    ///
    /// # Errors
    /// The kernel refuses the socket.
    pub fn beside(node: &Node) -> Outcome<Self> {
        Self::start(node.namespace())
    }

    /// All frames so far, oldest first.
    pub fn frames(&self) -> Vec<Frame> {
        lock(&self.frames).clone()
    }

    /// The times of all adverts of `from`, oldest first, that `wanted` accepts by priority.
    pub fn adverts(&self, from: Ipv4Addr, wanted: impl Fn(u8) -> bool) -> Vec<SystemTime> {
        let is_wanted = |frame: &Frame| match frame.seen {
            Seen::Advert { from: source, priority, .. } => source == from && wanted(priority),
            Seen::GratuitousArp { .. }
            | Seen::MembershipReport
            | Seen::NeighbourAdvert { .. }
            | Seen::Bfd { .. } => false,
        };
        lock(&self.frames).iter().filter(|frame| is_wanted(frame)).map(|frame| frame.at).collect()
    }

    /// The times of all gratuitous ARP frames for `address`, oldest first.
    pub fn announcements(&self, address: Ipv4Addr) -> Vec<SystemTime> {
        let is_wanted = |frame: &Frame| matches!(frame.seen, Seen::GratuitousArp { address: said, .. } if said == address);
        lock(&self.frames).iter().filter(|frame| is_wanted(frame)).map(|frame| frame.at).collect()
    }

    /// Waits for an advert of `from` later than `after`, and says when it came.
    ///
    /// # Errors
    /// None came in time.
    pub fn wait_advert(&self, from: Ipv4Addr, after: SystemTime, within: Duration) -> Outcome<SystemTime> {
        eventually(&format!("an advert of {from}"), within, || {
            self.adverts(from, |priority| priority > 0).into_iter().find(|at| *at > after)
        })
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn lock(frames: &Mutex<Vec<Frame>>) -> MutexGuard<'_, Vec<Frame>> {
    frames.lock().unwrap_or_else(PoisonError::into_inner)
}

fn open() -> Outcome<OwnedFd> {
    let fd = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::EthAll)
        .doing("cannot open a packet socket")?;
    setsockopt(&fd, sockopt::ReceiveTimestampns, &true)?;
    setsockopt(&fd, sockopt::ReceiveTimeout, &TimeVal::new(0, 100_000))?;
    Ok(fd)
}

fn receive(socket: &OwnedFd) -> Option<Frame> {
    let mut buffer = [0; 2048];
    let mut control = cmsg_space!(TimeSpec);
    let mut slices = [IoSliceMut::new(&mut buffer)];
    let message =
        recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut slices, Some(&mut control), MsgFlags::empty())
            .ok()?;
    let stamp = message.cmsgs().ok()?.find_map(|control| {
        if let ControlMessageOwned::ScmTimestampns(stamp) = control {
            Some(Duration::from(stamp))
        } else {
            None
        }
    })?;
    let length = message.bytes;
    let seen = read(buffer.get(..length)?)?;
    let source = buffer.get(6..12)?.try_into().ok()?;
    Some(Frame { at: SystemTime::UNIX_EPOCH + stamp, source, seen })
}

/// Reads an Ethernet frame; `None` for everything no test asks about.
fn read(frame: &[u8]) -> Option<Seen> {
    let payload = frame.get(14..)?;
    match frame.get(12..14)? {
        [0x08, 0x00] => advert(payload).or_else(|| bfd(payload)).or_else(|| membership_report(payload)),
        [0x08, 0x06] => gratuitous_arp(payload),
        [0x86, 0xdd] => neighbour_advert(payload),
        _ => None,
    }
}

fn advert(packet: &[u8]) -> Option<Seen> {
    const VRRP: u8 = 112;
    let header = usize::from(packet.first()? & 0x0f) * 4;
    if *packet.get(9)? != VRRP {
        return None;
    }
    Some(Seen::Advert {
        from: address(packet, 12)?,
        vrid: *packet.get(header + 1)?,
        priority: *packet.get(header + 2)?,
    })
}

fn bfd(packet: &[u8]) -> Option<Seen> {
    const UDP: u8 = 17;
    let header = usize::from(packet.first()? & 0x0f) * 4;
    let port = u16::from_be_bytes(packet.get(header + 2..header + 4)?.try_into().ok()?);
    let is_bfd = *packet.get(9)? == UDP && matches!(port, 3784 | 4784);
    is_bfd.then_some(Seen::Bfd { from: address(packet, 12)? })
}

fn membership_report(packet: &[u8]) -> Option<Seen> {
    const IGMP: u8 = 2;
    const REPORTS: [u8; 3] = [0x12, 0x16, 0x22];
    let header = usize::from(packet.first()? & 0x0f) * 4;
    let is_report = *packet.get(9)? == IGMP && REPORTS.contains(packet.get(header)?);
    is_report.then_some(Seen::MembershipReport)
}

fn gratuitous_arp(packet: &[u8]) -> Option<Seen> {
    let (sender, target) = (address(packet, 14)?, address(packet, 24)?);
    let mac = packet.get(8..14)?.try_into().ok()?;
    (sender == target).then_some(Seen::GratuitousArp { address: sender, mac })
}

fn neighbour_advert(packet: &[u8]) -> Option<Seen> {
    const ICMPV6: u8 = 58;
    const ADVERT: u8 = 136;
    if *packet.get(6)? != ICMPV6 || *packet.get(40)? != ADVERT || *packet.get(24)? != 0xff {
        return None;
    }
    let octets: [u8; 16] = packet.get(48..64)?.try_into().ok()?;
    Some(Seen::NeighbourAdvert { address: IpAddr::from(octets), flags: *packet.get(44)? })
}

fn address(packet: &[u8], at: usize) -> Option<Ipv4Addr> {
    let octets: [u8; 4] = packet.get(at..at + 4)?.try_into().ok()?;
    Some(Ipv4Addr::from(octets))
}
