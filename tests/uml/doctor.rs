//! `keepalived doctor` finds what is broken on purpose, and what it prints mends it.

use crate::traffic::farm::{Family, Farm, Plan, Way, load_tunnels, vip};
use lab::{Binary, Failure, Keepalived, Node, Outcome, Scene, eventually};
use nix::sys::signal::{Signal, kill};
use std::{
    collections::BTreeSet,
    fs,
    net::{Ipv4Addr, UdpSocket},
    process::{Command, Output},
    sync::{PoisonError, RwLock},
    time::Duration,
};

/// As the directors' file is called on every machine.
const FILE: &str = "/run/keepalived.conf";
const SOON: Duration = Duration::from_secs(20);

/// A rule with `-m ipvs` shows on every machine of the kernel: the scene that makes one writes, other directors read.
static RULES: RwLock<()> = RwLock::new(());

pub(crate) fn the_doctor_mends_a_director(binary: &Binary) -> Outcome {
    let _no_rules = RULES.read().unwrap_or_else(PoisonError::into_inner);
    let mut farm = Farm::start(binary, &Plan::new(Way::Nat, "rr"), 1)?;
    let doctor = Doctor { binary, options: "" };
    let node = &farm.director().node;
    assert_eq!(doctor.visit(node)?, []);

    node.sysctl("net.ipv4.ip_forward", "0")?;
    node.sysctl("net.ipv6.conf.all.forwarding", "0")?;
    doctor.mends(node, &["ip_forward", "ipv6_forwarding"])?;

    let service = format!("{}:80", vip(Family::V4));
    // Awake, the checkers would add it again before the doctor has looked.
    let checkers = farm.director().daemon.checkers_worker().ok_or_else(|| Failure::new("no checkers"))?;
    kill(checkers, Signal::SIGSTOP)?;
    let removed = tool(node, binary, &format!("ipvsadm -D -t {service}")).and_then(|()| doctor.ids(node));
    kill(checkers, Signal::SIGCONT)?;
    assert_eq!(removed?, ["table"]);
    eventually("the service again", SOON, || doctor.ids(node).ok()?.is_empty().then_some(()))?;
    tool(node, binary, &format!("ipvsadm -E -t {service} -s wrr"))?;
    doctor.mends(node, &["table"])?;
    tool(node, binary, &format!("ipvsadm -e -t {service} -r 10.2.0.11:80 -i"))?;
    doctor.mends(node, &["table"])?;
    tool(node, binary, "ipvsadm -A -t 10.1.0.100:81 -s rr")?;
    tool(node, binary, "ipvsadm -A -t [2001:db8:1::64]:81 -s rr")?;
    tool(node, binary, "ipvsadm -A -f 9 -s rr")?;
    tool(node, binary, "ipvsadm -A -f 9 -6 -s rr")?;
    doctor.mends(node, &["table_foreign"; 4])?;

    // The same virtual servers in a file that has no virtual router: nobody brings other addresses.
    let service = |vip: &str, server: &str| {
        format!(
            "virtual_server {vip} 80 {{\nlvs_sched rr\nprotocol TCP\nreal_server {server} 80 {{\n}}\n}}\n"
        )
    };
    let text = service("10.1.0.77", "10.2.0.11") + &service("2001:db8:1::77", "2001:db8:2::b");
    fs::write(node.outside("/run/other.conf"), text).map_err(|error| Failure::new(error.to_string()))?;
    let other = Doctor { binary, options: "-f /run/other.conf" };
    for address in ["10.1.0.77/32", "2001:db8:1::77/128"] {
        let found = other.visit(node)?;
        let mend = ("vip_missing".to_owned(), format!("ip address add {address} dev eth0"));
        assert!(found.contains(&mend), "{found:?}");
        node.run("/bin/sh", &["-c", &mend.1])?;
        assert!(!other.visit(node)?.contains(&mend));
    }

    farm.directors[0].daemon.stop()?;
    fs::write(farm.director().node.outside(FILE), Plan::new(Way::Nat, "rr").config(100))
        .map_err(|error| Failure::new(error.to_string()))?;
    let ids: Vec<String> = doctor.visit(&farm.director().node)?.into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["daemon"]);
    Ok(())
}

