//! Every kind of advert and of BFD packet that we send, as tshark understands it.

use lab::{
    Mark, Outcome,
    pair::{Cast, ELECTION, Pair},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    time::Duration,
};

/// A virtual router of each kind by its VRID: version, its own words, its addresses.
const KINDS: [(u8, u8, &str, &str); 15] = [
    (1, 2, "", "172.16.0.101"),
    (2, 2, "authentication {\n auth_type PASS\n auth_pass secret\n }", "172.16.0.102"),
    (3, 2, "authentication {\n auth_type AH\n auth_pass secret\n }", "172.16.0.103"),
    (4, 3, "", "172.16.0.104\n 172.16.0.114"),
    (5, 3, "unicast_peer {\n 172.16.0.2\n }", "172.16.0.105"),
    (6, 3, "", "fe80::6\n 2001:db8::6"),
    (7, 2, "", "fe80::7"),
    (8, 2, SIGNED, "172.16.0.108"),
    (9, 3, SIGNED, "172.16.0.109"),
    (10, 3, SIGNED, "fe80::10"),
    (11, 2, "unicast_ttl 9\n unicast_peer {\n 172.16.0.2\n }", "172.16.0.111"),
    (12, 2, PEER_WITH_AH, "172.16.0.112"),
    (13, 3, "unicast_src_ip 2001:db8::1\n unicast_peer {\n 2001:db8::2\n }", "fe80::13"),
    (14, 3, "mcast_dst_ip 224.0.0.99", "172.16.0.115"),
    (15, 2, "mcast_src_ip 172.16.0.1", "172.16.0.116"),
];

const PEER_WITH_AH: &str =
    "unicast_peer {\n 172.16.0.2\n }\n authentication {\n auth_type AH\n auth_pass secret\n }";

const SIGNED: &str = "auth_hmac {\n key 1 0123456789abcdef0123456789abcdef\n active_key 1\n }";

/// Those whose checksum tshark expects to be another one: it takes no pseudo-header over IPv6 in version 2, which the
/// kernel that fills it in does, and knows nothing of the signature behind the part that is summed. These are summed here.
const SUMMED_OTHERWISE: [u8; 3] = [7, 8, 9];

/// In which time every one of them has advertised several times.
const WATCH: &str = "duration:12";

/// Where a node keeps what it has recorded.
const RECORD: &str = "/tmp/adverts.pcap";

/// IP protocols.
const AH: u8 = 51;
const VRRP: u8 = 112;

fn config() -> String {
    let router = |(vrid, version, words, addresses): (u8, u8, &str, &str)| {
        format!(
            "vrrp_instance VI_{vrid} {{\n version {version}\n interface eth1\n virtual_router_id {vrid}\n \
             priority 254\n advert_int 1\n {words}\n virtual_ipaddress {{\n {addresses}\n }}\n}}\n"
        )
    };
    KINDS.into_iter().map(router).collect()
}

pub(crate) fn every_kind_of_advert_is_whole_and_its_sums_are_good(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    for router in [&pair.one, &pair.two] {
        router.node.ip(&format!("address add 2001:db8::{}/64 dev eth1 nodad", router.address.octets()[3]))?;
    }
    let one = pair.one.start_with(&config())?;
    for (vrid, ..) in KINDS {
        one.logs(&format!("(VI_{vrid}) Entering MASTER STATE"), ELECTION)?;
    }
    let fields =
        ["ip.checksum.status", "vrrp.virt_rtr_id", "vrrp.version", "vrrp.checksum.status", "_ws.malformed"];
    let mut words = vec!["-n", "-q", "-i", "eth1", "-a", WATCH, "-F", "pcap", "-w", RECORD];
    words.extend(["-f", "ip proto 112 or ip proto 51 or ip6 proto 112"]);
    pair.one.node.run("tshark", &words)?;
    let mut words = vec!["-n", "-r", RECORD, "-Y", "vrrp", "-o", "ip.check_checksum:TRUE"];
    words.extend(["-T", "fields", "-E", "separator=|"]);
    words.extend(fields.iter().flat_map(|field| ["-e", field]));
    let decoded = pair.one.node.run("tshark", &words)?;
    let record = fs::read(pair.one.node.outside(RECORD))?;
    let summed: BTreeSet<u8> = frames(&record).filter_map(vrid_if_summed_well).collect();
    assert!(SUMMED_OTHERWISE.iter().all(|vrid| summed.contains(vrid)), "good sums: {summed:?}");
    let wrong: Vec<&[u8]> = frames(&record).filter(|frame| vrid_if_summed_well(frame).is_none()).collect();
    assert!(wrong.iter().all(|frame| frame[23] == AH), "wrong sums: {wrong:x?}");

    let mut seen: BTreeMap<u8, u32> = BTreeMap::new();
    for line in decoded.lines() {
        let values: Vec<&str> = line.split('|').collect();
        let [header, vrid, version, sum, malformed] = values[..] else {
            return Err(lab::Failure::new(format!("tshark says {line}")));
        };
        let vrid: u8 = vrid.parse()?;
        let (_, expected, ..) = KINDS.into_iter().find(|kind| kind.0 == vrid).expect("one of ours");
        assert_eq!(version.parse::<u8>()?, expected, "{line}");
        assert_eq!(malformed, "", "{line}");
        assert!(header.split(',').all(|status| matches!(status, "" | "1")), "{line}");
        assert!(sum == "1" || SUMMED_OTHERWISE.contains(&vrid), "{line}");
        *seen.entry(vrid).or_default() += 1;
    }
    let missing: Vec<u8> =
        KINDS.into_iter().map(|kind| kind.0).filter(|vrid| !seen.contains_key(vrid)).collect();
    assert_eq!(missing, [0; 0], "of {seen:?}");
    Ok(())
}

