//! Dumps: what is configured and what the workers say, written where keepalived's users and their monitoring look for it.
//!
//! The supervisor writes them, because it has the configuration, on a thread of its own, because nothing else may wait for
//! a disk. What a worker contributes is its [status](crate::status).

mod data;
mod file;
mod json;
mod path;
mod sheet;
mod stats;
mod words;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use parser::config::{Config, VrrpInstance};

use self::path::{File, Naming};
pub(crate) use self::path::{temporary_folder, unusable_temporary_folder};
pub(crate) use self::words::address;
use crate::load::Loaded;
use crate::plan::vmac::Vmac;
use crate::plan::vrrp::{Instance, VrrpPlan};
use crate::plan::{self, Plan};
use crate::status::Status;
use crate::status::vrrp::{self as status, VrrpStatus};
use crate::worker::{Request, Role};

/// How many dumps may wait for the disk; more than that ask for the same again.
const QUEUE: usize = 16;

/// The mode of the JSON dump, whatever the umask.
const PRIVATE: u32 = 0o600;

/// What there is to write about.
pub(crate) struct Scene<'a> {
    /// What the files say.
    config: &'a Config,
    /// What follows from it.
    plan: &'a Plan,
    /// The network namespace, if it is another than the one the daemon was started in.
    namespace: Option<&'a str>,
    /// The host's name.
    node: &'a str,
    /// The name of the user it runs as.
    user: &'a str,
    /// The supervisor's pid file, next to which others may be.
    pid_file: &'a Path,
    /// When the next reload is to be, if that is known here.
    next_reload: Option<&'a str>,
    /// Bits that files are created without.
    umask: u32,
}

/// What to write.
#[derive(Debug)]
enum Job {
    /// What the supervisor itself knows, and when the next reload is to be.
    Parent(Option<String>),
    /// What a worker was asked for.
    Worker(Request, Status),
}

/// Writes dumps, one after the other, on its own thread.
#[derive(Debug)]
pub(crate) struct Press {
    jobs: SyncSender<(Arc<Loaded>, Job)>,
}

impl Press {
    /// Starts the thread. `umask` is the one of the command line, which wins over the configuration's.
    pub(crate) fn start(umask: Option<u32>, pid_file: PathBuf) -> io::Result<Self> {
        let (jobs, waiting) = sync_channel(QUEUE);
        std::thread::Builder::new().name("dump".into()).spawn(move || work(&waiting, umask, &pid_file))?;
        Ok(Self { jobs })
    }

    /// Writes what the supervisor knows. `next_reload` is when it will reload by itself.
    pub(crate) fn parent(&self, loaded: &Arc<Loaded>, next_reload: Option<String>) {
        self.order(loaded, Job::Parent(next_reload));
    }

    /// Writes what a worker said.
    pub(crate) fn worker(&self, loaded: &Arc<Loaded>, request: Request, status: Status) {
        self.order(loaded, Job::Worker(request, status));
    }

    fn order(&self, loaded: &Arc<Loaded>, job: Job) {
        if self.jobs.try_send((Arc::clone(loaded), job)).is_err() {
            tracing::warn!("A dump was left out, the disk being too slow");
        }
    }
}

fn work(jobs: &Receiver<(Arc<Loaded>, Job)>, given: Option<u32>, pid_file: &Path) {
    while let Ok((loaded, job)) = jobs.recv() {
        let umask = loaded.umask(given);
        let (config, plan) =
            match loaded.config.unpack().and_then(|config| Ok((config, loaded.plan.unpack()?))) {
                Ok(both) => both,
                Err(error) => {
                    tracing::error!("A dump was left out: {error}");
                    continue;
                }
            };
        let (node, user) = names();
        let scene = Scene {
            config: &config,
            plan: &plan,
            namespace: loaded.place.namespace(),
            node: &node,
            user: &user,
            pid_file,
            next_reload: if let Job::Parent(next) = &job { next.as_deref() } else { None },
            umask,
        };
        let (file, text) = match &job {
            Job::Parent(_) => (File::ParentData, Some(data::parent(&scene))),
            Job::Worker(request, status) => text(&scene, *request, status),
        };
        let Some(text) = text else { continue };
        let path = naming(&loaded).path(file);
        let mode = if file == File::Json { PRIVATE } else { 0o666 & !umask };
        if let Err(error) = file::write(&path, mode, &text) {
            tracing::info!("Can't write {}: {error}", path.display());
        }
    }
}

