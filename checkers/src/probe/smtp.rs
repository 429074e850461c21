//! `SMTP_CHECK`: a greeting, `HELO`, `QUIT`, and a line to each (checkers.md §19).

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use crate::io::connect::connect;
use crate::params::SmtpCheck;
use crate::smtp::{Fault, Line, Progress};
use crate::{Failure, Outcome};

/// To connect, for three lines, and to say two.
const STEPS: u32 = 6;

pub(super) fn time_limit(check: &SmtpCheck) -> Duration {
    check.endpoint.timeout.saturating_mul(STEPS)
}

pub(super) async fn probe(check: &SmtpCheck) -> Outcome {
    let stream = match connect(&check.endpoint).await {
        Ok(stream) => stream,
        Err(outcome) => return outcome,
    };
    let talk = Talk { stream, line: Line::default(), step: check.endpoint.timeout };
    match talk.hold(&check.helo_name).await {
        Ok(()) => Outcome::Passed,
        Err(fault) => Outcome::Failed(Failure::Smtp(fault)),
    }
}

struct Talk {
    stream: TcpStream,
    line: Line,
    /// For each line, and for each thing said.
    step: Duration,
}

impl Talk {
    async fn hold(mut self, helo_name: &str) -> Result<(), Fault> {
        if self.hear().await? != Some(220) {
            return Err(Fault::Greeting);
        }
        self.say(&format!("HELO {helo_name}\r\n")).await?;
        if self.hear().await? != Some(250) {
            return Err(Fault::Helo);
        }
        self.say("QUIT\r\n").await?;
        self.hear().await.map(drop)
    }

    async fn say(&mut self, text: &str) -> Result<(), Fault> {
        match timeout(self.step, self.stream.write_all(text.as_bytes())).await {
            Err(_elapsed) => Err(Fault::WriteTimeout),
            Ok(written) => written.map_err(|_| Fault::Write),
        }
    }

    /// The code of the next line. The time is for the whole line, so that a byte now and then does not prolong it.
    async fn hear(&mut self) -> Result<Option<u16>, Fault> {
        let until = Instant::now().checked_add(self.step);
        let mut progress = self.line.feed(&[]);
        let mut buffer = [0; 512];
        loop {
            if let Progress::Complete(code) = progress {
                return Ok(code);
            }
            let read = self.stream.read(&mut buffer);
            let read = match until {
                Some(until) => timeout_at(until, read).await.map_err(|_| Fault::ReadTimeout)?,
                None => read.await,
            };
            match read {
                Ok(0) | Err(_) => return Err(Fault::Read),
                Ok(read) => progress = self.line.feed(&buffer[..read]),
            }
        }
    }
}
