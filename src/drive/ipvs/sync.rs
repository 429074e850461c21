//! The kernel's synchronisation daemons, kept as they are wanted: both run where no VRRP instance decides between them
//! (§12.1).

use ipvs::{Daemon, Request, Role, Transport};

use super::{Table, tell};

impl<T: Transport> Table<T> {
    /// Runs both daemons as wanted. Where they are not wanted, only those that we started are stopped. A daemon that
    /// runs as it should is left alone, so that it misses nothing.
    pub(super) async fn set_daemons(&mut self, wanted: Option<Daemon>) {
        if wanted.is_none() && self.daemons.is_none() {
            return;
        }
        let running = match self.handle.daemons().await {
            Ok(running) => running,
            Err(error) => {
                tracing::error!("IPVS: cannot read the synchronisation daemons: {error}");
                return;
            }
        };
        for role in [Role::Master, Role::Backup] {
            let actual = running.iter().find(|daemon| daemon.role == role);
            let wanted = wanted.map(|daemon| Daemon { role, ..daemon });
            if let (Some(actual), Some(wanted)) = (actual, wanted)
                && wanted.is_met_by(actual)
            {
                continue;
            }
            if actual.is_some() {
                self.change_daemon(Request::DelDaemon { role, interface: None, sync_id: 0 }).await;
            }
            if let Some(wanted) = wanted {
                self.change_daemon(Request::NewDaemon(wanted)).await;
            }
        }
        self.daemons = wanted;
    }

    async fn change_daemon(&mut self, request: Request) {
        match self.handle.change(&request).await {
            Ok(Ok(())) => {}
            Ok(Err(refusal)) => tell(&request, &refusal),
            Err(error) => tracing::error!("IPVS: a synchronisation daemon is in doubt: {error}"),
        }
    }
}
