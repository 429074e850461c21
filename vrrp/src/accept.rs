//! Is this advert for us, whole, authentic and from the right distance?
//!
//! The checks, their order, their counters and their words are the original's (RFC 3768 §7.1, RFC 9568 §7.1 and what keepalived
//! adds). A refused packet changes nothing but a counter: no timer, no state.

mod proof;

use std::collections::HashSet;
use std::mem::{Discriminant, discriminant};
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, SystemTime};

use self::proof::{Trailer, check_ah};
use crate::counters::Counters;
use crate::event::State;
use crate::log::Line;
use crate::machine::Machine;
use crate::params::{Auth, Checksum, Family, Params, Switch, Transport, Version};
use crate::priority::Priority;
use crate::proof::{Proof, ah};
use crate::wire::advert_v3::Pseudo;
use crate::wire::ah::AhView;
use crate::wire::ipv4::Ipv4View;
use crate::wire::trailer;
use crate::wire::{
    self, Advert, AuthType, PROTOCOL_AH, PduView, TYPE_ADVERTISEMENT, advert_v2, advert_v3, auth,
};

/// A received packet, its headers taken apart. Long enough for the fixed part of a PDU, and nothing else is promised.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    from: IpAddr,
    to: IpAddr,
    ttl: Option<u8>,
    ah: Option<AhView<'a>>,
    /// Bytes in front of the PDU that count as received.
    overhead: usize,
    /// The IPv4 header's own idea of the length.
    total_len: Option<usize>,
    received: usize,
    /// All that was received.
    bytes: &'a [u8],
    pdu: PduView<'a>,
}

impl<'a> Packet<'a> {
    /// A datagram of an IPv4 raw socket, header included.
    ///
    /// # Errors
    /// The line to log when it is shorter than its headers.
    pub fn ipv4(datagram: &'a [u8]) -> Result<Self, Line> {
        let authenticated = datagram.get(9) == Some(&PROTOCOL_AH);
        let too_short = Line::TooShort { family: Family::Ipv4, authenticated, length: datagram.len() };
        let Ok(view) = Ipv4View::new(datagram) else { return Err(too_short) };
        let ah_len = if authenticated { wire::ah::LEN } else { 0 };
        let Some(Ok(pdu)) = view.payload().get(ah_len..).map(PduView::new) else { return Err(too_short) };
        Ok(Self {
            from: view.source().into(),
            to: view.destination().into(),
            ttl: Some(view.ttl()),
            ah: if authenticated { AhView::new(view.payload()).ok() } else { None },
            overhead: view.header_len() + ah_len,
            total_len: Some(view.total_len()),
            received: view.received_len(),
            bytes: datagram,
            pdu,
        })
    }

    /// The payload of an IPv6 raw socket and what came with it.
    ///
    /// # Errors
    /// The line to log when it is shorter than its headers.
    pub fn ipv6(
        payload: &'a [u8],
        from: Ipv6Addr,
        to: Ipv6Addr,
        hop_limit: Option<u8>,
    ) -> Result<Self, Line> {
        let too_short = Line::TooShort { family: Family::Ipv6, authenticated: false, length: payload.len() };
        let Ok(pdu) = PduView::new(payload) else { return Err(too_short) };
        Ok(Self {
            from: from.into(),
            to: to.into(),
            ttl: hop_limit,
            ah: None,
            overhead: 0,
            total_len: None,
            received: payload.len(),
            bytes: payload,
            pdu,
        })
    }

    /// VRID field, by which the packet finds its virtual router.
    #[must_use]
    pub fn vrid(&self) -> u8 {
        self.pdu.vrid()
    }

    /// Sequence number of its authentication header.
    pub(crate) fn ah_sequence(&self) -> Option<u32> {
        self.ah.map(|ah| ah.sequence())
    }

    /// Sender.
    #[must_use]
    pub fn from(&self) -> IpAddr {
        self.from
    }
}

