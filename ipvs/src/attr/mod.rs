//! The attributes of the family `IPVS`, one table per nest and one line per attribute.
//!
//! A table says number, name, wire type and the kernel's name. Whatever a table does not know, or cannot read
//! because the kernel sent another length, is kept as it came in `Other`; reading a list therefore fails only
//! where the framing itself is broken.

mod daemon;
mod destination;
mod service;
mod stats;
mod top;
mod wire;

pub use self::daemon::DaemonAttr;
pub use self::destination::DestinationAttr;
pub use self::service::ServiceAttr;
pub use self::stats::StatsAttr;
pub use self::top::{ConfigAttr, InfoAttr};
pub use self::wire::{Addr, Be16, Counter, Empty, FlagWord, Host8, Host16, Host32, Nest, Quad, Text};
pub(crate) use self::wire::{Wire, read_all};

/// Makes the enum of one nest from its table: reading, writing, and a place for what is not in the table.
macro_rules! attributes {
    ($(#[$doc:meta])* $name:ident { $($number:literal $variant:ident($wire:ty), $kernel:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $name {
            $(#[doc = concat!("`", $kernel, "`")] $variant($wire),)+
            /// An attribute that is not in this table, or whose length is not the expected one.
            Other(::netlink_packet_core::DefaultNla),
        }

        impl ::netlink_packet_core::Nla for $name {
            fn value_len(&self) -> usize {
                match self {
                    $(Self::$variant(value) => $crate::attr::Wire::len(value),)+
                    Self::Other(nla) => nla.value_len(),
                }
            }

            fn kind(&self) -> u16 {
                match self {
                    $(Self::$variant(value) => $number | $crate::attr::Wire::kind_flags(value),)+
                    Self::Other(nla) => nla.kind(),
                }
            }

            fn emit_value(&self, buffer: &mut [u8]) {
                match self {
                    $(Self::$variant(value) => $crate::attr::Wire::put(value, buffer),)+
                    Self::Other(nla) => nla.emit_value(buffer),
                }
            }
        }

        impl<'a, T: AsRef<[u8]> + ?Sized> ::netlink_packet_core::Parseable<::netlink_packet_core::NlaBuffer<&'a T>>
            for $name
        {
            fn parse(
                buffer: &::netlink_packet_core::NlaBuffer<&'a T>,
            ) -> Result<Self, ::netlink_packet_core::DecodeError> {
                let nested = buffer.nested_flag();
                let known = match buffer.kind() {
                    $($number => $crate::attr::Wire::get(buffer.value(), nested).map(Self::$variant),)+
                    _ => None,
                };
                match known {
                    Some(attribute) => Ok(attribute),
                    None => ::netlink_packet_core::DefaultNla::parse(buffer).map(Self::Other),
                }
            }
        }
    };
}
pub(crate) use attributes;
