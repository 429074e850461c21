//! What a worker is told to do, whether by the supervisor or by a signal sent to the worker itself.

use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::{FromWorker, PathNews, Receiver, Request, Start, ToWorker, split};
use crate::memory;
use crate::plan::packed::Packed;
use crate::plan::process::Tuning;
use crate::status::Status;
use crate::tune::{self, Tuner};

/// One thing to do.
#[derive(Debug)]
pub(crate) enum Order<P> {
    /// Make this plan the one in force, touching only what differs.
    Reload(Box<P>),
    /// Take notice of what BFD sessions say.
    Paths(Vec<PathNews>),
    /// Tell the supervisor how you are, with [`Orders::report`].
    Report(Request),
    /// Say that you are not stuck, with [`Orders::alive`].
    Ping,
    /// Give everything back to the system and end.
    Stop,
}

/// A worker's side of the conversation.
///
/// A worker stops when told by `SIGTERM` or `SIGINT`, and also when the supervisor is gone: the kernel sends `SIGTERM`
/// then, and the closed link says the same a second time.
#[derive(Debug)]
pub(crate) struct Orders<P> {
    from_supervisor: Receiver<ToWorker<P>>,
    /// To a task that writes: a supervisor that does not read must not hold the worker up.
    outbox: UnboundedSender<FromWorker>,
    /// Of the last plan.
    number: u64,
    terminate: Signal,
    interrupt: Signal,
    ignore_interrupt: bool,
    hang_up: Signal,
    requests: [(Request, Signal); Request::SIGNALS.len()],
    tuner: Tuner,
    /// How many times the supervisor asks until what came with the last plan is over.
    until_calm: Option<u32>,
}

/// The supervisor asks once a second. By then the first elections and checks are over, which take memory that is not needed again
/// soon.
const UNTIL_CALM: u32 = 30;

