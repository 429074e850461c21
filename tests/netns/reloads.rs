//! Reloads that are checked, timed, and known beforehand.

use lab::{
    Outcome, eventually,
    pair::{Cast, ELECTION, Pair},
};
use std::{
    fs,
    process::{Command, Output},
};

const ROUTER: &str = "
vrrp_instance VI_1 {
    interface eth1
    virtual_router_id 51
    priority 100
    virtual_ipaddress {
        172.16.0.100
    }
}
";

fn with_global(words: &str) -> String {
    format!("global_defs {{\n{words}\n}}\n{ROUTER}")
}

/// Waits for an advert of the first router with this priority.
fn advertises(pair: &Pair, priority: u8) -> Outcome {
    let what = format!("an advert with priority {priority}");
    let adverts = || pair.capture.adverts(pair.one.address, |seen| seen == priority);
    eventually(&what, ELECTION, || (!adverts().is_empty()).then_some(()))
}

pub(crate) fn a_configuration_with_an_error_is_not_taken_when_it_is_to_be_checked(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let global = "reload_check_config /run/check.log\nreload_file";
    let daemon = pair.one.start_with(&with_global(global))?;
    daemon.logs("Entering MASTER STATE", ELECTION)?;
    let node = &pair.one.node;
    let log = || fs::read_to_string(node.outside("/run/check.log"));

    let mark = daemon.journal().mark();
    let wrong = with_global(global).replace("priority 100", "priority 150\n bogus_word");
    daemon.write_config(&wrong)?;
    daemon.reload()?;
    daemon.journal().wait(mark, "New config failed validation, see /run/check.log for details", ELECTION)?;
    assert!(log()?.contains("Unknown keyword 'bogus_word'"), "{}", log()?);
    assert!(daemon.journal().find(mark, "Reloading").is_none());
    assert!(pair.capture.adverts(pair.one.address, |priority| priority == 150).is_empty());

    let mark = daemon.journal().mark();
    daemon.write_config(&wrong.replace("bogus_word", ""))?;
    daemon.reload()?;
    daemon.journal().wait(mark, "Reload complete", ELECTION)?;
    advertises(&pair, 150)?;
    assert_eq!(log()?, "");
    assert!(daemon.journal().find(mark, "Entering").is_none(), "it stayed master");
    assert!(!node.outside("/run/keepalived.reload").exists());
    Ok(())
}

pub(crate) fn a_start_with_an_error_is_none_when_reloads_are_to_be_checked(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let text = with_global("reload_check_config").replace("priority 100", "priority 100\n bogus_word");
    let mut daemon = pair.one.start_with(&text)?;
    assert_eq!(daemon.process().wait(ELECTION)?.code(), Some(2));
    daemon.logs("Unknown keyword 'bogus_word'", ELECTION)?;
    daemon.logs(": Stopped Keepalived v", ELECTION)?;
    assert!(daemon.pid_files().is_empty());
    // Without the wish it starts and does the rest.
    let mut daemon = pair.one.start_with(&ROUTER.replace("priority 100", "priority 100\n bogus_word"))?;
    daemon.logs("Unknown keyword 'bogus_word'", ELECTION)?;
    daemon.logs("Entering MASTER STATE", ELECTION)?;
    assert_eq!(daemon.stop()?.code(), Some(0));
    Ok(())
}

pub(crate) fn a_reload_comes_at_the_time_in_a_file(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let daemon = pair.one.start_with(&with_global("reload_time_file /run/reload_at"))?;
    daemon.logs("Startup complete", ELECTION)?;
    let file = pair.one.node.outside("/run/reload_at");
    fs::write(&file, "not yet\n")?;
    daemon.logs("Invalid reload time 'not yet' specified - ignoring", ELECTION)?;
    fs::write(&file, "2099-01-01 00:00:00\n")?;
    daemon.logs("Scheduling reload for 2099-01-01 00:00:00", ELECTION)?;
    let soon = pair.one.node.run("date", &["-u", "-d", "+2 seconds", "+%F %TZ"])?;
    fs::write(&file, &soon)?;
    daemon.logs("Reload time updated from 2099-01-01 00:00:00 to ", ELECTION)?;
    daemon.logs("Reload complete", ELECTION)?;
    assert!(!file.exists(), "an appointment with a date is kept once");
    let mark = daemon.journal().mark();
    fs::write(&file, "2099-01-01 00:00:00\n")?;
    daemon.journal().wait(mark, "Scheduling reload for 2099-01-01 00:00:00", ELECTION)?;
    fs::remove_file(&file)?;
    daemon.journal().wait(mark, "Cancelling reload scheduled for 2099-01-01 00:00:00", ELECTION)?;
    Ok(())
}

