//! Yes or no.

use crate::keyword::{Args, Bounds, Refused, Value};

/// True by being there; words after it are not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Flag;

impl Value for Flag {
    const SYNTAX: &'static str = "";
    type Limit = ();

    fn read(_: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        Ok(Self)
    }
}

/// `true`, `on`, `yes`, `false`, `off`, `no`.
pub(crate) fn truth(word: &str) -> Option<bool> {
    match word {
        "true" | "on" | "yes" => Some(true),
        "false" | "off" | "no" => Some(false),
        _ => None,
    }
}

/// An optional `BOOL`; nothing means true.
impl Value for bool {
    const SYNTAX: &'static str = "[BOOL]";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        args.optional().map_or(Ok(true), |word| truth(&word).ok_or(Refused::Bad))
    }
}

/// A word and its opposite, of which the last one counts: `preempt` and `nopreempt`, `accept` and `no_accept`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unless(pub(crate) bool);

impl Value for Unless {
    const SYNTAX: &'static str = "";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        Ok(Self(!args.keyword().starts_with("no")))
    }
}
