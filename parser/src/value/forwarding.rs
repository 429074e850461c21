//! How packets reach a server: `NAT`, `DR`, `TUN` and its options.

use crate::config::{Forwarding, Tunnel, TunnelChecksum, TunnelKind};
use crate::keyword::{Args, Bounds, Refused, Slot, Value};
use crate::value::number::Integer;

/// The options of a tunnel as they were said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Options {
    kind: Kind,
    port: Option<u16>,
    checksum: Option<TunnelChecksum>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Ipip,
    Gue,
    Gre,
}

impl Value for Forwarding {
    const SYNTAX: &'static str = "{NAT|DR|TUN [type {ipip|gue|gre}] [port INTEGER] [nocsum|csum|remcsum]}";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let word = args.word()?;
        let method = match word.as_str() {
            "NAT" => Self::Nat,
            "DR" => Self::Direct,
            "TUN" => PLAIN_TUNNEL,
            _ => {
                let server = server(args);
                args.general(format!("PARSER : unknown [{word}] routing method for {server}."));
                return Err(Refused::Said);
            }
        };
        let mut options = Options::default();
        while let Some(option) = args.optional() {
            if !options.take(args, &option)? {
                // The method stays applied when an option is wrong.
                return Ok(method);
            }
        }
        Ok(match options.tunnel(args) {
            Some(tunnel) if matches!(method, Self::Tunnel(_)) => Self::Tunnel(tunnel),
            _ => method,
        })
    }

    fn store(self, slot: &mut Slot<Self>, args: &mut Args<'_, '_>) {
        *slot = Some(Box::new(args.located(self)));
    }
}

/// What messages call the server a statement is about.
fn server(args: &Args<'_, '_>) -> &'static str {
    if args.keyword().starts_with("sorry") { "sorry server" } else { args.reader.server_kind() }
}

const PLAIN_TUNNEL: Forwarding =
    Forwarding::Tunnel(Tunnel { kind: TunnelKind::Ipip, checksum: TunnelChecksum::None });

impl Options {
    /// Takes one option; false when it is none.
    fn take(&mut self, args: &mut Args<'_, '_>, option: &str) -> Result<bool, Refused> {
        match option {
            "type" => {
                let kind = args.word()?;
                self.kind = match kind.as_str() {
                    "ipip" => Kind::Ipip,
                    "gue" => Kind::Gue,
                    "gre" => Kind::Gre,
                    _ => {
                        let server = server(args);
                        args.general(format!("Unknown tunnel type {kind} for {server}."));
                        return Ok(false);
                    }
                };
            }
            "port" => {
                let port = args.word()?;
                match u16::parse(args, &port, &Bounds { range: 1..=u16::MAX, strict: true }) {
                    Some(port) => self.port = Some(port),
                    None => {
                        let server = server(args);
                        args.general(format!("Invalid gue tunnel port {port} for {server}."));
                        return Ok(false);
                    }
                }
            }
            "nocsum" => self.checksum = Some(TunnelChecksum::None),
            "csum" => self.checksum = Some(TunnelChecksum::Sum),
            "remcsum" => self.checksum = Some(TunnelChecksum::Remote),
            _ => {
                let server = server(args);
                args.general(format!("Invalid tunnel option {option} for {server}."));
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What the options mean together; none when they contradict each other.
    fn tunnel(self, args: &mut Args<'_, '_>) -> Option<Tunnel> {
        let checksum = self.checksum.unwrap_or_default();
        let fault = match (self.kind, self.port, checksum) {
            (Kind::Gue, None, _) | (Kind::Ipip | Kind::Gre, Some(_), _) => {
                Some("gue tunnels require port, otherwise cannot have port.")
            }
            (Kind::Ipip, None, TunnelChecksum::Sum | TunnelChecksum::Remote) => {
                Some("ipip tunnels do not support checksum option.")
            }
            (Kind::Gre, None, TunnelChecksum::Remote) => {
                Some("gre tunnels do not support remote checksum option.")
            }
            _ => None,
        };
        if let Some(fault) = fault {
            args.general(fault);
            return None;
        }
        let kind = match (self.kind, self.port) {
            (Kind::Gue, Some(port)) => TunnelKind::Gue { port },
            (Kind::Gre, _) => TunnelKind::Gre,
            (Kind::Ipip | Kind::Gue, _) => TunnelKind::Ipip,
        };
        Some(Tunnel { kind, checksum })
    }
}
