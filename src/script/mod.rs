//! Programs that the user has us run: how one is started as another user, watched, and ended.
//!
//! Nothing here runs on the thread that decides. [`Runner`] has a thread of its own, which starts this same executable
//! again; `posix_spawn` does that without copying the address space of a large worker. The new process, in [`launch`],
//! becomes the user the script belongs to and then the script. What may be run at all is decided in `plan`.

mod lane;
pub(crate) mod launch;
mod program;
mod runner;

pub(crate) use lane::Lane;
pub(crate) use program::{Identity, Program};
pub(crate) use runner::{Ended, Job, NOT_STARTED, Runner, Stopper};
