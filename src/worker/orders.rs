//! What a worker is told to do, whether by the supervisor or by a signal sent to the worker itself.

use std::io;

use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{FromWorker, PathNews, Receiver, Sender, Start, ToWorker, split};

/// One thing to do.
#[derive(Debug)]
pub(crate) enum Order<P> {
    /// Make this plan the one in force, touching only what differs.
    Reload(Box<P>),
    /// Take notice of what BFD sessions say.
    Paths(Vec<PathNews>),
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
    to_supervisor: Sender<FromWorker>,
    plan: P,
    terminate: Signal,
    interrupt: Signal,
    ignore_interrupt: bool,
    hang_up: Signal,
}

impl<P: DeserializeOwned + Clone> Orders<P> {
    /// Takes over the inherited link and waits for the first plan.
    pub(crate) async fn begin(link: UnixStream) -> io::Result<(Start, P, Self)> {
        let terminate = signal(SignalKind::terminate())?;
        // Listening replaces the default action, so an ignored interrupt is one that is listened to in vain.
        let interrupt = signal(SignalKind::interrupt())?;
        let hang_up = signal(SignalKind::hangup())?;
        let (to_supervisor, mut from_supervisor) = split(link);
        match from_supervisor.next().await {
            Some(Ok(ToWorker::Start { start, plan })) => {
                let ignore_interrupt = start.ignore_interrupt;
                let orders = Self {
                    from_supervisor,
                    to_supervisor,
                    plan: plan.clone(),
                    terminate,
                    interrupt,
                    ignore_interrupt,
                    hang_up,
                };
                Ok((start, plan, orders))
            }
            Some(Ok(ToWorker::Reload(_) | ToWorker::Paths(_))) => {
                Err(io::Error::other("the first message was not a start"))
            }
            Some(Err(error)) => Err(error),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Waits for the next order. Loses nothing when dropped while waiting.
    pub(crate) async fn next(&mut self) -> Order<P> {
        let interrupted = async {
            self.interrupt.recv().await;
            if self.ignore_interrupt {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            _ = self.terminate.recv() => Order::Stop,
            () = interrupted => Order::Stop,
            message = self.from_supervisor.next() => match message {
                Some(Ok(ToWorker::Reload(plan))) => {
                    self.plan = plan.clone();
                    Order::Reload(Box::new(plan))
                }
                Some(Ok(ToWorker::Paths(news))) => Order::Paths(news),
                Some(Ok(ToWorker::Start { .. })) | None => Order::Stop,
                Some(Err(error)) => {
                    tracing::error!("Lost contact with the supervisor: {error}");
                    Order::Stop
                }
            },
            _ = self.hang_up.recv() => Order::Reload(Box::new(self.plan.clone())),
        }
    }

    /// Tells the supervisor that the last plan is in force.
    pub(crate) async fn configured(&mut self) {
        self.tell(&FromWorker::Configured).await;
    }

    /// Tells the supervisor what BFD sessions say.
    pub(crate) async fn paths(&mut self, news: Vec<PathNews>) {
        if !news.is_empty() {
            self.tell(&FromWorker::Paths(news)).await;
        }
    }

    async fn tell(&mut self, message: &FromWorker) {
        if let Err(error) = self.to_supervisor.send(message).await {
            tracing::debug!("Could not tell the supervisor: {error}");
        }
    }
}
