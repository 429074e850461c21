//! Lines of `static_routes` and `virtual_routes`.

use crate::keyword::{Args, Entry};

/// A route line whose words wait for the route reader.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RouteLine {
    pub(crate) words: Vec<String>,
}

impl Entry for RouteLine {
    const SYNTAX: &'static str = "{ [to] DESTINATION [via ADDRESS] [dev IFNAME] … }";

    fn read(args: &mut Args<'_, '_>) -> Option<Self> {
        Some(Self { words: std::iter::from_fn(|| args.optional()).collect() })
    }
}
