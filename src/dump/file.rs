//! Puts a dump in its place, whole.

use std::fs::Permissions;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::Builder;

/// Writes a file of this mode next to its place and renames it: a reader sees the old dump or the new one, never a part,
/// and a symbolic link in its place is replaced, not followed.
///
/// The file is closed after it has got its name. Readers that wait for a written file of that name to be closed are woken
/// by that; a rename alone is another event to them.
pub(super) fn write(path: &Path, mode: u32, text: &str) -> io::Result<()> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let mut file = Builder::new().prefix(name).rand_bytes(6).tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(Permissions::from_mode(mode))?;
    let published = file.persist(path)?;
    drop(published);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
    use std::fs;

    #[test]
    fn a_dump_is_of_its_mode_alone_in_its_folder_and_replaces_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keepalived.data");
        write(&path, 0o600, "a longer text than the next").unwrap();
        write(&path, 0o640, "second").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "second");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_symbolic_link_is_replaced_and_its_target_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let [target, path] = ["target", "keepalived.json"].map(|name| folder.path().join(name));
        fs::write(&target, "precious").unwrap();
        std::os::unix::fs::symlink(&target, &path).unwrap();
        write(&path, 0o600, "dump").unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
        assert!(path.symlink_metadata().unwrap().is_file());
    }

    /// VyOS waits so.
    #[test]
    fn who_waits_for_the_closing_of_a_file_of_that_name_is_woken() {
        let folder = tempfile::tempdir().unwrap();
        let waiting = Inotify::init(InitFlags::IN_NONBLOCK).unwrap();
        waiting.add_watch(folder.path(), AddWatchFlags::IN_CLOSE_WRITE).unwrap();
        write(&folder.path().join("keepalived.json"), 0o600, "[]").unwrap();
        let names: Vec<_> =
            waiting.read_events().unwrap().into_iter().filter_map(|event| event.name).collect();
        assert_eq!(names, ["keepalived.json"]);
    }
}
