use std::net::SocketAddr;
use std::pin::pin;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::*;

pub(super) fn settings(server: SocketAddr) -> Settings {
    Settings {
        server: Server { host: server.ip().to_string(), port: server.port() },
        helo: "lb1.example.com".into(),
        from: "Keepalived Box <ka@lb1.example.com>".into(),
        to: vec![
            "admin@example.com".into(),
            "Ops.Team (night) <ops@example.org>".into(),
            "plain@example.net".into(),
        ],
        timeout: Duration::from_secs(20),
        router_id: "ROUTER_A".into(),
        protection: None,
        login: None,
        retry: Duration::ZERO,
    }
}

/// A mail server by the script of a test.
#[derive(Clone, Copy, Default)]
struct Script {
    /// The answer to lines that begin with this.
    answer: Option<(&'static str, &'static str)>,
    /// What `EHLO` is told besides.
    offers: &'static [&'static str],
}

const OBEDIENT: Script = Script { answer: None, offers: &[] };

/// How a dialogue ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Closed,
    Starttls,
}

impl Script {
    /// Answers each line as told and keeps what it hears.
    async fn play(self, stream: impl AsyncRead + AsyncWrite, greet: bool, heard: &mut Vec<String>) -> End {
        let stream = pin!(stream);
        let mut stream = BufReader::new(stream);
        if greet {
            stream.write_all(b"220 sink ESMTP\r\n").await.unwrap();
        }
        let mut in_data = false;
        loop {
            let mut line = String::new();
            if !matches!(stream.read_line(&mut line).await, Ok(1..)) {
                return End::Closed;
            }
            let line = line.trim_end().to_owned();
            heard.push(line.clone());
            let answer = match (&*line, in_data) {
                (".", true) => {
                    in_data = false;
                    "250 stored".to_owned()
                }
                (_, true) => continue,
                (text, false) if self.answer.is_some_and(|(start, _)| text.starts_with(start)) => {
                    self.answer.unwrap_or_default().1.to_owned()
                }
                ("DATA", false) => {
                    in_data = true;
                    "354 go on".to_owned()
                }
                ("STARTTLS", false) => {
                    stream.write_all(b"220 go on\r\n").await.unwrap();
                    return End::Starttls;
                }
                ("QUIT", false) => "221 bye".to_owned(),
                (text, false) if text.starts_with("EHLO") => {
                    let offers = self.offers.iter().map(|offer| format!("250-{offer}\r\n"));
                    format!("{}250 SIZE 1000000", offers.collect::<String>())
                }
                (text, false) if text.starts_with("AUTH") => "235 welcome".to_owned(),
                (_, false) => "250 ok".to_owned(),
            };
            if stream.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
                return End::Closed;
            }
        }
    }
}

/// Plays the script with one client, without TLS.
async fn plain(listener: &TcpListener, script: Script) -> Vec<String> {
    let mut heard = Vec::new();
    script.play(listener.accept().await.unwrap().0, true, &mut heard).await;
    heard
}

/// A certificate in PEM for the loopback address, and the server that has it.
fn identity() -> (Vec<u8>, TlsAcceptor) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    let server = ServerConfig::builder().with_no_client_auth();
    let server = server.with_single_cert(vec![cert.der().clone()], key).unwrap();
    (cert.pem().into_bytes(), TlsAcceptor::from(Arc::new(server)))
}

async fn listen() -> (TcpListener, Settings) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = settings(listener.local_addr().unwrap());
    (listener, settings)
}

async fn failure(settings: Settings) -> String {
    Post::new(settings).deliver(b"Subject: x\r\n").await.unwrap_err().to_string()
}

const ENVELOPE: [&str; 4] = [
    "MAIL FROM:<ka@lb1.example.com>",
    "RCPT TO:<admin@example.com>",
    "RCPT TO:<ops@example.org>",
    "RCPT TO:<plain@example.net>",
];

