//! `-R`: command lines from standard input. Changes travel to the kernel many at a time; each refusal is told in the
//! place where its line stands.

use std::io::{BufRead as _, BufReader, Read};

use ipvs::Request;
use ipvsadm::Command;

use super::{End, Session};

/// Changes that may wait to be sent. The crate `ipvs` cuts them into datagrams.
const BATCH: usize = 1000;

/// Command lines on their way.
#[derive(Default)]
struct Progress {
    /// Changes that are not sent yet, in order.
    waiting: Vec<Request>,
    /// The exit code of the last line that was carried out.
    code: u8,
}

impl Session<'_> {
    /// Carries out line after line and gives the exit code of the last one. A refusal of the kernel and an option that
    /// cannot be read do not stop it; anything else does.
    pub(super) async fn restore(&mut self, mut input: BufReader<impl Read>) -> Result<u8, End> {
        let mut progress = Progress::default();
        let mut line = Vec::new();
        loop {
            line.clear();
            if input.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            let text = String::from_utf8_lossy(&line);
            let words = ipvsadm::words(&text);
            if !words.is_empty() && self.line(&words, &mut progress).await? == Next::Stop {
                return Ok(progress.code);
            }
            // Whoever writes line by line wants to see each line done.
            if progress.waiting.len() >= BATCH || input.buffer().is_empty() {
                self.send(&mut progress).await?;
            }
        }
        self.send(&mut progress).await?;
        Ok(progress.code)
    }

    async fn line(&mut self, words: &[&str], progress: &mut Progress) -> Result<Next, End> {
        let command = match ipvsadm::read(words, self.program, &self.names) {
            // A daemon that stops may take the kernel's answers along, so nothing waits with it.
            Ok(Command::Change(request)) if !matches!(request, Request::DelDaemon { .. }) => {
                progress.waiting.push(request);
                return Ok(Next::Line);
            }
            other => other,
        };
        self.send(progress).await?;
        let last = matches!(command, Ok(Command::Help | Command::Version));
        let done = match command {
            Ok(command) => self.carry_out(command).await,
            Err(refusal) => Err(refusal.into()),
        };
        let goes_on = match done {
            Ok(()) => {
                progress.code = 0;
                !last
            }
            Err(End::Refused(refusal)) => {
                progress.code = refusal.code;
                let goes_on = refusal.goes_on;
                End::Refused(refusal).tell();
                goes_on
            }
            Err(end) => return Err(end),
        };
        Ok(if goes_on { Next::Line } else { Next::Stop })
    }

    /// Sends what waits, and tells what is refused.
    async fn send(&mut self, progress: &mut Progress) -> Result<(), End> {
        let requests = std::mem::take(&mut progress.waiting);
        if requests.is_empty() {
            return Ok(());
        }
        let answers = self.handle().await?.apply(&requests).await?;
        for (request, answer) in requests.iter().zip(answers) {
            progress.code = match answer {
                Ok(()) => 0,
                Err(refusal) => End::Refused(ipvsadm::of_kernel(request, &refusal)).tell(),
            };
        }
        Ok(())
    }
}

/// What comes after a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Line,
    Stop,
}
