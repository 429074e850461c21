//! Which processes run (`vrrp_track_process`): found in `/proc`, then told by the kernel's process events, or found again
//! every second where these are not to be had.

use std::collections::BTreeSet;
use std::io;
use std::time::{Duration, Instant};

use netlink_sys::{AsyncSocket as _, AsyncSocketExt as _, SocketAddr, TokioSocket};
use vrrp::track::Status;
use vrrp::track::presence::{Change, Presence, Quorum};

use crate::plan::buffer::Buffer;
use crate::plan::watch::{Process as Plan, Words};
use crate::receive_buffer;

/// `NETLINK_CONNECTOR`
const CONNECTOR: isize = 11;

/// `CN_IDX_PROC` and `CN_VAL_PROC`; the first is the multicast group too.
const PROC: u32 = 1;

/// `PROC_CN_MCAST_LISTEN`
const LISTEN: u32 = 1;

/// Lengths of the headers before an event: netlink's, and the connector's.
const HEADERS: usize = 16 + 20;

/// How often to look without events.
const EVERY: Duration = Duration::from_secs(1);

/// One tracked process.
#[derive(Debug)]
struct Tracked {
    plan: Plan,
    pids: BTreeSet<u32>,
    presence: Presence,
}

/// All tracked processes.
pub(crate) struct Processes {
    events: Option<TokioSocket>,
    look_at: Option<Instant>,
    all: Vec<Tracked>,
}

impl std::fmt::Debug for Processes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Processes").field("all", &self.all).finish_non_exhaustive()
    }
}

/// What the kernel tells of processes, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Forked {
        parent: u32,
        child: u32,
    },
    /// Another program, or another name.
    Became {
        pid: u32,
    },
    Ended {
        pid: u32,
    },
}

impl Processes {
    /// Tracks these. Looks for them once.
    pub(crate) fn new(plans: Vec<Plan>, room: Option<Buffer>, now: Instant) -> Self {
        let events = match listen() {
            Ok(socket) => Some(socket),
            Err(error) => {
                let errno = nix::errno::Errno::from_raw(error.raw_os_error().unwrap_or_default());
                tracing::info!(
                    "Failed to set process event listen - errno {} - {}; looking at all processes every second instead",
                    errno as i32,
                    errno.desc()
                );
                None
            }
        };
        let mut processes = Self { look_at: events.is_none().then(|| now + EVERY), events, all: Vec::new() };
        processes.make_room(room);
        processes.reconfigure(plans);
        processes
    }

    /// Gives the socket for the kernel's events another receive buffer.
    pub(crate) fn make_room(&self, room: Option<Buffer>) {
        if let Some(events) = &self.events {
            receive_buffer::give(events.socket_ref(), room, "process monitor");
        }
    }

    /// Tracks these from now on. What is found counts at once.
    pub(crate) fn reconfigure(&mut self, plans: Vec<Plan>) {
        let running = running();
        let track = |plan: Plan| {
            let pids: BTreeSet<u32> = running.iter().copied().filter(|pid| matches(&plan, *pid)).collect();
            let quorum = Quorum {
                least: plan.quorum,
                most: plan.quorum_max,
                fork_delay: plan.fork_delay,
                terminate_delay: plan.terminate_delay,
            };
            Tracked { presence: Presence::new(quorum, count(&pids)), pids, plan }
        };
        self.all = plans.into_iter().map(track).collect();
    }

    /// How many of each there are, and whether a change waits for its delay; in the order of [`Self::known`].
    pub(crate) fn counts(&self) -> impl Iterator<Item = (usize, bool)> {
        self.all.iter().map(|one| (one.pids.len(), one.presence.deadline().is_some()))
    }

    /// What is known of each, by name.
    pub(crate) fn known(&self) -> impl Iterator<Item = (&str, Status)> {
        self.all.iter().map(|one| (one.plan.name.as_str(), one.presence.status()))
    }

