//! Is it from whom it says, and new? The checks of AH and of `auth_hmac`.

use std::net::IpAddr;
use std::time::SystemTime;

use super::{Packet, Refused};
use crate::compose::signed_ttl;
use crate::counters::ExtensionCounters;
use crate::log::Line;
use crate::params::signing::{AntiReplay, Mode, Signing};
use crate::params::{Params, Password, Transport};
use crate::proof::ah;
use crate::proof::hmac::{Heard, Senders, skew};
use crate::wire::trailer::{self, TrailerView};
use crate::wire::{self, PROTOCOL_VRRP};

/// The integrity value, then the sender, then the number.
pub(super) fn check_ah(
    packet: &Packet<'_>,
    params: &Params,
    password: &Password,
    pdu_len: usize,
    counter: ah::Counter,
) -> Result<(), Refused> {
    let (Some(ah), IpAddr::V4(from)) = (packet.ah, packet.from) else { return Err(Refused::Silently) };
    if ah.next_header() != PROTOCOL_VRRP {
        return Err(Refused::Silently);
    }
    let whole = packet.bytes.get(..packet.overhead + pdu_len).unwrap_or(packet.bytes);
    if !wire::ah::holds(whole, password.expose(), signed_ttl(params)) {
        return Err(Refused::Because(Line::WrongAhValue));
    }
    if ah.spi() != from.to_bits() {
        return Err(Refused::Because(Line::WrongAhSpi { from, spi: ah.spi() }));
    }
    if ah.sequence() <= counter.last() {
        let (sequence, ours) = (ah.sequence(), counter.last());
        return Err(Refused::Because(Line::OldAhSequence { sequence, ours }));
    }
    Ok(())
}

/// The trailer of `auth_hmac`, which may not be there.
pub(super) struct Trailer<'a> {
    pub(super) packet: &'a Packet<'a>,
    pub(super) pdu_len: usize,
    pub(super) signing: &'a Signing,
    pub(super) wall: SystemTime,
}

impl Trailer<'_> {
    /// What it proves is that a holder of the key sent this advert, lately and not before.
    pub(super) fn check(
        &self,
        transport: &Transport,
        heard: &mut Heard,
        counters: &mut ExtensionCounters,
        remark: &mut dyn FnMut(Line),
    ) -> Result<(), Refused> {
        let Self { packet, pdu_len, signing, wall } = *self;
        let from = packet.from;
        let is_signed = packet.received == packet.overhead + pdu_len + trailer::LEN;
        let Some(Ok(view)) = is_signed.then(|| TrailerView::new(packet.bytes)) else {
            return match signing.mode {
                Mode::Permissive | Mode::ReceiveOnly => Ok(()),
                Mode::Enforce => {
                    counters.missing += 1;
                    Err(Refused::Because(Line::MissingTrailer { from }))
                }
            };
        };
        let senders = match transport {
            Transport::Multicast { .. } => Senders::Anybody,
            Transport::Unicast { peers, .. } if peers.iter().any(|peer| peer.address == from) => {
                Senders::Peers
            }
            Transport::Unicast { .. } => return Err(Refused::Because(Line::NotAPeer { from })),
        };
        if !view.is_well_formed() {
            counters.malformed += 1;
            return Err(Refused::Because(Line::MalformedTrailer { from }));
        }
        let (skew, window) = (skew(view.sequence(), wall), signing.window);
        let is_clocked = signing.anti_replay == AntiReplay::Time;
        if is_clocked && skew.unsigned_abs() > window.as_secs() {
            counters.stale += 1;
            return Err(Refused::Because(Line::StaleTrailer { from, skew, window }));
        }
        let Some(key) = signing.key(view.key_id()) else {
            counters.unknown_key += 1;
            return Err(Refused::Because(Line::UnknownTrailerKey { from, key: view.key_id() }));
        };
        if !view.holds(&key.bytes, from, packet.pdu.prefix(pdu_len)) {
            counters.invalid_hmac += 1;
            return Err(Refused::Because(Line::WrongTrailer { from }));
        }
        if !heard.take(from, view.sequence(), signing, wall, senders) {
            counters.replay += 1;
            return Err(Refused::Because(Line::ReplayedTrailer { from }));
        }
        if is_clocked && skew.unsigned_abs() * 2 > window.as_secs() {
            remark(Line::ClockSkew { from, skew, window });
        }
        Ok(())
    }
}
