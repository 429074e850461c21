//! Words: names, strings, secrets, and one of several.

use crate::config::{
    DnsType, Family, HttpProtocol, IfName, Lookup, Protocol, Role, Scheduler, Secret, SmtpTls, TlsVerify,
    Version,
};
use crate::keyword::{Args, Bounds, Refused, Value};
use crate::value::number::Integer;

/// One word.
impl Value for String {
    const SYNTAX: &'static str = "STRING";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        args.word()
    }
}

/// One word that may be absent; then it is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Maybe(pub(crate) String);

impl Value for Maybe {
    const SYNTAX: &'static str = "[STRING]";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        Ok(Self(args.optional().unwrap_or_default()))
    }
}

/// Exactly one word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OneWord(pub(crate) String);

impl Value for OneWord {
    const SYNTAX: &'static str = "STRING";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        match args.left() {
            1 => args.word().map(Self),
            _ => Err(Refused::Bad),
        }
    }
}

/// One word; a second use replaces it with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replaceable(pub(crate) String);

impl Value for Replaceable {
    const SYNTAX: &'static str = "STRING";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        args.word().map(Self)
    }

    fn store(self, slot: &mut crate::keyword::Slot<Self>, args: &mut Args<'_, '_>) {
        if let Some(old) = slot {
            let block = args.name();
            let what = if block == "SSL" { "SSL" } else { args.keyword() };
            // The original writes the pass phrase into the log.
            let secret = block == "SSL" && args.keyword() == "password";
            let shown = |value: &Self| if secret { "***".to_owned() } else { value.0.clone() };
            let text = format!("Duplicate {what} - overwriting {} with {}", shown(&old.value), shown(&self));
            args.general(text);
        }
        *slot = Some(Box::new(args.located(self)));
    }
}

/// A password.
impl Value for Secret {
    const SYNTAX: &'static str = "STRING";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        args.word().map(Self::new)
    }
}

/// The name of an interface; one that is too long for the kernel is refused.
impl Value for IfName {
    const SYNTAX: &'static str = "IFNAME";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        Self::new(&args.word()?).ok_or(Refused::Bad)
    }
}

/// A number of a table of iproute2 up to `max`, or a name in it.
pub(crate) fn lookup(args: &Args<'_, '_>, word: &str, max: u32) -> Option<Lookup> {
    let digits = word.strip_prefix("0x").map_or_else(|| (word, 10), |hex| (hex, 16));
    match u32::from_str_radix(digits.0, digits.1) {
        Ok(number) => (number <= max).then_some(Lookup::Number(number)),
        Err(_) if word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit() || c == '-') => None,
        Err(_) => Some(Lookup::Name(args.located(word.to_owned()))),
    }
}

/// One of several words.
macro_rules! choices {
    ($($type:ty { $($word:literal $(| $other:literal)* => $value:expr),* $(,)? })*) => {$(
        impl Value for $type {
            const SYNTAX: &'static str = concat!("{", $($word, "|",)* "}");
            type Limit = ();

            fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
                match args.word()?.as_str() {
                    $($word $(| $other)* => Ok($value),)*
                    _ => Err(Refused::Bad),
                }
            }
        }
    )*};
}

choices! {
    Family { "inet" => Self::V4, "inet6" => Self::V6 }
    SmtpTls { "starttls" => Self::Starttls, "tls" => Self::Implicit }
    TlsVerify { "no" => Self::No, "ca" => Self::Authority, "full" => Self::AuthorityAndName }
    HttpProtocol { "1.0" => Self::Http10, "1.0C" | "1.0c" => Self::Http10Close, "1.1" => Self::Http11 }
}

impl Value for Scheduler {
    const SYNTAX: &'static str = "{rr|wrr|lc|wlc|lblc|sh|mh|dh|fo|ovf|lblcr|sed|nq|twos}";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let word = args.word()?;
        let scheduler =
            Self::ALL.into_iter().find(|scheduler| scheduler.name() == word).ok_or(Refused::Bad)?;
        args.reader.server.scheduler = Some(scheduler);
        Ok(scheduler)
    }
}

impl Value for Protocol {
    const SYNTAX: &'static str = "{TCP|UDP|SCTP}";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        match args.word()?.to_ascii_lowercase().as_str() {
            "tcp" => Ok(Self::Tcp),
            "udp" => Ok(Self::Udp),
            "sctp" => Ok(Self::Sctp),
            _ => Err(Refused::Bad),
        }
    }
}

impl Value for Version {
    const SYNTAX: &'static str = "{2|3}";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let word = args.word()?;
        match i32::parse(args, &word, &Bounds { range: 2..=3, strict: false }) {
            Some(2) => Ok(Self::V2),
            Some(_) => Ok(Self::V3),
            None => Err(Refused::Bad),
        }
    }
}

impl Value for Role {
    const SYNTAX: &'static str = "{MASTER|BACKUP}";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let word = args.word()?;
        match word.as_str() {
            "MASTER" => Ok(Self::Master),
            "BACKUP" => Ok(Self::Backup),
            _ => {
                let text = format!("({}) unknown state '{word}', defaulting to BACKUP", args.name());
                args.general(text);
                Ok(Self::Backup)
            }
        }
    }

    fn store(self, slot: &mut crate::keyword::Slot<Self>, args: &mut Args<'_, '_>) {
        if self == Self::Backup && slot.as_ref().is_some_and(|said| said.value == Self::Master) {
            let text = format!("({}) state previously set as MASTER - ignoring BACKUP", args.name());
            args.general(text);
            return;
        }
        *slot = Some(Box::new(args.located(self)));
    }
}

impl Value for DnsType {
    const SYNTAX: &'static str = "{A|NS|CNAME|SOA|MX|TXT|AAAA|RRSIG|DNSKEY}";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        match args.word()?.to_ascii_uppercase().as_str() {
            "A" => Ok(Self::A),
            "NS" => Ok(Self::Ns),
            "CNAME" => Ok(Self::Cname),
            "SOA" => Ok(Self::Soa),
            "MX" => Ok(Self::Mx),
            "TXT" => Ok(Self::Txt),
            "AAAA" => Ok(Self::Aaaa),
            "RRSIG" => Ok(Self::Rrsig),
            "DNSKEY" => Ok(Self::Dnskey),
            _ => Err(Refused::Bad),
        }
    }
}
