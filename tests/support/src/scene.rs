//! A scene: links, and nodes standing on them. Dropping it ends its processes; its namespaces vanish with it.

use crate::{
    address_watch::AddressWatch,
    capture::Capture,
    failure::{Failure, Outcome, While as _},
    namespace::Namespace,
    wait::eventually,
};
use std::{
    cell::Cell,
    collections::BTreeSet,
    fs,
    net::IpAddr,
    path::{Path, PathBuf},
    process::{self, Command},
    rc::Rc,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

/// Where scenes keep their files: a file system private to the world entered by [`crate::world`].
const FILES: &str = "/run/lab";

/// What each node has of its own, where the host has such a folder. What stands in for them lies in the host's `/run`,
/// so that is covered last.
const OWN_FOLDERS: [&str; 4] = ["/etc/keepalived", "/usr/local/sbin", "/tmp", "/run"];
const OWN_HOSTS: &str = "/etc/hosts";

/// How long a new interface may take to be of use.
const CONNECTION: Duration = Duration::from_secs(10);

/// Builds links and nodes.
///
/// ```no_run
/// # fn main() -> lab::Outcome {
/// let scene = lab::Scene::new()?;
/// let lan = scene.link("lan")?;
/// let router = scene.node("lb1")?.on(&lan, "eth1", &["172.16.0.1/24"])?;
/// println!("{}", router.ip("address show dev eth1")?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Scene {
    switch: Rc<Namespace>,
    ports: Rc<Cell<u32>>,
    files: PathBuf,
}

impl Scene {
    /// An empty scene.
    ///
    /// # Errors
    /// The right to make namespaces is missing: the caller is not inside [`crate::world`].
    pub fn new() -> Outcome<Self> {
        static SCENES: AtomicU32 = AtomicU32::new(0);
        let number = SCENES.fetch_add(1, Ordering::Relaxed);
        let files = PathBuf::from(format!("{FILES}/{}-{number}", process::id()));
        fs::create_dir_all(&files).doing(files.display())?;
        Ok(Self { switch: Rc::new(Namespace::new()?), ports: Rc::default(), files })
    }

    /// A new link: an Ethernet switch without spanning tree or multicast snooping.
    ///
    /// # Errors
    /// The kernel refuses a bridge.
    pub fn link(&self, name: &str) -> Outcome<Link> {
        self.switch.ip_lines(&[
            format!("link add dev {name} type bridge forward_delay 0 mcast_snooping 0"),
            format!("link set dev {name} up"),
        ])?;
        Ok(Link { name: name.to_owned(), switch: Rc::clone(&self.switch), ports: Rc::clone(&self.ports) })
    }

    /// A new node without any interface but its loopback.
    ///
    /// # Errors
    /// The kernel refuses a namespace, or a folder cannot be made.
    pub fn node(&self, name: &str) -> Outcome<Node> {
        let files = self.files.join(name);
        for folder in OWN_FOLDERS {
            fs::create_dir_all(own(&files, folder)).doing(files.display())?;
        }
        fs::write(own(&files, OWN_HOSTS), format!("127.0.0.1 localhost\n127.0.1.1 {name}\n"))
            .doing(files.display())?;
        Ok(Node { name: name.to_owned(), namespace: Namespace::new()?, files, cables: Vec::new() })
    }

    /// Starts to record the adverts and ARP frames on `link`.
    ///
    /// # Errors
    /// The station cannot be built.
    pub fn capture(&self, link: &Link) -> Outcome<Capture> {
        let station = Namespace::new()?;
        link.plug(&station, "eth0")?;
        Capture::start(&station)
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // What cannot be removed is on a private file system and goes with it.
        let _ = fs::remove_dir_all(&self.files);
    }
}

/// An Ethernet switch.
#[derive(Debug)]
pub struct Link {
    name: String,
    switch: Rc<Namespace>,
    ports: Rc<Cell<u32>>,
}

impl Link {
    fn plug(&self, namespace: &Namespace, interface: &str) -> Outcome<Cable> {
        let number = self.ports.get() + 1;
        self.ports.set(number);
        let port = format!("port{number}");
        let there = namespace.path();
        self.switch.ip_lines(&[
            format!("link add dev {port} type veth peer name {interface} netns {}", there.display()),
            format!("link set dev {port} master {} up", self.name),
        ])?;
        namespace.ip(&format!("link set dev {interface} up"))?;
        Ok(Cable { interface: interface.to_owned(), port, switch: Rc::clone(&self.switch) })
    }
}

/// What connects an interface of a node with a switch.
#[derive(Debug)]
struct Cable {
    interface: String,
    port: String,
    switch: Rc<Namespace>,
}

/// A machine of the scene: a network namespace, a host name, and folders of its own for `/run`, `/tmp` and the daemon's
/// configuration.
#[derive(Debug)]
pub struct Node {
    name: String,
    namespace: Namespace,
    files: PathBuf,
    cables: Vec<Cable>,
}