/// Why a packet was refused; the text is in the [`Line`].
#[derive(Debug, PartialEq, Eq)]
enum Refused {
    Because(Line),
    Silently,
}

/// The checks of one virtual router: it remembers what it has complained about, so that a flood of bad packets fills no disk.
#[derive(Debug, Default)]
pub struct Gate {
    complained: HashSet<Discriminant<Line>>,
}

impl Gate {
    /// Nothing complained about yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on every complaint is logged once more.
    pub fn forgive(&mut self) {
        self.complained.clear();
    }

    /// The advert, if the packet passes every check. Complaints go to `log`, counts to `counters`, and `proof` remembers what
    /// must not be accepted twice.
    pub fn examine(
        &mut self,
        packet: &Packet<'_>,
        machine: &Machine,
        proof: &mut Proof,
        wall: SystemTime,
        counters: &mut Counters,
        log: &mut Vec<Line>,
    ) -> Option<Advert> {
        match machine.state() {
            State::Backup => log_master_change(packet, machine, log),
            State::Master => {}
            State::Init | State::Fault | State::Deleted | State::Stopped => return None,
        }
        match check(packet, machine, proof, wall, counters, &mut |line| self.complain(line, log)) {
            Ok(advert) => Some(advert),
            Err(Refused::Because(line)) => {
                self.complain(line, log);
                None
            }
            Err(Refused::Silently) => None,
        }
    }

    fn complain(&mut self, line: Line, log: &mut Vec<Line>) {
        if line.is_for_each_packet() || self.complained.insert(discriminant(&line)) {
            log.push(line);
        }
    }
}

/// Compared with the last master *obeyed*, so even a packet that is refused afterwards can be seen in the log.
fn log_master_change(packet: &Packet<'_>, machine: &Machine, log: &mut Vec<Line>) {
    match machine.leader().map(|leader| leader.address) {
        None => log.push(Line::MasterSet { to: packet.from }),
        Some(from) if from != packet.from => log.push(Line::MasterChanged { from, to: packet.from }),
        Some(_) => {}
    }
}

fn check(
    packet: &Packet<'_>,
    machine: &Machine,
    proof: &mut Proof,
    wall: SystemTime,
    counters: &mut Counters,
    remark: &mut dyn FnMut(Line),
) -> Result<Advert, Refused> {
    let params = machine.params();
    let from = packet.from;
    let pdu = packet.pdu;

    check_ah_presence(packet, params, counters)?;
    let pdu_len = check_length(packet, params, counters)?;
    check_hop_count(packet, params, counters)?;
    if pdu.version() != params.version.number() {
        return Err(Refused::Because(Line::WrongVersion {
            from,
            version: pdu.version(),
            ours: params.version,
        }));
    }
    if let Some(signing) = &params.signing {
        let trailer = Trailer { packet, pdu_len, signing, wall };
        trailer.check(&params.transport, &mut proof.heard, &mut counters.extension, remark)?;
    }
    if params.version == Version::V2 {
        check_authentication(packet, params, pdu_len, proof.ah, counters)?;
        let theirs = Duration::from_secs(pdu.seconds().into());
        if theirs != params.interval {
            counters.interval += 1;
            return Err(Refused::Because(Line::OtherIntervalV2 { from, ours: params.interval, theirs }));
        }
    }
    if pdu.kind() != TYPE_ADVERTISEMENT {
        counters.invalid_type += 1;
        return Err(Refused::Because(Line::WrongType { from, kind: pdu.kind() }));
    }
    if let Some(total) = packet.total_len
        && total != packet.received
        && !is_padding(total, packet.received)
    {
        counters.length += 1;
        return Err(Refused::Because(Line::TotalLengthMismatch { from, total, received: packet.received }));
    }
    let advert = match params.version {
        Version::V2 => advert_v2::read(pdu, params.family),
        Version::V3 => advert_v3::read(pdu, params.family),
    }
    // No virtual router has VRID 0, so dispatch by VRID lets none of these through.
    .ok_or(Refused::Because(Line::WrongType { from, kind: pdu.kind() }))?;
    if params.version == Version::V3 {
        // Taken as an interval of nothing it would have every backup take over without end.
        if advert.interval.is_zero() {
            counters.interval += 1;
            return Err(Refused::Because(Line::ZeroInterval { from }));
        }
        if advert.interval != params.interval {
            counters.interval += 1;
            remark(Line::OtherIntervalV3 { ours: params.interval, theirs: advert.interval });
        }
    }
    if !checksum_holds(packet, params, pdu_len) {
        return Err(Refused::Because(Line::WrongChecksum { from, version: params.version }));
    }
    check_destination(packet, params, counters)?;
    if params.owner_deaf == Switch::On && machine.priority() == Priority::OWNER {
        return Err(Refused::Because(Line::OwnerIgnores { from }));
    }

    counters.received += 1;
    check_addresses(&advert, from, machine, counters, remark);
    check_peer(packet, params, counters)?;
    if advert.priority == Priority::RELEASE {
        counters.zero_received += 1;
    }
    if let Some(sequence) = packet.ah_sequence() {
        proof.ah.hear(sequence);
    }
    Ok(advert)
}