pub(crate) fn what_a_reload_would_change_is_told_before_and_logged_then(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let daemon = pair.one.start_with(ROUTER)?;
    daemon.logs("Startup complete", ELECTION)?;
    let node = &pair.one.node;
    let diff = || -> Outcome<Output> {
        let binary = pair.one.binary().clone();
        let words = ["config", "diff", "-p", "/run/keepalived.pid", lab::CONFIG];
        Ok(node.enter(|| Command::new(binary.as_ref()).args(words).output())??)
    };
    let same = diff()?;
    assert_eq!((same.status.code(), same.stdout.as_slice()), (Some(0), &b""[..]), "{same:?}");

    daemon.write_config(&ROUTER.replace("172.16.0.100", "172.16.0.101\n172.16.0.100"))?;
    let other = diff()?;
    let told = String::from_utf8(other.stdout)?;
    assert_eq!(other.status.code(), Some(1), "{told}");
    assert_eq!(told, "vrrp_instance VI_1: virtual_ipaddress + 172.16.0.101 dev eth1 scope global\n");
    assert_eq!(pair.one.node.addresses()?.iter().filter(|one| one.to_string() == "172.16.0.101").count(), 0);

    daemon.reload()?;
    daemon.logs(&format!("Change: {}", told.trim()), ELECTION)?;
    daemon.logs("Reload complete", ELECTION)?;
    eventually("nothing left to change", ELECTION, || (diff().ok()?.status.code() == Some(0)).then_some(()))?;

    daemon.write_config("vrrp_instance {\n")?;
    assert_eq!(diff()?.status.code(), Some(2));

    // What a reload refuses, this does, and for the same reason.
    daemon.write_config(ROUTER.trim_end().trim_end_matches('}'))?;
    let broken = diff()?;
    assert_eq!((broken.status.code(), broken.stdout.as_slice()), (Some(2), &b""[..]));
    let told = String::from_utf8(broken.stderr)?;
    let (_, reason) = told.split_once("a reload with this configuration would be refused: ").expect(&told);
    let mark = daemon.journal().mark();
    daemon.reload()?;
    daemon.journal().wait(mark, &format!("Reload refused: {}", reason.trim_end()), ELECTION)?;
    Ok(())
}

/// The signal says nothing but that there is something to read: whatever comes while one reload is under way is one more.
pub(crate) fn reloads_in_quick_succession_end_with_the_last_configuration(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let daemon = pair.one.start_with(ROUTER)?;
    daemon.logs("Entering MASTER STATE", ELECTION)?;
    let mark = daemon.journal().mark();
    for round in 0..10 {
        for priority in [101, 102, 103 + round] {
            daemon.write_config(&ROUTER.replace("priority 100", &format!("priority {priority}")))?;
            daemon.reload()?;
        }
        advertises(&pair, 103 + round)?;
    }
    let complete =
        || daemon.journal().since(mark).iter().filter(|line| line.text.contains("Reload complete")).count();
    // The advert comes before the line.
    eventually("ten reloads at least", ELECTION, || (complete() >= 10).then_some(()))?;
    assert!(complete() <= 30, "{} reloads", complete());
    assert!(daemon.journal().find(mark, "Entering").is_none(), "it stayed master");
    Ok(())
}

pub(crate) fn a_time_of_day_is_kept_every_day_when_that_is_wanted(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    let daemon = pair.one.start_with(&with_global("reload_time_file /run/reload_at\nreload_repeat"))?;
    daemon.logs("Startup complete", ELECTION)?;
    let file = node.outside("/run/reload_at");
    let mark = daemon.journal().mark();
    fs::write(&file, node.run("date", &["-u", "-d", "+2 seconds", "+%TZ"])?)?;
    daemon.journal().wait(mark, "Scheduling reload for ", ELECTION)?;
    daemon.journal().wait(mark, "Reload complete", ELECTION)?;
    assert!(file.exists(), "the file counts for tomorrow, too");
    // Said once when the file came, and once more for the next day.
    eventually("tomorrow's appointment", ELECTION, || {
        let lines = daemon.journal().since(mark);
        let all = lines.iter().filter(|line| line.text.contains("Scheduling reload for ")).count();
        (all >= 2).then_some(())
    })
}

pub(crate) fn every_configuration_that_was_in_force_is_kept(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let text = with_global("config_save_dir /run/kept").replace("priority 100", "priority 110");
    let mut daemon = pair.one.start_with(&text)?;
    daemon.logs("Startup complete", ELECTION)?;
    daemon.write_config(&text.replace("priority 110", "priority 120"))?;
    daemon.reload()?;
    daemon.logs("Reload complete", ELECTION)?;
    let pid = daemon.process().pid();
    for (number, priority) in [(0, "priority 110"), (1, "priority 120")] {
        let path = pair.one.node.outside(format!("/run/kept/keepalived.conf.{pid}.{number}"));
        let copy = fs::read_to_string(&path)?;
        assert!(copy.contains(priority), "{copy}");
    }
    Ok(())
}
