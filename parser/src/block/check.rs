//! Checkers of a real server, all but HTTP.

use std::net::IpAddr;
use std::time::Duration;

use crate::block::server::MAX_TIMEOUT;
use crate::config::{DnsType, Identity, IfName};
use crate::keyword::{Args, Block, Nested, Rare, Refused, keywords};
use crate::read::Reader;
use crate::value::check::{BfdName, DomainName, FileName, FileWeight, Payload, Reply};
use crate::value::flag::Flag;
use crate::value::script::BareCommand;
use crate::value::time::{NO_LIMIT, WholeSecs, secs, us};
use crate::value::word::Replaceable;

keywords! {
    /// Where a checker connects to and from.
    Connect {
        connect_ip: IpAddr => "Address to connect to.", else "Invalid connect_ip address {} - ignoring";
        connect_port: u16 [1..=u16::MAX] => "Port to connect to.", else "Invalid checker connect_port '{}'";
        bindto: IpAddr => "Address to connect from.", else "Invalid bindto address {} - ignoring";
        bind_port: u16 [1..=u16::MAX] = 0 => "Port to connect from.", else "Invalid checker bind_port '{}'";
        bind_if: IfName => "Interface to connect through.", else "Checker bind interface {} name too long - ignoring";
        connect_timeout: Duration [us(1)..=MAX_TIMEOUT] => "How long to wait for a connection.", else "connect_timeout {} invalid - ignoring";
        fwmark: u32 [0..=u32::MAX] = 0 => "Firewall mark of its packets.", else "Invalid fwmark connection value '{}'";
    }
}

keywords! {
    /// When a checker runs and how it counts.
    Timing {
        retry: u32 [0..=u32::MAX] => "Failures allowed before one counts.", else "Invalid retry connection value '{}'";
        delay_before_retry: Duration [Duration::ZERO..=NO_LIMIT] => "Pause after a failure that does not count yet.", else "Invalid delay_before_retry connection value '{}'";
        warmup: Duration [Duration::ZERO..=NO_LIMIT] => "The first check comes at random within it.", else "Invalid warmup connection value '{}'";
        delay_loop: Duration [us(1)..=NO_LIMIT] => "From the end of one check to the start of the next.", else "delay_loop '{}' is invalid - ignoring";
        alpha: bool => "The server is down until it succeeded.", else "Invalid alpha parameter {}";
        log_all_failures: bool = false => "Log every failure.", else "Invalid log_all_failures parameter {}";
    }
}

/// A checker's block without words before its `{`.
macro_rules! headless {
    ($($Block:ident),*) => {$(
        impl Block for $Block {
            fn open(_: &mut Args<'_, '_>) -> Result<Self, Refused> {
                Ok(Self::default())
            }
        }
    )*};
}

keywords! {
    /// Open a TCP connection.
    TcpCheckBlock {
        + connect: Connect;
        + timing: Rare<Timing>;
    }
}

keywords! {
    /// Send an ICMP echo request.
    PingCheckBlock {
        + connect: Connect;
        + timing: Rare<Timing>;
    }
}

keywords! {
    /// Send a UDP packet.
    UdpCheckBlock {
        payload: Payload => "Bytes to send.", missing "UDP_CHECK payload requires a payload";
        require_reply: Reply => "There must be a reply, like this.";
        min_reply_length: u16 [0..=u16::MAX] = 0 => "Shortest reply in bytes.", else "UDP_CHECK min length {} not valid - must be between 0 & 65535";
        max_reply_length: u16 [0..=u16::MAX] = 255 => "Longest reply in bytes.", else "UDP_CHECK max length {} not valid - must be between 0 & 65535";
        + connect: Connect;
        + timing: Rare<Timing>;
    }
}

keywords! {
    /// Talk SMTP.
    SmtpCheckBlock {
        helo_name: Replaceable => "How it greets.", missing "SMTP_CHECK helo name missing";
        host: Nested<SmtpHostBlock> => "One more address to talk to.", is Deprecated;
        + connect: Connect;
        + timing: Rare<Timing>;
    }
}

keywords! {
    /// One more address an SMTP checker talks to.
    SmtpHostBlock {
        + connect: Connect;
        + timing: Rare<Timing>;
    }
}

keywords! {
    /// Ask a DNS question.
    DnsCheckBlock {
        kind ("type"): DnsType => "Type of the question.", else "Unknown DNS check type {} - ignoring";
        name: DomainName => "Name asked for.";
        + connect: Connect;
        + timing: Rare<Timing>;
    }
}

keywords! {
    /// Run a script.
    MiscCheckBlock {
        misc_path: BareCommand => "The command.";
        misc_timeout: WholeSecs [secs(0)..=secs(4294)] => "How long it may run.", else "Invalid misc_timeout value '{}'";
        misc_dynamic: Flag => "Its exit status sets the weight.";
        user: Identity => "Who runs it.", missing "No user specified for misc checker script";
        + timing: Rare<Timing>;
    }
}

keywords! {
    /// Read a tracked file.
    FileCheckBlock {
        track_file: FileName => "The file.";
        weight: FileWeight => "Its number is multiplied by it.", missing "track file weight missing";
    }
}

keywords! {
    /// Watch a BFD session.
    BfdCheckBlock {
        name: BfdName => "The session.";
        alpha: bool => "The server is down until the session is up.", else "Invalid alpha parameter {}";
    }
}

headless!(TcpCheckBlock, PingCheckBlock, SmtpCheckBlock, DnsCheckBlock, BfdCheckBlock);

impl Block for UdpCheckBlock {
    fn open(_: &mut Args<'_, '_>) -> Result<Self, Refused> {
        Ok(Self::default())
    }

    fn close(self, reader: &mut Reader<'_>) -> Option<Self> {
        let (min, max) = (self.min_reply_length(), self.max_reply_length());
        if min > max {
            reader
                .say(format!("UDP_CHECK min_reply_length {min} > max_reply_length {max} - will always fail"));
        }
        Some(self)
    }
}

impl Block for SmtpHostBlock {
    fn open(args: &mut Args<'_, '_>) -> Result<Self, Refused> {
        let text = "The SMTP_CHECK host block is deprecated. Please define additional checkers.";
        args.complain(crate::diag::Class::Log, text);
        Ok(Self::default())
    }
}

impl Block for MiscCheckBlock {
    fn open(_: &mut Args<'_, '_>) -> Result<Self, Refused> {
        Ok(Self::default())
    }

    fn close(self, reader: &mut Reader<'_>) -> Option<Self> {
        if self.misc_path.is_none() {
            reader.say("No script path has been specified for MISC_CHECKER - skipping");
            return None;
        }
        Some(self)
    }
}

impl Block for FileCheckBlock {
    fn open(_: &mut Args<'_, '_>) -> Result<Self, Refused> {
        Ok(Self::default())
    }

    fn close(self, reader: &mut Reader<'_>) -> Option<Self> {
        if self.track_file.is_none() {
            reader.say("FILE_CHECK has no track_file specified - ignoring");
            return None;
        }
        Some(self)
    }
}
