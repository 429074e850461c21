//! `encap` and `realms`, which routes, nexthops and rules share.

use crate::config::{Encap, Realms};
use crate::keyword::Args;
use crate::value::address::address;
use crate::value::number::Integer;
use crate::value::word::lookup;

/// `[FROM/]TO`.
pub(crate) fn realms(args: &Args<'_, '_>, text: &str) -> Option<Realms> {
    const MAX: u32 = 255;
    match text.split_once('/') {
        Some((from, to)) => Some(Realms { from: Some(lookup(args, from, MAX)?), to: lookup(args, to, MAX)? }),
        None => Some(Realms { from: None, to: lookup(args, text, MAX)? }),
    }
}

/// Reads an encapsulation; a mistake is told and leaves the route without it.
pub(crate) fn encap(args: &mut Args<'_, '_>) -> Option<Encap> {
    let kind = args.word().ok()?;
    match kind.as_str() {
        "ip" | "ip6" => tunnel(args, kind == "ip6"),
        "mpls" => {
            let text = args.word().ok()?;
            let labels: Option<Vec<u32>> = text.split('/').map(label).collect();
            let fine = labels.filter(|labels| labels.len() <= 2);
            if fine.is_none() {
                args.general(format!("invalid mpls address {text} for encapsulation"));
            }
            fine.map(Encap::Mpls)
        }
        "ila" => {
            let text = args.word().ok()?;
            let groups: Vec<_> = text.split(':').map(|group| u16::from_str_radix(group, 16).ok()).collect();
            let locator = match groups[..] {
                [Some(a), Some(b), Some(c), Some(d)] => {
                    Some([a, b, c, d].into_iter().fold(0, |sum, group| sum << 16 | u64::from(group)))
                }
                _ => None,
            };
            if locator.is_none() {
                args.general(format!("invalid locator {text} for ila encapsulation"));
            }
            locator.map(Encap::Ila)
        }
        _ => {
            args.general(format!("Unknown encap type - {kind}"));
            None
        }
    }
}

/// A label of 20 bits, in C's notation.
fn label(text: &str) -> Option<u32> {
    const MAX: u32 = 0xf_ffff;
    let number = match (text.strip_prefix("0x"), text.strip_prefix('0')) {
        (Some(hex), _) => u32::from_str_radix(hex, 16),
        (None, Some(octal)) if !octal.is_empty() => u32::from_str_radix(octal, 8),
        (None, _) => text.parse(),
    };
    number.ok().filter(|label| *label <= MAX)
}

/// The options of `ip` and `ip6`, up to the first word that is none of them.
fn tunnel(args: &mut Args<'_, '_>, v6: bool) -> Option<Encap> {
    let (mut id, mut dst, mut src, mut class, mut hops, mut flags) = (None, None, None, None, None, None);
    while let Some(option) = args.peek().map(str::to_owned) {
        let known = matches!(option.as_str(), "id" | "dst" | "src" | "flags")
            || (v6 && matches!(option.as_str(), "tc" | "hoplimit"))
            || (!v6 && matches!(option.as_str(), "tos" | "ttl"));
        if !known {
            break;
        }
        args.optional();
        let text = args.word().ok()?;
        let fine = match option.as_str() {
            "id" => {
                id = u64::parse_any(args, &text);
                id.is_some()
            }
            "dst" => {
                dst = address(&text).filter(|addr| addr.is_ipv6() == v6);
                dst.is_some()
            }
            "src" => {
                src = address(&text).filter(|addr| addr.is_ipv6() == v6);
                src.is_some()
            }
            "flags" => {
                flags = u16::parse_any(args, &text);
                flags.is_some()
            }
            "tos" | "tc" => {
                class = lookup(args, &text, 255);
                class.is_some()
            }
            _ => {
                hops = u8::parse_any(args, &text);
                hops.is_some()
            }
        };
        if !fine {
            args.general(format!("invalid {option} {text} for encapsulation"));
        }
    }
    if id.is_none() && dst.is_none() {
        args.general("address or id missing for encapsulation");
        return None;
    }
    let v4_of = |addr| match addr {
        Some(std::net::IpAddr::V4(v4)) => Some(v4),
        _ => None,
    };
    let v6_of = |addr| match addr {
        Some(std::net::IpAddr::V6(v6)) => Some(v6),
        _ => None,
    };
    Some(match v6 {
        false => Encap::Ip { id, dst: v4_of(dst), src: v4_of(src), tos: class, ttl: hops, flags },
        true => Encap::Ip6 { id, dst: v6_of(dst), src: v6_of(src), tc: class, hop_limit: hops, flags },
    })
}
