//! What is said to a mail server: one connection for each message, protected and with a password if that is wanted.

use std::fmt;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::message::envelope;
use super::{Protection, Server, Settings, Tls};

/// One mail server, and how it is spoken to.
pub(super) struct Post {
    pub(super) settings: Settings,
    /// Made for the first message, because the system's authorities are read for it.
    tls: OnceCell<TlsParameters>,
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Post").field(&self.settings).finish()
    }
}

/// A step of the dialogue, under the name that keepalived logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Auth,
    Mail,
    Rcpt,
    Data,
    Body,
    Quit,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auth => "AUTH",
            Self::Mail => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::Body => "BODY",
            Self::Quit => "QUIT",
        })
    }
}

/// Why a message was not delivered, where it can be in keepalived's words.
#[derive(Debug)]
pub(super) struct Failure {
    server: Server,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    ConnectTimeout,
    Connect(Error),
    ReadTimeout,
    Refused(Step, Error),
    Lost(Error),
    /// The server does not offer what the configuration asks for.
    Unable(Error),
    Tls(Error),
}

impl Failure {
    /// Whether the server would say the same the next time.
    pub(super) fn is_final(&self) -> bool {
        match &self.cause {
            Cause::Refused(_, error) => error.is_permanent(),
            Cause::Unable(_) => true,
            Cause::ConnectTimeout
            | Cause::Connect(_)
            | Cause::ReadTimeout
            | Cause::Lost(_)
            | Cause::Tls(_) => false,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = &self.server;
        match &self.cause {
            Cause::ConnectTimeout => {
                write!(f, "Timeout opening connection to remote SMTP server {server}.")
            }
            Cause::Connect(error) => write!(f, "SMTP connection ERROR to {server}. ({error})"),
            Cause::ReadTimeout => write!(f, "Timeout reading data to remote SMTP server {server}."),
            Cause::Refused(step, error) => {
                write!(f, "Error processing {step} cmd on SMTP server {server}. SMTP status code = ")?;
                error.status().map_or(Ok(()), |code| write!(f, "{code}"))
            }
            Cause::Lost(error) => {
                write!(f, "Remote SMTP server {server} has closed the connection. ({error})")
            }
            Cause::Unable(error) => write!(f, "SMTP server {server} cannot be used: {error}"),
            Cause::Tls(error) => write!(f, "No TLS with SMTP server {server}, so nothing is sent: {error}"),
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

/// What TLS with this server needs. Reads the system's authorities when none are given.
pub(super) fn tls_parameters(host: &str, protection: &Protection) -> Result<TlsParameters, Error> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(pem) = &protection.authorities {
        builder = builder
            .certificate_store(CertificateStore::None)
            .add_root_certificate(Certificate::from_pem(pem)?);
    }
    builder.build_rustls()
}

impl Post {
    pub(super) fn new(settings: Settings) -> Self {
        Self { settings, tls: OnceCell::new() }
    }

    /// Delivers a message, its lines ended by CR LF.
    pub(super) async fn deliver(&self, message: &[u8]) -> Result<(), Failure> {
        let mut connection = self.connect().await?;
        tracing::debug!("Remote SMTP server {} connected.", self.settings.server);
        let result = self.converse(&mut connection, message).await;
        // QUIT is sent after a refusal too. Whatever is answered to it, the server has or has not taken the message.
        if let Err(failure) = self.reply(Step::Quit, connection.quit()).await
            && result.is_ok()
        {
            tracing::info!("{failure}");
        }
        result
    }

    fn failure(&self, cause: Cause) -> Failure {
        Failure { server: self.settings.server.clone(), cause }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let Settings { server, helo, timeout: limit, protection, .. } = &self.settings;
        let tls = self.tls().await?;
        let (from_the_first_byte, asked_for) = match protection.as_ref().map(|one| one.tls) {
            Some(Tls::Implicit) => (tls, None),
            Some(Tls::Starttls) => (None, tls),
            None => (None, None),
        };
        let hello = ClientId::Domain(helo.clone());
        let connecting = async {
            let mut connection = AsyncSmtpConnection::connect_tokio1(
                (&*server.host, server.port),
                Some(*limit),
                &hello,
                from_the_first_byte,
                None,
            )
            .await?;
            if let Some(tls) = asked_for {
                connection.starttls(tls, &hello).await?;
            }
            Ok::<_, Error>(connection)
        };
        let error = match timeout(*limit, connecting).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) => error,
            Err(_) => return Err(self.failure(Cause::ConnectTimeout)),
        };
        Err(self.failure(if error.is_timeout() {
            Cause::ConnectTimeout
        } else if error.is_client() {
            Cause::Unable(error)
        } else {
            Cause::Connect(error)
        }))
    }

    async fn tls(&self) -> Result<Option<TlsParameters>, Failure> {
        let Some(protection) = self.settings.protection.clone() else { return Ok(None) };
        let host = self.settings.server.host.clone();
        let make = || async move {
            // A file of two hundred certificates is read here, which takes a while.
            match tokio::task::spawn_blocking(move || tls_parameters(&host, &protection)).await {
                Ok(made) => made.map_err(|error| self.failure(Cause::Tls(error))),
                Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
            }
        };
        self.tls.get_or_try_init(make).await.cloned().map(Some)
    }

    async fn converse(&self, connection: &mut AsyncSmtpConnection, message: &[u8]) -> Result<(), Failure> {
        let Settings { from, to, login, .. } = &self.settings;
        if let Some(login) = login {
            let credentials = Credentials::new(login.user.clone(), login.password.clone());
            self.reply(Step::Auth, connection.auth(DEFAULT_MECHANISMS, &credentials)).await?;
        }
        let from = Command(format!("MAIL FROM:<{}>", envelope(from)));
        self.reply(Step::Mail, connection.command(from)).await?;
        for to in to {
            let to = Command(format!("RCPT TO:<{}>", envelope(to)));
            self.reply(Step::Rcpt, connection.command(to)).await?;
        }
        self.reply(Step::Data, connection.command(Command("DATA".into()))).await?;
        self.reply(Step::Body, connection.message(message)).await
    }

    async fn reply(
        &self,
        step: Step,
        answer: impl Future<Output = Result<Response, Error>>,
    ) -> Result<(), Failure> {
        let error = match timeout(self.settings.timeout, answer).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => error,
            Err(_) => return Err(self.failure(Cause::ReadTimeout)),
        };
        Err(self.failure(if error.status().is_some() {
            Cause::Refused(step, error)
        } else if error.is_timeout() {
            Cause::ReadTimeout
        } else if error.is_client() {
            Cause::Unable(error)
        } else {
            Cause::Lost(error)
        }))
    }
}
