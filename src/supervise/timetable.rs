//! `reload_time_file`: a file with the time of the next reload, watched for as long as it is configured.

use std::fs;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Days, Local, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use tokio::io::unix::AsyncFd;
use tokio::time::sleep;

/// The clock may be set while we wait; it is looked at this often.
const LOOK: Duration = Duration::from_secs(30);

/// A reload to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Appointment {
    at: DateTime<Local>,
    /// The file says a time without a date.
    is_daily: bool,
}

/// Why a file says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Format,
    Past,
}

/// Tells when a reload is due by the file.
#[derive(Debug, Default)]
pub(super) struct Timetable {
    watch: Option<Watch>,
    next: Option<Appointment>,
}

#[derive(Debug)]
struct Watch {
    file: PathBuf,
    /// `reload_repeat`
    repeat: bool,
    inotify: Inotify,
    /// The same descriptor, to wait for.
    events: AsyncFd<OwnedFd>,
}

impl Watch {
    fn start(file: &Path, repeat: bool) -> io::Result<Self> {
        let folder = file.parent().unwrap_or(Path::new("/"));
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
        let changes = AddWatchFlags::IN_CLOSE_WRITE
            | AddWatchFlags::IN_DELETE
            | AddWatchFlags::IN_MOVED_FROM
            | AddWatchFlags::IN_MOVED_TO;
        inotify.add_watch(folder, changes)?;
        let events = vrrp::io::watch(inotify.as_fd().try_clone_to_owned()?)?;
        Ok(Self { file: file.to_owned(), repeat, inotify, events })
    }

    /// Waits until something has happened to the file.
    async fn changed(&self) {
        loop {
            let Ok(mut ready) = self.events.readable().await else { return std::future::pending().await };
            let told = self.inotify.read_events();
            ready.clear_ready();
            let is_ours = |name: &std::ffi::OsStr| self.file.file_name() == Some(name);
            if told.is_ok_and(|told| told.iter().any(|one| one.name.as_deref().is_some_and(is_ours))) {
                return;
            }
        }
    }
}

impl Timetable {
    /// Watches this file from now on, or none.
    pub(super) fn follow(&mut self, file: Option<&Path>, repeat: bool) {
        let Some(file) = file else {
            self.watch = None;
            self.cancel();
            return;
        };
        if self.watch.as_ref().is_some_and(|watch| watch.file == file && watch.repeat == repeat) {
            return;
        }
        match Watch::start(file, repeat) {
            Ok(watch) => self.watch = Some(watch),
            Err(_) => {
                let folder = file.parent().unwrap_or(Path::new("/"));
                tracing::info!(
                    "Unable to monitor reload timer file directory {}- ignoring",
                    folder.display()
                );
                self.watch = None;
            }
        }
        self.read();
    }

    /// When the next reload is to be, in the words of the dump, which does not close its parenthesis.
    pub(super) fn next(&self) -> Option<String> {
        self.next.map(|next| format!("{}{}", told(next), if next.is_daily { "" } else { " (date specified" }))
    }

