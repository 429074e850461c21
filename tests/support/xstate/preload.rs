//! A `ptrace` for linux.uml that works on processors with a register state larger than it knows of.
//!
//! Its kernel, 6.1, keeps 2,696 bytes of a process's extended registers, as many as there were up to AVX-512 and the
//! protection keys. Where the processor has more (AMX), Linux hands out a first part of the state, but takes only the whole
//! of it back (`ptrace(2)`, `PTRACE_SETREGSET`). So the part is put in front of what the process has behind it.
//!
//! A library on its own, loaded before the C library's, because linux.uml is the distribution's. Its build script compiles it
//! without any crate.

use std::ffi::{c_int, c_long, c_void};

/// `SYS_ptrace` of x86-64.
const PTRACE: c_long = 101;

/// `PTRACE_PEEKTEXT`, `PTRACE_PEEKDATA` and `PTRACE_PEEKUSER`: what they read is what the C library returns.
const PEEKS: [c_long; 3] = [1, 2, 3];

const GETREGSET: c_long = 0x4204;
const SETREGSET: c_long = 0x4205;

/// `NT_X86_XSTATE`
const XSTATE: usize = 0x202;

/// More than any processor has, in words: the state of AMX is 11,008 bytes.
const ROOM: usize = 1 << 12;

/// A whole state. linux.uml is one thread, and its stacks are too small for this.
static mut WHOLE: [u64; ROOM] = [0; ROOM];

/// Where the state says which of its components are in use (Intel SDM volume 1, §13.4.2).
const IN_USE: usize = 512;

/// Components that the kernel under linux.uml has saved: those before the tiles of AMX, which begin with number 17.
const SAVED: u64 = (1 << 17) - 1;

const EFAULT: c_int = 14;

#[repr(C)]
struct IoVec {
    base: *mut c_void,
    length: usize,
}

unsafe extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
    fn __errno_location() -> *mut c_int;
}

/// Stands in for the C library's.
///
/// # Safety
/// As `ptrace(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptrace(request: c_long, pid: c_int, addr: usize, data: *mut c_void) -> c_long {
    // SAFETY: the arguments are the caller's, who has to answer for them, but for `word`, which lives as long as the call; the
    // error number is this thread's own.
    unsafe {
        if PEEKS.contains(&request) {
            let mut word: c_long = 0;
            let result = syscall(PTRACE, request, pid, addr, &raw mut word);
            if result < 0 {
                return result;
            }
            *__errno_location() = 0;
            return word;
        }
        let result = syscall(PTRACE, request, pid, addr, data);
        let is_refused = result < 0 && *__errno_location() == EFAULT;
        if is_refused && request == SETREGSET && addr == XSTATE {
            return set_part(pid, &*data.cast());
        }
        result
    }
}

/// Sets the first part of a process's registers and leaves the rest.
///
/// # Safety
/// `part` names memory that can be read, and no other thread calls this.
unsafe fn set_part(pid: c_int, part: &IoVec) -> c_long {
    // SAFETY: nobody else uses the memory meanwhile; both calls are given its place and its true length, and no more is copied
    // into it than it holds.
    unsafe {
        let whole = &mut *(&raw mut WHOLE);
        let mut all = IoVec { base: whole.as_mut_ptr().cast(), length: size_of_val(whole) };
        let result = syscall(PTRACE, GETREGSET, pid, XSTATE, &raw mut all);
        if result < 0 {
            return result;
        }
        std::ptr::copy_nonoverlapping(part.base.cast::<u8>(), all.base.cast(), part.length.min(all.length));
        whole[IN_USE / size_of::<u64>()] &= SAVED;
        syscall(PTRACE, SETREGSET, pid, XSTATE, &raw mut all)
    }
}
