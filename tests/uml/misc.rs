//! Programs that check real servers and set their weight, and what is told of it: one virtual server of two real ones, the
//! same for ours and the original.

use crate::stage::{DETECTION, START};
use lab::{Binary, Keepalived, Mark, Outcome, eventually, seed::Cluster};
use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::Read as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
};

const CONFIG: &str = "global_defs {
 script_user root
 enable_script_security
 lvs_notify_fifo /run/fifo
}
virtual_server 172.16.0.205 80 {
 delay_loop 1
 lvs_sched wrr
 lvs_method NAT
 protocol TCP
 quorum 2
 quorum_up \"/run/note.sh quorum up\"
 quorum_down \"/run/note.sh quorum down\"
 real_server 172.16.0.195 80 {
  weight 10
  notify_up \"/run/note.sh one up\"
  notify_down \"/run/note.sh one down\"
  MISC_CHECK {
   misc_path \"/run/check.sh one 'a b'\"
   misc_timeout 5
   misc_dynamic
   warmup 0
  }
 }
 real_server 172.16.0.196 80 {
  weight 1
  alpha
  MISC_CHECK {
   misc_path \"/run/check.sh two\"
   misc_timeout 5
   retry 1
   delay_before_retry 1
   log_all_failures
   warmup 0
  }
 }
}
";

const CHECK: &str = "#!/bin/sh\necho \"$*\" >> /run/calls\nexit $(cat /run/status.$1)\n";
const NOTE: &str = "#!/bin/sh\necho \"$*\" >> /run/notes\n";

pub(crate) fn a_program_takes_servers_in_and_out_and_sets_their_weight(binary: &Binary) -> Outcome {
    let cluster = Cluster::new()?;
    let [director, _] = &cluster.directors;
    let node = &director.node;
    let put = |name: &str, text: &str| -> Outcome {
        let path = node.outside(format!("/run/{name}"));
        fs::write(&path, text)?;
        Ok(fs::set_permissions(path, Permissions::from_mode(0o755))?)
    };
    put("check.sh", CHECK)?;
    put("note.sh", NOTE)?;
    put("status.one", "0")?;
    put("status.two", "1")?;
    let mut daemon = Keepalived::start(node, binary, CONFIG)?;
    let mut fifo = eventually("the FIFO", START, || {
        const O_NONBLOCK: i32 = 0o4000;
        OpenOptions::new().read(true).custom_flags(O_NONBLOCK).open(node.outside("/run/fifo")).ok()
    })?;
    let (first, second) = ("[172.16.0.195]:tcp:80", "[172.16.0.196]:tcp:80");
    let service = "[172.16.0.205]:tcp:80";
    let one = format!("Misc check for [{first} VS {service}] by [/run/check.sh] ");
    let two = format!("Misc check for [{second} VS {service}] by [/run/check.sh] ");
    let weight = |wanted: &str| {
        eventually("the weights in the table", DETECTION, || {
            let table = node.run("ipvsadm", &["-Sn"]).ok()?;
            (weights(&table) == wanted).then_some(())
        })
    };
    daemon.logs(&format!("{one}succeeded."), DETECTION)?;
    weight("195:10")?;
    put("status.one", "52")?;
    daemon.logs(
        &format!("Changing weight from 10 to 50 for active service {first} of VS {service}"),
        DETECTION,
    )?;
    weight("195:50")?;
    put("status.two", "0")?;
    daemon.logs(&format!("{two}succeeded."), DETECTION)?;
    daemon.logs(&format!("Adding service {second} to VS {service}"), DETECTION)?;
    weight("195:50 196:1")?;
    put("status.two", "3")?;
    daemon.logs(&format!("{two}failed, will do 1 retry (exited with status 3)."), DETECTION)?;
    daemon.logs(&format!("{two}failed after 1 retry (exited with status 3)."), DETECTION)?;
    daemon.logs(&format!("Removing service {second} from VS {service}"), DETECTION)?;
    weight("195:50")?;
    put("status.one", "1")?;
    daemon.logs(&format!("{one}failed with retry disabled (exited with status 1)."), DETECTION)?;
    daemon.logs(&format!("Removing service {first} from VS {service}"), DETECTION)?;
    daemon.logs(&format!("Lost quorum 2-0=2 > 0 for VS {service}"), DETECTION)?;
    weight("")?;
    let mark = daemon.journal().mark();
    put("status.one", "0")?;
    daemon.journal().wait(mark, &format!("Adding service {first} to VS {service}"), DETECTION)?;
    weight("195:10")?;
    let notes = ["quorum up", "one down", "quorum down", "one up", "quorum up"];
    eventually("all scripts", DETECTION, || (lines(node, "notes").len() == notes.len()).then_some(()))?;
    let sorted = |mut lines: Vec<String>| {
        lines.sort();
        lines
    };
    assert_eq!(sorted(lines(node, "notes")), sorted(notes.map(str::to_owned).to_vec()));
    assert!(lines(node, "calls").iter().any(|call| call == "one a b"));
    let told = [
        format!("VS {service} UP"),
        // The failure of a server that was out from the start is told all the same.
        format!("RS {second} {service} DOWN"),
        format!("RS {second} {service} UP"),
        format!("RS {second} {service} DOWN"),
        format!("RS {first} {service} DOWN"),
        format!("VS {service} DOWN"),
        format!("RS {first} {service} UP"),
        format!("VS {service} UP"),
    ];
    assert_eq!(said(&mut fifo), told);
    assert!(daemon.journal().find(Mark::default(), "SECURITY").is_none());
    daemon.stop()?;
    Ok(())
}

fn lines(node: &lab::Node, name: &str) -> Vec<String> {
    let text = fs::read_to_string(node.outside(format!("/run/{name}"))).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// The servers of the table with their weights, as `195:10 196:1`.
fn weights(table: &str) -> String {
    let server = |line: &str| {
        let mut words = line.split(' ');
        let (address, weight) = (words.by_ref().skip_while(|word| *word != "-r").nth(1)?, words.next_back()?);
        Some(format!("{}:{weight}", address.strip_prefix("172.16.0.")?.strip_suffix(":80")?))
    };
    let mut servers: Vec<String> =
        table.lines().filter(|line| line.starts_with("-a")).filter_map(server).collect();
    servers.sort();
    servers.join(" ")
}

/// What waits in the FIFO, without the NUL behind each line.
fn said(fifo: &mut File) -> Vec<String> {
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = fifo.read(&mut buffer) {
        text.extend(&buffer[..length]);
    }
    text.retain(|byte| *byte != 0);
    String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()
}
