//! Interfaces that the daemon makes itself: a macvlan with the virtual router's MAC address, or an ipvlan.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};

use parser::config::{self, Config, IfName, Located, VrrpInstance};
use parser::diag::{Class, Diagnostic};
use serde::{Deserialize, Serialize};
use vrrp::Family;

use super::System;
use super::iproute::{Names, Table};
use super::route::{Network, family};
use super::setting::Setting;
use crate::mirror::{Link, LinkKind};

/// What names begin with unless `vmac_prefix` says otherwise.
const PREFIX: &str = "vrrp";

/// An interface on top of another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Vmac {
    /// The virtual router it is for.
    pub(crate) instance: String,
    /// Its name.
    pub(crate) name: String,
    /// The interface below.
    pub(crate) base: String,
    /// What it is.
    pub(crate) kind: Kind,
    /// The family of the addresses it is for, which a MAC address of the configuration's own does not tell.
    pub(crate) family: Family,
    /// Its link group; none is that of the interface below.
    pub(crate) group: Option<u32>,
    /// Have the interface below report itself once it is made, for a bridge to take notice.
    pub(crate) notify_base: bool,
    /// Kernel parameters of its own.
    pub(crate) settings: Vec<Setting>,
    /// An address that is always on it.
    pub(crate) address: Option<Network>,
    /// The address that IPv6 adverts leave from.
    pub(crate) link_local: Option<LinkLocal>,
}

/// What such an interface is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// A macvlan in private mode.
    Macvlan {
        /// Its MAC address.
        mac: [u8; 6],
    },
    /// An ipvlan of layer 2, with `IPVLAN_F_…`.
    Ipvlan {
        /// 0 for bridge, 1 for private, 2 for VEPA.
        flags: u16,
    },
}

impl Kind {
    /// Whether it has a MAC address of its own.
    pub(crate) fn is_macvlan(self) -> bool {
        matches!(self, Self::Macvlan { .. })
    }

    /// Whether an interface is one of this kind, with this MAC address.
    pub(crate) fn is_that_of(self, link: &Link) -> bool {
        match self {
            Self::Macvlan { mac } => link.kind == LinkKind::PrivateMacvlan && link.mac == Some(mac),
            Self::Ipvlan { .. } => link.kind == LinkKind::Ipvlan,
        }
    }
}

/// Which link-local address a VMAC has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum LinkLocal {
    /// The one configured.
    Given(Ipv6Addr),
    /// That of the interface below.
    OfBase,
}

/// Gives interfaces to virtual routers, no name twice.
#[derive(Debug)]
pub(super) struct Workshop<'a> {
    config: &'a Config,
    system: &'a System,
    names: &'a Names,
    taken: BTreeSet<String>,
    /// By name that was given: the instance that has it.
    users: BTreeMap<String, String>,
    /// Names of those that cannot be made, for which their virtual routers wait in vain.
    unfit: BTreeSet<String>,
    made: Vec<Vmac>,
}

impl<'a> Workshop<'a> {
    /// With the names that the configuration itself gives set aside.
    pub(super) fn new(config: &'a Config, system: &'a System, names: &'a Names) -> Self {
        let of_vmac = |one: &'a VrrpInstance| one.vmac.as_ref().and_then(|vmac| vmac.name.as_ref());
        let of_ipvlan = |one: &'a VrrpInstance| one.ipvlan.as_ref().and_then(|ipvlan| ipvlan.name.as_ref());
        let given =
            config.vrrp_instances.iter().flat_map(|one| of_vmac(one).into_iter().chain(of_ipvlan(one)));
        Self {
            config,
            system,
            names,
            taken: given.map(|name| name.value.to_string()).collect(),
            users: BTreeMap::new(),
            unfit: BTreeSet::new(),
            made: Vec::new(),
        }
    }

    /// All that was given and can be made.
    pub(super) fn finish(self) -> Vec<Vmac> {
        let Self { made, unfit, .. } = self;
        made.into_iter().filter(|vmac| !unfit.contains(&vmac.name)).collect()
    }

    /// What the interface of this name is, if it made one.
    pub(super) fn made(&self, name: &str) -> Option<Kind> {
        self.made.iter().find(|vmac| vmac.name == name).map(|vmac| vmac.kind)
    }

