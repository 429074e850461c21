//! What can be said about a path: who may run it, who may change it.

use std::fs::{File, Metadata};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use crate::script::Identity;

/// Permission to run a file or to search a folder, in the bits of others.
const EXECUTE: u32 = 0o1;

/// The path without `.`, `..` and doubled slashes; links stay, but not above a `..`.
pub(super) fn cleaned(path: &Path) -> String {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                clean = clean.canonicalize().unwrap_or(clean);
                clean.pop();
            }
            Component::CurDir => {}
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => clean.push(part),
        }
    }
    clean.to_string_lossy().into_owned()
}

/// What the file at a path without links is, if this user can reach and run it. Access control lists are not looked at.
pub(super) fn executable(path: &Path, identity: &Identity) -> Option<Metadata> {
    let reachable = path.ancestors().skip(1).all(|folder| {
        std::fs::metadata(folder).is_ok_and(|folder| identity.uid == 0 || may(&folder, identity, EXECUTE))
    });
    let file = std::fs::metadata(path).ok()?;
    // Even root needs somebody to be allowed.
    let runs = if identity.uid == 0 { file.mode() & 0o111 != 0 } else { may(&file, identity, EXECUTE) };
    (reachable && file.is_file() && runs).then_some(file)
}

fn may(what: &Metadata, identity: &Identity, bit: u32) -> bool {
    let shift = if what.uid() == identity.uid {
        6
    } else if what.gid() == identity.gid || identity.groups.contains(&what.gid()) {
        3
    } else {
        0
    };
    what.mode() >> shift & bit != 0
}

/// Whether root alone decides what is found at the end of this path.
pub(super) fn is_safe(path: &Path) -> bool {
    path.ancestors().filter(|part| !part.as_os_str().is_empty()).all(|part| {
        std::fs::symlink_metadata(part).is_ok_and(|part| {
            let is_sticky = part.is_dir() && part.mode() & 0o1000 != 0;
            let is_written_by_others =
                part.mode() & 0o002 != 0 || (part.mode() & 0o020 != 0 && part.gid() != 0);
            // What a link allows is of no account, only who made it.
            part.uid() == 0 && (part.is_symlink() || is_sticky || !is_written_by_others)
        })
    })
}

/// Whether the kernel can run the file, or the shell has to. What cannot be read is left to the kernel.
pub(super) fn runs_by_itself(path: &Path) -> bool {
    let mut start = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read(&mut start));
    match read {
        Ok(length) => start[..length].starts_with(b"#!") || start[..length] == *b"\x7fELF",
        Err(_) => true,
    }
}
