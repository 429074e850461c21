//! Reads datagrams of rtnetlink. Of a message that cannot be read, the attributes that can be read remain.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::io;
use std::sync::Mutex;

use bytes::BytesMut;
use netlink_packet_core::{
    NetlinkBuffer, NetlinkDeserializable, NetlinkMessage, NetlinkSerializable, NlaBuffer,
};
use rtnetlink::proto::{NetlinkCodec, NetlinkMessageCodec};

/// Length in bytes of `struct nlmsghdr`.
const HEADER: usize = 16;

/// Length in bytes of `struct nlattr` without what it holds.
const ATTRIBUTE: usize = 4;

/// Reads messages, one after the other.
#[derive(Debug)]
pub(super) struct Reader;

impl NetlinkMessageCodec for Reader {
    fn decode<T>(source: &mut BytesMut) -> io::Result<Option<NetlinkMessage<T>>>
    where
        T: NetlinkDeserializable + Debug,
    {
        while !source.is_empty() {
            let Ok(length) = NetlinkBuffer::new_checked(&source[..]).map(|message| message.length()) else {
                complain(Unreadable::Datagram);
                source.clear();
                break;
            };
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            let message = source.split_to(length.next_multiple_of(ATTRIBUTE).min(source.len()));
            let message = &message[..length.min(message.len())];
            if let Some(read) = NetlinkMessage::deserialize(message).ok().or_else(|| read_part(message)) {
                return Ok(Some(read));
            }
        }
        Ok(None)
    }

    fn encode<T>(message: NetlinkMessage<T>, buffer: &mut BytesMut) -> io::Result<()>
    where
        T: NetlinkSerializable + Debug,
    {
        NetlinkCodec::encode(message, buffer)
    }
}

/// Reads a message without the attributes that cannot be read.
fn read_part<T: NetlinkDeserializable>(message: &[u8]) -> Option<NetlinkMessage<T>> {
    let kind = u16::from_ne_bytes([*message.get(4)?, *message.get(5)?]);
    let part = readable_part::<T>(kind, message);
    if part.is_none() {
        complain(Unreadable::Message { kind });
    }
    part
}

fn readable_part<T: NetlinkDeserializable>(kind: u16, message: &[u8]) -> Option<NetlinkMessage<T>> {
    let start = HEADER + fixed_part(kind)?;
    let (mut kept, mut rest) = (message.get(..start)?.to_vec(), message.get(start..)?);
    while !rest.is_empty() {
        let Ok(attribute) = NlaBuffer::new_checked(rest) else {
            complain(Unreadable::Message { kind });
            break;
        };
        let length = usize::from(attribute.length()).next_multiple_of(ATTRIBUTE).min(rest.len());
        let alone = [&message[..start], &rest[..length]].concat();
        if deserialize::<T>(alone).is_some() {
            kept.extend_from_slice(&rest[..length]);
        } else {
            complain(Unreadable::Attribute { kind, attribute: attribute.kind() });
        }
        rest = &rest[length..];
    }
    deserialize(kept)
}

/// Reads a message whose length is that of the slice.
fn deserialize<T: NetlinkDeserializable>(mut message: Vec<u8>) -> Option<NetlinkMessage<T>> {
    let length = u32::try_from(message.len()).ok()?;
    message.get_mut(..4)?.copy_from_slice(&length.to_ne_bytes());
    NetlinkMessage::deserialize(&message).ok()
}

/// The length in bytes of what comes before the attributes, by kind of message (rtnetlink(7)).
fn fixed_part(kind: u16) -> Option<usize> {
    match kind {
        // `struct ifinfomsg`
        16..=19 => Some(16),
        // `struct ifaddrmsg`
        20..=22 => Some(8),
        // `struct rtmsg`, `struct fib_rule_hdr`
        24..=26 | 32..=34 => Some(12),
        _ => None,
    }
}

/// What could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Unreadable {
    Datagram,
    Message { kind: u16 },
    Attribute { kind: u16, attribute: u16 },
}

