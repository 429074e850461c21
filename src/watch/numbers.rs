//! Numbers in files (`track_file`), read again when the kernel says that a file was written, moved or deleted.
//!
//! The folder is watched, not the file: editors and careful scripts put a new file in the place of the old one.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use tokio::io::unix::AsyncFd;
use vrrp::track::number::{Found, LENGTH, read};

use crate::plan::watch::File as Plan;

/// What makes a file worth reading again.
const EVENTS: AddWatchFlags = AddWatchFlags::IN_CLOSE_WRITE
    .union(AddWatchFlags::IN_DELETE)
    .union(AddWatchFlags::IN_MOVED_FROM)
    .union(AddWatchFlags::IN_MOVED_TO);

/// One file.
#[derive(Debug)]
struct Watched {
    plan: Plan,
    folder: Option<WatchDescriptor>,
    name: OsString,
    number: i32,
}

/// All files whose numbers count.
#[derive(Debug)]
pub(crate) struct Numbers {
    inotify: Inotify,
    /// The same one, to wait for.
    ready: AsyncFd<OwnedFd>,
    all: Vec<Watched>,
}

impl Numbers {
    /// Watches nothing yet.
    pub(crate) fn new() -> io::Result<Self> {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
        let ready = vrrp::io::watch(inotify.as_fd().try_clone_to_owned()?)?;
        Ok(Self { inotify, ready, all: Vec::new() })
    }

    /// Watches these files from now on, and reads them.
    pub(crate) fn reconfigure(&mut self, plans: Vec<Plan>) {
        let old = std::mem::take(&mut self.all);
        for plan in plans {
            let path = Path::new(&plan.path);
            let folder = match path.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
                Some(_) | None => PathBuf::from("."),
            };
            let watch = self.inotify.add_watch(&folder, EVENTS | AddWatchFlags::IN_ONLYDIR);
            if let Err(errno) = &watch {
                tracing::info!(
                    "Track file {}: folder {} cannot be watched - {errno}",
                    plan.name,
                    folder.display()
                );
            }
            let number =
                old.iter().find(|known| known.plan.path == plan.path).map_or(0, |known| known.number);
            let name = path.file_name().unwrap_or_default().to_owned();
            let mut watched = Watched { folder: watch.ok(), name, number, plan };
            watched.look();
            self.all.push(watched);
        }
        // A folder that several files lie in has one watch.
        for gone in old.iter().filter_map(|one| one.folder) {
            if self.all.iter().all(|kept| kept.folder != Some(gone)) {
                // It goes by itself with its folder.
                let _ = self.inotify.rm_watch(gone);
            }
        }
    }

    /// The number in each, by name.
    pub(crate) fn known(&self) -> impl Iterator<Item = (&str, i32)> {
        self.all.iter().map(|one| (one.plan.name.as_str(), one.number))
    }

    /// Waits until some have changed: these, with their numbers. Loses nothing when dropped while waiting.
    pub(crate) async fn changed(&mut self) -> Vec<(String, i32)> {
        loop {
            let Ok(mut ready) = self.ready.readable().await else { return std::future::pending().await };
            let events = match self.inotify.read_events() {
                Ok(events) => events,
                Err(Errno::EAGAIN) => {
                    ready.clear_ready();
                    continue;
                }
                Err(errno) => {
                    tracing::error!("Track files are not watched any more - {errno}");
                    return std::future::pending().await;
                }
            };
            let overrun = events.iter().any(|event| event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW));
            let concerns = |one: &Watched| {
                overrun
                    || events
                        .iter()
                        .any(|event| one.folder == Some(event.wd) && event.name.as_ref() == Some(&one.name))
            };
            let mut changed = Vec::new();
            for one in self.all.iter_mut().filter(|one| concerns(one)) {
                if one.look() {
                    changed.push((one.plan.name.clone(), one.number));
                }
            }
            if !changed.is_empty() {
                return changed;
            }
        }
    }
}

impl Watched {
    /// Reads the file. Whether the number is another one.
    fn look(&mut self) -> bool {
        let before = self.number;
        match read(&start_of(&self.plan.path)) {
            Found::Number(number) => self.number = number,
            Found::OutOfRange(number) => {
                tracing::info!("Invalid number {number} read from {} - ignoring", self.plan.path);
            }
        }
        before != self.number
    }
}

/// Its first bytes; none of a file that cannot be read. Never waits, whatever the path leads to.
fn start_of(path: &str) -> Vec<u8> {
    let mut start = Vec::new();
    let opened = OpenOptions::new().read(true).custom_flags(nix::libc::O_NONBLOCK).open(path);
    if let Ok(file) = opened {
        let limit = u64::try_from(LENGTH).unwrap_or(u64::MAX);
        // A folder or a device that does not answer says as little as an empty file.
        let _ = file.take(limit).read_to_end(&mut start);
    }
    start
}

/// `init_file`: writes the number a file starts with.
pub(crate) fn initialise(plans: &[Plan]) {
    for plan in plans {
        let Some(number) = plan.init else { continue };
        let mut options = OpenOptions::new();
        options.write(true);
        if plan.overwrite {
            options.create(true).truncate(true)
        } else {
            options.create_new(true)
        };
        match options.open(&plan.path).and_then(|mut file: File| writeln!(file, "{number}")) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => tracing::info!("Unable to write track file {} - {error}", plan.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn plan(path: &Path) -> Plan {
        Plan { name: "f".into(), path: path.to_string_lossy().into_owned(), init: None, overwrite: false }
    }

    async fn changed(numbers: &mut Numbers) -> Vec<(String, i32)> {
        let limit = Duration::from_secs(20);
        tokio::time::timeout(limit, numbers.changed()).await.expect("the kernel says so")
    }

    #[tokio::test]
    async fn a_file_is_read_again_when_it_is_written_replaced_and_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        std::fs::write(&path, "3\n").unwrap();
        let mut numbers = Numbers::new().unwrap();
        numbers.reconfigure(vec![plan(&path)]);
        assert_eq!(numbers.known().collect::<Vec<_>>(), [("f", 3)]);
        std::fs::write(&path, "-4").unwrap();
        assert_eq!(changed(&mut numbers).await, [("f".to_owned(), -4)]);
        std::fs::write(folder.path().join("new"), "0x10").unwrap();
        std::fs::rename(folder.path().join("new"), &path).unwrap();
        assert_eq!(changed(&mut numbers).await, [("f".to_owned(), 16)]);
        std::fs::write(&path, "99999999999").unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(changed(&mut numbers).await, [("f".to_owned(), 0)]);
    }

    #[test]
    fn a_first_number_is_written_once_or_always() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        let once = Plan { init: Some(7), ..plan(&path) };
        initialise(std::slice::from_ref(&once));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "7\n");
        std::fs::write(&path, "1").unwrap();
        initialise(std::slice::from_ref(&once));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "1");
        initialise(&[Plan { overwrite: true, ..once }]);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "7\n");
    }
}
