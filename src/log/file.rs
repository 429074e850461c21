//! `--log-file`: lines in a file, beside the other places they go to.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Local};
use nix::fcntl::OFlag;

/// The name of the file where none is given.
const NAME: &str = "keepalived.log";

/// Where a process writes: `given`, which counts from `folder`, with `tag` before its last dot, so that each process has a
/// file of its own.
pub(crate) fn path(given: &Path, folder: &Path, tag: &str) -> PathBuf {
    let given = if given.as_os_str().is_empty() { Path::new(NAME) } else { given };
    // An absolute path replaces the folder.
    let whole = folder.join(given);
    let mut name: OsString = whole.file_stem().unwrap_or_default().to_owned();
    name.push(tag);
    if let Some(extension) = whole.extension() {
        name.push(".");
        name.push(extension);
    }
    whole.with_file_name(name)
}

/// A file that lines are appended to. Nothing is held back, so each line is there as soon as it is written.
#[derive(Debug)]
pub(super) struct LogFile(File);

impl LogFile {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(0o666).custom_flags(OFlag::O_NOFOLLOW.bits());
        options.open(path).map(Self)
    }

    /// Writes in one go: processes that share a file by mistake do not mix their lines.
    pub(super) fn write(&mut self, at: DateTime<Local>, text: &str) -> io::Result<()> {
        self.0.write_all(format!("{}: {text}\n", at.format("%a %b %e %T%.9f %Y")).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeZone as _, Timelike as _};

    #[test]
    fn each_process_has_a_file_of_its_own() {
        let path = |given: &str, tag| path(Path::new(given), Path::new("/tmp"), tag).display().to_string();
        assert_eq!(path("", ""), "/tmp/keepalived.log");
        assert_eq!(path("", "_vrrp"), "/tmp/keepalived_vrrp.log");
        assert_eq!(path("ka.all.txt", "_check_ns1_i1"), "/tmp/ka.all_check_ns1_i1.txt");
        assert_eq!(path("/var/log/ka", "_bfd"), "/var/log/ka_bfd");
    }

    #[test]
    fn lines_are_appended_with_the_time_to_the_nanosecond() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        let at = Local.with_ymd_and_hms(2026, 11, 2, 14, 51, 4).single().expect("a time");
        let at = at.with_nanosecond(123_456_789).expect("a time");
        for text in ["one", "two"] {
            LogFile::open(&path).expect("opened").write(at, text).expect("written");
        }
        let wanted = "Mon Nov  2 14:51:04.123456789 2026: one\nMon Nov  2 14:51:04.123456789 2026: two\n";
        assert_eq!(std::fs::read_to_string(&path).expect("read"), wanted);
    }

    #[test]
    fn a_symbolic_link_is_not_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        let [target, link] = ["target", "link"].map(|name| folder.path().join(name));
        std::os::unix::fs::symlink(&target, &link).expect("linked");
        assert!(LogFile::open(&link).is_err());
        assert!(!target.exists());
    }
}
