//! `startup_script` and `shutdown_script`: before the first worker, and after the last one.

use crate::plan::notify::Occasion;
use crate::script::{Ended, Job, Runner, Stopper};
use tokio::sync::oneshot;

/// A script under way.
#[derive(Debug)]
pub(super) struct Running {
    name: &'static str,
    told: oneshot::Receiver<Ended>,
    stopper: Option<Stopper>,
}

impl Running {
    /// Starts a script; nothing if there is none. Its result does not matter, so all that can go wrong is logged.
    pub(super) fn start(
        name: &'static str,
        occasion: Option<&Occasion>,
        runner: &mut Option<Runner>,
    ) -> Option<Self> {
        let occasion = occasion?;
        if runner.is_none() {
            match Runner::start() {
                Ok(started) => *runner = Some(started),
                Err(error) => tracing::error!("The {name} cannot be run: {error}"),
            }
        }
        tracing::debug!("Running {name} {}", occasion.program.name());
        let job = Job {
            program: occasion.program.clone(),
            extra: Vec::new(),
            limit: Some(occasion.limit),
            script: None,
        };
        let (tell, told) = oneshot::channel();
        let stopper = runner.as_ref()?.run(job, move |ended| {
            // Nobody waits for it when the daemon stops meanwhile.
            let _ = tell.send(ended);
        });
        Some(Self { name, told, stopper: Some(stopper) })
    }

    /// Waits for its end and logs it.
    pub(super) async fn end(&mut self) {
        match (&mut self.told).await {
            Ok(Ended::Status(0)) => tracing::debug!("{} script succeeded", self.name),
            Ok(Ended::Status(status)) => tracing::debug!("{} script failed, status {status}", self.name),
            Ok(Ended::Signal(signal)) => tracing::debug!("{} script failed, signal {signal}", self.name),
            Ok(Ended::TimedOut) => tracing::info!("{} timed out", self.name),
            // The thread that runs it lives as long as the process.
            Err(_) => {}
        }
    }

    /// Ends it.
    pub(super) fn stop(&mut self) {
        if let Some(stopper) = self.stopper.take() {
            // It may just have ended.
            let _ = stopper.send(());
        }
    }
}
