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
    Ok(())
}

/// Words that mean nothing: the original looks for IPVS first, so scripts never see that they do.
pub(crate) fn the_tool_ends_as_the_original_does_whatever_it_is_told(binary: &Binary) -> Outcome {
    const LINES: [&str; 24] = [
        "",
        "foo",
        "--",
        "--nosuch",
        "--add",
        "-n -L",
        "-W",
        "-t 10.0.0.1:80",
        "-A",
        "-A -t",
        "-A -t nonsense:x",
        "-A -t 10.0.0.1:80 -t 10.0.0.1:80",
        "-A -t 10.0.0.1:80 --pe",
        "-A -t 10.0.0.1:80 --scheduler=",
        "-a -t 10.0.0.1:80 -r 10.0.0.2 -w x",
        "-L extra",
        "-L --foo",
        "-L -Z",
        "-S -c",
        "-R -n",
        "-R",
        "--set 1 2",
        "--start-daemon",
        "--stop-daemon foo",
    ];
    let scene = Scene::new()?;
    let node = scene.node("lb1")?;
    let run = |program: &std::path::Path, before: &[&str], line: &str| {
        let mut command = std::process::Command::new(program);
        command.args(before).args(line.split_whitespace()).stdin(std::process::Stdio::null());
        node.enter(|| command.output())
    };
    let said = |output: &[u8], besides: &str| {
        let text = String::from_utf8_lossy(output).into_owned();
        text.lines().filter(|line| !line.starts_with(besides)).map(str::to_owned).collect::<Vec<_>>()
    };
    for line in LINES {
        let ours = run(binary.as_ref(), &["ipvsadm"], line)??;
        let theirs = run("/usr/sbin/ipvsadm".as_ref(), &[], line)??;
        assert_eq!(ours.status.code(), theirs.status.code(), "{line}");
        assert_eq!(said(&ours.stdout, "none"), said(&theirs.stdout, "none"), "{line}");
        // Theirs lets modprobe speak; ours says what to do.
        assert_eq!(said(&ours.stderr, "Hint: "), said(&theirs.stderr, "modprobe: "), "{line}");
    }
    Ok(())
}
