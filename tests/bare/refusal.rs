//! What a user without the kernel's part is told.

use lab::{
    Binary, Keepalived, Outcome, Scene,
    seed::{self, VIPS},
};
use std::{net::IpAddr, time::Duration};

pub(crate) fn a_kernel_without_ipvs_is_named_and_ends_the_start(binary: &Binary) -> Outcome {
    const START: Duration = Duration::from_secs(60);
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

pub(crate) fn the_tool_names_a_kernel_without_ipvs_and_still_helps(binary: &Binary) -> Outcome {
    let scene = Scene::new()?;
    let node = scene.node("lb1")?;
    let run = |words: &[&str]| {
        node.enter(|| std::process::Command::new(binary.as_ref()).arg("ipvsadm").args(words).output())
    };
    for words in [&["-Ln"][..], &["-C"], &["-Lc"], &["-A", "-t", "10.0.0.1:80"]] {
        let output = run(words)??;
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let theirs = "Can't initialize ipvs: Protocol not available\n\
                      Are you sure that IP Virtual Server is built in the kernel or as module?\n";
        let advice = said.strip_prefix(theirs).ok_or_else(|| lab::Failure::new(said.clone()))?;
        assert!(advice.starts_with("Hint: ") && advice.contains("CONFIG_IP_VS"), "{advice}");
    }
    assert_eq!(run(&["--help"])??.status.code(), Some(0));
    assert_eq!(run(&["-A", "-t", "nonsense:x"])??.status.code(), Some(2));
    Ok(())
}