pub(crate) fn the_doctor_mends_a_real_server_behind_nat(binary: &Binary) -> Outcome {
    let (farm, doctor) = real_servers(binary, Plan::new(Way::Nat, "rr"), "-d 10.2.0.1 -d 2001:db8:2::1")?;
    let node = &farm.servers[0].node;
    assert_eq!(doctor.visit(node)?, []);
    node.ip("route delete default")?;
    node.ip("-6 route delete default")?;
    doctor.mends(node, &["way_back", "way_back"])?;
    farm.warm_up(Family::V4)
}

pub(crate) fn the_doctor_mends_a_real_server_of_direct_routing(binary: &Binary) -> Outcome {
    let (farm, doctor) = real_servers(binary, Plan::new(Way::Dr, "rr"), "")?;
    for server in &farm.servers {
        doctor.mends(&server.node, &["arp", "arp", "vip_missing", "vip_missing"])?;
    }
    farm.warm_up(Family::V4)?;
    farm.warm_up(Family::V6)?;
    let node = &farm.servers[0].node;
    node.ip("address delete 10.1.0.100/32 dev lo")?;
    node.ip("address add 10.1.0.100/24 dev eth0")?;
    node.ip("-6 address delete 2001:db8:1::64/128 dev lo")?;
    node.ip("-6 address add 2001:db8:1::64/64 dev eth0 nodad")?;
    doctor.mends(node, &["vip_exposed", "vip_exposed"])
}

pub(crate) fn the_doctor_mends_a_strict_filter_where_answers_leave_elsewhere(binary: &Binary) -> Outcome {
    let plan = Plan { aside: true, ..Plan::new(Way::Dr, "rr") };
    let (farm, doctor) = real_servers(binary, plan, "")?;
    for server in &farm.servers {
        doctor.mends(&server.node, &["arp", "arp", "rp_filter", "vip_missing", "vip_missing"])?;
    }
    farm.warm_up(Family::V4)
}

pub(crate) fn the_doctor_mends_a_real_server_of_udp_tunnels(binary: &Binary) -> Outcome {
    // Without their modules there are findings more.
    load_tunnels()?;
    let plan = Plan { wrapping: "type gue port 6080", across: true, ..Plan::new(Way::Tun, "rr") };
    let (farm, doctor) = real_servers(binary, plan, "")?;
    // The modules are the kernel's, not the machine's: this machine is shown none of them for a moment.
    let node = &farm.servers[0].node;
    let program = binary.as_ref().display();
    let script = format!(
        "mkdir /run/none && mount --bind /run/none /sys/module && exec {program} doctor --json -f {FILE}"
    );
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", &script]);
    let found = findings(&node.enter(|| command.output())??)?;
    for module in ["fou", "fou6"] {
        let load = ("tunnel".to_owned(), format!("modprobe {module}"));
        assert!(found.contains(&load), "{found:?}");
        modprobe(&[module])?;
        assert!(!doctor.visit(node)?.contains(&load), "it is loaded");
    }
    for server in &farm.servers {
        // Two devices, two ports, and the mode of the one for IPv4 in IPv6.
        let mut wanted = vec!["arp", "arp", "rp_filter"];
        wanted.extend(["tunnel"; 5]);
        wanted.extend(["vip_missing"; 2]);
        doctor.mends(&server.node, &wanted)?;
    }
    farm.warm_up(Family::V4)?;
    farm.warm_up(Family::V6)
}

