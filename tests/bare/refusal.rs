//! What a user without the kernel's part is told.

use lab::{
    Binary, Keepalived, Outcome, Scene,
    seed::{self, VIPS},
};
use std::{net::IpAddr, time::Duration};

pub(crate) fn a_kernel_without_ipvs_is_named_and_ends_the_start(binary: &Binary) -> Outcome {
    const START: Duration = Duration::from_secs(15);
    let scene = Scene::new()?;
    let link = scene.link("lan")?;
    let node = scene.node("lb1")?.on(&link, "eth1", &["172.16.0.2/24"])?;
    let mut daemon = Keepalived::start(&node, binary, seed::CONFIG)?;
    let status = daemon.process().wait(START)?;
    assert_eq!(status.code(), Some(1));
    daemon.logs("IPVS: Can't initialize ipvs", START)?;
    daemon.logs("exited with permanent error FATAL. Terminating", START)?;
    let held = node.addresses()?;
    assert!(!VIPS.iter().any(|vip| held.contains(&IpAddr::V4(*vip))));
    assert!(daemon.pid_files().is_empty());
    Ok(())
}
