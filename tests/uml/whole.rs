//! Keywords of `global_defs` that concern the whole table: timeouts, flushing, synchronisation.

use crate::stage::START;
use lab::{Binary, Keepalived, Node, Outcome, Scene, eventually};

const SERVICE: &str = "virtual_server 10.1.0.1 80 {\n lvs_sched rr\n lvs_method DR\n protocol TCP\n \
                       real_server 10.1.0.2 80 {\n weight 1\n }\n}\n";

const FOREIGN: &str = "-A -t 10.9.9.9:99 -s wlc\n";

const OURS: &str = "-A -t 10.1.0.1:80 -s rr\n-a -t 10.1.0.1:80 -r 10.1.0.2:80 -g -w 1\n";

struct Stage {
    daemon: Keepalived,
    node: Node,
    /// Holds the node's files.
    _scene: Scene,
}

impl Stage {
    /// A director with these words in `global_defs`, and a service of somebody else.
    fn start(binary: &Binary, words: &str) -> Outcome<Self> {
        Self::start_telling(binary, &[], words)
    }

    fn start_telling(binary: &Binary, options: &[&str], words: &str) -> Outcome<Self> {
        let scene = Scene::new()?;
        let link = scene.link("lan")?;
        let node = scene.node("lb1")?.on(&link, "eth1", &["10.1.0.100/24"])?;
        node.run("ipvsadm", &["-A", "-t", "10.9.9.9:99"])?;
        let daemon = Keepalived::start_telling(&node, binary, options, &config(words))?;
        let stage = Self { daemon, node, _scene: scene };
        eventually("the service", START, || stage.table().ok()?.contains(OURS).then_some(()))?;
        Ok(stage)
    }

    fn reload(&self, words: &str) -> Outcome {
        self.daemon.write_config(&config(words))?;
        self.daemon.reload()
    }

    fn table(&self) -> Outcome<String> {
        self.node.run("ipvsadm", &["-Sn"])
    }

    fn shows(&self, option: &str, wanted: &str) -> Outcome {
        let mut last = String::new();
        eventually("what the kernel should show", START, || {
            last = self.node.run("ipvsadm", &["-L", option]).ok()?;
            (last == wanted).then_some(())
        })
        .map_err(|failure| lab::Failure::new(format!("{failure}: {wanted:?} instead of {last:?}")))
    }
}

fn config(words: &str) -> String {
    format!("global_defs {{\n {words}\n}}\n{SERVICE}")
}

pub(crate) fn timeouts_are_set_changed_and_put_back(binary: &Binary) -> Outcome {
    let mut stage = Stage::start(binary, "lvs_timeouts tcp 1000 udp 50")?;
    stage.shows("--timeout", "Timeout (tcp tcpfin udp): 1000 120 50\n")?;
    stage.reload("lvs_timeouts tcpfin 30")?;
    stage.shows("--timeout", "Timeout (tcp tcpfin udp): 900 30 300\n")?;
    stage.daemon.stop()?;
    stage.shows("--timeout", "Timeout (tcp tcpfin udp): 900 120 300\n")
}

pub(crate) fn a_stop_that_leaves_the_services_puts_the_rest_back(binary: &Binary) -> Outcome {
    let mut stage =
        Stage::start_telling(binary, &["-I"], "lvs_timeouts tcp 1000\n lvs_sync_daemon eth1 id 7")?;
    stage.shows("--timeout", "Timeout (tcp tcpfin udp): 1000 120 300\n")?;
    stage.daemon.stop()?;
    assert_eq!(stage.table()?, format!("{OURS}{FOREIGN}"));
    stage.shows("--timeout", "Timeout (tcp tcpfin udp): 900 120 300\n")?;
    stage.shows("--daemon", "")
}

