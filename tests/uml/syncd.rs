//! The synchronisation daemon follows the virtual router that decides.

use crate::stage::START;
use lab::{Binary, Keepalived, Outcome, Scene, eventually};

/// A virtual router, a virtual server, and a synchronisation daemon that follows the router.
pub(crate) const CONFIG: &str = "global_defs {
    lvs_sync_daemon eth1 inst VI_1
}
vrrp_instance VI_1 {
    interface eth1
    virtual_router_id 50
    priority 200
    virtual_ipaddress {
        172.16.0.205
    }
}
virtual_server 10.1.0.1 80 {
    lvs_sched rr
    lvs_method DR
    protocol TCP
    real_server 10.1.0.2 80 {
        weight 1
    }
}\n";

pub(crate) fn a_master_sends_connections_and_a_backup_receives_them(binary: &Binary) -> Outcome {
    let scene = Scene::new()?;
    let link = scene.link("lan")?;
    let node = scene.node("lb1")?.on(&link, "eth1", &["172.16.0.1/24"])?;
    let shows = |role: &str| {
        eventually(&format!("the {role} daemon"), START, || {
            let text = node.run("ipvsadm", &["-L", "--daemon"]).ok()?;
            let lines: Vec<&str> = text.lines().collect();
            let start = format!("{role} sync daemon (mcast=eth1, syncid=50");
            (lines.len() == 1 && lines[0].starts_with(&start)).then_some(())
        })
    };
    let mut daemon = Keepalived::start(&node, binary, CONFIG)?;
    shows("backup")?;
    daemon.logs("(VI_1) Entering MASTER STATE", START)?;
    shows("master")?;
    node.unplug("eth1")?;
    shows("backup")?;
    node.plug("eth1")?;
    shows("master")?;
    daemon.stop()?;
    assert_eq!(node.run("ipvsadm", &["-L", "--daemon"])?, "");
    Ok(())
}
