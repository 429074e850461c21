//! Makes the interfaces that virtual routers are to have, finds those a predecessor left, and makes them again when somebody
//! else deletes them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    InfoData, InfoIpVlan, InfoKind, InfoMacVlan, IpVlanFlags, IpVlanMode, LinkAttribute, LinkFlags, LinkInfo,
    LinkMessage, MacVlanMode,
};
use vrrp::Family;

use super::request::Requests;
use super::sysctl;
use crate::mirror::{Link, LinkKind, Mirror, Report};
use crate::plan::address::Address;
use crate::plan::object::Object;
use crate::plan::vmac::{Kind, LinkLocal, Vmac, not_on_ethernet};

/// Length in bits of the network part of a link-local address.
const LINK_LOCAL_BITS: u8 = 64;

/// The interfaces that are wanted.
#[derive(Debug, Default)]
pub(super) struct Vmacs {
    wanted: Vec<Vmac>,
    /// By name: the number of the interface that was set up. What somebody does to it afterwards is his.
    set_up: BTreeMap<String, u32>,
    /// By name: the address that adverts leave from.
    spoken_from: BTreeMap<String, Spoken>,
    /// By name: one that is somebody else's, or that was just made and is not what was asked for all the same. It is left
    /// alone until it changes.
    unlike: BTreeMap<String, Shape>,
    /// By name: the number of the interface below that none can stand on.
    unfit: BTreeMap<String, u32>,
    /// Something about interfaces or their addresses has changed since all was well.
    in_doubt: bool,
}

/// The address that adverts leave from, as it was put on the interface with this number.
#[derive(Debug)]
struct Spoken {
    index: u32,
    address: IpAddr,
    /// Those before it, which go when the kernel has told of this one.
    before: BTreeSet<IpAddr>,
}

/// What decides whether an interface is what is wanted, with the number of the interface below that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shape {
    index: u32,
    mac: Option<[u8; 6]>,
    kind: LinkKind,
    below: Option<u32>,
    base: u32,
}

impl Shape {
    fn of(link: &Link, base: &Link) -> Self {
        Self { index: link.index, mac: link.mac, kind: link.kind, below: link.below, base: base.index }
    }
}

/// One that has been made and is to be switched on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Built {
    index: u32,
    /// The number and the group of the interface below, if that is to report itself.
    below: Option<(u32, u32)>,
}

impl Vmacs {
    /// Takes note of these too.
    pub(super) fn want_more(&mut self, more: Vec<Vmac>) {
        for vmac in more {
            if !self.wanted.iter().any(|known| known.name == vmac.name) {
                self.wanted.push(vmac);
            }
        }
        self.in_doubt = true;
    }

    /// Takes note of exactly these; gives those that are to go.
    pub(super) fn want(&mut self, wanted: Vec<Vmac>) -> Vec<Vmac> {
        self.in_doubt = true;
        let identity = |one: &Vmac| (one.name.clone(), one.base.clone(), one.kind, one.family);
        let is_other = |old: &Vmac, new: &Vmac| identity(old) != identity(new);
        let old = std::mem::replace(&mut self.wanted, wanted);
        old.into_iter().filter(|old| self.wanted.iter().all(|new| is_other(old, new))).collect()
    }

