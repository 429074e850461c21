//! `$` definitions, `~SEQ` and `~LST`: text that stands for other text.

use std::collections::HashMap;

use crate::config::Span;
use crate::diag::Class;
use crate::lex::{self, SeqFault};
use crate::options::Options;
use crate::source::Sources;

/// A line with all its definitions filled in must stay below this many bytes.
const MAX_LINE: usize = 1024;

/// Definitions may refer to each other so many levels deep.
const MAX_NESTING: usize = 64;

/// So many of the definitions filled in on one line are worth telling.
const MAX_TOLD: usize = 16;

/// The definitions in force.
#[derive(Debug, Default)]
pub(crate) struct Definitions {
    values: HashMap<String, Definition>,
}

#[derive(Debug)]
struct Definition {
    value: Value,
    /// Where it was set.
    at: Span,
}

#[derive(Debug)]
enum Value {
    Line(String),
    Lines(Vec<String>),
}

/// A line may fill in so many definitions, empty ones included.
const MAX_REPLACEMENTS: usize = 10_000;

/// What the built-in definitions look at.
pub(crate) struct Surroundings<'a> {
    pub(crate) sources: &'a mut dyn Sources,
    pub(crate) directory: &'a str,
    pub(crate) options: &'a Options,
    /// Multi-line definitions whose lines are being delivered.
    pub(crate) open: Vec<&'a str>,
}

/// A line after substitution.
#[derive(Debug, Default)]
pub(crate) struct Expanded {
    pub(crate) text: String,
    /// Further lines of multi-line definitions, the outermost first: name and lines.
    pub(crate) more: Vec<(String, Vec<String>)>,
    pub(crate) complaints: Vec<(Class, String)>,
    /// The definitions that were filled in, in that order, and where they were set; nothing for built-in ones.
    pub(crate) used: Vec<(String, Option<Span>)>,
    /// How many references were filled in.
    pub(crate) replacements: usize,
    /// A limit stopped the substitution; what is left of the line must not be tried again.
    pub(crate) stopped: bool,
}

impl Definitions {
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>, at: Span) {
        self.values.insert(name.to_owned(), Definition { value: Value::Line(value.into()), at });
    }

    pub(crate) fn set_lines(&mut self, name: &str, lines: Vec<String>, at: Span) {
        self.values.insert(name.to_owned(), Definition { value: Value::Lines(lines), at });
    }

    pub(crate) fn is_multi_line(&self, name: &str) -> bool {
        matches!(self.values.get(name), Some(Definition { value: Value::Lines(_), .. }))
    }

    /// Fills in the references of a line. What is filled in is looked through again, with the values of this moment.
    pub(crate) fn expand(&self, line: &str, around: &mut Surroundings<'_>) -> Expanded {
        let mut out = Expanded { text: line.to_owned(), ..Expanded::default() };
        // Definitions being filled in here: the name, and how many bytes follow their text.
        let mut inside: Vec<(String, usize)> = Vec::new();
        let mut at = 0;
        while let Some(offset) = out.text[at..].find('$') {
            at += offset;
            let Some(reference) = lex::reference(&out.text[at..]) else {
                at += 1;
                continue;
            };
            let (name, end) = (reference.name.to_owned(), at + reference.len);
            let after = out.text.len() - end;
            inside.retain(|(_, following)| *following <= after);
            let circular = inside.iter().any(|(n, _)| *n == name) || around.open.contains(&name.as_str());
            let defined = self.values.get(&name);
            let replacement = match defined.map(|defined| &defined.value) {
                Some(_) if circular || inside.len() >= MAX_NESTING => {
                    out.complaints
                        .push((Class::General, format!("Definition ${name} refers to itself - ignoring")));
                    None
                }
                Some(_) if !reference.parameters.is_empty() => None,
                Some(Value::Line(text)) => Some(text.clone()),
                Some(Value::Lines(lines)) if after == 0 => {
                    let mut lines = lines.iter().cloned();
                    let first = lines.next().unwrap_or_default();
                    out.more.push((name.clone(), lines.collect()));
                    Some(first)
                }
                Some(Value::Lines(_)) => None,
                None => builtin(&name, &reference.parameters, around, &mut out.complaints),
            };
            let Some(replacement) = replacement else {
                at = end;
                continue;
            };
            out.replacements += 1;
            if out.replacements > MAX_REPLACEMENTS {
                out.stopped = true;
                out.complaints.push((
                    Class::General,
                    format!(
                        "Too many definitions on line '{}' - ignoring the rest",
                        around.options.quotable(line)
                    ),
                ));
                break;
            }
            if out.text.len() - (end - at) + replacement.len() >= MAX_LINE {
                out.stopped = true;
                let line = around.options.quotable(line);
                let text =
                    format!("Parameter substitution on line '{line}' would exceed maximum line length");
                out.complaints.push((Class::Log, text));
                break;
            }
            let stop = replacement.trim_start_matches([' ', '\t']).starts_with('~');
            out.text.replace_range(at..end, &replacement);
            if out.used.len() < MAX_TOLD {
                out.used.push((name.clone(), defined.map(|defined| defined.at.clone())));
            }
            if stop {
                break;
            }
            inside.push((name, after));
        }
        out
    }
}

