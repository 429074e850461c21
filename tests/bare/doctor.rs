//! The doctor on a kernel without IPVS.

use lab::{Binary, Failure, Outcome, Scene, seed};
use std::{fs, process::Command};

pub(crate) fn the_doctor_names_a_kernel_without_ipvs(binary: &Binary) -> Outcome {
    let scene = Scene::new()?;
    let link = scene.link("lan")?;
    let node = scene.node("lb1")?.on(&link, "eth1", &["172.16.0.2/24"])?;
    node.sysctl("net.ipv4.ip_forward", "1")?;
    let file = "/run/keepalived.conf";
    fs::write(node.outside(file), seed::CONFIG).map_err(|error| Failure::new(error.to_string()))?;
    let visit = |words: &[&str]| {
        let mut command = Command::new(binary.as_ref());
        command.args(["doctor", "-f", file]).args(words);
        node.enter(|| command.output())
    };

    let output = visit(&["--json"])??;
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stdout);
    let report: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| Failure::new(format!("{error} in {text}")))?;
    let found = report["findings"].as_array().cloned().unwrap_or_default();
    let ids: Vec<_> = found.iter().filter_map(|one| one["id"].as_str()).collect();
    // Two words of the seed are unknown to keepalived, too.
    assert_eq!(ids, ["configuration", "configuration", "ip_vs", "daemon"], "{text}");
    // Where the kernel's modules are known, and this is none of them, something comes before it.
    let mend = found[2]["mend"].as_str().unwrap_or_default();
    assert!(["modprobe ip_vs", "INSTALL-KERNEL-MODULES && modprobe ip_vs"].contains(&mend), "{text}");

    let output = visit(&[])??;
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stdout);
    let wanted = format!("\nThe kernel has no IPVS (ip_vs)\n  Nothing spreads connections.\n  {mend}\n");
    assert!(text.contains(&wanted), "{text}");
    Ok(())
}
