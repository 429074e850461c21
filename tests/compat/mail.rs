//! What a mail server hears of both, byte for byte.

use lab::{
    Binary, Keepalived, Mailbox, Outcome, Scene, eventually,
    pair::{Cast, ELECTION},
};

const ROUTERS: &str = "
vrrp_sync_group G1 {
    group {
        VI_1
        VI_2
    }
    smtp_alert
}
vrrp_instance VI_1 {
    interface eth1
    virtual_router_id 51
    priority 200
    smtp_alert
    track_interface {
        lo
    }
    virtual_ipaddress {
        172.16.0.100
    }
}
vrrp_instance VI_2 {
    interface eth1
    virtual_router_id 52
    priority 200
    virtual_ipaddress {
        172.16.0.101
    }
}
";

/// Everything said, and as little as possible.
const SETTINGS: [&str; 2] = [
    "
global_defs {
    router_id ROUTER_A
    smtp_server 172.16.0.9 2525
    smtp_helo_name lb1.example.com
    smtp_connect_timeout 20
    notification_email_from ka@lb1.example.com
    notification_email {
        admin@example.com
        ops@example.org
        plain@example.net
    }
}
",
    "
global_defs {
    smtp_server 172.16.0.9 2525
    notification_email {
        admin@example.com
    }
}
",
];

/// The mails of each change: of the group, and of the one member that has them.
const CHANGES: [&str; 5] = ["BACKUP", "MASTER", "FAULT", "BACKUP", "MASTER"];

/// What a client said, without the moment. The one word by which we differ is put right, and recipients stand in one line, as
/// only Debian's version writes them; it does not know names of recipients either.
fn comparable(conversation: &str) -> String {
    let mut lines = Vec::new();
    for line in conversation.split_inclusive('\n') {
        match line.split_once(' ') {
            Some(("EHLO", rest)) => lines.push(format!("HELO {rest}")),
            Some(("Date:", date)) => {
                // `Mon, 23 Nov 2026 15:00:31 +0000`
                let shape: String = date
                    .chars()
                    .map(|letter| match letter {
                        'a'..='z' => 'a',
                        'A'..='Z' => 'A',
                        '0'..='9' => '9',
                        other => other,
                    })
                    .collect();
                lines.push(format!("Date: {shape}"));
            }
            _ => lines.push(line.to_owned()),
        }
    }
    lines.concat().replace(",\r\n ", ", ")
}

/// All mails of a router that becomes master, is in fault, and becomes master again.
fn heard_of(binary: &Binary, settings: &str) -> Outcome<Vec<String>> {
    let scene = Scene::new()?;
    let link = scene.link("lan")?;
    let node = scene.node("one")?.on(&link, "eth1", &["172.16.0.1/24"])?;
    let server = scene.node("mail")?.on(&link, "eth1", &["172.16.0.9/24"])?;
    for node in [&node, &server] {
        node.wait_until_connected("eth1")?;
    }
    let mailbox = Mailbox::start_at(server, 2525)?;
    let _daemon = Keepalived::start(&node, binary, &format!("{settings}{ROUTERS}"))?;
    let mut wanted = 0;
    for state in CHANGES {
        if state == "FAULT" {
            node.ip("link set dev lo down")?;
        }
        wanted += 2;
        let what = format!("{wanted} mails, the last of {state}");
        eventually(&what, 2 * ELECTION, || (mailbox.conversations().len() >= wanted).then_some(()))?;
        let subjects: Vec<_> = mailbox.mails().iter().map(|mail| mail.subject().to_owned()).collect();
        assert!(subjects[wanted - 2..].iter().all(|subject| subject.contains(state)), "{subjects:?}");
        if state == "FAULT" {
            node.ip("link set dev lo up")?;
        }
    }
    let mut all: Vec<_> = mailbox.conversations().iter().map(|one| comparable(one)).collect();
    all.sort();
    Ok(all)
}

pub(crate) fn a_mail_server_hears_the_same(cast: &Cast) -> Outcome {
    for settings in SETTINGS {
        let (ours, theirs) = (heard_of(&cast.one, settings)?, heard_of(&cast.two, settings)?);
        assert_eq!(ours.len(), theirs.len(), "{ours:#?}\n{theirs:#?}");
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!(ours, theirs);
        }
    }
    Ok(())
}
