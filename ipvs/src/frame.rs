//! Messages in datagrams: how they are written one behind the other, and how answers are taken apart.

use netlink_packet_core::{
    Emitable, NLM_F_ACK, NLM_F_ACK_TLVS, NLM_F_CAPPED, NLM_F_DUMP_INTR, NLM_F_REQUEST, NLMSG_DONE,
    NLMSG_ERROR, NetlinkBuffer, NetlinkHeader, NetlinkMessage, NetlinkPayload, NlasIterator,
    ParseableParametrized,
};
use netlink_packet_generic::ctrl::nlas::GenlCtrlAttrs;
use netlink_packet_generic::ctrl::{GenlCtrl, GenlCtrlCmd};
use netlink_packet_generic::{GenlFamily, GenlHeader, GenlMessage};

use crate::message::FAMILY;
use crate::{Answer, Error, Malformed, Message, Refusal, Reply, Request};

const NETLINK_HEADER: usize = 16;
const GENERIC_HEADER: usize = 4;

/// Appends one message of this family to a datagram.
pub(crate) fn write(to: &mut Vec<u8>, family: u16, flags: u16, sequence: u32, message: Message) {
    let mut message = GenlMessage::from_payload(message);
    message.set_resolved_family_id(family);
    append(to, flags, sequence, message);
}

/// The question for the family's number: a datagram of its own.
pub(crate) fn family_lookup(sequence: u32) -> Vec<u8> {
    let header = GenlHeader { cmd: GenlCtrlCmd::GetFamily.into(), version: 1 };
    let nlas = vec![GenlCtrlAttrs::FamilyName(FAMILY.to_owned())];
    let mut datagram = Vec::new();
    let lookup = GenlMessage::from_parts(header, GenlCtrl { cmd: GenlCtrlCmd::GetFamily, nlas });
    append(&mut datagram, NLM_F_REQUEST | NLM_F_ACK, sequence, lookup);
    datagram
}

fn append<F>(to: &mut Vec<u8>, flags: u16, sequence: u32, message: GenlMessage<F>)
where
    F: GenlFamily + Emitable + std::fmt::Debug,
{
    let mut header = NetlinkHeader::default();
    header.flags = flags;
    header.sequence_number = sequence;
    let mut message = NetlinkMessage::new(header, NetlinkPayload::InnerMessage(message));
    message.finalize();
    let start = to.len();
    to.resize(start + message.buffer_len(), 0);
    message.serialize(&mut to[start..]);
}

/// The number in the controller's reply, read leniently: newer kernels add attributes.
pub(crate) fn family_number(payload: &[u8]) -> Option<u16> {
    const FAMILY_ID: u16 = 1;
    let mut attrs = NlasIterator::new(payload.get(GENERIC_HEADER..)?).flatten();
    let id = attrs.find(|nla| nla.kind() == FAMILY_ID)?;
    id.value().try_into().ok().map(u16::from_ne_bytes)
}

/// One message of a datagram.
pub(crate) struct Part<'a> {
    pub(crate) kind: u16,
    pub(crate) sequence: u32,
    pub(crate) payload: &'a [u8],
    flags: u16,
}

/// The messages of a datagram, up to the first that is cut.
pub(crate) fn parts(datagram: &[u8]) -> impl Iterator<Item = Result<Part<'_>, Error>> {
    let mut rest = datagram;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let part = Part::read(&mut rest);
        if part.is_err() {
            rest = &[];
        }
        Some(part)
    })
}

impl<'a> Part<'a> {
    fn read(rest: &mut &'a [u8]) -> Result<Self, Error> {
        let message = NetlinkBuffer::new_checked(*rest).map_err(|_| Error::Truncated)?;
        let end = (message.length() as usize).next_multiple_of(4).min(rest.len());
        *rest = &rest[end..];
        Ok(Self {
            kind: message.message_type(),
            sequence: message.sequence_number(),
            payload: message.payload(),
            flags: message.flags(),
        })
    }

    /// Whether nothing of the dump comes behind it.
    pub(crate) fn ends_a_dump(&self) -> bool {
        self.kind == NLMSG_DONE || self.kind == NLMSG_ERROR
    }

    /// Whether the table changed while this part of a dump was made.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.flags & NLM_F_DUMP_INTR != 0
    }

    /// The error number of an `NLMSG_ERROR` or `NLMSG_DONE`, 0 for success.
    pub(crate) fn errno(&self) -> Result<i32, Error> {
        let (code, _) = self.payload.split_first_chunk::<4>().ok_or(Error::Truncated)?;
        Ok(i32::from_ne_bytes(*code).saturating_neg())
    }

    pub(crate) fn answer(&self, request: &Request) -> Result<Answer, Error> {
        Ok(match self.errno()? {
            0 => Ok(()),
            errno => Err(Refusal::new(request.command(), errno, self.explanation())),
        })
    }

    /// `NLMSGERR_ATTR_MSG` of an extended acknowledgement. It lies behind the request's copy, which is only its header
    /// when the answer is capped.
    fn explanation(&self) -> Option<String> {
        const MESSAGE: u16 = 1;
        if self.kind != NLMSG_ERROR || self.flags & NLM_F_ACK_TLVS == 0 {
            return None;
        }
        let copy = self.payload.get(4..)?;
        let copied = if self.flags & NLM_F_CAPPED == 0 {
            let (length, _) = copy.split_first_chunk::<4>()?;
            (u32::from_ne_bytes(*length) as usize).checked_next_multiple_of(4)?
        } else {
            NETLINK_HEADER
        };
        let mut attrs = NlasIterator::new(copy.get(copied..)?).flatten();
        let text = attrs.find(|nla| nla.kind() == MESSAGE)?;
        let text = text.value().strip_suffix(&[0]).unwrap_or(text.value());
        Some(String::from_utf8_lossy(text).into_owned())
    }

    pub(crate) fn reply(&self) -> Result<Reply, Error> {
        let read = GenlHeader::parse(self.payload).and_then(|header| {
            let attrs = self.payload.get(GENERIC_HEADER..).unwrap_or_default();
            Reply::parse_with_param(attrs, header)
        });
        read.map_err(|error| Malformed::Framing(error.to_string()).into())
    }
}
