//! SMTP alerts: the message keepalived writes, carried by lettre.
//!
//! One connection per alert, no queue, no retry: an alert that cannot be delivered is a line in the log. The message is
//! byte for byte the original's. Two things differ on the wire, both because lettre does them: the greeting is `EHLO`
//! rather than `HELO`, and a line that begins with a dot is stuffed (RFC 5321 §4.5.2).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// The longest subject, in bytes, as keepalived cuts it.
const MAX_SUBJECT: usize = 255;
/// The longest body line, in bytes.
const MAX_BODY: usize = 511;

/// Alerts that are delivered at the same time. Further ones wait: a thousand servers that fail at once must not take the
/// descriptors that their checks need.
const AT_ONCE: usize = 16;
/// Alerts that may wait. What comes beyond them is a line in the log.
const WAITING: usize = 4096;

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

/// Sends alerts without making its caller wait.
#[derive(Debug)]
pub(crate) struct Mailer {
    settings: Option<Arc<Settings>>,
    under_way: JoinSet<()>,
    turns: Arc<Semaphore>,
}

impl Mailer {
    /// A mailer; without settings it sends nothing.
    pub(crate) fn new(settings: Option<Settings>) -> Self {
        Self {
            settings: settings.map(Arc::new),
            under_way: JoinSet::new(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Takes new settings; alerts under way go on with the old ones.
    pub(crate) fn reconfigure(&mut self, settings: Option<Settings>) {
        self.settings = settings.map(Arc::new);
    }

    /// Starts to send one alert. `subject` is what follows `[router_id] `; `body` is a single line.
    pub(crate) fn send(&mut self, subject: &str, body: &str) {
        while self.under_way.try_join_next().is_some() {}
        let Some(settings) = self.settings.clone() else { return };
        if self.under_way.len() >= WAITING {
            tracing::info!("Too many SMTP alerts are waiting, left out: {subject}");
            return;
        }
        let turns = Arc::clone(&self.turns);
        let message = compose(&settings, chrono::Local::now().fixed_offset(), subject, body);
        self.under_way.spawn(async move {
            // The semaphore is never closed.
            let _turn = turns.acquire_owned().await;
            match deliver(&settings, message.as_bytes()).await {
                Ok(()) => tracing::debug!("SMTP alert successfully sent."),
                Err(failure) => tracing::info!("{failure}"),
            }
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

/// A step of the dialogue, under the name that keepalived logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Mail,
    Rcpt,
    Data,
    Body,
    Quit,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mail => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::Body => "BODY",
            Self::Quit => "QUIT",
        })
    }
}

/// Why an alert was not delivered, in keepalived's words.
#[derive(Debug)]
enum Failure {
    ConnectTimeout(Server),
    Connect(Server, lettre::transport::smtp::Error),
    ReadTimeout(Server),
    Refused(Server, Step, String),
    Lost(Server, lettre::transport::smtp::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConnectTimeout(server) => {
                write!(f, "Timeout opening connection to remote SMTP server {server}.")
            }
            Self::Connect(server, error) => write!(f, "SMTP connection ERROR to {server}. ({error})"),
            Self::ReadTimeout(server) => {
                write!(f, "Timeout reading data to remote SMTP server {server}.")
            }
            Self::Refused(server, step, code) => {
                write!(f, "Error processing {step} cmd on SMTP server {server}. SMTP status code = {code}")
            }
            Self::Lost(server, error) => {
                write!(f, "Remote SMTP server {server} has closed the connection. ({error})")
            }
        }
    }
}

/// A command line for the server. Line ends cannot occur: words of the configuration have none, and any control
/// character is dropped here all the same.
struct Command(String);

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.0.replace(|c: char| c.is_control(), "");
        write!(f, "{line}\r\n")
    }
}