impl Node {
    /// Connects it to `link` by an interface with these addresses (`address/prefix`).
    ///
    /// # Errors
    /// The kernel refuses the interface or an address.
    pub fn on(mut self, link: &Link, interface: &str, addresses: &[&str]) -> Outcome<Self> {
        self.cables.push(link.plug(&self.namespace, interface)?);
        let line = |address| format!("address add {address} dev {interface}");
        self.namespace.ip_lines(&addresses.iter().map(line).collect::<Vec<_>>())?;
        Ok(self)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its network.
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// Runs `ip` with these words on it.
    ///
    /// # Errors
    /// As [`Namespace::ip`].
    pub fn ip(&self, words: &str) -> Outcome<String> {
        self.namespace.ip(words).doing(&self.name)
    }

    /// Runs a command on it to its end and gives what it printed.
    ///
    /// # Errors
    /// It could not be run or failed; what it said is in the message.
    pub fn run(&self, program: &str, words: &[&str]) -> Outcome<String> {
        let output = self
            .enter(|| Command::new(program).args(words).output())?
            .doing(format_args!("cannot run {program}"))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(Failure::new(format!(
            "{}: {program} {}: {} {complaint}",
            self.name,
            words.join(" "),
            output.status
        )))
    }

    /// Runs `job` on a thread inside its network, with its own host name, `/etc/hosts`,
    /// `/etc/keepalived`, `/run` and `/tmp`.
    ///
    /// # Errors
    /// The kernel refuses the entry.
    pub fn enter<T: Send>(&self, job: impl FnOnce() -> T + Send) -> Outcome<T> {
        let places = [OWN_HOSTS].into_iter().chain(OWN_FOLDERS).map(Path::new).filter(|place| place.exists());
        let stand_ins: Vec<_> = places.map(|place| (place, self.outside(place))).collect();
        let stand_ins: Vec<_> =
            stand_ins.iter().map(|(place, stand_in)| (*place, stand_in.as_path())).collect();
        self.namespace.enter_machine(&self.name, &stand_ins, job)
    }

    /// Where `path`, as its processes name it, can be reached from outside of it.
    pub fn outside(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        let is_own = path == OWN_HOSTS || OWN_FOLDERS.iter().any(|folder| path.starts_with(folder));
        if is_own { own(&self.files, path) } else { path.to_owned() }
    }

    /// Sets a kernel parameter of its network, named as by `sysctl`.
    ///
    /// # Errors
    /// There is no such parameter, or the kernel refuses the value.
    pub fn sysctl(&self, parameter: &str, value: &str) -> Outcome {
        let path = format!("/proc/sys/{}", parameter.replace('.', "/"));
        self.namespace.enter(|| fs::write(&path, value))?.doing(format_args!("{}: {path}", self.name))
    }

    /// The addresses on all its interfaces.
    ///
    /// # Errors
    /// The kernel does not say.
    pub fn addresses(&self) -> Outcome<BTreeSet<IpAddr>> {
        let ask = || -> nix::Result<BTreeSet<IpAddr>> {
            let interfaces = nix::ifaddrs::getifaddrs()?;
            Ok(interfaces.filter_map(|interface| ip_address(&interface.address?)).collect())
        };
        self.namespace.enter(ask)?.doing(&self.name)
    }

    /// Records every change of its addresses.
    ///
    /// # Errors
    /// `ip` cannot be run.
    pub fn watch_addresses(&self) -> Outcome<AddressWatch> {
        AddressWatch::start(self, &[])
    }

    /// Records every change of its addresses, routes and rules.
    ///
    /// # Errors
    /// `ip` cannot be run.
    pub fn watch_routes(&self) -> Outcome<AddressWatch> {
        AddressWatch::start(self, &["route", "rule"])
    }

    /// Pulls the cable of `interface` at the switch: the node sees no carrier.
    ///
    /// # Errors
    /// It has no such interface.
    pub fn unplug(&self, interface: &str) -> Outcome {
        self.set_port(interface, "down")
    }

    /// Puts the cable of `interface` back.
    ///
    /// # Errors
    /// It has no such interface.
    pub fn plug(&self, interface: &str) -> Outcome {
        self.set_port(interface, "up")
    }

    /// Waits until what is sent on the interface reaches the others. The kernel puts a new interface into service some time
    /// after it was switched on, up to a second later when it has much to do, and drops what is sent before.
    ///
    /// # Errors
    /// There is no such interface, or it is not connected.
    pub fn wait_until_connected(&self, interface: &str) -> Outcome {
        let cable = self.cable(interface)?;
        eventually(&format!("{interface} of {} is connected", self.name), CONNECTION, || {
            let own = self.namespace.ip(&format!("link show dev {interface}")).ok()?;
            let port = cable.switch.ip(&format!("-d link show dev {}", cable.port)).ok()?;
            (own.contains("state UP") && port.contains("state forwarding")).then_some(())
        })
    }

    fn set_port(&self, interface: &str, state: &str) -> Outcome {
        let cable = self.cable(interface)?;
        cable.switch.ip(&format!("link set dev {} {state}", cable.port)).map(drop)
    }

    fn cable(&self, interface: &str) -> Outcome<&Cable> {
        self.cables
            .iter()
            .find(|cable| cable.interface == interface)
            .ok_or_else(|| Failure::new(format!("{} has no interface {interface}", self.name)))
    }
}

/// Where a node's own version of `path` lies.
fn own(files: &Path, path: impl AsRef<Path>) -> PathBuf {
    files.join(path.as_ref().strip_prefix("/").unwrap_or(path.as_ref()))
}

fn ip_address(address: &nix::sys::socket::SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::V6(address.ip())))
}