#[tokio::test]
async fn an_alert_is_delivered_to_every_recipient() {
    let (listener, settings) = listen().await;
    let post = Post::new(settings);
    let (heard, sent) =
        tokio::join!(plain(&listener, OBEDIENT), post.deliver(b"Subject: x\r\n\r\n.leading dot\r\n"));
    sent.unwrap();
    assert_eq!(heard[0], "EHLO lb1.example.com");
    assert_eq!(heard[1..5], ENVELOPE);
    assert_eq!(heard[5..], ["DATA", "Subject: x", "", "..leading dot", "", ".", "QUIT"]);
}

#[tokio::test]
async fn a_refused_recipient_is_named_with_its_code_and_ends_the_dialogue() {
    let (listener, settings) = listen().await;
    let port = settings.server.port;
    let script = Script { answer: Some(("RCPT", "550 no")), ..OBEDIENT };
    let (heard, failure) = tokio::join!(plain(&listener, script), failure(settings));
    assert_eq!(
        failure,
        format!("Error processing RCPT cmd on SMTP server [127.0.0.1]:{port}. SMTP status code = 550")
    );
    assert_eq!(heard.last().map(String::as_str), Some("QUIT"));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let (listener, settings) = listen().await;
    drop(listener);
    let port = settings.server.port;
    let failure = failure(settings).await;
    assert!(failure.starts_with(&format!("SMTP connection ERROR to [127.0.0.1]:{port}.")), "{failure}");
}

#[tokio::test]
async fn with_tls_from_the_first_byte_the_password_goes_after_the_handshake() {
    let (listener, mut settings) = listen().await;
    let (pem, acceptor) = identity();
    settings.protection = Some(Protection { tls: Tls::Implicit, authorities: Some(pem) });
    settings.login = Some(Login { user: "ka".into(), password: "secret".into() });
    let server = async {
        let stream = acceptor.accept(listener.accept().await.unwrap().0).await.unwrap();
        let mut heard = Vec::new();
        let script = Script { offers: &["AUTH PLAIN LOGIN"], ..OBEDIENT };
        script.play(stream, true, &mut heard).await;
        heard
    };
    let post = Post::new(settings);
    let (heard, sent) = tokio::join!(server, post.deliver(b"x\r\n"));
    sent.unwrap();
    // NUL ka NUL secret, as RFC 4616 has it.
    assert_eq!(heard[..2], ["EHLO lb1.example.com", "AUTH PLAIN AGthAHNlY3JldA=="]);
    assert_eq!(heard[2..6], ENVELOPE);
}

#[tokio::test]
async fn starttls_comes_before_everything_else() {
    let (listener, mut settings) = listen().await;
    let (pem, acceptor) = identity();
    settings.protection = Some(Protection { tls: Tls::Starttls, authorities: Some(pem) });
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let script = Script { offers: &["STARTTLS"], ..OBEDIENT };
        let mut heard = Vec::new();
        assert_eq!(script.play(&mut stream, true, &mut heard).await, End::Starttls);
        let stream = acceptor.accept(stream).await.unwrap();
        script.play(stream, false, &mut heard).await;
        heard
    };
    let post = Post::new(settings);
    let (heard, sent) = tokio::join!(server, post.deliver(b"x\r\n"));
    sent.unwrap();
    assert_eq!(heard[..3], ["EHLO lb1.example.com", "STARTTLS", "EHLO lb1.example.com"]);
    assert_eq!(heard[3..7], ENVELOPE);
}

#[tokio::test]
async fn nothing_is_sent_to_a_server_without_the_starttls_that_is_wanted() {
    let (listener, mut settings) = listen().await;
    let (pem, _) = identity();
    settings.protection = Some(Protection { tls: Tls::Starttls, authorities: Some(pem) });
    let port = settings.server.port;
    let post = Post::new(settings);
    let (heard, sent) = tokio::join!(plain(&listener, OBEDIENT), post.deliver(b"x\r\n"));
    let failure = sent.unwrap_err();
    assert!(failure.is_final());
    assert!(
        failure.to_string().starts_with(&format!("SMTP server [127.0.0.1]:{port} cannot be used: ")),
        "{failure}"
    );
    assert!(!heard.iter().any(|line| line.starts_with("MAIL")), "{heard:?}");
}

