//! Network namespaces by their names.

use std::path::{Path, PathBuf};

/// The file that `ip netns` makes for a network namespace.
pub(crate) fn file(name: &str) -> PathBuf {
    Path::new("/run/netns").join(name)
}

/// The file of the network namespace of the machine's first process.
pub(crate) fn first() -> PathBuf {
    "/proc/1/ns/net".into()
}
