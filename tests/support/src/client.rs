//! A client that asks without pause, from many addresses.

use crate::{failure::Outcome, scene::Node};
use socket2::{Domain, Protocol, Socket, Type};
use std::{
    collections::BTreeMap,
    io::{self, Read as _},
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, SystemTime},
};

/// One request and how it ended.
#[derive(Debug, Clone)]
pub struct Request {
    /// When it began.
    pub began: SystemTime,
    /// When it ended.
    pub ended: SystemTime,
    /// The service it asked.
    pub service: SocketAddrV4,
    /// The name of the server that answered, `None` if the request was lost.
    pub answer: Option<String>,
}

/// How the client asks.
#[derive(Debug, Clone)]
pub struct Habit {
    /// The services, asked in turn.
    pub services: Vec<SocketAddrV4>,
    /// The client's own addresses. A window of [`window`](Self::window) of them is in use at a time.
    pub sources: Vec<Ipv4Addr>,
    /// How many sources are in use at a time. With persistence an address sticks to its server, so a
    /// server that returns is only asked by addresses not used before.
    pub window: usize,
    /// The window moves on by one address after so many requests.
    pub requests_per_source: usize,
    /// Requests in flight at a time.
    pub workers: usize,
    /// Pause of a worker between two requests.
    pub pause: Duration,
    /// A request without an answer for so long is lost.
    pub patience: Duration,
}

/// Asks until it is dropped.
#[derive(Debug)]
pub struct Client {
    requests: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
    workers: Vec<JoinHandle<()>>,
    _node: Node,
}

impl Client {
    /// Starts to ask from `node`, which must hold all source addresses.
    ///
    /// # Errors
    /// The kernel refuses the entry into the node's network.
    pub fn start(node: Node, habit: Habit) -> Outcome<Self> {
        let requests = Arc::<Mutex<Vec<Request>>>::default();
        let stop = Arc::new(AtomicBool::new(false));
        let turn = Arc::new(AtomicUsize::new(0));
        let workers = node.namespace().enter(|| {
            let worker = |_| {
                let (habit, requests) = (habit.clone(), Arc::clone(&requests));
                let (stop, turn) = (Arc::clone(&stop), Arc::clone(&turn));
                thread::spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        if let Some(request) = habit.ask(turn.fetch_add(1, Ordering::Relaxed)) {
                            lock(&requests).push(request);
                        }
                        thread::sleep(habit.pause);
                    }
                })
            };
            (0..habit.workers).map(worker).collect()
        })?;
        Ok(Self { requests, stop, workers, _node: node })
    }

    /// Leaves: waits for the requests under way and makes no more.
    pub fn stop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for worker in self.workers.drain(..) {
            // A panic in there has been printed.
            let _ = worker.join();
        }
    }

    /// All requests that have ended, in the order they ended.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.requests).clone()
    }

    /// How many requests were answered and how many lost.
    pub fn tally(&self) -> (usize, usize) {
        let requests = lock(&self.requests);
        let answered = requests.iter().filter(|request| request.answer.is_some()).count();
        (answered, requests.len() - answered)
    }

    /// The requests each server has answered.
    pub fn answers(&self) -> BTreeMap<String, usize> {
        let mut answers = BTreeMap::new();
        for name in lock(&self.requests).iter().filter_map(|request| request.answer.as_ref()) {
            *answers.entry(name.clone()).or_default() += 1;
        }
        answers
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Habit {
    /// Makes the request whose turn it is. `None` without services or sources.
    fn ask(&self, turn: usize) -> Option<Request> {
        let service = *self.services.get(turn.checked_rem(self.services.len())?)?;
        let round = turn / self.services.len();
        let first = turn / self.requests_per_source.max(1);
        let place = first + round % self.window.max(1);
        let source = *self.sources.get(place.checked_rem(self.sources.len())?)?;
        let began = SystemTime::now();
        let answer = converse(source, service, self.patience).ok();
        Some(Request { began, ended: SystemTime::now(), service, answer })
    }
}

fn converse(source: Ipv4Addr, service: SocketAddrV4, patience: Duration) -> io::Result<String> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.bind(&SocketAddr::from((source, 0)).into())?;
    socket.connect_timeout(&SocketAddr::from(service).into(), patience)?;
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(patience))?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.trim_end() {
        "" => Err(io::ErrorKind::UnexpectedEof.into()),
        name => Ok(name.to_owned()),
    }
}

fn lock(requests: &Mutex<Vec<Request>>) -> MutexGuard<'_, Vec<Request>> {
    requests.lock().unwrap_or_else(PoisonError::into_inner)
}
