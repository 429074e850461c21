//! Real servers that answer in every way but the right one, next to one that does as it should.

use crate::stage::{DETECTION, START};
use lab::{Binary, Failure, Keepalived, Node, Outcome, Scene, eventually, is_alive, throughout};
use std::{
    fs,
    io::{self, Read as _, Write},
    net::{TcpListener, TcpStream, UdpSocket},
    thread,
    time::{Duration, Instant},
};

/// How long the servers may do what they want.
const SIEGE: Duration = Duration::from_secs(40);

/// What the worker may need more at the end than after the first round of checks, in KiB.
const GROWTH: u64 = 4 * 1024;

/// What a server does with a connection.
type Rude = fn(&mut TcpStream) -> io::Result<()>;

const RUDE: [Rude; 12] = [
    |stream| {
        endlessly(stream, b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n", b"X-Word: of no importance at all\r\n")
    },
    |stream| {
        endlessly(stream, b"HTTP/1.0 200 OK\r\nX-Word: ", b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
    },
    |stream| endlessly(stream, b"HTTP/1.0 200 OK\r\n\r\n", &[b'b'; 8192]),
    |stream| endlessly(stream, b"", b"220-and another line\r\n"),
    |stream| endlessly(stream, b"", &[0; 4096]),
    |stream| drip(stream, b"HTTP/1.0 200 OK\r\nContent-Length: 1000\r\n\r\n"),
    |stream| drip(stream, b"220 smtp.example.org ESMTP and a long greeting that takes its time"),
    |stream| stream.read_to_end(&mut Vec::new()).map(drop),
    |stream| {
        stream.write_all(b"HTTP/1.0 99999999999999999999 OK\r\nContent-Length: 99999999999999999999\r\n\r\n")
    },
    |stream| stream.write_all(b"220 hello\r\n999999999 \r\n-\r\n\r\n250"),
    |stream| stream.write_all(b"\x16\x03\x03\xff\xff\x02\x00\xff\xff\xff and then nothing"),
    |_stream| Ok(()),
];

/// The port of the server that does as it should, and the first of the others, which have one each.
const GOOD: u16 = 9000;
const FIRST: u16 = 9001;

fn endlessly(stream: &mut TcpStream, first: &[u8], again: &[u8]) -> io::Result<()> {
    stream.write_all(first)?;
    loop {
        stream.write_all(again)?;
    }
}

fn drip(stream: &mut TcpStream, words: &[u8]) -> io::Result<()> {
    for byte in words.iter().cycle() {
        stream.write_all(&[*byte])?;
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn serve(
    node: &Node,
    port: u16,
    talk: impl Fn(&mut TcpStream) -> io::Result<()> + Copy + Send + 'static,
) -> Outcome {
    let listener = node.enter(|| TcpListener::bind((ADDRESS, port)))??;
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // The checker ends it when it has had enough.
            thread::spawn(move || talk(&mut stream));
        }
    });
    Ok(())
}

/// Answers each datagram with as many as it can send in a while, of every length, none of which is what was asked for.
fn rude_datagrams(node: &Node, port: u16) -> Outcome {
    let socket = node.enter(|| UdpSocket::bind((ADDRESS, port)))??;
    thread::spawn(move || {
        while let Ok((_, from)) = socket.recv_from(&mut [0; 2048]) {
            let end = Instant::now() + Duration::from_secs(3);
            for length in (1..1400).cycle().take_while(|_| Instant::now() < end) {
                // Whoever asked may have closed the port.
                let _ = socket.send_to(&[0xff; 1400][..length], from);
            }
        }
    });
    Ok(())
}

fn good(stream: &mut TcpStream) -> io::Result<()> {
    let mut request = [0; 1024];
    let _ = stream.read(&mut request)?;
    stream.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello")
}

const ADDRESS: &str = "172.16.0.1";

/// A virtual server per checker, each with the good server and all others.
fn config() -> String {
    let last = FIRST + u16::try_from(RUDE.len()).expect("few");
    let real =
        |port: u16, check: &str| format!(" real_server {ADDRESS} {port} {{\n weight 1\n {check}\n }}\n");
    let service = |number: u16, kind: &str, servers: String| {
        format!(
            "virtual_server 172.16.0.205 {number} {{\n delay_loop 1\n lvs_sched rr\n lvs_method NAT\n protocol {kind}\n \
             retry 1\n delay_before_retry 1\n connect_timeout 2\n{servers}}}\n"
        )
    };
    let page =
        "HTTP_GET {\n url {\n path /\n status_code 200\n digest 5d41402abc4b2a76b9719d911017c592\n }\n }";
    let pattern = page.replace("digest 5d41402abc4b2a76b9719d911017c592", "regex ^hello$");
    let secret = page.replace("HTTP_GET", "SSL_GET");
    let mut text = String::new();
    let checks = [page, pattern.as_str(), secret.as_str(), "SMTP_CHECK {\n }"];
    for (number, check) in (80..).zip(checks) {
        let mut servers = real(GOOD, page);
        servers.extend((FIRST..last).map(|port| real(port, check)));
        text.push_str(&service(number, "TCP", servers));
    }
    let datagrams = real(last, "DNS_CHECK {\n type A\n name www.example.org\n }")
        + &real(last + 1, "UDP_CHECK {\n payload 0102\n require_reply 0304\n }");
    text + &service(90, "UDP", datagrams)
}

/// Memory in KiB and open files of a process.
fn size(pid: nix::unistd::Pid) -> Outcome<(u64, usize)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    let memory = line.trim().trim_end_matches(" kB").parse()?;
    Ok((memory, fs::read_dir(format!("/proc/{pid}/fd"))?.count()))
}