/// The value of a built-in definition; none leaves the reference as it is.
fn builtin(
    name: &str,
    parameters: &[&str],
    around: &mut Surroundings<'_>,
    complaints: &mut Vec<(Class, String)>,
) -> Option<String> {
    match (name, parameters) {
        ("_PWD", []) => Some(around.directory.to_owned()),
        ("_INSTANCE", []) => Some(around.options.config_id.clone()),
        ("_HASH", []) => Some("#".to_owned()),
        ("_BANG", []) => Some("!".to_owned()),
        ("_ENV", [variable]) => Some(around.sources.variable(variable).unwrap_or_default()),
        ("_ENV", given) => {
            let text =
                format!("Definition _ENV requires between 1 and 1 parameters, {} specified.", given.len());
            complaints.push((Class::General, text));
            None
        }
        ("_RANDOM", given) if given.len() > 2 => {
            let text =
                format!("Definition _RANDOM requires between 0 and 2 parameters, {} specified.", given.len());
            complaints.push((Class::General, text));
            None
        }
        ("_RANDOM", given) => {
            let Ok(limits) = given.iter().map(|word| word.parse::<u32>()).collect::<Result<Vec<_>, _>>()
            else {
                let text = "Definition _RANDOM requires numeric parameters only.".to_owned();
                complaints.push((Class::General, text));
                return None;
            };
            let min = limits.first().copied().unwrap_or(0);
            let max = limits.get(1).copied().unwrap_or(32767);
            if min > max {
                let text = format!("${{_RANDOM}}: min {min} exceeds max {max}, using {min}");
                complaints.push((Class::General, text));
                return Some(min.to_string());
            }
            let span = u64::from(max - min) + 1;
            Some((u64::from(min) + u64::from(around.sources.random()) % span).to_string())
        }
        _ => None,
    }
}

/// A running `~SEQ` or `~LST`.
#[derive(Debug)]
pub(crate) struct Sequence {
    body: String,
    turns: Turns,
}

#[derive(Debug)]
enum Turns {
    Count { variable: String, next: Option<i64>, step: i64, end: i64, hex: bool },
    Sets { variables: Vec<String>, sets: std::vec::IntoIter<Vec<String>> },
}

