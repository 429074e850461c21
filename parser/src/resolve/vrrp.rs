//! Virtual routers: the rules the original applies when an instance is complete, in its order.

mod conduct;
mod trust;

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::time::Duration;

use crate::block::global::GlobalBlock;
use crate::block::vrrp::InstanceBlock;
use crate::config::{
    Address, Auth, Config, Family, Located, Notify, Peer, Peering, Role, Span, UnicastChecksum, Version,
    Vmac, VrrpInstance,
};
use crate::diag::Class;
use crate::keyword::{Blocks, Lines};
use crate::resolve::tracking::tracking;
use crate::resolve::{Complaints, said, value};
use crate::value::time::{ms, secs};

/// The longest interval of VRRPv2 and of VRRPv3.
const MAX_V2: Duration = secs(255);
const MAX_V3: Duration = ms(40_950);

/// All instances.
pub(super) fn instances(
    blocks: Blocks<InstanceBlock>,
    defs: &GlobalBlock,
    priority_changes: &HashMap<String, bool>,
    config: &Config,
    complaints: &mut Complaints,
) -> Vec<VrrpInstance> {
    blocks
        .into_iter()
        .map(|Located { value: block, span }| {
            let name = block.head.clone();
            Builder { block, name, defs, priority_changes, config, complaints }.build(span)
        })
        .collect()
}

struct Builder<'a> {
    block: InstanceBlock,
    name: String,
    defs: &'a GlobalBlock,
    /// What sync groups say for their members, by name.
    priority_changes: &'a HashMap<String, bool>,
    config: &'a Config,
    complaints: &'a mut Complaints,
}