fn check_ah_presence(packet: &Packet<'_>, params: &Params, counters: &mut Counters) -> Result<(), Refused> {
    let from = packet.from;
    let complaint = match (&params.auth, packet.ah) {
        (Auth::Ah(_), Some(_)) | (Auth::None | Auth::Pass(_), None) => return Ok(()),
        (Auth::Ah(_), None) => Line::MissingAh { from },
        (Auth::None | Auth::Pass(_), Some(_)) => Line::UnexpectedAh { from },
    };
    counters.auth_type_mismatch += 1;
    Err(Refused::Because(complaint))
}

/// The length in bytes of the PDU, which is then known to be there.
fn check_length(packet: &Packet<'_>, params: &Params, counters: &mut Counters) -> Result<usize, Refused> {
    let pdu_len = params.pdu_len(packet.pdu.count());
    let expected = packet.overhead + pdu_len;
    if packet.received == expected || is_padding(expected, packet.received) {
        return Ok(pdu_len);
    }
    if params.signing.is_some() && packet.received == expected + trailer::LEN {
        return Ok(pdu_len);
    }
    counters.length += 1;
    Err(Refused::Because(Line::WrongLength { from: packet.from, length: packet.received, expected }))
}

/// Ethernet fills short frames up to 46 bytes of payload.
fn is_padding(expected: usize, received: usize) -> bool {
    expected < 46 && received.checked_sub(expected).is_some_and(|surplus| surplus % 4 == 2)
}

fn check_hop_count(packet: &Packet<'_>, params: &Params, counters: &mut Counters) -> Result<(), Refused> {
    match (&params.transport, packet.ttl) {
        (Transport::Multicast { .. }, Some(ttl)) if ttl != 255 => {
            counters.ttl += 1;
            Err(Refused::Because(Line::WrongTtl { from: packet.from, ttl }))
        }
        (Transport::Multicast { .. } | Transport::Unicast { .. }, _) => Ok(()),
    }
}

fn check_authentication(
    packet: &Packet<'_>,
    params: &Params,
    pdu_len: usize,
    counter: ah::Counter,
    counters: &mut Counters,
) -> Result<(), Refused> {
    let from = packet.from;
    let (theirs, ours) = (packet.pdu.auth_type(), params.auth.kind());
    if let AuthType::Unknown(kind) = theirs {
        counters.auth_invalid_type += 1;
        return Err(Refused::Because(Line::UnknownAuthType { from, kind }));
    }
    if theirs != ours {
        counters.auth_type_mismatch += 1;
        return Err(Refused::Because(Line::OtherAuthType {
            from,
            kind: theirs.number(),
            ours: ours.number(),
        }));
    }
    // IPv6 carries the type and no data that could be wrong.
    if params.family == Family::Ipv6 {
        return Ok(());
    }
    let data = packet.pdu.prefix(pdu_len).last_chunk::<{ auth::DATA_LEN }>();
    match &params.auth {
        Auth::Pass(_) if !data.is_some_and(|data| auth::equal(&params.auth.data(), data)) => {
            counters.auth_failure += 1;
            Err(Refused::Because(Line::WrongPassword { from }))
        }
        Auth::None | Auth::Pass(_) => Ok(()),
        Auth::Ah(password) => {
            let outcome = check_ah(packet, params, password, pdu_len, counter);
            if matches!(outcome, Err(Refused::Because(_))) {
                counters.auth_failure += 1;
            }
            outcome
        }
    }
}

