//! The report for programs. docs/diagnostics.md describes every field; fields may be added, never changed.

use parser::config::Span;
use parser::diag::{Diagnostic, Outcome, Severity};
use parser::lint::Finding;
use parser::trace::{Place, Trace};
use serde::Serialize;

use super::Report;

/// The version of the description.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    diagnostics: Vec<Entry<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
struct Entry<'a> {
    file: Option<&'a str>,
    line: Option<u32>,
    column: Option<usize>,
    span: Option<Columns>,
    severity: &'static str,
    class: &'static str,
    /// The name of a lint, when it is one's finding.
    lint: Option<&'static str>,
    message: &'a str,
    hint: Option<&'a str>,
    wanted: Option<&'a str>,
    outcome: Option<&'static str>,
    source: Option<String>,
    read: Option<String>,
    trail: Vec<Step>,
}

/// Columns count characters from 1; `end` is the first one behind.
#[derive(Serialize)]
struct Columns {
    start: usize,
    end: usize,
}

#[derive(Serialize)]
struct Step {
    kind: &'static str,
    what: Option<String>,
    file: Option<String>,
    line: Option<u32>,
}

#[derive(Serialize)]
struct Summary {
    fatal: usize,
    errors: usize,
    warnings: usize,
    notes: usize,
    findings: usize,
    exit_code: u8,
}

/// The whole report, with a line end.
pub(super) fn text(report: &Report) -> String {
    let told = report.diagnostics.iter().map(|diagnostic| entry(diagnostic, &report.trace));
    let found = report.findings.iter().map(|finding| lint_entry(finding, &report.trace));
    let document = Document {
        version: VERSION,
        diagnostics: told.chain(found).collect(),
        summary: Summary {
            fatal: report.count(Severity::Fatal),
            errors: report.count(Severity::Error),
            warnings: report.count(Severity::Warning),
            notes: report.count(Severity::Note),
            findings: report.findings.len(),
            exit_code: report.exit_code(),
        },
    };
    serde_json::to_string_pretty(&document).expect("strings and numbers only") + "\n"
}

fn entry<'a>(diagnostic: &'a Diagnostic, trace: &Trace) -> Entry<'a> {
    let place = trace.place(diagnostic);
    Entry {
        file: diagnostic.span.as_ref().map(|span| &*span.file),
        line: diagnostic.span.as_ref().map(|span| span.line),
        column: place.as_ref().map(Place::column),
        span: place.as_ref().map(|place| Columns { start: place.column(), end: place.end_column() }),
        severity: diagnostic.severity.name(),
        class: diagnostic.class.name(),
        lint: None,
        message: &diagnostic.text,
        hint: diagnostic.help.as_deref(),
        wanted: diagnostic.wanted.as_deref(),
        outcome: diagnostic.outcome.map(Outcome::name),
        source: place.as_ref().map(|place| place.source.clone()),
        read: place.as_ref().and_then(|place| place.read.clone()),
        trail: place.map_or_else(Vec::new, trail),
    }
}

fn lint_entry<'a>(finding: &'a Finding, trace: &Trace) -> Entry<'a> {
    let source = finding.span.as_ref().and_then(|span| trace.source(span));
    let columns = source.as_ref().map(|source| Columns {
        start: source.chars().take_while(|c| c.is_whitespace()).count() + 1,
        end: source.trim_end().chars().count() + 1,
    });
    Entry {
        file: finding.span.as_ref().map(|span| &*span.file),
        line: finding.span.as_ref().map(|span| span.line),
        column: columns.as_ref().map(|columns| columns.start),
        span: columns,
        severity: Severity::Warning.name(),
        class: "lint",
        lint: Some(finding.lint.name()),
        message: &finding.message,
        hint: Some(finding.lint.explanation()),
        wanted: None,
        outcome: None,
        source,
        read: None,
        trail: Vec::new(),
    }
}

/// From what was read to what was written: definitions first, the innermost of them at the head, then include statements.
fn trail(place: Place) -> Vec<Step> {
    let step = |kind, what, span: Option<Span>| Step {
        kind,
        what,
        file: span.as_ref().map(|span| span.file.to_string()),
        line: span.map(|span| span.line),
    };
    let expansions = place.expansions.into_iter().map(|by| step("expansion", Some(by.what), by.defined));
    let includes = place.includes.into_iter().map(|by| step("include", None, Some(by)));
    expansions.chain(includes).collect()
}
