//! Dumps by signals, read as monitoring reads them.

use crate::dumps_scene::{AROUND, MANY};
use crate::monitoring::{json, text};
use lab::{
    Keepalived, Outcome, eventually,
    pair::{Cast, ELECTION, Pair},
};
use nix::{
    libc,
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::PathBuf,
    time::{Duration, Instant},
};

/// gen2brain's exporter waits a tenth of a second; this machine may be busy.
const SOON: Duration = Duration::from_secs(5);

const JSON: i32 = 36;
const STATS_CLEAR: i32 = 63;

/// A signal by its number, which `nix` does not take for real-time ones.
fn send(pid: Pid, signal: i32) -> Outcome {
    let status = std::process::Command::new("kill").args([format!("-{signal}"), pid.to_string()]).status()?;
    assert!(status.success());
    Ok(())
}

struct Desk<'a> {
    pair: &'a Pair,
}

impl Desk<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.pair.one.node.outside(format!("/tmp/{name}"))
    }

    /// Sends a signal and waits for a new file that is read without complaint.
    fn fresh<T>(&self, pid: Pid, signal: i32, name: &str, read: impl Fn(&str) -> Outcome<T>) -> Outcome<T> {
        let path = self.path(name);
        // As VyOS and Checkmk do it.
        let _ = fs::remove_file(&path);
        send(pid, signal)?;
        let text = eventually(name, SOON, || fs::read_to_string(&path).ok())?;
        assert_eq!(path.metadata()?.permissions().mode() & 0o777, 0o600, "{name}");
        read(&text)
    }
}

fn supervisor(daemon: &mut Keepalived) -> Pid {
    daemon.process().pid()
}

fn masters(daemon: &Keepalived, names: &[&str]) -> Outcome {
    for name in names {
        daemon.logs(&format!("({name}) Entering MASTER STATE"), ELECTION)?;
    }
    Ok(())
}