pub(crate) fn a_start_with_lvs_flush_removes_what_others_left(binary: &Binary) -> Outcome {
    let mut stage = Stage::start(binary, "lvs_flush")?;
    assert_eq!(stage.table()?, OURS);
    stage.node.run("ipvsadm", &["-A", "-t", "10.9.9.9:99"])?;
    stage.reload("lvs_flush")?;
    stage.daemon.logs("Reload complete", START)?;
    assert_eq!(stage.table()?, format!("{OURS}{FOREIGN}"), "a reload is no start");
    stage.daemon.stop()?;
    assert_eq!(stage.table()?, FOREIGN);
    Ok(())
}

pub(crate) fn a_stop_with_lvs_flush_on_stop_empties_the_table(binary: &Binary) -> Outcome {
    let mut stage = Stage::start(binary, "lvs_flush_on_stop\n lvs_timeouts tcp 1000")?;
    assert!(stage.table()?.contains(FOREIGN));
    stage.daemon.stop()?;
    assert_eq!(stage.table()?, "");
    stage.shows("--timeout", "Timeout (tcp tcpfin udp): 900 120 300\n")
}

pub(crate) fn a_stop_with_lvs_flush_on_stop_vs_leaves_the_services_of_others(binary: &Binary) -> Outcome {
    let mut stage = Stage::start(binary, "lvs_flush_on_stop VS")?;
    stage.daemon.stop()?;
    assert_eq!(stage.table()?, FOREIGN);
    Ok(())
}

pub(crate) fn both_sync_daemons_run_as_long_as_no_instance_decides(binary: &Binary) -> Outcome {
    let both = |rest: &str| {
        let line = |role| format!("{role} sync daemon (mcast=eth1, {rest})\n");
        line("master") + &line("backup")
    };
    let mut stage = Stage::start(binary, "lvs_sync_daemon eth1 id 7")?;
    stage.shows("--daemon", &both("syncid=7, maxlen=1472, group=224.0.0.81, port=8848, ttl=1"))?;
    stage.reload("lvs_sync_daemon eth1 id 9 maxlen 1400 port 9000 ttl 3 group 224.0.0.90")?;
    stage.shows("--daemon", &both("syncid=9, maxlen=1400, group=224.0.0.90, port=9000, ttl=3"))?;
    stage.reload("")?;
    stage.shows("--daemon", "")?;
    // The kernel's master sends from the interface's own address, and only when nobody else has it (RFC 4862 §5.4).
    eventually("an IPv6 address that may be used", START, || {
        let text = stage.node.ip("-6 address show dev eth1 scope link").ok()?;
        (text.contains("inet6") && !text.contains("tentative")).then_some(())
    })?;
    stage.reload("lvs_sync_daemon eth1 id 9 group ff02::51")?;
    stage.shows("--daemon", &both("syncid=9, maxlen=1452, group=ff02::51, port=8848, ttl=1"))?;
    stage.daemon.stop()?;
    stage.shows("--daemon", "")
}

/// A daemon that already runs as it should misses nothing at a start and at a reload.
pub(crate) fn sync_daemons_that_run_as_they_should_are_left_alone(binary: &Binary) -> Outcome {
    let stage = Stage::start(binary, "lvs_sync_daemon eth1")?;
    stage.shows(
        "--daemon",
        "master sync daemon (mcast=eth1, syncid=0, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)\n\
         backup sync daemon (mcast=eth1, syncid=0, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)\n",
    )?;
    let threads = threads()?;
    assert!(threads.len() >= 2, "{threads:?}");
    stage.reload("lvs_sync_daemon eth1")?;
    stage.daemon.logs("Reload complete", START)?;
    let still = self::threads()?;
    assert!(threads.iter().all(|thread| still.contains(thread)), "{threads:?} became {still:?}");
    Ok(())
}

/// The kernel's threads of synchronisation, of all networks.
fn threads() -> Outcome<Vec<String>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let name = std::fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
        if name.starts_with("ipvs-m") || name.starts_with("ipvs-b") {
            found.push(format!("{} {name}", entry.file_name().display()));
        }
    }
    Ok(found)
}
