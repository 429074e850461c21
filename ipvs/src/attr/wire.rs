//! How one attribute's value lies on the wire: width and byte order (the kernel mixes both within one nest).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netlink_packet_core::{DecodeError, Emitable, NLA_F_NESTED, Nla, NlaBuffer, NlasIterator, Parseable};

/// A value as it lies in an attribute.
pub(crate) trait Wire: Sized {
    /// Bytes of the value, without header and padding.
    fn len(&self) -> usize;
    /// Writes the value; `to` has exactly [`Wire::len`] bytes.
    fn put(&self, to: &mut [u8]);
    /// Reads the value, or says that this is not one.
    fn get(from: &[u8], nested: bool) -> Option<Self>;
    /// Bits the value adds to the attribute's number.
    fn kind_flags(&self) -> u16 {
        0
    }
}

macro_rules! integer {
    ($(#[$doc:meta])* $name:ident($int:ty), $to:ident, $from:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name(pub $int);

        impl Wire for $name {
            fn len(&self) -> usize {
                size_of::<$int>()
            }
            fn put(&self, to: &mut [u8]) {
                to.copy_from_slice(&self.0.$to());
            }
            fn get(from: &[u8], _nested: bool) -> Option<Self> {
                from.try_into().ok().map(|bytes| Self(<$int>::$from(bytes)))
            }
        }
    };
}

integer! {
    /// One byte.
    Host8(u8), to_ne_bytes, from_ne_bytes
}
integer! {
    /// 16 bits in the host's order.
    Host16(u16), to_ne_bytes, from_ne_bytes
}
integer! {
    /// 32 bits in the host's order.
    Host32(u32), to_ne_bytes, from_ne_bytes
}
integer! {
    /// 16 bits in network order.
    Be16(u16), to_be_bytes, from_be_bytes
}

/// Four bytes whose meaning depends on the address family: an IPv4 mask or a prefix length in the host's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quad(pub [u8; 4]);

impl Wire for Quad {
    fn len(&self) -> usize {
        4
    }
    fn put(&self, to: &mut [u8]) {
        to.copy_from_slice(&self.0);
    }
    fn get(from: &[u8], _nested: bool) -> Option<Self> {
        from.try_into().ok().map(Self)
    }
}

/// An address: 4 or 16 bytes are written; replies carry 16 bytes for both families, IPv4 in the first four.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addr {
    /// Four bytes.
    Short([u8; 4]),
    /// Sixteen bytes.
    Long([u8; 16]),
}

impl Addr {
    /// The address, once the family is known from another attribute.
    pub fn in_family(self, family: crate::Family) -> IpAddr {
        let bytes = match self {
            Self::Short(short) => {
                let mut long = [0; 16];
                long[..4].copy_from_slice(&short);
                long
            }
            Self::Long(long) => long,
        };
        match family {
            crate::Family::V4 => IpAddr::V4(Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3])),
            crate::Family::V6 => IpAddr::V6(Ipv6Addr::from(bytes)),
        }
    }
}

impl From<IpAddr> for Addr {
    fn from(addr: IpAddr) -> Self {
        match addr {
            IpAddr::V4(v4) => Self::Short(v4.octets()),
            IpAddr::V6(v6) => Self::Long(v6.octets()),
        }
    }
}

impl Wire for Addr {
    fn len(&self) -> usize {
        match self {
            Self::Short(_) => 4,
            Self::Long(_) => 16,
        }
    }
    fn put(&self, to: &mut [u8]) {
        match self {
            Self::Short(bytes) => to.copy_from_slice(bytes),
            Self::Long(bytes) => to.copy_from_slice(bytes),
        }
    }
    fn get(from: &[u8], _nested: bool) -> Option<Self> {
        let short = from.try_into().ok().map(Self::Short);
        short.or_else(|| from.try_into().ok().map(Self::Long))
    }
}

/// A NUL-terminated string, without its NUL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(pub Vec<u8>);

