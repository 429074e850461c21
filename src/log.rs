//! Where log lines go: syslog, the console, or nowhere.
//!
//! Code logs through [`tracing`]; the message text is the line that keepalived's users know, so this layer adds nothing
//! to it. Levels carry keepalived's meaning:
//!
//! | tracing | shown | syslog severity |
//! |---|---|---|
//! | `ERROR` | always | err, or alert with the field `alert = true` |
//! | `WARN` | always | warning |
//! | `INFO` | always | info, or debug with the field `debug = true` |
//! | `DEBUG` | with `--log-detail` | info |
//! | `TRACE` | with `--log-detail` twice | debug |
//!
//! Where systemd's journal listens, it is spoken to in its own way instead of syslog's, so that what a line is about comes
//! along as fields (`KEEPALIVED_INSTANCE`, …); what `journalctl -t` and syslog daemons behind it see is the same.
//!
//! A line is never allowed to hold up its writer: an election must not wait for a stuck console or journal. Lines are
//! handed to a thread through a bounded queue; when that is full they are counted and dropped, and the count is logged
//! as soon as there is room again.

mod background;
pub(crate) mod file;

use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Sender, channel};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry;

use self::file::LogFile;

/// Lines that may wait for a slow console or journal before further ones are dropped.
const QUEUE: usize = 16_384;

/// The most that a pipe takes in one go, in bytes (`PIPE_BUF`): the processes share the console, and none comes between the lines of
/// another.
const AT_ONCE: usize = 4_096;

/// Where nobody listens for records, as in most containers, it is tried again after so long.
const ABSENCE: Duration = Duration::from_millis(200);

/// How long the end of a process may be delayed by lines still waiting.
const FLUSH: Duration = Duration::from_millis(500);

/// The syslog socket.
const DEV_LOG: &str = "/dev/log";

/// The journal's own socket.
const JOURNAL: &str = "/run/systemd/journal/socket";

/// Where and how to log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// The syslog ident, for example `Keepalived_vrrp`.
    pub(crate) ident: String,
    /// Also write to standard error, each line after the time.
    pub(crate) console: bool,
    /// Write to syslog.
    pub(crate) syslog: bool,
    /// Append to this file.
    pub(crate) file: Option<PathBuf>,
    /// `--log-detail`: 0, 1 or 2 and more.
    pub(crate) detail: u8,
    /// The syslog facility number, 3 for daemon.
    pub(crate) facility: u8,
}

/// Syslog severities in use (RFC 5424 §6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Severity {
    Alert = 1,
    Error = 3,
    Warning = 4,
    Info = 6,
    Debug = 7,
}

/// One line on its way out.
#[derive(Debug)]
struct Line {
    at: chrono::DateTime<chrono::Local>,
    severity: Severity,
    text: String,
    /// What it is about.
    fields: Vec<(&'static str, String)>,
}

/// What the writing thread receives.
#[derive(Debug)]
enum Parcel {
    Line(Line),
    Flush(SyncSender<()>),
}

/// Writes lines to their destinations.
#[derive(Debug)]
struct Writer {
    settings: Settings,
    outlet: Option<Outlet>,
    /// Nobody takes records, and until then it is not tried again.
    absent_until: Option<Instant>,
    file: Option<LogFile>,
    /// For the console: whole lines, at most [`AT_ONCE`] bytes.
    console: String,
}

/// Who takes records.
#[derive(Debug)]
enum Outlet {
    Journal(UnixDatagram),
    Syslog(UnixDatagram),
}

impl Outlet {
    fn open() -> Option<Self> {
        let connected = |path| UnixDatagram::unbound().ok().filter(|socket| socket.connect(path).is_ok());
        connected(JOURNAL).map(Self::Journal).or_else(|| connected(DEV_LOG).map(Self::Syslog))
    }
}

impl Writer {
    fn new(settings: Settings) -> Self {
        Self { settings, outlet: None, absent_until: None, file: None, console: String::new() }
    }

    fn write(&mut self, line: &Line) {
        if self.settings.console {
            let text = format!("{}: {}\n", line.at.format("%a %b %e %T %Y"), line.text);
            if self.console.len() + text.len() > AT_ONCE {
                self.flush();
            }
            self.console.push_str(&text);
        }
        if self.settings.syslog {
            self.send(line);
        }
        self.append(line);
    }

    /// Writes what is left for the console.
    fn flush(&mut self) {
        if !self.console.is_empty() {
            // A console that is gone is no reason to stop.
            let _ = std::io::stderr().lock().write_all(self.console.as_bytes());
            self.console.clear();
        }
    }