    /// When to call [`Self::tick`].
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.all.iter().filter_map(|one| one.presence.deadline()).chain(self.look_at).min()
    }

    /// Does what is due. Those that have changed, with what they are now.
    pub(crate) fn tick(&mut self, now: Instant) -> Vec<(String, Status)> {
        let mut changed = Vec::new();
        if self.look_at.is_some_and(|at| at <= now) {
            self.look_at = Some(now + EVERY);
            changed = self.look(now);
        }
        for one in &mut self.all {
            if one.presence.tick(now) {
                changed.push(one.turned());
            }
        }
        changed
    }

    /// Finds all of them anew.
    fn look(&mut self, now: Instant) -> Vec<(String, Status)> {
        let running = running();
        let look = |one: &mut Tracked| {
            let pids: BTreeSet<u32> =
                running.iter().copied().filter(|pid| matches(&one.plan, *pid)).collect();
            let change = if pids.len() > one.pids.len() { Change::Forked } else { Change::Ended };
            one.pids = pids;
            one.presence.set(count(&one.pids), change, now).then(|| one.turned())
        };
        self.all.iter_mut().filter_map(look).collect()
    }

    /// Waits until some have changed. Loses nothing when dropped while waiting.
    pub(crate) async fn changed(&mut self) -> Vec<(String, Status)> {
        loop {
            let Some(socket) = &mut self.events else { return std::future::pending().await };
            let message = match socket.recv_from_full().await {
                Ok((message, _)) => message,
                // Some were missed.
                Err(error) if error.raw_os_error() == Some(nix::libc::ENOBUFS) => {
                    return self.look(Instant::now());
                }
                Err(error) => {
                    tracing::error!("Process events cannot be read - {error}");
                    self.events = None;
                    self.look_at = Some(Instant::now());
                    return Vec::new();
                }
            };
            let Some(event) = parse(&message) else { continue };
            let (now, before) = (Instant::now(), self.deadline());
            let changed: Vec<_> = self.all.iter_mut().filter_map(|one| one.hear(event, now)).collect();
            // A new deadline is news too: the clock has to be set to it.
            if !changed.is_empty() || self.deadline() != before {
                return changed;
            }
        }
    }
}

impl Tracked {
    fn hear(&mut self, event: Event, now: Instant) -> Option<(String, Status)> {
        let change = match event {
            Event::Forked { parent, child } => {
                if !self.pids.contains(&parent) || !self.pids.insert(child) {
                    return None;
                }
                Change::Forked
            }
            Event::Became { pid } => {
                let is_one = matches(&self.plan, pid);
                let changed = if is_one { self.pids.insert(pid) } else { self.pids.remove(&pid) };
                if !changed {
                    return None;
                }
                // One that has become another program is as lost as one that has ended.
                if is_one { Change::Exec } else { Change::Ended }
            }
            Event::Ended { pid } => {
                if !self.pids.remove(&pid) {
                    return None;
                }
                Change::Ended
            }
        };
        self.presence.set(count(&self.pids), change, now).then(|| self.turned())
    }

    /// Says what it is now.
    fn turned(&self) -> (String, Status) {
        let status = self.presence.status();
        let how = if status == Status::Up { "gained" } else { "lost" };
        tracing::info!("Quorum {how} for tracked process {}", self.plan.name);
        (self.plan.name.clone(), status)
    }
}

fn count(pids: &BTreeSet<u32>) -> u32 {
    u32::try_from(pids.len()).unwrap_or(u32::MAX)
}

/// Asks the kernel for process events. It gives them in the first network namespace only.
fn listen() -> io::Result<TokioSocket> {
    let mut socket = TokioSocket::new(CONNECTOR)?;
    socket.socket_mut().bind(&SocketAddr::new(0, PROC))?;
    let mut request = Vec::new();
    let words = |request: &mut Vec<u8>, words: &[u32]| {
        for word in words {
            request.extend(word.to_ne_bytes());
        }
    };
    // nlmsghdr: length, type NLMSG_DONE and flags, sequence, pid; cn_msg: idx, val, seq, ack, len and flags; the operation.
    words(&mut request, &[40]);
    request.extend(3_u16.to_ne_bytes());
    request.extend(0_u16.to_ne_bytes());
    words(&mut request, &[0, std::process::id(), PROC, PROC, 0, 0]);
    request.extend(4_u16.to_ne_bytes());
    request.extend(0_u16.to_ne_bytes());
    words(&mut request, &[LISTEN]);
    let sent = socket.socket_mut().send_to(&request, &SocketAddr::new(0, 0), 0)?;
    if sent == request.len() { Ok(socket) } else { Err(io::ErrorKind::WriteZero.into()) }
}

/// The event in a message; nothing if it is another one or no whole message.
fn parse(message: &[u8]) -> Option<Event> {
    let event = message.get(HEADERS..)?;
    let word = |at: usize| {
        let bytes = event.get(at..at + 4)?;
        Some(u32::from_ne_bytes(bytes.try_into().ok()?))
    };
    // proc_event: what, cpu, timestamp (8 bytes), then pid and tgid of whom it is about. Threads do not count.
    let (pid, tgid) = (word(16)?, word(20)?);
    match word(0)? {
        // PROC_EVENT_FORK
        0x1 => {
            let (child, group) = (word(24)?, word(28)?);
            (child == group).then_some(Event::Forked { parent: tgid, child: group })
        }
        // PROC_EVENT_EXEC, PROC_EVENT_COMM
        0x2 | 0x200 => (pid == tgid).then_some(Event::Became { pid: tgid }),
        // PROC_EVENT_EXIT
        0x8000_0000 => (pid == tgid).then_some(Event::Ended { pid: tgid }),
        _ => None,
    }
}

/// All processes.
fn running() -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

