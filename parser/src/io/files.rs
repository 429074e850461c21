//! Texts from the file system: patterns, permissions, environment.
//!
//! Patterns are globs with `*`, `?`, `[…]`, backslash escapes and brace alternatives. Files must be regular and not executable; a
//! relative pattern starts at the directory of the including file, if that was named with a `/`, else where its own did.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::source::{Found, Problem, ProblemKind, Sources, Text};

/// The file system.
#[derive(Debug)]
pub struct Files {
    directory: String,
    dice: u64,
}

impl Files {
    /// Starts at the working directory of the process.
    pub fn new() -> Self {
        let directory =
            std::env::current_dir().map_or_else(|_| "/".to_owned(), |dir| dir.to_string_lossy().into_owned());
        Self::at(directory)
    }

    /// Starts at a directory.
    pub fn at(directory: impl Into<String>) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self { directory: directory.into(), dice: now }
    }
}

impl Default for Files {
    fn default() -> Self {
        Self::new()
    }
}

impl Sources for Files {
    fn find(&mut self, pattern: &str, directory: &str) -> Found {
        let mut found = Found::default();
        let alternatives = braces(pattern);
        let mut missing = 0;
        let mut names = Vec::new();
        for alternative in &alternatives {
            let mut matched = glob(alternative, Path::new(directory));
            matched.sort();
            missing += usize::from(matched.is_empty());
            names.extend(matched);
        }
        if missing > 0 {
            let problem = match (alternatives.len(), names.is_empty()) {
                (2.., false) => Problem {
                    kind: ProblemKind::Brace,
                    text: format!("Some config files missing: \"{pattern}\"."),
                },
                (count, _) => missing_files(pattern, &alternatives, directory, count > 1),
            };
            found.problems.push(problem);
        }
        for name in names {
            match read(&name, directory) {
                Ok(text) => found.texts.push(text),
                Err(problem) => found.problems.push(problem),
            }
        }
        found
    }

    fn directory(&self) -> String {
        self.directory.clone()
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
    }

    /// SplitMix64, seeded with the second the reading began.
    fn random(&mut self) -> u32 {
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.dice;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap_or(0)
    }
}

/// What to say when nothing matches: a missing plain component counts as a missing file, a wildcard in an existing directory does not.
fn missing_files(pattern: &str, alternatives: &[String], directory: &str, braced: bool) -> Problem {
    if braced || pattern.contains('{') {
        return Problem { kind: ProblemKind::Brace, text: format!("Config files missing '{pattern}'.") };
    }
    let only_wildcard = alternatives.iter().all(|alternative| {
        let components: Vec<&str> = alternative.split('/').collect();
        let Some(first_wild) = components.iter().position(|component| is_wild(component)) else {
            return false;
        };
        let plain_after = components[first_wild + 1..].iter().any(|component| !is_wild(component));
        let before = components[..first_wild].join("/");
        let before = if alternative.starts_with('/') { format!("/{before}") } else { before };
        !plain_after && Path::new(directory).join(before).is_dir()
    });
    match only_wildcard {
        true => {
            Problem { kind: ProblemKind::Wildcard, text: format!("No config files matched '{pattern}'.") }
        }
        false => Problem { kind: ProblemKind::Match, text: format!("Config files missing '{pattern}'.") },
    }
}

fn read(name: &str, directory: &str) -> Result<Text, Problem> {
    let path = Path::new(directory).join(name);
    let open = |error: std::io::Error| {
        let reason = error.to_string();
        let reason = reason.split(" (os error").next().unwrap_or_default().to_owned();
        let text = format!("Configuration file '{name}' open problem ({reason}) - skipping");
        Problem { kind: ProblemKind::Open, text }
    };
    let refuse = |text: String| Problem { kind: ProblemKind::Read, text };
    // What the pattern matched but leads to nothing is a link.
    let irregular =
        || refuse(format!("Configuration file '{name}' is not a regular non-executable file - skipping"));
    let metadata = fs::metadata(&path).map_err(|_| irregular())?;
    if metadata.is_dir() {
        return Err(refuse(format!("Configuration file '{name}/' is a directory - skipping")));
    }
    if !metadata.is_file() || metadata.permissions().mode() & 0o111 != 0 {
        return Err(irregular());
    }
    let mut bytes = Vec::new();
    fs::File::open(&path).and_then(|mut file| file.read_to_end(&mut bytes)).map_err(open)?;
    let own = match name.contains('/') {
        true => path.parent().map_or_else(PathBuf::new, Path::to_path_buf),
        false => PathBuf::from(directory),
    };
    Ok(Text {
        name: name.to_owned(),
        directory: own.to_string_lossy().into_owned(),
        identity: format!("{}:{}", metadata.dev(), metadata.ino()),
        bytes,
    })
}

/// The most alternatives one pattern may have.
const MAX_ALTERNATIVES: usize = 4096;

