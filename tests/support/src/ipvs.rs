//! The kernel's IPVS table as `/proc/net/ip_vs` shows it.

use crate::{
    failure::{Outcome, While as _},
    scene::Node,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, Read as _},
    net::{Ipv4Addr, SocketAddrV4},
    path::Path,
};

/// Virtual services and their real servers.
pub type Table = BTreeMap<SocketAddrV4, BTreeSet<SocketAddrV4>>;

/// Whether this kernel balances at all, in the network where it is asked.
pub fn is_present() -> bool {
    Path::new("/proc/net/ip_vs").exists()
}

/// The IPv4 services of a node with their servers; empty where the kernel has no IPVS.
///
/// # Errors
/// The table cannot be read.
pub fn table(node: &Node) -> Outcome<Table> {
    let text = node.namespace().enter(|| -> io::Result<Vec<u8>> {
        // Not /proc/net: that is the network of the process, not of this thread.
        let path = Path::new("/proc/thread-self/net/ip_vs");
        if !path.exists() {
            return Ok(Vec::new());
        }
        // In one read: between two, the kernel loses its place when other networks have services as well.
        let mut text = vec![0; 64 * 1024];
        let length = File::open(path)?.read(&mut text)?;
        text.truncate(length);
        Ok(text)
    })?;
    Ok(parse(&String::from_utf8_lossy(&text.doing("cannot read the IPVS table")?)))
}

fn parse(text: &str) -> Table {
    let mut table = Table::new();
    let mut service = None;
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let (Some(kind), Some(address)) = (words.next(), words.next().and_then(socket_address)) else {
            continue;
        };
        if kind == "->" {
            table.entry(service.unwrap_or(address)).or_default().insert(address);
        } else {
            service = Some(address);
            table.entry(address).or_default();
        }
    }
    table
}

fn socket_address(text: &str) -> Option<SocketAddrV4> {
    let (address, port) = text.split_once(':')?;
    let address = u32::from_str_radix(address, 16).ok()?;
    Some(SocketAddrV4::new(Ipv4Addr::from(address), u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_and_servers_are_read_from_the_kernels_hexadecimal() {
        let table = parse(
            "IP Virtual Server version 1.2.1 (size=4096)\n\
             Prot LocalAddress:Port Scheduler Flags\n  \
             -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n\
             TCP  AC1000CD:0050 wlc persistent 3600 FFFFFFFF \n  \
             -> AC1000C8:0050      Route   1      0          0         \n\
             TCP  AC1000CF:01BB wlc persistent 3600 FFFFFFFF \n",
        );
        let service = "172.16.0.205:80".parse().unwrap();
        assert_eq!(table[&service], BTreeSet::from(["172.16.0.200:80".parse().unwrap()]));
        assert!(table[&"172.16.0.207:443".parse().unwrap()].is_empty());
        assert_eq!(table.len(), 2);
    }
}
