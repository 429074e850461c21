//! The life of a worker process, from its first instruction to its exit code.

use std::ffi::CString;
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream as StdStream;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::Signal;
use nix::sys::time::{TimeVal, TimeValLike as _};
use tokio::net::UnixStream;

use super::{Orders, Role};
use crate::exit::Exit;
use crate::plan::checkers::CheckersPlan;
use crate::plan::vrrp::VrrpPlan;
use crate::{capability, drive, log, pidfile, signals, tune};

/// Is the worker that `assignment`, the value of [`super::ENV`], names.
pub(crate) fn main(assignment: &str) -> Exit {
    let Some((role, supervisor)) = parse(assignment) else {
        eprintln!("{}={assignment} names no worker", super::ENV);
        return Exit::Fatal;
    };
    signals::ignore_accidents();
    // The supervisor's end is ours too. It may have come already, before the kernel was asked to tell.
    let watched = nix::sys::prctl::set_pdeathsig(Signal::SIGTERM);
    if watched.is_err() || nix::unistd::getppid().as_raw() != supervisor {
        return Exit::Ok;
    }
    take_name_of(supervisor);
    match work(role) {
        Ok(exit) => exit,
        Err(error) => {
            eprintln!("{} worker cannot work: {error}", role.title());
            Exit::Fatal
        }
    }
}

/// Takes over the supervisor's process name; the kernel named us after the link in `/proc` that we were started by, and
/// operators look for `keepalived`.
fn take_name_of(supervisor: i32) {
    let name = std::fs::read(format!("/proc/{supervisor}/comm")).unwrap_or_default();
    let name = name.strip_suffix(b"\n").unwrap_or(&name);
    if let Ok(name) = CString::new(name)
        && !name.is_empty()
    {
        // A wrong name is no reason not to work.
        let _ = nix::sys::prctl::set_name(&name);
    }
}

fn parse(assignment: &str) -> Option<(Role, i32)> {
    let (role, supervisor) = assignment.split_once(':')?;
    Some((Role::from_key(role)?, supervisor.parse().ok()?))
}

fn work(role: Role) -> io::Result<Exit> {
    let link = inherit_link()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let link = UnixStream::from_std(link)?;
        match role {
            Role::Checkers => {
                let (start, plan, mut orders) = Orders::<CheckersPlan>::begin(link).await?;
                capability::give_up_others(role, plan.table.namespace.is_some());
                let log = log::init(start.log.clone());
                orders.tune(&start.tuning);
                tune::watch_processor_time("Checker", "checker")?;
                log.background();
                if start.only_clean_up {
                    drive::checkers::clean_up(plan).await;
                    return Ok(Exit::Ok);
                }
                let exit = drive::checkers::run(plan, &mut orders, &start).await;
                log_end();
                pidfile::remove(&start.pid_file);
                Ok(exit)
            }
            Role::Bfd => {
                let (start, plan, mut orders) = Orders::begin(link).await?;
                capability::give_up_others(role, false);
                let log = log::init(start.log.clone());
                orders.tune(&start.tuning);
                tune::watch_processor_time("BFD", "bfd")?;
                log.background();
                let exit = drive::bfd::run(plan, &mut orders).await;
                log_end();
                pidfile::remove(&start.pid_file);
                Ok(exit)
            }
            Role::Vrrp => {
                let (start, plan, mut orders) = Orders::<VrrpPlan>::begin(link).await?;
                capability::give_up_others(role, plan.ipvs_namespace.is_some());
                let log = log::init(start.log.clone());
                orders.tune(&start.tuning);
                tune::watch_processor_time("VRRP", "vrrp")?;
                log.background();
                if start.only_clean_up {
                    drive::vrrp::clean_up(plan).await?;
                    return Ok(Exit::Ok);
                }
                let exit = drive::vrrp::run(plan, &mut orders, &start).await;
                log_end();
                pidfile::remove(&start.pid_file);
                Ok(exit)
            }
        }
    })
}

/// keepalived's last line; with `--log-detail` it tells the time used, that of scripts apart.
fn log_end() {
    let (Ok(own), Ok(children)) = (getrusage(UsageWho::RUSAGE_SELF), getrusage(UsageWho::RUSAGE_CHILDREN))
    else {
        return tracing::info!("Stopped");
    };
    let seconds = |time: TimeVal| format!("{}.{:06}", time.tv_sec(), time.tv_usec());
    let [user, system] = [own.user_time(), own.system_time()].map(seconds);
    let [their_user, their_system] = [children.user_time(), children.system_time()].map(seconds);
    let idle = children.user_time().num_microseconds() + children.system_time().num_microseconds() == 0;
    if !tracing::enabled!(tracing::Level::DEBUG) {
        tracing::info!("Stopped");
    } else if idle {
        tracing::info!("Stopped - used {user} user time, {system} system time");
    } else {
        tracing::info!(
            "Stopped - used (self/children) {user}/{their_user} user time, {system}/{their_system} system time"
        );
    }
}

/// The link arrives as standard input, the one descriptor that a new program image keeps without `unsafe` code on
/// either side. `/dev/null` takes its place, so that nothing we start can ever read from the supervisor.
fn inherit_link() -> io::Result<StdStream> {
    let link = StdStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    link.set_nonblocking(true)?;
    let null = std::fs::File::open("/dev/null")
        .map_err(|error| io::Error::new(error.kind(), format!("/dev/null: {error}")))?;
    nix::unistd::dup2_stdin(null)?;
    Ok(link)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_names_a_role_and_the_supervisor() {
        assert_eq!(parse("vrrp:17"), Some((Role::Vrrp, 17)));
        assert_eq!(parse("checkers:1"), Some((Role::Checkers, 1)));
        assert_eq!(parse("vrrp"), None);
        assert_eq!(parse("supervisor:1"), None);
    }
}
