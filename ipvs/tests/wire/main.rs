//! Messages byte by byte, both ways.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

#[expect(dead_code, reason = "the look-up is written by the handle: tests/handle needs it")]
mod vectors;

use std::net::IpAddr;
use std::num::{NonZeroU16, NonZeroU32};

use ipvs::{
    Cause, Checksum, Command, Daemon, Destination, DestinationEntry, DestinationId, Family, Forwarding,
    Granularity, Info, Message, Name, Persistence, Protocol, Reply, Request, Role, Service, ServiceEntry,
    ServiceId, Timeouts, Tunnel, Weight,
};
use netlink_packet_core::{NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_generic::GenlMessage;

use vectors::bytes;

const FAMILY: u16 = 0x1c;
/// REQUEST|ACK and REQUEST|DUMP
const ACKED: u16 = 0x5;
const DUMP: u16 = 0x301;

fn written(request: &Request, flags: u16, sequence: u32) -> Vec<u8> {
    let mut message = GenlMessage::from_payload(request.to_message());
    message.set_resolved_family_id(FAMILY);
    let mut header = NetlinkHeader::default();
    header.flags = flags;
    header.sequence_number = sequence;
    let mut message: NetlinkMessage<GenlMessage<Message>> =
        NetlinkMessage::new(header, NetlinkPayload::InnerMessage(message));
    message.finalize();
    let mut buffer = vec![0xff; message.buffer_len()];
    message.serialize(&mut buffer);
    buffer
}

fn read(hex: &str) -> NetlinkMessage<GenlMessage<Reply>> {
    NetlinkMessage::deserialize(&bytes(hex)).unwrap()
}

/// Reads a reply and demands that writing it again gives the same bytes.
fn reply(hex: &str) -> Reply {
    let message = read(hex);
    let mut again = vec![0xff; message.buffer_len()];
    message.serialize(&mut again);
    assert_eq!(again, bytes(hex));
    let NetlinkPayload::InnerMessage(message) = message.payload else { panic!("not of the family") };
    message.payload
}

#[track_caller]
fn writes(request: Request, flags: u16, sequence: u32, hex: &str) {
    assert_eq!(written(&request, flags, sequence), bytes(hex), "{request:?}");
}

fn web() -> ServiceId {
    ServiceId::tcp("10.1.0.100:80".parse().unwrap())
}

fn persistent() -> Service {
    Service {
        persistence: Some(Persistence {
            timeout: 300,
            granularity: Granularity::Mask([255, 255, 255, 0].into()),
        }),
        ..Service::new(web())
    }
}

fn mark() -> ServiceId {
    ServiceId::FwMark { mark: NonZeroU32::new(7).unwrap(), family: Family::V6 }
}

fn server(last: u8, forwarding: Forwarding) -> Destination {
    Destination::new(([10, 2, 0, last], 80).into(), forwarding)
}

#[test]
fn a_persistent_service_with_a_mask() {
    writes(Request::NewService(persistent()), ACKED, 1, vectors::NEW_SERVICE);
}

#[test]
fn a_service_by_mark_says_its_prefix_although_it_is_not_persistent() {
    let service = Service { scheduler: Some(Name::new("rr").unwrap()), ..Service::new(mark()) };
    writes(Request::NewService(service), ACKED, 3, vectors::NEW_FWMARK_SERVICE);
}

#[test]
fn a_masqueraded_server_with_thresholds() {
    let server = Destination {
        weight: Weight::new(5).unwrap(),
        upper_threshold: 100,
        lower_threshold: 50,
        ..server(11, Forwarding::Masquerade)
    };
    writes(Request::NewDestination(web(), server), ACKED, 4, vectors::NEW_DEST_NAT);
}

#[test]
fn a_directly_routed_ipv6_server() {
    let server = Destination::new("[fd02::11]:0".parse().unwrap(), Forwarding::Direct);
    writes(Request::NewDestination(mark(), server), ACKED, 5, vectors::NEW_DEST_DR);
}

#[test]
fn the_three_tunnels() {
    let gue = Tunnel::Gue { port: NonZeroU16::new(6080).unwrap(), checksum: Checksum::Full };
    let gre = Tunnel::Gre { checksum: Checksum::None };
    let tunnels = [
        (Tunnel::Ipip, 12, 6, vectors::NEW_DEST_IPIP),
        (gue, 13, 7, vectors::NEW_DEST_GUE),
        (gre, 14, 8, vectors::NEW_DEST_GRE),
    ];
    for (tunnel, last, sequence, hex) in tunnels {
        writes(
            Request::NewDestination(web(), server(last, Forwarding::Tunnel(tunnel))),
            ACKED,
            sequence,
            hex,
        );
    }
}

#[test]
fn a_changed_destination_says_everything_again() {
    let drained = Destination { weight: Weight::ZERO, ..server(12, Forwarding::Tunnel(Tunnel::Ipip)) };
    writes(Request::SetDestination(web(), drained), ACKED, 9, vectors::SET_DEST);
}

#[test]
fn removals_carry_the_identity_alone() {
    let id = DestinationId { addr: IpAddr::from([10, 2, 0, 14]), port: 80 };
    writes(Request::DelDestination(web(), id), ACKED, 10, vectors::DEL_DEST);
    writes(Request::DelService(web()), ACKED, 12, vectors::DEL_SERVICE);
    writes(Request::Zero(Some(web())), ACKED, 10, vectors::ZERO_ONE);
}

#[test]
fn questions_and_commands_without_arguments() {
    writes(Request::ListServices, DUMP, 1, vectors::LIST_SERVICES);
    writes(Request::ListDestinations(web()), DUMP, 3, vectors::LIST_DESTINATIONS);
    writes(Request::GetInfo, 1, 4, vectors::GET_INFO);
    writes(Request::GetTimeouts, 1, 5, vectors::GET_CONFIG);
    writes(Request::ListDaemons, DUMP, 8, vectors::LIST_DAEMONS);
    writes(Request::Zero(None), ACKED, 11, vectors::ZERO_ALL);
    writes(Request::Flush, ACKED, 13, vectors::FLUSH);
}

#[test]
fn a_timeout_that_is_not_given_is_not_sent() {
    let timeouts = Timeouts { udp: Some(120), ..Timeouts::default() };
    writes(Request::SetTimeouts(timeouts), ACKED, 6, vectors::SET_CONFIG);
}

fn master() -> Daemon {
    Daemon {
        role: Role::Master,
        interface: Name::new("db").unwrap(),
        sync_id: 7,
        max_len: Some(1400),
        group: Some(IpAddr::from([224, 0, 0, 90])),
        port: Some(9000),
        ttl: Some(2),
    }
}

#[test]
fn a_daemon_has_its_port_in_the_hosts_order() {
    writes(Request::NewDaemon(master()), ACKED, 7, vectors::NEW_DAEMON);
    let Reply::Daemon(nest) = reply(vectors::DAEMON) else { panic!("not a daemon") };
    assert_eq!(Daemon::decode(&nest.attrs), Ok(master()));
}

#[test]
fn a_daemon_is_stopped_by_its_role() {
    let stop = Request::DelDaemon { role: Role::Master, interface: Name::new("db").ok(), sync_id: 7 };
    writes(stop, ACKED, 9, vectors::DEL_DAEMON);
}

#[test]
fn a_service_reads_the_same_with_and_without_padding() {
    let entries = [vectors::SERVICE_PADDED, vectors::SERVICE_PLAIN].map(|hex| {
        let Reply::Service(nest) = reply(hex) else { panic!("not a service") };
        ServiceEntry::decode(&nest.attrs).unwrap()
    });
    assert_eq!(entries[0], entries[1]);
    let entry = &entries[0];
    // The kernel's own flag HASHED is not part of it.
    assert_eq!(entry.service, persistent());
    let stats = entry.stats;
    assert_eq!([stats.conns, stats.in_packets, stats.out_packets], [3, 12, 9]);
    assert_eq!([stats.in_bytes, stats.out_bytes], [663, 519]);
    assert_eq!([stats.cps, stats.in_pps, stats.out_pps, stats.in_bps, stats.out_bps], [0, 1, 1, 62, 49]);
    assert_eq!(entry.unknown, []);
}

#[test]
fn a_destination_reads_the_same_with_and_without_padding() {
    let entries = [vectors::DESTINATION_PADDED, vectors::DESTINATION_PLAIN].map(|hex| {
        let Reply::Destination(nest) = reply(hex) else { panic!("not a destination") };
        DestinationEntry::decode(&nest.attrs, Family::V4).unwrap()
    });
    assert_eq!(entries[0], entries[1]);
    let entry = &entries[0];
    let expected = Destination {
        weight: Weight::new(5).unwrap(),
        upper_threshold: 100,
        lower_threshold: 50,
        ..server(11, Forwarding::Masquerade)
    };
    assert_eq!(entry.destination, expected);
    assert_eq!((entry.active, entry.inactive, entry.persistent), (3, 0, 1));
    assert_eq!(entry.stats.in_bytes, 663);
}

#[test]
fn info_and_timeouts() {
    let Reply::Info(attrs) = reply(vectors::INFO) else { panic!("not the info") };
    let info = Info::decode(&attrs).unwrap();
    assert_eq!((info.to_string().as_str(), info.conn_tab_size), ("1.2.1", 4096));
    let Reply::Config(attrs) = reply(vectors::CONFIG) else { panic!("not the timeouts") };
    assert_eq!(Timeouts::decode(&attrs), Timeouts { tcp: Some(900), tcp_fin: Some(120), udp: Some(300) });
}

#[test]
fn refusals_carry_the_kernels_number() {
    let code = |hex| {
        let NetlinkPayload::Error(error) = read(hex).payload else { panic!("not an error") };
        error.raw_code()
    };
    assert_eq!(code(vectors::REFUSED_WITH_REASON), -34);
    assert_eq!(code(vectors::REFUSED_CAPPED), -3);
    assert!(matches!(read(vectors::DONE).payload, NetlinkPayload::Done(_)));
}

#[test]
fn the_same_number_has_another_cause_for_another_command() {
    let causes = [
        (Command::NewService, 2, Cause::NoSuchScheduler),
        (Command::SetService, 2, Cause::NoSuchScheduler),
        (Command::SetDestination, 2, Cause::NoSuchDestination),
        (Command::DelDestination, 2, Cause::NoSuchDestination),
        (Command::NewDestination, 2, Cause::StaleFamily),
        (Command::NewDestination, 3, Cause::NoSuchService),
        (Command::DelDaemon, 3, Cause::NoSuchDaemon),
        (Command::NewService, 17, Cause::ServiceExists),
        (Command::NewDestination, 17, Cause::DestinationExists),
        (Command::NewDaemon, 17, Cause::DaemonRuns),
        (Command::GetInfo, 1, Cause::NotPermitted),
        (Command::NewDestination, 34, Cause::OutOfRange),
        (Command::NewDestination, 22, Cause::Invalid),
        (Command::NewService, 97, Cause::BadFamily),
        (Command::Flush, 99, Cause::Other(99)),
    ];
    for (command, errno, cause) in causes {
        assert_eq!(Cause::of(command, errno), cause, "{command:?} {errno}");
    }
}

#[test]
fn an_ipv6_destination_of_an_ipv4_service_keeps_its_family() {
    let server = Destination::new("[fd00::2]:80".parse().unwrap(), Forwarding::Tunnel(Tunnel::Ipip));
    let bytes = written(&Request::NewDestination(web(), server), ACKED, 1);
    let family = [6, 0, 11, 0, 10, 0, 0, 0];
    assert!(bytes.windows(8).any(|window| window == family), "no ADDR_FAMILY 10 in {bytes:x?}");
}

#[test]
fn what_the_kernel_adds_later_is_kept_and_old_kernels_may_say_less() {
    use ipvs::attr::{Addr, Be16, DestinationAttr};
    use netlink_packet_core::DefaultNla;
    let news = DefaultNla::new(99, vec![1, 2, 3]);
    let attrs = [
        DestinationAttr::Addr(Addr::Long([10, 2, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
        DestinationAttr::Port(Be16(80)),
        DestinationAttr::Other(news.clone()),
    ];
    let entry = DestinationEntry::decode(&attrs, Family::V4).unwrap();
    assert_eq!(entry.destination.id, server(11, Forwarding::Masquerade).id);
    assert_eq!(entry.unknown, [news]);
    assert!(DestinationEntry::decode(&attrs[..1], Family::V4).is_err(), "a destination without a port");
}

#[test]
fn a_protocol_that_the_kernel_stores_but_nobody_uses_survives() {
    let id = ServiceId::Address { protocol: Protocol::Other(50), addr: IpAddr::from([10, 0, 0, 1]), port: 1 };
    let message = Request::NewService(Service::new(id)).to_message();
    let Some(ipvs::attr::ConfigAttr::Service(nest)) = message.attrs.first() else { panic!("no service") };
    assert_eq!(ServiceEntry::decode(&nest.attrs).unwrap().service, Service::new(id));
}