pub(crate) fn monitoring_reads_what_the_daemon_writes(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let mut daemon = pair.one.start_with(MANY)?;
    masters(&daemon, &["VI_1", "VI_2", "VI_6", "VI_U"])?;
    let desk = Desk { pair: &pair };
    let (parent, child) = (supervisor(&mut daemon), daemon.vrrp_worker().expect("it runs"));

    for pid in [parent, child] {
        let holds = || -> Outcome<bool> {
            let routers = desk.fresh(pid, libc::SIGUSR1, "keepalived.data", text::routers)?;
            assert_eq!(routers.keys().collect::<Vec<_>>(), ["VI_1", "VI_2", "VI_6", "VI_U"]);
            for (name, vrid) in [("VI_1", 51), ("VI_2", 52), ("VI_6", 53), ("VI_U", 54)] {
                let router = &routers[name];
                assert_eq!((router.state, router.wanted, router.vrid), (2, 2, vrid), "{name}");
                assert_eq!(router.interface, "eth1");
            }
            let one = &routers["VI_1"];
            assert_eq!((one.garp_delay, one.vips.len(), one.excluded.len()), (2, 4, 4));
            assert_eq!(one.vips[1], ("172.16.0.101".into(), "eth1".into()));
            assert_eq!(one.excluded[0], ("fd00::5/64".into(), "eth1".into()));

            let counters = desk.fresh(pid, libc::SIGUSR2, "keepalived.stats", text::counters)?;
            assert_eq!(counters.keys().collect::<Vec<_>>(), routers.keys().collect::<Vec<_>>());
            for (name, counters) in &counters {
                for required in text::REQUIRED {
                    assert!(counters.contains_key(required), "{name} {required}");
                }
                assert_eq!(counters["Became master"], 1);
                assert!(counters["Advertisements/Sent"] > 0);
            }

            let routers = desk.fresh(pid, JSON, "keepalived.json", |text| json::routers(text, 1))?;
            assert_eq!(routers.len(), 4);
            assert!(routers.iter().all(|one| one.state == 2 && one.interface == "eth1"));
            assert_eq!((routers[0].vrid, routers[1].priority), (51, 90));
            assert!(routers[0].last_transition > 1_700_000_000.0);
            assert_eq!(routers[0].stats["become_master"], 1);
            Ok(routers
                .iter()
                .all(|one| one.vips.iter().chain(&one.excluded).all(|vip| vip.ends_with(" set"))))
        };
        eventually("every address held", ELECTION, || holds().ok()?.then_some(()))?;
        assert!(holds()?);
    }
    let routers = desk.fresh(parent, JSON, "keepalived.json", |text| json::routers(text, 1))?;
    assert_eq!(
        routers[0].vips,
        [
            "172.16.0.100/24 brd 172.16.0.255 dev eth1 scope global label eth1:1 set",
            "172.16.0.101 dev eth1 scope link set",
            "172.16.0.102 dev eth1 scope global peer 10.9.9.9/32 set",
            "172.16.0.103 dev eth1 scope global noprefixroute no_track set",
        ]
    );
    let raw = fs::read_to_string(desk.path("keepalived.json"))?;
    assert!(raw.ends_with("}]\n") && raw.contains(r#"172.16.0.100\/24"#) && !raw.contains("secret"), "{raw}");
    let data = fs::read_to_string(desk.path("keepalived.data"))?;
    assert!(!data.contains("secret") && data.contains("   Password = ********\n"));
    // Vyatta takes the state from behind the comma.
    assert!(data.contains("\n VRRP Sync Group = G1, MASTER\n"), "{data}");
    let parent_data = fs::read_to_string(desk.path("keepalived_parent.data"))?;
    assert!(parent_data.starts_with("------< Global definitions >------\n"));
    assert!(parent_data.contains("\n Router ID = lb1\n") && !parent_data.contains("VRRP Topology"));
    // ZStack looks for the first state within six lines after the title.
    let topology = data.lines().skip_while(|line| !line.contains("VRRP Topology")).take(7);
    assert!(topology.into_iter().any(|line| line.starts_with("   State = MASTER")), "{data}");
    Ok(())
}

pub(crate) fn monitoring_reads_every_state_and_all_that_is_around_routers(cast: &Cast) -> Outcome {
    let shared = |priority: u8| {
        format!(
            "vrrp_instance VI_B {{\n interface eth1\n virtual_router_id 65\n priority {priority}\n \
             virtual_ipaddress {{\n 172.16.0.160\n }}\n}}\n"
        )
    };
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    node.ip("link add eth2 type veth peer name peer2")?;
    ["eth2", "peer2"].iter().try_for_each(|name| node.ip(&format!("link set {name} up")).map(drop))?;
    fs::write(node.outside("/run/number"), "3\n")?;
    let better = pair.two.start_with(&shared(200))?;
    masters(&better, &["VI_B"])?;
    let mut daemon = pair.one.start_with(&format!("{AROUND}{}", shared(50)))?;
    masters(&daemon, &["VI_V", "VI_P", "VI_W"])?;
    daemon.logs("VRRP_Script(bad) failed", ELECTION)?;
    let desk = Desk { pair: &pair };
    let parent = supervisor(&mut daemon);

    const STATES: [(&str, u8); 5] = [("VI_B", 1), ("VI_F", 3), ("VI_P", 2), ("VI_V", 2), ("VI_W", 2)];
    let data = desk.fresh(parent, libc::SIGUSR1, "keepalived.data", |text| Ok(text.to_owned()))?;
    let routers = text::routers(&data)?;
    let states: Vec<_> = routers.iter().map(|(name, one)| (name.as_str(), one.state)).collect();
    assert_eq!(states, STATES);
    assert!(routers["VI_V"].interface.starts_with("vrrp.61, "), "{routers:?}");
    // Routes and rules are lists as well, and none of these.
    let devices: Vec<_> = routers["VI_V"].vips.iter().map(|(_, device)| device.as_str()).collect();
    assert_eq!(devices, ["vrrp.61@eth1", "eth2", "vrrp1.61@eth2"]);
    let scripts = text::scripts(&data)?;
    assert_eq!(
        scripts.into_iter().collect::<Vec<_>>(),
        [("bad".to_owned(), false), ("good".to_owned(), true)]
    );
    // OpenShift asks whether these words are there.
    assert!(data.contains("   State = FAULT\n"), "{data}");

    let text = desk.fresh(parent, JSON, "keepalived.json", |text| Ok(text.to_owned()))?;
    let mut states: Vec<_> = json::routers(&text, 1)?.into_iter().map(|one| (one.name, one.state)).collect();
    states.sort();
    assert_eq!(states, STATES.map(|(name, state)| (name.to_owned(), u64::from(state))));
    for words in [
        r#""vmac_ifname":"vrrp.61","ifp_ifname":"vrrp.61""#,
        r#""vroutes":["prepend 10.80.0.0\/16 via inet 172.16.0.254 dev eth1 proto 18""#,
        r#""vrules":["from 10.90.0.0\/16 priority 4000 tos 0x0 protocol 18 lookup 77""#,
        r#""track_script":["'\/usr\/bin\/true' 'a b'"]"#,
    ] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
    let counters = desk.fresh(parent, libc::SIGUSR2, "keepalived.stats", text::counters)?;
    assert_eq!(counters.len(), STATES.len());
    Ok(())
}

pub(crate) fn statistics_begin_at_nothing_after_they_were_cleared(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let mut daemon = pair.one.start_with(MANY)?;
    masters(&daemon, &["VI_1"])?;
    let desk = Desk { pair: &pair };
    let parent = supervisor(&mut daemon);
    let cleared = desk.fresh(parent, STATS_CLEAR, "keepalived.stats", text::counters)?;
    assert_eq!(cleared["VI_1"]["Became master"], 1);
    let later = desk.fresh(parent, libc::SIGUSR2, "keepalived.stats", text::counters)?;
    assert_eq!(later["VI_1"]["Became master"], 0);
    daemon.logs("Printing and clearing VRRP stats for process(", ELECTION)?;
    Ok(())
}

pub(crate) fn dumps_go_where_they_are_told_and_through_no_link(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let moved = MANY.replacen(
        "router_id lb1",
        "router_id lb1\n state_dump_file /run/st.txt\n stats_dump_file counts\n json_version 2\n umask 022",
        1,
    );
    let mut daemon = pair.one.start_with(&moved)?;
    masters(&daemon, &["VI_1"])?;
    let parent = supervisor(&mut daemon);
    let node = &pair.one.node;
    let [data, parent_data, stats, json, target] =
        ["/run/st.txt", "/run/st_parent.txt", "/tmp/counts", "/tmp/keepalived.json", "/tmp/target"]
            .map(|path| node.outside(path));
    fs::write(&target, "precious")?;
    symlink(&target, &json)?;
    for signal in [libc::SIGUSR1, libc::SIGUSR2, JSON] {
        send(parent, signal)?;
    }
    let is_file = |path: &PathBuf| path.symlink_metadata().is_ok_and(|meta| meta.is_file());
    eventually("all dumps", SOON, || {
        [&data, &parent_data, &stats, &json].into_iter().all(is_file).then_some(())
    })?;
    assert_eq!(fs::read_to_string(&target)?, "precious");
    assert_eq!(json::routers(&fs::read_to_string(&json)?, 2)?.len(), 4);
    let mode = |path: &PathBuf| -> Outcome<u32> { Ok(path.metadata()?.permissions().mode() & 0o777) };
    assert_eq!([mode(&data)?, mode(&stats)?, mode(&json)?], [0o644, 0o644, 0o600]);
    Ok(())
}

pub(crate) fn a_thousand_virtual_routers_are_dumped_while_adverts_keep_their_time(cast: &Cast) -> Outcome {
    const ROUTERS: usize = 1_000;
    let pair = Pair::new(cast)?;
    let mut config = String::new();
    for number in 0..ROUTERS {
        // Unicast, so that VRIDs may repeat; nobody answers.
        let (vrid, third, last) = (number % 250 + 1, number / 250, number % 250 + 1);
        config.push_str(&format!(
            "vrrp_instance V{number} {{ interface eth1\n version 3\n virtual_router_id {vrid}\n advert_int 1\n \
             unicast_src_ip 172.16.0.1\n unicast_peer {{ 10.{third}.0.{last}\n }}\n \
             virtual_ipaddress {{ 10.2{third}.0.{last}\n }}\n }}\n"
        ));
    }
    let mut daemon = pair.one.start_with(&config)?;
    daemon.logs("Startup complete", Duration::from_secs(60))?;
    daemon.logs("(V999) Entering MASTER STATE", Duration::from_secs(60))?;
    let desk = Desk { pair: &pair };
    let parent = supervisor(&mut daemon);
    let began = Instant::now();
    for _ in 0..5 {
        let routers = desk.fresh(parent, JSON, "keepalived.json", |text| json::routers(text, 1))?;
        assert_eq!(routers.len(), ROUTERS);
        let routers = desk.fresh(parent, libc::SIGUSR1, "keepalived.data", text::routers)?;
        assert_eq!(routers.len(), ROUTERS);
    }
    println!("five dumps of each kind took {:?}", began.elapsed());
    kill(parent, Signal::SIGTERM)?;
    daemon.process().wait(Duration::from_secs(30))?;
    Ok(())
}

pub(crate) fn the_configuration_is_recited_into_the_log(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let daemon = pair.one.start_telling(&["--dump-conf"], MANY)?;
    for line in [" VRRP Instance = VI_U", "   Virtual Router ID = 54", " VRRP Sync Group = G1, INIT"] {
        daemon.logs(line, ELECTION)?;
    }
    let mark = daemon.journal().mark();
    daemon.reload()?;
    daemon.journal().wait(mark, " VRRP Instance = VI_U", ELECTION)?;
    Ok(())
}
