//! Sources without a file system: names to texts.

use std::collections::BTreeMap;

use parser::config::Config;
use parser::diag::{Class, Diagnostic};
use parser::source::{Found, Problem, ProblemKind, Sources, Text};
use parser::{Options, parse};

/// Files by name. A pattern is a plain name.
#[derive(Debug, Default)]
pub(crate) struct Memory(pub(crate) BTreeMap<String, Vec<u8>>);

impl Sources for Memory {
    fn find(&mut self, pattern: &str, directory: &str) -> Found {
        let text = |bytes: &Vec<u8>| Text {
            name: pattern.to_owned(),
            directory: directory.to_owned(),
            identity: pattern.to_owned(),
            bytes: bytes.clone(),
        };
        match self.0.get(pattern) {
            Some(bytes) => Found { texts: vec![text(bytes)], problems: Vec::new() },
            None => {
                let missing = format!("Config files missing '{pattern}'.");
                let problem = Problem { kind: ProblemKind::Match, text: missing };
                Found { texts: Vec::new(), problems: vec![problem] }
            }
        }
    }

    fn directory(&self) -> String {
        "/etc/keepalived".to_owned()
    }

    fn variable(&self, name: &str) -> Option<String> {
        (name == "HOME").then(|| "/root".to_owned())
    }

    fn random(&mut self) -> u32 {
        4
    }
}

/// Reads one text as the main file `F`, with the config-id `main`.
pub(crate) fn read(text: impl Into<Vec<u8>>) -> (Config, Vec<Diagnostic>) {
    read_with(text, &[])
}

/// The same, with further files.
pub(crate) fn read_with(text: impl Into<Vec<u8>>, files: &[(&str, &str)]) -> (Config, Vec<Diagnostic>) {
    let mut memory = Memory::default();
    memory.0.insert("F".to_owned(), text.into());
    for (name, text) in files {
        memory.0.insert((*name).to_owned(), text.as_bytes().to_vec());
    }
    let options = Options { config_id: "main".to_owned(), ..Options::default() };
    parse("F", &mut memory, options)
}

/// What a configuration test shows: `LINE text`, `FILE:LINE text` for other files than `F`, or `text`.
pub(crate) fn shown(diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.class > Class::Log)
        .map(|diagnostic| match &diagnostic.span {
            None => diagnostic.text.clone(),
            Some(span) if &*span.file == "F" => format!("{} {}", span.line, diagnostic.text),
            Some(span) => format!("{}:{} {}", span.file, span.line, diagnostic.text),
        })
        .collect()
}