    /// The interface of a virtual router itself, if it is to have one.
    pub(super) fn own(&mut self, instance: &VrrpInstance, complaints: &mut Vec<Diagnostic>) -> Option<&Vmac> {
        let base = instance.interface.as_ref()?.value.to_string();
        let vmac = if let Some(wish) = &instance.vmac {
            let mac = wish.mac.map_or_else(|| mac(instance.vrid, instance.family), |mac| mac.0);
            let kind = Kind::Macvlan { mac };
            let given = wish.name.as_ref().and_then(|name| self.given(instance, name, kind, complaints));
            let name = given
                .unwrap_or_else(|| self.name(self.prefix(), instance.vrid, instance.family, &base, kind));
            let speaks_ipv6 = instance.family == config::Family::V6 && !instance.vmac_xmit_base;
            Vmac {
                instance: instance.name.clone(),
                settings: settings(&name, instance.family, has_ipv6_on(instance, &name)),
                link_local: speaks_ipv6.then_some(match instance.source {
                    Some(IpAddr::V6(source)) => LinkLocal::Given(source),
                    Some(IpAddr::V4(_)) | None => LinkLocal::OfBase,
                }),
                name,
                base,
                kind,
                family: family(instance.family),
                group: wish.group.as_ref().and_then(|group| self.names.number(Table::Groups, group)),
                notify_base: wish.netlink_notify,
                address: None,
            }
        } else {
            let wish = instance.ipvlan.as_ref()?;
            let kind = Kind::Ipvlan {
                flags: match wish.mode {
                    config::IpvlanMode::Bridge => 0,
                    config::IpvlanMode::Private => 1,
                    config::IpvlanMode::Vepa => 2,
                },
            };
            let given = wish.name.as_ref().and_then(|name| self.given(instance, name, kind, complaints));
            let name = given
                .unwrap_or_else(|| self.name(self.prefix(), instance.vrid, instance.family, &base, kind));
            let no_ipv6 = u8::from(instance.family == config::Family::V4);
            Vmac {
                instance: instance.name.clone(),
                settings: vec![
                    Setting::of("ipv6", &name, "disable_ipv6", no_ipv6),
                    Setting::of("ipv6", &name, "addr_gen_mode", 1),
                ],
                name,
                base,
                kind,
                family: family(instance.family),
                group: wish.group.as_ref().and_then(|group| self.names.number(Table::Groups, group)),
                notify_base: false,
                address: wish.addr.map(super::route::network),
                link_local: None,
            }
        };
        if self.system.links.get(&vmac.base).is_some_and(|base| !base.is_ethernet()) {
            complaints.push(Diagnostic::new(Class::General, None, not_on_ethernet(&instance.name)));
            self.unfit.insert(vmac.name.clone());
        }
        self.taken.insert(vmac.name.clone());
        self.made.push(vmac);
        self.made.last()
    }

    /// The name of a VMAC on `base` for addresses of this family.
    pub(super) fn for_addresses(
        &mut self,
        instance: &VrrpInstance,
        base: &str,
        of: config::Family,
    ) -> String {
        let mac = mac(instance.vrid, of);
        let kind = Kind::Macvlan { mac };
        if let Some(known) = self.made.iter().find(|one| one.base == base && one.kind == kind) {
            return known.name.clone();
        }
        let prefix = self.config.global.vmac_addr_prefix.as_deref().unwrap_or(self.prefix());
        let name = self.name(prefix, instance.vrid, of, base, kind);
        self.taken.insert(name.clone());
        self.made.push(Vmac {
            instance: instance.name.clone(),
            settings: settings(&name, of, false),
            name: name.clone(),
            base: base.to_owned(),
            kind,
            family: family(of),
            group: None,
            notify_base: false,
            address: None,
            link_local: None,
        });
        name
    }

    fn prefix(&self) -> &'a str {
        self.config.global.vmac_prefix.as_deref().unwrap_or(PREFIX)
    }

    /// The name that an instance gives, unless it is an earlier instance's or that of an interface that cannot be ours.
    fn given(
        &mut self,
        instance: &VrrpInstance,
        name: &Located<IfName>,
        kind: Kind,
        complaints: &mut Vec<Diagnostic>,
    ) -> Option<String> {
        let own = name.value.to_string();
        let text = if let Some(user) = self.users.get(&own) {
            format!("VRRP instance {user} is already using {own} - ignoring name")
        } else {
            let there = self.system.links.get(&own).map(|link| link.kind);
            let (is_foreign, what) = match kind {
                Kind::Macvlan { .. } => (
                    there.is_some_and(|there| there != LinkKind::PrivateMacvlan),
                    "a private macvlan; ignoring vmac if_name",
                ),
                Kind::Ipvlan { .. } => (
                    there.is_some_and(|there| there != LinkKind::Ipvlan),
                    "an l2 ipvlan; ignoring ipvlan if_name",
                ),
            };
            if !is_foreign {
                self.users.insert(own.clone(), instance.name.clone());
                return Some(own);
            }
            format!("interface {own} already exists and is not {what}")
        };
        let text = format!("({}) {text}", instance.name);
        complaints.push(Diagnostic::new(Class::General, Some(name.span.clone()), text));
        None
    }

    /// That of an interface of this kind on this base which is there from before, else the first free one. So no router loses
    /// its interface to another one of its VRID, whatever their order.
    fn name(&self, prefix: &str, vrid: u8, of: config::Family, base: &str, kind: Kind) -> String {
        let plain = format!("{prefix}.{vrid}");
        let of_ipv6 = (of == config::Family::V6).then(|| format!("{prefix}6.{vrid}"));
        let numbered = (1..=u8::MAX).map(|number| format!("{prefix}{number}.{vrid}"));
        let links = &self.system.links;
        let ground = links.get(base).map(ground);
        let is_ours = |name: &String| {
            links
                .get(name)
                .is_some_and(|link| kind.is_that_of(link) && ground.is_some() && link.below == ground)
        };
        let is_free = |name: &&String| !self.taken.contains(*name);
        let all: Vec<String> = std::iter::once(plain.clone()).chain(of_ipv6).chain(numbered).collect();
        let from_before = all.iter().filter(is_free).find(|name| is_ours(name));
        let new = || all.iter().filter(is_free).find(|name| !self.system.interfaces.contains(*name));
        from_before.or_else(new).cloned().unwrap_or(plain)
    }
}