    /// Whether one of them has this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.wanted.iter().any(|vmac| vmac.name == name)
    }

    /// Whether there are any.
    pub(super) fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    /// Hears what changes; what concerns none of them is no reason to look.
    pub(super) fn hear(&mut self, report: &Report, before: Option<&Link>, mirror: &Mirror) {
        let name = match report {
            Report::Link(link) => Some(link.name.as_str()),
            Report::LinkGone { .. } => before.map(|link| link.name.as_str()),
            Report::Address(held) | Report::AddressGone(held) => {
                mirror.link_at(held.index).map(|link| link.name.as_str())
            }
        };
        let concerned = |vmac: &Vmac| {
            [Some(vmac.name.as_str()), Some(vmac.base.as_str())].contains(&name)
                || before.is_some_and(|link| link.name == vmac.name)
        };
        self.in_doubt |= name.is_none() || self.wanted.iter().any(concerned);
    }

    /// Whether there is a reason to look, which there is not twice.
    pub(super) fn take_doubt(&mut self) -> bool {
        std::mem::take(&mut self.in_doubt)
    }

    /// Makes what is missing, but does not switch it on. Returns what was made, of which the kernel then gives notice.
    pub(super) async fn build_missing(&mut self, requests: &mut Requests, mirror: &Mirror) -> Vec<Built> {
        let mut built = Vec::new();
        for vmac in &self.wanted {
            let Some(base) = mirror.link(&vmac.base) else { continue };
            if !base.is_ethernet() {
                if self.unfit.insert(vmac.name.clone(), base.index) != Some(base.index) {
                    tracing::info!("{}", not_on_ethernet(&vmac.instance));
                }
                continue;
            }
            let known = mirror.link(&vmac.name).filter(|link| is(link, vmac, base)).map(|link| link.index);
            if known.is_some() && self.set_up.get(&vmac.name).copied() == known {
                continue;
            }
            let unlike = self.unlike.get(&vmac.name);
            if unlike.is_some()
                && unlike == mirror.link(&vmac.name).map(|link| Shape::of(link, base)).as_ref()
            {
                continue;
            }
            // The name of somebody else's is left to him.
            if let Some(other) = mirror.link(&vmac.name).filter(|_| known.is_none())
                && other.kind == LinkKind::Other
            {
                let Vmac { instance, name, .. } = vmac;
                tracing::info!(
                    "({instance}): Unable to create VMAC interface {name}: another interface has its name"
                );
                self.unlike.insert(name.clone(), Shape::of(other, base));
                continue;
            }
            if let Some(index) = build(vmac, base, requests, mirror).await {
                self.set_up.insert(vmac.name.clone(), index);
                let below = vmac.notify_base.then_some((base.index, base.group));
                built.push(Built { index, below });
            }
        }
        built
    }

    /// Looks at what was made once the kernel has told of it: made again, it would be the same.
    pub(super) fn examine(&mut self, built: &[Built], mirror: &Mirror) {
        for vmac in &self.wanted {
            let (Some(base), Some(link)) = (mirror.link(&vmac.base), mirror.link(&vmac.name)) else {
                continue;
            };
            let is_new = built.iter().any(|one| one.index == link.index);
            if is_new && !is(link, vmac, base) {
                let Vmac { instance, name, .. } = vmac;
                tracing::info!(
                    "({instance}): VMAC interface {name} is not as it was asked for - waiting for it to change"
                );
                self.unlike.insert(name.clone(), Shape::of(link, base));
            }
        }
    }

    /// Gives those that are there what follows from the interfaces below. Returns whether anything was done.
    pub(super) async fn furnish(&mut self, requests: &mut Requests, mirror: &Mirror) -> bool {
        let mut changed = false;
        for vmac in &self.wanted {
            let (Some(base), Some(link)) = (mirror.link(&vmac.base), mirror.link(&vmac.name)) else {
                continue;
            };
            if is(link, vmac, base) {
                changed |= follow_vrf(vmac, link, base, requests).await;
                changed |= speak(vmac, link, base, &mut self.spoken_from, requests, mirror).await;
            }
        }
        changed
    }

    /// The link-local address that the one of this name has been given.
    pub(super) fn speaks_from(&self, name: &str) -> Option<Ipv6Addr> {
        match self.spoken_from.get(name)?.address {
            IpAddr::V6(address) => Some(address),
            IpAddr::V4(_) => None,
        }
    }

    /// Those that are there, with their numbers and those of the interfaces below.
    pub(super) fn present<'a>(&'a self, mirror: &'a Mirror) -> impl Iterator<Item = (&'a Vmac, u32, u32)> {
        self.wanted.iter().filter_map(|vmac| {
            let (base, link) = (mirror.link(&vmac.base)?, mirror.link(&vmac.name)?);
            is(link, vmac, base).then_some((vmac, link.index, base.index))
        })
    }

    /// Deletes one.
    pub(super) async fn remove(&mut self, vmac: &Vmac, requests: &mut Requests, mirror: &Mirror) {
        self.spoken_from.remove(&vmac.name);
        self.set_up.remove(&vmac.name);
        self.unlike.remove(&vmac.name);
        let Some(link) = mirror.link(&vmac.name) else { return };
        if requests.delete_link(link.index).await {
            tracing::debug!("({}) Success removing VMAC interface {}", vmac.instance, vmac.name);
        }
    }
}

