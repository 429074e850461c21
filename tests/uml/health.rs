//! Real servers that die and return.

use crate::stage::{DETECTION, Stage};
use lab::{Binary, Mail, Outcome, eventually, ipvs, seed};
use std::net::SocketAddrV4;

const VICTIM: &str = "172.16.0.196";

pub(crate) fn a_dead_server_leaves_and_returns_and_each_change_is_mailed(binary: &Binary) -> Outcome {
    let mut stage = Stage::start(binary)?;
    let full = ipvs::table(&stage.director().node)?;
    let (service, server): (SocketAddrV4, SocketAddrV4) =
        (seed::SERVICES[2], format!("{VICTIM}:80").parse()?);
    let mut without = full.clone();
    assert!(without.get_mut(&service).is_some_and(|servers| servers.remove(&server)));
    // Until its first check has passed, a server may go at the first failure.
    stage.daemon.logs(&format!("TCP connection to [{VICTIM}]:tcp:80 success."), DETECTION)?;

    stage.cluster.server(VICTIM)?.kill();
    eventually("the table without the dead server", DETECTION, || {
        (ipvs::table(&stage.director().node).ok()? == without).then_some(())
    })?;
    stage
        .daemon
        .logs(&format!("TCP_CHECK on service [{VICTIM}]:tcp:80 failed after 1 retries."), DETECTION)?;
    stage
        .daemon
        .logs(&format!("Removing service [{VICTIM}]:tcp:80 from VS [172.16.0.206]:tcp:80"), DETECTION)?;
    let mail = stage.cluster.mailbox.wait("DOWN", DETECTION)?;
    assert_mail(&mail, "DOWN", "=> TCP CHECK failed on service <=");

    stage.cluster.server(VICTIM)?.revive()?;
    eventually("the full table", DETECTION, || {
        (ipvs::table(&stage.director().node).ok()? == full).then_some(())
    })?;
    stage.daemon.logs(&format!("Adding service [{VICTIM}]:tcp:80 to VS [172.16.0.206]:tcp:80"), DETECTION)?;
    let mail = stage.cluster.mailbox.wait("UP", DETECTION)?;
    assert_mail(&mail, "UP", "=> TCP CHECK succeed on service <=");
    assert_eq!(stage.cluster.mailbox.mails().len(), 2);
    Ok(())
}

fn assert_mail(mail: &Mail, state: &str, body: &str) {
    let subject =
        format!("[lb1] Realserver [{VICTIM}]:tcp:80 of virtual server [172.16.0.206]:tcp:80 - {state}");
    assert_eq!(mail.subject(), subject);
    assert_eq!(mail.header("From"), Some("balanceador1@midominio.com"));
    assert_eq!(mail.header("To"), Some("alertas@midominio.com"));
    assert_eq!(mail.header("X-Mailer"), Some("Keepalived"));
    assert!(mail.header("Date").is_some());
    assert_eq!(mail.body(), [body, ""]);
    assert!(mail.from.contains("<balanceador1@midominio.com>"), "{}", mail.from);
    assert_eq!(mail.to.len(), 1);
    assert!(mail.to[0].contains("<alertas@midominio.com>"), "{}", mail.to[0]);
}