/// The number of the interface that a VMAC made on this one stands on: the kernel puts it beside a macvlan, not on it.
fn ground(base: &Link) -> u32 {
    let is_above = match base.kind {
        LinkKind::PrivateMacvlan | LinkKind::OtherMacvlan | LinkKind::Ipvlan => true,
        LinkKind::Other => false,
    };
    base.below.filter(|_| is_above).unwrap_or(base.index)
}

/// What is said where the interface below is of a type that no other can stand on.
pub(crate) fn not_on_ethernet(instance: &str) -> String {
    format!("({instance}): vmacs are only supported on Ethernet type interfaces")
}

/// RFC 9568 §7.3.
fn mac(vrid: u8, of: config::Family) -> [u8; 6] {
    let family = match family(of) {
        Family::Ipv4 => 1,
        Family::Ipv6 => 2,
    };
    [0, 0, 0x5e, 0, family, vrid]
}

/// What keeps the machine from answering for addresses by the wrong MAC address.
fn settings(name: &str, of: config::Family, with_ipv6: bool) -> Vec<Setting> {
    let no_addresses_of_its_own = Setting::of("ipv6", name, "addr_gen_mode", 1);
    match of {
        config::Family::V4 => vec![
            Setting::of("ipv4", name, "arp_ignore", 1),
            Setting::of("ipv4", name, "accept_local", 1),
            Setting::of("ipv4", name, "rp_filter", 0),
            Setting::of("ipv4", name, "promote_secondaries", 1),
            no_addresses_of_its_own,
            Setting::of("ipv6", name, "disable_ipv6", u8::from(!with_ipv6)),
        ],
        config::Family::V6 => vec![
            Setting::of("ipv4", name, "arp_ignore", 1),
            no_addresses_of_its_own,
            Setting::of("ipv6", name, "disable_ipv6", 0),
        ],
    }
}

/// Parameters of the interfaces below, and where that is itself a macvlan, of the one below it: every packet for the VMAC comes
/// by there too.
pub(super) fn base_settings(vmacs: &[Vmac], system: &System) -> Vec<Setting> {
    let is_ipv4 = |vmac: &&Vmac| vmac.kind.is_macvlan() && vmac.family == Family::Ipv4;
    let bases = vmacs.iter().filter(is_ipv4).map(|vmac| vmac.base.as_str());
    let bases: BTreeSet<&str> =
        bases.flat_map(|base| std::iter::once(base).chain(below_macvlan(base, system))).collect();
    bases
        .into_iter()
        .flat_map(|base| ["arp_ignore", "arp_filter"].map(|name| Setting::of("ipv4", base, name, 1)))
        .collect()
}

/// The interface that a macvlan stands on, if that is in this network namespace.
fn below_macvlan<'a>(name: &str, system: &'a System) -> Option<&'a str> {
    let link = system.links.get(name)?;
    let index = match link.kind {
        LinkKind::PrivateMacvlan | LinkKind::OtherMacvlan => {
            link.below.filter(|_| link.below_in.is_none())?
        }
        LinkKind::Ipvlan | LinkKind::Other => return None,
    };
    system.links.values().find(|link| link.index == index).map(|link| link.name.as_str())
}

fn has_ipv6_on(instance: &VrrpInstance, name: &str) -> bool {
    instance.excluded.iter().any(|one| {
        one.prefix.addr.is_ipv6() && one.dev.as_ref().is_some_and(|dev| dev.value.as_str() == name)
    })
}

#[cfg(test)]
mod tests;
