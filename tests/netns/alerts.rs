//! Mail about changes, as the server gets it.

use lab::{
    Keepalived, Mail, Mailbox, Outcome, eventually,
    pair::{Cast, ELECTION, Pair},
};

const MAIL: &str = "
global_defs {
    router_id ROUTER_A
    smtp_server 172.16.0.9
    smtp_helo_name lb1.example.com
    notification_email_from \"Keepalived Box <ka@lb1.example.com>\"
    notification_email {
        admin@example.com \"Ops.Team (night) <ops@example.org>\"
        plain@example.net
    }
}
vrrp_instance VI_1 {
    interface eth1
    virtual_router_id 51
    smtp_alert
    virtual_ipaddress {
        172.16.0.100
    }
}
";

/// A router that has become master, its machine, and the server that it sends its mails to.
struct Stage {
    daemon: Keepalived,
    mailbox: Mailbox,
    pair: Pair,
}

impl Stage {
    fn start(cast: &Cast, config: &str) -> Outcome<Self> {
        let pair = Pair::new(cast)?;
        let station = pair.station("mail", 9)?;
        for node in [&pair.one.node, &station.node] {
            node.wait_until_connected("eth1")?;
        }
        let mailbox = Mailbox::start(station.node)?;
        let daemon = pair.one.start_with(config)?;
        Ok(Self { daemon, mailbox, pair })
    }

    fn waits(&self, words: &str, count: usize) -> Outcome {
        let all = || self.mailbox.mails().iter().filter(|mail| mail.subject().ends_with(words)).count();
        eventually(&format!("{count} mails about “{words}”"), 2 * ELECTION, || {
            (all() >= count).then_some(())
        })
    }
}

pub(crate) fn a_mail_is_the_originals_line_by_line(cast: &Cast) -> Outcome {
    let mut stage = Stage::start(cast, MAIL)?;
    let mail = stage.mailbox.wait("Entering MASTER state", ELECTION)?;
    assert_eq!(mail.from.trim(), "FROM:<ka@lb1.example.com>");
    let to: Vec<_> = mail.to.iter().map(|to| to.trim()).collect();
    assert_eq!(to, ["TO:<admin@example.com>", "TO:<ops@example.org>", "TO:<plain@example.net>"]);
    assert!(mail.lines[0].starts_with("Date: "), "{:?}", mail.lines);
    assert_eq!(
        mail.lines[1..],
        [
            "From: Keepalived Box <ka@lb1.example.com>",
            "Subject: [ROUTER_A] VRRP Instance VI_1 - Entering MASTER state",
            "X-Mailer: Keepalived",
            "To: admin@example.com,",
            " \"Ops.Team (night)\" <ops@example.org>,",
            " plain@example.net",
            "",
            "=> VRRP Instance is now owning VRRP VIPs <=",
            "",
        ]
    );
    stage.daemon.logs("Remote SMTP server [172.16.0.9]:25 connected.", ELECTION)?;
    stage.daemon.logs("SMTP alert successfully sent.", ELECTION)?;
    // The original begins this one and never ends it.
    stage.daemon.stop()?;
    stage.mailbox.wait("VRRP Instance VI_1 - Stopping", ELECTION)?;
    Ok(())
}

pub(crate) fn faults_are_mailed_unless_no_email_faults_says_otherwise(cast: &Cast) -> Outcome {
    // The mail goes out by another interface than the one that is cut.
    let told = MAIL.replace("interface eth1", "interface eth1\ntrack_interface {\n lo\n}");
    let silent = told.replace("router_id ROUTER_A", "router_id ROUTER_B\nno_email_faults");
    for (config, count) in [(&told, 1), (&silent, 0)] {
        let stage = Stage::start(cast, config)?;
        stage.waits("Entering MASTER state", 1)?;
        stage.pair.one.node.ip("link set dev lo down")?;
        stage.daemon.logs("(VI_1) Entering FAULT STATE", ELECTION)?;
        stage.waits("Entering FAULT state", count)?;
        stage.pair.one.node.ip("link set dev lo up")?;
        // One at the start, and one now.
        stage.waits("Entering BACKUP state", 2)?;
        stage.waits("Entering MASTER state", 2)?;
        let is_fault = |mail: &Mail| mail.subject().ends_with("Entering FAULT state");
        assert_eq!(stage.mailbox.mails().into_iter().filter(is_fault).count(), count);
    }
    Ok(())
}

pub(crate) fn a_mail_waits_for_a_server_that_is_away(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let station = pair.station("mail", 9)?;
    let config = MAIL.replace("smtp_helo_name", "smtp_retry 60\nsmtp_helo_name");
    let daemon = pair.one.start_with(&config)?;
    daemon.logs("SMTP connection ERROR to [172.16.0.9]:25.", ELECTION)?;
    daemon.logs(
        "SMTP alert is tried again in 1 seconds: VRRP Instance VI_1 - Entering MASTER state",
        ELECTION,
    )?;
    let mailbox = Mailbox::start(station.node)?;
    mailbox.wait("Entering MASTER state", ELECTION * 4)?;
    Ok(())
}
