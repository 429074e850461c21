//! Numbers in files (`track_file`), read again when the kernel says that a file was written, moved or deleted.
//!
//! The folder is watched, not the file: editors and careful scripts put a new file in the place of the old one. While there
//! is no folder, the nearest one above it is watched, until it comes.

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

/// What makes a folder worth looking for again. All folders are watched for both: the kernel has one watch for each.
const FOLDER_EVENTS: AddWatchFlags = AddWatchFlags::IN_CREATE.union(AddWatchFlags::IN_MOVE_SELF);

/// One file.
#[derive(Debug)]
struct Watched {
    plan: Plan,
    /// None if it cannot be watched.
    place: Option<Place>,
    number: i32,
}

/// Where something is waited for.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    folder: WatchDescriptor,
    /// In that folder.
    name: OsString,
    /// Whether that is the file, or a folder on the way to it that does not exist.
    of_file: bool,
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
            let place = place(&self.inotify, &plan);
            let number =
                old.iter().find(|known| known.plan.path == plan.path).map_or(0, |known| known.number);
            let mut watched = Watched { place, number, plan };
            watched.look();
            self.all.push(watched);
        }
        self.leave(old.into_iter().filter_map(|one| one.place));
    }

    /// Watches no longer what nobody waits for; a folder that several files lie in has one watch.
    fn leave(&self, places: impl Iterator<Item = Place>) {
        for Place { folder, .. } in places {
            if !self.all.iter().any(|one| one.place.as_ref().is_some_and(|place| place.folder == folder)) {
                // It goes by itself with its folder.
                let _ = self.inotify.rm_watch(folder);
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
            for moved in events.iter().filter(|event| event.mask.contains(AddWatchFlags::IN_MOVE_SELF)) {
                // Whatever stands in its place now is looked for when the kernel says that this watch has gone.
                let _ = self.inotify.rm_watch(moved.wd);
            }
            let (mut changed, mut left) = (Vec::new(), Vec::new());
            for one in &mut self.all {
                let news = events.iter().map(|event| one.concern(event)).max().unwrap_or(Concern::None);
                if news == Concern::Place {
                    let now = place(&self.inotify, &one.plan);
                    left.extend(std::mem::replace(&mut one.place, now));
                }
                if news != Concern::None && one.look() {
                    changed.push((one.plan.name.clone(), one.number));
                }
            }
            self.leave(left.into_iter());
            if !changed.is_empty() {
                return changed;
            }
        }
    }
}

/// What an event means for a file; what means more comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Concern {
    None,
    /// Its number may be another one.
    Number,
    /// It has to be watched elsewhere.
    Place,
}

impl Watched {
    fn concern(&self, event: &InotifyEvent) -> Concern {
        if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
            return Concern::Place;
        }
        let Some(place) = self.place.as_ref().filter(|place| place.folder == event.wd) else {
            return Concern::None;
        };
        if event.mask.contains(AddWatchFlags::IN_IGNORED) {
            return Concern::Place;
        }
        match event.name.as_ref() == Some(&place.name) {
            true if !place.of_file => Concern::Place,
            // One that was only made has nothing in it yet.
            true if event.mask.intersects(EVENTS) => Concern::Number,
            true | false => Concern::None,
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

/// Watches the folder of a file, or the nearest one above it that exists.
fn place(inotify: &Inotify, plan: &Plan) -> Option<Place> {
    /// A folder that comes and goes all the time is not waited for.
    const ATTEMPTS: usize = 8;
    for _ in 0..ATTEMPTS {
        let mut missing = Path::new(&plan.path);
        let mut of_file = true;
        let folder = loop {
            let folder = match missing.parent() {
                Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
                Some(folder) => folder,
                None => return None,
            };
            match inotify.add_watch(folder, EVENTS | FOLDER_EVENTS | AddWatchFlags::IN_ONLYDIR) {
                Ok(folder) => break folder,
                Err(Errno::ENOENT | Errno::ENOTDIR) => (missing, of_file) = (folder, false),
                Err(errno) => {
                    let (name, folder) = (&plan.name, folder.display());
                    tracing::info!("Track file {name}: folder {folder} cannot be watched - {errno}");
                    return None;
                }
            }
        };
        // It may have come while it was not watched yet.
        if of_file || !missing.is_dir() {
            if !of_file {
                tracing::info!("Track file {}: waiting for folder {}", plan.name, missing.display());
            }
            return Some(Place { folder, name: missing.file_name()?.to_owned(), of_file });
        }
    }
    None
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
    async fn a_folder_is_waited_for_and_so_is_one_that_takes_its_place() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("some/where");
        let path = folder.join("number");
        let mut numbers = Numbers::new().unwrap();
        numbers.reconfigure(vec![plan(&path)]);
        assert_eq!(numbers.known().collect::<Vec<_>>(), [("f", 0)]);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(&path, "5").unwrap();
        assert_eq!(changed(&mut numbers).await, [("f".to_owned(), 5)]);
        std::fs::write(&path, "6").unwrap();
        assert_eq!(changed(&mut numbers).await, [("f".to_owned(), 6)]);
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(changed(&mut numbers).await, [("f".to_owned(), 0)]);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(&path, "7").unwrap();
        assert_eq!(changed(&mut numbers).await, [("f".to_owned(), 7)]);
        std::fs::rename(&folder, root.path().join("elsewhere")).unwrap();
        assert_eq!(changed(&mut numbers).await, [("f".to_owned(), 0)]);
        std::fs::rename(root.path().join("elsewhere"), &folder).unwrap();
        assert_eq!(changed(&mut numbers).await, [("f".to_owned(), 7)]);
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
