//! Leaves the terminal behind.

/// Forks into the background: a new session, `/` as working directory, `/dev/null` for the standard streams. The calling
/// process ends with 0 at once; only the new one returns.
///
/// To be called before any thread exists.
pub(crate) fn daemonize() -> nix::Result<()> {
    nix::unistd::daemon(false, false)
}
