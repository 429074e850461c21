//! Names of hosts as the system resolves them, and names of ports as `/etc/services` has them.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs as _};

use ipvs::Protocol;
use ipvsadm::Names;

const SERVICES: &str = "/etc/services";

/// The names this machine knows. What was found once is not asked again.
#[derive(Debug, Default)]
pub(super) struct SystemNames {
    hosts: RefCell<HashMap<IpAddr, Option<String>>>,
    ports: OnceCell<Ports>,
}

impl SystemNames {
    fn ports(&self) -> &Ports {
        // A system without the file has no names.
        self.ports.get_or_init(|| Ports::read(&std::fs::read_to_string(SERVICES).unwrap_or_default()))
    }
}

impl Names for SystemNames {
    fn host(&self, name: &str) -> Option<Ipv4Addr> {
        if name.is_empty() {
            return None;
        }
        (name, 0).to_socket_addrs().ok()?.find_map(|at| match at {
            SocketAddr::V4(v4) => Some(*v4.ip()),
            SocketAddr::V6(_) => None,
        })
    }

    fn port(&self, name: &str, protocol: Protocol) -> Option<u16> {
        self.ports().numbers.get(&(name.to_owned(), protocol)).copied()
    }

    fn host_name(&self, addr: IpAddr) -> Option<String> {
        let mut hosts = self.hosts.borrow_mut();
        hosts.entry(addr).or_insert_with(|| dns_lookup::lookup_addr(&addr).ok()).clone()
    }

    fn port_name(&self, port: u16, protocol: Protocol) -> Option<String> {
        self.ports().names.get(&(port, protocol)).cloned()
    }
}

/// What `/etc/services` says: of a port the first name counts, of a name the first port.
#[derive(Debug, Default, PartialEq, Eq)]
struct Ports {
    numbers: HashMap<(String, Protocol), u16>,
    names: HashMap<(u16, Protocol), String>,
}

impl Ports {
    fn read(text: &str) -> Self {
        let mut ports = Self::default();
        for line in text.lines() {
            let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
            let (Some(name), Some(at)) = (words.next(), words.next()) else { continue };
            let Some((Ok(port), Some(protocol))) =
                at.split_once('/').map(|(port, protocol)| (port.parse(), protocol_named(protocol)))
            else {
                continue;
            };
            ports.names.entry((port, protocol)).or_insert_with(|| name.to_owned());
            for name in std::iter::once(name).chain(words) {
                ports.numbers.entry((name.to_owned(), protocol)).or_insert(port);
            }
        }
        ports
    }
}

fn protocol_named(name: &str) -> Option<Protocol> {
    match name {
        "tcp" => Some(Protocol::Tcp),
        "udp" => Some(Protocol::Udp),
        "sctp" => Some(Protocol::Sctp),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_have_names_and_aliases_by_protocol() {
        let ports = Ports::read(
            "# services\nhttp\t\t80/tcp\t\twww\t# WorldWideWeb HTTP\ndomain 53/tcp\ndomain 53/udp\nx 1/ddp\nbroken\n\
             other 80/tcp\n",
        );
        let name = |port, protocol| ports.names.get(&(port, protocol)).map(String::as_str);
        assert_eq!(name(80, Protocol::Tcp), Some("http"));
        assert_eq!(name(80, Protocol::Udp), None);
        assert_eq!(name(53, Protocol::Udp), Some("domain"));
        let number = |name: &str, protocol| ports.numbers.get(&(name.to_owned(), protocol)).copied();
        assert_eq!(number("www", Protocol::Tcp), Some(80));
        assert_eq!(number("other", Protocol::Tcp), Some(80));
        assert_eq!(number("domain", Protocol::Sctp), None);
    }
}
