//! Runs lists of command lines and notes what became of each.

use lab::{Node, Outcome, eventually};
use std::{
    fmt,
    io::{self, Write as _},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

/// How long a listing may take to be the same twice.
const SETTLES: Duration = Duration::from_secs(60);

/// What became of one command line.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) line: String,
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Played {
    /// Whether it ended as another did. It may say more on standard error: what to do.
    pub(crate) fn is_as(&self, other: &Self) -> bool {
        let more = self.err.strip_prefix(&other.err);
        let more_is_advice = more.is_some_and(|more| more.lines().all(|line| line.starts_with("Hint: ")));
        self.code == other.code && self.out == other.out && more_is_advice
    }
}

impl fmt::Display for Played {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "$ {} => {:?}\n{}{}", self.line, self.code, self.err, self.out)
    }
}

/// The command lines of a text: one a line, words in single quotes, `#` comments, ` <<< ` and standard input with `\n`.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with("# "))
}

/// Runs them one after the other on a node.
pub(crate) fn play(node: &Node, program: &Path, text: &str) -> Outcome<Vec<Played>> {
    let run = || lines(text).map(|line| one(program, line)).collect::<io::Result<Vec<Played>>>();
    Ok(node.enter(run)??)
}

/// Runs command lines that only show something, each until it shows the same twice in a row: the kernel's listing repeats or
/// leaves out rows of a large table while scenes in other namespaces change theirs.
pub(crate) fn settled(node: &Node, program: &Path, text: &str) -> Outcome<Vec<Played>> {
    let settle = |line: &str| {
        let mut last = None;
        eventually(&format!("“{line}” shows the same twice"), SETTLES, || {
            let now = play(node, program, line).ok()?.pop()?;
            let before = last.replace(now.out.clone());
            (before.as_ref() == Some(&now.out)).then_some(now)
        })
    };
    lines(text).map(settle).collect()
}

/// Runs the program with words and standard input, as `ipvsadm`.
pub(crate) fn run(program: &Path, words: &[String], input: &[u8]) -> io::Result<Played> {
    let mut command = Command::new(program);
    command.arg0("ipvsadm").args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        let input = input.to_vec();
        // It may end without having read everything, and it may write before it does.
        std::thread::spawn(move || stdin.write_all(&input));
    }
    let output = child.wait_with_output()?;
    Ok(Played {
        line: words.join(" "),
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

fn one(program: &Path, line: &str) -> io::Result<Played> {
    let (words, input) = match line.split_once(" <<<") {
        Some((words, input)) => (words, unescape(input.strip_prefix(' ').unwrap_or(input))),
        None => (line, Vec::new()),
    };
    let played = run(program, &split(words), &input)?;
    Ok(Played { line: line.to_owned(), ..played })
}

/// Splits at blanks outside of single quotes.
fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for letter in text.chars() {
        match letter {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

fn unescape(text: &str) -> Vec<u8> {
    let text = text.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r");
    text.replace("\\x00", "\0").replace("\\x0b", "\x0b").replace("\\x0c", "\x0c").into_bytes()
}
