//! Whole numbers: base 10, with the original's messages for everything else.

use std::ops::RangeInclusive;

use crate::diag::Class;
use crate::keyword::{Args, Bounds, Refused, Value};

/// The kinds of whole numbers the original tells apart in its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Unsigned,
    Signed,
    Unsigned64,
}

impl Kind {
    fn limits(self) -> RangeInclusive<i128> {
        match self {
            Self::Unsigned => 0..=i128::from(u32::MAX),
            Self::Signed => i128::from(i32::MIN)..=i128::from(i32::MAX),
            Self::Unsigned64 => 0..=i128::from(u64::MAX),
        }
    }

    fn outside(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned integer",
            Self::Signed => "integer",
            Self::Unsigned64 => "unsigned 64 bit",
        }
    }
}

/// Reads a word as a whole number, or says why it is none.
pub(crate) fn integer(
    args: &mut Args<'_, '_>,
    word: &str,
    kind: Kind,
    range: RangeInclusive<i128>,
    strict: bool,
) -> Option<i128> {
    let text = word.trim_start_matches(|c: char| c.is_ascii_whitespace());
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if negative && kind != Kind::Signed {
        args.complain(Class::InvalidNumber, format!("negative number '{word}'"));
        return None;
    }
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    // More digits than any limit has: only "too big" matters.
    let magnitude = digits[..end]
        .bytes()
        .fold(0_i128, |sum, digit| sum.saturating_mul(10).saturating_add(i128::from(digit - b'0')));
    let value = if negative { -magnitude } else { magnitude };
    let lenient = args.reader.statements().options().lenient && !strict;
    let warning = if lenient { "WARNING - " } else { "" };
    if end < digits.len() || (end == 0 && !text.is_empty()) {
        args.complain(Class::InvalidNumber, format!("{warning}invalid number '{word}'"));
        return (lenient && end > 0 && range.contains(&value)).then_some(value);
    }
    if !kind.limits().contains(&value) {
        args.complain(Class::InvalidNumber, format!("number '{word}' outside {} range", kind.outside()));
        return None;
    }
    if !range.contains(&value) {
        let text = format!("number '{word}' outside range [{}, {}]", range.start(), range.end());
        args.complain(Class::InvalidNumber, text);
        return None;
    }
    Some(value)
}

/// A type of whole numbers.
pub(crate) trait Integer: TryFrom<i128> + Into<i128> + Copy {
    const KIND: Kind;
    const LIMITS: RangeInclusive<Self>;

    /// Reads a word within a range.
    fn parse(args: &mut Args<'_, '_>, word: &str, bounds: &Bounds<Self>) -> Option<Self> {
        let range = (*bounds.range.start()).into()..=(*bounds.range.end()).into();
        let value = integer(args, word, Self::KIND, range, bounds.strict)?;
        Self::try_from(value).ok()
    }

    /// Reads a word within the limits of the type.
    fn parse_any(args: &mut Args<'_, '_>, word: &str) -> Option<Self> {
        Self::parse(args, word, &Bounds { range: Self::LIMITS, strict: true })
    }
}

macro_rules! integers {
    ($($type:ident $kind:ident),*) => {$(
        impl Integer for $type {
            const KIND: Kind = Kind::$kind;
            const LIMITS: RangeInclusive<Self> = $type::MIN..=$type::MAX;
        }

        impl Value for $type {
            const SYNTAX: &'static str = "INTEGER";
            type Limit = Self;

            fn read(args: &mut Args<'_, '_>, bounds: Option<&Bounds<Self>>) -> Result<Self, Refused> {
                let word = args.word()?;
                let whole = Bounds { range: Self::LIMITS, strict: false };
                Self::parse(args, &word, bounds.unwrap_or(&whole)).ok_or(Refused::Bad)
            }

            fn limit(limit: &Self) -> String {
                limit.to_string()
            }
        }
    )*};
}

integers!(u8 Unsigned, u16 Unsigned, u32 Unsigned, u64 Unsigned64, i8 Signed, i32 Signed);

/// Exactly one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Only<T>(pub(crate) T);

impl<T: Value> Value for Only<T> {
    const SYNTAX: &'static str = T::SYNTAX;
    type Limit = T::Limit;

    fn read(args: &mut Args<'_, '_>, bounds: Option<&Bounds<T::Limit>>) -> Result<Self, Refused> {
        if args.left() != 1 {
            return Err(Refused::Bad);
        }
        T::read(args, bounds).map(Self)
    }

    fn limit(limit: &T::Limit) -> String {
        T::limit(limit)
    }
}

/// A count of which 0 is none at all; then it counts as 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AtLeastOne(pub(crate) u32);

impl Value for AtLeastOne {
    const SYNTAX: &'static str = "INTEGER";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let number = u32::read(args, None)?;
        if number == 0 {
            let name = args.name();
            let prefix = if name.is_empty() { String::new() } else { format!("({name}): ") };
            let text = format!("{prefix}{} must be greater than 0, setting to 1", args.keyword());
            args.general(text);
        }
        Ok(Self(number.max(1)))
    }
}

/// A number in C's notation: decimal, `0x…`, or octal with a leading zero.
pub(crate) fn any_base(text: &str) -> Option<u32> {
    match (text.strip_prefix("0x"), text.strip_prefix('0')) {
        (Some(hex), _) => u32::from_str_radix(hex, 16).ok(),
        (None, Some(octal)) if !octal.is_empty() => u32::from_str_radix(octal, 8).ok(),
        (None, _) => text.parse().ok(),
    }
}
