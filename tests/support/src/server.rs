//! A real server: it holds the virtual addresses for direct routing and answers with its name.

use crate::{failure::Outcome, listen::Listening, scene::Node};
use std::{io::Write as _, net::Ipv4Addr};

/// A real server on a node.
#[derive(Debug)]
pub struct RealServer {
    node: Node,
    ports: Vec<u16>,
    serving: Vec<Listening>,
}

impl RealServer {
    /// Puts the virtual addresses on the loopback of `node`, keeps ARP silent about them, and serves `ports`.
    ///
    /// # Errors
    /// An address or port cannot be had.
    pub fn start(node: Node, virtual_addresses: &[Ipv4Addr], ports: &[u16]) -> Outcome<Self> {
        // Else the server would answer for the director's addresses (LVS in direct routing).
        node.sysctl("net.ipv4.conf.all.arp_ignore", "1")?;
        node.sysctl("net.ipv4.conf.all.arp_announce", "2")?;
        let line = |address| format!("address add {address}/32 dev lo");
        node.namespace().ip_lines(&virtual_addresses.iter().map(line).collect::<Vec<_>>())?;
        let mut server = Self { node, ports: ports.to_vec(), serving: Vec::new() };
        server.revive()?;
        Ok(server)
    }

    /// Its name, which is also what it answers.
    pub fn name(&self) -> &str {
        self.node.name()
    }

    /// Its machine.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Its service dies; the machine stays: connections are refused from now on.
    pub fn kill(&mut self) {
        self.serving.clear();
    }

    /// Its service is back.
    ///
    /// # Errors
    /// A port is taken.
    pub fn revive(&mut self) -> Outcome {
        self.kill();
        for port in &self.ports {
            let answer = format!("{}\n", self.name());
            self.serving.push(Listening::start(&self.node, *port, move |mut stream| {
                // A health check closes without reading.
                let _ = stream.write_all(answer.as_bytes());
            })?);
        }
        Ok(())
    }
}
