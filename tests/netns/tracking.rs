//! Scripts and files that routers watch, and who is told of what follows. One router, by itself on its link.

use lab::{
    Keepalived, Line, Mark, Outcome, Process, Seen, eventually,
    pair::{Cast, ELECTION, Pair, Router},
    throughout,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::Read as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
    process::Command,
    time::{Duration, SystemTime},
};

/// Nothing here takes longer, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

/// Writes its words to a file, and the time is of no account.
const NOTE: &str = "#!/bin/sh\necho \"$*\" >> /run/notes\n";

fn put_script(router: &Router, name: &str, text: &str) -> Outcome {
    let path = router.node.outside(format!("/run/{name}"));
    fs::write(&path, text)?;
    fs::set_permissions(&path, Permissions::from_mode(0o755))?;
    Ok(())
}

fn put(router: &Router, name: &str, text: &str) -> Outcome {
    Ok(fs::write(router.node.outside(format!("/run/{name}")), text)?)
}

/// The lines in a file of the router's, none if there is no such file.
fn lines_of(router: &Router, name: &str) -> Vec<String> {
    let text = fs::read_to_string(router.node.outside(format!("/run/{name}"))).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

/// Reads what waits in a FIFO, as a program that never sleeps.
struct Reader {
    fifo: File,
    text: Vec<u8>,
}

impl Reader {
    fn open(path: &Path) -> Outcome<Self> {
        const O_NONBLOCK: i32 = 0o4000;
        let fifo = eventually("the FIFO", ELECTION, || {
            OpenOptions::new().read(true).custom_flags(O_NONBLOCK).open(path).ok()
        })?;
        Ok(Self { fifo, text: Vec::new() })
    }

    fn lines(&mut self) -> Vec<String> {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = self.fifo.read(&mut buffer) {
            self.text.extend(&buffer[..length]);
        }
        String::from_utf8_lossy(&self.text).lines().map(str::to_owned).collect()
    }

    fn wait(&mut self, wanted: &[&str]) -> Outcome {
        let result = eventually("the lines in the FIFO", ELECTION, || {
            (self.lines().len() >= wanted.len()).then_some(())
        });
        assert_eq!(self.lines(), wanted);
        result
    }
}

const GLOBAL: &str = "global_defs {\n script_user root\n enable_script_security\n vrrp_version 3\n \
    notify_fifo /run/fifo\n vrrp_notify_priority_changes true\n}\n";

/// A group of two that tells everybody of everything, and follows the numbers in two files.
fn group() -> String {
    let instance = |number: u8, tracked: &str| {
        format!(
            "vrrp_instance VI_{number} {{\n interface eth1\n virtual_router_id {number}\n priority 150\n advert_int 0.1\n \
             virtual_ipaddress {{\n 172.16.0.10{number}\n }}\n track_file {{\n {tracked}\n }}\n \
             notify \"/run/note.sh any{number} 'two words'\"\n notify_master \"/run/note.sh master{number}\"\n \
             notify_backup \"/run/note.sh backup{number}\"\n notify_fault \"/run/note.sh fault{number}\"\n \
             notify_stop \"/run/note.sh stop{number}\"\n}}\n"
        )
    };
    format!(
        "{GLOBAL}track_file number {{\n file /run/number\n}}\ntrack_file good {{\n file /run/good\n weight 0\n}}\n\
         {}{}vrrp_sync_group G1 {{\n group {{\n VI_1\n VI_2\n }}\n sync_group_tracking_weight\n \
         notify \"/run/note.sh group\"\n}}\n",
        instance(1, "number"),
        instance(2, "good"),
    )
}

/// What the scripts of `group` write about the changes that the lines of a FIFO in `told` tell of, sorted.
fn noted(told: &[&str]) -> Vec<String> {
    let mut notes = Vec::new();
    for line in told.iter().filter(|line| !line.contains("MASTER_PRIORITY")) {
        let words = line.replace('"', "");
        match words.strip_prefix("INSTANCE VI_").and_then(|rest| rest.split_once(' ')) {
            Some((number, rest)) => {
                let state = rest.split(' ').next().unwrap_or_default().to_lowercase();
                notes.push(format!("any{number} two words {words}"));
                notes.push(format!("{state}{number}"));
            }
            None => notes.push(format!("group {words}")),
        }
    }
    sorted(notes)
}

pub(crate) fn scripts_and_fifos_tell_of_every_change_in_the_originals_words(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let router = &pair.one;
    put_script(router, "note.sh", NOTE)?;
    put(router, "number", "0")?;
    put(router, "good", "0")?;
    let mut one = router.start_with(&group())?;
    let mut reader = Reader::open(&router.node.outside("/run/fifo"))?;
    let mut told = vec![
        "GROUP \"G1\" BACKUP 0",
        "INSTANCE \"VI_1\" BACKUP 150",
        "INSTANCE \"VI_2\" BACKUP 150",
        "INSTANCE \"VI_2\" MASTER 150",
        "INSTANCE \"VI_1\" MASTER 150",
        "GROUP \"G1\" MASTER 0",
    ];
    reader.wait(&told)?;
    put(router, "number", "0x50\n")?;
    one.logs("(VI_1) Changing effective priority from 150 to 230", ELECTION)?;
    told.push("INSTANCE \"VI_1\" MASTER_PRIORITY 230");
    reader.wait(&told)?;
    put(router, "good", "-1")?;
    one.logs("(VI_2): tracked file good now FAULT state", ELECTION)?;
    one.logs("(VI_2) Entering FAULT STATE", ELECTION)?;
    told.extend(["INSTANCE \"VI_2\" FAULT 150", "INSTANCE \"VI_1\" FAULT 230", "GROUP \"G1\" FAULT 0"]);
    reader.wait(&told)?;
    fs::remove_file(router.node.outside("/run/good"))?;
    one.logs("(VI_2): tracked file good leaving FAULT state", ELECTION)?;
    told.extend(["INSTANCE \"VI_2\" BACKUP 150", "INSTANCE \"VI_1\" BACKUP 230", "GROUP \"G1\" BACKUP 0"]);
    told.extend(["INSTANCE \"VI_2\" MASTER 150", "INSTANCE \"VI_1\" MASTER 230", "GROUP \"G1\" MASTER 0"]);
    reader.wait(&told)?;
    // The last scripts have a second at the end, which a busy machine may need for those before.
    eventually("the scripts about every change", PATIENCE, || {
        (sorted(lines_of(router, "notes")) == noted(&told)).then_some(())
    })?;
    one.stop()?;
    told.extend(["INSTANCE \"VI_1\" STOP 230", "INSTANCE \"VI_2\" STOP 150", "GROUP \"G1\" STOP 0"]);
    reader.wait(&told)?;
    assert_eq!(sorted(lines_of(router, "notes")), noted(&told));
    Ok(())
}

/// One instance with a script, `options` being more of it, and `weight` of its line.
fn watching(options: &str, weight: &str) -> String {
    format!(
        "global_defs {{\n script_user root\n enable_script_security\n}}\n\
         vrrp_script check {{\n script /run/check.sh\n interval 1\n {options}\n}}\n\
         vrrp_instance VI_1 {{\n interface eth1\n virtual_router_id 51\n priority 150\n advert_int 1\n \
         virtual_ipaddress {{\n 172.16.0.100\n }}\n track_script {{\n check {weight}\n }}\n \
         notify /run/note.sh\n}}\n"
    )
}

pub(crate) fn a_script_takes_its_router_out_and_back_by_rise_and_fall(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let router = &pair.one;
    put_script(router, "note.sh", NOTE)?;
    put_script(router, "check.sh", "#!/bin/sh\nexit $(cat /run/status)\n")?;
    put(router, "status", "3")?;
    let one = router.start_with(&watching("rise 2\n fall 2", ""))?;
    one.logs("Script `check` now returning 3", ELECTION)?;
    one.logs("VRRP_Script(check) failed (exited with status 3)", ELECTION)?;
    // The line about the script has said why.
    eventually("the script about the fault", PATIENCE, || {
        (lines_of(router, "notes") == ["INSTANCE VI_1 FAULT 150"]).then_some(())
    })?;
    assert!(one.journal().find(Mark::default(), "FAULT STATE").is_none());
    put(router, "status", "0")?;
    let returning = one.logs("Script `check` now returning 0", ELECTION)?;
    let good = one.logs("VRRP_Script(check) succeeded", ELECTION)?;
    assert!(seconds_between(&returning, &good) > 0.5, "two successes are wanted");
    one.logs("(VI_1) Entering BACKUP STATE", ELECTION)?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    let mark = one.journal().mark();
    put(router, "status", "1")?;
    one.journal().wait(mark, "VRRP_Script(check) failed (exited with status 1)", ELECTION)?;
    one.journal().wait(mark, "(VI_1) Entering FAULT STATE", ELECTION)?;
    eventually("the scripts about all changes", PATIENCE, || {
        (lines_of(router, "notes").len() == 4).then_some(())
    })?;
    let states = ["FAULT", "BACKUP", "MASTER", "FAULT"];
    assert_eq!(lines_of(router, "notes"), states.map(|state| format!("INSTANCE VI_1 {state} 150")));
    Ok(())
}

fn seconds_between(first: &Line, second: &Line) -> f64 {
    second.at.duration_since(first.at).unwrap_or_default().as_secs_f64()
}

pub(crate) fn a_script_that_hangs_is_ended_and_delays_no_advert(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let router = &pair.one;
    put_script(router, "note.sh", NOTE)?;
    put_script(
        router,
        "check.sh",
        "#!/bin/sh\n[ -e /run/hang ] || exit 0\ntrap '' TERM\nsleep 1000 & sleep 1000\n",
    )?;
    let one = router.start_with(&watching("timeout 1", "weight -20"))?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    put(router, "hang", "")?;
    one.logs("VRRP_Script(check) timed_out", PATIENCE)?;
    one.logs("(VI_1) Changing effective priority from 150 to 130", ELECTION)?;
    fs::remove_file(router.node.outside("/run/hang"))?;
    one.logs("(VI_1) Changing effective priority from 130 to 150", PATIENCE)?;
    let adverts = pair.capture.adverts(router.address, |_| true);
    let gaps = adverts.windows(2).filter_map(|two| two[1].duration_since(two[0]).ok());
    let longest = gaps.max().unwrap_or_default();
    assert!(longest < Duration::from_millis(1_500), "{longest:?} without an advert");
    let left = router.node.run("sh", &["-c", "grep -l [s]leep.1000 /proc/[0-9]*/cmdline || true"])?;
    assert!(!left.contains("cmdline"), "the script's own children went with it: {left}");
    Ok(())
}

pub(crate) fn a_router_waits_for_a_slow_script_without_a_word(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let router = &pair.one;
    put_script(router, "note.sh", NOTE)?;
    put_script(router, "check.sh", "#!/bin/sh\nwhile [ ! -e /run/go ]; do sleep 0.1; done\n")?;
    let one = router.start_with(&watching("timeout 60", ""))?;
    one.logs("Startup complete", ELECTION)?;
    throughout("not a word", Duration::from_secs(3), || {
        lines_of(router, "notes").is_empty()
            && one.journal().find(Mark::default(), "Entering").is_none()
            && pair.capture.adverts(router.address, |_| true).is_empty()
    })?;
    put(router, "go", "")?;
    one.logs("VRRP_Script(check) succeeded", ELECTION)?;
    let line = one.logs("(VI_1) Entering BACKUP STATE", ELECTION)?;
    assert!(!line.text.ends_with("(init)"), "{}", line.text);
    Ok(())
}

fn flapping() -> String {
    format!(
        "{GLOBAL}track_file good {{\n file /run/good\n weight 0\n}}\n\
         vrrp_instance VI_1 {{\n interface eth1\n virtual_router_id 51\n priority 150\n advert_int 1\n \
         virtual_ipaddress {{\n 172.16.0.100\n }}\n track_file {{\n good\n }}\n notify /run/note.sh\n}}\n"
    )
}

/// The original starts all scripts at once, in any order.
pub(crate) fn a_thousand_changes_are_told_in_their_order(cast: &Cast) -> Outcome {
    const CHANGES: usize = 1_000;
    let pair = Pair::new(cast)?;
    let router = &pair.one;
    put_script(router, "note.sh", NOTE)?;
    put(router, "good", "0")?;
    let one = router.start_with(&flapping())?;
    let mut reader = Reader::open(&router.node.outside("/run/fifo"))?;
    reader.wait(&["INSTANCE \"VI_1\" BACKUP 150"])?;
    for change in 1..=CHANGES {
        put(router, "good", if change % 2 == 1 { "1" } else { "0" })?;
        eventually("the change", ELECTION, || (reader.lines().len() > change).then_some(()))?;
    }
    let told: Vec<String> = reader.lines().iter().map(|line| line.replace('"', "")).collect();
    assert_eq!(told.len(), CHANGES + 1);
    eventually("a script for each change", 3 * PATIENCE, || {
        (lines_of(router, "notes").len() >= told.len()).then_some(())
    })?;
    // Where scripts take long, the router has become master by now and told that too.
    assert_eq!(lines_of(router, "notes")[..told.len()], told);
    drop(one);
    Ok(())
}

pub(crate) fn a_reload_keeps_the_result_of_an_unchanged_script_and_the_fifo(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let router = &pair.one;
    put_script(router, "note.sh", NOTE)?;
    put_script(router, "check.sh", "#!/bin/sh\nexit 0\n")?;
    let config = |priority: &str| {
        let fifo = "global_defs {\n vrrp_notify_fifo /run/fifo\n}\n";
        format!("{fifo}{}", watching("", "").replace("priority 150", priority))
    };
    let one = router.start_with(&config("priority 150"))?;
    let mut reader = Reader::open(&router.node.outside("/run/fifo"))?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    let mark = one.journal().mark();
    one.write_config(&config("priority 151"))?;
    one.reload()?;
    one.journal().wait(mark, "VRRP_Script(check) considered successful on reload", ELECTION)?;
    one.journal().wait(mark, "Reload complete", ELECTION)?;
    throughout("it stays master", Duration::from_secs(2), || one.journal().find(mark, "Entering").is_none())?;
    drop(one);
    assert_eq!(reader.lines()[..2], ["INSTANCE \"VI_1\" BACKUP 150", "INSTANCE \"VI_1\" MASTER 150"]);
    Ok(())
}

pub(crate) fn an_unsafe_script_is_not_run_and_a_missing_one_is_named(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let router = &pair.one;
    put_script(router, "note.sh", NOTE)?;
    fs::set_permissions(router.node.outside("/run/note.sh"), Permissions::from_mode(0o777))?;
    let one: Keepalived = router.start_with(&watching("", ""))?;
    one.logs("Script /run/check.sh cannot be accessed - No such file or directory", ELECTION)?;
    one.logs("Disabling track script check since not found/accessible", ELECTION)?;
    one.logs("Unsafe permissions found for script '/run/note.sh' - disabling.", ELECTION)?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    assert_eq!(lines_of(router, "notes"), [""; 0]);
    Ok(())
}

pub(crate) fn the_first_and_the_last_script_run_around_everything_else(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let router = &pair.one;
    put_script(router, "note.sh", NOTE)?;
    put_script(router, "check.sh", "#!/bin/sh\nexit 0\n")?;
    let occasions = "global_defs {\n startup_script \"/run/note.sh first\" root\n \
                     shutdown_script \"/run/note.sh last\" root\n}\n";
    let mut one = router.start_with(&format!("{occasions}{}", watching("", "")))?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    eventually("the script about it", PATIENCE, || (lines_of(router, "notes").len() == 3).then_some(()))?;
    let status = one.stop()?;
    assert_eq!(status.code(), Some(0));
    let words =
        ["first", "INSTANCE VI_1 BACKUP 150", "INSTANCE VI_1 MASTER 150", "INSTANCE VI_1 STOP 150", "last"];
    assert_eq!(lines_of(router, "notes"), words);
    Ok(())
}

/// In a network namespace the kernel tells of no process; the original tracks nothing there.
pub(crate) fn a_process_is_missed_when_it_ends_and_noticed_when_it_is_back(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let router = &pair.one;
    let start = || {
        let mut command = Command::new("sleep");
        command.arg("43217");
        Process::start(&router.node, command)
    };
    let one = router.start_with(
        "vrrp_track_process naps {\n process sleep 43217\n quorum 1\n terminate_delay 0.5\n}\n\
         vrrp_instance VI_1 {\n interface eth1\n virtual_router_id 51\n advert_int 1\n \
         virtual_ipaddress {\n 172.16.0.100\n }\n track_process {\n naps\n }\n}\n",
    )?;
    one.logs("(VI_1) entering FAULT state (tracked process naps quorum not achieved)", ELECTION)?;
    let mut nap = start()?;
    one.logs("Quorum gained for tracked process naps", ELECTION)?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    nap.cut();
    one.logs("Quorum lost for tracked process naps", ELECTION)?;
    one.logs("(VI_1) Entering FAULT STATE", ELECTION)?;
    Ok(())
}

/// A reader that does not read: lines are lost, but none is broken, and nothing waits for it.
pub(crate) fn a_full_fifo_loses_whole_lines_and_holds_nothing_up(cast: &Cast) -> Outcome {
    const ROUTERS: u8 = 60;
    const CHANGES: usize = 60;
    let pair = Pair::new(cast)?;
    let router = &pair.one;
    put(router, "number", "0")?;
    let instances: String = (1..=ROUTERS)
        .map(|number| {
            format!(
                "vrrp_instance VI_{number} {{\n interface eth1\n virtual_router_id {number}\n priority 100\n \
                 virtual_ipaddress {{\n 10.7.{number}.1\n }}\n track_file {{\n number\n }}\n}}\n"
            )
        })
        .collect();
    let files = "track_file number {\n file /run/number\n}\n";
    let one = router.start_with(&format!("{GLOBAL}{files}{instances}"))?;
    let mut reader = Reader::open(&router.node.outside("/run/fifo"))?;
    one.logs(&format!("(VI_{ROUTERS}) Entering MASTER STATE"), PATIENCE)?;
    let since = SystemTime::now();
    for change in 1..=CHANGES {
        let mark = one.journal().mark();
        put(router, "number", &(change % 100).to_string())?;
        let words = format!("(VI_{ROUTERS}) Changing effective priority");
        one.journal().wait(mark, &words, PATIENCE)?;
    }
    let adverts = pair
        .capture
        .frames()
        .into_iter()
        .filter(|frame| frame.at > since && matches!(frame.seen, Seen::Advert { vrid: 1, .. }));
    let times: Vec<SystemTime> = adverts.map(|frame| frame.at).collect();
    let gaps = times.windows(2).filter_map(|two| two[1].duration_since(two[0]).ok());
    let longest = gaps.max().unwrap_or_default();
    assert!(longest < Duration::from_millis(2_500), "{longest:?} without an advert");

    let written = usize::from(ROUTERS) * CHANGES;
    let read = reader.lines();
    assert!(read.len() < written, "it was never full: {} lines", read.len());
    let is_whole = |line: &String| line.starts_with("INSTANCE \"VI_") && line.split(' ').count() == 4;
    assert!(read.iter().filter(|line| line.starts_with("INST")).all(is_whole), "{read:?}");
    put(router, "number", "150")?;
    let last = format!("INSTANCE \"VI_{ROUTERS}\" MASTER_PRIORITY 250");
    eventually("lines again", PATIENCE, || reader.lines().contains(&last).then_some(()))
}

/// What is told meanwhile waits in the FIFO; the next reload starts the reader again.
pub(crate) fn a_reader_of_the_fifo_that_is_killed_holds_nothing_up_and_returns(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let router = &pair.one;
    put_script(router, "read.sh", "#!/bin/sh\necho $$ > /run/reader\nexec cat \"$1\" >> /run/told\n")?;
    put(router, "number", "0")?;
    let one = router.start_with(
        "global_defs {\n script_user root\n enable_script_security\n vrrp_notify_priority_changes true\n \
         vrrp_notify_fifo /run/fifo\n vrrp_notify_fifo_script /run/read.sh\n}\n\
         track_file number {\n file /run/number\n}\n\
         vrrp_instance VI_1 {\n interface eth1\n virtual_router_id 51\n priority 100\n \
         virtual_ipaddress {\n 172.16.0.100\n }\n track_file {\n number\n }\n}\n",
    )?;
    let told = |words: &str| {
        eventually("the line that the reader has read", ELECTION, || {
            lines_of(router, "told").iter().any(|line| line.as_str() == words).then_some(())
        })
    };
    told("INSTANCE \"VI_1\" MASTER 100")?;
    let reader = Pid::from_raw(lines_of(router, "reader").concat().parse()?);
    kill(reader, Signal::SIGKILL)?;
    one.logs("vrrp notify fifo script terminated", ELECTION)?;
    put(router, "number", "20")?;
    one.logs("(VI_1) Changing effective priority from 100 to 120", ELECTION)?;
    put(router, "number", "30")?;
    one.logs("(VI_1) Changing effective priority from 120 to 130", ELECTION)?;
    one.reload()?;
    told("INSTANCE \"VI_1\" MASTER_PRIORITY 130")?;
    let changes: Vec<String> =
        lines_of(router, "told").into_iter().filter(|line| line.contains("MASTER_PRIORITY")).collect();
    assert_eq!(changes, [120, 130].map(|priority| format!("INSTANCE \"VI_1\" MASTER_PRIORITY {priority}")));
    Ok(())
}

pub(crate) fn a_file_whose_folder_comes_later_counts_from_then_on(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let router = &pair.one;
    let one = router.start_with(
        "track_file late {\n file /run/later/number\n}\n\
         vrrp_instance VI_1 {\n interface eth1\n virtual_router_id 51\n priority 150\n \
         virtual_ipaddress {\n 172.16.0.100\n }\n track_file {\n late\n }\n}\n",
    )?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    fs::create_dir(router.node.outside("/run/later"))?;
    put(router, "later/number", "20")?;
    one.logs("(VI_1) Changing effective priority from 150 to 170", ELECTION)?;
    fs::remove_dir_all(router.node.outside("/run/later"))?;
    one.logs("(VI_1) Changing effective priority from 170 to 150", ELECTION)?;
    fs::create_dir(router.node.outside("/run/later"))?;
    put(router, "later/number", "30")?;
    one.logs("(VI_1) Changing effective priority from 150 to 180", ELECTION).map(drop)
}