/// The host's name and the user's.
fn names() -> (String, String) {
    let node = nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned());
    (node.unwrap_or_default(), plan::user())
}

fn text(scene: &Scene<'_>, request: Request, status: &Status) -> (File, Option<String>) {
    match (status, request) {
        (Status::Vrrp(vrrp), Request::Data) => (File::VrrpData, Some(data::vrrp(scene, Some(vrrp)))),
        (Status::Vrrp(vrrp), Request::Stats | Request::StatsAndClear) => {
            (File::Stats, Some(stats::stats(vrrp)))
        }
        (Status::Vrrp(vrrp), Request::Json) => (File::Json, json::json(scene.config, &scene.plan.vrrp, vrrp)),
        (Status::Checkers(checkers), Request::Data) => {
            (File::CheckerData, Some(data::checkers(scene, Some(checkers))))
        }
        (Status::Bfd(bfd), Request::Data) => (File::BfdData, Some(data::bfd(scene, Some(bfd)))),
        (Status::Checkers(_), Request::Stats | Request::StatsAndClear | Request::Json) => {
            (File::CheckerData, None)
        }
        (Status::Bfd(_), Request::Stats | Request::StatsAndClear | Request::Json) => (File::BfdData, None),
    }
}

fn naming(loaded: &Loaded) -> Naming<'_> {
    let global = &loaded.global;
    let instance = loaded.place.label().filter(|_| global.data_use_instance);
    Naming {
        folder: temporary_folder(),
        state: global.state_dump_file.as_deref(),
        stats: global.stats_dump_file.as_deref(),
        json: global.json_dump_file.as_deref(),
        instance,
    }
}

/// `--dump-conf`: what a worker has been told, line by line.
pub(crate) fn told(loaded: &Loaded, role: Role, umask: Option<u32>, pid_file: &Path) -> io::Result<String> {
    let (config, plan) = (loaded.config.unpack()?, loaded.plan.unpack()?);
    let (node, user) = names();
    let scene = Scene {
        config: &config,
        plan: &plan,
        namespace: loaded.place.namespace(),
        node: &node,
        user: &user,
        pid_file,
        next_reload: None,
        umask: loaded.umask(umask),
    };
    Ok(match role {
        Role::Vrrp => data::vrrp(&scene, None),
        Role::Checkers => data::checkers(&scene, None),
        Role::Bfd => data::bfd(&scene, None),
    })
}

#[cfg(test)]
impl<'a> Scene<'a> {
    /// A host like any other.
    fn plain(config: &'a Config, plan: &'a Plan) -> Self {
        let pid_file = Path::new("/run/keepalived.pid");
        let (node, user) = ("lb1", "root");
        Scene { config, plan, namespace: None, node, user, pid_file, next_reload: None, umask: 0o177 }
    }
}

/// The virtual routers that run, each as it was written and as it was planned.
fn configured<'a>(
    config: &'a Config,
    plan: &'a VrrpPlan,
) -> impl Iterator<Item = (&'a VrrpInstance, &'a Instance)> {
    plan.instances.iter().filter_map(|plan| {
        let config = config.vrrp_instances.iter().find(|one| one.name == plan.params.name)?;
        Some((config, plan))
    })
}

/// The interface that was made for a virtual router, if one was.
fn own_vmac<'a>(one: &VrrpInstance, plan: &'a VrrpPlan) -> Option<&'a Vmac> {
    let has_one = one.vmac.is_some() || one.ipvlan.is_some();
    // It is made before those for its addresses.
    plan.standing.vmacs.iter().find(|vmac| has_one && vmac.instance == one.name)
}

/// Those, and how each is. One that a reload has just brought may not have told yet, and is left out.
fn instances<'a>(
    config: &'a Config,
    plan: &'a VrrpPlan,
    status: &'a VrrpStatus,
) -> impl Iterator<Item = (&'a VrrpInstance, &'a Instance, &'a status::Instance)> {
    configured(config, plan).filter_map(|(config, plan)| {
        let status = status.instances.iter().find(|one| one.name == config.name)?;
        Some((config, plan, status))
    })
}

#[cfg(test)]
mod tests;
