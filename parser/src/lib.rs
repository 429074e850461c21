//! The keepalived.conf language, read into a typed configuration.
//!
//! ```text
//! Sources ─► statement (includes, conditions, definitions, sequences, braces) ─► read (keywords to blocks) ─► resolve ─► Config
//!                └────────────── every step adds to one list of diagnostics and goes on ──────────────┘
//! ```
//!
//! - [`parse`] never fails and never stops early: it returns what could be understood *and* a list of messages.
//! - Nothing here touches the system. Files, the environment and dice come through [`source::Sources`]; whether an interface or a
//!   user exists is asked by whoever uses the [`config::Config`], which keeps the [`config::Span`] of everything that may need a message.
//! - A keyword is one row of a table in `block/`; its type in `value/` reads it.

mod block;
pub mod config;
pub mod diag;
pub mod exercise;
mod expand;
#[cfg(feature = "io")]
pub mod io;
mod keyword;
mod lex;
pub mod lint;
mod mask;
mod options;
pub mod print;
mod read;
pub mod reference;
mod resolve;
pub mod source;
mod statement;
mod suggest;
pub mod trace;
mod value;

pub use keyword::{Row, Status};
pub use options::Options;

use config::Config;
use diag::Diagnostic;
use source::Sources;
use trace::Trace;

/// Reads the main file and everything it includes.
///
/// `root` may be a pattern. The messages come in reading order, then those about blocks as a whole;
/// [`diag::test_exit_code`] and [`diag::refusal`] say what they amount to.
pub fn parse(root: &str, sources: &mut impl Sources, options: Options) -> (Config, Vec<Diagnostic>) {
    let (config, diagnostics, _) = read_all(root, sources, options, false);
    (config, diagnostics)
}

/// Reads like [`parse`], and keeps what is needed to show where each message points.
///
/// Messages then also say what was wanted and what the author probably meant. This takes time and memory that a daemon has
/// better use for.
pub fn parse_traced(
    root: &str,
    sources: &mut impl Sources,
    options: Options,
) -> (Config, Vec<Diagnostic>, Trace) {
    read_all(root, sources, options, true)
}

fn read_all(
    root: &str,
    sources: &mut impl Sources,
    options: Options,
    traced: bool,
) -> (Config, Vec<Diagnostic>, Trace) {
    let mut reader = read::Reader::new(statement::Statements::open(root, sources, options, traced));
    let mut blocks = block::root::Root::default();
    reader.root(&mut blocks);
    let present = reader.present;
    let trace = reader.statements().take_trace();
    let mut complaints = resolve::Complaints(reader.into_diagnostics());
    let config = resolve::resolve(blocks, present, &mut complaints);
    (config, complaints.0, trace)
}

/// The table of keywords outside of every block; [`Row::block`] leads to the tables of the blocks.
pub fn keywords() -> Vec<&'static Row> {
    <block::root::Root as keyword::Table>::rows()
}
