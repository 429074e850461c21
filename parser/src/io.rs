//! The edge of the crate: files.

#[expect(
    clippy::disallowed_methods,
    reason = "this is the edge: it asks the system so that nothing else has to"
)]
pub mod files;
