//! The acts of the demo, in their order.

use super::{
    stage::{FIRST, SECOND, Stage},
    summary::{Measure, Summary},
    timeline::Kind,
};
use lab::{Client, Failure, Mark, Outcome, seed, timers::down_interval};
use std::{
    path::Path,
    process::ExitCode,
    time::{Duration, SystemTime},
};

/// The seed's `delay_loop`: a server is asked so often.
const CHECK_INTERVAL: Duration = Duration::from_secs(6);

/// The seed's `delay_before_retry`: a server that fails is asked once more after this time.
const RETRY_DELAY: Duration = Duration::from_secs(3);

/// Longer than any election of the seed's priorities.
const ELECTION: Duration = Duration::from_secs(10);

/// Longer than a check, a retry and their start spread.
const DETECTION: Duration = Duration::from_secs(25);

/// Time for the spectator, and for requests before and after an event.
const BREATH: Duration = Duration::from_secs(3);

/// A change in a table is seen within some looks at it.
const GLANCES: Duration = Duration::from_millis(500);

/// Adverts carry the kernel's time stamps; a daemon may be woken so late.
const PRECISION: Duration = Duration::from_millis(50);

/// The server that dies.
const VICTIM: &str = "172.16.0.200";

pub(crate) fn play(binary: &Path, json: Option<&Path>) -> Outcome<ExitCode> {
    println!("building two directors, seven real servers, a mail server and a client");
    let mut stage = Stage::new(binary)?;
    stage.timeline.event(Kind::Act, &format!("two directors start {}", binary.display()));
    stage.start(FIRST)?;
    stage.start(SECOND)?;
    stage.until("a master", ELECTION, |stage| stage.is_master(FIRST))?;
    stage.until("full tables", ELECTION, |stage| is_full(stage, FIRST) && is_full(stage, SECOND))?;

    stage.timeline.event(Kind::Act, "a client asks all services without pause, through direct routing");
    stage.client = Some(stage.cluster.client()?);
    stage.watch(BREATH)?;

    let acts = [kill_server, revive_server, kill_master, revive_master];
    let measures = acts.into_iter().map(|act| act(&mut stage)).collect::<Outcome<_>>()?;
    stage.watch(BREATH)?;

    let mut client = stage.client.take().ok_or_else(|| Failure::new("the client is gone"))?;
    stage.timeline.event(Kind::Act, "the client leaves, and both directors are told to stop");
    client.stop();
    let exit_codes = [stage.stop(SECOND)?, stage.stop(FIRST)?];
    let mails = stage.cluster.mailbox.mails();
    let summary =
        Summary { client: &client, measures, mails: &mails, exit_codes, leftovers: leftovers(&stage)? };
    summary.print(&stage.timeline);
    if let Some(path) = json {
        summary.write(path)?;
    }
    Ok(if summary.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn is_full(stage: &Stage, place: usize) -> bool {
    stage.entries(place).len() == seed::DESTINATIONS
}

fn knows_victim(stage: &Stage, place: usize) -> bool {
    stage.entries(place).iter().any(|(_, server)| server.ip().to_string() == VICTIM)
}

fn kill_server(stage: &mut Stage) -> Outcome<Measure> {
    let act = Act::begin(stage, &format!("the services of real server {VICTIM} die"));
    stage.cluster.server(VICTIM)?.kill();
    stage.until("the server's removal", DETECTION, |stage| !knows_victim(stage, FIRST))?;
    let took = between(act.began, SystemTime::now());
    stage.until("the server's removal from the other director", DETECTION, |stage| {
        !knows_victim(stage, SECOND)
    })?;
    act.end(stage, "dead server out of the master's table", took, CHECK_INTERVAL + RETRY_DELAY, GLANCES)
}

fn revive_server(stage: &mut Stage) -> Outcome<Measure> {
    let act = Act::begin(stage, &format!("the services of real server {VICTIM} are back"));
    stage.cluster.server(VICTIM)?.revive()?;
    stage.until("the server's return", DETECTION, |stage| is_full(stage, FIRST))?;
    let took = between(act.began, SystemTime::now());
    stage.until("the server's return to the other director", DETECTION, |stage| is_full(stage, SECOND))?;
    act.end(stage, "server back in the master's table", took, CHECK_INTERVAL, GLANCES)
}

fn kill_master(stage: &mut Stage) -> Outcome<Measure> {
    let act = Act::begin(stage, "the power of lb1 fails: its processes are killed, its cables dead");
    stage.cut_power(FIRST)?;
    stage.until("the take-over", ELECTION, |stage| stage.is_master(SECOND))?;
    let last = stage.adverts(FIRST)?.last().copied().ok_or_else(|| Failure::new("lb1 never advertised"))?;
    let first = stage.first_advert(SECOND, last)?;
    let tolerance = PRECISION + stage.lateness.around(first);
    let promise = down_interval(seed::TWIN_PRIORITY);
    act.end(stage, "lb1 dead: its last advert to lb2's first", between(last, first), promise, tolerance)
}

fn revive_master(stage: &mut Stage) -> Outcome<Measure> {
    let act = Act::begin(stage, "lb1 boots again; its priority is higher");
    stage.boot(FIRST)?;
    let ready = stage.journal(FIRST)?.wait(Mark::default(), "Entering BACKUP STATE (init)", ELECTION)?.at;
    stage.until("the return of lb1 as master", ELECTION, |stage| {
        stage.is_master(FIRST) && !stage.is_master(SECOND)
    })?;
    stage.until("a full table", ELECTION, |stage| is_full(stage, FIRST))?;
    let first = stage.first_advert(FIRST, ready)?;
    let tolerance = PRECISION + stage.lateness.around(first);
    let promise = down_interval(seed::PRIORITY);
    act.end(stage, "lb1 back: ready to its first advert", between(ready, first), promise, tolerance)
}

/// Something that is done to the scene, and what it does to the clients.
struct Act {
    began: SystemTime,
    lost_before: usize,
}

impl Act {
    fn begin(stage: &Stage, text: &str) -> Self {
        stage.timeline.event(Kind::Act, text);
        Self { began: SystemTime::now(), lost_before: lost(stage) }
    }

    /// Tells what was measured, and gives the clients time to come to rest.
    fn end(
        self,
        stage: &mut Stage,
        what: &'static str,
        took: Duration,
        promise: Duration,
        tolerance: Duration,
    ) -> Outcome<Measure> {
        let text = format!("{what}: {:.3} s, promised {:.3} s", took.as_secs_f64(), promise.as_secs_f64());
        stage.timeline.event(Kind::Note, &text);
        stage.watch(BREATH)?;
        let silence =
            stage.client.as_ref().map(|client| longest_silence(client, self.began)).unwrap_or_default();
        Ok(Measure { what, took, promise, tolerance, lost: lost(stage) - self.lost_before, silence })
    }
}

/// The requests lost so far.
fn lost(stage: &Stage) -> usize {
    stage.client.as_ref().map(|client| client.tally().1).unwrap_or_default()
}

/// The longest time after `since` in which no request was answered.
fn longest_silence(client: &Client, since: SystemTime) -> Duration {
    let mut answers: Vec<_> = client
        .requests()
        .into_iter()
        .filter(|request| request.answer.is_some())
        .map(|request| request.ended)
        .collect();
    answers.sort_unstable();
    let pairs = answers.windows(2).filter(|pair| pair.last().is_some_and(|later| *later > since));
    pairs.filter_map(|pair| Some(between(*pair.first()?, *pair.last()?))).max().unwrap_or_default()
}

/// What the directors left in the kernel after their end, in words.
fn leftovers(stage: &Stage) -> Outcome<Vec<String>> {
    let mut left = Vec::new();
    for director in &stage.cluster.directors {
        let name = director.node.name();
        left.extend(director.vips()?.iter().map(|vip| format!("{vip} on {name}")));
        left.extend(
            lab::ipvs::table(&director.node)?.keys().map(|service| format!("service {service} on {name}")),
        );
        let files = lab::PID_FILES.into_iter().filter(|file| director.node.outside(file).exists());
        left.extend(files.map(|file| format!("{file} on {name}")));
    }
    Ok(left)
}

fn between(from: SystemTime, to: SystemTime) -> Duration {
    to.duration_since(from).unwrap_or_default()
}
