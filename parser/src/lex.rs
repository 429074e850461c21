//! Characters to pieces: comments, words, quotes, braces, and the syntax of definitions and sequences.
//!
//! Nothing here knows a keyword or remembers anything between two lines.

use std::ops::Range;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_till, take_till1, take_while, take_while_m_n, take_while1};
use nom::character::complete::{anychar, char, one_of};
use nom::combinator::{map, opt, recognize, rest, verify};
use nom::multi::{fold_many0, many0, separated_list1};
use nom::sequence::{delimited, pair, preceded, terminated};
use nom::{IResult, Parser};

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

fn blanks(input: &str) -> IResult<&str, &str> {
    take_while(is_blank).parse(input)
}

fn spaces(input: &str) -> IResult<&str, &str> {
    take_while(is_space).parse(input)
}

/// A line without its comment and outer blanks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stripped {
    pub(crate) text: String,
    /// A double quote was left open.
    pub(crate) unterminated: bool,
    /// The line begins with an escaped `#` or `!`.
    pub(crate) escaped_start: bool,
}

/// Removes comment and outer blanks, and the backslash of `\#` and `\!`. Only double quotes protect.
pub(crate) fn strip(line: &str) -> Stripped {
    let line = line.trim_start_matches(is_blank);
    if !line.contains(['#', '!', '\\', '"']) {
        let text = line.trim_end_matches(is_blank).to_owned();
        return Stripped { text, unterminated: false, escaped_start: false };
    }
    let mut text = String::with_capacity(line.len());
    let mut quoted = false;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '#' | '!' if !quoted => break,
            '\\' => match chars.next() {
                Some(next @ ('#' | '!')) if !quoted => text.push(next),
                Some(next) => {
                    text.push('\\');
                    text.push(next);
                }
                None => text.push('\\'),
            },
            c => {
                quoted ^= c == '"';
                text.push(c);
            }
        }
    }
    text.truncate(text.trim_end_matches(is_blank).len());
    if (text.len() - text.trim_end_matches('\\').len()) % 2 == 1 {
        text.pop();
        text.truncate(text.trim_end_matches(is_blank).len());
        text.push('\\');
    }
    let escaped_start = line.starts_with("\\#") || line.starts_with("\\!");
    Stripped { text, unterminated: quoted, escaped_start }
}

/// The first statement of a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    Open,
    Close,
    Text(&'a str),
}

/// Splits a line at its first brace outside double quotes; the rest begins with the brace.
pub(crate) fn split_brace(line: &str) -> (Piece<'_>, &str) {
    fn brace(input: &str) -> IResult<&str, Piece<'_>> {
        terminated(alt((map(char('{'), |_| Piece::Open), map(char('}'), |_| Piece::Close))), blanks)
            .parse(input)
    }
    fn quoted(input: &str) -> IResult<&str, &str> {
        recognize((char('"'), take_till(|c| c == '"'), opt(char('"')))).parse(input)
    }
    fn text(input: &str) -> IResult<&str, Piece<'_>> {
        let plain = take_till1(|c| matches!(c, '{' | '}' | '"'));
        let run = recognize(fold_many0(alt((plain, quoted)), || (), |(), _| ()));
        map(run, Piece::Text).parse(input)
    }
    match alt((brace, text)).parse(line) {
        Ok((rest, piece)) => (piece, rest),
        Err(_) => (Piece::Text(line), ""),
    }
}

/// The words of an ordinary statement.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Split<'a> {
    pub(crate) words: Vec<&'a str>,
    /// The last double quote was not closed; what follows it is dropped.
    pub(crate) unmatched: bool,
}

/// Splits an ordinary statement: white space separates, a `"` always begins a new word, nothing is escaped.
pub(crate) fn words(text: &str) -> Split<'_> {
    let (words, rest) = slices(text);
    Split { words, unmatched: rest.trim_start_matches(is_space).starts_with('"') }
}

/// Where the words of an ordinary statement stand in it, their quotes not included.
pub(crate) fn word_ranges(text: &str) -> Vec<Range<usize>> {
    let start = |word: &str| word.as_ptr().addr() - text.as_ptr().addr();
    slices(text).0.into_iter().map(|word| start(word)..start(word) + word.len()).collect()
}

/// The words of an ordinary statement, and what is left behind the last.
fn slices(text: &str) -> (Vec<&str>, &str) {
    fn quoted(input: &str) -> IResult<&str, &str> {
        delimited(char('"'), take_till(|c| c == '"'), char('"')).parse(input)
    }
    fn bare(input: &str) -> IResult<&str, &str> {
        take_till1(|c| is_space(c) || c == '"').parse(input)
    }
    let word = preceded(spaces, alt((quoted, bare)));
    many0(word).parse(text).map_or_else(|_| (Vec::new(), ""), |(rest, words)| (words, rest))
}

