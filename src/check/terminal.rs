//! The report for people: each message over the line it is about, the meant words marked.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use parser::config::Span;
use parser::diag::{Diagnostic, Severity};
use parser::lint::Finding;
use parser::trace::{Place, Trace};

use super::Report;

/// The whole report; nothing when nothing is wrong.
pub(super) fn text(report: &Report, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for diagnostic in &report.diagnostics {
        text += &renderer.render(&groups(diagnostic, &report.trace));
        text += "\n\n";
    }
    for finding in &report.findings {
        text += &renderer.render(&[lint_group(finding, &report.trace)]);
        text += "\n\n";
    }
    if !text.is_empty() {
        text += &summary(report);
    }
    text
}

/// `3 errors, 1 warning; a configuration test ends with 5`.
fn summary(report: &Report) -> String {
    let many = |count: usize, name: &str| match count {
        0 => None,
        1 => Some(format!("1 {name}")),
        _ => Some(format!("{count} {name}s")),
    };
    let counts = [
        many(report.count(Severity::Fatal), "fatal error"),
        many(report.count(Severity::Error), "error"),
        many(report.count(Severity::Warning), "warning"),
        many(report.count(Severity::Note), "note"),
        many(report.findings.len(), "finding"),
    ];
    let counts: Vec<String> = counts.into_iter().flatten().collect();
    format!("{}; exit code {}\n", counts.join(", "), report.exit_code())
}

fn groups<'a>(diagnostic: &'a Diagnostic, trace: &Trace) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Note => Level::NOTE,
        Severity::Warning => Level::WARNING,
        Severity::Error | Severity::Fatal => Level::ERROR,
    };
    let mut main =
        Group::with_title(level.primary_title(diagnostic.text.as_str()).id(diagnostic.class.name()));
    let place = trace.place(diagnostic);
    if let (Some(span), Some(place)) = (&diagnostic.span, &place) {
        main = main.element(excerpt(span, place, diagnostic.wanted.as_deref()));
        main = place.includes.iter().fold(main, |main, by| {
            main.element(Level::NOTE.message(format!("included by {}:{}", by.file, by.line)))
        });
        if let Some(read) = &place.read {
            main = main.element(Level::NOTE.message(format!("this was read as `{read}`")));
        }
    } else if let Some(span) = &diagnostic.span {
        main = main.element(origin(span));
    }
    if let Some(help) = &diagnostic.help {
        main = main.element(Level::HELP.message(help.as_str()));
    }
    if let Some(outcome) = diagnostic.outcome {
        main = main.element(Level::NOTE.message(outcome.to_string()));
    }
    let mut groups = vec![main];
    groups.extend(place.iter().flat_map(|place| &place.expansions).filter_map(|expansion| {
        let span = expansion.defined.as_ref()?;
        let title = Level::NOTE.secondary_title(format!("where `{}` comes from", expansion.what));
        let source = expansion.source.clone()?;
        let start = source.len() - source.trim_start().len();
        let marked = start..source.len();
        let snippet = Snippet::source(source).line_start(line(span)).path(span.file.to_string());
        Some(title.element(snippet.annotation(AnnotationKind::Context.span(marked))))
    }));
    groups
}

fn lint_group<'a>(finding: &'a Finding, trace: &Trace) -> Group<'a> {
    let title = Level::WARNING.primary_title(finding.message.as_str()).id(finding.lint.name());
    let source = finding.span.as_ref().and_then(|span| Some((span, trace.source(span)?)));
    let group = match source {
        Some((span, source)) => {
            let start = source.len() - source.trim_start().len();
            let marked = start..source.trim_end().len();
            let snippet = Snippet::source(source).line_start(line(span)).path(span.file.to_string());
            title.element(snippet.annotation(AnnotationKind::Primary.span(marked)))
        }
        None => Group::with_title(title),
    };
    group.element(Level::HELP.message(finding.lint.explanation()))
}

fn excerpt(
    span: &Span,
    place: &Place,
    wanted: Option<&str>,
) -> Snippet<'static, annotate_snippets::Annotation<'static>> {
    let marked = AnnotationKind::Primary.span(place.marked.clone());
    let marked = match wanted {
        Some(wanted) => marked.label(format!("wanted: {wanted}")),
        None => marked,
    };
    Snippet::source(place.source.clone())
        .line_start(line(span))
        .path(span.file.to_string())
        .annotation(marked)
}

fn origin(span: &Span) -> Origin<'static> {
    Origin::path(span.file.to_string()).line(line(span))
}

fn line(span: &Span) -> usize {
    usize::try_from(span.line).unwrap_or(usize::MAX)
}
