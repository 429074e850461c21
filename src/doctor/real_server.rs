//! What keeps traffic away on a real server.

use std::net::IpAddr;

use super::facts::{Examination, Facts, Finding, Roles};
use crate::realserver::duty::{Duty, duties};
use crate::realserver::host::{Host, OVER_IPV6};
use crate::realserver::step::{Change, LOOPBACK, Remark, steps};

/// What a real server lacks.
pub(super) fn real_server(facts: &Facts, roles: Roles, examination: &mut Examination) {
    let Examination { findings, notes } = examination;
    let host = &facts.host;
    let duties = duties(&facts.services, |address| host.holder(address).is_some());
    let (steps, remarks) = steps(&duties, host);
    for step in steps {
        let (id, what) = match &step.change {
            Change::Set { path, .. } if path.ends_with("rp_filter") => ("rp_filter", filter(path, host)),
            Change::Set { path, .. } => {
                ("arp", format!("{} is {}", path.replace('/', "."), host.number(path)))
            }
            Change::Load(module) => ("tunnel", format!("The module {module} is not loaded")),
            Change::Up(device) => ("tunnel", format!("{device} is down")),
            Change::TakeBoth => ("tunnel", format!("{OVER_IPV6} drops IPv4 packets")),
            Change::Open { port, .. } => ("tunnel", format!("Nobody takes GUE on port {port}")),
            Change::Add { address, device } => {
                ("vip_missing", format!("{address} is not on {device} of this real server"))
            }
        };
        let mend = match step.change {
            Change::Load(module) => facts.modules.mend(module),
            change @ (Change::Set { .. }
            | Change::Up(_)
            | Change::TakeBoth
            | Change::Open { .. }
            | Change::Add { .. }) => change.to_string(),
        };
        findings.push(Finding { id, what, why: step.why, mend });
    }
    for remark in remarks {
        match remark {
            // The master among the directors is to have it there.
            Remark::Exposed { vip, interface } if !roles.director => {
                findings.push(exposed(vip, &interface, host))
            }
            Remark::Exposed { .. } => {}
            Remark::Marked(server) => notes.push(format!(
                "{server} serves a firewall mark: the addresses behind it do not stand in the file; whether this host \
                 holds them, and silently, was not examined"
            )),
            Remark::Translated(server) => findings.extend(way_back(server, facts, &duties)),
        }
    }
}

/// The kernel takes the larger of an interface's own value and that of all.
fn filter(path: &str, host: &Host) -> String {
    let own = host.number(path);
    let all = "net/ipv4/conf/all/rp_filter";
    let strict = if host.number(all) > own { all } else { path };
    format!("{} is {}", strict.replace('/', "."), host.number(strict))
}

fn exposed(vip: IpAddr, interface: &str, host: &Host) -> Finding {
    let addresses =
        host.interfaces.get(interface).map(|found| found.addresses.as_slice()).unwrap_or_default();
    let prefix = addresses.iter().find(|(one, _)| *one == vip).map_or(32, |(_, prefix)| *prefix);
    Finding {
        id: "vip_exposed",
        what: format!("{vip} is on {interface}, where this real server answers for it"),
        why: "Clients that hear this host first pass the director by".into(),
        mend: format!(
            "ip address del {vip}/{prefix} dev {interface} && {}",
            Change::Add { address: vip, device: LOOPBACK }
        ),
    }
}

/// With address translation, answers must go back through the director.
fn way_back(server: IpAddr, facts: &Facts, duties: &[Duty]) -> Option<Finding> {
    let host = &facts.host;
    let interface = host.holder(server)?;
    let is_service = |address: &IpAddr| duties.iter().any(|duty| duty.vip == Some(*address));
    let on_link = |address: &IpAddr| {
        address.is_ipv6() == server.is_ipv6()
            && host.is_on_link(interface, *address)
            && host.holder(*address).is_none()
            && !is_service(address)
    };
    let of = |addresses: &[IpAddr]| addresses.iter().copied().filter(on_link).collect::<Vec<_>>();
    let mut directors = [of(&facts.directors), of(&facts.virtual_addresses)].concat();
    if directors.is_empty() {
        // Right as long as this director lives, and all that is known.
        directors = of(&facts.own_addresses);
    }
    let mut gateways =
        host.defaults.iter().filter(|route| route.v6 == server.is_ipv6()).filter_map(|route| route.gateway);
    let leads_back = match directors.as_slice() {
        // Who the director is, nobody says: any way out may be the right one.
        [] => gateways.next().is_some(),
        directors => gateways.any(|gateway| directors.contains(&gateway)),
    };
    if leads_back {
        return None;
    }
    let director = directors.first().map_or_else(|| "DIRECTOR".to_owned(), IpAddr::to_string);
    let ip = if server.is_ipv6() { "ip -6" } else { "ip" };
    Some(Finding {
        id: "way_back",
        what: format!("{server} is reached by NAT, but its default route does not lead to the director"),
        why: "Clients get answers from an address they did not ask, and drop them".into(),
        mend: format!("{ip} route replace default via {director}"),
    })
}
