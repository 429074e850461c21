//! Virtual and real servers: families, ports, methods, weights and quorum.

mod candidate;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use self::candidate::Candidate;
use crate::block::server::{Head, ServerGroupBlock, SslBlock, VirtualServerBlock};
use crate::config::{
    Config, Family, Forwarding, Granularity, Located, Members, Persistence, Protocol, RealServer, Scheduler,
    SchedulerFlags, Secret, Service, SorryServer, Span, SslContext, VirtualServer, VirtualServerGroup,
};
use crate::diag::Class;
use crate::keyword::{Blocks, Nested};
use crate::resolve::{Complaints, check, said, value};
use crate::value::server::PERSISTENCE;

/// The context of SSL checks; a later block replaces an earlier one.
pub(super) fn ssl(blocks: Blocks<SslBlock>, complaints: &mut Complaints) -> Option<SslContext> {
    for again in blocks.iter().skip(1) {
        complaints.at(&again.span, "SSL context already specified - replacing");
    }
    let Located { value: block, span } = blocks.into_iter().next_back()?;
    let text = |slot: crate::keyword::Slot<crate::value::word::Replaceable>| said(slot).map(|value| value.0);
    Some(SslContext {
        span,
        password: text(block.password).map(Secret::new),
        ca: text(block.ca),
        certificate: text(block.certificate),
        key: text(block.key),
    })
}

/// Groups: all addresses before all marks, each in the order of the file.
pub(super) fn groups(blocks: Blocks<ServerGroupBlock>) -> Vec<VirtualServerGroup> {
    blocks
        .into_iter()
        .map(|Located { value: ServerGroupBlock { head, mut members }, span }| {
            members.sort_by_key(|member| matches!(member, Members::Fwmark { .. }));
            VirtualServerGroup { name: head, span, members }
        })
        .collect()
}

/// All virtual servers that can be served.
pub(super) fn virtual_servers(
    blocks: Blocks<VirtualServerBlock>,
    config: &Config,
    complaints: &mut Complaints,
) -> Vec<VirtualServer> {
    let mut uses: HashMap<String, usize> = HashMap::new();
    let mut servers = Vec::with_capacity(blocks.len());
    for Located { value: block, span } in blocks {
        let service = match &block.target {
            Head::Address(addr, port) => Service::Address { addr: *addr, port: *port },
            Head::Fwmark(mark) => Service::Fwmark(*mark),
            Head::Group(name) => {
                let nth = uses.entry(name.clone()).and_modify(|nth| *nth += 1).or_insert(0);
                let Some(group) = config.virtual_server_groups.iter().position(|group| group.name == *name)
                else {
                    let text = format!(
                        "Virtual server group {name} specified but not configured - ignoring virtual server [{name}]:{nth}"
                    );
                    complaints.class(Class::Log, text);
                    continue;
                };
                Service::Group { name: name.clone(), group, nth: *nth }
            }
            // A block without head was refused.
            Head::Unknown => continue,
        };
        servers.extend(VirtualServerBuilder { block, service, config, complaints }.build(span));
    }
    servers
}

struct VirtualServerBuilder<'a> {
    block: VirtualServerBlock,
    service: Service,
    config: &'a Config,
    complaints: &'a mut Complaints,
}

