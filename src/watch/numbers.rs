//! Numbers in files (`track_file`), read again when the kernel says that a file was written, moved or deleted.
//!
//! The folder is watched, not the file: editors and careful scripts put a new file in the place of the old one. While it is not
//! there, the nearest folder above it is watched instead.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};
use tokio::io::unix::AsyncFd;
use vrrp::track::number::{Found, LENGTH, read};

use crate::plan::watch::File as Plan;

/// What makes a file worth reading again.
const EVENTS: AddWatchFlags = AddWatchFlags::IN_CLOSE_WRITE
    .union(AddWatchFlags::IN_DELETE)
    .union(AddWatchFlags::IN_MOVED_FROM)
    .union(AddWatchFlags::IN_MOVED_TO);

/// What ends the watch of a folder.
const END: AddWatchFlags =
    AddWatchFlags::IN_DELETE_SELF.union(AddWatchFlags::IN_MOVE_SELF).union(AddWatchFlags::IN_IGNORED);

/// What is asked of a folder: the same for everybody, because a later wish replaces an earlier one.
const OF_FOLDER: AddWatchFlags = EVENTS
    .union(AddWatchFlags::IN_CREATE)
    .union(AddWatchFlags::IN_DELETE_SELF)
    .union(AddWatchFlags::IN_MOVE_SELF)
    .union(AddWatchFlags::IN_ONLYDIR);

/// One file.
#[derive(Debug)]
struct Watched {
    plan: Plan,
    folder: Option<WatchDescriptor>,
    /// The nearest folder above that is there, as long as the file's own is not.
    above: Option<WatchDescriptor>,
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
            let number =
                old.iter().find(|known| known.plan.path == plan.path).map_or(0, |known| known.number);
            let name = Path::new(&plan.path).file_name().unwrap_or_default().to_owned();
            let mut watched = Watched { folder: None, above: None, name, number, plan };
            if let Err(errno) = watched.find_folder(&self.inotify) {
                tracing::info!(
                    "Track file {}: folder {} cannot be watched - {errno}; the file counts when it is there",
                    watched.plan.name,
                    watched.folder().display()
                );
            }
            watched.look();
            self.all.push(watched);
        }
        // A folder that several files lie in has one watch.
        for gone in old.iter().flat_map(|one| one.folder.into_iter().chain(one.above)) {
            self.give_up(gone);
        }
    }

    /// Ends a watch that serves nobody any more.
    fn give_up(&self, watch: WatchDescriptor) {
        if self.all.iter().all(|one| one.folder != Some(watch) && one.above != Some(watch)) {
            // It goes by itself with its folder.
            let _ = self.inotify.rm_watch(watch);
        }
    }

    /// Finds folders that have come, and loses those that have gone. Returns whose it was, as indexes.
    fn follow_folders(&mut self, events: &[InotifyEvent]) -> Vec<usize> {
        let (mut moved, mut idle) = (Vec::new(), Vec::new());
        for (index, one) in self.all.iter_mut().enumerate() {
            let ended = |watch: WatchDescriptor| {
                events.iter().any(|event| event.wd == watch && event.mask.intersects(END))
            };
            let is_gone = one.folder.is_some_and(ended);
            if is_gone {
                idle.extend(one.folder.take());
            }
            let above = one.above.filter(|above| events.iter().any(|event| event.wd == *above));
            if !is_gone && above.is_none() {
                continue;
            }
            // What comes of it shows in what there is to read.
            let _ = one.find_folder(&self.inotify);
            idle.extend(above);
            moved.push(index);
        }
        for watch in idle {
            self.give_up(watch);
        }
        moved
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
            let moved = self.follow_folders(&events);
            let overrun = events.iter().any(|event| event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW));
            let is_about = |event: &InotifyEvent, one: &Watched| {
                one.folder == Some(event.wd)
                    && event.mask.intersects(EVENTS)
                    && event.name.as_ref() == Some(&one.name)
            };
            let mut changed = Vec::new();
            for (index, one) in self.all.iter_mut().enumerate() {
                let concerns =
                    overrun || moved.contains(&index) || events.iter().any(|event| is_about(event, one));
                if concerns && one.look() {
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
    fn folder(&self) -> &Path {
        match Path::new(&self.plan.path).parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            Some(_) | None => Path::new("."),
        }
    }

    /// Watches the folder, or the nearest one above that is there. The error is about the folder itself.
    fn find_folder(&mut self, inotify: &Inotify) -> nix::Result<()> {
        self.above = None;
        loop {
            let errno = match inotify.add_watch(self.folder(), OF_FOLDER) {
                Ok(watch) => {
                    (self.folder, self.above) = (Some(watch), None);
                    return Ok(());
                }
                Err(errno) => errno,
            };
            let mut above = self.folder().ancestors().skip(1);
            let nearest = above.find_map(|folder| inotify.add_watch(folder, OF_FOLDER).ok());
            // What came before there was a watch is found in another round.
            if nearest == self.above {
                return Err(errno);
            }
            self.above = nearest;
        }
    }

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

    #[tokio::test]
    async fn a_folder_that_comes_goes_and_comes_again_is_found_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        let path = inner.join("number");
        let mut numbers = Numbers::new().unwrap();
        numbers.reconfigure(vec![plan(&path)]);
        assert_eq!(numbers.known().collect::<Vec<_>>(), [("f", 0)]);
        for number in [5, 7] {
            std::fs::create_dir_all(&inner).unwrap();
            std::fs::write(&path, number.to_string()).unwrap();
            assert_eq!(changed(&mut numbers).await, [("f".to_owned(), number)]);
            // Elsewhere it is another file.
            let elsewhere = folder.path().join(format!("a/was-{number}"));
            std::fs::rename(&inner, &elsewhere).unwrap();
            assert_eq!(changed(&mut numbers).await, [("f".to_owned(), 0)]);
            std::fs::write(elsewhere.join("number"), "9").unwrap();
        }
        std::fs::remove_dir_all(folder.path().join("a")).unwrap();
        std::fs::create_dir_all(&inner).unwrap();
        std::fs::write(&path, "8").unwrap();
        assert_eq!(changed(&mut numbers).await, [("f".to_owned(), 8)]);
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