/// The frames of a file in the older format of tcpdump, as this machine writes it.
fn frames(record: &[u8]) -> impl Iterator<Item = &[u8]> {
    const FILE_HEADER: usize = 24;
    const FRAME_HEADER: usize = 16;
    let mut rest = record.get(FILE_HEADER..).unwrap_or_default();
    std::iter::from_fn(move || {
        let length = u32::from_ne_bytes(rest.get(8..12)?.try_into().ok()?);
        let (frame, behind) = rest.get(FRAME_HEADER..)?.split_at_checked(usize::try_from(length).ok()?)?;
        rest = behind;
        Some(frame)
    })
}

/// The VRID of an advert whose checksum is that of RFC 1071: over IPv6 of all that is there, as the kernel has it, else
/// without the signature; with a pseudo-header over IPv6 and in version 3.
fn vrid_if_summed_well(frame: &[u8]) -> Option<u8> {
    let is_ipv6 = frame.get(12..14)? == [0x86, 0xdd];
    let (addresses, pdu) = if is_ipv6 { (22..54, 54) } else { (26..34, 34) };
    if !is_ipv6 && *frame.get(23)? != VRRP {
        return None;
    }
    let pdu = frame.get(pdu..)?;
    let (version, count) = (pdu.first()? >> 4, usize::from(*pdu.get(3)?));
    let covered = match (is_ipv6, version) {
        (true, _) => pdu,
        (false, 2) => pdu.get(..8 + 4 * count + 8)?,
        (false, _) => pdu.get(..8 + 4 * count)?,
    };
    let mut bytes = covered.to_vec();
    if is_ipv6 || version == 3 {
        bytes.extend(frame.get(addresses)?);
        bytes.extend([0, VRRP]);
        bytes.extend(u16::try_from(covered.len()).ok()?.to_be_bytes());
    }
    let words = bytes
        .chunks(2)
        .map(|word| u64::from(u16::from_be_bytes([word[0], word.get(1).copied().unwrap_or(0)])));
    // Folding the carries back in is arithmetic modulo 65535, of which a good sum is a multiple.
    (words.sum::<u64>() % 0xffff == 0).then_some(*pdu.get(1)?)
}

pub(crate) fn every_bfd_packet_is_whole(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let session = |name: &str, neighbor| {
        format!("bfd_instance {name} {{\n neighbor_ip {neighbor}\n min_rx 100\n min_tx 100\n}}\n")
    };
    let one = pair.one.start_with(&session("b1", pair.two.address))?;
    let two = pair.two.start_with(&session("b2", pair.one.address))?;
    one.logs("(b1) Entering Up state", ELECTION)?;
    two.journal().wait(Mark::default(), "(b2) Entering Up state", Duration::from_secs(8))?;
    let fields = [
        "bfd.version",
        "bfd.sta",
        "bfd.message_length",
        "bfd.flags.a",
        "_ws.malformed",
        "_ws.expert.message",
    ];
    let mut words = vec!["-n", "-i", "eth1", "-c", "20", "-a", WATCH, "-f", "udp port 3784"];
    words.extend(["-T", "fields", "-E", "separator=|"]);
    words.extend(fields.iter().flat_map(|field| ["-e", field]));
    let decoded = pair.one.node.run("tshark", &words)?;
    assert!(decoded.lines().count() >= 20, "{decoded}");
    for line in decoded.lines() {
        assert_eq!(line, "1|0x03|24|0||");
    }
    Ok(())
}
