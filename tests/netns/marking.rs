//! Marks for groups of virtual servers, as far as nftables is concerned: what the checkers worker has `nft` read.

use lab::{Outcome, Scene, pair::Cast};
use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    time::Duration,
};

/// What a test of the worker says that it writes.
const GROUPS: &str = include_str!("../../src/drive/marking/groups.nft");

pub(crate) fn packets_of_a_group_get_its_mark_and_no_others(_: &Cast) -> Outcome {
    let scene = Scene::new()?;
    let node = scene.node("lb1")?;
    for words in ["link set lo up", "address add 10.0.0.2/32 dev lo", "address add 10.0.0.4/32 dev lo"] {
        node.ip(words)?;
    }
    fs::write(node.outside("/run/groups.nft"), GROUPS)?;
    node.run("nft", &["-f", "/run/groups.nft"])?;
    // Behind it, marked packets are counted.
    node.run("nft", &["add", "table", "ip", "t"])?;
    node.run(
        "nft",
        &["add", "chain", "ip", "t", "c", "{", "type", "filter", "hook", "input", "priority", "0", ";", "}"],
    )?;
    node.run("nft", &["add", "rule", "ip", "t", "c", "meta", "mark", "1000", "counter"])?;
    let counted = || node.run("nft", &["list", "table", "ip", "t"]);
    let call = |address: &str| -> Outcome {
        let to: SocketAddr = format!("{address}:80").parse()?;
        node.enter(|| -> std::io::Result<()> {
            let _listener = TcpListener::bind(to)?;
            TcpStream::connect_timeout(&to, Duration::from_secs(5)).map(drop)
        })??;
        Ok(())
    };
    call("10.0.0.4")?;
    assert!(counted()?.contains("counter packets 0 "), "{}", counted()?);
    call("10.0.0.2")?;
    assert!(!counted()?.contains("counter packets 0 "), "{}", counted()?);
    let listed = node.run("nft", &["list", "table", "ip", "keepalived_ipvs"])?;
    for words in
        ["10.0.0.1-10.0.0.3 . 80 : 0x000003e8", "10.0.0.9 . 0-65535 : 0x000003e9", "priority filter - 1"]
    {
        assert!(listed.contains(words), "{words} in {listed}");
    }
    Ok(())
}
