//! `bfd_instance`.

use std::net::IpAddr;

use crate::config::Span;
use crate::keyword::{Args, Block, Refused, keywords};
use crate::read::Reader;
use crate::value::flag::Flag;
use crate::value::time::{Millis, ms};
use crate::value::track::WeightValue;

keywords! {
    /// A BFD session.
    BfdBlock {
        source_ip: IpAddr => "Source address of packets.", else "Configuration error: BFD instance {name} has malformed source address {}, ignoring";
        neighbor_ip | "neighbour_ip": IpAddr => "The neighbour.", else "Configuration error: BFD instance {name} has malformed neighbor address {}, ignoring instance";
        min_rx: Millis [ms(1)..=ms(4_294_967), strict] = Millis(ms(10)) => "Shortest interval at which packets are taken.", else "Configuration error: BFD instance {name} min_rx value {} is not valid (must be in range [1-4294967]), ignoring";
        min_tx: Millis [ms(1)..=ms(4_294_967), strict] = Millis(ms(10)) => "Shortest interval at which packets are sent.", else "Configuration error: BFD instance {name} min_tx value {} is not valid (must be in range [1-4294967]), ignoring";
        idle_tx: Millis [ms(1000)..=ms(4_294_967), strict] = Millis(ms(1000)) => "Interval of packets while the session is down.", else "Configuration error: BFD instance {name} idle_tx value {} is not valid (must be in range [1000-4294967]), ignoring";
        multiplier: u8 [1..=255, strict] = 5 => "Packets that may be lost.", else "Configuration error: BFD instance {name} multiplier value {} not valid (must be in range [1-255]), ignoring";
        passive: Flag => "Wait for the neighbour to begin.";
        ttl | "hoplimit": u8 [1..=255, strict] => "TTL or hop limit of packets.", else "Configuration error: BFD instance {name} ttl/hoplimit value {} not valid (must be in range [1-255]), ignoring";
        max_hops: i32 [-1..=255, strict] = 0 => "How many hops a packet may have made.", else "Configuration error: BFD instance {name} max_hops value {} not valid (must be in range [-1-255]), ignoring";
        multihop: bool = false => "A session over several hops: port 4784.", else "Configuration error: BFD instance {name} invalid multihop value {}";
        weight: WeightValue [-253..=253] = WeightValue::default() => "Effect on the priority of instances that track it.", else "Configuration error: BFD instance {name} weight value {} not valid (must be in range [-253-253]), ignoring";
        vrrp: Flag => "Tell VRRP.";
        checker: Flag => "Tell the checkers.";
        * end: Option<Span>;
        * head: String;
    }
}

/// The longest name, in bytes.
const MAX_NAME: usize = 31;

impl Block for BfdBlock {
    fn open(args: &mut Args<'_, '_>) -> Result<Self, Refused> {
        let head = args.word()?;
        if head.len() > MAX_NAME {
            args.general(format!(
                "Configuration error: BFD instance {head} name too long (maximum length is {MAX_NAME} characters) - ignoring"
            ));
            return Err(Refused::Said);
        }
        if args.reader.known.bfds.contains(&head) {
            args.general(format!("Configuration error: BFD instance {head} already configured - ignoring"));
            return Err(Refused::Said);
        }
        args.reader.known.bfds.push(head.clone());
        Ok(Self { head, ..Self::default() })
    }

    fn name(&self) -> String {
        self.head.clone()
    }

    fn close(mut self, reader: &mut Reader<'_>) -> Option<Self> {
        self.end = Some(reader.position());
        Some(self)
    }

    fn described(&self) -> String {
        format!("Configuration error: BFD instance {}", self.head)
    }
}