pub(crate) fn the_doctor_mends_a_firewall_mark_that_no_rule_gives(binary: &Binary) -> Outcome {
    let _no_rules = RULES.read().unwrap_or_else(PoisonError::into_inner);
    let text = |family: &str, server: &str| {
        format!(
            "virtual_server fwmark 7 {{\nip_family {family}\nlvs_sched rr\nlvs_method NAT\nreal_server {server} {{\n}}\n}}\n"
        )
    };
    let text = text("inet", "10.2.0.11") + &text("inet6", "fd00::11");
    let (_scene, node) = director(binary, &text)?;
    node.sysctl("net.ipv6.conf.all.forwarding", "1")?;
    modprobe(&["-a", "iptable_mangle", "ip6table_mangle", "xt_mark"])?;
    let _daemon = Keepalived::start(&node, binary, &text)?;
    let doctor = Doctor { binary, options: "" };
    let mut last = Vec::new();
    eventually("only the marks to be missing", SOON, || {
        last = doctor.visit(&node).ok()?;
        let ids: Vec<_> = last.iter().map(|(id, _)| id.as_str()).collect();
        (ids == ["fwmark", "fwmark"]).then_some(())
    })
    .map_err(|late| Failure::new(format!("{late}; found: {last:?}")))?;
    for (_, mend) in &last {
        let legacy =
            mend.replace("tables -t", "tables-legacy -t").replace("PROTOCOL", "tcp").replace("PORT", "80");
        let address = if mend.starts_with("ip6") { "2001:db8:1::64" } else { "10.1.0.100" };
        node.run("/bin/sh", &["-c", &legacy.replace("ADDRESS", address)])?;
    }
    let notes = |node: &Node| -> Outcome<Vec<String>> {
        let report = doctor.report(node)?;
        assert_eq!(report["findings"].as_array().map(Vec::len), Some(0), "{report}");
        let notes = report["notes"].as_array().into_iter().flatten();
        Ok(notes.filter_map(|note| note.as_str().map(str::to_owned)).collect())
    };
    let told = notes(&node)?;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|note| note.contains("names no address: a rule of netfilter gives the mark 7")));
    // The row of the table is compared like any other.
    tool(&node, binary, "ipvsadm -E -f 7 -s wrr")?;
    doctor.mends(&node, &["table"])
}

pub(crate) fn the_doctor_tells_what_the_configuration_loses(binary: &Binary) -> Outcome {
    let _no_rules = RULES.read().unwrap_or_else(PoisonError::into_inner);
    let (_scene, node) = director(binary, &virtual_server("rr"))?;
    let group = "virtual_server_group g {\n10.0.0.1-5 80\n2001:db8::1 80\nfwmark 7\n}\n\
                 virtual_server group g {\nlvs_sched rr\nlvs_method DR\nprotocol TCP\nreal_server 10.2.0.11 80 {\n}\n}\n";
    fs::write(node.outside(FILE), format!("{group}{}", virtual_server("rr")))?;
    let report = Doctor { binary, options: "" }.report(&node)?;
    let first = &report["findings"][0];
    assert_eq!(first["id"], "configuration", "{report}");
    let lost = "virtual server group g cannot have IPv4, IPv6 and fwmark without family - removing";
    assert!(first["what"].as_str().is_some_and(|what| what.ends_with(lost)), "{report}");
    assert_eq!(first["mend"], format!("keepalived config check {FILE}"));
    Ok(())
}

pub(crate) fn the_doctor_mends_a_real_server_of_tunnels(binary: &Binary) -> Outcome {
    let (farm, doctor) = real_servers(binary, Plan::new(Way::Tun, "rr"), "")?;
    // Without their modules there are findings more.
    load_tunnels()?;
    for server in &farm.servers {
        let wanted = ["arp", "arp", "rp_filter", "tunnel", "tunnel", "vip_missing", "vip_missing"];
        doctor.mends(&server.node, &wanted)?;
    }
    farm.warm_up(Family::V4)?;
    farm.warm_up(Family::V6)
}

pub(crate) fn the_doctor_mends_a_director_without_a_scheduler(binary: &Binary) -> Outcome {
    let _no_rules = RULES.read().unwrap_or_else(PoisonError::into_inner);
    const MODULE: &str = "ip_vs_ovf";
    let (_scene, node) = director(binary, &virtual_server("ovf"))?;
    // An earlier run on the same kernel has left it.
    let _not_loaded = modprobe(&["-r", MODULE]);
    // What this kernel could load, the module aside: a kernel package without it. The machine has this in a mount
    // namespace of its own; the folder to hang it on is missing where no kernel is installed.
    let program = binary.as_ref().display();
    let script = format!(
        "cp /usr/bin/mount /run/mount && mkdir -p /lib/modules && kernel=$(uname -r) && \
         cat /lib/modules/$kernel/modules.dep /usr/lib/uml/modules/$kernel/modules.dep 2>/dev/null | \
         grep -v {MODULE} >/run/modules.dep; test -s /run/modules.dep && /run/mount -t tmpfs none /lib/modules && \
         mkdir /lib/modules/$kernel && cp /run/modules.dep /lib/modules/$kernel && \
         exec {program} doctor --json -f {FILE}"
    );
    let visit = || -> Outcome<Vec<(String, String)>> {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", &script]);
        findings(&node.enter(|| command.output())??)
    };
    let daemon = ("daemon".to_owned(), "systemctl start keepalived".to_owned());
    // Whoever has installed it can load it.
    let scheduler = ("scheduler".to_owned(), format!("INSTALL-KERNEL-MODULES && modprobe {MODULE}"));
    assert_eq!(visit()?, [daemon.clone(), scheduler]);
    modprobe(&[MODULE])?;
    assert_eq!(visit()?, [daemon]);
    Ok(())
}

