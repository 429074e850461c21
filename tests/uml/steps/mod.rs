//! Ours and the original, side by side over the same servers: after every failure, recovery, reload and stop the two tables
//! are the same, and so is what scripts, readers of the FIFO and readers of mails were told up to then. The servers are
//! nginx, dnsmasq and exim, as Debian has them.

mod director;
mod edition;
mod server;

use director::{Director, MAIL, Told};
use edition::SECOND;
use lab::{Binary, Mailbox, Outcome, Scene, While as _, eventually};
use server::Server;
use std::{collections::BTreeSet, fs, time::Duration};

/// Much longer than the slowest check takes to find out, on a busy machine.
const SOON: Duration = Duration::from_secs(60);

const SERVERS: [&str; 3] = ["10.0.0.11", "10.0.0.12", "10.0.0.13"];

/// Debian's keepalived 2.2.7 takes the servers out of a service that left a range, but not the service.
const LEFT_BEHIND: &str = "-A -t 10.1.7.1:80 -s rr";

/// Both directors and what they have told so far.
struct Pair {
    directors: [Director; 2],
    mailbox: Mailbox,
}

impl Pair {
    /// Waits until the tables of both are the same and as expected, and both have told the same.
    fn agree(&mut self, step: &str, expected: impl Fn(&BTreeSet<String>) -> bool) -> Outcome<Told> {
        let [ours, theirs] = &mut self.directors;
        let mut last = None;
        let agreed = eventually(&format!("the same: {step}"), SOON, || {
            let rows = [ours.rows()?, tolerated(theirs.rows()?)];
            let told = [ours.told(&self.mailbox), theirs.told(&self.mailbox)];
            let same = rows[0] == rows[1] && expected(&rows[0]) && told[0] == told[1];
            last = Some((rows, told));
            same.then(|| last.take().map(|(_, [told, _])| told)).flatten()
        });
        agreed.inspect_err(|_| {
            let Some(([ours, theirs], told)) = last else { return };
            let only = |one: &BTreeSet<String>, other| {
                one.difference(other).cloned().collect::<Vec<_>>().join("\n  ")
            };
            println!("{step}: only ours:\n  {}", only(&ours, &theirs));
            println!("only theirs:\n  {}", only(&theirs, &ours));
            println!("both:\n  {}", ours.intersection(&theirs).cloned().collect::<Vec<_>>().join("\n  "));
            println!("ours told {:#?}\ntheirs told {:#?}", told[0], told[1]);
        })
    }

    fn reload(&self, config: &str) -> Outcome {
        for director in &self.directors {
            director.daemon.write_config(config)?;
            director.daemon.reload()?;
        }
        Ok(())
    }
}

fn tolerated(mut rows: BTreeSet<String>) -> BTreeSet<String> {
    // While the range has it, its servers are there too.
    if count(&rows, "-a -t 10.1.7.1:80 ") == 0 {
        rows.remove(LEFT_BEHIND);
    }
    rows
}

fn count(rows: &BTreeSet<String>, words: &str) -> usize {
    rows.iter().filter(|row| row.contains(words)).count()
}

