//! `ha_suspend` and `--address-monitoring`: the checkers follow the addresses of the machine.

use crate::stage::START;
use lab::{Binary, Keepalived, Mark, Outcome, Scene};

const SERVICE: &str = "virtual_server 10.1.0.1 80 {\n lvs_sched rr\n lvs_method DR\n protocol TCP\n ha_suspend\n \
                       real_server 10.1.0.2 80 {\n TCP_CHECK {\n }\n }\n}\n";

const SERVER: &str = "healthchecker for service [10.1.0.2]:tcp:80 for VS [10.1.0.1]:tcp:80";

pub(crate) fn checks_rest_when_the_last_place_that_has_the_address_is_gone(binary: &Binary) -> Outcome {
    let scene = Scene::new()?;
    let link = scene.link("lan")?;
    let node = scene.node("lb1")?.on(&link, "eth1", &["10.1.0.100/24"])?;
    let daemon = Keepalived::start_telling(&node, binary, &["-a"], SERVICE)?;
    daemon.logs("Netlink reflector reports IP 10.1.0.100 added", START)?;
    daemon.logs(&format!("Deactivating {SERVER}"), START)?;
    node.ip("address add 10.1.0.1/32 dev eth1")?;
    daemon.logs(&format!("Activating {SERVER}"), START)?;
    node.ip("address add 10.1.0.1/24 dev eth1")?;
    for prefix in [32, 24] {
        node.ip(&format!("address delete 10.1.0.1/{prefix} dev eth1"))?;
    }
    daemon.logs(&format!("Suspending {SERVER}"), START)?;
    let lines = daemon.journal().since(Mark::default());
    let told: Vec<&str> = lines
        .iter()
        .filter_map(|line| {
            let news = ["IP 10.1.0.1 added", "IP 10.1.0.1 removed", "Suspending"];
            news.into_iter().find(|news| line.text.contains(news))
        })
        .collect();
    let (added, removed) = ("IP 10.1.0.1 added", "IP 10.1.0.1 removed");
    assert_eq!(told, [added, added, removed, removed, "Suspending"]);
    Ok(())
}