    /// Waits until a reload is due; for ever, if none is planned. Loses nothing when dropped while waiting.
    pub(super) async fn due(&mut self) {
        loop {
            let Some(watch) = &self.watch else { return std::future::pending().await };
            let wait = async {
                match self.next {
                    Some(next) => {
                        let left = (next.at - Local::now()).to_std().unwrap_or_default();
                        sleep(left.min(LOOK)).await;
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = watch.changed() => self.read(),
                () = wait => if self.is_due() { return },
            }
        }
    }

    /// Whether the time has come; if so, it is over.
    fn is_due(&mut self) -> bool {
        let (Some(watch), Some(next)) = (&self.watch, self.next) else { return false };
        if Local::now() < next.at {
            return false;
        }
        self.next = None;
        if watch.repeat && next.is_daily {
            self.read();
        } else if let Err(error) = fs::remove_file(&watch.file) {
            tracing::info!("Unable to remove reload time file {}: {error}", watch.file.display());
        }
        true
    }

    /// Plans what the file says.
    fn read(&mut self) {
        let Some(watch) = &self.watch else { return };
        let Ok(text) = fs::read_to_string(&watch.file) else { return self.cancel() };
        let text = text.lines().next().unwrap_or_default().trim();
        match appointment(text, Local::now()) {
            Ok(next) => {
                match self.next {
                    None => tracing::info!("Scheduling reload for {}", told(next)),
                    Some(before) if before.at != next.at => {
                        tracing::info!("Reload time updated from {} to {}", told(before), told(next));
                    }
                    Some(_) => {}
                }
                self.next = Some(next);
            }
            Err(refusal) => {
                match refusal {
                    Refusal::Format => {
                        tracing::info!("Reload time {text} format is incorrect - ignoring");
                        tracing::info!("Invalid reload time '{text}' specified - ignoring");
                    }
                    Refusal::Past => {
                        tracing::info!("Reload time {text} is in the past - ignoring");
                        tracing::info!("Reload date/time is in the past - ignoring");
                    }
                }
                self.cancel();
            }
        }
    }

    fn cancel(&mut self) {
        if let Some(next) = self.next.take() {
            tracing::info!("Cancelling reload scheduled for {}", told(next));
        }
    }
}

fn told(one: Appointment) -> impl std::fmt::Display {
    one.at.format("%Y-%m-%d %H:%M:%S")
}

/// `HH:MM:SS`, `YY-MM-DD HH:MM:SS` or `YYYY-MM-DD HH:MM:SS`, with a `Z` behind it in UTC, else in local time. A time that has
/// passed today means tomorrow.
fn appointment(text: &str, now: DateTime<Local>) -> Result<Appointment, Refusal> {
    let (text, is_utc) = text.strip_suffix('Z').map_or((text, false), |text| (text, true));
    let (date, time) = text.rsplit_once(' ').map_or((None, text), |(date, time)| (Some(date.trim()), time));
    let time = NaiveTime::parse_from_str(time, "%H:%M:%S").map_err(|_| Refusal::Format)?;
    let local = |moment: NaiveDateTime| {
        let found = if is_utc {
            Utc.from_local_datetime(&moment).single().map(|utc| utc.with_timezone(&Local))
        } else {
            // In the hour that comes twice the first counts; one that does not exist is no time.
            Local.from_local_datetime(&moment).earliest()
        };
        found.ok_or(Refusal::Format)
    };
    let Some(date) = date else {
        let today = if is_utc { now.with_timezone(&Utc).date_naive() } else { now.date_naive() };
        let at = local(today.and_time(time))?;
        let at = if at > now { at } else { local((today + Days::new(1)).and_time(time))? };
        return Ok(Appointment { at, is_daily: true });
    };
    let is_short = date.split('-').next().is_some_and(|year| year.len() <= 2);
    let format = if is_short { "%y-%m-%d" } else { "%Y-%m-%d" };
    let date = NaiveDate::parse_from_str(date, format).map_err(|_| Refusal::Format)?;
    let at = local(date.and_time(time))?;
    if at > now { Ok(Appointment { at, is_daily: false }) } else { Err(Refusal::Past) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Local> {
        Local.with_ymd_and_hms(2026, 11, 22, 14, 0, 0).unwrap()
    }

    fn says(text: &str) -> Result<(String, bool), Refusal> {
        appointment(text, now()).map(|one| (told(one).to_string(), one.is_daily))
    }

    #[test]
    fn a_time_alone_is_today_or_tomorrow() {
        assert_eq!(says("14:58:11"), Ok(("2026-11-22 14:58:11".into(), true)));
        assert_eq!(says("09:00:00"), Ok(("2026-11-23 09:00:00".into(), true)));
    }

    #[test]
    fn years_have_two_digits_or_four() {
        for text in ["26-12-24 18:00:00", "2026-12-24 18:00:00"] {
            assert_eq!(says(text), Ok(("2026-12-24 18:00:00".into(), false)));
        }
    }

    #[test]
    fn a_z_means_utc() {
        let utc = Utc.with_ymd_and_hms(2026, 12, 24, 18, 0, 0).unwrap();
        let one = appointment("2026-12-24 18:00:00Z", now()).unwrap();
        assert_eq!(one.at, utc);
    }

    #[test]
    fn the_past_and_what_is_no_time_are_refused() {
        assert_eq!(says("2026-11-22 13:59:59"), Err(Refusal::Past));
        for text in ["", "soon", "25:00:00", "2026-13-01 10:00:00", "12:00"] {
            assert_eq!(says(text), Err(Refusal::Format), "{text}");
        }
    }
}
