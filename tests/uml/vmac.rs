//! Interfaces that the daemon makes on kinds of interfaces that the host may not have: VLANs, members of a VRF, ipvlans.

use lab::{Binary, Keepalived, Node, Outcome, Scene, eventually};
use std::time::Duration;

/// Longer than an election on a slow machine.
const ELECTION: Duration = Duration::from_secs(60);

fn config(interface: &str, more: &str) -> String {
    format!(
        "vrrp_instance VI_1 {{
            interface {interface}
            virtual_router_id 50
            priority 200
            {more}
            virtual_ipaddress {{
                172.16.5.205/24
            }}
        }}\n"
    )
}

fn node(scene: &Scene) -> Outcome<Node> {
    let link = scene.link("lan")?;
    scene.node("one")?.on(&link, "eth1", &["172.16.0.1/24"])
}

fn holds(node: &Node, interface: &str) -> Outcome {
    eventually("the address", ELECTION, || {
        let text = node.ip(&format!("address show dev {interface}")).ok()?;
        text.contains("172.16.5.205/24").then_some(())
    })
}

pub(crate) fn a_vmac_on_a_vlan_carries_the_addresses(binary: &Binary) -> Outcome {
    let scene = Scene::new()?;
    let node = node(&scene)?;
    node.ip("link add link eth1 name eth1.5 type vlan id 5")?;
    node.ip("address add 172.16.5.1/24 dev eth1.5")?;
    node.ip("link set dev eth1.5 up")?;
    let mut daemon = Keepalived::start(&node, binary, &config("eth1.5", "use_vmac"))?;
    daemon.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    holds(&node, "vrrp.50")?;
    let text = node.ip("link show dev vrrp.50")?;
    assert!(text.contains("vrrp.50@eth1.5") && text.contains("00:00:5e:00:01:32"), "{text}");
    daemon.stop()?;
    assert!(node.ip("link show dev vrrp.50").is_err());
    Ok(())
}

pub(crate) fn a_vmac_follows_the_interface_below_into_its_vrf(binary: &Binary) -> Outcome {
    let scene = Scene::new()?;
    let node = node(&scene)?;
    node.ip("link add dev blue type vrf table 100")?;
    node.ip("link set dev blue up")?;
    node.ip("link set dev eth1 master blue")?;
    let routes = "use_vmac vrrp.50\nvirtual_routes {\n10.20.0.0/16 via 172.16.5.9 dev vrrp.50 vrf blue\n}";
    let mut daemon = Keepalived::start(&node, binary, &config("eth1", routes))?;
    daemon.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    holds(&node, "vrrp.50")?;
    assert!(node.ip("link show dev vrrp.50")?.contains("master blue"));
    eventually("the route in the table of the VRF", ELECTION, || {
        node.ip("route show table 100").ok()?.contains("10.20.0.0/16 via 172.16.5.9").then_some(())
    })?;
    node.ip("link set dev eth1 nomaster")?;
    eventually("the VMAC out of the VRF", ELECTION, || {
        (!node.ip("link show dev vrrp.50").ok()?.contains("master")).then_some(())
    })?;
    daemon.stop()?;
    assert!(node.ip("link show dev vrrp.50").is_err());
    Ok(())
}

pub(crate) fn an_ipvlan_speaks_and_the_addresses_stay_below_it(binary: &Binary) -> Outcome {
    let scene = Scene::new()?;
    let node = node(&scene)?;
    let mut daemon =
        Keepalived::start(&node, binary, &config("eth1", "use_ipvlan ipv.50 172.16.0.77/24 private"))?;
    daemon.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    holds(&node, "eth1")?;
    let text = node.ip("-details address show dev ipv.50")?;
    assert!(text.contains("ipv.50@eth1") && text.contains("172.16.0.77/24"), "{text}");
    assert!(text.contains("mode l2 private"), "{text}");
    daemon.stop()?;
    assert!(node.ip("link show dev ipv.50").is_err());
    Ok(())
}

