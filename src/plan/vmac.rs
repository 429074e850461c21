//! Interfaces that the daemon makes itself: a macvlan with the virtual router's MAC address, or an ipvlan.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};

use parser::config::{self, Config, VrrpInstance};
use serde::{Deserialize, Serialize};
use vrrp::Family;

use super::System;
use super::iproute::{Names, Table};
use super::route::{Network, family};
use super::setting::Setting;

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
            made: Vec::new(),
        }
    }

    /// All that was given.
    pub(super) fn finish(self) -> Vec<Vmac> {
        self.made
    }

    /// Whether it made an interface of this name.
    pub(super) fn has_made(&self, name: &str) -> bool {
        self.made.iter().any(|vmac| vmac.name == name)
    }

    /// The interface of a virtual router itself, if it is to have one.
    pub(super) fn own(&mut self, instance: &VrrpInstance) -> Option<&Vmac> {
        let base = instance.interface.as_ref()?.value.to_string();
        let vmac = if let Some(wish) = &instance.vmac {
            let mac = wish.mac.map_or_else(|| mac(instance.vrid, instance.family), |mac| mac.0);
            let name = match &wish.name {
                Some(name) => name.value.to_string(),
                None => self.name(self.prefix(), instance.vrid, instance.family, Some(mac)),
            };
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
                kind: Kind::Macvlan { mac },
                group: wish.group.as_ref().and_then(|group| self.names.number(Table::Groups, group)),
                notify_base: wish.netlink_notify,
                address: None,
            }
        } else {
            let wish = instance.ipvlan.as_ref()?;
            let name = match &wish.name {
                Some(name) => name.value.to_string(),
                None => self.name(self.prefix(), instance.vrid, instance.family, None),
            };
            let no_ipv6 = u8::from(instance.family == config::Family::V4);
            Vmac {
                instance: instance.name.clone(),
                settings: vec![
                    Setting::of("ipv6", &name, "disable_ipv6", no_ipv6),
                    Setting::of("ipv6", &name, "addr_gen_mode", 1),
                ],
                name,
                base,
                kind: Kind::Ipvlan {
                    flags: match wish.mode {
                        config::IpvlanMode::Bridge => 0,
                        config::IpvlanMode::Private => 1,
                        config::IpvlanMode::Vepa => 2,
                    },
                },
                group: wish.group.as_ref().and_then(|group| self.names.number(Table::Groups, group)),
                notify_base: false,
                address: wish.addr.map(super::route::network),
                link_local: None,
            }
        };
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
        let name = self.name(prefix, instance.vrid, of, Some(mac));
        self.taken.insert(name.clone());
        self.made.push(Vmac {
            instance: instance.name.clone(),
            settings: settings(&name, of, false),
            name: name.clone(),
            base: base.to_owned(),
            kind,
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

    /// The first free one; one that bears the MAC address is left from before and may be had again.
    fn name(&self, prefix: &str, vrid: u8, of: config::Family, mac: Option<[u8; 6]>) -> String {
        let plain = format!("{prefix}.{vrid}");
        let of_ipv6 = (of == config::Family::V6).then(|| format!("{prefix}6.{vrid}"));
        let numbered = (1..=u8::MAX).map(|number| format!("{prefix}{number}.{vrid}"));
        let is_free = |name: &String| {
            let is_there = self.system.interfaces.contains(name);
            let is_ours = mac.is_none() || self.system.macs.get(name).copied() == mac;
            !self.taken.contains(name) && (!is_there || is_ours)
        };
        let all = std::iter::once(plain.clone()).chain(of_ipv6).chain(numbered);
        all.into_iter().find(is_free).unwrap_or(plain)
    }
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

/// Parameters of the interfaces below.
pub(super) fn base_settings(vmacs: &[Vmac]) -> Vec<Setting> {
    let is_ipv4 = |vmac: &&Vmac| matches!(vmac.kind, Kind::Macvlan { mac: [_, _, _, _, 1, _] });
    let bases: BTreeSet<&String> = vmacs.iter().filter(is_ipv4).map(|vmac| &vmac.base).collect();
    bases
        .into_iter()
        .flat_map(|base| ["arp_ignore", "arp_filter"].map(|name| Setting::of("ipv4", base, name, 1)))
        .collect()
}

fn has_ipv6_on(instance: &VrrpInstance, name: &str) -> bool {
    instance.excluded.iter().any(|one| {
        one.prefix.addr.is_ipv6() && one.dev.as_ref().is_some_and(|dev| dev.value.as_str() == name)
    })
}