pub(crate) fn the_doctor_mends_connection_tracking_that_is_nearly_full(binary: &Binary) -> Outcome {
    let _no_rules = RULES.read().unwrap_or_else(PoisonError::into_inner);
    const MAX: &str = "/proc/sys/net/netfilter/nf_conntrack_max";
    let (_scene, node) = director(binary, &virtual_server("rr"))?;
    let doctor = Doctor { binary, options: "" };
    modprobe(&["iptable_filter"])?;
    // A rule that asks for the state has the kernel track this machine's connections.
    node.run("iptables-legacy", &["-A", "INPUT", "-m", "conntrack", "--ctstate", "NEW", "-j", "ACCEPT"])?;
    let socket = node.enter(|| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)))??;
    for port in 1..=9 {
        socket.send_to(b"x", (Ipv4Addr::LOCALHOST, port)).or_else(refused)?;
    }
    assert_eq!(doctor.ids(&node)?, ["daemon"]);

    // The bound is the kernel's, not the machine's.
    let before = fs::read_to_string(MAX)?;
    fs::write(MAX, "10")?;
    let full = doctor.visit(&node);
    let mended = full.as_ref().ok().and_then(|found| found.iter().find(|(id, _)| id == "conntrack"));
    let ran = mended.map(|(_, mend)| Command::new("/bin/sh").args(["-c", mend]).output());
    let left = doctor.ids(&node);
    let now = fs::read_to_string(MAX)?;
    fs::write(MAX, before)?;
    let mend = "sysctl -w net.netfilter.nf_conntrack_max=20".to_owned();
    assert_eq!(full?.first(), Some(&("conntrack".to_owned(), mend)));
    assert!(ran.transpose()?.is_some_and(|output| output.status.success()));
    assert_eq!((now.trim(), left?), ("20", vec!["daemon".to_owned()]));
    Ok(())
}

pub(crate) fn the_doctor_mends_rules_for_connections_that_nobody_tracks(binary: &Binary) -> Outcome {
    let _alone = RULES.write().unwrap_or_else(PoisonError::into_inner);
    let (_scene, node) = director(binary, &virtual_server("rr"))?;
    let doctor = Doctor { binary, options: "" };
    assert_eq!(doctor.ids(&node)?, ["daemon"]);
    modprobe(&["iptable_nat"])?;
    let rule = "POSTROUTING -m ipvs --vaddr 10.1.0.100 --vport 80 -j MASQUERADE";
    let tables = |verb: &str| node.run("/bin/sh", &["-c", &format!("iptables-legacy -t nat {verb} {rule}")]);
    tables("-A")?;
    let found = doctor.visit(&node)?;
    let [(id, mend), (daemon, _)] = found.as_slice() else {
        return Err(Failure::new(format!("{found:?}")));
    };
    assert_eq!((id.as_str(), daemon.as_str()), ("conntrack", "daemon"));
    assert_eq!(mend, "sysctl -w net.ipv4.vs.conntrack=1");
    node.run("/bin/sh", &["-c", mend])?;
    assert_eq!(doctor.ids(&node)?, ["daemon"]);
    node.sysctl("net.ipv4.vs.conntrack", "0")?;
    tables("-D")?;
    // The kernel gives removed rules back a moment later.
    eventually("a host without the rule", SOON, || (doctor.ids(&node).ok()? == ["daemon"]).then_some(()))
}