fn checksum_holds(packet: &Packet<'_>, params: &Params, pdu_len: usize) -> bool {
    let (IpAddr::V4(source), IpAddr::V4(destination)) = (packet.from, packet.to) else {
        return true; // verified by the kernel
    };
    let pdu = packet.pdu;
    let with = |destination| advert_v3::checksum_holds(pdu, pdu_len, Pseudo::Ipv4 { source, destination });
    match (params.version, params.checksum) {
        (Version::V2, _) => advert_v2::checksum_holds(pdu, pdu_len),
        // Peers of this mode may send a sum nobody can verify when they have several unicast peers.
        (Version::V3, Checksum::AsVersion2) => true,
        (Version::V3, Checksum::Standard | Checksum::OldUnicast) => {
            with(destination)
                || (matches!(params.transport, Transport::Unicast { .. }) && with(crate::params::GROUP_IPV4))
        }
    }
}

fn check_destination(packet: &Packet<'_>, params: &Params, counters: &mut Counters) -> Result<(), Refused> {
    let from = packet.from;
    let complaint = match (&params.transport, packet.to.is_multicast()) {
        (Transport::Multicast { .. }, true) | (Transport::Unicast { .. }, false) => return Ok(()),
        (Transport::Multicast { .. }, false) => Line::UnexpectedUnicast { from },
        (Transport::Unicast { .. }, true) => Line::UnexpectedMulticast { from },
    };
    counters.address_list += 1;
    Err(Refused::Because(complaint))
}

/// Other addresses than ours are a mistake in somebody's configuration, but no reason to have two masters.
fn check_addresses(
    advert: &Advert,
    from: IpAddr,
    machine: &Machine,
    counters: &mut Counters,
    remark: &mut dyn FnMut(Line),
) {
    let params = machine.params();
    let ours = &params.addresses;
    if advert.addresses.len() != ours.len() {
        counters.address_list += 1;
        remark(Line::OtherAddressCount { expected: ours.len(), received: advert.addresses.len() });
        return;
    }
    let is_known_master =
        machine.state() == State::Backup && machine.leader().is_some_and(|leader| leader.address == from);
    if params.trust_addresses == Switch::On && is_known_master {
        return;
    }
    // Nearly always the lists are the same in the same order; only otherwise is a set worth its cost.
    if advert.addresses == *ours {
        return;
    }
    let theirs: HashSet<IpAddr> = advert.addresses.iter().copied().collect();
    if let Some(missing) = ours.iter().find(|address| !theirs.contains(address)) {
        counters.address_list += 1;
        remark(Line::AddressMissing { from, vrid: params.vrid, address: *missing });
    }
}

fn check_peer(packet: &Packet<'_>, params: &Params, counters: &mut Counters) -> Result<(), Refused> {
    let from = packet.from;
    let Transport::Unicast { peers, check_source: true, .. } = &params.transport else { return Ok(()) };
    let Some(peer) = peers.iter().find(|peer| peer.address == from) else {
        return Err(Refused::Because(Line::NotAPeer { from }));
    };
    match packet.ttl {
        Some(ttl) if !(peer.min_ttl..=peer.max_ttl).contains(&ttl) => {
            counters.ttl += 1;
            Err(Refused::Because(Line::TtlOutsideRange { from, ttl, min: peer.min_ttl, max: peer.max_ttl }))
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
