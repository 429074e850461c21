//! What a running daemon has in force, for a program that asks: a file without a name in the supervisor's memory, which
//! whoever may look into the process finds under `/proc`.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use nix::sys::memfd::{MFdFlags, memfd_create};

use crate::flaws::Flaws;
use crate::plan::at_rest::AtRest;
use crate::plan::checkers::CheckersPlan;
use crate::plan::packed::Packed;
use crate::plan::vrrp::VrrpPlan;

/// The name that `/proc` shows. Plans of other versions are not looked at.
const NAME: &str = concat!("keepalived-applied-", env!("CARGO_PKG_VERSION"));

/// The plan in force, for as long as this value lives.
#[derive(Debug)]
pub(crate) struct Applied {
    /// Never read here; it is there to be found.
    _file: File,
}

impl Applied {
    /// Shows it.
    pub(crate) fn publish(plan: &AtRest, flaws: &Flaws) -> io::Result<Self> {
        let bytes = postcard::to_stdvec(&(&plan.vrrp, &plan.checkers, flaws)).map_err(io::Error::other)?;
        let mut file = File::from(memfd_create(NAME, MFdFlags::MFD_CLOEXEC)?);
        file.write_all(&bytes)?;
        Ok(Self { _file: file })
    }
}

/// Reads what the daemon with this pid file has in force.
pub(crate) fn of(pid_file: &Path) -> io::Result<(VrrpPlan, CheckersPlan, Flaws)> {
    let text = fs::read_to_string(pid_file)?;
    let pid: u32 = text.trim().parse().map_err(io::Error::other)?;
    let path = find(pid)?;
    let mut bytes = Vec::new();
    File::open(path)?.read_to_end(&mut bytes)?;
    let (vrrp, checkers, flaws): (Packed<VrrpPlan>, Packed<CheckersPlan>, Flaws) =
        postcard::from_bytes(&bytes).map_err(io::Error::other)?;
    Ok((vrrp.unpack()?, checkers.unpack()?, flaws))
}

fn find(pid: u32) -> io::Result<PathBuf> {
    let wanted = format!("/memfd:{NAME} (deleted)");
    for entry in fs::read_dir(format!("/proc/{pid}/fd"))? {
        let path = entry?.path();
        if fs::read_link(&path).is_ok_and(|target| target.as_os_str() == wanted.as_str()) {
            return Ok(path);
        }
    }
    Err(io::Error::other("the process is not this version of keepalived"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_found_by_the_pid_file() {
        let (plan, _) = crate::plan::tests::whole(
            "vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 1\n virtual_ipaddress {\n 10.0.0.1\n }\n }\n",
        );
        let folder = tempfile::tempdir().unwrap();
        let pid_file = folder.path().join("keepalived.pid");
        fs::write(&pid_file, format!("{}\n", std::process::id())).unwrap();
        let at_rest = AtRest::new(plan.clone()).unwrap();
        let shown = Applied::publish(&at_rest, &Flaws::default()).unwrap();
        let (vrrp, checkers, _) = of(&pid_file).unwrap();
        assert_eq!((&vrrp, &checkers), (&plan.vrrp, &plan.checkers));
        drop(shown);
        assert!(of(&pid_file).is_err());
    }
}