pub(crate) fn the_doctor_mends_a_daemon_without_a_capability(binary: &Binary) -> Outcome {
    let _no_rules = RULES.read().unwrap_or_else(PoisonError::into_inner);
    let (_scene, node) = director(binary, &virtual_server("rr"))?;
    // With a virtual server it would not go on at all.
    let router = "vrrp_instance front {\n interface eth0\n virtual_router_id 51\n priority 100\n}\n";
    let mut daemon = Keepalived::start_without(&node, binary, router, "net_admin")?;
    let file = "/run/whole.conf";
    let whole = format!("{router}{}", virtual_server("rr"));
    fs::write(node.outside(file), &whole)?;
    let doctor = Doctor { binary, options: "-f /run/whole.conf" };
    let pid = daemon.process().pid();
    let what = format!("keepalived (process {pid}) runs without CAP_NET_ADMIN");
    eventually("the capability", SOON, || {
        let report = doctor.report(&node).ok()?;
        let findings = report["findings"].as_array()?;
        findings.iter().any(|one| one["id"] == "capabilities" && one["what"] == what).then_some(())
    })
    .map_err(|late| Failure::new(format!("{late}; {:?}", doctor.visit(&node))))?;
    daemon.stop()?;
    let _mended = Keepalived::start(&node, binary, &whole)?;
    eventually("a host without findings", SOON, || doctor.visit(&node).ok()?.is_empty().then_some(()))
        .map_err(|late| Failure::new(format!("{late}; {:?}", doctor.visit(&node))))
}

pub(crate) fn a_doctor_that_cannot_look_says_so_and_ends_with_2(binary: &Binary) -> Outcome {
    let (_scene, node) = director(binary, &virtual_server("rr"))?;
    fs::write(node.outside("/run/router.conf"), "vrrp_instance front {\n}\n")?;
    let program = binary.as_ref().display();
    let weak = "setpriv --bounding-set=-net_admin --inh-caps=-net_admin";
    for (line, wanted) in [
        (format!("{program} doctor --json -f /run/none.conf"), "/run/none.conf"),
        (
            format!("{program} doctor --json -f /run/router.conf"),
            "There is no virtual server in /run/router.conf",
        ),
        (format!("{weak} {program} doctor --json -f {FILE}"), "CAP_NET_ADMIN"),
        (format!("{program} doctor -f /run/none.conf"), "/run/none.conf"),
        (format!("{program} doctor --jason"), "Unknown option"),
        (format!("{program} doctor bogus"), "Unexpected argument bogus"),
    ] {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &line]);
        let output = node.enter(|| command.output())??;
        let told = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (told(&output.stdout), told(&output.stderr));
        assert_eq!(output.status.code(), Some(2), "{line}: {out}{err}");
        let said = if line.contains("--json") {
            let failure: serde_json::Value = serde_json::from_str(&out)
                .map_err(|error| Failure::new(format!("{line}: {error} in {out}")))?;
            assert_eq!(keys(&failure), BTreeSet::from(["error"]), "{line}: {out}");
            failure["error"].as_str().unwrap_or_default().to_owned()
        } else {
            assert_eq!(out, "", "{line}");
            err
        };
        assert!(said.contains(wanted), "{line}: {said}");
    }
    Ok(())
}

/// A director alone, with this file and without a daemon.
fn director(binary: &Binary, text: &str) -> Outcome<(Scene, Node)> {
    let scene = Scene::new()?;
    let link = scene.link("front")?;
    let node = scene.node("director")?.on(&link, "eth0", &["10.1.0.1/24", "10.1.0.100/24"])?;
    node.sysctl("net.ipv4.ip_forward", "1")?;
    fs::write(node.outside(FILE), text)?;
    let doctor = Doctor { binary, options: "" };
    let found = doctor.report(&node)?;
    assert_eq!((&found["director"], &found["real_server"]), (&true.into(), &false.into()));
    Ok((scene, node))
}

fn virtual_server(scheduler: &str) -> String {
    format!(
        "virtual_server 10.1.0.100 80 {{\nlvs_sched {scheduler}\nlvs_method NAT\nprotocol TCP\n\
         real_server 10.2.0.11 80 {{\n}}\n}}\n"
    )
}

/// An answer of nobody to the datagram before; this one has not been sent then.
fn refused(error: std::io::Error) -> std::io::Result<usize> {
    if error.kind() == std::io::ErrorKind::ConnectionRefused { Ok(0) } else { Err(error) }
}