impl<P: Serialize + DeserializeOwned> Orders<P> {
    /// Takes over the inherited link and waits for the first plan.
    pub(crate) async fn begin(link: UnixStream) -> io::Result<(Start, P, Self)> {
        let terminate = signal(SignalKind::terminate())?;
        // Listening replaces the default action, so an ignored interrupt is one that is listened to in vain.
        let interrupt = signal(SignalKind::interrupt())?;
        let hang_up = signal(SignalKind::hangup())?;
        let requests = listen_to_requests()?;
        let (mut to_supervisor, mut from_supervisor) = split(link);
        // Each letter answers one of the supervisor's, which asks once a second.
        let (outbox, mut letters) = unbounded_channel();
        tokio::spawn(async move {
            while let Some(letter) = letters.recv().await {
                if let Err(error) = to_supervisor.send(&letter).await {
                    tracing::debug!("Could not tell the supervisor: {error}");
                    return;
                }
            }
        });
        match from_supervisor.next().await {
            Some(Ok(ToWorker::Start { start, plan: packed })) => {
                let plan = packed.unpack()?;
                start.core_files.into_iter().for_each(tune::core_files_were);
                let ignore_interrupt = start.ignore_interrupt;
                let orders = Self {
                    from_supervisor,
                    outbox,
                    number: start.number,
                    terminate,
                    interrupt,
                    ignore_interrupt,
                    hang_up,
                    requests,
                    tuner: Tuner::new(),
                    until_calm: None,
                };
                Ok((start, plan, orders))
            }
            Some(Ok(_)) => Err(io::Error::other("the first message was not a start")),
            Some(Err(error)) => Err(error),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Waits for the next order. Loses nothing when dropped while waiting.
    pub(crate) async fn next(&mut self) -> Order<P> {
        loop {
            if let Some(order) = self.hear().await {
                return order;
            }
        }
    }

    /// Waits for what comes next; nothing, if it is done already.
    async fn hear(&mut self) -> Option<Order<P>> {
        let interrupted = async {
            self.interrupt.recv().await;
            if self.ignore_interrupt {
                std::future::pending::<()>().await;
            }
        };
        Some(tokio::select! {
            biased;
            _ = self.terminate.recv() => Order::Stop,
            () = interrupted => Order::Stop,
            message = self.from_supervisor.next() => match message {
                Some(Ok(ToWorker::Reload { number, plan })) => {
                    self.number = number;
                    return plan_of(&plan);
                }
                Some(Ok(ToWorker::Paths(news))) => Order::Paths(news),
                Some(Ok(ToWorker::Report(request))) => Order::Report(request),
                Some(Ok(ToWorker::Ping)) => Order::Ping,
                Some(Ok(ToWorker::Tune(tuning))) => {
                    self.tuner.apply(&tuning);
                    return None;
                }
                Some(Ok(ToWorker::Recite(text))) => {
                    text.lines().for_each(|line| tracing::info!("{line}"));
                    return None;
                }
                Some(Ok(ToWorker::Start { .. })) | None => Order::Stop,
                Some(Err(error)) => {
                    tracing::error!("Lost contact with the supervisor: {error}");
                    Order::Stop
                }
            },
            // To this worker alone.
            _ = self.hang_up.recv() => {
                self.tell(FromWorker::Again);
                return None;
            }
            request = next_request(&mut self.requests) => Order::Report(request),
        })
    }

    /// Makes the process run like this.
    pub(crate) fn tune(&mut self, tuning: &Tuning) {
        self.tuner.apply(tuning);
    }

    /// A timer was served this late, for want of processor time perhaps.
    pub(crate) fn timer_served(&mut self, late: Duration) {
        self.tuner.timer_served(late);
    }

    /// Answers [`Order::Ping`] with a few words on how the worker is.
    pub(crate) fn alive(&mut self, words: String) {
        self.tell(FromWorker::Alive(words));
        if let Some(left) = &mut self.until_calm {
            *left -= 1;
            if *left == 0 {
                self.until_calm = None;
                memory::give_back();
            }
        }
    }

    /// Tells the supervisor that the last plan is in force.
    pub(crate) fn configured(&mut self) {
        memory::give_back();
        self.until_calm = Some(UNTIL_CALM);
        self.tell(FromWorker::Configured(self.number));
    }

    /// Tells the supervisor what BFD sessions say.
    pub(crate) fn paths(&self, news: Vec<PathNews>) {
        if !news.is_empty() {
            self.tell(FromWorker::Paths(news));
        }
    }

    /// Answers [`Order::Report`].
    pub(crate) fn report(&self, request: Request, status: Status) {
        self.tell(FromWorker::Report(request, status));
    }

    fn tell(&self, message: FromWorker) {
        // A link that is gone is an order to stop, and heard as such.
        let _ = self.outbox.send(message);
    }
}

/// The order to put a plan in force.
fn plan_of<P: Serialize + DeserializeOwned>(packed: &Packed<P>) -> Option<Order<P>> {
    match packed.unpack() {
        Ok(plan) => Some(Order::Reload(Box::new(plan))),
        Err(error) => {
            tracing::error!("A plan is not understood, everything keeps running as it was: {error}");
            None
        }
    }
}

/// Listens to the signals that ask for a status.
pub(crate) fn listen_to_requests() -> io::Result<[(Request, Signal); Request::SIGNALS.len()]> {
    let [one, two, three, four] = Request::SIGNALS;
    let listen = |(request, number)| signal(SignalKind::from_raw(number)).map(|signal| (request, signal));
    Ok([listen(one)?, listen(two)?, listen(three)?, listen(four)?])
}

/// Waits for the next of these signals. Loses nothing when dropped while waiting.
pub(crate) async fn next_request(requests: &mut [(Request, Signal)]) -> Request {
    poll_fn(|context| {
        for (request, signal) in &mut *requests {
            if let Poll::Ready(Some(())) = signal.poll_recv(context) {
                return Poll::Ready(*request);
            }
        }
        Poll::Pending
    })
    .await
}