pub(crate) fn servers_that_answer_nonsense_cost_nobody_but_themselves(binary: &Binary) -> Outcome {
    let scene = Scene::new()?;
    let link = scene.link("net")?;
    let node = scene.node("director")?.on(&link, "eth1", &["172.16.0.1/24"])?;
    serve(&node, GOOD, good)?;
    for (port, rude) in (FIRST..).zip(RUDE) {
        serve(&node, port, rude)?;
    }
    let last = FIRST + u16::try_from(RUDE.len())?;
    rude_datagrams(&node, last)?;
    rude_datagrams(&node, last + 1)?;
    let mut daemon = Keepalived::start(&node, binary, &config())?;
    let only_the_good = || {
        let table = node.run("ipvsadm", &["-Sn"]).ok()?;
        let servers: Vec<_> = table.lines().filter(|line| line.starts_with("-a")).collect();
        let is_good = |line: &&str| line.contains(&format!("-r {ADDRESS}:{GOOD} "));
        (servers.len() == 4 && servers.iter().all(is_good)).then_some(())
    };
    eventually("the good server alone in each service", START + DETECTION, only_the_good)?;
    let worker = daemon.checkers_worker().ok_or_else(|| Failure::new("no checkers worker"))?;
    let (memory, files) = size(worker)?;
    let mark = daemon.journal().mark();
    throughout("the worker lives", SIEGE, || is_alive(worker))?;
    only_the_good().ok_or_else(|| Failure::new("the table changed"))?;
    for words in ["Adding service", "Removing service"] {
        assert_eq!(daemon.journal().find(mark, words).map(|line| line.text), None);
    }
    let (memory_now, files_now) = size(worker)?;
    println!("{memory} -> {memory_now} KiB, {files} -> {files_now} files");
    assert!(memory_now <= memory + GROWTH, "{memory} KiB grew to {memory_now} KiB");
    assert!(files_now <= files + 2 * 4 * RUDE.len(), "{files} open files grew to {files_now}");
    assert_eq!(daemon.stop()?.code(), Some(0));
    Ok(())
}