/// Runs the program with which the kernel loads modules.
fn modprobe(words: &[&str]) -> Outcome {
    let program = fs::read_to_string("/proc/sys/kernel/modprobe")?;
    let output = Command::new(program.trim()).args(words).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(Failure::new(format!("modprobe {words:?}: {said}"))) }
}

/// Servers that nobody has prepared, with the directors' file.
fn real_servers<'a>(binary: &'a Binary, plan: Plan, options: &'static str) -> Outcome<(Farm, Doctor<'a>)> {
    let plan = Plan { by_tool: true, ..plan };
    let farm = Farm::start(binary, &plan, 1)?;
    for server in &farm.servers {
        fs::write(server.node.outside(FILE), plan.config(100))
            .map_err(|error| Failure::new(error.to_string()))?;
    }
    Ok((farm, Doctor { binary, options }))
}

struct Doctor<'a> {
    binary: &'a Binary,
    options: &'static str,
}

impl Doctor<'_> {
    /// What it says to programs.
    fn run(&self, node: &Node) -> Outcome<Output> {
        let mut command = Command::new(self.binary.as_ref());
        command.args(["doctor", "--json", "-f", FILE]).args(self.options.split_whitespace());
        Ok(node.enter(|| command.output())??)
    }

    fn report(&self, node: &Node) -> Outcome<serde_json::Value> {
        report(&self.run(node)?)
    }

    /// The findings' names and commands, by name.
    fn visit(&self, node: &Node) -> Outcome<Vec<(String, String)>> {
        findings(&self.run(node)?)
    }

    fn ids(&self, node: &Node) -> Outcome<Vec<String>> {
        Ok(self.visit(node)?.into_iter().map(|(id, _)| id).collect())
    }

    /// Exactly these are found, and gone after their commands.
    fn mends(&self, node: &Node, wanted: &[&str]) -> Outcome {
        let found = self.visit(node)?;
        let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(ids, wanted, "{found:?}");
        for (_, mend) in &found {
            let mend =
                mend.replace("keepalived ipvsadm", &format!("{} ipvsadm", self.binary.as_ref().display()));
            node.run("/bin/sh", &["-c", &mend])?;
        }
        let mut left = Vec::new();
        eventually("a host without findings", SOON, || {
            left = self.visit(node).ok()?;
            left.is_empty().then_some(())
        })
        .map_err(|late| Failure::new(format!("{late}; left: {left:?}")))
    }
}

/// A report with the fields that are promised and no others, and the exit code that goes with it.
fn report(output: &Output) -> Outcome<serde_json::Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    let report: serde_json::Value = serde_json::from_str(&text).map_err(|error| {
        Failure::new(format!("{error} in {text}, {}", String::from_utf8_lossy(&output.stderr)))
    })?;
    assert_eq!(keys(&report), BTreeSet::from(["director", "findings", "notes", "real_server"]), "{text}");
    assert!(report["director"].is_boolean() && report["real_server"].is_boolean(), "{text}");
    let findings = report["findings"].as_array().map(Vec::as_slice);
    for finding in findings.into_iter().flatten() {
        assert_eq!(keys(finding), BTreeSet::from(["id", "mend", "what", "why"]), "{text}");
        let told = |key: &str| finding[key].as_str().is_some_and(|word| !word.is_empty());
        assert!(["id", "mend", "what", "why"].into_iter().all(told), "{text}");
    }
    let wanted = findings.map(|found| i32::from(!found.is_empty()));
    assert!(wanted.is_some() && output.status.code() == wanted, "{:?}: {text}", output.status);
    Ok(report)
}

fn keys(value: &serde_json::Value) -> BTreeSet<&str> {
    value.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect()
}

/// The findings' names and commands, by name.
fn findings(output: &Output) -> Outcome<Vec<(String, String)>> {
    let report = report(output)?;
    let word = |finding: &serde_json::Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let found = report["findings"].as_array().into_iter().flatten();
    let mut found: Vec<_> = found.map(|one| (word(one, "id"), word(one, "mend"))).collect();
    found.sort();
    Ok(found)
}

fn tool(node: &Node, binary: &Binary, words: &str) -> Outcome {
    node.run("/bin/sh", &["-c", &format!("{} {words}", binary.as_ref().display())]).map(drop)
}
