//! The synchronisation daemon of IPVS, in the role of the virtual router that decides: whoever is master sends, the others
//! receive.
//!
//! Starting a daemon takes locks of the kernel, so it is done on a thread of its own.

use std::io;
use std::path::{Path, PathBuf};

use ipvs::{Daemon, Handle, Request, Role};
use tokio::sync::{oneshot, watch};

use crate::unusable;

/// The other end of the thread.
#[derive(Debug)]
pub(crate) struct SyncDaemon {
    wishes: watch::Sender<Option<Daemon>>,
    ended: oneshot::Receiver<()>,
}

impl SyncDaemon {
    /// Starts the thread; no daemon runs yet. Those of another network namespace are meant where one is named.
    pub(crate) fn start(namespace: Option<PathBuf>) -> io::Result<Self> {
        let (wishes, orders) = watch::channel(None);
        let (end, ended) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("syncd".into()).spawn(move || {
            runtime.block_on(work(namespace.as_deref(), orders));
            // Nobody waits when the worker was told to leave everything as it is.
            let _ = end.send(());
        })?;
        Ok(Self { wishes, ended })
    }

    /// Has exactly this daemon run, or none.
    pub(crate) fn want(&self, daemon: Option<Daemon>) {
        self.wishes.send_replace(daemon);
    }

    /// Stops what runs, and waits for that.
    pub(crate) async fn finish(self) {
        self.want(None);
        drop(self.wishes);
        let _ = self.ended.await;
    }
}

async fn work(namespace: Option<&Path>, mut orders: watch::Receiver<Option<Daemon>>) {
    let mut table = match unusable::open(namespace).await {
        Ok(table) => table,
        Err(reason) => {
            tracing::error!("IPVS: no synchronisation daemon: {reason}");
            return;
        }
    };
    let mut ours = None;
    // Only the last wish counts, also that of a worker that is gone.
    while orders.changed().await.is_ok() {
        let wanted = *orders.borrow_and_update();
        if wanted == ours {
            continue;
        }
        if let Err(error) = switch(&mut table, wanted).await {
            tracing::error!("IPVS: a synchronisation daemon is in doubt: {error}");
        }
        ours = wanted;
    }
}

/// One that runs as it should is left alone, so that it misses nothing.
async fn switch(table: &mut Handle, wanted: Option<Daemon>) -> Result<(), ipvs::Error> {
    let running = table.daemons().await?;
    let mut requests = Vec::new();
    for role in [Role::Backup, Role::Master] {
        let actual = running.iter().find(|daemon| daemon.role == role);
        let wanted = wanted.filter(|daemon| daemon.role == role);
        let is_right = actual.is_some_and(|actual| wanted.is_some_and(|wanted| wanted.is_met_by(actual)));
        if is_right {
            continue;
        }
        if actual.is_some() {
            requests.insert(0, Request::DelDaemon { role, interface: None, sync_id: 0 });
        }
        requests.extend(wanted.map(Request::NewDaemon));
    }
    for request in requests {
        if let Err(refusal) = table.change(&request).await? {
            tracing::error!("IPVS: a synchronisation daemon was refused: {refusal}");
        }
    }
    Ok(())
}
