//! SMTP alerts: the message keepalived writes, carried by lettre.
//!
//! One connection per alert. An alert that the server does not take is a line in the log, and is tried again as long as
//! `smtp_retry` says. The message is byte for byte the original's. Two things differ on the wire, both because lettre does
//! them: the greeting is `EHLO` rather than `HELO`, and a line that begins with a dot is stuffed (RFC 5321 §4.5.2).

mod dialogue;
mod message;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use dialogue::Post;
use message::compose;

/// Alerts that are delivered, or wait to be tried again, at the same time. Further ones wait for these: a thousand servers
/// that fail at once must not take the descriptors that their checks need.
const AT_ONCE: usize = 16;
/// Alerts that may wait. What comes beyond them is a line in the log.
const WAITING: usize = 4096;

/// When an alert is tried again first; each further pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LAST_PAUSE: Duration = Duration::from_secs(60);

/// Who is told, by which server. Part of a worker's plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// `smtp_server`.
    pub(crate) server: Server,
    /// `smtp_helo_name`, or the host's canonical name.
    pub(crate) helo: String,
    /// `notification_email_from`.
    pub(crate) from: String,
    /// `notification_email`, in order; never empty.
    pub(crate) to: Vec<String>,
    /// `smtp_connect_timeout`: the limit of the connection and of each reply.
    pub(crate) timeout: Duration,
    /// `router_id`, or the host's name.
    pub(crate) router_id: String,
    /// `smtp_tls`; without it nothing is protected.
    pub(crate) protection: Option<Protection>,
    /// What `smtp_auth_file` holds.
    pub(crate) login: Option<Login>,
    /// `smtp_retry`: how long an alert is tried again.
    pub(crate) retry: Duration,
}

/// A mail server: an address or a name, which is resolved for each alert so that no reload waits for the DNS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Server {
    /// An address in text form, or a host name.
    pub(crate) host: String,
    /// 25 unless configured.
    pub(crate) port: u16,
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]:{}", self.host, self.port)
    }
}

/// How the way to the mail server is protected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Protection {
    pub(crate) tls: Tls,
    /// Certificates in PEM of those that may vouch for the server; none are those that the system trusts.
    pub(crate) authorities: Option<Vec<u8>>,
}

impl Protection {
    /// Whether the authorities are of use.
    ///
    /// # Errors
    ///
    /// What is wrong with them.
    pub(crate) fn try_out(&self, host: &str) -> Result<(), String> {
        dialogue::tls_parameters(host, self).map(drop).map_err(|error| error.to_string())
    }
}

/// When TLS begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Tls {
    /// After a greeting (RFC 3207).
    Starttls,
    /// With the first byte (RFC 8314 §3.3).
    Implicit,
}

/// How the daemon makes itself known to the server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

/// Sends alerts without making its caller wait.
#[derive(Debug)]
pub(crate) struct Mailer {
    post: watch::Sender<Option<Arc<Post>>>,
    under_way: JoinSet<()>,
    turns: Arc<Semaphore>,
}

impl Mailer {
    /// A mailer; without settings it sends nothing.
    pub(crate) fn new(settings: Option<Settings>) -> Self {
        Self {
            post: watch::Sender::new(settings.map(Post::new).map(Arc::new)),
            under_way: JoinSet::new(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Takes new settings; alerts that wait are tried at once if there are others.
    pub(crate) fn reconfigure(&mut self, settings: Option<Settings>) {
        self.post.send_if_modified(|post| {
            let is_new = post.as_ref().map(|post| &post.settings) != settings.as_ref();
            if is_new {
                *post = settings.map(Post::new).map(Arc::new);
            }
            is_new
        });
    }

    /// Starts to send one alert. `subject` is what follows `[router_id] `; `body` is a single line.
    pub(crate) fn send(&mut self, subject: &str, body: &str) {
        while self.under_way.try_join_next().is_some() {}
        if self.post.borrow().is_none() {
            return;
        }
        if self.under_way.len() >= WAITING {
            tracing::info!("Too many SMTP alerts are waiting, left out: {subject}");
            return;
        }
        let alert = Alert {
            at: chrono::Local::now().fixed_offset(),
            since: Instant::now(),
            subject: subject.to_owned(),
            body: body.to_owned(),
        };
        let (post, turns) = (self.post.subscribe(), Arc::clone(&self.turns));
        self.under_way.spawn(async move {
            // The semaphore is never closed.
            let _turn = turns.acquire_owned().await;
            alert.deliver(post).await;
        });
    }

    /// Waits until the alerts under way are delivered, at most for `limit`.
    pub(crate) async fn finish(&mut self, limit: Duration) {
        let all = async { while self.under_way.join_next().await.is_some() {} };
        if timeout(limit, all).await.is_err() {
            tracing::info!("{} SMTP alerts could not be delivered before the end", self.under_way.len());
            self.under_way.abort_all();
        }
    }
}

/// Something to be told.
#[derive(Debug)]
struct Alert {
    /// When it happened.
    at: DateTime<FixedOffset>,
    since: Instant,
    subject: String,
    body: String,
}

impl Alert {
    /// Tells it, until it is told, nobody wants to hear it any more, or `smtp_retry` is over.
    async fn deliver(&self, mut post: watch::Receiver<Option<Arc<Post>>>) {
        let mut pause = FIRST_PAUSE;
        loop {
            let Some(current) = post.borrow_and_update().clone() else { return };
            let message = compose(&current.settings, self.at, &self.subject, &self.body);
            let Err(failure) = current.deliver(message.as_bytes()).await else {
                tracing::debug!("SMTP alert successfully sent.");
                return;
            };
            tracing::info!("{failure}");
            let retry = current.settings.retry;
            if failure.is_final() || self.since.elapsed() + pause > retry {
                if !retry.is_zero() {
                    tracing::info!("SMTP alert was not delivered: {}", self.subject);
                }
                return;
            }
            tracing::debug!("SMTP alert is tried again in {} seconds: {}", pause.as_secs(), self.subject);
            tokio::select! {
                () = sleep(pause) => pause = LAST_PAUSE.min(pause * 2),
                changed = post.changed() => match changed {
                    Ok(()) => pause = FIRST_PAUSE,
                    // Whoever sends the alerts is gone.
                    Err(_) => return,
                },
            }
        }
    }
}