pub(crate) fn an_ipvlan_without_an_address_is_in_fault_until_it_has_one(binary: &Binary) -> Outcome {
    let scene = Scene::new()?;
    let node = node(&scene)?;
    let mut daemon = Keepalived::start(&node, binary, &config("eth1", "use_ipvlan ipv.50"))?;
    daemon.logs("(VI_1) IPv4 ipvlan requires a source ip address to be configured", ELECTION)?;
    daemon.logs("(VI_1) entering FAULT state (no IPv4 address for interface)", ELECTION)?;
    node.ip("address add 172.16.0.77/24 dev ipv.50")?;
    daemon.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    holds(&node, "eth1")?;
    daemon.stop().map(drop)
}

pub(crate) fn a_vmac_on_a_bond_outlives_the_loss_of_one_of_its_cables(binary: &Binary) -> Outcome {
    let scene = Scene::new()?;
    let link = scene.link("lan")?;
    let node = scene.node("one")?.on(&link, "eth1", &[])?.on(&link, "eth2", &[])?;
    node.ip("link add bond0 type bond mode active-backup miimon 100")?;
    for port in ["eth1", "eth2"] {
        node.ip(&format!("link set dev {port} down"))?;
        node.ip(&format!("link set dev {port} master bond0"))?;
    }
    node.ip("address add 172.16.5.1/24 dev bond0")?;
    node.ip("link set dev bond0 up")?;
    let mut daemon = Keepalived::start(&node, binary, &config("bond0", "use_vmac"))?;
    daemon.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    holds(&node, "vrrp.50")?;
    let text = node.ip("link show dev vrrp.50")?;
    assert!(text.contains("vrrp.50@bond0") && text.contains("00:00:5e:00:01:32"), "{text}");
    let mark = daemon.journal().mark();
    node.unplug("eth1")?;
    eventually("the other cable in use", ELECTION, || {
        node.ip("-details link show dev bond0").ok()?.contains("active_slave eth2").then_some(())
    })?;
    holds(&node, "vrrp.50")?;
    assert!(daemon.journal().find(mark, "Entering").is_none(), "{:?}", daemon.journal().since(mark));
    node.unplug("eth2")?;
    daemon.journal().wait(mark, "(VI_1) Entering FAULT STATE", ELECTION)?;
    node.plug("eth2")?;
    daemon.journal().wait(mark, "(VI_1) Entering MASTER STATE", ELECTION)?;
    holds(&node, "vrrp.50")?;
    daemon.stop()?;
    assert!(node.ip("link show dev vrrp.50").is_err());
    Ok(())
}

/// Two routers that see each other only inside a VRF: neither has an interface of its own in the configuration.
pub(crate) fn unicast_routers_in_a_vrf_hear_each_other(binary: &Binary) -> Outcome {
    let scene = Scene::new()?;
    let link = scene.link("lan")?;
    let node = |name: &str, address: &str| -> Outcome<Node> {
        let node = scene.node(name)?.on(&link, "eth1", &[])?;
        node.ip("link add dev blue type vrf table 100")?;
        node.ip("link set dev blue up")?;
        node.ip("link set dev eth1 master blue")?;
        node.ip(&format!("address add {address}/24 dev eth1"))?;
        Ok(node)
    };
    let config = |own: &str, peer: &str, priority: u8| {
        format!(
            "vrrp_instance VI_1 {{\n vrf blue\n virtual_router_id 50\n priority {priority}\n \
             unicast_src_ip {own}\n unicast_peer {{\n {peer}\n }}\n \
             virtual_ipaddress {{\n 172.16.5.205/24 dev eth1\n }}\n}}\n"
        )
    };
    let (one, two) = (node("one", "172.16.5.1")?, node("two", "172.16.5.2")?);
    let mut first = Keepalived::start(&one, binary, &config("172.16.5.1", "172.16.5.2", 200))?;
    first.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    holds(&one, "eth1")?;
    let second = Keepalived::start(&two, binary, &config("172.16.5.2", "172.16.5.1", 100))?;
    second.logs("(VI_1) Entering BACKUP STATE (init)", ELECTION)?;
    lab::throughout("the backup hears the master", Duration::from_secs(6), || {
        second.journal().find(lab::Mark::default(), "Entering MASTER").is_none()
    })?;
    first.stop()?;
    second.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    holds(&two, "eth1")
}
