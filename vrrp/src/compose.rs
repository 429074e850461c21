//! From "advertise this priority" to the datagrams that say so.

use std::net::{IpAddr, Ipv4Addr};
use std::time::SystemTime;

use crate::params::{Auth, Checksum, Family, Params, Transport, Version};
use crate::priority::Priority;
use crate::proof::Proof;
use crate::wire::advert_v3::Pseudo;
use crate::wire::ipv4::Ipv4Header;
use crate::wire::{Advert, PROTOCOL_AH, PROTOCOL_VRRP, advert_v2, advert_v3, ah, trailer};

/// One packet to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// A group or a peer.
    pub to: IpAddr,
    /// Address it is sent from.
    pub from: IpAddr,
    /// IPv6: the hop limit, if it is not the kernel's default. IPv4 has it in the header.
    pub hop_limit: Option<u8>,
    /// IPv4: with the IP header. IPv6: the PDU alone.
    pub bytes: Vec<u8>,
}

/// Builds the packets of one virtual router and counts them as the original does.
#[derive(Clone, Debug, Default)]
pub struct Composer {
    identification: u16,
}

impl Composer {
    /// The first packet will carry identification 1.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The copies of one advert: one for the group, or one for each peer. They share their numbers, those of `proof` too.
    /// `wall` is the time of day, for `auth_hmac`.
    pub fn compose(
        &mut self,
        params: &Params,
        source: IpAddr,
        priority: Priority,
        proof: &mut Proof,
        wall: SystemTime,
    ) -> Vec<Datagram> {
        self.identification = self.identification.checked_add(1).unwrap_or(1);
        let numbers = Numbers {
            identification: self.identification,
            ah: matches!(params.auth, Auth::Ah(_)).then(|| proof.ah.advance()),
            trailer: params.signing.as_ref().map(|signing| proof.sent.advance(signing, wall)),
        };
        let advert = Advert {
            vrid: params.vrid,
            priority,
            interval: params.interval,
            addresses: params.addresses.clone(),
        };
        match &params.transport {
            Transport::Multicast { group } => {
                vec![numbers.datagram(params, &advert, source, *group, Some(255))]
            }
            Transport::Unicast { peers, ttl, .. } => peers
                .iter()
                .map(|peer| numbers.datagram(params, &advert, source, peer.address, *ttl))
                .collect(),
        }
    }
}

/// What all copies of an advert share.
struct Numbers {
    identification: u16,
    ah: Option<u32>,
    trailer: Option<u64>,
}

impl Numbers {
    fn datagram(
        &self,
        params: &Params,
        advert: &Advert,
        from: IpAddr,
        to: IpAddr,
        hop_limit: Option<u8>,
    ) -> Datagram {
        let key = params.signing.as_ref().and_then(|signing| signing.sending_key());
        let pdu_len = params.pdu_len(advert.addresses.len());
        let len = pdu_len
            + if self.ah.is_some() { ah::LEN } else { 0 }
            + if key.is_some() { trailer::LEN } else { 0 };
        let mut bytes = Vec::with_capacity(crate::wire::ipv4::HEADER_LEN + len);
        if let (IpAddr::V4(source), IpAddr::V4(destination)) = (from, to) {
            let (identification, ttl) = (self.identification, hop_limit.unwrap_or(255));
            let protocol = if self.ah.is_some() { PROTOCOL_AH } else { PROTOCOL_VRRP };
            Ipv4Header { identification, ttl, protocol, source, destination }.emit(len, &mut bytes);
            if let Some(sequence) = self.ah {
                ah::emit(source.to_bits(), sequence, &mut bytes);
            }
        }
        let start = bytes.len();
        match params.version {
            Version::V2 => {
                advert_v2::emit(advert, params.family, params.auth.kind(), &params.auth.data(), &mut bytes);
            }
            Version::V3 => advert_v3::emit(advert, pseudo(params, from, to), &mut bytes),
        }
        if let (Some(key), Some(number)) = (key, self.trailer) {
            let pdu = bytes[start..].to_vec();
            trailer::emit(key.id, &key.bytes, number, from, &pdu, &mut bytes);
        }
        if let (Auth::Ah(password), Some(_)) = (&params.auth, self.ah) {
            ah::sign(&mut bytes, password.expose(), signed_ttl(params));
        }
        Datagram { to, from, hop_limit, bytes }
    }
}

/// Whether the time to live is part of what AH signs.
pub(crate) fn signed_ttl(params: &Params) -> ah::Ttl {
    match params.transport {
        Transport::Multicast { .. } => ah::Ttl::Signed,
        Transport::Unicast { .. } => ah::Ttl::Ignored,
    }
}

fn pseudo(params: &Params, from: IpAddr, to: IpAddr) -> Pseudo {
    match (params.family, from, to) {
        (Family::Ipv4, IpAddr::V4(source), IpAddr::V4(destination)) => match params.checksum {
            Checksum::Standard => Pseudo::Ipv4 { source, destination },
            Checksum::AsVersion2 => Pseudo::Bare,
            Checksum::OldUnicast => {
                Pseudo::Ipv4 { source, destination: old_destination(params, destination) }
            }
        },
        (Family::Ipv4 | Family::Ipv6, _, _) => Pseudo::Kernel,
    }
}

/// The old unicast style signs as if the packet went to the group.
fn old_destination(params: &Params, real: Ipv4Addr) -> Ipv4Addr {
    match params.transport {
        Transport::Unicast { .. } => crate::params::GROUP_IPV4,
        Transport::Multicast { .. } => real,
    }
}
