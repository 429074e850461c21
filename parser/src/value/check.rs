//! Values that only checkers know.

use crate::config::{RegexOption, ReplyPattern, StatusCodes, Weight};
use crate::diag::Class;
use crate::keyword::{Args, Bounds, Refused, Slot, Value};
use crate::value::number::Integer;

/// Bytes in hexadecimal; a digit alone between blanks is a byte too.
fn hex_bytes(words: &[String], wild: bool) -> Option<Vec<(u8, u8)>> {
    let nibble = |c: char| match c {
        'x' | 'X' if wild => Some((0, 0)),
        c => c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()).map(|digit| (digit, 0xf)),
    };
    let mut bytes = Vec::new();
    for word in words.iter().flat_map(|word| word.split_ascii_whitespace()) {
        let nibbles = word.chars().map(nibble).collect::<Option<Vec<_>>>()?;
        for pair in nibbles.chunks(2) {
            bytes.push(match pair {
                [(high, high_mask), (low, low_mask)] => (high << 4 | low, high_mask << 4 | low_mask),
                [(low, low_mask)] => (*low, 0xf0 | low_mask),
                _ => return None,
            });
        }
    }
    (!bytes.is_empty()).then_some(bytes)
}

fn all_words(args: &mut Args<'_, '_>) -> Vec<String> {
    std::iter::from_fn(|| args.optional()).collect()
}

/// `payload`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Payload(pub(crate) Vec<u8>);

impl Value for Payload {
    const SYNTAX: &'static str = "HEX…";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let words = all_words(args);
        let Some(bytes) = hex_bytes(&words, false) else {
            args.general("Invalid hex string for UDP_CHECK payload");
            return Err(Refused::Said);
        };
        Ok(Self(bytes.into_iter().map(|(value, _)| value).collect()))
    }
}

/// `require_reply`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply(pub(crate) ReplyPattern);

impl Value for Reply {
    const SYNTAX: &'static str = "[HEX…]";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let words = all_words(args);
        if words.is_empty() {
            return Ok(Self(ReplyPattern::default()));
        }
        let bytes = hex_bytes(&words, true);
        if bytes.is_none() {
            args.general("Invalid hex string for UDP_CHECK reply");
        }
        Ok(Self(ReplyPattern { bytes: bytes.unwrap_or_default() }))
    }
}

/// `name` of a DNS question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DomainName(pub(crate) String);

impl Value for DomainName {
    const SYNTAX: &'static str = "DOMAIN";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let name = args.word()?;
        let empty_label = name != "." && (name.is_empty() || name.starts_with('.') || name.contains(".."));
        let long_label = name.split('.').any(|label| label.len() > 63) || name.len() > 253;
        if empty_label || long_label {
            args.general(format!("DNS_CHECK invalid name '{name}' - ignoring"));
            return Err(Refused::Said);
        }
        Ok(Self(name))
    }

    fn store(self, slot: &mut Slot<Self>, args: &mut Args<'_, '_>) {
        match slot {
            Some(_) => args.general("DNS_CHECK name already specified - ignoring"),
            None => *slot = Some(Box::new(args.located(self))),
        }
    }
}

/// `track_file` of a checker: a name defined above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileName(pub(crate) String);

impl Value for FileName {
    const SYNTAX: &'static str = "NAME";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let name = args.word()?;
        if !args.reader.known.files.contains(&name) {
            args.general(format!("track_file {name} not found"));
            return Err(Refused::Said);
        }
        Ok(Self(name))
    }
}

/// `weight` of a file checker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileWeight(pub(crate) Weight);

impl Value for FileWeight {
    const SYNTAX: &'static str = "INTEGER [reverse|noreverse]";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let word = args.word()?;
        let bounds = Bounds { range: -i32::MAX..=i32::MAX, strict: false };
        let Some(value) = i32::parse(args, &word, &bounds) else {
            args.general("weight for track file must be in [-2147483647..2147483647] inclusive. Ignoring...");
            return Err(Refused::Said);
        };
        let reverse = match args.optional().as_deref() {
            None | Some("noreverse") => false,
            Some("reverse") => true,
            Some(other) => {
                args.general(format!("unknown track file weight option {other} - ignoring"));
                return Err(Refused::Said);
            }
        };
        Ok(Self(Weight { value, reverse }))
    }
}

/// `name` of a BFD checker, and whether it was defined above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BfdName {
    Known(String),
    Unknown(String),
    /// None or too many words.
    NotOne,
}

impl Value for BfdName {
    const SYNTAX: &'static str = "NAME";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        if args.left() != 1 {
            return Ok(Self::NotOne);
        }
        let name = args.word()?;
        Ok(match args.reader.known.bfds.contains(&name) {
            true => Self::Known(name),
            false => Self::Unknown(name),
        })
    }
}

/// `nb_get_retry`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DeprecatedRetry(pub(crate) u32);

