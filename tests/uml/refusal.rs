//! Starts that cannot succeed: what is missing is named, and the exit code says of which kind it is.

use crate::stage::START;
use lab::{
    Binary, Keepalived, Outcome,
    seed::{self, Cluster},
};

pub(crate) fn a_missing_interface_is_named_and_ends_the_start(binary: &Binary) -> Outcome {
    let cluster = Cluster::new()?;
    let [director, _] = &cluster.directors;
    let elsewhere = seed::CONFIG.replacen("interface eth1", "interface eth7", 1);
    let mut daemon = Keepalived::start(&director.node, binary, &elsewhere)?;
    let status = daemon.process().wait(START)?;
    assert_eq!(status.code(), Some(2));
    daemon.logs("Line 17) WARNING - interface eth7 for vrrp_instance wasIntranet doesn't exist", START)?;
    daemon.logs("Non-existent interface specified in configuration", START)?;
    assert_eq!(lab::ipvs::table(&director.node)?.len(), 0);
    Ok(())
}

pub(crate) fn a_missing_right_is_named_and_ends_the_start(binary: &Binary) -> Outcome {
    let cluster = Cluster::new()?;
    let [director, _] = &cluster.directors;
    let mut daemon = Keepalived::start_without(&director.node, binary, seed::CONFIG, "net_admin")?;
    let status = daemon.process().wait(START)?;
    assert_ne!(status.code(), Some(0));
    daemon.logs("CAP_NET_ADMIN", START)?;
    Ok(())
}

/// The kernel of user-mode Linux is older than this scheduler.
pub(crate) fn a_scheduler_without_a_module_is_named_and_keeps_nothing_else_away(binary: &Binary) -> Outcome {
    let cluster = Cluster::new()?;
    let [director, _] = &cluster.directors;
    let without = seed::CONFIG.replacen("lb_algo wlc", "lb_algo twos", 1).replacen(
        "lvs_sched wlc",
        "lvs_sched twos",
        1,
    );
    assert_ne!(without, seed::CONFIG);
    let daemon = Keepalived::start(&director.node, binary, &without)?;
    daemon.logs("error: Scheduler or persistence engine not found(2)", START)?;
    daemon.logs("this needs the kernel module ip_vs_twos", START)?;
    let services = lab::eventually("the other services", START, || {
        let services = lab::ipvs::table(&director.node).ok()?.len();
        (services == seed::SERVICES.len() - 1).then_some(services)
    })?;
    assert_eq!(services, 4);
    Ok(())
}
