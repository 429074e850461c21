//! Memory that is not needed any more goes back to the system.

use std::fs;
use std::ops::Range;

/// Gives back what the allocator keeps for later, and the pages of the program that are used no more. To be called when much
/// was freed and little will be asked for, as when a plan has come into force: reading it takes several times what it keeps.
pub(crate) fn give_back() {
    #[cfg(target_env = "gnu")]
    #[expect(unsafe_code, reason = "the allocator of the C library is told directly")]
    // SAFETY: it touches only memory that is free, takes the allocator's own locks, and may be called at any time.
    unsafe {
        nix::libc::malloc_trim(0);
    }
    forget_program();
}

/// Has the kernel forget which pages of the program and its libraries this process has read. They stay in the memory that all
/// processes share, and the ones that are needed again are found there. What is locked (`no_swap`) stays.
fn forget_program() {
    let Ok(maps) = fs::read_to_string("/proc/self/smaps") else { return };
    for Range { start, end } in unchanged(&maps) {
        #[expect(unsafe_code, reason = "there is no other way to give up pages")]
        // SAFETY: the pages are a file's and were never written to, nor can they be: mapped again they read the same.
        unsafe {
            nix::libc::madvise(start as *mut _, end - start, nix::libc::MADV_DONTNEED);
        }
    }
}

/// The parts of a process, as `/proc/PID/smaps` tells them, that are as in their file and cannot be written to.
fn unchanged(maps: &str) -> Vec<Range<usize>> {
    let (mut found, mut at) = (Vec::new(), None);
    for line in maps.lines() {
        match line.split_once(':') {
            Some(("Anonymous", size)) if size.trim() == "0 kB" => found.extend(at.take()),
            Some((_, size)) if size.ends_with(" kB") => {}
            _ => at = read_only_file(line),
        }
    }
    found
}

/// A mapping of a file that may not be written to, from the line that begins its part of the list:
/// `55e0c000-55e2d000 r-xp 00021000 fe:00 1234   /usr/sbin/keepalived`.
fn read_only_file(line: &str) -> Option<Range<usize>> {
    let mut words = line.split_whitespace();
    let (range, rights) = (words.next()?, words.next()?);
    let is_file = words.nth(3)?.starts_with('/');
    let (start, end) = range.split_once('-')?;
    let number = |hex| usize::from_str_radix(hex, 16).ok();
    (is_file && matches!(rights, "r-xp" | "r--p")).then_some(number(start)?..number(end)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the kernel writes it, but for most of its lines.
    const MAPS: &str = "\
55e0c000-55e2d000 r--p 00000000 fe:00 1234                       /usr/sbin/keepalived
Size:                132 kB
Anonymous:             0 kB
VmFlags: rd mr mw me sd
55e2d000-55e80000 r-xp 00021000 fe:00 1234                       /usr/sbin/keepalived
Anonymous:             0 kB
VmFlags: rd ex mr mw me sd
55e80000-55e90000 r--p 00074000 fe:00 1234                       /usr/sbin/keepalived
Anonymous:            64 kB
VmFlags: rd mr mw me ac sd
55e90000-55ea0000 rw-p 00084000 fe:00 1234                       /usr/sbin/keepalived
Anonymous:             0 kB
7f000000-7f001000 r-xp 00000000 00:00 0                          [vdso]
Anonymous:             0 kB
7f100000-7f101000 r--p 00000000 00:00 0
Anonymous:             0 kB
";

    #[test]
    fn only_what_no_one_can_have_changed_is_forgotten() {
        assert_eq!(unchanged(MAPS), [0x55e0_c000..0x55e2_d000, 0x55e2_d000..0x55e8_0000]);
    }

    #[test]
    fn the_program_goes_on_when_its_pages_are_forgotten() {
        give_back();
        let own = fs::read_to_string("/proc/self/smaps").unwrap();
        assert!(!unchanged(&own).is_empty(), "{own}");
    }
}
