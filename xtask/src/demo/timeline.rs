//! What the spectator sees: one line per event, and on a terminal a line below that is always up to date.

use std::{
    env,
    io::{self, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

/// The kind of an event; decides its colour and mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The play does something.
    Act,
    /// Something got worse.
    Bad,
    /// Something got better.
    Good,
    /// Something else.
    Note,
}

/// Prints events with the time since the start.
#[derive(Debug)]
pub(crate) struct Timeline {
    start: Instant,
    /// Colours and a moving line; else plain lines.
    live: bool,
    printed: Instant,
}

/// How often the state is printed where it cannot move.
const PLAIN_INTERVAL: Duration = Duration::from_secs(5);

impl Timeline {
    pub(crate) fn new() -> Self {
        let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        let live = io::stdout().is_terminal() && !plain;
        Self { start: Instant::now(), live, printed: Instant::now() }
    }

    /// Time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Prints an event.
    pub(crate) fn event(&self, kind: Kind, text: &str) {
        let (mark, colour) = match kind {
            Kind::Act => ("»", "1;36"),
            Kind::Bad => ("-", "31"),
            Kind::Good => ("+", "32"),
            Kind::Note => ("·", "2"),
        };
        let clock = format!("{:7.2} s", self.elapsed().as_secs_f64());
        self.line(&format!("{clock}  {}", self.paint(colour, &format!("{mark} {text}"))));
    }

    /// Prints a heading.
    pub(crate) fn heading(&self, text: &str) {
        self.line("");
        self.line(&self.paint("1", text));
    }

    /// Prints a line of a table.
    pub(crate) fn line(&self, text: &str) {
        let erase = if self.live { "\r\x1b[K" } else { "" };
        println!("{erase}{text}");
    }

    /// Shows the state: on a terminal in place, else as a line every few seconds.
    pub(crate) fn state(&mut self, text: &str) {
        if self.live {
            print!("\r\x1b[K{}", self.paint("7", &format!(" {text} ")));
            // A terminal that has gone is noticed by the next event.
            let _ = io::stdout().flush();
        } else if self.printed.elapsed() >= PLAIN_INTERVAL {
            self.printed = Instant::now();
            println!("{:7.2} s    [{text}]", self.elapsed().as_secs_f64());
        }
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.live { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