#[tokio::test]
async fn nothing_is_sent_to_a_server_that_nobody_vouches_for() {
    let (listener, mut settings) = listen().await;
    let ((_, acceptor), (others, _)) = (identity(), identity());
    settings.protection = Some(Protection { tls: Tls::Implicit, authorities: Some(others) });
    let port = settings.server.port;
    let server = async { acceptor.accept(listener.accept().await.unwrap().0).await.is_err() };
    let (is_refused, failure) = tokio::join!(server, failure(settings));
    assert!(is_refused);
    assert!(
        failure.starts_with(&format!("SMTP connection ERROR to [127.0.0.1]:{port}. "))
            && failure.contains("invalid peer certificate"),
        "{failure}"
    );
}

#[tokio::test]
async fn an_alert_is_tried_again_until_the_server_takes_it() {
    let (listener, mut settings) = listen().await;
    settings.retry = Duration::from_secs(600);
    let mut mailer = Mailer::new(Some(settings));
    mailer.send("VRRP Instance VI_1 - Stopping", "=> VRRP Instance stopping <=");
    let busy = Script { answer: Some(("MAIL", "451 later")), ..OBEDIENT };
    assert_eq!(plain(&listener, busy).await.last().map(String::as_str), Some("QUIT"));
    let heard = plain(&listener, OBEDIENT).await;
    assert!(heard.contains(&"Subject: [ROUTER_A] VRRP Instance VI_1 - Stopping".to_owned()), "{heard:?}");
    mailer.finish(Duration::from_secs(20)).await;
    assert!(mailer.under_way.is_empty());
}

#[tokio::test]
async fn an_alert_that_is_refused_for_good_is_not_tried_again() {
    let (listener, mut settings) = listen().await;
    settings.retry = Duration::from_secs(600);
    let mut mailer = Mailer::new(Some(settings));
    mailer.send("x", "y");
    plain(&listener, Script { answer: Some(("MAIL", "550 never")), ..OBEDIENT }).await;
    mailer.finish(Duration::from_secs(20)).await;
    assert!(mailer.under_way.is_empty());
}

#[tokio::test]
async fn an_alert_that_waits_goes_to_the_server_of_a_new_configuration() {
    let (lost, mut settings) = listen().await;
    drop(lost);
    settings.retry = Duration::from_secs(600);
    let mut mailer = Mailer::new(Some(settings.clone()));
    mailer.send("x", "y");
    let (listener, other) = listen().await;
    mailer.reconfigure(Some(Settings { server: other.server, ..settings }));
    let heard = plain(&listener, OBEDIENT).await;
    assert!(heard.contains(&"Subject: [ROUTER_A] x".to_owned()), "{heard:?}");
}

#[tokio::test]
async fn sixteen_alerts_are_under_way_and_the_next_goes_when_one_has_ended() {
    let (listener, settings) = listen().await;
    let mut mailer = Mailer::new(Some(settings));
    for number in 0..20 {
        mailer.send(&format!("alert {number}"), "x");
    }
    // Nobody is greeted, so each stays.
    let next = async || timeout(Duration::from_secs(20), listener.accept()).await.unwrap().unwrap().0;
    let mut clients = Vec::new();
    for _ in 0..16 {
        clients.push(next().await);
    }
    let seventeenth = timeout(Duration::from_millis(200), listener.accept()).await;
    assert!(seventeenth.is_err(), "it has to wait");
    clients.pop();
    next().await;
}

#[tokio::test]
async fn alerts_beyond_the_4096_that_may_wait_are_left_out() {
    let (_listener, settings) = listen().await;
    let mut mailer = Mailer::new(Some(settings));
    for number in 0..5000 {
        mailer.send(&format!("alert {number}"), "x");
    }
    assert_eq!(mailer.under_way.len(), 4096);
    // Nobody wants them any more.
    mailer.reconfigure(None);
    mailer.finish(Duration::from_secs(20)).await;
    assert!(mailer.under_way.is_empty());
}

#[test]
fn a_password_is_not_printed() {
    let login = Login { user: "ka".into(), password: "secret".into() };
    assert_eq!(format!("{login:?}"), "Login { user: \"ka\", .. }");
}