impl Builder<'_> {
    fn say(&mut self, text: &str) {
        self.complaints.general(format!("({}) {text}", self.name));
    }

    fn fatal(&mut self, text: &str) {
        self.complaints.fatal(format!("({}) {text}", self.name));
    }

    /// The instance, also when it lacks something without which it cannot be run: what it names is looked for all the same. As
    /// with the original, that is then the last that is said of it here.
    fn build(mut self, span: Span) -> VrrpInstance {
        let mut block = std::mem::take(&mut self.block);
        let global = &self.config.global;
        let strict = value(&block.rules.strict_mode).unwrap_or(global.vrrp_strict);
        let family = block.seen.family.unwrap_or(Family::V4);
        let version = self.version(&mut block, family, strict);
        let mut last = None;
        let vrid = said(block.virtual_router_id.take()).unwrap_or_else(|| {
            self.fatal("the virtual router id must be set");
            last = Some(self.complaints.0.len());
            VrrpInstance::NO_VRID
        });
        let (priority, state) = self.priority(&mut block, strict);
        let owner = priority == 255;
        let auth = self.auth(&mut block, family, version, strict);
        let state = match (&auth, state) {
            (Auth::Ah(_), Role::Master) if !owner => {
                self.say("Initial state master is incompatible with AH authentication - clearing");
                Role::Backup
            }
            (Auth::Ah(_) | Auth::Pass(_) | Auth::None, state) => state,
        };
        let advert_int = self.interval(block.advert_int(), version);
        let hmac = self.hmac(&mut block, advert_int, strict);
        let auth = if hmac.is_some() && auth != Auth::None {
            self.say("auth_hmac replaces authentication - ignoring authentication");
            Auth::None
        } else {
            auth
        };
        let peering = self.peering(&mut block, family, strict);
        let multicast = matches!(peering, Peering::Multicast { .. });
        if !self.sources(&mut block, multicast) {
            last.get_or_insert(self.complaints.0.len());
        }
        let (addresses, excluded) = self.addresses(&mut block, version, strict);
        if multicast && first_is_not_link_local(&addresses) {
            match strict {
                true => self.say("the first IPv6 VIP address must be link local"),
                false => {
                    let text = format!("({}) the first IPv6 VIP address should be link local", self.name);
                    self.complaints.class(Class::Log, text);
                }
            }
        }
        let (preempt, preempt_delay) = self.preemption(&mut block, owner, state, strict);
        let timer_expired_backup = value(&block.rules.timer_expired_backup).map(|expired| expired.0);
        if timer_expired_backup.is_some() && preempt {
            self.say("expired_timer_backup requires nopreempt - resetting");
        }
        let down_timer_adverts = self.down_timer(&mut block, strict);
        let accept = self.accept(&mut block, owner, version, strict);
        let garp = self.garp(&mut block, strict);
        let (lower_prio_no_advert, higher_prio_send_advert) = self.prio_adverts(&mut block, strict);
        let owner_ignore_adverts = self.owner_ignores(&mut block, owner, strict);
        let (vmac, vmac_xmit_base) = self.vmac(&mut block, vrid, strict, multicast);
        let promote_secondaries =
            block.device.promote_secondaries.is_some() && vmac.is_none() && block.device.use_ipvlan.is_none();
        if block.device.promote_secondaries.is_some() && !promote_secondaries {
            self.say("promote_secondaries is automatically set for vmacs - ignoring");
        }
        let ipvlan = value(&block.device.use_ipvlan).map(|ipvlan| ipvlan.0);
        let source = block.source.as_ref().map(|said| said.value.addr);
        if family == Family::V4
            && source.is_none()
            && ipvlan.as_ref().is_some_and(|ipvlan| ipvlan.addr.is_none())
        {
            self.say(
                "IPv4 ipvlan requires a source ip address to be configured. setting instance to fault state",
            );
        }
        let source = source.or(ipvlan.as_ref().and_then(|ipvlan| ipvlan.addr).map(|prefix| prefix.addr));
        let track_source = block.rules.track_src_ip.is_some() && source.is_some();
        let notify_deleted = value(&block.notify.notify_deleted);
        let report_deleted = notify_deleted.is_some();
        let alerts = &global.mail;
        let smtp_alert =
            value(&block.notify.smtp_alert).or(alerts.alert_vrrp).or(alerts.alert).unwrap_or(false);
        let rx_buffer = value(&block.seldom.kernel_rx_buf_size).map(|size| size.0).filter(|size| *size > 0);
        let notify_priority_changes = value(&block.notify.notify_priority_changes)
            .or_else(|| self.priority_changes.get(&self.name).copied())
            .unwrap_or(global.notify_priority_changes);
        let own = block.interface.as_ref().map(|said| said.value.0.as_str());
        let tracking = tracking(block.track.into_inner(), own, self.config, &self.name, self.complaints);
        if let Some(last) = last {
            self.complaints.0.truncate(last);
        }
        VrrpInstance {
            name: self.name,
            span,
            vrid,
            interface: block
                .interface
                .map(|said| *said)
                .map(|Located { value, span }| Located { value: value.0, span }),
            vrf: block.vrf.map(|said| *said).map(|Located { value, span }| Located { value: value.0, span }),
            version,
            family,
            strict,
            state,
            priority,
            advert_int,
            preempt,
            preempt_delay,
            accept,
            down_timer_adverts,
            timer_expired_backup: timer_expired_backup.filter(|_| !preempt),
            peering,
            source,
            track_source,
            dont_track_primary: block.rules.dont_track_primary.is_some(),
            skip_check_adv_addr: block.rules.skip_check_adv_addr.is_some()
                || self.defs.vrrp_skip_check_adv_addr(),
            v3_checksum_as_v2: value(&block.rules.v3_checksum_as_v2)
                .unwrap_or(self.defs.v3_checksum_as_v2.is_some()),
            unicast_checksum: value(&block.unicast.old_unicast_checksum).unwrap_or(UnicastChecksum::Detect),
            rx_buffer,
            linkbeat_use_polling: block.seldom.linkbeat_use_polling.is_some(),
            addresses,
            excluded,
            routes: Lines::all(block.virtual_routes).into_iter().map(|line| line.route).collect(),
            rules: Lines::all(block.virtual_rules).into_iter().map(|line| line.rule).collect(),
            promote_secondaries,
            vmac: vmac.map(Box::new),
            vmac_addr: block.device.use_vmac_addr.is_some(),
            vmac_xmit_base,
            ipvlan: ipvlan.map(Box::new),
            garp,
            lower_prio_no_advert,
            higher_prio_send_advert,
            owner_ignore_adverts,
            auth,
            hmac: hmac.map(Box::new),
            tracking,
            sync_group: None,
            notify: Notify {
                master: value(&block.notify.notify_master).map(Box::new),
                backup: value(&block.notify.notify_backup).map(Box::new),
                fault: value(&block.notify.notify_fault).map(Box::new),
                stop: value(&block.notify.notify_stop).map(Box::new),
                deleted: notify_deleted.and_then(|deleted| deleted.0).map(Box::new),
                any: value(&block.notify.notify).map(Box::new),
                master_rx_lower_pri: value(&block.notify.notify_master_rx_lower_pri).map(Box::new),
            },
            report_deleted,
            smtp_alert,
            notify_priority_changes,
        }
    }

    fn version(&mut self, block: &mut InstanceBlock, family: Family, strict: bool) -> Version {
        let given = said(block.version.take()).map(|version| version.0);
        let given = if block.seldom.native_ipv6.is_some() { Some(Version::V3) } else { given };
        match (given, family) {
            (Some(Version::V2), Family::V6) if strict => {
                self.say("cannot use IPv6 with VRRP version 2; setting version 3");
                Version::V3
            }
            (Some(version), _) => version,
            (None, Family::V6) => Version::V3,
            (None, Family::V4) => self.config.global.vrrp_version,
        }
    }

    fn priority(&mut self, block: &mut InstanceBlock, strict: bool) -> (u8, Role) {
        let state = said(block.state.take());
        let priority = said(block.priority.take()).unwrap_or(match state {
            Some(Role::Master) => 255,
            Some(Role::Backup) | None => 100,
        });
        let by_priority = if priority == 255 { Role::Master } else { Role::Backup };
        let state = state.unwrap_or(by_priority);
        if strict && state != by_priority {
            self.say("State MASTER must match being address owner");
            return (priority, by_priority);
        }
        (priority, state)
    }

    fn interval(&mut self, interval: Duration, version: Version) -> Duration {
        let shown = interval.as_secs_f64();
        match version {
            Version::V2 if interval >= secs(256) => {
                self.say(&format!(
                    "VRRPv2 advertisement interval {shown:.2}s is out of range. Must be less than 256s. Setting to 255s"
                ));
                MAX_V2
            }
            Version::V2 if interval.subsec_nanos() != 0 => {
                self.say(&format!("VRRPv2 advertisement interval {shown:.6}s must be an integer. rounding"));
                secs((interval + ms(500)).as_secs()).clamp(secs(1), MAX_V2)
            }
            Version::V3 if interval >= ms(40_960) => {
                self.say(&format!(
                    "VRRPv3 advertisement interval {shown:.2}s is out of range. Must be less than 40.96s. Setting to 40.95s"
                ));
                MAX_V3
            }
            Version::V3 if !interval.as_micros().is_multiple_of(10_000) => {
                self.say(&format!(
                    "VRRPv3 advertisement interval {shown:.6}s must be in units of 10ms - rounding"
                ));
                let hundredths = (interval.as_micros() + 5_000) / 10_000;
                ms(u64::try_from(hundredths).unwrap_or(u64::MAX).saturating_mul(10)).clamp(ms(10), MAX_V3)
            }
            Version::V2 | Version::V3 => interval,
        }
    }

    fn peering(&mut self, block: &mut InstanceBlock, family: Family, strict: bool) -> Peering {
        let lines = Lines::all(block.unicast_peer.take());
        let limited = lines.iter().any(|line| line.limited);
        let mut peers: Vec<Peer> = Vec::new();
        for line in lines {
            if peers.iter().all(|peer| peer.addr != line.peer.addr) {
                peers.push(line.peer);
            }
        }
        if !peers.is_empty() {
            if strict {
                self.fatal("Unicast peers are not supported in strict mode");
            }
            if block.mcast_dst_ip.is_some() {
                self.say("multicast destination specified with unicast - ignoring");
            }
            let check_source = limited
                || block.unicast.check_unicast_src.is_some()
                || self.defs.vrrp_check_unicast_src.is_some();
            return Peering::Unicast { peers, ttl: value(&block.unicast.unicast_ttl), check_source };
        }
        if block.unicast.unicast_fault_no_peer.is_some() {
            return Peering::Missing;
        }
        if block.seen.unicast {
            self.complaints.class(
                Class::Deprecated,
                format!(
                    "({}) A unicast keyword has been specified without any unicast peers. Defaulting to multicast. This usage is deprecated - please update your configuration.",
                    self.name
                ),
            );
        }
        let global = &self.config.global;
        let group = said(block.mcast_dst_ip.take()).map(|group| group.0).unwrap_or(match family {
            Family::V4 => IpAddr::V4(global.vrrp_mcast_group4),
            Family::V6 => IpAddr::V6(global.vrrp_mcast_group6),
        });
        Peering::Multicast { group }
    }

    /// Rules about interface, VRF and source address; whether there is a way to send.
    fn sources(&mut self, block: &mut InstanceBlock, multicast: bool) -> bool {
        if let Some(vrf) = &block.vrf {
            if block.interface.is_some() {
                let text = format!("({}) Cannot specify VRF interface and interface - ignoring", self.name);
                self.complaints.at(&vrf.span, text);
                block.vrf = None;
            } else if multicast {
                self.say("VRF can only be used with unicast - ignoring");
                block.vrf = None;
            }
        }
        if block.interface.is_some() {
            return true;
        }
        let unicast_word = block.seen.unicast;
        let source = block.source.as_ref().map(|said| said.value.addr);
        if !unicast_word || (multicast && block.unicast.unicast_fault_no_peer.is_none()) {
            self.fatal("Unknown interface!");
            return false;
        }
        match source {
            None => self.fatal("No interface and no source address specified"),
            Some(IpAddr::V6(v6)) if v6.is_unicast_link_local() => {
                self.fatal("No interface specified and source address is link local");
            }
            Some(_) => return true,
        }
        false
    }

    fn addresses(
        &mut self,
        block: &mut InstanceBlock,
        version: Version,
        strict: bool,
    ) -> (Vec<Address>, Vec<Address>) {
        let wanted = Lines::all(block.virtual_ipaddress.take()).into_iter().map(|line| line.0.address);
        let also = Lines::all(block.virtual_ipaddress_excluded.take()).into_iter().map(|line| line.0.address);
        let own = block.interface.as_ref().map(|said| said.value.0.clone());
        let on =
            |address: &Address| address.dev.as_ref().map(|dev| dev.value.clone()).or_else(|| own.clone());
        let mut seen = HashSet::new();
        let mut addresses: Vec<Address> = Vec::new();
        for address in wanted {
            if seen.insert(address.prefix.addr) {
                addresses.push(address);
            } else {
                let text =
                    format!("({}): VIP duplicates a VIP {} - ignoring", self.name, address.prefix.addr);
                self.complaints.at(&address.span, text);
            }
        }
        let mut placed: HashSet<_> =
            addresses.iter().map(|address| (address.prefix.addr, on(address))).collect();
        let mut excluded = Vec::new();
        for address in also {
            if placed.insert((address.prefix.addr, on(&address))) {
                excluded.push(address);
            } else {
                let text =
                    format!("({}): eVIP duplicates a VIP {} - ignoring", self.name, address.prefix.addr);
                self.complaints.at(&address.span, text);
            }
        }
        if own.is_none() {
            let mut drop_homeless = |list: &mut Vec<Address>| {
                list.retain(|address| {
                    if address.dev.is_none() {
                        let text =
                            format!("({}) {} has no interface - ignoring", self.name, address.prefix.addr);
                        self.complaints.at(&address.span, text);
                    }
                    address.dev.is_some()
                });
            };
            drop_homeless(&mut addresses);
            drop_homeless(&mut excluded);
        }
        addresses.shrink_to_fit();
        excluded.shrink_to_fit();
        let mut meant = block.seldom.no_virtual_ipaddress.is_some();
        if meant && strict {
            self.complaints.class(
                Class::Warning,
                format!("({}) no_virtual_ipaddress is incompatible with strict mode - resetting", self.name),
            );
            meant = false;
        }
        if addresses.is_empty() && !meant {
            if strict || version == Version::V3 {
                self.fatal("No VIP specified; at least one is required");
            } else {
                self.complaints.class(
                    Class::Warning,
                    format!("({}) No VIP specified; at least one is sensible", self.name),
                );
            }
        }
        (addresses, excluded)
    }

    fn vmac(
        &mut self,
        block: &mut InstanceBlock,
        vrid: u8,
        strict: bool,
        multicast: bool,
    ) -> (Option<Vmac>, bool) {
        let mut vmac = value(&block.device.use_vmac).map(|value| {
            let mut vmac = value.0;
            if let Some(mac) = vmac.mac.as_mut().filter(|_| value.1) {
                mac.0[5] = vrid;
            }
            vmac
        });
        if strict && vmac.as_ref().is_some_and(|vmac| vmac.mac.is_some()) {
            self.say("cannot specify MAC address with strict mode - clearing");
            vmac.iter_mut().for_each(|vmac| vmac.mac = None);
        }
        if vmac.is_some() && block.interface.is_none() {
            self.fatal("use_vmac requires an interface");
        }
        let virtual_if = vmac.is_some() || block.device.use_ipvlan.is_some();
        let mut base = block.device.vmac_xmit_base.is_some();
        if base && vmac.is_none() {
            self.say("vmac_xmit_base is only valid with a vmac");
            base = false;
        }
        if base && strict {
            self.say("xmit_base is incompatible with strict mode - resetting");
            base = false;
        }
        if !multicast && virtual_if && !base {
            let text = format!("({}) unicast with use_vmac requires vmac_xmit_base - setting", self.name);
            match &block.seen.end {
                Some(end) => self.complaints.at(end, text),
                None => self.complaints.general(text),
            }
            base = true;
        }
        (vmac, base)
    }
}

/// Whether the address that IPv6 adverts must be sent from (RFC 9568 §5.1.2.2) is missing from the first place.
fn first_is_not_link_local(addresses: &[Address]) -> bool {
    match addresses.first().map(|first| first.prefix.addr) {
        Some(IpAddr::V6(v6)) => !v6.is_unicast_link_local(),
        Some(IpAddr::V4(_)) | None => false,
    }
}