/// What may be wrong with a shell-like text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ShellFault {
    /// This quote was not closed.
    Quote(char),
    /// A backslash was the last character.
    Escape,
}

/// What becomes of a backslash in a shell-like text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escapes {
    /// It stays, and the next character loses its meaning.
    Keep,
    /// It is decoded: `\n`, `\x41`, `\101`, `\cX`.
    Decode,
}

/// Splits like a shell: both quotes group and join, backslashes escape.
pub(crate) fn shell_words(text: &str, escapes: Escapes) -> Result<Vec<String>, ShellFault> {
    let mut words = Vec::new();
    let mut input = text.trim_start_matches(is_space);
    while !input.is_empty() {
        let mut word = Vec::new();
        let mut quote = None;
        while let Some(c) = input.chars().next() {
            let after = &input[c.len_utf8()..];
            match (c, quote) {
                ('\\', _) if after.is_empty() && escapes == Escapes::Keep => {
                    word.push(b'\\');
                    input = after;
                }
                ('\\', _) => {
                    let (rest, bytes) = escape(after).map_err(|_| ShellFault::Escape)?;
                    match escapes {
                        Escapes::Keep => {
                            let kept = after.chars().next().map_or(0, char::len_utf8);
                            word.push(b'\\');
                            word.extend_from_slice(&after.as_bytes()[..kept]);
                            input = &after[kept..];
                        }
                        Escapes::Decode => {
                            word.extend_from_slice(&bytes);
                            input = rest;
                        }
                    }
                }
                ('"' | '\'', None) => {
                    quote = Some(c);
                    input = after;
                }
                (c, Some(open)) if c == open => {
                    quote = None;
                    input = after;
                }
                (c, None) if is_space(c) => break,
                (c, _) => {
                    word.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    input = after;
                }
            }
        }
        if let Some(open) = quote {
            return Err(ShellFault::Quote(open));
        }
        words.push(String::from_utf8_lossy(&word).into_owned());
        input = input.trim_start_matches(is_space);
    }
    Ok(words)
}

/// What follows a backslash, decoded.
fn escape(input: &str) -> IResult<&str, Vec<u8>> {
    fn octal(input: &str) -> IResult<&str, Vec<u8>> {
        map(take_while_m_n(1, 3, |c: char| c.is_digit(8)), |digits| number(digits, 8)).parse(input)
    }
    fn hex(input: &str) -> IResult<&str, Vec<u8>> {
        let digits = take_while_m_n(1, 2, |c: char| c.is_ascii_hexdigit());
        map(preceded(char('x'), digits), |digits| number(digits, 16)).parse(input)
    }
    fn number(digits: &str, radix: u32) -> Vec<u8> {
        // Three octal digits reach 511; only the low byte counts.
        u32::from_str_radix(digits, radix).map_or_else(|_| Vec::new(), |n| vec![n.to_le_bytes()[0]])
    }
    fn control(input: &str) -> IResult<&str, Vec<u8>> {
        map(preceded(char('c'), verify(anychar, char::is_ascii)), |c| {
            vec![c.to_string().as_bytes()[0] & 0x1f]
        })
        .parse(input)
    }
    fn named(input: &str) -> IResult<&str, Vec<u8>> {
        map(one_of("abEfnrtv"), |c| {
            vec![match c {
                'a' => 0x07,
                'b' => 0x08,
                'E' => 0x1b,
                'f' => 0x0c,
                'n' => b'\n',
                'r' => b'\r',
                't' => b'\t',
                _ => 0x0b,
            }]
        })
        .parse(input)
    }
    alt((octal, hex, control, named, map(anychar, |c| c.to_string().into_bytes()))).parse(input)
}

fn name(input: &str) -> IResult<&str, &str> {
    let first = verify(anychar, |c| c.is_ascii_alphabetic() || *c == '_');
    recognize(pair(first, take_while(|c: char| c.is_ascii_alphanumeric() || c == '_'))).parse(input)
}

/// `$NAME=VALUE`.
pub(crate) fn definition(line: &str) -> Option<(&str, &str)> {
    let mut definition = (preceded(char('$'), name), preceded((char('='), blanks), rest));
    let parsed: IResult<&str, (&str, &str)> = definition.parse(line);
    parsed.ok().map(|(_, pair)| pair)
}

/// A reference to a definition.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reference<'a> {
    pub(crate) name: &'a str,
    pub(crate) parameters: Vec<&'a str>,
    /// Bytes it takes, the `$` included.
    pub(crate) len: usize,
}

