//! Over TCP.

use std::net::Ipv6Addr;
use std::time::Duration;

use super::client::{EMPTY, HELLO, digest, genhash, like_debian};
use super::server::{Server, Step, pause, send};

const HEAD: &str = "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n";
const NO_LENGTH: &str = "HTTP/1.0 200 OK\r\n\r\n";

fn hello() -> Server {
    Server::plain(&[send(HEAD), send("hello")])
}

#[test]
fn the_digest_of_the_body_is_printed_alone() {
    assert_eq!(like_debian(&hello(), &[]), digest(HELLO));
}

#[test]
fn the_request_is_keepalived_s() {
    let server = hello();
    let port = server.addr.port();
    let agent = "User-Agent: KeepAliveClient\r\n";
    for (options, expected) in [
        (&[][..], format!("GET /page HTTP/1.0\r\n{agent}Host: 127.0.0.1:{port}\r\n\r\n")),
        (&["-V", "h:9"], format!("GET /page HTTP/1.0\r\n{agent}Host: h:9\r\n\r\n")),
        (&["-u", "a b"], format!("GET a b HTTP/1.0\r\n{agent}Host: 127.0.0.1:{port}\r\n\r\n")),
        (
            &["-P", "1.0c", "-V", "h"],
            format!("GET /page HTTP/1.0\r\n{agent}Connection: close\r\nHost: h\r\n\r\n"),
        ),
        (
            &["-P", "1.1", "-V", "h"],
            format!("GET /page HTTP/1.1\r\n{agent}Connection: close\r\nHost: h\r\n\r\n"),
        ),
    ] {
        genhash(&server, options);
        assert_eq!(server.asked().request, expected);
        if super::client::original().is_some() {
            like_debian(&server, options);
            assert_eq!([server.asked().request, server.asked().request], [expected.as_str(), &expected]);
        }
    }
}

#[test]
fn a_request_longer_than_2047_bytes_is_sent_whole() {
    let (server, path) = (hello(), format!("/{}", "x".repeat(5000)));
    assert_eq!(genhash(&server, &["-u", &path]), digest(HELLO));
    assert!(server.asked().request.starts_with(&format!("GET {path} HTTP/1.0\r\n")));
}

#[test]
fn ipv6_works_and_the_host_stands_in_brackets() {
    let server = Server::on(Ipv6Addr::LOCALHOST.into(), &[send(HEAD), send("hello")]);
    assert_eq!(like_debian(&server, &[]), digest(HELLO));
    assert!(server.asked().request.contains(&format!("\r\nHost: [::1]:{}\r\n", server.addr.port())));
}

#[test]
fn any_status_will_do() {
    for line in ["HTTP/1.1 404 Not Found", "HTTP/1.0 200", "nonsense"] {
        assert_eq!(like_debian(&Server::plain(&[send(line), send("\r\n\r\nhello")]), &[]), digest(HELLO));
    }
}

#[test]
fn chunks_are_hashed_as_they_came() {
    let reply = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let server = Server::plain(&[send(reply)]);
    assert_eq!(like_debian(&server, &["-P", "1.1"]), digest("79e9489e3bd3f0cb0158215341de046d"));
}

#[test]
fn the_body_ends_with_the_announced_length() {
    for (length, expected) in [
        ("Content-Length: 3", "46356afe55fa3cea9cbe73ad442cad47"),
        ("Content-Length: 0", EMPTY),
        ("Content-Length: 50", HELLO),
        ("content-length: 3", HELLO),
        ("Content-Length: 3 ", HELLO),
        ("Content-Length: -3", HELLO),
        ("X-Content-Length:\t+3", "46356afe55fa3cea9cbe73ad442cad47"),
    ] {
        let server = Server::plain(&[send(format!("HTTP/1.0 200 OK\r\n{length}\r\n\r\nhello"))]);
        assert_eq!(like_debian(&server, &[]), digest(expected), "{length}");
    }
}

#[test]
fn it_does_not_matter_how_the_reply_is_cut() {
    let pieces = ["HTTP/1.0 2", "00 OK\r\nContent-Length: 5\r\n\r", "\nhel", "lo"];
    let script: Vec<Step> = pieces.into_iter().flat_map(|piece| [send(piece), pause()]).collect();
    assert_eq!(like_debian(&Server::plain(&script), &[]), digest(HELLO));
}

#[test]
fn a_huge_body_is_hashed_whole() {
    let body = vec![b'x'; 20_000_000];
    let server = Server::plain(&[send(NO_LENGTH), send(body)]);
    assert_eq!(like_debian(&server, &[]), digest("d52626322ee0b934ba699935cac991b2"));
}

#[test]
fn a_reply_without_an_empty_line_is_no_data() {
    let long = format!("HTTP/1.0 200 OK\r\n{}\r\n\r\nhello", "x".repeat(5000));
    let fits = format!("{:x<4091}\r\n\r\nhello", "HTTP/1.0 200 OK\r\n");
    for reply in ["", "HTTP/1.0 200 OK\r\n", "HTTP/1.0 200 OK\nContent-Length: 5\n\nhello", &long] {
        let said = like_debian(&Server::plain(&[send(reply)]), &[]);
        assert_eq!((said.code, said.out.as_str()), (Some(0), ""));
        assert!(said.err.starts_with("no data received from remote webserver\n"), "{}", said.err);
    }
    assert_eq!(like_debian(&Server::plain(&[send(fits)]), &[]), digest(HELLO));
}

#[test]
fn a_head_without_end_is_left_at_once() {
    let said = genhash(&Server::plain(&[Step::Endlessly(vec![b'x'; 1000])]), &[]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), ""));
    assert_eq!(said.err, "no data received from remote webserver\nthe header has more than 4095 bytes\n");
}

#[test]
fn a_connection_that_stays_open_is_a_timeout_even_after_a_whole_reply() {
    for (script, words) in [
        (vec![Step::Hold], "Timeout WEB read\n"),
        (vec![send("HTTP"), Step::Hold], "Timeout HTTP read\n"),
        (vec![send(HEAD), send("hello"), Step::Hold], "Timeout HTTP read\n"),
    ] {
        let said = like_debian(&Server::plain(&script), &["-t", "1"]);
        assert_eq!((said.code, said.out.as_str()), (Some(0), words));
    }
}

#[test]
fn each_read_has_its_own_time() {
    let drip = [send("x"), Step::Pause(Duration::from_millis(600))];
    let script = [vec![send(NO_LENGTH)], [drip.clone(), drip.clone(), drip].concat()].concat();
    assert_eq!(
        like_debian(&Server::plain(&script), &["-t", "1"]),
        digest("f561aaf6ef0bf14d4208bb46a4ccb3ad")
    );
}

#[test]
fn a_broken_connection_is_a_read_error_even_after_a_whole_reply() {
    for script in [vec![Step::Reset], vec![send(HEAD), send("hello"), pause(), Step::Reset]] {
        let said = like_debian(&Server::plain(&script), &[]);
        assert_eq!((said.code, said.out.as_str()), (Some(0), "Read error with\n"));
    }
}
