//! Virtual servers and what stands behind them.

use std::time::Duration;

use super::{Findings, Lint};
use crate::config::{Check, Checker, Config, Service, VirtualServer};

pub(super) fn lint(config: &Config, found: &mut Findings) {
    for service in &config.virtual_servers {
        quorum(service, found);
        sorry_server(service, found);
        for server in &service.real_servers {
            for checker in &server.checkers {
                if let Some(timeout) = timeout(checker).filter(|timeout| *timeout > checker.pace.delay_loop) {
                    let message = format!(
                        "a check of {} may take {} s, but delay_loop is {} s",
                        server.label(service.protocol),
                        timeout.as_secs_f64(),
                        checker.pace.delay_loop.as_secs_f64()
                    );
                    found.at(Lint::CheckOutlastsInterval, &checker.span, message);
                }
            }
        }
    }
    for (at, group) in config.virtual_server_groups.iter().enumerate() {
        let uses = |service: &VirtualServer| matches!(&service.service, Service::Group { group, .. } if *group == at);
        if !config.virtual_servers.iter().any(uses) {
            let message = format!("virtual_server_group {} is never used", group.name);
            found.at(Lint::UnusedServerGroup, &group.span, message);
        }
    }
}

fn quorum(service: &VirtualServer, found: &mut Findings) {
    let total: u64 = service.real_servers.iter().map(|server| u64::from(server.weight)).sum();
    let regained = u64::from(service.quorum) + u64::from(service.hysteresis);
    if total > 0 && regained > total {
        let message = format!(
            "Virtual server {} needs quorum {} + hysteresis {} to come back, but its servers weigh {total}",
            service.label(),
            service.quorum,
            service.hysteresis
        );
        found.at(Lint::QuorumUnreachable, &service.span, message);
    }
}

fn sorry_server(service: &VirtualServer, found: &mut Findings) {
    let Some(sorry) = &service.sorry_server else { return };
    let label = service.label();
    if let Some(same) =
        service.real_servers.iter().find(|server| (server.addr, server.port) == (sorry.addr, sorry.port))
    {
        let message =
            format!("the sorry server of {label} is its real server {}", same.label(service.protocol));
        found.at(Lint::SorryServerIsRealServer, &sorry.span, message);
    }
    let unchecked = |server: &crate::config::RealServer| server.checkers.is_empty() && server.weight > 0;
    let weight: u64 = service
        .real_servers
        .iter()
        .filter(|server| unchecked(server))
        .map(|server| u64::from(server.weight))
        .sum();
    let lost_below = u64::from(service.quorum.saturating_sub(service.hysteresis)).max(1);
    if weight >= lost_below {
        let message =
            format!("{label} has a sorry server, but real servers without a checker always keep its quorum");
        found.at(Lint::SorryServerNeverUsed, &sorry.span, message);
    }
}

/// How long a check waits for its server at most.
fn timeout(checker: &Checker) -> Option<Duration> {
    match &checker.check {
        Check::Tcp(endpoint) | Check::Ping(endpoint) => Some(endpoint.connect_timeout),
        Check::Udp(check) => Some(check.endpoint.connect_timeout),
        Check::Http(check) => Some(check.endpoint.connect_timeout),
        Check::Smtp(check) => Some(check.endpoint.connect_timeout),
        Check::Dns(check) => Some(check.endpoint.connect_timeout),
        Check::Misc(check) => Some(check.timeout),
        Check::File(_) | Check::Bfd(_) => None,
    }
}
