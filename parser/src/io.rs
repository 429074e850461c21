//! The edge of the crate: files.

pub mod files;
