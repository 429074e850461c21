//! `genhash`: fetches a page as `HTTP_GET` and `SSL_GET` do and prints the digest to put into keepalived.conf
//! (checkers.md §26.2).

mod options;
mod report;

use std::io::{self, BufWriter, Write};
use std::time::{Duration, Instant};

use checkers::http::{Host, Reason, Request, Response};
use checkers::io::exchange::{Exchange, Failed, Limits};
use checkers::io::tls::Client;
use checkers::params::Endpoint;

use self::options::{DEFAULT_TIMEOUT, Options};
use self::report::Report;
use crate::cli::Genhash;
use crate::exit::Exit;

/// Does what the command line asks for. As scripts know it, only a refused command line ends with an error.
pub(crate) fn run(call: Genhash) -> Exit {
    let options = match options::read(call) {
        Ok(options) => options,
        Err(refusal) => {
            eprint!("{refusal}");
            return Exit::Fatal;
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("cannot start: {error}");
            return Exit::Fatal;
        }
    };
    let mut out = BufWriter::new(io::stdout().lock());
    // Whoever closes the output has seen enough.
    let _seen_enough = runtime.block_on(show(&options, &mut out)).and_then(|()| out.flush());
    Exit::Ok
}

/// Why there is no response.
enum Stopped {
    Failed(Failed),
    Output(io::Error),
}

impl From<Failed> for Stopped {
    fn from(failed: Failed) -> Self {
        Self::Failed(failed)
    }
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

async fn show(options: &Options, out: &mut impl Write) -> io::Result<()> {
    let mut report = Report::new(out, options.verbose);
    let begun = Instant::now();
    match fetch(options, &mut report).await {
        Ok(response) => report.digest(response.digest())?,
        Err(Stopped::Output(error)) => return Err(error),
        Err(Stopped::Failed(Failed { reason, detail, outcome: _ })) => {
            // keepalived has words of its own for this one, and says them elsewhere.
            if reason == Reason::NoData {
                report.nothing()?;
                eprintln!("no data received from remote webserver");
            } else {
                report.failure(reason)?;
            }
            if let Some(detail) = detail {
                eprintln!("{detail}");
            }
        }
    }
    report.time(&options.url, begun.elapsed())
}

async fn fetch(options: &Options, report: &mut Report<impl Write>) -> Result<Response, Stopped> {
    let timeout = options.timeout;
    let host = options.virtual_host.as_deref().map_or(Host::Destination(options.server), Host::Named);
    let request = Request { version: options.version, path: &options.url, host }.bytes();
    let endpoint = Endpoint { dest: options.server, bind: None, device: None, timeout, mark: options.mark };
    let client = Client::default();
    let tls = options.tls.as_ref().map(|name| (&client, name));
    let limits = Limits { step: timeout, whole: whole(timeout), keep: 0 };
    let mut exchange = Exchange::open(&endpoint, tls, &request, limits).await?;
    while let Some(part) = exchange.next().await? {
        report.part(part)?;
    }
    Ok(exchange.finish()?)
}

/// A server that sends a byte now and then may go on for a hundred timeouts, or for the default one if that is less.
fn whole(timeout: Duration) -> Duration {
    timeout.saturating_mul(100).min(timeout.max(DEFAULT_TIMEOUT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_is_bounded_but_never_shorter_than_one_timeout() {
        let seconds = |timeout| whole(Duration::from_secs(timeout)).as_secs();
        assert_eq!([0, 1, 60, 5000].map(seconds), [0, 100, 4294, 5000]);
        assert_eq!(whole(DEFAULT_TIMEOUT), DEFAULT_TIMEOUT);
        assert_eq!(whole(Duration::MAX), Duration::MAX);
    }
}