/// One turn of a sequence: what it defines, and the line it delivers.
pub(crate) struct Turn {
    pub(crate) values: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Sequence {
    /// Reads a line that begins with `~SEQ` or `~LST`; the complaints of a line that is wrong come in the original's order.
    pub(crate) fn parse(
        line: &str,
        definitions: &Definitions,
        around: &mut Surroundings<'_>,
    ) -> Result<Self, Vec<(Class, String)>> {
        let quoted = around.options.quotable(line);
        let (what, parsed) = match line.starts_with("~LST") {
            true => ("~LST", Self::parse_list(line, &quoted)),
            false => ("~SEQ", Self::parse_count(line, &quoted, definitions, around)),
        };
        parsed.map_err(|mut complaints| {
            complaints.push((Class::General, format!("Invalid {what} specification '{quoted}'")));
            complaints
        })
    }

    fn parse_list(line: &str, quoted: &str) -> Result<Self, Vec<(Class, String)>> {
        let list = lex::list(line).ok_or_else(Vec::new)?;
        let count = list.variables.len();
        if list.values.iter().any(|set| set.len() > count) {
            let text = format!("~LST specification has too many values '{quoted}'");
            return Err(vec![(Class::General, text)]);
        }
        let owned = |set: &Vec<&str>| set.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>();
        let sets: Vec<_> = list.values.iter().map(owned).collect();
        let turns = Turns::Sets { variables: owned(&list.variables), sets: sets.into_iter() };
        Ok(Self { body: list.body.to_owned(), turns })
    }

    fn parse_count(
        line: &str,
        quoted: &str,
        definitions: &Definitions,
        around: &mut Surroundings<'_>,
    ) -> Result<Self, Vec<(Class, String)>> {
        const MAX_ARGUMENTS: usize = 62;
        let fault = |text: String| vec![(Class::General, text)];
        let seq = lex::sequence(line).map_err(|fault_kind| match fault_kind {
            SeqFault::NoArguments => Vec::new(),
            SeqFault::Unclosed => fault(format!("~SEQ missing terminating ')' '{quoted}'")),
            SeqFault::Malformed => fault(format!("Invalid ~SEQ definition '{quoted}'")),
        })?;
        if seq.arguments.len() > MAX_ARGUMENTS {
            return Err(fault(format!("~SEQ parameter strings too long '{quoted}'")));
        }
        let mut numbers = Vec::new();
        for argument in seq.arguments.split(',') {
            let argument = argument.trim_matches([' ', '\t']);
            if lex::reference(argument).is_some_and(|r| definitions.is_multi_line(r.name)) {
                return Err(fault(format!("~SEQ parameter is multiline definition '{quoted}'")));
            }
            let text = definitions.expand(argument, around).text;
            let Some(number) = any_base(text.trim_matches([' ', '\t'])) else {
                return Err(fault(format!("Invalid ~SEQ definition '{quoted}'")));
            };
            numbers.push(number);
        }
        let toward = |start: i64, end: i64| if end < start { -1 } else { 1 };
        let (start, step, end) = match numbers[..] {
            [end] if end < 0 => (-1, -1, end),
            [end] => (1, toward(1, end), end),
            [start, end] => (start, toward(start, end), end),
            [start, step, end] => (start, step, end),
            _ => return Err(fault(format!("Invalid ~SEQ definition '{quoted}'"))),
        };
        if step == 0 || (start < end && step < 0) || (start > end && step > 0) {
            return Err(fault(format!("Invalid ~SEQ values '{quoted}'")));
        }
        if seq.hex && (start < 0 || end < 0) {
            return Err(fault(format!("~SEQx is only valid for positive numbers '{quoted}'")));
        }
        let variable = seq.variable.to_owned();
        let turns = Turns::Count { variable, next: Some(start), step, end, hex: seq.hex };
        Ok(Self { body: seq.body.to_owned(), turns })
    }

    /// The next turn, if there is one. Counting stops at the end of 64 bits.
    pub(crate) fn next(&mut self) -> Option<Turn> {
        let values = match &mut self.turns {
            Turns::Count { variable, next, step, end, hex } => {
                let value = next.filter(|value| if *step > 0 { *value <= *end } else { *value >= *end })?;
                *next = value.checked_add(*step);
                let text = if *hex { format!("{value:x}") } else { value.to_string() };
                vec![(variable.clone(), text)]
            }
            Turns::Sets { variables, sets } => {
                let values = sets.next()?.into_iter().chain(std::iter::repeat(String::new()));
                variables.iter().cloned().zip(values).collect()
            }
        };
        Some(Turn { values, body: self.body.clone() })
    }
}

/// A number as C writes it: decimal, `0x…` or octal, with sign; nothing at all is 0.
fn any_base(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, digits) = match digits {
        "" => return (!negative && text.is_empty()).then_some(0),
        "0" => return Some(0),
        _ => {
            match (digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")), digits.strip_prefix('0'))
            {
                (Some(hex), _) => (16, hex),
                (None, Some(octal)) => (8, octal),
                (None, None) => (10, digits),
            }
        }
    };
    let plain = !digits.starts_with(['+', '-']);
    let magnitude = plain.then(|| i128::from_str_radix(digits, radix).ok()).flatten()?;
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}