impl Wire for Text {
    fn len(&self) -> usize {
        self.0.len() + 1
    }
    fn put(&self, to: &mut [u8]) {
        to[..self.0.len()].copy_from_slice(&self.0);
        to[self.0.len()] = 0;
    }
    fn get(from: &[u8], _nested: bool) -> Option<Self> {
        match from.split_last() {
            Some((0, text)) if !text.contains(&0) => Some(Self(text.to_vec())),
            Some(_) | None => None,
        }
    }
}

/// Service flags with the mask of those that are to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlagWord {
    /// The bits.
    pub flags: u32,
    /// Which of them count.
    pub mask: u32,
}

impl Wire for FlagWord {
    fn len(&self) -> usize {
        8
    }
    fn put(&self, to: &mut [u8]) {
        to[..4].copy_from_slice(&self.flags.to_ne_bytes());
        to[4..].copy_from_slice(&self.mask.to_ne_bytes());
    }
    fn get(from: &[u8], _nested: bool) -> Option<Self> {
        let (flags, mask) = from.split_first_chunk::<4>()?;
        let mask = mask.try_into().ok()?;
        Some(Self { flags: u32::from_ne_bytes(*flags), mask: u32::from_ne_bytes(mask) })
    }
}

/// A counter in one of its two widths; the width depends on the nest and on the attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counter {
    /// 32 bits.
    Narrow(u32),
    /// 64 bits.
    Wide(u64),
}

impl Counter {
    /// The value, whatever its width was.
    pub fn value(self) -> u64 {
        match self {
            Self::Narrow(value) => value.into(),
            Self::Wide(value) => value,
        }
    }
}

impl Wire for Counter {
    fn len(&self) -> usize {
        match self {
            Self::Narrow(_) => 4,
            Self::Wide(_) => 8,
        }
    }
    fn put(&self, to: &mut [u8]) {
        match self {
            Self::Narrow(value) => to.copy_from_slice(&value.to_ne_bytes()),
            Self::Wide(value) => to.copy_from_slice(&value.to_ne_bytes()),
        }
    }
    fn get(from: &[u8], _nested: bool) -> Option<Self> {
        let narrow = from.try_into().ok().map(|bytes| Self::Narrow(u32::from_ne_bytes(bytes)));
        narrow.or_else(|| from.try_into().ok().map(|bytes| Self::Wide(u64::from_ne_bytes(bytes))))
    }
}

/// No value: padding before 64-bit counters on machines that want them aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Empty;

impl Wire for Empty {
    fn len(&self) -> usize {
        0
    }
    fn put(&self, _to: &mut [u8]) {}
    fn get(from: &[u8], _nested: bool) -> Option<Self> {
        from.is_empty().then_some(Self)
    }
}

/// Attributes within an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nest<A> {
    /// The attributes in the order in which they lie.
    pub attrs: Vec<A>,
    /// Whether the attribute's number carries `NLA_F_NESTED`: requests do, replies of this family do not.
    pub marked: bool,
}

impl<A> Nest<A> {
    /// A nest as requests carry it.
    pub fn request(attrs: Vec<A>) -> Self {
        Self { attrs, marked: true }
    }
}

impl<A: Nla + for<'a> Parseable<NlaBuffer<&'a [u8]>>> Wire for Nest<A> {
    fn len(&self) -> usize {
        self.attrs.as_slice().buffer_len()
    }
    fn put(&self, to: &mut [u8]) {
        self.attrs.as_slice().emit(to);
    }
    fn get(from: &[u8], nested: bool) -> Option<Self> {
        read_all(from).ok().map(|attrs| Self { attrs, marked: nested })
    }
    fn kind_flags(&self) -> u16 {
        if self.marked { NLA_F_NESTED } else { 0 }
    }
}

/// Reads a whole list of attributes.
pub(crate) fn read_all<A: for<'a> Parseable<NlaBuffer<&'a [u8]>>>(
    bytes: &[u8],
) -> Result<Vec<A>, DecodeError> {
    NlasIterator::new(bytes).map(|nla| nla.and_then(|nla| A::parse(&nla))).collect()
}