/// Expands `{a,b}` alternatives, nested ones too. A `{` without its `}` is an ordinary character.
fn braces(pattern: &str) -> Vec<String> {
    let mut pending = vec![pattern.to_owned()];
    let mut done = Vec::new();
    while let Some(next) = pending.pop() {
        match first_brace(&next) {
            Some((before, choices, after))
                if done.len() + pending.len() + choices.len() <= MAX_ALTERNATIVES =>
            {
                pending.extend(choices.iter().rev().map(|choice| format!("{before}{choice}{after}")));
            }
            Some(_) | None => done.push(next),
        }
    }
    done
}

/// The first brace group: what stands before it, its choices, what stands behind it.
fn first_brace(pattern: &str) -> Option<(&str, Vec<&str>, &str)> {
    let bytes = pattern.as_bytes();
    let mut at = 0;
    let mut start = None;
    let mut depth = 0;
    let mut cuts = Vec::new();
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'{' => {
                if depth == 0 {
                    start = Some(at);
                    cuts.clear();
                }
                depth += 1;
            }
            b',' if depth == 1 => cuts.push(at),
            b'}' if depth == 1 => {
                let start = start?;
                let mut choices = Vec::new();
                let mut from = start + 1;
                for cut in cuts.iter().copied().chain([at]) {
                    choices.push(&pattern[from..cut]);
                    from = cut + 1;
                }
                return Some((&pattern[..start], choices, &pattern[at + 1..]));
            }
            b'}' if depth > 1 => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    None
}

fn is_wild(component: &str) -> bool {
    component.contains(['*', '?', '['])
}

/// Names that a pattern without alternatives matches, as the pattern spells them.
fn glob(pattern: &str, directory: &Path) -> Vec<String> {
    let absolute = pattern.starts_with('/');
    let mut names = vec![if absolute { "/".to_owned() } else { String::new() }];
    for component in pattern.split('/').filter(|component| !component.is_empty()) {
        let joined = |name: &str, next: &str| match name {
            "" => next.to_owned(),
            name if name.ends_with('/') => format!("{name}{next}"),
            name => format!("{name}/{next}"),
        };
        names = names
            .iter()
            .flat_map(|name| match is_wild(component) {
                true => entries(&directory.join(name))
                    .into_iter()
                    .filter(|entry| matches(component.as_bytes(), entry.as_bytes()))
                    .map(|entry| joined(name, &entry))
                    .collect::<Vec<_>>(),
                false => vec![joined(name, &unescape(component))],
            })
            .collect();
    }
    names.retain(|name| !name.is_empty() && directory.join(name).symlink_metadata().is_ok());
    names
}

fn entries(directory: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
}

fn unescape(component: &str) -> String {
    let mut chars = component.chars();
    let mut text = String::new();
    while let Some(c) = chars.next() {
        text.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    text
}

/// Whether a name matches a component of a pattern. A leading dot is matched by a dot only.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    if name.first() == Some(&b'.') && pattern.first() != Some(&b'.') {
        return false;
    }
    // Where to go on after the last star when what followed it does not fit.
    let mut retry: Option<(usize, usize)> = None;
    let (mut p, mut n) = (0, 0);
    while n < name.len() {
        match one(&pattern[p..], name[n]) {
            Step::Star => {
                retry = Some((p + 1, n));
                p += 1;
            }
            Step::Fits(len) => {
                p += len;
                n += 1;
            }
            Step::Differs => match retry {
                Some((after_star, from)) => {
                    retry = Some((after_star, from + 1));
                    p = after_star;
                    n = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

enum Step {
    Star,
    /// The byte fits, and so many bytes of the pattern are used up.
    Fits(usize),
    Differs,
}

fn one(pattern: &[u8], byte: u8) -> Step {
    let fits = |yes: bool, len: usize| if yes { Step::Fits(len) } else { Step::Differs };
    match pattern {
        [] => Step::Differs,
        [b'*', ..] => Step::Star,
        [b'?', ..] => Step::Fits(1),
        [b'\\', escaped, ..] => fits(*escaped == byte, 2),
        [b'[', class @ ..] => {
            let (negated, class) = match class {
                [b'!' | b'^', class @ ..] => (true, class),
                class => (false, class),
            };
            // A `]` right at the beginning is a member.
            let Some(end) = class.iter().skip(1).position(|byte| *byte == b']').map(|at| at + 1) else {
                return fits(byte == b'[', 1);
            };
            let members = &class[..end];
            let mut inside = false;
            let mut at = 0;
            while at < members.len() {
                match members[at..] {
                    [low, b'-', high, ..] => {
                        inside |= (low..=high).contains(&byte);
                        at += 3;
                    }
                    [member, ..] => {
                        inside |= member == byte;
                        at += 1;
                    }
                    [] => break,
                }
            }
            fits(inside != negated, 1 + usize::from(negated) + end + 1)
        }
        [plain, ..] => fits(*plain == byte, 1),
    }
}