pub(crate) fn every_step_leads_to_the_same_table_and_the_same_words_as_the_originals(
    ours: &Binary,
) -> Outcome {
    let scene = Scene::new()?;
    let lan = scene.link("lan")?;
    let mailbox = Mailbox::start(scene.node("mail")?.on(&lan, "eth0", &[&format!("{MAIL}/24")])?)?;
    let mut servers = Vec::new();
    for address in SERVERS {
        servers.push(Server::start(&scene, &lan, address)?);
    }
    let directors = [
        Director::start(&scene, &lan, ours, "lb1", "10.0.0.101")?,
        Director::start(&scene, &lan, &Binary::original(), "lb2", "10.0.0.102")?,
    ];
    let mut pair = Pair { directors, mailbox };
    // Four services of WEB, one each of the others; three servers each.
    let full = |rows: &BTreeSet<String>| {
        count(rows, "-A ") == 8
            && count(rows, "-w 1") == 12 + 3 + 3
            && count(rows, "-w 2") == 3
            && count(rows, "-w 4") == 3
    };
    pair.agree("everybody answers", full)?;
    for director in &pair.directors {
        for check in ["Misc check", "Remote Web server", "Remote SMTP server"] {
            director.daemon.logs(check, SOON)?;
        }
    }

    servers[0].web = None;
    pair.agree("a web server dies", |rows| count(rows, "-r 10.0.0.11:80 ") == 0)?;
    servers[1].web = None;
    servers[2].web = None;
    pair.agree("all of them die, and the quorum with them", |rows| {
        count(rows, "-r 10.0.0.99:80 ") == 3 && count(rows, "-r 10.0.0.1") == 12
    })?;
    servers[0].serve_web()?;
    servers[1].serve_web()?;
    for director in &pair.directors {
        for address in &SERVERS[..2] {
            let line = format!("Adding service [{address}]:tcp:80 to VS [WEB]:0");
            director.daemon.logs(&line, SOON)?;
        }
    }
    pair.agree("two return, which is not enough to gain it again", |rows| {
        count(rows, "-r 10.0.0.99:80 ") == 3
    })?;
    servers[2].serve_web()?;
    pair.agree("the third one returns", full)?;

    servers[0].names = None;
    pair.agree("a name server dies and stays with weight 0", |rows| {
        count(rows, "-r 10.0.0.11:53 -g -w 0") == 1
    })?;
    servers[1].mail = None;
    pair.agree("a mail server dies", |rows| count(rows, "-r 10.0.0.12:25 -g -w 1") == 0)?;
    servers[2].node.unplug("eth0")?;
    pair.agree("a machine loses its cable", |rows| {
        count(rows, "-r 10.0.0.13") == 1 + 1 && count(rows, "-r 10.0.0.13:53 -g -w 0") == 1
    })?;
    for director in &pair.directors {
        fs::write(director.node.outside("/run/load"), "3\n").doing("/run/load")?;
    }
    pair.agree("a tracked file makes a server heavier", |rows| {
        count(rows, "-f 9 -r 10.0.0.11:0 -g -w 7") == 1
    })?;
    for (status, weight) in [(52, 50), (3, 1)] {
        pair.directors.iter().try_for_each(|director| director.end_with(status))?;
        pair.agree("a program wants another weight", |rows| {
            count(rows, &format!("-r 10.0.0.11:81 -g -w {weight}")) == 1
        })?;
    }
    pair.directors.iter().try_for_each(|director| director.end_with(1))?;
    pair.agree("a program fails, and the quorum is lost", |rows| count(rows, "-r 10.0.0.11:81 ") == 0)?;
    pair.directors.iter().try_for_each(|director| director.end_with(22))?;
    pair.agree("a program passes with a weight", |rows| count(rows, "-r 10.0.0.11:81 -g -w 20") == 1)?;
    servers[0].serve_names()?;
    servers[1].serve_mail()?;
    servers[2].node.plug("eth0")?;
    pair.agree("all return", |rows| count(rows, "-r 10.0.0.1") == 24 && count(rows, "-w 0") == 1)?;

    pair.reload(&SECOND.text())?;
    pair.agree("a reload moves a range, weights, a scheduler and a service", |rows| {
        count(rows, "10.1.7.1:80") == 0 && count(rows, "10.1.7.5:80") == 4 && count(rows, "-w 5") == 3
    })?;
    servers[0].web = None;
    let told = pair.agree("a server dies after the reload", |rows| count(rows, "-r 10.0.0.11:80 ") == 0)?;
    assert_eq!(told.lines["VS [WEB]:0"], ["UP", "DOWN", "UP"]);

    for director in &mut pair.directors {
        director.daemon.stop()?;
    }
    // The original has lost sight of the services of the range that moved.
    let [ours, theirs] = &mut pair.directors;
    eventually("an empty table after the stop", SOON, || ours.rows()?.is_empty().then_some(()))?;
    // Scripts and mails have only so long at the end, which is short on a busy machine; lines take none.
    let [ours, theirs] = [ours, theirs].map(|director| director.told(&pair.mailbox).lines);
    assert_eq!(ours, theirs);
    assert_eq!(ours["VS [10.1.0.2]:udp:53"], ["UP", "DOWN"], "with omega");
    Ok(())
}
