//! A director, the rows of its table, and what it has told the world.

use super::edition::FIRST;
use lab::{Binary, Keepalived, Link, Mail, Mailbox, Node, Outcome, Scene, While as _};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, OpenOptions, Permissions},
    io::Read as _,
    net::IpAddr,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
};

pub(super) const FIFO: &str = "/run/fifo";
/// The machine that takes the mails.
pub(super) const MAIL: &str = "10.0.0.200";
/// The script that writes down with which words it was called.
pub(super) const NOTE: &str = "/run/note";
/// The program that ends with the number in a file.
pub(super) const STATUS: &str = "/run/status";

const NOTES: &str = "/run/notes";
const NUMBER: &str = "/run/number";

/// What scripts, readers of the FIFO and readers of mails know so far.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Told {
    /// Programs run at the same time, so their order says nothing.
    pub(super) scripts: Vec<String>,
    /// Who, and what became of it one after the other: two servers that die at once do so in any order.
    pub(super) lines: BTreeMap<String, Vec<String>>,
    /// Subject and first line. Mails are delivered at the same time, too.
    pub(super) mails: Vec<(String, String)>,
}

pub(super) struct Director {
    pub(super) node: Node,
    pub(super) daemon: Keepalived,
    address: IpAddr,
    fifo: File,
    told: Vec<u8>,
}

impl Director {
    pub(super) fn start(
        scene: &Scene,
        lan: &Link,
        binary: &Binary,
        name: &str,
        address: &str,
    ) -> Outcome<Self> {
        let node = scene.node(name)?.on(lan, "eth0", &[&format!("{address}/24")])?;
        program(&node, NOTE, &format!("echo \"$*\" >> {NOTES}"))?;
        program(&node, STATUS, &format!("exit $(cat {NUMBER})"))?;
        fs::write(node.outside(NUMBER), "0\n").doing(NUMBER)?;
        // One that was there before the daemon is there after a reload of either, so its reader need not open it again.
        node.run("mkfifo", &[FIFO])?;
        let fifo = open(&node)?;
        let daemon = Keepalived::start(&node, binary, &FIRST.text())?;
        Ok(Self { node, daemon, address: address.parse()?, fifo, told: Vec::new() })
    }

    /// Every row with its service, whatever the order.
    pub(super) fn rows(&self) -> Option<BTreeSet<String>> {
        Some(self.node.run("ipvsadm", &["-Sn"]).ok()?.lines().map(str::to_owned).collect())
    }

    /// Has the program that checks end like this from now on.
    pub(super) fn end_with(&self, status: u8) -> Outcome {
        fs::write(self.node.outside(NUMBER), format!("{status}\n")).doing(NUMBER)
    }

    /// What it has told so far.
    pub(super) fn told(&mut self, mailbox: &Mailbox) -> Told {
        let mut told = Told::default();
        let notes = fs::read_to_string(self.node.outside(NOTES)).unwrap_or_default();
        told.scripts = notes.lines().map(str::to_owned).collect();
        told.scripts.sort();
        // A FIFO without a writer, or without anything new, ends the reading as well.
        let _ = self.fifo.read_to_end(&mut self.told);
        for line in String::from_utf8_lossy(&self.told).lines() {
            // The NUL stands behind the line end, and so before the next line; Debian's 2.2.7 does not write it yet.
            if let Some((who, state)) = line.trim_start_matches('\0').rsplit_once(' ') {
                told.lines.entry(who.to_owned()).or_default().push(state.to_owned());
            }
        }
        let mails = mailbox.mails().into_iter().filter(|mail| mail.peer == Some(self.address));
        // Debian's 2.2.7 names the scheme, 2.4.3 does not.
        let cause = |mail: &Mail| {
            mail.body().first().copied().unwrap_or_default().replace(": HTTP request", ": HTTP/SSL request")
        };
        told.mails = mails.map(|mail| (mail.subject().to_owned(), cause(&mail))).collect();
        told.mails.sort();
        told
    }
}

fn program(node: &Node, path: &str, body: &str) -> Outcome {
    let place = node.outside(path);
    fs::write(&place, format!("#!/bin/sh\n{body}\n")).doing(path)?;
    fs::set_permissions(place, Permissions::from_mode(0o755)).doing(path)
}

fn open(node: &Node) -> Outcome<File> {
    const O_NONBLOCK: i32 = 0o4000;
    OpenOptions::new().read(true).custom_flags(O_NONBLOCK).open(node.outside(FIFO)).doing(FIFO)
}
