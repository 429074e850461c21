//! Real servers on their way: which of them a virtual server can have, and with which port.

use std::collections::HashSet;
use std::net::IpAddr;

use super::VirtualServerBuilder;
use crate::block::server::RealServerBlock;
use crate::config::{Family, Forwarding, Protocol, RealServer, Service, SorryServer, Span, server_label};
use crate::resolve::{check, said, value};

/// A real server on its way: what its block said, and what follows from the virtual server.
pub(super) struct Candidate {
    pub(super) block: RealServerBlock,
    pub(super) span: Span,
    pub(super) addr: IpAddr,
    pub(super) port: u16,
    /// The port as it was written: what is checked, even where connections go to another.
    pub(super) written_port: u16,
    pub(super) forwarding: Option<Forwarding>,
}

impl Candidate {
    /// The name in messages.
    fn label(&self, protocol: Protocol) -> String {
        server_label(self.addr, protocol, self.port)
    }
}

impl VirtualServerBuilder<'_> {
    /// Only a tunnel reaches a server of another family.
    pub(super) fn drop_other_families(
        &mut self,
        family: Option<Family>,
        inherited: Option<Forwarding>,
        end: &Span,
        candidates: &mut Vec<Candidate>,
        sorry: &mut Option<(SorryServer, Option<Forwarding>)>,
    ) {
        let Some(family) = family else { return };
        let reachable = |addr: IpAddr, forwarding: Option<Forwarding>| {
            Family::of(addr) == family || matches!(forwarding, Some(Forwarding::Tunnel(_)))
        };
        candidates.retain(|candidate| {
            let fine = reachable(candidate.addr, candidate.forwarding.or(inherited));
            if !fine {
                let end = candidate.block.end.as_ref().unwrap_or(&candidate.span);
                let text = format!(
                    "Address family of virtual server and real server {} don't match - skipping real server.",
                    candidate.addr
                );
                self.complaints.at(end, text);
            }
            fine
        });
        if let Some((SorryServer { addr, .. }, forwarding)) = sorry
            && !reachable(*addr, *forwarding)
        {
            let text = format!(
                "Address family of virtual server and sorry server {addr} don't match - skipping sorry server."
            );
            self.complaints.at(end, text);
            *sorry = None;
        }
    }

    pub(super) fn drop_duplicates(
        &mut self,
        candidates: &mut Vec<Candidate>,
        protocol: Protocol,
        label: &str,
    ) {
        let mut seen = HashSet::new();
        candidates.retain(|Candidate { addr, port, .. }| {
            let new = seen.insert((*addr, *port));
            if !new {
                let rs = server_label(*addr, protocol, *port);
                self.complaints
                    .general(format!("VS {label}: real server {rs} is duplicated - removing second rs"));
            }
            new
        });
    }

    /// Direct routing and tunnels leave the port as it is; NAT without a port takes that of the service.
    pub(super) fn match_ports(
        &mut self,
        forwarding: Forwarding,
        members: (&[(IpAddr, u16, String)], bool),
        label: &str,
        protocol: Protocol,
        candidates: &mut [Candidate],
        sorry: &mut Option<(SorryServer, Option<Forwarding>)>,
    ) {
        for candidate in &mut *candidates {
            let nat = candidate.forwarding.unwrap_or(forwarding) == Forwarding::Nat;
            match (&self.service, nat) {
                (Service::Address { port, .. }, true) if candidate.port == 0 => candidate.port = *port,
                (Service::Address { port, .. }, false) if candidate.port != *port => {
                    if candidate.port != 0 {
                        let rs = candidate.label(protocol);
                        self.complaints.general(format!(
                            "WARNING - virtual server {label} and real server {rs} ports don't match - resetting"
                        ));
                    }
                    candidate.port = *port;
                }
                (Service::Fwmark(_), false) if candidate.port != 0 => {
                    let rs = candidate.label(protocol);
                    self.complaints.general(format!(
                        "WARNING - fwmark virtual server {label}, real server {rs} has port specified - clearing"
                    ));
                    candidate.port = 0;
                }
                (Service::Address { .. } | Service::Fwmark(_) | Service::Group { .. }, _) => {}
            }
        }
        if let Service::Group { .. } = self.service {
            self.check_group_ports(forwarding, members, label, protocol, candidates, sorry.as_ref());
        }
        let Some((sorry, method)) = sorry else { return };
        if method.unwrap_or(forwarding) == Forwarding::Nat {
            return;
        }
        match &self.service {
            Service::Address { port, .. } if sorry.port != *port => {
                if sorry.port != 0 {
                    self.complaints.general(format!(
                        "WARNING - virtual server {label} and sorry server ports don't match - resetting"
                    ));
                }
                sorry.port = *port;
            }
            Service::Fwmark(_) if sorry.port != 0 => {
                self.complaints.general(format!(
                    "WARNING - virtual server {label}, sorry server has port specified - clearing"
                ));
                sorry.port = 0;
            }
            Service::Address { .. } | Service::Fwmark(_) | Service::Group { .. } => {}
        }
    }

    /// A group keeps the ports that were written, which count for nothing where its own are others.
    fn check_group_ports(
        &mut self,
        forwarding: Forwarding,
        (addresses, has_marks): (&[(IpAddr, u16, String)], bool),
        label: &str,
        protocol: Protocol,
        candidates: &[Candidate],
        sorry: Option<&(SorryServer, Option<Forwarding>)>,
    ) {
        let bound: Vec<&Candidate> = candidates
            .iter()
            .filter(|one| one.port != 0 && one.forwarding.unwrap_or(forwarding) != Forwarding::Nat)
            .collect();
        let sorry = sorry
            .filter(|(sorry, method)| sorry.port != 0 && method.unwrap_or(forwarding) != Forwarding::Nat);
        let sorry = sorry.map(|(sorry, _)| sorry.port);
        if has_marks {
            for candidate in &bound {
                let rs = candidate.label(protocol);
                self.complaints.general(format!(
                    "WARNING - fwmark virtual server {label}, real server {rs} has port specified - port will be ignored"
                ));
            }
            if sorry.is_some() {
                self.complaints.general(format!(
                    "WARNING - fwmark virtual server {label}, sorry server has port specified - port will be ignored"
                ));
            }
        }
        for (_, port, text) in addresses {
            for candidate in bound.iter().filter(|candidate| candidate.port != *port) {
                let rs = candidate.label(protocol);
                self.complaints.general(format!(
                    "virtual server {label}:[{text}] and real server {rs} ports don't match"
                ));
            }
            if sorry.is_some_and(|sorry| sorry != *port) {
                self.complaints.general(format!(
                    "WARNING - virtual server {label}, sorry server has port specified - port will be ignored"
                ));
            }
        }
    }

    pub(super) fn real_server(
        &mut self,
        candidate: Candidate,
        forwarding: Forwarding,
        protocol: Protocol,
    ) -> RealServer {
        let Candidate { mut block, span, addr, port, written_port, .. } = candidate;
        let checked_port = if written_port == 0 { port } else { written_port };
        let alerts = &self.config.global.mail;
        let checkers = check::checkers(
            &mut block,
            &self.block,
            check::Server { addr, port, checked_port, protocol },
            self.config,
            self.complaints,
        );
        let virtualhost =
            value(&block.own.virtualhost).or(value(&self.block.checking.virtualhost)).map(|host| host.0);
        RealServer {
            span,
            addr,
            port,
            weight: said(block.weight.clone()).unwrap_or_else(|| self.block.checking.weight()),
            forwarding,
            upper_threshold: block.own.uthreshold(),
            lower_threshold: block.own.lthreshold(),
            inhibit_on_failure: value(&block.own.inhibit_on_failure)
                .unwrap_or(self.block.checking.inhibit_on_failure.is_some()),
            notify_up: value(&block.own.notify_up).map(Box::new),
            notify_down: value(&block.own.notify_down).map(Box::new),
            smtp_alert: value(&block.own.smtp_alert)
                .or(alerts.alert_checker)
                .or(alerts.alert)
                .unwrap_or(true),
            virtualhost,
            snmp_name: value(&block.own.snmp_name).map(|name| name.0),
            inherited: check::of_real_server(&block, &self.block),
            checkers,
        }
    }
}
