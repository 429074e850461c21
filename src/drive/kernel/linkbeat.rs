//! Links that are asked how they are, once a second, and the answer put in the place of what the kernel says of its own accord.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr;
use std::time::Duration;

use rustix::ioctl::{Opcode, Updater, ioctl};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::mirror::{Link, Mirror, Report};
use crate::plan::linkbeat::{Polled, Way};

/// How often links are asked.
const PERIOD: Duration = Duration::from_secs(1);

/// `IFF_UP`
const UP: u32 = 1;

/// `IFF_RUNNING`
const RUNNING: u32 = 0x40;

/// The links that are asked, and what they said last.
#[derive(Debug, Default)]
pub(super) struct Linkbeat {
    wanted: Vec<Polled>,
    /// By number of the interface: the way that works, and what it said.
    said: BTreeMap<u32, (Way, bool)>,
    /// While there is anything to ask.
    line: Option<(OwnedFd, Interval)>,
}

impl Linkbeat {
    /// Asks exactly these from now on.
    pub(super) fn want(&mut self, wanted: Vec<Polled>) -> io::Result<()> {
        if self.wanted == wanted {
            return Ok(());
        }
        self.said.clear();
        self.wanted = wanted;
        if self.wanted.is_empty() {
            self.line = None;
        } else if self.line.is_none() {
            tracing::info!("Using MII-BMSR/ETHTOOL NIC polling thread(s)...");
            let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
            let mut period = interval(PERIOD);
            period.set_missed_tick_behavior(MissedTickBehavior::Delay);
            self.line = Some((socket, period));
        }
        Ok(())
    }

    /// Waits until it is time to ask again. Loses nothing when dropped.
    pub(super) async fn due(&mut self) {
        match &mut self.line {
            Some((_, period)) => {
                period.tick().await;
            }
            None => std::future::pending().await,
        }
    }

    /// Asks every link. Returns those that are not as the mirror has them; the kernel's word counts again for those that are no
    /// longer asked.
    pub(super) fn ask(&mut self, mirror: &Mirror) -> Vec<Report> {
        let links: Vec<Link> =
            self.wanted.iter().filter_map(|polled| mirror.link(&polled.interface)).cloned().collect();
        let asked = links.into_iter().filter_map(|link| {
            let usable = self.is_usable(&link)?;
            let is_news = usable != link.usable || !link.polled;
            is_news.then_some(Report::Link(Link { usable, polled: true, ..link }))
        });
        let mut reports: Vec<Report> = asked.collect();
        let is_over = |link: &&Link| link.polled && self.wanted.iter().all(|one| one.interface != link.name);
        reports.extend(mirror.links().filter(is_over).map(|link| {
            let usable = link.flags & (UP | RUNNING) == UP | RUNNING;
            Report::Link(Link { usable, polled: false, ..link.clone() })
        }));
        reports
    }

    /// A report with the link's own word in it, if the link is one that is asked.
    pub(super) fn correct(&mut self, report: Report) -> Report {
        match report {
            Report::Link(link) => {
                let said = self.said.get(&link.index).map(|(_, up)| *up);
                let usable = match said {
                    Some(up) => Some(up && link.flags & UP != 0),
                    None => self.is_usable(&link),
                };
                Report::Link(match usable {
                    Some(usable) => Link { usable, polled: true, ..link },
                    None => link,
                })
            }
            Report::LinkGone { index } => {
                self.said.remove(&index);
                report
            }
            Report::Address(_) | Report::AddressGone(_) => report,
        }
    }

    /// Asks a link; nothing if it is not to be asked, or gone.
    fn is_usable(&mut self, link: &Link) -> Option<bool> {
        let polled = self.wanted.iter().find(|polled| polled.interface == link.name)?;
        let (socket, _) = self.line.as_ref()?;
        let known = self.said.get(&link.index).map(|(way, _)| *way);
        let ways = known.into_iter().chain(polled.way).chain([Way::Mii, Way::Ethtool, Way::Flags]);
        let (way, up) = ways.into_iter().find_map(|way| Some((way, ask(socket, way, &link.name).ok()?)))?;
        self.said.insert(link.index, (way, up));
        // A link may be there while the interface is switched off.
        Some(up && link.flags & UP != 0)
    }
}

/// The name of an interface as the kernel takes it, with a zero at the end.
type Name = [u8; 16];

/// `struct ifreq` with flags.
#[repr(C)]
struct FlagsRequest {
    name: Name,
    flags: u16,
    rest: [u8; 22],
}

