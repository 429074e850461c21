//! The table of a network namespace that whoever writes it is not in.

use crate::{stage::START, syncd::CONFIG};
use ipvs::{Handle, Name, Request, Service, ServiceId};
use lab::{Binary, Failure, Mark, Outcome, Process, Scene, eventually};
use nix::sys::signal::Signal;
use std::{
    fs::{self, File},
    os::fd::AsFd as _,
    path::Path,
    process::Command,
};

pub(crate) fn a_handle_speaks_to_the_table_of_another_namespace(_: &Binary) -> Outcome {
    let scene = Scene::new()?;
    let [here, there] = [scene.node("here")?, scene.node("there")?];
    // The file by which `ip netns` and others hand a namespace around, and the number by which to tell it.
    let own = Path::new("/proc/thread-self/ns/net");
    let namespace = there.enter(|| File::open(own))??;
    let service = Service {
        scheduler: Some(Name::new("rr").map_err(|error| Failure::new(error.to_string()))?),
        ..Service::new(ServiceId::tcp(([10, 0, 0, 1], 80).into()))
    };
    let failure = |error: ipvs::Error| Failure::new(error.to_string());
    here.enter(|| -> Outcome {
        let before = fs::read_link(own)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut elsewhere = Handle::open_in(namespace.as_fd()).await.map_err(failure)?;
            let answer = elsewhere.change(&Request::NewService(service)).await.map_err(failure)?;
            answer.map_err(|refusal| Failure::new(refusal.to_string()))?;
            let found = elsewhere.table().await.map_err(failure)?;
            assert_eq!(found.iter().map(|spec| spec.service).collect::<Vec<_>>(), [service]);
            let mut own_table = Handle::open().await.map_err(failure)?;
            assert_eq!(own_table.table().await.map_err(failure)?, []);
            Ok::<_, Failure>(())
        })?;
        assert_eq!(fs::read_link(own)?, before, "the caller stays where it is");
        Ok(())
    })??;
    let shown = there.run("ipvsadm", &["-Sn"])?;
    assert_eq!(shown, "-A -t 10.0.0.1:80 -s rr\n");
    assert_eq!(here.run("ipvsadm", &["-Sn"])?, "");
    Ok(())
}

pub(crate) fn the_daemon_writes_the_table_of_the_namespace_that_net_namespace_ipvs_names(
    binary: &Binary,
) -> Outcome {
    let scene = Scene::new()?;
    let link = scene.link("lan")?;
    let node = scene.node("lb1")?.on(&link, "eth1", &["172.16.0.1/24"])?;
    let start = |before: &str, config: &str| -> Outcome<Process> {
        fs::write(node.outside("/run/k.conf"), config)?;
        let program = binary.as_ref().display();
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{before} exec {program} -n -l -D -f /run/k.conf")]);
        Process::start(&node, command)
    };
    let says = |daemon: &Process, words| daemon.journal().wait(Mark::default(), words, START).map(drop);

    let elsewhere = format!("net_namespace_ipvs tables\n{CONFIG}");
    let mut daemon = start("", &elsewhere)?;
    says(
        &daemon,
        "IPVS: Can't initialize ipvs: network namespace /run/netns/tables: No such file or directory",
    )?;
    assert_eq!(daemon.wait(START)?.code(), Some(1));

    let made = "ip netns add tables && ip -n tables link add eth1 type dummy && ip -n tables link set eth1 up && \
                ip -n tables address add 10.1.0.3/24 dev eth1 &&";
    let mut daemon = start(made, &elsewhere)?;
    let file = format!("/proc/{}/root/run/netns/tables", daemon.pid());
    let shown = |words: &[&str]| {
        let output =
            Command::new("nsenter").arg(format!("--net={file}")).arg("ipvsadm").args(words).output().ok()?;
        String::from_utf8(output.stdout).ok()
    };
    let full = "-A -t 10.1.0.1:80 -s rr\n-a -t 10.1.0.1:80 -r 10.1.0.2:80 -g -w 1\n";
    eventually("the service in the other namespace", START, || (shown(&["-Sn"])? == full).then_some(()))?;
    says(&daemon, "(VI_1) Entering MASTER STATE")?;
    let sends = "master sync daemon (mcast=eth1, syncid=50";
    eventually("its daemon there", START, || shown(&["-L", "--daemon"])?.starts_with(sends).then_some(()))?;
    assert_eq!(node.run("ipvsadm", &["-Sn"])?, "");

    fs::write(node.outside("/run/k.conf"), CONFIG)?;
    daemon.signal(Signal::SIGHUP)?;
    says(&daemon, "Cannot change IPVS network namespace at a reload - please restart keepalived")?;
    assert_eq!(shown(&["-Sn"]).as_deref(), Some(full));

    // Its mounts end with the daemon.
    let tables = File::open(&file)?;
    daemon.signal(Signal::SIGTERM)?;
    assert_eq!(daemon.wait(START)?.code(), Some(0));
    let table = node.enter(|| -> Outcome<_> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let failure = |error: ipvs::Error| Failure::new(error.to_string());
        runtime.block_on(async {
            let mut left = Handle::open_in(tables.as_fd()).await.map_err(failure)?;
            Ok((left.table().await.map_err(failure)?, left.daemons().await.map_err(failure)?))
        })
    })??;
    assert_eq!(table, (Vec::new(), Vec::new()));
    Ok(())
}
