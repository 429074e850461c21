//! Virtual and real servers.

use super::check;
use super::text::{Printer, password, seconds, word};
use crate::config::{
    Config, Family, Forwarding, Granularity, Members, Persistence, Protocol, RealServer, SchedulerFlags,
    Service, SorryServer, SslContext, Tunnel, TunnelChecksum, TunnelKind, VirtualServer, VirtualServerGroup,
};

pub(super) fn ssl(p: &mut Printer, context: &SslContext) {
    let SslContext { span: _, password: phrase, ca, certificate, key } = context;
    p.block("SSL", |p| {
        if let Some(phrase) = phrase {
            p.secret("password", phrase, password);
        }
        p.word("ca", ca.as_ref());
        p.word("certificate", certificate.as_ref());
        p.word("key", key.as_ref());
    });
}

fn family_word(family: Family) -> &'static str {
    match family {
        Family::V4 => "inet",
        Family::V6 => "inet6",
    }
}

/// What follows an address: its port, unless it is any.
fn with_port(port: u16) -> String {
    if port == 0 { String::new() } else { format!(" {port}") }
}

pub(super) fn group(p: &mut Printer, group: &VirtualServerGroup) {
    let VirtualServerGroup { name, span: _, members } = group;
    p.lines(&format!("virtual_server_group {}", word(name)), members, |member| match member {
        Members::Range { span: _, first, last, port } if first == last => {
            format!("{first}{}", with_port(*port))
        }
        Members::Range { span: _, first, last, port } => format!("{first}-{last}{}", with_port(*port)),
        Members::Fwmark { span: _, mark, family } => {
            let family = family.map_or_else(String::new, |family| format!(" {}", family_word(family)));
            format!("fwmark {mark}{family}")
        }
    });
}

fn forwarding(forwarding: Forwarding) -> String {
    let Tunnel { kind, checksum } = match forwarding {
        Forwarding::Nat => return "NAT".to_owned(),
        Forwarding::Direct => return "DR".to_owned(),
        Forwarding::Tunnel(tunnel) => tunnel,
    };
    let kind = match kind {
        TunnelKind::Ipip => String::new(),
        TunnelKind::Gue { port } => format!(" type gue port {port}"),
        TunnelKind::Gre => " type gre".to_owned(),
    };
    let checksum = match checksum {
        TunnelChecksum::None => "",
        TunnelChecksum::Sum => " csum",
        TunnelChecksum::Remote => " remcsum",
    };
    format!("TUN{kind}{checksum}")
}

pub(super) fn virtual_server(p: &mut Printer, server: &VirtualServer, config: &Config) {
    let VirtualServer {
        span: _,
        service,
        protocol,
        family,
        scheduler,
        flags,
        persistence,
        forwarding: method,
        quorum,
        hysteresis,
        quorum_up,
        quorum_down,
        ha_suspend,
        inherited,
        inhibit_on_failure,
        omega,
        smtp_alert,
        virtualhost,
        snmp_name,
        sorry_server,
        real_servers,
    } = server;
    let head = match service {
        Service::Address { addr, port } => format!("{addr}{}", with_port(*port)),
        Service::Fwmark(mark) => format!("fwmark {mark}"),
        Service::Group { name, group: _, nth: _ } => format!("group {}", word(name)),
    };
    p.block(&format!("virtual_server {head}"), |p| {
        let tells = matches!(service, Service::Address { .. });
        p.optional("ip_family", family.filter(|_| !tells).map(family_word));
        match protocol {
            Protocol::Tcp => p.line("protocol TCP"),
            Protocol::Udp => p.line("protocol UDP"),
            Protocol::Sctp => p.line("protocol SCTP"),
            Protocol::None => {}
        }
        p.value("lvs_sched", scheduler.name());
        let SchedulerFlags { one_packet, flag_1, flag_2, flag_3 } = flags;
        p.flag("ops", *one_packet);
        p.flag("flag-1", *flag_1);
        p.flag("flag-2", *flag_2);
        p.flag("flag-3", *flag_3);
        p.value("lvs_method", forwarding(*method));
        if let Some(Persistence { timeout, granularity, engine }) = persistence {
            p.value("persistence_timeout", seconds(*timeout));
            match granularity {
                Granularity::Mask(mask) => p.value("persistence_granularity", mask),
                Granularity::Prefix(len) => p.value("persistence_granularity", len),
            }
            p.word("persistence_engine", engine.as_ref());
        }
        // None comes from weights that are all 0 and cannot be said.
        p.optional("quorum", (*quorum > 0).then_some(quorum));
        p.value("hysteresis", hysteresis);
        p.script("quorum_up", quorum_up.as_deref());
        p.script("quorum_down", quorum_down.as_deref());
        p.flag("ha_suspend", *ha_suspend);
        p.flag("inhibit_on_failure", *inhibit_on_failure);
        p.flag("omega", *omega);
        p.switch("smtp_alert", *smtp_alert);
        p.word("virtualhost", virtualhost.as_ref());
        p.word("snmp_name", snmp_name.as_ref());
        check::inherited(p, inherited);
        p.flag("alpha", inherited.alpha);
        if let Some(sorry) = sorry_server {
            let SorryServer { span: _, addr, port, forwarding: method, inhibit_on_failure } = sorry;
            p.line(format!("sorry_server {addr}{}", with_port(*port)));
            p.value("sorry_server_lvs_method", forwarding(*method));
            p.flag("sorry_server_inhibit", *inhibit_on_failure);
        }
        for real in real_servers {
            real_server(p, real, server, config);
        }
    });
}

fn real_server(p: &mut Printer, real: &RealServer, server: &VirtualServer, config: &Config) {
    let RealServer {
        span: _,
        addr,
        port,
        weight,
        forwarding: method,
        upper_threshold,
        lower_threshold,
        inhibit_on_failure,
        notify_up,
        notify_down,
        smtp_alert,
        virtualhost,
        snmp_name,
        inherited,
        checkers,
    } = real;
    p.block(&format!("real_server {addr}{}", with_port(*port)), |p| {
        p.value("weight", weight);
        p.value("lvs_method", forwarding(*method));
        p.value("uthreshold", upper_threshold);
        p.value("lthreshold", lower_threshold);
        p.switch("inhibit_on_failure", *inhibit_on_failure);
        p.script("notify_up", notify_up.as_deref());
        p.script("notify_down", notify_down.as_deref());
        p.switch("smtp_alert", *smtp_alert);
        p.word("virtualhost", virtualhost.as_ref());
        p.word("snmp_name", snmp_name.as_ref());
        if let Some(inherited) = inherited {
            check::inherited(p, inherited);
            p.switch("alpha", inherited.alpha);
        }
        for checker in checkers {
            check::checker(p, checker, real, server, config);
        }
    });
}
