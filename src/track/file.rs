//! Files whose number is watched: `track_file` (compat/checkers.md §24.1).
//!
//! A thread waits for inotify and reads, so that a slow file system holds up nobody else. Directories are watched, not
//! files: a file that is replaced by renaming is another one.

use std::collections::{BTreeSet, HashMap};
use std::fs::OpenOptions;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Longer than any number; the rest of a file is not looked at.
const LONGEST: u64 = 128;

/// Changes that may wait for whoever listens; then the thread waits.
const WAITING: usize = 64;

/// How often a directory that is not there is looked for.
const SEARCH: Duration = Duration::from_secs(5);

/// A file and the number that it says now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Which file.
    pub(crate) path: PathBuf,
    /// Its number; 0 when there is none.
    pub(crate) value: i32,
}

/// Watches files until dropped.
#[derive(Debug)]
pub(crate) struct Files {
    first: HashMap<PathBuf, i32>,
    changes: Receiver<Reading>,
    /// Closing it ends the thread.
    _alive: OwnedFd,
}

impl Files {
    /// Reads the files once and watches them from then on.
    ///
    /// # Errors
    ///
    /// The system has no more descriptors, watches or threads.
    pub(crate) fn watch(paths: BTreeSet<PathBuf>) -> io::Result<Self> {
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
        let (end, alive) = nix::unistd::pipe2(OFlag::O_CLOEXEC)?;
        let (changes, receiver) = channel(WAITING);
        let mut watch = Watch { inotify, end, changes, folders: HashMap::new(), values: HashMap::new() };
        // Watched first, then read: nothing that changes in between is missed.
        let files = paths.iter().map(|path| (path.clone(), 0)).collect();
        watch.values = files;
        watch.find_folders();
        for (path, value) in &mut watch.values {
            *value = read(path, 0);
        }
        let first = watch.values.clone();
        std::thread::Builder::new().name("files".into()).spawn(move || watch.run())?;
        Ok(Self { first, changes: receiver, _alive: alive })
    }

    /// What a file said when the watch began.
    pub(crate) fn first(&self, path: &Path) -> i32 {
        self.first.get(path).copied().unwrap_or_default()
    }

    /// The next change. Loses nothing when dropped.
    pub(crate) async fn next(&mut self) -> Reading {
        match self.changes.recv().await {
            Some(reading) => reading,
            None => std::future::pending().await,
        }
    }
}

/// Writes a number where there is no file, or over an ordinary one.
///
/// # Errors
///
/// The system refuses.
pub(crate) fn begin_with(path: &Path, number: i32, overwrite: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).custom_flags(OFlag::O_NONBLOCK.bits());
    let file = match options.create_new(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if !overwrite || !path.metadata()?.is_file() {
                return Ok(());
            }
            options.create_new(false).truncate(true).open(path)
        }
        other => other,
    };
    writeln!(file?, "{number}")
}

struct Watch {
    inotify: Inotify,
    end: OwnedFd,
    changes: Sender<Reading>,
    folders: HashMap<WatchDescriptor, PathBuf>,
    values: HashMap<PathBuf, i32>,
}

impl Watch {
    fn run(mut self) {
        loop {
            let missing = self.folders.len() < self.wanted().len();
            let limit = if missing {
                SEARCH.as_millis().try_into().unwrap_or(PollTimeout::MAX)
            } else {
                PollTimeout::NONE
            };
            let mut waiting = [
                PollFd::new(self.inotify.as_fd(), PollFlags::POLLIN),
                PollFd::new(self.end.as_fd(), PollFlags::empty()),
            ];
            match poll(&mut waiting, limit) {
                Err(Errno::EINTR) => continue,
                Err(_) => return,
                Ok(_) => {}
            }
            if waiting[1].revents().is_some_and(|events| !events.is_empty()) {
                return;
            }
            let mut touched = BTreeSet::new();
            while let Ok(events) = self.inotify.read_events() {
                events.iter().for_each(|event| self.take(event, &mut touched));
            }
            if missing {
                touched.extend(self.find_folders());
            }
            if touched.into_iter().any(|path| !self.look(path)) {
                return;
            }
        }
    }

    fn wanted(&self) -> BTreeSet<PathBuf> {
        self.values.keys().map(|path| folder(path).to_owned()).collect()
    }

    /// Watches the folders that are there and not yet watched, and tells the files in them.
    fn find_folders(&mut self) -> Vec<PathBuf> {
        let flags = AddWatchFlags::IN_CLOSE_WRITE
            | AddWatchFlags::IN_MOVE
            | AddWatchFlags::IN_DELETE
            | AddWatchFlags::IN_ONLYDIR;
        let mut found = Vec::new();
        for wanted in self.wanted() {
            if !self.folders.values().any(|folder| *folder == wanted)
                && let Ok(watch) = self.inotify.add_watch(&wanted, flags)
            {
                found.extend(self.values.keys().filter(|path| folder(path) == wanted).cloned());
                self.folders.insert(watch, wanted);
            }
        }
        found
    }