async fn deliver(settings: &Settings, message: &[u8]) -> Result<(), Failure> {
    let server = settings.server.clone();
    let hello = ClientId::Domain(settings.helo.clone());
    let connecting = AsyncSmtpConnection::connect_tokio1(
        (&*server.host, server.port),
        Some(settings.timeout),
        &hello,
        None,
        None,
    );
    let mut connection = match timeout(settings.timeout, connecting).await {
        Err(_) => return Err(Failure::ConnectTimeout(server)),
        Ok(Err(error)) if error.is_timeout() => return Err(Failure::ConnectTimeout(server)),
        Ok(Err(error)) => return Err(Failure::Connect(server, error)),
        Ok(Ok(connection)) => connection,
    };
    tracing::debug!("Remote SMTP server {server} connected.");

    let result = converse(settings, &mut connection, message).await;
    // QUIT is sent after a refusal too; its own answer no longer matters then.
    let quit = reply(settings, Step::Quit, connection.quit()).await;
    result.and(quit)
}

async fn converse(
    settings: &Settings,
    connection: &mut AsyncSmtpConnection,
    message: &[u8],
) -> Result<(), Failure> {
    let from = Command(format!("MAIL FROM:<{}>", envelope(&settings.from)));
    reply(settings, Step::Mail, connection.command(from)).await?;
    for to in &settings.to {
        let to = Command(format!("RCPT TO:<{}>", envelope(to)));
        reply(settings, Step::Rcpt, connection.command(to)).await?;
    }
    reply(settings, Step::Data, connection.command(Command("DATA".into()))).await?;
    reply(settings, Step::Body, connection.message(message)).await
}

async fn reply(
    settings: &Settings,
    step: Step,
    answer: impl Future<Output = Result<Response, lettre::transport::smtp::Error>>,
) -> Result<(), Failure> {
    let server = settings.server.clone();
    match timeout(settings.timeout, answer).await {
        Err(_) => Err(Failure::ReadTimeout(server)),
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(match error.status() {
            Some(code) => Failure::Refused(server, step, code.to_string()),
            None if error.is_timeout() => Failure::ReadTimeout(server),
            None => Failure::Lost(server, error),
        }),
    }
}

/// The part of a configured address that goes into the envelope: what stands in `<…>`, else all of it.
fn envelope(address: &str) -> &str {
    match (address.rfind('<'), address.strip_suffix('>')) {
        (Some(open), Some(inner)) => &inner[open + 1..],
        (None, _) | (_, None) => address,
    }
}