    /// Writes a line to the file. One that cannot be written to is told of and given up.
    fn append(&mut self, line: &Line) {
        let Some(path) = &self.settings.file else { return };
        let opened = match self.file.take() {
            Some(file) => Ok(file),
            None => LogFile::open(path),
        };
        let written = opened.and_then(|mut file| {
            file.write(line.at, &line.text)?;
            self.file = Some(file);
            Ok(())
        });
        if let Err(error) = written {
            let text = format!("Unable to write log file {}: {error}", path.display());
            self.settings.file = None;
            self.write(&Line { at: line.at, severity: Severity::Error, text, fields: Vec::new() });
        }
    }

    /// The datagram of RFC 3164, in the form that `syslog(3)` gives it on the local socket.
    fn record(&self, line: &Line) -> String {
        format!(
            "<{}>{} {}[{}]: {}",
            u16::from(self.settings.facility) * 8 + line.severity as u16,
            line.at.format("%b %e %T"),
            self.settings.ident,
            std::process::id(),
            line.text
        )
    }

    /// The datagram of systemd's journal, a field on each line (systemd.journal-fields(7)).
    fn journal_record(&self, line: &Line) -> String {
        let mut record = format!(
            "MESSAGE={}\nPRIORITY={}\nSYSLOG_FACILITY={}\nSYSLOG_IDENTIFIER={}\nSYSLOG_PID={}\n",
            line.text,
            line.severity as u16,
            self.settings.facility,
            self.settings.ident,
            std::process::id()
        );
        for (name, value) in &line.fields {
            // Writing to a string cannot fail.
            let _ = writeln!(record, "KEEPALIVED_{}={value}", name.to_uppercase());
        }
        record
    }

    /// Sends a line, once more over a fresh socket when the journal was restarted meanwhile.
    fn send(&mut self, line: &Line) {
        for _ in 0..2 {
            let now = Instant::now();
            if self.outlet.is_none() && self.absent_until.is_none_or(|until| until <= now) {
                self.outlet = Outlet::open();
                self.absent_until = self.outlet.is_none().then(|| now + ABSENCE);
            }
            let sent = match &self.outlet {
                None => return,
                Some(Outlet::Journal(socket)) => socket.send(self.journal_record(line).as_bytes()),
                Some(Outlet::Syslog(socket)) => socket.send(self.record(line).as_bytes()),
            };
            if sent.is_ok() {
                return;
            }
            self.outlet = None;
        }
    }
}

/// The layer that turns events into lines.
struct Lines {
    detail: u8,
    sink: Sink,
}

/// Direct until [`Guard::background`], queued from then on.
#[derive(Clone)]
struct Sink(Arc<Mutex<Route>>);

enum Route {
    Direct(Writer),
    Queued { queue: Sender<Parcel>, dropped: u64 },
}

impl Sink {
    fn line(&self, severity: Severity, text: String, fields: Vec<(&'static str, String)>) {
        let line = Line { at: chrono::Local::now(), severity, text, fields };
        let mut route = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *route {
            Route::Direct(writer) => {
                writer.write(&line);
                writer.flush();
            }
            Route::Queued { queue, dropped } => {
                if *dropped > 0 {
                    let text =
                        format!("{dropped} log lines were dropped, the console or syslog being too slow");
                    let note = Line { at: line.at, severity: Severity::Warning, text, fields: Vec::new() };
                    if queue.try_send(Parcel::Line(note)).is_ok() {
                        *dropped = 0;
                    }
                }
                match queue.try_send(Parcel::Line(line)) {
                    Ok(()) | Err(TrySendError::Closed(_)) => {}
                    Err(TrySendError::Full(_)) => *dropped += 1,
                }
            }
        }
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        let ours = ["keepalived", "vrrp", "checkers", "ipvs", "parser"]
            .into_iter()
            .any(|name| metadata.target().split("::").next() == Some(name));
        let wanted = match self.detail {
            0 => Level::INFO,
            1 => Level::DEBUG,
            _ => Level::TRACE,
        };
        ours && *metadata.level() <= wanted
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut words = Words::default();
        event.record(&mut words);
        let level = *event.metadata().level();
        let severity = if words.alert {
            Severity::Alert
        } else if level == Level::ERROR {
            Severity::Error
        } else if level == Level::WARN {
            Severity::Warning
        } else if level == Level::TRACE || words.debug {
            Severity::Debug
        } else {
            Severity::Info
        };
        self.sink.line(severity, words.text, words.fields);
    }
}

/// Collects the message of an event, and the fields that tell what it is about.
#[derive(Default)]
struct Words {
    text: String,
    alert: bool,
    debug: bool,
    fields: Vec<(&'static str, String)>,
}

impl Visit for Words {
    fn record_bool(&mut self, field: &Field, value: bool) {
        match field.name() {
            "alert" => self.alert = value,
            "debug" => self.debug = value,
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.push((field.name(), plain(value)));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.text = plain(&format!("{value:?}"));
        }
    }
}

/// A control character from a file or a peer must not forge a line, nor command a terminal.
pub(crate) fn plain(text: &str) -> String {
    text.replace(|c: char| c.is_control() && c != '\t', "?")
}

/// Keeps logging alive; dropping it writes what still waits.
pub(crate) struct Guard {
    sink: Sink,
}

/// Starts logging, directly from the calling thread until [`Guard::background`].
pub(crate) fn init(settings: Settings) -> Guard {
    let detail = settings.detail;
    let sink = Sink(Arc::new(Mutex::new(Route::Direct(Writer::new(settings)))));
    let subscriber = registry().with(Lines { detail, sink: sink.clone() });
    // A second call in one process would be a mistake of ours; the first subscriber then simply stays.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Guard { sink }
}

impl Guard {
    /// Goes on with other names of ident and file. Without effect once the writing has moved to its thread.
    pub(crate) fn rename(&self, ident: &str, file: Option<PathBuf>) {
        let mut route = self.sink.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Route::Direct(writer) = &mut *route {
            ident.clone_into(&mut writer.settings.ident);
            writer.settings.file = file;
            writer.file = None;
        }
    }

