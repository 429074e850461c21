//! Groups of addresses as one service behind a mark, and one FIFO for what both workers tell.

use crate::stage::START;
use lab::{Binary, Keepalived, Node, Outcome, Scene, eventually};
use std::{fs::OpenOptions, io::Read as _, os::unix::fs::OpenOptionsExt as _};

const CONFIG: &str = "global_defs {
    nftables_ipvs
}
virtual_server_group WEB {
    10.1.0.1-3 80
    10.1.0.9 443
}
virtual_server_group ANY {
    10.1.0.20 0
}
virtual_server group WEB {
    lvs_sched rr
    lvs_method DR
    protocol TCP
    real_server 10.1.0.50 80 {
    }
}
virtual_server group ANY {
    lvs_sched rr
    lvs_method DR
    protocol UDP
    real_server 10.1.0.51 80 {
    }
}\n";

fn director(scene: &Scene, name: &str) -> Outcome<Node> {
    let link = scene.link(name)?;
    scene.node(name)?.on(&link, "eth1", &["10.1.0.100/24"])
}

/// The kernel's table under a daemon. This world has no nftables, so nothing is marked here.
fn served_by(node: &Node, binary: &Binary) -> Outcome<String> {
    let table = || node.run("ipvsadm", &["-Sn"]);
    let mut daemon = Keepalived::start(node, binary, CONFIG)?;
    eventually("both services", START, || (table().ok()?.lines().count() == 4).then_some(()))?;
    let full = table()?;
    daemon.stop()?;
    assert_eq!(table()?, "");
    Ok(full)
}

pub(crate) fn a_group_of_addresses_is_one_service_behind_a_mark_as_the_originals(binary: &Binary) -> Outcome {
    let scene = Scene::new()?;
    let ours = served_by(&director(&scene, "lb1")?, binary)?;
    let theirs = served_by(&director(&scene, "lb2")?, &Binary::original())?;
    assert_eq!(ours, theirs);
    assert!(
        ours.starts_with("-A -f 1000 -s rr\n-a -f 1000 -r 10.1.0.50:0 -g -w 1\n-A -f 1001 -s rr"),
        "{ours}"
    );
    Ok(())
}

pub(crate) fn both_workers_tell_their_news_in_whole_lines_of_one_fifo(binary: &Binary) -> Outcome {
    const O_NONBLOCK: i32 = 0o4000;
    let scene = Scene::new()?;
    let node = director(&scene, "lb1")?;
    let servers: String = (2..=40)
        .map(|last| {
            format!(
                "real_server 10.1.0.{last} 80 {{\n TCP_CHECK {{\n connect_timeout 1\n }}\n retry 0\n }}\n"
            )
        })
        .collect();
    let routers: String = (1..=40)
        .map(|number| {
            format!(
                "vrrp_instance VI_{number} {{\n interface eth1\n virtual_router_id {number}\n priority 200\n \
                 virtual_ipaddress {{\n 10.7.{number}.1\n }}\n}}\n"
            )
        })
        .collect();
    let text = format!(
        "global_defs {{\n notify_fifo /run/fifo\n}}\n{routers}virtual_server 10.1.0.1 80 {{\n delay_loop 1\n lvs_sched rr\n \
         lvs_method DR\n protocol TCP\n {servers}}}\n"
    );
    let daemon = Keepalived::start(&node, binary, &text)?;
    let mut fifo = eventually("the FIFO", START, || {
        OpenOptions::new().read(true).custom_flags(O_NONBLOCK).open(node.outside("/run/fifo")).ok()
    })?;
    let mut told = Vec::new();
    let mut lines = || {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = fifo.read(&mut buffer) {
            told.extend(&buffer[..length]);
        }
        // Lines about servers end with a NUL, behind the line's end.
        let text = String::from_utf8_lossy(&told).replace("\n\0", "\n");
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    daemon.logs("(VI_40) Entering MASTER STATE", START)?;
    let masters = |lines: &[String]| lines.iter().filter(|line| line.ends_with("MASTER 200")).count();
    let downs = |lines: &[String]| {
        lines.iter().filter(|line| line.starts_with("RS ") && line.ends_with("DOWN")).count()
    };
    let all = eventually("forty masters and the end of all servers", 2 * START, || {
        let lines = lines();
        (masters(&lines) == 40 && downs(&lines) == 39).then_some(lines)
    })?;
    let is_whole = |line: &String| ["INSTANCE ", "RS ", "VS "].iter().any(|start| line.starts_with(start));
    assert!(all.iter().all(is_whole), "{all:?}");
    Ok(())
}