/// An address as it stands in a header: a display name with a special character is quoted (RFC 5322 §3.2.3).
fn header(address: &str) -> String {
    let Some(open) = address.rfind('<').filter(|_| address.ends_with('>')) else { return address.to_owned() };
    let name = address[..open].trim_end();
    let already_quoted = name.len() >= 2 && name.starts_with('"') && name.ends_with('"');
    if already_quoted || !name.contains(|c| r#"()<>[]:;@\,.""#.contains(c)) {
        return address.to_owned();
    }
    let escaped = name.replace('\\', r"\\").replace('"', r#"\""#);
    format!("\"{escaped}\" {}", &address[open..])
}

/// Cuts to at most `limit` bytes, never through a character.
fn cut(text: &str, limit: usize) -> &str {
    let mut end = text.len().min(limit);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The message without the empty line and the dot that end it on the wire; the transport adds these.
fn compose(
    settings: &Settings,
    now: chrono::DateTime<chrono::FixedOffset>,
    subject: &str,
    body: &str,
) -> String {
    let subject = format!("[{}] {subject}", settings.router_id);
    let to = settings.to.iter().map(|address| header(address)).collect::<Vec<_>>().join(",\r\n ");
    format!(
        "Date: {}\r\nFrom: {}\r\nSubject: {}\r\nX-Mailer: Keepalived\r\nTo: {to}\r\n\r\n{}\r\n",
        now.format("%a, %d %b %Y %T %z"),
        header(&settings.from),
        cut(&subject, MAX_SUBJECT),
        cut(body, MAX_BODY),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::net::TcpListener;

    fn settings(server: SocketAddr) -> Settings {
        Settings {
            server: Server { host: server.ip().to_string(), port: server.port() },
            helo: "lb1.example.com".into(),
            from: "Keepalived Box <ka@lb1.example.com>".into(),
            to: vec![
                "admin@example.com".into(),
                "Ops.Team (night) <ops@example.org>".into(),
                "plain@example.net".into(),
            ],
            timeout: Duration::from_secs(5),
            router_id: "ROUTER_A".into(),
        }
    }

    #[test]
    fn the_message_is_the_originals_byte_for_byte() {
        let now = chrono::DateTime::parse_from_rfc3339("2026-11-22T15:00:31+00:00").unwrap();
        let text = compose(
            &settings(([127, 0, 0, 1], 25).into()),
            now,
            "VRRP Group G1 - Entering BACKUP state",
            "=> All VRRP group instances are now in BACKUP state <=",
        );
        assert_eq!(
            text,
            "Date: Sun, 22 Nov 2026 15:00:31 +0000\r\n\
             From: Keepalived Box <ka@lb1.example.com>\r\n\
             Subject: [ROUTER_A] VRRP Group G1 - Entering BACKUP state\r\n\
             X-Mailer: Keepalived\r\n\
             To: admin@example.com,\r\n \"Ops.Team (night)\" <ops@example.org>,\r\n plain@example.net\r\n\
             \r\n\
             => All VRRP group instances are now in BACKUP state <=\r\n"
        );
    }

    #[test]
    fn the_envelope_holds_only_what_stands_in_angle_brackets() {
        assert_eq!(envelope("Ops <ops@example.org>"), "ops@example.org");
        assert_eq!(envelope("a < b <ops@example.org>"), "ops@example.org");
        assert_eq!(envelope("ops@example.org"), "ops@example.org");
        assert_eq!(envelope(">"), ">");
    }

    #[test]
    fn a_long_subject_is_cut_between_characters() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
    }

    /// Answers each line as told and gives back what it heard.
    async fn server(listener: TcpListener, refuse: Option<&'static str>) -> Vec<String> {
        let (stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.into_split();
        write.write_all(b"220 sink ESMTP\r\n").await.unwrap();
        let mut lines = BufReader::new(read).lines();
        let mut heard = Vec::new();
        let mut in_data = false;
        while let Ok(Some(line)) = lines.next_line().await {
            heard.push(line.clone());
            let answer = match (&*line, in_data) {
                (".", true) => {
                    in_data = false;
                    "250 stored\r\n"
                }
                (_, true) => continue,
                (text, false) if refuse.is_some_and(|word| text.starts_with(word)) => "550 no\r\n",
                ("DATA", false) => {
                    in_data = true;
                    "354 go on\r\n"
                }
                ("QUIT", false) => "221 bye\r\n",
                (_, false) => "250 ok\r\n",
            };
            write.write_all(answer.as_bytes()).await.unwrap();
        }
        heard
    }

    #[tokio::test]
    async fn an_alert_is_delivered_to_every_recipient() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let settings = settings(listener.local_addr().unwrap());
        let sink = tokio::spawn(server(listener, None));
        deliver(&settings, b"Subject: x\r\n\r\n.leading dot\r\n").await.unwrap();
        let heard = sink.await.unwrap();
        assert_eq!(
            heard,
            [
                "EHLO lb1.example.com",
                "MAIL FROM:<ka@lb1.example.com>",
                "RCPT TO:<admin@example.com>",
                "RCPT TO:<ops@example.org>",
                "RCPT TO:<plain@example.net>",
                "DATA",
                "Subject: x",
                "",
                "..leading dot",
                "",
                ".",
                "QUIT",
            ]
        );
    }

    #[tokio::test]
    async fn a_refused_recipient_is_named_with_its_code_and_ends_the_dialogue() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let sink = tokio::spawn(server(listener, Some("RCPT")));
        let failure = deliver(&settings(address), b"x\r\n").await.unwrap_err();
        assert_eq!(
            failure.to_string(),
            format!(
                "Error processing RCPT cmd on SMTP server [127.0.0.1]:{}. SMTP status code = 550",
                address.port()
            )
        );
        assert_eq!(sink.await.unwrap().last().map(String::as_str), Some("QUIT"));
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_named() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let failure = deliver(&settings(address), b"x\r\n").await.unwrap_err().to_string();
        assert!(
            failure.starts_with(&format!("SMTP connection ERROR to [127.0.0.1]:{}.", address.port())),
            "{failure}"
        );
    }
}