/// Says so, once for each: what a kernel sends in one notice, it sends in all.
fn complain(what: Unreadable) {
    static TOLD: Mutex<BTreeSet<Unreadable>> = Mutex::new(BTreeSet::new());
    let is_news = TOLD.lock().is_ok_and(|mut told| told.insert(what));
    if !is_news {
        return;
    }
    match what {
        Unreadable::Datagram => {
            tracing::info!("Netlink: messages that are cut short cannot be read - passing them over");
        }
        Unreadable::Message { kind } => {
            tracing::info!("Netlink: messages of type {kind} cannot be read as a whole - passing them over");
        }
        Unreadable::Attribute { kind, attribute } => {
            tracing::info!(
                "Netlink: attribute {attribute} of messages of type {kind} cannot be read - passing it over"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use netlink_packet_core::NetlinkPayload;
    use netlink_packet_route::address::{AddressAttribute, AddressMessage, CacheInfo};
    use netlink_packet_route::link::{
        InfoData, InfoKind, InfoMacVlan, LinkAttribute, LinkInfo, LinkMessage, MacVlanMode,
    };
    use netlink_packet_route::route::{RouteAddress, RouteAttribute, RouteMessage, RouteMetric};
    use netlink_packet_route::rule::{RuleAttribute, RuleMessage};
    use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

    use super::*;
    use crate::mirror::Report;

    /// `IFLA_MTU`
    const MTU: u16 = 4;

    fn link() -> RouteNetlinkMessage {
        let mut message = LinkMessage::default();
        message.header.index = 7;
        let private = InfoData::MacVlan(vec![InfoMacVlan::Mode(MacVlanMode::Private)]);
        message.attributes = vec![
            LinkAttribute::IfName("eth0".into()),
            LinkAttribute::Address(vec![2, 0, 0, 0, 0, 1]),
            LinkAttribute::Mtu(1400),
            LinkAttribute::LinkInfo(vec![LinkInfo::Kind(InfoKind::MacVlan), LinkInfo::Data(private)]),
        ];
        RouteNetlinkMessage::NewLink(message)
    }

    /// One of each kind that is read.
    fn samples() -> Vec<RouteNetlinkMessage> {
        let mut address = AddressMessage::default();
        address.header.index = 7;
        address.attributes = vec![
            AddressAttribute::Local([10, 0, 0, 1].into()),
            AddressAttribute::Label("eth0".into()),
            AddressAttribute::CacheInfo(CacheInfo::default()),
        ];
        let mut route = RouteMessage::default();
        route.header.address_family = AddressFamily::Inet;
        route.attributes = vec![
            RouteAttribute::Destination(RouteAddress::Inet([10, 1, 0, 0].into())),
            RouteAttribute::Metrics(vec![RouteMetric::Mtu(1400)]),
            RouteAttribute::Oif(7),
        ];
        let mut rule = RuleMessage::default();
        rule.attributes = vec![RuleAttribute::Source([10, 0, 0, 1].into()), RuleAttribute::Priority(100)];
        vec![
            link(),
            RouteNetlinkMessage::NewAddress(address.clone()),
            RouteNetlinkMessage::DelAddress(address),
            RouteNetlinkMessage::DelRoute(route),
            RouteNetlinkMessage::DelRule(rule),
        ]
    }

    fn bytes(message: RouteNetlinkMessage) -> Vec<u8> {
        let mut message = NetlinkMessage::from(message);
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        bytes
    }

    /// What is read of a datagram.
    fn read(datagram: &[u8]) -> Vec<RouteNetlinkMessage> {
        let mut source = BytesMut::from(datagram);
        let next = || Reader::decode(&mut source).expect("no datagram is an error");
        std::iter::from_fn(next)
            .filter_map(|message: NetlinkMessage<RouteNetlinkMessage>| {
                if let NetlinkPayload::InnerMessage(inner) = message.payload { Some(inner) } else { None }
            })
            .collect()
    }

    /// A message with one more attribute in front of the others.
    fn with(message: RouteNetlinkMessage, attribute: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = bytes(message);
        let kind = u16::from_ne_bytes([bytes[4], bytes[5]]);
        let place = HEADER + fixed_part(kind).expect("a kind that is read");
        let length = u16::try_from(ATTRIBUTE + value.len()).expect("a short value");
        let mut more = [length.to_ne_bytes(), attribute.to_ne_bytes()].concat();
        more.extend_from_slice(value);
        more.resize(more.len().next_multiple_of(ATTRIBUTE), 0);
        bytes.splice(place..place, more);
        let length = u32::try_from(bytes.len()).expect("a short message");
        bytes[..4].copy_from_slice(&length.to_ne_bytes());
        bytes
    }

    #[test]
    fn an_attribute_of_another_length_costs_itself_alone() {
        let strange = with(link(), MTU, &[5, 220]);
        assert!(NetlinkMessage::<RouteNetlinkMessage>::deserialize(&strange).is_err());
        assert_eq!(read(&strange), [link()]);
        // What comes behind it in the datagram is read, too.
        let all = samples();
        let datagram: Vec<u8> = strange.into_iter().chain(all.iter().cloned().flat_map(bytes)).collect();
        assert_eq!(read(&datagram), [&[link()][..], &all].concat());
    }

    #[test]
    fn an_attribute_that_nobody_knows_hides_nothing() {
        let strange = with(link(), 0x3fff, &[1, 2, 3]);
        let report = read(&strange).first().and_then(Report::read);
        assert_eq!(report, Report::read(&link()));
    }

    #[test]
    fn a_message_that_ends_early_says_what_it_says_until_there() {
        let whole = bytes(link());
        for end in HEADER + 16..whole.len() {
            let mut part = whole[..end].to_vec();
            let length = u32::try_from(end).expect("a short message");
            part[..4].copy_from_slice(&length.to_ne_bytes());
            let [RouteNetlinkMessage::NewLink(link)] = &read(&part)[..] else { panic!("cut at {end}") };
            assert_eq!(link.header.index, 7);
        }
    }

    #[test]
    fn no_datagram_stops_the_reader() {
        let mut dice = fastrand::Rng::with_seed(20);
        for sample in samples().into_iter().map(bytes) {
            for end in 0..sample.len() {
                read(&sample[..end]);
            }
            for _ in 0..20_000 {
                let mut changed = sample.clone();
                for _ in 0..dice.usize(1..6) {
                    let place = dice.usize(..changed.len());
                    changed[place] = dice.u8(..);
                }
                for message in read(&changed) {
                    Report::read(&message);
                }
            }
        }
    }
}
