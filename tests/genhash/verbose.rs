//! `--verbose`.

use super::client::{genhash, like_debian, without_time};
use super::server::{Server, Step, pause, send};

const REPORT: &str = "\
-----------------------[    HTTP Header Buffer    ]-----------------------
0000  48 54 54 50 2f 31 2e 30 - 20 32 30 30 20 4f 4b 0d   HTTP/1.0 200 OK.
0016  0a 0d 0a                -                           ...            \x20
-----------------------[ HTTP Header Ascii Buffer ]-----------------------
HTTP/1.0 200 OK\r
\r

-----------------------[        HTML Buffer        ]-----------------------
0000  68 65 6c 6c 6f 0a 00 ff - 20 69 74 20 69 73 20 49   hello... it is I
0016  21                      -                           !              \x20

-----------------------[    HTML hash resulting    ]-----------------------
0000  01 9e 66 ff b2 1e c8 c1 - e3 6a 09 39 fa 00 f3 e3   ..f......j.9....
-----------------------[ HTML hash final resulting ]-----------------------
019e66ffb21ec8c1e36a0939fa00f3e3

Global response time for [/page] = N usecs
";

const HEAD: &[u8] = b"HTTP/1.0 200 OK\r\n\r\n";
const BODY: &[u8] = b"hello\n\0\xff it is I!";

#[test]
fn everything_is_shown() {
    let said = like_debian(&Server::plain(&[send([HEAD, BODY].concat())]), &["-v"]);
    assert_eq!((without_time(&said.out).as_str(), said.err.as_str()), (REPORT, ""));
}

#[test]
fn it_is_shown_alike_however_the_network_cut_it() {
    let (head, body) = (HEAD.split_at(7), BODY.split_at(3));
    let script = [send(head.0), pause(), send(head.1), pause(), send(body.0), pause(), send(body.1)];
    let said = genhash(&Server::plain(&script), &["-v"]);
    assert_eq!(without_time(&said.out), REPORT);
}

#[test]
fn what_came_before_a_failure_is_shown() {
    let said = like_debian(&Server::plain(&[send([HEAD, BODY].concat()), Step::Hold]), &["-v", "-t", "1"]);
    let (shown, _) =
        REPORT.split_once("\n\n-----------------------[    HTML hash").expect("the body comes before");
    let expected = format!("{shown}\nTimeout HTTP read\n\nGlobal response time for [/page] = N usecs\n");
    assert_eq!(without_time(&said.out), expected);
}

#[test]
fn a_body_of_no_length_has_no_dump() {
    let said = like_debian(&Server::plain(&[send(HEAD)]), &["-v"]);
    assert!(!said.out.contains("HTML Buffer"), "{}", said.out);
}

#[test]
fn without_a_reply_there_is_no_digest_to_show() {
    let said = genhash(&Server::plain(&[]), &["-v"]);
    assert_eq!(without_time(&said.out), "\nGlobal response time for [/page] = N usecs\n");
    assert_eq!(said.err, "no data received from remote webserver\nthe server sent nothing\n");
}

#[test]
fn it_ends_when_nobody_looks_any_more() {
    let server = Server::plain(&[send(HEAD), Step::Endlessly(vec![b'x'; 4096])]);
    let (program, port) = (env!("CARGO_BIN_EXE_keepalived"), server.addr.port());
    let pipe = format!("timeout 20 {program} -T -s 127.0.0.1 -p {port} -u /page -v | head -n 1");
    let said = super::client::run("sh", &["-c", &pipe]);
    assert_eq!(said.code, Some(0));
    assert_eq!(said.out, REPORT.lines().next().map(|line| format!("{line}\n")).unwrap_or_default());
}