/// Whether a process is what is tracked.
fn matches(plan: &Plan, pid: u32) -> bool {
    let words = || -> Option<Vec<String>> {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let line = line.strip_suffix(b"\0").unwrap_or(&line);
        Some(line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect())
    };
    match plan.words {
        Words::Name => std::fs::read(format!("/proc/{pid}/comm")).is_ok_and(|name| {
            let name = name.strip_suffix(b"\n").unwrap_or(&name);
            plan.command.first().is_some_and(|wanted| is_called(name, wanted.as_bytes()))
        }),
        Words::Program | Words::Exact | Words::Partial | Words::Initial => {
            words().is_some_and(|words| is_like(plan.words, &plan.command, &words))
        }
    }
}

/// The kernel keeps 15 bytes of a name.
fn is_called(name: &[u8], wanted: &[u8]) -> bool {
    name == &wanted[..wanted.len().min(15)]
}

/// Whether a command line is like the one that is tracked.
fn is_like(how: Words, wanted: &[String], found: &[String]) -> bool {
    let Some((last, before)) = wanted.split_last() else { return false };
    match how {
        Words::Name | Words::Program => found.first() == wanted.first(),
        Words::Exact => found == wanted,
        Words::Partial => found.starts_with(wanted),
        Words::Initial => {
            found.starts_with(before)
                && found.get(before.len()).is_some_and(|word| word.starts_with(last.as_str()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn command_lines_are_compared_as_far_as_is_asked_for() {
        let wanted = words("/bin/x -a --port=80");
        let like = |how, text| is_like(how, &wanted, &words(text));
        assert!(like(Words::Exact, "/bin/x -a --port=80"));
        assert!(!like(Words::Exact, "/bin/x -a --port=80 -b"));
        assert!(like(Words::Partial, "/bin/x -a --port=80 -b"));
        assert!(!like(Words::Partial, "/bin/x -a --port=8080"));
        assert!(like(Words::Initial, "/bin/x -a --port=8080 -b"));
        assert!(!like(Words::Initial, "/bin/x -b --port=80"));
        assert!(like(Words::Program, "/bin/x"));
    }

    #[test]
    fn a_name_is_compared_as_far_as_the_kernel_keeps_it() {
        assert!(is_called(b"a-very-long-nam", b"a-very-long-name-of-a-process"));
        assert!(!is_called(b"sleep", b"sleeper"));
    }

    #[test]
    fn an_event_is_read_from_behind_its_headers_and_a_short_one_is_none() {
        let mut message = vec![0; HEADERS];
        for word in [0x1_u32, 0, 0, 0, 7, 7, 9, 9] {
            message.extend(word.to_ne_bytes());
        }
        assert_eq!(parse(&message), Some(Event::Forked { parent: 7, child: 9 }));
        for length in 0..message.len() {
            assert_eq!(parse(&message[..length]), None, "{length}");
        }
        message[HEADERS..HEADERS + 4].copy_from_slice(&0x8000_0000_u32.to_ne_bytes());
        assert_eq!(parse(&message), Some(Event::Ended { pid: 7 }));
    }

    #[test]
    fn this_process_is_found_by_its_name_and_not_by_another() {
        let pid = std::process::id();
        let name = std::fs::read_to_string("/proc/self/comm").unwrap().trim_end().to_owned();
        let plan = |name: &str| Plan {
            name: "p".into(),
            command: vec![name.into()],
            words: Words::Name,
            quorum: 1,
            quorum_max: None,
            terminate_delay: Duration::ZERO,
            fork_delay: Duration::ZERO,
        };
        assert!(running().contains(&pid));
        assert!(matches(&plan(&name), pid));
        assert!(!matches(&plan("no such name"), pid));
    }

    /// The kernel speaks of processes to root, outside of any namespace.
    #[test]
    fn the_kernel_itself_tells_when_a_process_begins_and_when_it_ends() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let plan = Plan {
                name: "naps".into(),
                command: words("sleep 43219"),
                words: Words::Exact,
                quorum: 1,
                quorum_max: None,
                terminate_delay: Duration::ZERO,
                fork_delay: Duration::ZERO,
            };
            let mut processes = Processes::new(vec![plan], None, Instant::now());
            if processes.events.is_none() {
                println!("SKIPPED: this kernel tells this user of no process");
                return;
            }
            assert_eq!(processes.deadline(), None, "nobody has to look");
            let mut nap = std::process::Command::new("sleep").arg("43219").spawn().unwrap();
            assert_eq!(next(&mut processes).await, [("naps".to_owned(), Status::Up)]);
            assert_eq!(processes.counts().collect::<Vec<_>>(), [(1, false)]);
            nap.kill().unwrap();
            nap.wait().unwrap();
            assert_eq!(next(&mut processes).await, [("naps".to_owned(), Status::Down)]);
        });
    }

    async fn next(processes: &mut Processes) -> Vec<(String, Status)> {
        loop {
            let news = tokio::time::timeout(Duration::from_secs(60), processes.changed()).await;
            let news = news.expect("the kernel's word within a minute");
            if !news.is_empty() {
                return news;
            }
        }
    }
}