/// `struct ifreq` with `struct mii_ioctl_data`.
#[repr(C)]
struct MiiRequest {
    name: Name,
    transceiver: u16,
    register: u16,
    value_in: u16,
    value: u16,
    rest: [u8; 16],
}

/// `struct ifreq` with a pointer.
#[repr(C)]
struct EthtoolRequest {
    name: Name,
    value: *mut EthtoolValue,
    rest: [u8; 16],
}

/// `struct ethtool_value`
#[repr(C)]
struct EthtoolValue {
    command: u32,
    data: u32,
}

const SIOCGIFFLAGS: Opcode = 0x8913;
const SIOCETHTOOL: Opcode = 0x8946;
const SIOCGMIIPHY: Opcode = 0x8947;
const SIOCGMIIREG: Opcode = 0x8948;

/// `ETHTOOL_GLINK`
const GET_LINK: u32 = 10;

/// Number of the basic mode status register, and its bit for the link.
const STATUS_REGISTER: u16 = 1;
const STATUS_LINK: u16 = 1 << 2;

/// Whether a link is there. An error says that this way cannot tell.
fn ask(socket: &OwnedFd, way: Way, name: &str) -> io::Result<bool> {
    let mut padded = Name::default();
    // One byte stays zero.
    let room = padded.len() - 1;
    padded.iter_mut().take(room).zip(name.bytes()).for_each(|(to, from)| *to = from);
    let name = padded;
    match way {
        Way::Mii => {
            let rest = Default::default();
            let mut request = MiiRequest { name, transceiver: 0, register: 0, value_in: 0, value: 0, rest };
            exchange::<SIOCGMIIPHY, _>(socket, &mut request)?;
            request.register = STATUS_REGISTER;
            // The bit keeps a loss until it has been read; the second reading is of now.
            exchange::<SIOCGMIIREG, _>(socket, &mut request)?;
            exchange::<SIOCGMIIREG, _>(socket, &mut request)?;
            Ok(request.value & STATUS_LINK != 0)
        }
        Way::Ethtool => {
            let mut value = EthtoolValue { command: GET_LINK, data: 0 };
            let mut request =
                EthtoolRequest { name, value: ptr::from_mut(&mut value), rest: Default::default() };
            exchange::<SIOCETHTOOL, _>(socket, &mut request)?;
            Ok(value.data != 0)
        }
        Way::Flags => {
            let mut request = FlagsRequest { name, flags: 0, rest: Default::default() };
            exchange::<SIOCGIFFLAGS, _>(socket, &mut request)?;
            Ok(u32::from(request.flags) & RUNNING != 0)
        }
    }
}

fn exchange<const CODE: Opcode, T>(socket: impl AsFd, request: &mut T) -> io::Result<()> {
    #[expect(unsafe_code, reason = "no crate at hand makes these requests")]
    // SAFETY: each request of this module has the layout that the kernel expects of its code and is at least as long as
    // `struct ifreq` (40 bytes, 32 with short pointers); what it points to lives in the caller.
    let outcome = unsafe { ioctl(socket, Updater::<CODE, T>::new(request)) };
    Ok(outcome?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_as_long_as_the_kernel_expects() {
        const IFREQ: usize = size_of::<nix::libc::ifreq>();
        assert!(size_of::<FlagsRequest>() >= IFREQ);
        assert!(size_of::<MiiRequest>() >= IFREQ);
        assert!(size_of::<EthtoolRequest>() >= IFREQ);
    }

    #[test]
    fn the_loopback_interface_answers_in_the_usual_order_of_ways() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(async {
            let mut beat = Linkbeat::default();
            let polled = Polled { interface: "lo".into(), way: Some(Way::Mii) };
            beat.want(vec![polled]).expect("a socket");
            let up = Link { index: 1, name: "lo".into(), flags: UP, usable: false, ..Link::default() };
            let mut mirror = Mirror::default();
            mirror.apply(&Report::Link(up.clone()));
            let told = beat.ask(&mirror);
            assert_eq!(told, [Report::Link(Link { usable: true, polled: true, ..up.clone() })]);
            assert!(beat.said.get(&1).is_some_and(|(way, _)| *way != Way::Mii));
            let down = Link { flags: 0, usable: true, ..up };
            let told = beat.correct(Report::Link(down.clone()));
            assert_eq!(told, Report::Link(Link { usable: false, polled: true, ..down }));
        });
    }
}
