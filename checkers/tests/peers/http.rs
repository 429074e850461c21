//! An exchange with servers that never come to an end; those that do are asked by the tests of `genhash`.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use checkers::http::Reason;
use checkers::io::exchange::{Exchange, Failed, Limits};
use tokio::time::Instant;

use crate::peer::endpoint;

const HEAD: &[u8] = b"HTTP/1.0 200 OK\r\n\r\n";

/// Answers one connection.
fn server(answer: impl FnOnce(TcpStream) -> std::io::Result<()> + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]).unwrap();
        // It ends when the client has gone.
        let _ = answer(stream);
    });
    addr
}

/// Reads to the end, whatever it is; gives the reason and the time it took.
async fn give_up(addr: SocketAddr, step: u64, whole: u64) -> (Reason, Duration) {
    let limits = Limits { step: Duration::from_millis(step), whole: Duration::from_millis(whole), keep: 0 };
    let begun = Instant::now();
    let endpoint = endpoint(addr, Duration::from_secs(5));
    let failed: Failed = async {
        let mut exchange = Exchange::open(&endpoint, None, b"GET / HTTP/1.0\r\n\r\n", limits).await?;
        while exchange.next().await?.is_some() {}
        exchange.finish()
    }
    .await
    .expect_err("the server never ends");
    (failed.reason, begun.elapsed())
}

#[tokio::test]
async fn a_drip_without_end_is_left_when_the_whole_time_is_over() {
    let addr = server(|mut stream| {
        stream.write_all(HEAD)?;
        loop {
            stream.write_all(b"x")?;
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let (reason, time) = give_up(addr, 2_000, 300).await;
    assert_eq!(reason, Reason::TimeoutRead);
    assert!(time >= Duration::from_millis(300) && time < Duration::from_secs(2), "{time:?}");
}

#[tokio::test]
async fn a_flood_without_end_is_left_when_the_whole_time_is_over() {
    let addr = server(|mut stream| {
        stream.write_all(HEAD)?;
        loop {
            stream.write_all(&[b'x'; 65_536])?;
        }
    });
    let (reason, time) = give_up(addr, 2_000, 300).await;
    assert_eq!(reason, Reason::TimeoutRead);
    assert!(time >= Duration::from_millis(300) && time < Duration::from_secs(2), "{time:?}");
}

#[tokio::test]
async fn silence_is_left_after_one_step() {
    let addr = server(|mut stream| stream.read(&mut [0; 16]).map(drop));
    let (reason, time) = give_up(addr, 200, 10_000).await;
    assert_eq!(reason, Reason::TimeoutFirst);
    assert!(time >= Duration::from_millis(200) && time < Duration::from_secs(2), "{time:?}");
}

#[tokio::test]
async fn limits_that_no_clock_can_hold_are_limits_all_the_same() {
    let addr = server(|mut stream| stream.write_all(HEAD));
    let limits = Limits { step: Duration::MAX, whole: Duration::MAX, keep: 0 };
    let endpoint = endpoint(addr, Duration::from_secs(5));
    let mut exchange = Exchange::open(&endpoint, None, b"GET / HTTP/1.0\r\n\r\n", limits).await.unwrap();
    while exchange.next().await.unwrap().is_some() {}
    assert_eq!(exchange.finish().unwrap().status(), Some(200));
}
