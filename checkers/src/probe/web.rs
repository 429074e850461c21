//! `HTTP_GET` and `SSL_GET`: one page a probe, which must be as it is wanted (checkers.md §18).

use std::time::Duration;

use tokio::sync::oneshot;

use crate::http::{Flaw, Host, Reason, Request, Response, Wanted};
use crate::io::exchange::{Exchange, Failed, Limits};
use crate::io::tls::{PeerName, Tls};
use crate::params::{Scheme, TlsFarewell, WebCheck};
use crate::{Failure, Found, LengthMismatch, Outcome};

/// A server that sends a byte now and then is listened to for so many times `connect_timeout`.
const PATIENCE: u32 = 10;

/// From so many bytes on a search has a thread of its own.
const LONG: usize = 4 * 1024;

/// How long everything together may take.
pub(super) fn time_limit(check: &WebCheck) -> Duration {
    check.endpoint.timeout.saturating_mul(PATIENCE)
}

pub(super) async fn probe(check: &WebCheck, page: usize, tls: &Tls) -> Found {
    let mut mismatch = None;
    let outcome = fetch(check, page, tls, &mut mismatch).await.err().unwrap_or(Outcome::Passed);
    Found { outcome, mismatch }
}

async fn fetch(
    check: &WebCheck,
    page: usize,
    tls: &Tls,
    mismatch: &mut Option<LengthMismatch>,
) -> Result<(), Outcome> {
    // Whoever counts wrongly gets the last one, not a success.
    let page = check.pages.get(page).or(check.pages.last());
    let page = page.ok_or(Outcome::Failed(Failure::Http(Reason::NoData)))?;
    let endpoint = &check.endpoint;
    let session;
    let tls = match check.scheme {
        Scheme::Http => None,
        Scheme::Https => {
            let indicated = page.server_name.as_deref().and_then(|name| PeerName::indicated(name).ok());
            let name = indicated.unwrap_or_else(|| PeerName::unnamed(endpoint.dest.ip()));
            session = (tls.client(check.trust), name);
            Some((&session.0, &session.1))
        }
    };
    let host = page.host.as_deref().map(str::as_bytes).map_or(Host::Destination(endpoint.dest), Host::Named);
    let request = Request { version: check.version, path: page.path.as_bytes(), host }.bytes();
    let limits = Limits { step: endpoint.timeout, whole: time_limit(check), keep: page.wanted.keep() };
    let result = async {
        let mut exchange = Exchange::open(endpoint, tls, &request, limits).await?;
        while exchange.next().await?.is_some() {}
        if page.farewell == TlsFarewell::CloseNotify {
            exchange.say_farewell().await;
        }
        exchange.finish()
    };
    let response = result.await.map_err(|failed: Failed| failed.outcome)?;
    *mismatch =
        response.length_mismatch().map(|(announced, received)| LengthMismatch { announced, received });
    judge(&page.wanted, response).await.map_err(|flaw| {
        Outcome::Failed(Failure::Http(match flaw {
            Flaw::Status(_) => Reason::Status,
            Flaw::Digest(_) => Reason::Digest,
            Flaw::Pattern => Reason::Regex,
        }))
    })
}

/// A search may take long where pattern and text are at odds with one another. It must not hold up other probes.
async fn judge(wanted: &Wanted, response: Response) -> Result<(), Flaw> {
    if wanted.pattern.is_none() || response.text().0.len() < LONG {
        return wanted.judge(&response);
    }
    let (wanted, (say, said)) = (wanted.clone(), oneshot::channel());
    // Not on the runtime's own threads: a process that ends does not wait for this one.
    let searching = std::thread::Builder::new().name("regex".into()).spawn(move || {
        let _nobody_listens = say.send(wanted.judge(&response));
    });
    match searching {
        Ok(_detached) => said.await.unwrap_or(Err(Flaw::Pattern)),
        Err(_no_thread) => Err(Flaw::Pattern),
    }
}
