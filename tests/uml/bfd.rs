//! A real server that is served as long as a BFD session with it is up.

use lab::{Binary, Keepalived, Mark, Outcome, Scene, eventually, ipvs};
use std::{net::SocketAddrV4, time::Duration};

/// Longer than a session takes to come up or to be missed.
const SESSION: Duration = Duration::from_secs(15);

const SERVICE: &str = "172.16.0.100:80";

fn session(name: &str, neighbor: &str) -> String {
    format!("bfd_instance {name} {{\n neighbor_ip {neighbor}\n min_rx 200\n min_tx 200\n multiplier 4\n}}\n")
}

fn config() -> String {
    let session = session("b1", "172.16.0.2");
    format!(
        "{session}virtual_server 172.16.0.100 80 {{
            lb_algo rr
            lb_kind DR
            protocol TCP
            real_server 172.16.0.2 80 {{
                BFD_CHECK {{
                    name b1
                }}
            }}
            real_server 172.16.0.3 80 {{
            }}
        }}\n"
    )
}

pub(crate) fn a_server_leaves_with_its_bfd_session_and_returns_with_it(binary: &Binary) -> Outcome {
    let scene = Scene::new()?;
    let lan = scene.link("lan")?;
    let director = scene.node("lb1")?.on(&lan, "eth0", &["172.16.0.1/24"])?;
    let server = scene.node("www1")?.on(&lan, "eth0", &["172.16.0.2/24"])?;
    let service: SocketAddrV4 = SERVICE.parse()?;
    let servers = |count: usize| {
        eventually(&format!("{count} servers"), SESSION, || {
            let table = ipvs::table(&director).ok()?;
            (table.get(&service)?.len() == count).then_some(())
        })
    };

    let daemon = Keepalived::start(&director, binary, &config())?;
    daemon.logs("BFD check of [b1] RS([172.16.0.2]:tcp:80) is DOWN", SESSION)?;
    servers(1)?;
    let mut neighbor = Keepalived::start(&server, binary, &session("b2", "172.16.0.1"))?;
    daemon.logs("BFD check of [b1] RS([172.16.0.2]:tcp:80) is UP", SESSION)?;
    servers(2)?;

    // What is known of the session outlives the process that knew it, and a reload.
    let mark = daemon.journal().mark();
    let checkers = daemon.checkers_worker().expect("a checkers worker");
    nix::sys::signal::kill(checkers, nix::sys::signal::Signal::SIGKILL)?;
    daemon.journal().wait(mark, "Received BFD event: instance b1 is in state Up", SESSION)?;
    daemon.reload()?;
    daemon.journal().wait(mark, "Reload complete", SESSION)?;
    servers(2)?;
    assert!(daemon.journal().find(mark, "is DOWN").is_none(), "the server was there all the time");

    neighbor.cut();
    daemon.journal().wait(mark, "BFD check of [b1] RS([172.16.0.2]:tcp:80) is DOWN", SESSION)?;
    servers(1)?;
    let mark: Mark = daemon.journal().mark();
    let _neighbor = Keepalived::start(&server, binary, &session("b2", "172.16.0.1"))?;
    daemon.journal().wait(mark, "BFD check of [b1] RS([172.16.0.2]:tcp:80) is UP", SESSION)?;
    servers(2)
}
