//! Lines of `static_rules` and `virtual_rules`.

use crate::keyword::{Args, Entry};

/// A rule line whose words wait for the rule reader.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RuleLine {
    pub(crate) words: Vec<String>,
}

impl Entry for RuleLine {
    const SYNTAX: &'static str = "{ [from ADDRESS] [to ADDRESS] ACTION … }";

    fn read(args: &mut Args<'_, '_>) -> Option<Self> {
        Some(Self { words: std::iter::from_fn(|| args.optional()).collect() })
    }
}
