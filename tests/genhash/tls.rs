//! Over TLS, with a certificate that nobody signed.

use std::time::Duration;

use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ALL_VERSIONS, SupportedProtocolVersion};

use super::client::{HELLO, digest, genhash, like_debian, without_time};
use super::server::{Server, Step, pause, send};

const HEAD: &str = "HTTP/1.0 200 OK\r\n\r\n";
const REFUSED: &str = "SSL handshake/communication error connecting to\n";

fn hello(versions: &[&'static SupportedProtocolVersion], end: Step) -> Server {
    Server::tls(versions, &[send(HEAD), send("hello"), end])
}

#[test]
fn both_versions_work_and_no_certificate_is_verified() {
    for version in [&TLS12, &TLS13] {
        assert_eq!(like_debian(&hello(&[version], Step::CloseNotify), &["-S"]), digest(HELLO), "{version:?}");
    }
}

#[test]
fn the_request_is_the_one_of_plain_http() {
    let server = hello(ALL_VERSIONS, Step::CloseNotify);
    genhash(&server, &["-S", "-V", "h"]);
    assert_eq!(
        server.asked().request,
        "GET /page HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: h\r\n\r\n"
    );
}

#[test]
fn a_server_name_is_sent_only_when_it_is_wanted() {
    let server = hello(ALL_VERSIONS, Step::CloseNotify);
    for (options, name) in [
        (&["-S"][..], None),
        (&["-S", "-V", "www.example.org"], None),
        (&["-S", "-I"], None),
        (&["-S", "-I", "-V", "www.example.org"], Some("www.example.org")),
    ] {
        like_debian(&server, options);
        assert_eq!(server.asked().server_name.as_deref(), name, "{options:?}");
        if super::client::original().is_some() {
            assert_eq!(server.asked().server_name.as_deref(), name, "{options:?}, asked by the original");
        }
    }
}

#[test]
fn a_port_is_not_part_of_the_server_name() {
    let server = hello(ALL_VERSIONS, Step::CloseNotify);
    assert_eq!(genhash(&server, &["-S", "-I", "-V", "www.example.org:8443"]), digest(HELLO));
    let asked = server.asked();
    assert_eq!(asked.server_name.as_deref(), Some("www.example.org"));
    assert!(asked.request.contains("\r\nHost: www.example.org:8443\r\n"));
}

#[test]
fn a_reply_may_end_without_close_notify_or_by_a_reset() {
    for end in [Step::Pause(Duration::ZERO), Step::Reset] {
        let server = Server::tls(ALL_VERSIONS, &[send(HEAD), send("hello"), pause(), end]);
        assert_eq!(like_debian(&server, &["-S"]), digest(HELLO));
    }
}

#[test]
fn a_session_that_ends_before_a_reply_is_no_data() {
    for script in [vec![], vec![send("HTTP/1.0 200")]] {
        let said = like_debian(&Server::tls(ALL_VERSIONS, &script), &["-S"]);
        assert_eq!((said.code, said.out.as_str()), (Some(0), ""));
        assert!(said.err.starts_with("no data received from remote webserver\n"), "{}", said.err);
    }
}

#[test]
fn all_reads_together_have_one_time() {
    let drip = Step::Pause(Duration::from_millis(600));
    let script = [send(HEAD), drip.clone(), send("x"), drip, send("x"), Step::CloseNotify];
    let said = like_debian(&Server::tls(ALL_VERSIONS, &script), &["-S", "-t", "1"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "Timeout SSL read\n"));
}

/// The original never looks at its clock while there is something to read.
#[test]
fn a_body_without_end_is_left_when_the_time_is_over() {
    let server = Server::tls(ALL_VERSIONS, &[send(HEAD), Step::Endlessly(vec![b'x'; 4096])]);
    let said = genhash(&server, &["-S", "-t", "1"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "Timeout SSL read\n"));
}

#[test]
fn a_handshake_that_gets_no_answer_is_a_connect_timeout() {
    let said = like_debian(&Server::raw(&[Step::Hold]), &["-S", "-t", "1"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "Timeout connecting\n"));
}

#[test]
fn what_is_not_tls_is_called_so() {
    let said = genhash(&Server::raw(&[send("HTTP/1.0 400 Bad Request\r\n\r\n")]), &["-S"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), REFUSED));
    assert_eq!(said.err, "what the server sent is not TLS\n");
    let said = genhash(&Server::raw(&[]), &["-S"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), REFUSED));
    assert!(said.err.starts_with("the connection ended in the handshake"), "{}", said.err);
}

#[test]
fn an_older_tls_is_called_so() {
    let alert = b"\x15\x03\x01\x00\x02\x02\x46".to_vec();
    // A ServerHello of TLS 1.1: random, no session, TLS_RSA_WITH_AES_128_CBC_SHA, no compression.
    let hello =
        [&b"\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02"[..], &[7; 32], b"\x00\x00\x2f\x00"].concat();
    for answer in [alert, hello] {
        let said = genhash(&Server::raw(&[send(answer), Step::Hold]), &["-S", "-t", "5"]);
        assert_eq!((said.code, said.out.as_str()), (Some(0), REFUSED));
        assert_eq!(said.err, "the server speaks no TLS newer than 1.1; 1.2 or 1.3 is needed\n");
    }
}

#[test]
fn a_lack_of_common_cipher_suites_is_called_so() {
    let said = genhash(&Server::raw(&[send(b"\x15\x03\x03\x00\x02\x02\x28"), Step::Hold]), &["-S"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), REFUSED));
    assert!(said.err.starts_with("no cipher suite or curve in common"), "{}", said.err);
}

#[test]
fn the_report_is_the_one_of_plain_http() {
    let server = hello(ALL_VERSIONS, Step::CloseNotify);
    let plain = Server::plain(&[send(HEAD), send("hello")]);
    assert_eq!(
        without_time(&genhash(&server, &["-S", "-v"]).out),
        without_time(&genhash(&plain, &["-v"]).out)
    );
}