impl VirtualServerBuilder<'_> {
    fn build(mut self, span: Span) -> Option<VirtualServer> {
        let end = self.block.end.clone().unwrap_or_else(|| span.clone());
        let inherited = said(self.block.lvs_method.clone());
        let mut candidates: Vec<Candidate> = Nested::all(self.block.real_server.take())
            .into_iter()
            .filter_map(|Located { value: block, span }| {
                let (addr, port) = block.address?;
                let forwarding = said(block.lvs_method.clone());
                Some(Candidate { block, span, addr, port, written_port: port, forwarding })
            })
            .collect();
        let mut sorry = self.sorry_server(inherited);
        let family = self.family(&candidates, sorry.as_ref().map(|(sorry, _)| sorry.addr), inherited);
        self.drop_other_families(family, inherited, &end, &mut candidates, &mut sorry);

        let protocol_said = self.block.protocol.as_ref().map(|said| said.value.0);
        let before = self.service.label(protocol_said.unwrap_or(Protocol::None));
        if candidates.is_empty() {
            self.complaints.general(format!("Virtual server {before} has no real servers - ignoring"));
            return None;
        }
        let (addresses, marks) = self.members();
        let ha_suspend = self.block.service.ha_suspend.is_some() && !marks;
        if self.block.service.ha_suspend.is_some() && marks {
            self.complaints.general(format!(
                "Virtual server {before}: cannot use ha_suspend with fwmarks - clearing ha_suspend"
            ));
        }
        let protocol = match protocol_said {
            Some(_) if addresses.is_empty() => {
                let text = format!(
                    "Warning: Virtual server {before}: protocol specified for fwmark - protocol will be ignored"
                );
                self.complaints.general(text);
                Protocol::None
            }
            None if !addresses.is_empty() => {
                self.complaints
                    .general(format!("Virtual server {before}: no protocol set - defaulting to UDP"));
                Protocol::Udp
            }
            said => said.unwrap_or(Protocol::None),
        };
        let label = self.service.label(protocol);
        let scheduler = self.block.lvs_sched.as_ref().map(|said| said.value).unwrap_or_else(|| {
            self.complaints
                .general(format!("Virtual server {label}: no scheduler set, setting default 'wlc'"));
            Scheduler::Wlc
        });
        let unset = candidates.iter().any(|candidate| candidate.forwarding.is_none());
        if inherited.is_none() && unset {
            self.complaints
                .general(format!("Virtual server {label}: no forwarding method set, setting default NAT"));
        }
        let forwarding = inherited.unwrap_or(Forwarding::Nat);
        let flags = self.flags(protocol, !addresses.is_empty(), &label);
        let persistence = self.persistence(family, &addresses, &label);
        self.drop_duplicates(&mut candidates, protocol, &label);
        self.match_ports(forwarding, (&addresses, marks), &label, protocol, &mut candidates, &mut sorry);
        // Ports that were reset may have made two servers one; the kernel has no room for both.
        self.drop_duplicates(&mut candidates, protocol, &label);

        let block = &self.block;
        let alerts = &self.config.global.mail;
        let smtp_alert =
            value(&block.service.smtp_alert).or(alerts.alert_checker).or(alerts.alert).unwrap_or(false);
        let mut real_servers = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            let method = candidate.forwarding.unwrap_or(forwarding);
            real_servers.push(self.real_server(candidate, method, protocol));
        }
        let (quorum, hysteresis) = self.quorum(&real_servers, &label);
        let sorry_server = self.finish_sorry_server(sorry, &real_servers, forwarding, protocol, &label);
        let block = self.block;
        Some(VirtualServer {
            span,
            inherited: check::of_virtual_server(&block),
            inhibit_on_failure: block.checking.inhibit_on_failure.is_some(),
            service: self.service,
            protocol,
            family,
            scheduler,
            flags,
            persistence,
            forwarding,
            quorum,
            hysteresis,
            quorum_up: value(&block.service.quorum_up).map(Box::new),
            quorum_down: value(&block.service.quorum_down).map(Box::new),
            ha_suspend,
            omega: block.service.omega.is_some(),
            smtp_alert,
            virtualhost: value(&block.checking.virtualhost).map(|host| host.0),
            snmp_name: value(&block.service.snmp_name).map(|name| name.0),
            sorry_server,
            real_servers,
        })
    }

    /// Addresses with their ports and text for messages, and whether there are firewall marks.
    fn members(&self) -> (Vec<(IpAddr, u16, String)>, bool) {
        match &self.service {
            Service::Address { addr, port } => (vec![(*addr, *port, String::new())], false),
            Service::Fwmark(_) => (Vec::new(), true),
            Service::Group { group, .. } => {
                let members = &self.config.virtual_server_groups[*group].members;
                let addresses = members.iter().filter_map(|member| match member {
                    Members::Range { first, last, port, .. } if first == last => {
                        Some((*first, *port, format!("{first},{port}")))
                    }
                    Members::Range { first, last, port, .. } => {
                        Some((*first, *port, format!("{first}-{last},{port}")))
                    }
                    Members::Fwmark { .. } => None,
                });
                (addresses.collect(), members.iter().any(|member| matches!(member, Members::Fwmark { .. })))
            }
        }
    }

    /// The sorry server as said, with the line that said it.
    fn sorry_server(&mut self, inherited: Option<Forwarding>) -> Option<(SorryServer, Option<Forwarding>)> {
        let Located { value, span } = self.block.sorry.sorry_server.as_deref().cloned()?;
        let own = self.block.sorry.sorry_server_lvs_method.as_ref().map(|said| said.value.0);
        let forwarding = own.or(inherited);
        let inhibit_on_failure = self.block.sorry.sorry_server_inhibit.is_some();
        let (addr, port) = (value.addr, value.port);
        let sorry = SorryServer {
            span,
            addr,
            port,
            forwarding: forwarding.unwrap_or(Forwarding::Nat),
            inhibit_on_failure,
        };
        Some((sorry, forwarding))
    }

    /// The family of the service; none when a group mixes both.
    fn family(
        &mut self,
        candidates: &[Candidate],
        sorry: Option<IpAddr>,
        inherited: Option<Forwarding>,
    ) -> Option<Family> {
        let said_family = self.block.service.ip_family.clone();
        let fixed = match &self.service {
            Service::Address { addr, .. } => Some(Family::of(*addr)),
            Service::Fwmark(_) => None,
            Service::Group { group, .. } => {
                let families = |member: &Members| match member {
                    Members::Range { first, .. } => Some(Family::of(*first)),
                    Members::Fwmark { family, .. } => *family,
                };
                let mut all = self.config.virtual_server_groups[*group].members.iter().filter_map(families);
                match all.next() {
                    Some(first) if all.any(|family| family != first) => return None,
                    first => first,
                }
            }
        };
        if let (Some(said), Some(fixed)) = (&said_family, fixed)
            && said.value != fixed
        {
            let word = match said.value {
                Family::V4 => "inet",
                Family::V6 => "inet6",
            };
            self.complaints.at(
                &said.span,
                format!("Virtual server specified family {word} conflicts with server family"),
            );
        }
        let granularity =
            self.block.persistence.persistence_granularity.as_ref().map(|said| match said.value.0 {
                Granularity::Mask(_) => Family::V4,
                Granularity::Prefix(_) => Family::V6,
            });
        let tunnelled = |candidate: &&Candidate| {
            matches!(candidate.forwarding.or(inherited), Some(Forwarding::Tunnel(_)))
        };
        let plain = candidates.iter().find(|candidate| !tunnelled(candidate)).map(|c| Family::of(c.addr));
        let common = || {
            let mut families = candidates.iter().map(|c| Family::of(c.addr)).chain(sorry.map(Family::of));
            let first = families.next()?;
            families.all(|family| family == first).then_some(first)
        };
        fixed.or(said(said_family)).or(granularity).or(plain).or_else(common).or(Some(Family::V4))
    }

    fn flags(&mut self, protocol: Protocol, by_address: bool, label: &str) -> SchedulerFlags {
        let block = &self.block;
        let one_packet = block.flags.ops.is_some() && (protocol == Protocol::Udp || !by_address);
        let flags = SchedulerFlags {
            one_packet,
            flag_1: block.flags.flag_1.is_some()
                || block.flags.sh_fallback.is_some()
                || block.flags.mh_fallback.is_some(),
            flag_2: block.flags.flag_2.is_some()
                || block.flags.sh_port.is_some()
                || block.flags.mh_port.is_some(),
            flag_3: block.flags.flag_3.is_some(),
        };
        if block.flags.ops.is_some() && !one_packet {
            self.complaints
                .general(format!("Virtual server {label}: one packet scheduling requires UDP - resetting"));
        }
        flags
    }

    fn persistence(
        &mut self,
        family: Option<Family>,
        addresses: &[(IpAddr, u16, String)],
        label: &str,
    ) -> Option<Persistence> {
        let granularity = self.block.persistence.persistence_granularity.as_ref().map(|said| said.value.0);
        let mut timeout = self.block.persistence.persistence_timeout.as_ref().map(|said| said.value.0);
        if granularity.is_some() {
            timeout = timeout.or(Some(PERSISTENCE));
        }
        if timeout.is_none() && addresses.iter().any(|(_, port, _)| *port == 0) {
            let text =
                format!("Virtual server {label}: zero port only valid for persistent services - setting");
            self.complaints.general(text);
            timeout = Some(PERSISTENCE);
        }
        const MAX_ENGINE: usize = 15;
        let engine = self.block.persistence.persistence_engine.as_deref().cloned().map(
            |Located { mut value, span }| {
                if value.len() > MAX_ENGINE {
                    self.complaints
                        .at(&span, format!("persistence_engine name too long '{value}' - truncating"));
                    let end = (0..=MAX_ENGINE).rev().find(|end| value.is_char_boundary(*end)).unwrap_or(0);
                    value.truncate(end);
                }
                value
            },
        );
        let host = match family {
            Some(Family::V6) => Granularity::Prefix(128),
            Some(Family::V4) | None => Granularity::Mask(Ipv4Addr::BROADCAST),
        };
        timeout.map(|timeout| Persistence { timeout, granularity: granularity.unwrap_or(host), engine })
    }

    fn quorum(&mut self, servers: &[RealServer], label: &str) -> (u32, u32) {
        let (mut quorum, mut hysteresis) = (self.block.service.quorum(), self.block.service.hysteresis());
        let total: u64 = servers.iter().map(|server| u64::from(server.weight)).sum();
        if u64::from(quorum) > total {
            self.complaints.general(format!(
                "Warning - quorum {quorum} for {label} exceeds total weight of real servers {total}, reducing quorum to {total}"
            ));
            quorum = u32::try_from(total).unwrap_or(u32::MAX);
        }
        if hysteresis >= quorum && hysteresis > 0 {
            let reduced = quorum.saturating_sub(1);
            self.complaints.general(format!(
                "Virtual server {label}: hysteresis {hysteresis} >= quorum {quorum}; setting hysteresis to {reduced}"
            ));
            hysteresis = reduced;
        }
        (quorum, hysteresis)
    }

    fn finish_sorry_server(
        &mut self,
        sorry: Option<(SorryServer, Option<Forwarding>)>,
        servers: &[RealServer],
        forwarding: Forwarding,
        protocol: Protocol,
        label: &str,
    ) -> Option<SorryServer> {
        let (mut sorry, method) = sorry?;
        sorry.forwarding = method.unwrap_or(forwarding);
        let twin = servers.iter().find(|server| (server.addr, server.port) == (sorry.addr, sorry.port));
        if let Some(twin) = twin.filter(|twin| twin.inhibit_on_failure != sorry.inhibit_on_failure) {
            let what = if twin.inhibit_on_failure { "setting" } else { "clearing" };
            self.complaints.general(format!(
                "Virtual server {label}: real server {} matches sorry server, but inhibit setting differs, {what} on sorry server",
                twin.label(protocol)
            ));
            sorry.inhibit_on_failure = twin.inhibit_on_failure;
        }
        Some(sorry)
    }
}