impl Value for DeprecatedRetry {
    const SYNTAX: &'static str = "INTEGER";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        args.general("nb_get_retry is deprecated - please use 'retry'");
        u32::read(args, None).map(Self)
    }
}

/// `digest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Digest(pub(crate) [u8; 16]);

impl Value for Digest {
    const SYNTAX: &'static str = "HEX";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let word = args.word()?;
        if word.len() != 32 {
            args.general(format!("digest '{word}' character length should be 32 rather than {}", word.len()));
            return Err(Refused::Said);
        }
        let bytes = crate::value::instance::hex(&word).and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| {
            args.general(format!("digest '{word}' is not a valid hexadecimal string"));
            Refused::Said
        })
    }
}

/// `status_code`: numbers and ranges; repeated lines add up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StatusCodesValue(pub(crate) StatusCodes);

impl Value for StatusCodesValue {
    const SYNTAX: &'static str = "{INTEGER|INTEGER-INTEGER}…";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let words = all_words(args);
        let code = |text: &str| text.parse::<u16>().ok().filter(|code| (100..=599).contains(code));
        let mut codes = Vec::new();
        for word in words {
            let range = match word.split_once('-') {
                Some((low, high)) => code(low).zip(code(high)).filter(|(low, high)| low <= high),
                None => code(&word).map(|code| (code, code)),
            };
            match range {
                Some(range) => codes.push(range),
                None => args.general(format!("Invalid HTTP_GET status code '{word}'")),
            }
        }
        if codes.is_empty() { Err(Refused::Said) } else { Ok(Self(StatusCodes(codes))) }
    }

    fn store(self, slot: &mut Slot<Self>, args: &mut Args<'_, '_>) {
        match slot {
            Some(all) => all.value.0.0.extend(self.0.0),
            None => *slot = Some(Box::new(args.located(self))),
        }
    }
}

/// `regex`: exactly one word, escapes decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RegexPattern(pub(crate) String);

impl Value for RegexPattern {
    const SYNTAX: &'static str = "PATTERN";
    const SHELL: bool = true;
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let words = args.shell_decoded()?;
        match &words[..] {
            [_, pattern] => Ok(Self(pattern.clone())),
            _ => {
                args.complain(Class::Log, "regex missing or too many fields");
                Err(Refused::Said)
            }
        }
    }
}

/// `regex_options`; unknown ones are not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RegexOptions(pub(crate) Vec<RegexOption>);

impl Value for RegexOptions {
    const SYNTAX: &'static str = "OPTION…";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        Ok(Self(all_words(args).iter().filter_map(|word| regex_option(word)).collect()))
    }
}

fn regex_option(word: &str) -> Option<RegexOption> {
    Some(match word {
        "allow_empty_class" => RegexOption::AllowEmptyClass,
        "alt_bsux" => RegexOption::AltBsux,
        "auto_callout" => RegexOption::AutoCallout,
        "caseless" => RegexOption::Caseless,
        "dollar_endonly" => RegexOption::DollarEndonly,
        "dotall" => RegexOption::Dotall,
        "dupnames" => RegexOption::Dupnames,
        "extended" => RegexOption::Extended,
        "firstline" => RegexOption::Firstline,
        "match_unset_backref" => RegexOption::MatchUnsetBackref,
        "multiline" => RegexOption::Multiline,
        "never_ucp" => RegexOption::NeverUcp,
        "never_utf" => RegexOption::NeverUtf,
        "no_auto_capture" => RegexOption::NoAutoCapture,
        "no_auto_possess" => RegexOption::NoAutoPossess,
        "no_dotstar_anchor" => RegexOption::NoDotstarAnchor,
        "no_start_optimize" => RegexOption::NoStartOptimize,
        "ucp" => RegexOption::Ucp,
        "ungreedy" => RegexOption::Ungreedy,
        "utf" => RegexOption::Utf,
        "never_backslash_c" => RegexOption::NeverBackslashC,
        "alt_circumflex" => RegexOption::AltCircumflex,
        "alt_verbnames" => RegexOption::AltVerbnames,
        "use_offset_limit" => RegexOption::UseOffsetLimit,
        _ => return None,
    })
}

/// `regex_min_offset`, `regex_max_offset`; what is no number counts as 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offset(pub(crate) u64);

impl Value for Offset {
    const SYNTAX: &'static str = "INTEGER";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let word = args.optional().unwrap_or_default();
        Ok(Self(word.parse().unwrap_or_else(|_| {
            let text = format!("Invalid {} value {word}", args.keyword());
            args.complain(Class::Log, text);
            0
        })))
    }
}

/// `regex_stack START MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RegexStack;

impl Value for RegexStack {
    const SYNTAX: &'static str = "INTEGER INTEGER";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let sizes: Vec<u64> = all_words(args).iter().filter_map(|word| word.parse().ok()).collect();
        match sizes[..] {
            [start, max] if start <= max => Ok(Self),
            _ => {
                args.complain(Class::Log, "regex_stack requires start and maximum sizes");
                Err(Refused::Said)
            }
        }
    }
}
