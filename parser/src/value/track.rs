//! What is watched and with which weight.

use crate::config::{Located, Weight};
use crate::keyword::{Args, Bounds, Entry, Refused, Slot, Value};
use crate::read::Known;
use crate::value::number::Integer;

/// One line of a `track_…` block, its reference still a name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TrackLine {
    pub(crate) name: Located<String>,
    pub(crate) weight: Option<i32>,
    pub(crate) reverse: Option<bool>,
}

/// What the lines of a block name.
struct Kind {
    /// In messages: `track script`, …
    what: &'static str,
    /// The largest weight.
    limit: i32,
    known: fn(&Known, &str) -> bool,
    /// Whether `noreverse` may cancel what a definition says.
    defined: bool,
}

fn named(names: &[String], name: &str) -> bool {
    names.iter().any(|known| known == name)
}

const INTERFACE: Kind = Kind { what: "interface", limit: 253, known: |_, _| true, defined: false };
const SCRIPT: Kind =
    Kind { what: "script", limit: 253, known: |known, name| named(&known.scripts, name), defined: true };
const FILE: Kind =
    Kind { what: "file", limit: 254, known: |known, name| named(&known.files, name), defined: true };
const PROCESS: Kind =
    Kind { what: "process", limit: 254, known: |known, name| named(&known.processes, name), defined: true };
const BFD: Kind =
    Kind { what: "bfd", limit: 253, known: |known, name| named(&known.bfds, name), defined: true };

/// Lines of the five blocks.
macro_rules! track_lines {
    ($($name:ident $kind:ident;)*) => {$(
        #[doc = concat!("A line of a block that tracks: ", stringify!($kind), ".")]
        #[derive(Debug, Clone, PartialEq)]
        pub(crate) struct $name(pub(crate) TrackLine);

        impl Entry for $name {
            const SYNTAX: &'static str = "{ NAME [weight INTEGER [reverse|noreverse]] … }";

            fn read(args: &mut Args<'_, '_>) -> Option<Self> {
                TrackLine::read(args, &$kind).map(Self)
            }
        }
    )*};
}

track_lines! {
    TrackInterfaceLine INTERFACE;
    TrackScriptLine SCRIPT;
    TrackFileLine FILE;
    TrackProcessLine PROCESS;
    TrackBfdLine BFD;
}

impl TrackLine {
    fn read(args: &mut Args<'_, '_>, kind: &Kind) -> Option<Self> {
        let scope = args.name();
        let word = args.optional()?;
        if !(kind.known)(&args.reader.known, &word) {
            args.general(format!("({scope}) track {} {word} not found, ignoring...", kind.what));
            return None;
        }
        let mut line = Self { name: args.located(word.clone()), weight: None, reverse: None };
        let Some(option) = args.optional() else { return Some(line) };
        if option != "weight" {
            args.general(format!("({scope}) unknown track_{} {word} option {option} - ignoring", kind.what));
            return None;
        }
        let Some(number) = args.optional() else {
            args.general(format!("({scope}) no weight specified for track {} {word} - ignoring", kind.what));
            return None;
        };
        // The original takes one more on either side and pulls it back.
        let bounds = Bounds { range: -254..=254, strict: false };
        let limit = kind.limit;
        match i32::parse(args, &number, &bounds) {
            Some(weight) => {
                if weight.abs() > limit {
                    args.general(format!("({scope}) weight for {word} cannot be +/-254. Setting to +/-253"));
                }
                line.weight = Some(weight.clamp(-limit, limit));
            }
            None if kind.defined => args.general(format!(
                "({scope}) track {} {word}: weight must be between [-{limit}..{limit}] inclusive, ignoring...",
                kind.what
            )),
            None => args.general(format!(
                "({scope}) weight {number} for {word} must be between [-{limit}..{limit}] inclusive. Ignoring..."
            )),
        }
        match args.optional().as_deref() {
            None => {}
            Some("reverse") => line.reverse = Some(true),
            Some("noreverse") if kind.defined => line.reverse = Some(false),
            Some(other) => {
                args.general(format!(
                    "({scope}) unknown track {} weight option {other} - ignoring",
                    kind.what
                ));
                if matches!(kind.what, "bfd" | "file") {
                    return None;
                }
            }
        }
        Some(line)
    }

    /// The weight of the line, else that of the definition.
    pub(crate) fn weight(&self, definition: Weight) -> Weight {
        Weight {
            value: self.weight.unwrap_or(definition.value),
            reverse: self.reverse.unwrap_or(definition.reverse),
        }
    }
}

/// `INT [reverse]` of a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct WeightValue(pub(crate) Weight);

impl Value for WeightValue {
    const SYNTAX: &'static str = "INTEGER [reverse]";
    type Limit = i32;

    fn read(args: &mut Args<'_, '_>, bounds: Option<&Bounds<i32>>) -> Result<Self, Refused> {
        let value = i32::read(args, bounds)?;
        let reverse = match args.optional().as_deref() {
            None => false,
            Some("reverse") => true,
            Some(other) => {
                let text = format!("{} unknown weight option {other}", args.reader.described());
                args.general(text);
                false
            }
        };
        Ok(Self(Weight { value, reverse }))
    }

    /// A weight that differs from the default of its block stays.
    fn store(self, slot: &mut Slot<Self>, args: &mut Args<'_, '_>) {
        let described = args.reader.described();
        let (what, default) = match described.split(' ').next() {
            Some("track_file") => ("track file", 1),
            Some("vrrp_track_process") => ("track process", 0),
            _ => {
                *slot = Some(Box::new(args.located(self)));
                return;
            }
        };
        if slot.as_ref().is_some_and(|said| said.value.0.value != default) {
            let text = format!("Weight already set for {what} {} - ignoring {}", args.name(), self.0.value);
            args.general(text);
            return;
        }
        *slot = Some(Box::new(args.located(self)));
    }

    fn limit(limit: &i32) -> String {
        limit.to_string()
    }
}
