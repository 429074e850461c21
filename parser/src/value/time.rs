//! Spans of time: decimal seconds and milliseconds, and whole seconds.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::diag::Class;
use crate::keyword::{Args, Bounds, Refused, Value};
use crate::value::number::Integer;

/// Milliseconds, for limits.
pub(crate) const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Microseconds, for limits.
pub(crate) const fn us(n: u64) -> Duration {
    Duration::from_micros(n)
}

/// Seconds, for limits.
pub(crate) const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// The largest number of microseconds a keyword without a limit takes.
pub(crate) const NO_LIMIT: Duration = us(u64::MAX - 1);

/// How a decimal is written: its unit and its places.
#[derive(Debug, Clone, Copy)]
struct Form {
    places: u32,
    /// What one unit of the last place is, in microseconds.
    micros: u64,
}

const SECONDS: Form = Form { places: 6, micros: 1 };
const SECONDS_TO_MS: Form = Form { places: 3, micros: 1000 };
const MILLISECONDS: Form = Form { places: 3, micros: 1 };

impl Form {
    /// Without needless zeros.
    fn shortest(self, limit: Duration) -> String {
        let text = self.show(limit);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }

    fn show(self, limit: Duration) -> String {
        let scale = 10_u128.pow(self.places);
        let units = limit.as_micros() / u128::from(self.micros);
        format!("{}.{:0width$}", units / scale, units % scale, width = self.places as usize)
    }

    /// Reads a word as a decimal, or says why it is none.
    fn parse(
        self,
        args: &mut Args<'_, '_>,
        word: &str,
        range: &RangeInclusive<Duration>,
    ) -> Result<Duration, Refused> {
        let text = word.trim_start_matches(|c: char| c.is_ascii_whitespace());
        if text.starts_with('-') {
            args.complain(Class::InvalidNumber, format!("negative number '{word}'"));
            return Err(Refused::Bad);
        }
        let text = text.strip_prefix('+').unwrap_or(text);
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let whole = digits(text);
        let fraction = text[whole..].strip_prefix('.').map(|rest| &rest[..digits(rest)]);
        let end = whole + fraction.map_or(0, |f| f.len() + 1);
        let duration = |units: u128| {
            let micros = units.checked_mul(u128::from(self.micros))?;
            u64::try_from(micros).ok().map(Duration::from_micros)
        };
        if end < text.len() || (whole == 0 && fraction.is_none_or(str::is_empty) && !text.is_empty()) {
            args.complain(Class::InvalidNumber, format!("invalid number '{word}'"));
            // The original takes the leading digits as units of the last place; that is no meaning anyone intends. The row's
            // complaint comes when even they are out of range.
            let units = text[..whole].parse().unwrap_or(0);
            let within = duration(units).is_some_and(|value| range.contains(&value));
            return Err(if within { Refused::Said } else { Refused::Bad });
        }
        let places = self.places as usize;
        let fraction = fraction.unwrap_or_default();
        let shown: String = fraction.chars().chain(std::iter::repeat('0')).take(places).collect();
        let round_up = fraction.as_bytes().get(places).is_some_and(|digit| *digit >= b'5');
        let units =
            format!("0{}{shown}", &text[..whole]).parse::<u128>().ok().map(|n| n + u128::from(round_up));
        let Some(value) = units.and_then(duration) else {
            args.complain(Class::InvalidNumber, format!("number '{word}' outside unsigned decimal range"));
            return Err(Refused::Bad);
        };
        if fraction.len() > places {
            args.complain(Class::InvalidNumber, format!("number '{word}' has too many decimal places"));
        }
        if !range.contains(&value) {
            let (low, high) = (self.show(*range.start()), self.show(*range.end()));
            args.complain(Class::InvalidNumber, format!("number '{word}' outside range [{low}, {high}]"));
            return Err(Refused::Bad);
        }
        Ok(value)
    }

    fn read(self, args: &mut Args<'_, '_>, bounds: Option<&Bounds<Duration>>) -> Result<Duration, Refused> {
        let word = args.word()?;
        let any = Duration::ZERO..=NO_LIMIT;
        self.parse(args, &word, bounds.map_or(&any, |bounds| &bounds.range))
    }
}

/// Seconds with up to six decimals.
impl Value for Duration {
    const SYNTAX: &'static str = "SECONDS";
    type Limit = Self;

    fn read(args: &mut Args<'_, '_>, bounds: Option<&Bounds<Self>>) -> Result<Self, Refused> {
        SECONDS.read(args, bounds)
    }

    fn limit(limit: &Self) -> String {
        if *limit >= NO_LIMIT { "no limit".to_owned() } else { SECONDS.shortest(*limit) }
    }
}

/// Reads one word as seconds with up to six decimals.
pub(crate) fn seconds(
    args: &mut Args<'_, '_>,
    word: &str,
    range: &RangeInclusive<Duration>,
) -> Option<Duration> {
    SECONDS.parse(args, word, range).ok()
}

/// A time of another unit or precision than [`Duration`]'s.
macro_rules! times {
    ($($(#[$meta:meta])* $name:ident $syntax:literal |$limit:ident| $shown:expr, |$args:ident, $bounds:ident| $read:expr;)*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) struct $name(pub(crate) Duration);

        impl Value for $name {
            const SYNTAX: &'static str = $syntax;
            type Limit = Duration;

            fn read($args: &mut Args<'_, '_>, $bounds: Option<&Bounds<Duration>>) -> Result<Self, Refused> {
                $read.map(Self)
            }

            fn limit($limit: &Duration) -> String {
                $shown
            }
        }
    )*};
}

times! {
    /// Seconds with up to three decimals.
    CoarseSecs "SECONDS" |limit| Duration::limit(limit), |args, bounds| SECONDS_TO_MS.read(args, bounds);
    /// Milliseconds with up to three decimals.
    Millis "MILLISECONDS" |limit| MILLISECONDS.shortest(*limit), |args, bounds| MILLISECONDS.read(args, bounds);
    /// Whole seconds.
    WholeSecs "INTEGER" |limit| limit.as_secs().to_string(), |args, bounds| whole(args, bounds, Duration::as_secs).map(|n| Duration::from_secs(n.into()));
    /// Whole microseconds.
    Micros "MICROSECONDS" |limit| limit.as_micros().to_string(), |args, bounds| whole(args, bounds, |limit| u64::try_from(limit.as_micros()).unwrap_or(u64::MAX))
        .map(|n| Duration::from_micros(n.into()));
}

fn whole(
    args: &mut Args<'_, '_>,
    bounds: Option<&Bounds<Duration>>,
    units: impl Fn(&Duration) -> u64,
) -> Result<u32, Refused> {
    let word = args.word()?;
    let clamp = |limit: &Duration| u32::try_from(units(limit)).unwrap_or(u32::MAX);
    let range = bounds.map_or(0..=u32::MAX, |b| clamp(b.range.start())..=clamp(b.range.end()));
    let strict = bounds.is_some_and(|bounds| bounds.strict);
    u32::parse(args, &word, &Bounds { range, strict }).ok_or(Refused::Bad)
}
