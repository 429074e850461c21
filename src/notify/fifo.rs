//! FIFOs that tell other programs what happens, one line and one `write` for each event.
//!
//! A FIFO is opened for reading and writing, so it needs no reader, and one that dies is not noticed. When nobody reads, lines
//! wait in it; when it is full, they are lost. Writing never waits.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, chown};
use std::path::Path;

use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use nix::unistd::{geteuid, mkfifo};

use crate::plan::notify::Fifo as Plan;
use crate::script::{Job, Runner, Stopper};

/// The mode of a FIFO before the umask.
const MODE: Mode = Mode::from_bits_truncate(0o644);

/// One FIFO.
#[derive(Debug)]
struct Fifo {
    plan: Plan,
    /// None when it cannot be used.
    file: Option<File>,
    /// It is ours to remove.
    made: bool,
    /// The reader that was started.
    reader: Option<Stopper>,
}

/// The FIFOs of a worker.
#[derive(Debug, Default)]
pub(crate) struct Fifos {
    all: Vec<Fifo>,
}

impl Fifos {
    /// Makes these FIFOs the ones in use. One that is as before stays open, its reader with it; a reader that has ended is
    /// started again.
    pub(crate) fn reconfigure(&mut self, plans: Vec<Plan>, runner: Option<&Runner>) {
        let mut old = std::mem::take(&mut self.all);
        for plan in plans {
            match old.iter().position(|fifo| fifo.plan == plan && fifo.file.is_some()) {
                Some(known) => {
                    let mut fifo = old.swap_remove(known);
                    if fifo.reader.as_ref().is_some_and(Stopper::is_closed) {
                        fifo.start_reader(runner);
                    }
                    self.all.push(fifo);
                }
                None => {
                    // The old one of that name goes before the new one comes.
                    old.retain(|fifo| fifo.plan.path != plan.path);
                    self.all.push(Fifo::open(plan, runner));
                }
            }
        }
    }

    /// Writes a line, which ends with a line feed, to all of them.
    pub(crate) fn write(&mut self, line: &str) {
        for fifo in &mut self.all {
            let Some(file) = &mut fifo.file else { continue };
            match file.write(line.as_bytes()) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => tracing::info!("{} write error: {error}", fifo.plan.scope.fifo()),
            }
        }
    }
}

impl Fifo {
    fn open(plan: Plan, runner: Option<&Runner>) -> Self {
        let mut fifo = Self { plan, file: None, made: false, reader: None };
        match fifo.make() {
            Ok(made) => fifo.made = made,
            Err(error) => {
                tracing::info!("Unable to create {} {} - {error}", fifo.plan.scope.fifo(), fifo.plan.path);
                return fifo;
            }
        }
        fifo.start_reader(runner);
        match fifo.use_it() {
            Ok(file) => fifo.file = file,
            Err(error) => {
                tracing::info!("Unable to open {} {} - {error}", fifo.plan.scope.fifo(), fifo.plan.path);
            }
        }
        fifo
    }

    fn start_reader(&mut self, runner: Option<&Runner>) {
        if let (Some(script), Some(runner)) = (&self.plan.script, runner) {
            let job = Job {
                program: script.clone(),
                extra: vec![self.plan.path.clone()],
                limit: None,
                script: None,
            };
            let name = self.plan.scope.fifo();
            self.reader = Some(runner.run(job, move |_| tracing::info!("{name} script terminated")));
        }
    }

    /// Makes it, unless there is something already. Whether it was made.
    fn make(&self) -> io::Result<bool> {
        let path = Path::new(&self.plan.path);
        match mkfifo(path, MODE) {
            Ok(()) => {
                let (uid, gid) = self.plan.owner;
                if let Err(error) = chown(path, Some(uid), Some(gid)) {
                    tracing::info!("Unable to change owner of {} - {error}", self.plan.path);
                }
                Ok(true)
            }
            Err(nix::errno::Errno::EEXIST) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Opens it, if it is a FIFO of ours.
    fn use_it(&self) -> io::Result<Option<File>> {
        let flags = OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW;
        let opened =
            OpenOptions::new().read(true).write(true).custom_flags(flags.bits()).open(&self.plan.path);
        let refused = || {
            tracing::info!("{} {} is not a fifo we own - not using", self.plan.scope.fifo(), self.plan.path);
            Ok(None)
        };
        let file = match opened {
            Err(error) if error.raw_os_error() == Some(nix::libc::ELOOP) => return refused(),
            opened => opened?,
        };
        let found = file.metadata()?;
        let is_ours = found.uid() == geteuid().as_raw() || found.uid() == self.plan.owner.0;
        if found.file_type().is_fifo() && is_ours { Ok(Some(file)) } else { refused() }
    }
}

impl Drop for Fifo {
    fn drop(&mut self) {
        if let Some(reader) = self.reader.take() {
            // One that has ended already cannot be ended.
            let _ = reader.send(());
        }
        if self.made
            && let Err(error) = std::fs::remove_file(&self.plan.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::info!("Unable to remove {} - {error}", self.plan.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::notify::Scope;
    use std::io::Read as _;

    fn plan(path: &Path) -> Plan {
        let owner = (geteuid().as_raw(), nix::unistd::getegid().as_raw());
        Plan { scope: Scope::Vrrp, path: path.to_string_lossy().into_owned(), owner, script: None }
    }

    fn open(path: &Path) -> Fifos {
        let mut fifos = Fifos::default();
        fifos.reconfigure(vec![plan(path)], None);
        fifos
    }

    fn is_used(path: &Path) -> bool {
        open(path).all[0].file.is_some()
    }

    #[test]
    fn lines_wait_for_a_reader_and_the_fifo_goes_with_its_maker() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fifo");
        let mut fifos = open(&path);
        fifos.write("INSTANCE \"V\" MASTER 100\n");
        let mut reader = File::open(&path).unwrap();
        let mut text = [0; 24];
        reader.read_exact(&mut text).unwrap();
        assert_eq!(&text, b"INSTANCE \"V\" MASTER 100\n");
        drop(fifos);
        assert!(!path.exists());
    }

    #[test]
    fn a_full_fifo_loses_lines_and_does_not_wait() {
        let folder = tempfile::tempdir().unwrap();
        let mut fifos = open(&folder.path().join("fifo"));
        for _ in 0..100_000 {
            fifos.write("INSTANCE \"V\" MASTER 100\n");
        }
        assert!(fifos.all[0].file.is_some());
    }

    #[test]
    fn a_fifo_that_was_there_is_used_and_left_and_a_file_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fifo");
        mkfifo(&path, MODE).unwrap();
        assert!(is_used(&path));
        assert!(path.exists());
        let path = folder.path().join("file");
        std::fs::write(&path, "").unwrap();
        assert!(!is_used(&path));
        assert_eq!(std::fs::read(&path).unwrap(), b"");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path().join("fifo"), &link).unwrap();
        assert!(!is_used(&link));
    }

    #[test]
    fn a_fifo_that_stays_is_not_opened_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fifo");
        let mut fifos = open(&path);
        let before = std::fs::metadata(&path).unwrap().ino();
        fifos.reconfigure(vec![plan(&path)], None);
        assert_eq!(std::fs::metadata(&path).unwrap().ino(), before);
        fifos.reconfigure(Vec::new(), None);
        assert!(!path.exists());
    }
}
