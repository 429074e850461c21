//! How late probes begin, and what one costs: `lateness [CHECKERS] [SECONDS]`, by default 40,000 `TCP_CHECK`s every six
//! seconds of a server on the loopback interface, for half a minute.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a measurement has a clock, and may fail"
)]

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use checkers::io::Runner;
use checkers::io::tls::Tls;
use checkers::params::{CheckerKind, Endpoint};
use checkers::{After, Cadence, CheckerId, Spread};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

const DELAY: Duration = Duration::from_secs(6);

fn main() {
    let mut words = std::env::args().skip(1).map(|word| word.parse::<u64>().unwrap());
    let (checkers, seconds) = (words.next().unwrap_or(40_000), words.next().unwrap_or(30));
    // The server has a process of its own: what it costs is not ours.
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let addr = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            drop(stream);
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(measure(addr, checkers, Duration::from_secs(seconds)));
}

async fn measure(addr: SocketAddr, checkers: u64, time: Duration) {
    let cadence = Cadence { delay_loop: DELAY, delay_before_retry: DELAY, warmup: DELAY };
    let endpoint =
        Endpoint { dest: addr, bind: None, device: None, timeout: Duration::from_secs(3), mark: 0 };
    let mut runner = Runner::new(10_000, Tls::default());
    let begin = Instant::now();
    for server in 0..usize::try_from(checkers).unwrap() {
        let id = CheckerId { service: 0, server, checker: 0 };
        runner.insert(id, CheckerKind::Tcp(endpoint.clone()));
        runner.plan(id, 0, cadence.first(begin, Spread::from_bits(fastrand::u32(..))));
    }
    let mut failed = 0_u64;
    while begin.elapsed() < time {
        let (id, found) = runner.next().await;
        failed += u64::from(found.outcome != checkers::Outcome::Passed);
        runner.plan(id, 0, cadence.next(Instant::now(), After::Settled));
    }
    let lateness = runner.lateness();
    let used = getrusage(UsageWho::RUSAGE_THREAD).unwrap();
    let micros = (used.user_time() + used.system_time()).num_microseconds();
    let probes = lateness.probes();
    println!("{probes} probes, {failed} failed, {:.1} µs of CPU each", micros as f64 / probes as f64);
    println!(
        "late: half up to {:?}, 99 % up to {:?}, the latest {:?}",
        lateness.percentile(50),
        lateness.percentile(99),
        lateness.longest()
    );
}