    /// Moves the writing to a thread of its own. To be called after the last fork, because threads do not survive one.
    pub(crate) fn background(&self) {
        let mut route = self.sink.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Route::Direct(writer) = &mut *route else { return };
        let mut writer = Writer::new(writer.settings.clone());
        // Tokio's takes memory for lines that wait, the standard library's for all that could.
        let (queue, lines) = channel(QUEUE);
        let started = std::thread::Builder::new()
            .name("log".into())
            .spawn(move || background::write_all(lines, &mut writer));
        if started.is_ok() {
            *route = Route::Queued { queue, dropped: 0 };
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let route = self.sink.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Route::Queued { queue, .. } = &*route else { return };
        let queue = queue.clone();
        drop(route);
        let (done, flushed) = sync_channel(1);
        let deadline = Instant::now() + FLUSH;
        let mut parcel = Parcel::Flush(done);
        loop {
            match queue.try_send(parcel) {
                Ok(()) => break,
                Err(TrySendError::Full(back)) if Instant::now() < deadline => {
                    parcel = back;
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(TrySendError::Full(_) | TrySendError::Closed(_)) => return,
            }
        }
        match flushed.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(()) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone as _;

    fn line(severity: Severity) -> Line {
        let at = chrono::Local.with_ymd_and_hms(2026, 11, 2, 14, 55, 50).single().unwrap();
        Line {
            at,
            severity,
            text: "(VI_1) Entering MASTER STATE".into(),
            fields: vec![("instance", "VI_1".into())],
        }
    }

    fn settings() -> Settings {
        Settings {
            ident: "Keepalived_vrrp".into(),
            console: false,
            syslog: true,
            file: None,
            detail: 0,
            facility: 3,
        }
    }

    #[test]
    fn a_syslog_record_has_priority_time_ident_and_pid() {
        let record = Writer::new(settings()).record(&line(Severity::Info));
        let pid = std::process::id();
        assert_eq!(
            record,
            format!("<30>Nov  2 14:55:50 Keepalived_vrrp[{pid}]: (VI_1) Entering MASTER STATE")
        );
    }

    #[test]
    fn the_journal_is_told_what_a_line_is_about() {
        let record = Writer::new(settings()).journal_record(&line(Severity::Info));
        let pid = std::process::id();
        assert_eq!(
            record,
            format!(
                "MESSAGE=(VI_1) Entering MASTER STATE\nPRIORITY=6\nSYSLOG_FACILITY=3\n\
                 SYSLOG_IDENTIFIER=Keepalived_vrrp\nSYSLOG_PID={pid}\nKEEPALIVED_INSTANCE=VI_1\n"
            )
        );
    }

    #[test]
    fn the_facility_moves_the_priority() {
        let record = Writer::new(Settings { facility: 19, ..settings() }).record(&line(Severity::Info));
        assert!(record.starts_with("<158>"), "{record}");
        let record = Writer::new(settings()).record(&line(Severity::Alert));
        assert!(record.starts_with("<25>"), "{record}");
    }
}