/// Whether an interface is what is wanted, whatever its name.
fn is(link: &Link, vmac: &Vmac, base: &Link) -> bool {
    let stands_on_base = link.below == Some(base.index) && link.below_in.is_none();
    (stands_on_base || stands_beside(link, base))
        && vmac.kind.is_that_of(link)
        && (vmac.kind.is_macvlan() || link.name == vmac.name)
}

/// Whether an interface stands where one ends up that is asked for on top of `base`: the kernel stacks no macvlan on a macvlan
/// and no ipvlan on an ipvlan, but puts the second one beside the first. In a container, what is below both is not to be seen.
fn stands_beside(link: &Link, base: &Link) -> bool {
    let is_same_kind = match base.kind {
        LinkKind::PrivateMacvlan | LinkKind::OtherMacvlan => {
            matches!(link.kind, LinkKind::PrivateMacvlan | LinkKind::OtherMacvlan)
        }
        LinkKind::Ipvlan => link.kind == LinkKind::Ipvlan,
        LinkKind::Other => false,
    };
    is_same_kind
        && link.index != base.index
        && base.below.is_some()
        && (link.below, link.below_in) == (base.below, base.below_in)
}

/// Makes one, or takes over one that is there. Returns its number.
async fn build(vmac: &Vmac, base: &Link, requests: &mut Requests, mirror: &Mirror) -> Option<u32> {
    let Vmac { instance, name, .. } = vmac;
    let same = mirror.links().find(|link| is(link, vmac, base));
    let index = match same {
        Some(link) => {
            tracing::info!("({instance}) Found matching interface {}", link.name);
            if link.name != *name {
                tracing::info!(
                    "({instance}) vmac name mismatch {} <=> {name}. changing to {name}.",
                    link.name
                );
                let mut message = change(link.index);
                message.header.change_mask = LinkFlags::Up;
                requests.change_link(message).await;
                let mut message = change(link.index);
                message.attributes.push(LinkAttribute::IfName(name.clone()));
                requests.change_link(message).await;
            }
            link.index
        }
        None => {
            if let Some(other) = mirror.link(name) {
                tracing::info!("({instance}) {name} already exists but is incompatible. It will be deleted");
                requests.delete_link(other.index).await;
            }
            if !requests.create_link(create(vmac, base)).await {
                tracing::info!("({instance}): Unable to create VMAC interface {name}");
                return None;
            }
            tracing::debug!("({instance}): Success creating VMAC interface {name}");
            requests.number_of(name).await?
        }
    };
    for setting in &vmac.settings {
        sysctl::give(setting);
    }
    Some(index)
}

/// Switches it on.
pub(super) async fn raise(built: &Built, requests: &mut Requests) {
    let mut message = change(built.index);
    message.header.flags = LinkFlags::Up;
    message.header.change_mask = LinkFlags::Up;
    requests.change_link(message).await;
    if let Some((below, group)) = built.below {
        let mut message = change(below);
        message.attributes.push(LinkAttribute::Group(group));
        requests.change_link(message).await;
    }
}

fn change(index: u32) -> LinkMessage {
    let mut message = LinkMessage::default();
    message.header.index = index;
    message
}

fn create(vmac: &Vmac, base: &Link) -> LinkMessage {
    let mut message = LinkMessage::default();
    let (kind, data) = match vmac.kind {
        Kind::Macvlan { mac } => {
            message.attributes.push(LinkAttribute::Address(mac.to_vec()));
            let mode = InfoMacVlan::Mode(MacVlanMode::Private);
            (InfoKind::MacVlan, InfoData::MacVlan(vec![mode]))
        }
        Kind::Ipvlan { flags } => {
            let mode = InfoIpVlan::Mode(IpVlanMode::L2);
            let flags = InfoIpVlan::Flags(IpVlanFlags::from_bits_retain(flags));
            (InfoKind::IpVlan, InfoData::IpVlan(vec![mode, flags]))
        }
    };
    message.attributes.extend([
        LinkAttribute::IfName(vmac.name.clone()),
        LinkAttribute::Link(base.index),
        LinkAttribute::Group(vmac.group.unwrap_or(base.group)),
        LinkAttribute::LinkInfo(vec![LinkInfo::Kind(kind), LinkInfo::Data(data)]),
    ]);
    message.attributes.extend(base.vrf.map(LinkAttribute::Controller));
    message
}