/// `$NAME` before a blank, `,`, `)` or the end; or `${NAME}`, `${NAME PARAMETER…}`. The text begins with the `$`.
pub(crate) fn reference(text: &str) -> Option<Reference<'_>> {
    fn braced(input: &str) -> IResult<&str, (&str, Vec<&str>)> {
        let parameter =
            preceded(take_while1(is_blank), take_while1(|c: char| c.is_ascii_alphanumeric() || c == '_'));
        let plain = map(terminated(name, (blanks, char('}'))), |name| (name, Vec::new()));
        let with_parameters = terminated(pair(name, many0(parameter)), char('}'));
        preceded(tag("${"), alt((plain, with_parameters))).parse(input)
    }
    fn bare(input: &str) -> IResult<&str, (&str, Vec<&str>)> {
        map(preceded(char('$'), name), |name| (name, Vec::new())).parse(input)
    }
    let (after, (name, parameters)) = match braced(text) {
        Ok(parsed) => parsed,
        Err(_) => bare(text)
            .ok()
            .filter(|(after, _)| after.is_empty() || after.starts_with([' ', '\t', ',', ')']))?,
    };
    Some(Reference { name, parameters, len: text.len() - after.len() })
}

/// `~SEQ(VAR, ARGUMENTS) BODY`, its numbers still text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SeqSyntax<'a> {
    pub(crate) hex: bool,
    pub(crate) variable: &'a str,
    pub(crate) arguments: &'a str,
    pub(crate) body: &'a str,
}

/// How far a `~SEQ` could be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SeqFault {
    /// There is no `(`.
    NoArguments,
    /// There is no `)`.
    Unclosed,
    /// There is no variable or no number.
    Malformed,
}

/// Reads `~SEQ` or `~SEQx`.
pub(crate) fn sequence(line: &str) -> Result<SeqSyntax<'_>, SeqFault> {
    fn head(input: &str) -> IResult<&str, Option<char>> {
        delimited(tag("~SEQ"), opt(char('x')), (blanks, char('('), blanks)).parse(input)
    }
    fn variable(input: &str) -> IResult<&str, &str> {
        let word =
            verify(take_till1(|c| is_blank(c) || matches!(c, ',' | ')')), |v: &str| !v.starts_with('{'));
        terminated(word, (blanks, char(','))).parse(input)
    }
    let (inside, hex) = head(line).map_err(|_| SeqFault::NoArguments)?;
    let (before, body) = inside.split_once(')').ok_or(SeqFault::Unclosed)?;
    let (arguments, variable) = variable(before).map_err(|_| SeqFault::Malformed)?;
    Ok(SeqSyntax { hex: hex.is_some(), variable, arguments, body: body.trim_start_matches(is_blank) })
}

/// `~LST(VARIABLES, VALUES…) BODY`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LstSyntax<'a> {
    pub(crate) variables: Vec<&'a str>,
    pub(crate) values: Vec<Vec<&'a str>>,
    pub(crate) body: &'a str,
}

/// Reads `~LST`.
pub(crate) fn list(line: &str) -> Option<LstSyntax<'_>> {
    fn value(input: &str) -> IResult<&str, &str> {
        delimited(blanks, take_till(|c| is_blank(c) || matches!(c, ',' | '{' | '}' | ')')), blanks)
            .parse(input)
    }
    fn set(input: &str) -> IResult<&str, Vec<&str>> {
        let inside = separated_list1(char(','), value);
        let braced = delimited((blanks, char('{')), inside, (char('}'), blanks));
        alt((braced, map(value, |v| vec![v]))).parse(input)
    }
    fn whole(input: &str) -> IResult<&str, LstSyntax<'_>> {
        let head = (tag("~LST"), blanks, char('('));
        let mut inside = (set, preceded(char(','), separated_list1(char(','), set)));
        let (input, (variables, values)) = preceded(head, |i| inside.parse(i)).parse(input)?;
        let (input, body) = preceded((char(')'), blanks), rest).parse(input)?;
        Ok((input, LstSyntax { variables, values, body }))
    }
    whole(line).ok().map(|(_, list)| list).filter(|list| list.variables.iter().all(|v| !v.is_empty()))
}

/// The variant of an include statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IncludeKind {
    Plain,
    Read,
    Match,
    Wildcard,
    Brace,
    All,
}

/// `include PATTERN` and its variants; the pattern is the whole rest of the line.
pub(crate) fn include(line: &str) -> Option<(IncludeKind, &str)> {
    let kind = |text, kind| map(tag(text), move |_| kind);
    let mut statement = (
        alt((
            kind("includer", IncludeKind::Read),
            kind("includem", IncludeKind::Match),
            kind("includew", IncludeKind::Wildcard),
            kind("includeb", IncludeKind::Brace),
            kind("includea", IncludeKind::All),
            kind("include", IncludeKind::Plain),
        )),
        preceded(take_while1(is_space), verify(rest, |r: &str| !r.is_empty())),
    );
    let parsed: IResult<&str, (IncludeKind, &str)> = statement.parse(line);
    parsed.ok().map(|(_, found)| found)
}
