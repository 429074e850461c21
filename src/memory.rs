//! Memory that is not needed any more goes back to the system.

/// Gives back what the allocator keeps for later. To be called when much was freed and little will be asked for, as when a
/// plan has come into force: reading it takes several times what it keeps.
pub(crate) fn give_back() {
    #[cfg(target_env = "gnu")]
    #[expect(unsafe_code, reason = "the allocator of the C library is told directly")]
    // SAFETY: it touches only memory that is free, takes the allocator's own locks, and may be called at any time.
    unsafe {
        nix::libc::malloc_trim(0);
    }
}