/// Puts it in the VRF of the interface below.
async fn follow_vrf(vmac: &Vmac, link: &Link, base: &Link, requests: &mut Requests) -> bool {
    if link.vrf == base.vrf {
        return false;
    }
    let mut message = change(link.index);
    message.attributes.push(LinkAttribute::Controller(base.vrf.unwrap_or(0)));
    let changed = requests.change_link(message).await;
    if changed {
        let Vmac { instance, name, .. } = vmac;
        tracing::info!("vmac: Success changing VRF of VMAC interface {name} for vrrp_instance {instance}");
    }
    changed
}

/// Gives it the address that adverts leave from.
async fn speak(
    vmac: &Vmac,
    link: &Link,
    base: &Link,
    spoken_from: &mut BTreeMap<String, Spoken>,
    requests: &mut Requests,
    mirror: &Mirror,
) -> bool {
    let is_mute = spoken_from.get(&vmac.name).is_none_or(|spoken| spoken.index != link.index);
    let (address, bits) = match (vmac.address, vmac.link_local) {
        (Some(network), _) => (network.address, network.bits),
        (None, Some(LinkLocal::Given(address))) => (address.into(), LINK_LOCAL_BITS),
        (None, Some(LinkLocal::OfBase)) => {
            let first = mirror.sources(&vmac.base, Family::Ipv6).first().copied();
            // A link that goes down loses its address for a while, which is no reason for another one here.
            let built = || base.mac.filter(|_| is_mute).map(|mac| link_local_of(mac).into());
            let Some(address) = first.or_else(built) else { return false };
            (address, LINK_LOCAL_BITS)
        }
        (None, None) => return false,
    };
    let object = |address: IpAddr| {
        Object::Address(Arc::new(Address {
            scope: if address.is_ipv6() { 253 } else { 0 },
            deprecated: address.is_ipv6(),
            no_duplicate_detection: address.is_ipv6(),
            tracked: false,
            ..Address::plain(vmac.name.as_str(), address, bits)
        }))
    };
    // There is always one to speak from: the old one stays until the new one is there, which takes the kernel a moment.
    let mut before = BTreeSet::new();
    match spoken_from.get_mut(&vmac.name).filter(|spoken| spoken.index == link.index) {
        Some(spoken) if spoken.address == address => {
            if spoken.before.is_empty() || !mirror.has(link.index, address, bits) {
                return false;
            }
            for old in std::mem::take(&mut spoken.before) {
                requests.delete(&object(old), mirror).await;
            }
            return true;
        }
        Some(spoken) => {
            before.clone_from(&spoken.before);
            before.insert(spoken.address);
            before.remove(&address);
        }
        None => {}
    }
    let added = requests.add(&object(address), mirror).await;
    if added {
        spoken_from.insert(vmac.name.clone(), Spoken { index: link.index, address, before });
    }
    added
}

/// The link-local address that belongs to a MAC address (RFC 4291 appendix A).
fn link_local_of([a, b, c, d, e, f]: [u8; 6]) -> Ipv6Addr {
    let word = |high, low| u16::from_be_bytes([high, low]);
    Ipv6Addr::new(0xfe80, 0, 0, 0, word(a ^ 2, b), word(c, 0xff), word(0xfe, d), word(e, f))
}

impl Requests {
    async fn create_link(&mut self, message: LinkMessage) -> bool {
        let message = RouteNetlinkMessage::NewLink(message);
        self.ask_logged(message, NLM_F_CREATE | NLM_F_EXCL, "RTM_NEWLINK(16)").await
    }

    async fn change_link(&mut self, message: LinkMessage) -> bool {
        self.ask_logged(RouteNetlinkMessage::NewLink(message), 0, "RTM_NEWLINK(16)").await
    }

    async fn delete_link(&mut self, index: u32) -> bool {
        self.ask_logged(RouteNetlinkMessage::DelLink(change(index)), 0, "RTM_DELLINK(17)").await
    }

    async fn number_of(&mut self, name: &str) -> Option<u32> {
        let mut message = LinkMessage::default();
        message.attributes.push(LinkAttribute::IfName(name.to_owned()));
        let answers = self.get(RouteNetlinkMessage::GetLink(message)).await.ok()?;
        answers.iter().find_map(|answer| {
            if let RouteNetlinkMessage::NewLink(link) = answer { Some(link.header.index) } else { None }
        })
    }
}

#[cfg(test)]
mod tests;