    fn take(&mut self, event: &InotifyEvent, touched: &mut BTreeSet<PathBuf>) {
        if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
            touched.extend(self.values.keys().cloned());
        } else if event.mask.contains(AddWatchFlags::IN_IGNORED) {
            // The folder is gone, and its files with it.
            if let Some(gone) = self.folders.remove(&event.wd) {
                touched.extend(self.values.keys().filter(|path| folder(path) == gone).cloned());
            }
        } else if let (Some(folder), Some(name)) = (self.folders.get(&event.wd), &event.name) {
            let path = folder.join(name);
            if self.values.contains_key(&path) {
                touched.insert(path);
            }
        }
    }

    /// Reads a file and tells if it says something else; false when nobody listens any more.
    fn look(&mut self, path: PathBuf) -> bool {
        let Some(value) = self.values.get_mut(&path) else { return true };
        let now = read(&path, *value);
        if now == *value {
            return true;
        }
        *value = now;
        self.changes.blocking_send(Reading { path, value: now }).is_ok()
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The number in a file, or what it was before when the number is none that counts.
fn read(path: &Path, before: i32) -> i32 {
    let mut text = Vec::new();
    // A FIFO must not hold the thread.
    let opened = OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path);
    if opened.and_then(|file| file.take(LONGEST).read_to_end(&mut text)).is_err() {
        return 0;
    }
    let number = number(&text);
    i32::try_from(number).unwrap_or_else(|_| {
        tracing::info!("Invalid number {number} read from {} - ignoring", path.display());
        before
    })
}

/// What C's `strtol` with base 0 makes of it.
fn number(text: &[u8]) -> i64 {
    let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t'..=b'\r')).count();
    let text = &text[blanks..];
    let (sign, text) = match text {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] | rest => (1, rest),
    };
    let (base, digits) = match text {
        [b'0', b'x' | b'X', rest @ ..] if rest.first().is_some_and(u8::is_ascii_hexdigit) => (16, rest),
        [b'0', ..] => (8, text),
        _ => (10, text),
    };
    let digits = digits.iter().map_while(|digit| char::from(*digit).to_digit(base));
    digits.fold(0_i64, |number, digit| {
        number.saturating_mul(base.into()).saturating_add(sign * i64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use tokio::time::timeout;

    const LONG: Duration = Duration::from_secs(20);

    async fn next(files: &mut Files) -> i32 {
        timeout(LONG, files.next()).await.expect("a change").value
    }

    #[test]
    fn numbers_are_read_as_c_reads_them() {
        for (text, value) in [
            ("7", 7),
            (" \n-12 x", -12),
            ("+3\n", 3),
            ("0x1F", 31),
            ("-0X10", -16),
            ("010", 8),
            ("08", 0),
            ("0x", 0),
            ("0", 0),
            ("", 0),
            ("x5", 0),
            ("99999999999999999999", i64::MAX),
            ("-99999999999999999999", i64::MIN),
        ] {
            assert_eq!(number(text.as_bytes()), value, "{text:?}");
        }
    }

    #[tokio::test]
    async fn a_file_is_heard_when_it_is_written_replaced_and_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("load");
        fs::write(&path, "5").expect("written");
        let mut files = Files::watch(BTreeSet::from([path.clone()])).expect("watched");
        assert_eq!(files.first(&path), 5);
        fs::write(&path, "-7\n").expect("written");
        assert_eq!(next(&mut files).await, -7);
        fs::write(folder.path().join("new"), "9").expect("written");
        fs::rename(folder.path().join("new"), &path).expect("renamed");
        assert_eq!(next(&mut files).await, 9);
        // What no number can be is not one, and what was stays.
        fs::write(&path, "4294967296").expect("written");
        fs::remove_file(&path).expect("removed");
        assert_eq!(next(&mut files).await, 0);
        fs::write(&path, "2").expect("written");
        assert_eq!(next(&mut files).await, 2);
    }

    #[tokio::test]
    async fn a_folder_that_comes_later_is_found_and_one_that_goes_takes_the_number_along() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = parent.path().join("later");
        let path = folder.join("load");
        let mut files = Files::watch(BTreeSet::from([path.clone()])).expect("watched");
        assert_eq!(files.first(&path), 0);
        fs::create_dir(&folder).expect("made");
        fs::write(&path, "3").expect("written");
        assert_eq!(next(&mut files).await, 3);
        fs::remove_dir_all(&folder).expect("removed");
        assert_eq!(next(&mut files).await, 0);
    }

    #[test]
    fn a_file_begins_with_its_number_unless_there_is_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("load");
        let text = || fs::read_to_string(&path).expect("read");
        begin_with(&path, 5, false).expect("written");
        assert_eq!(text(), "5\n");
        begin_with(&path, 7, false).expect("left alone");
        assert_eq!(text(), "5\n");
        begin_with(&path, -7, true).expect("overwritten");
        assert_eq!(text(), "-7\n");
        fs::remove_file(&path).expect("removed");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).expect("made");
        begin_with(&path, 9, true).expect("left alone");
    }

    #[tokio::test]
    async fn a_fifo_holds_nobody_up() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("load");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).expect("made");
        let files = Files::watch(BTreeSet::from([path.clone()])).expect("watched");
        assert_eq!(files.first(&path), 0);
    }
}
