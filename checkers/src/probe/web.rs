//! `HTTP_GET` and `SSL_GET`: one page a probe, which must be as it is wanted (checkers.md §18).

use std::sync::LazyLock;
use std::time::Duration;

use crate::http::{Flaw, Host, Reason, Request};
use crate::io::exchange::{Exchange, Failed, Limits};
use crate::io::tls::{Client, PeerName};
use crate::params::{Scheme, TlsFarewell, WebCheck};
use crate::{Failure, Outcome};

/// A server that sends a byte now and then is listened to for so many times `connect_timeout`.
const PATIENCE: u32 = 10;

/// All sessions begin alike and none is resumed.
static CLIENT: LazyLock<Client> = LazyLock::new(Client::default);

/// How long everything together may take.
pub(super) fn time_limit(check: &WebCheck) -> Duration {
    check.endpoint.timeout.saturating_mul(PATIENCE)
}

pub(super) async fn probe(check: &WebCheck, page: usize) -> Outcome {
    match fetch(check, page).await {
        Ok(()) => Outcome::Passed,
        Err(outcome) => outcome,
    }
}

async fn fetch(check: &WebCheck, page: usize) -> Result<(), Outcome> {
    // Whoever counts wrongly gets the last one, not a success.
    let page = check.pages.get(page).or(check.pages.last());
    let page = page.ok_or(Outcome::Failed(Failure::Http(Reason::NoData)))?;
    let endpoint = &check.endpoint;
    let name;
    let tls = match check.scheme {
        Scheme::Http => None,
        Scheme::Https => {
            let indicated = page.server_name.as_deref().and_then(|name| PeerName::indicated(name).ok());
            name = indicated.unwrap_or_else(|| PeerName::unnamed(endpoint.dest.ip()));
            Some((&*CLIENT, &name))
        }
    };
    let host = page.host.as_deref().map(str::as_bytes).map_or(Host::Destination(endpoint.dest), Host::Named);
    let request = Request { version: check.version, path: page.path.as_bytes(), host }.bytes();
    let limits = Limits { step: endpoint.timeout, whole: time_limit(check) };
    let result = async {
        let mut exchange = Exchange::open(endpoint, tls, &request, limits).await?;
        while exchange.next().await?.is_some() {}
        if page.farewell == TlsFarewell::CloseNotify {
            exchange.say_farewell().await;
        }
        exchange.finish()
    };
    let response = result.await.map_err(|failed: Failed| failed.outcome)?;
    page.wanted.judge(&response).map_err(|flaw| {
        Outcome::Failed(Failure::Http(match flaw {
            Flaw::Status(_) => Reason::Status,
            Flaw::Digest(_) => Reason::Digest,
        }))
    })
}
