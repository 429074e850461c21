//! BFD sessions with other implementations: BIRD, and FRR's bfdd.

use lab::{Binary, Keepalived, Mark, Node, Outcome, Process, Scene, eventually};
use std::{fs, path::Path, process::Command, time::Duration};

/// Longer than any session of these scenes takes to come up or to be missed, and a routing daemon to start.
const SESSION: Duration = Duration::from_secs(20);

const CONFIG: &str = "bfd_instance peer {
    neighbor_ip 172.16.0.2
    source_ip 172.16.0.1
    min_rx 100
    min_tx 80
    multiplier 4
}\n";

struct Two {
    scene: Scene,
    us: Node,
    them: Node,
}

fn two() -> Outcome<Two> {
    let scene = Scene::new()?;
    let link = scene.link("lan")?;
    let us = scene.node("us")?.on(&link, "eth1", &["172.16.0.1/24"])?;
    let them = scene.node("them")?.on(&link, "eth1", &["172.16.0.2/24"])?;
    Ok(Two { scene, us, them })
}

fn write(node: &Node, path: &str, text: &str) -> Outcome {
    let outside = node.outside(path);
    if let Some(folder) = outside.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(outside, text)?;
    Ok(())
}

/// Whether a program's answer contains these words, in their order.
fn says(node: &Node, program: &str, words: &[&str], wanted: &[&str]) -> Outcome {
    eventually(&format!("“{}” from {program}", wanted.join(" … ")), SESSION, || {
        let answer = node.run(program, words).ok()?;
        let mut rest = answer.as_str();
        for word in wanted {
            rest = &rest[rest.find(word)? + word.len()..];
        }
        Some(())
    })
}

pub(crate) fn a_session_with_bird_agrees_on_its_times_and_ends_with_it(binary: &Binary) -> Outcome {
    let Two { scene: _scene, us, them } = two()?;
    write(
        &them,
        "/run/bird.conf",
        "log stderr all;
        router id 172.16.0.2;
        protocol device {}
        protocol bfd b {
            interface \"eth1\" { min rx interval 120 ms; min tx interval 60 ms; idle tx interval 1 s; multiplier 3; };
            neighbor 172.16.0.1 dev \"eth1\" local 172.16.0.2;
        }\n",
    )?;
    let daemon = Keepalived::start(&us, binary, CONFIG)?;
    let mut bird = Command::new("bird");
    bird.args(["-d", "-c", "/run/bird.conf", "-s", "/run/bird.ctl"]);
    let mut bird = Process::start(&them, bird)?;
    daemon.logs("(peer) Entering Up state", SESSION)?;
    // 3 × the longer of 100 ms and 60 ms.
    daemon.logs("Detection time is 300000 us", SESSION)?;
    let shown = ["172.16.0.1", "eth1", "Up", "0.100", "0.480"];
    says(&them, "birdc", &["-s", "/run/bird.ctl", "show", "bfd", "sessions"], &shown)?;
    let mark = daemon.journal().mark();
    bird.cut();
    daemon.journal().wait(mark, "(peer) Expired after 3", SESSION)?;
    daemon.journal().wait(
        mark,
        "(peer) Entering Down state (Local diagnostic - Control Detection Time Expired",
        SESSION,
    )?;
    Ok(())
}

/// Starts zebra and bfdd on a node. They give root up, so their folders have to be theirs.
fn start_frr(node: &Node) -> Outcome<[Process; 2]> {
    write(node, "/run/frr/zebra.conf", "")?;
    write(
        node,
        "/run/frr/bfdd.conf",
        "bfd\n peer 172.16.0.1 local-address 172.16.0.2 interface eth1\n  receive-interval 120\n  \
         transmit-interval 60\n  detect-multiplier 3\n  no shutdown\n exit\nexit\n",
    )?;
    node.run("chown", &["-R", "frr:frr", "/run/frr"])?;
    let start = |program: &str| {
        let mut command = Command::new(Path::new("/usr/lib/frr").join(program));
        let config = format!("/run/frr/{program}.conf");
        let pid = format!("/run/frr/{program}.pid");
        command.args(["-u", "frr", "-g", "frr", "-f", &config, "-i", &pid, "-z", "/run/frr/z.api"]);
        command.args(["--vty_socket", "/run/frr", "-A", "127.0.0.1", "--log", "stdout"]);
        if program == "bfdd" {
            command.args(["--bfdctl", "/run/frr/bfdd.sock"]);
        }
        Process::start(node, command)
    };
    let zebra = start("zebra")?;
    eventually("zebra's socket", SESSION, || node.outside("/run/frr/z.api").exists().then_some(()))?;
    Ok([zebra, start("bfdd")?])
}

fn vtysh(node: &Node, commands: &[&str]) -> Outcome<String> {
    let mut words = vec!["--vty_socket", "/run/frr"];
    words.extend(commands.iter().flat_map(|command| ["-c", command]));
    node.run("vtysh", &words)
}

pub(crate) fn a_session_with_frr_ends_when_it_is_switched_off_and_nobody_is_told(binary: &Binary) -> Outcome {
    let Two { scene: _scene, us, them } = two()?;
    let track = "vrrp_instance VI_1 {\n interface eth1\n virtual_router_id 50\n priority 200\n advert_int 1\n \
                 track_bfd {\n peer\n }\n virtual_ipaddress {\n 172.16.0.205\n }\n}\n";
    let daemon = Keepalived::start(&us, binary, &format!("{CONFIG}{track}"))?;
    let [_zebra, mut bfdd] = start_frr(&them)?;
    daemon.logs("(peer) Entering Up state", SESSION)?;
    let show = ["--vty_socket", "/run/frr", "-c", "show bfd peers"];
    let shown = ["172.16.0.1", "Status: up", "Remote timers", "Detect-multiplier: 4", "80ms"];
    says(&them, "vtysh", &show, &shown)?;
    daemon.logs("(VI_1) Entering MASTER STATE", SESSION)?;

    let peer = "peer 172.16.0.1 local-address 172.16.0.2 interface eth1";
    let mark = daemon.journal().mark();
    vtysh(&them, &["configure terminal", "bfd", peer, "shutdown"])?;
    daemon.journal().wait(
        mark,
        "(peer) Entering Down state (Local diagnostic - Neighbor Signaled",
        SESSION,
    )?;
    vtysh(&them, &["configure terminal", "bfd", peer, "no shutdown"])?;
    daemon.journal().wait(mark, "(peer) Entering Up state", SESSION)?;
    assert!(daemon.journal().find(mark, "Entering FAULT").is_none(), "it was on purpose");

    let mark: Mark = daemon.journal().mark();
    bfdd.cut();
    daemon.journal().wait(mark, "(peer) Expired after 3", SESSION)?;
    daemon.journal().wait(mark, "(VI_1) Entering FAULT STATE", SESSION)?;
    Ok(())
}
