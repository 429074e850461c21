//! The acts of the demo, in their order.

use super::{
    stage::{FIRST, SECOND, Stage},
    summary::{Detection, Summary, TakeOver},
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

    let removal = kill_server(&mut stage)?;
    let return_ = revive_server(&mut stage)?;
    let failover = kill_master(&mut stage)?;
    let failback = revive_master(&mut stage)?;
    stage.watch(BREATH)?;

    let mut client = stage.client.take().ok_or_else(|| Failure::new("the client is gone"))?;
    stage.timeline.event(Kind::Act, "the client leaves, and both directors are told to stop");
    client.stop();
    let exit_codes = [stage.stop(SECOND)?, stage.stop(FIRST)?];
    let mails = stage.cluster.mailbox.mails();
    let summary = Summary {
        client: &client,
        detections: [removal, return_],
        take_overs: [failover, failback],
        mails: &mails,
        exit_codes,
        leftovers: leftovers(&stage)?,
    };
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

fn kill_server(stage: &mut Stage) -> Outcome<Detection> {
    stage.timeline.event(Kind::Act, &format!("the services of real server {VICTIM} die"));
    stage.cluster.server(VICTIM)?.kill();
    let began = stage.timeline.elapsed();
    stage.until("the server's removal", DETECTION, |stage| !knows_victim(stage, FIRST))?;
    let took = stage.timeline.elapsed() - began;
    stage.until("the server's removal from the other director", DETECTION, |stage| {
        !knows_victim(stage, SECOND)
    })?;
    stage.watch(BREATH)?;
    Ok(Detection {
        what: "out of the master's table after its death",
        took,
        limit: CHECK_INTERVAL + RETRY_DELAY,
    })
}

fn revive_server(stage: &mut Stage) -> Outcome<Detection> {
    stage.timeline.event(Kind::Act, &format!("the services of real server {VICTIM} are back"));
    stage.cluster.server(VICTIM)?.revive()?;
    let began = stage.timeline.elapsed();
    stage.until("the server's return", DETECTION, |stage| is_full(stage, FIRST))?;
    let took = stage.timeline.elapsed() - began;
    stage.until("the server's return to the other director", DETECTION, |stage| is_full(stage, SECOND))?;
    stage.watch(BREATH)?;
    Ok(Detection { what: "back in the master's table after its return", took, limit: CHECK_INTERVAL })
}

fn kill_master(stage: &mut Stage) -> Outcome<TakeOver> {
    stage.timeline.event(Kind::Act, "the power of lb1 fails: its processes are killed, its cables dead");
    let cut = stage.cut_power(FIRST)?;
    stage.until("the take-over", ELECTION, |stage| stage.is_master(SECOND))?;
    let adverts = |place: usize| -> Outcome<Vec<SystemTime>> {
        Ok(stage.cluster.capture.adverts(stage.director(place)?.address, |priority| priority > 0))
    };
    let last = adverts(FIRST)?.last().copied().ok_or_else(|| Failure::new("lb1 never advertised"))?;
    let first = adverts(SECOND)?.into_iter().find(|at| *at > last);
    let first = first.ok_or_else(|| Failure::new("lb2 never advertised"))?;
    let what = "lb2 follows lb1, last advert to first";
    finish(stage, what, cut, between(last, first), down_interval(seed::TWIN_PRIORITY))
}

fn revive_master(stage: &mut Stage) -> Outcome<TakeOver> {
    stage.timeline.event(Kind::Act, "lb1 boots again; its priority is higher");
    stage.boot(FIRST)?;
    let began = stage.journal(FIRST)?.wait(Mark::default(), "Entering BACKUP STATE (init)", ELECTION)?.at;
    stage.until("the return of lb1 as master", ELECTION, |stage| {
        stage.is_master(FIRST) && !stage.is_master(SECOND)
    })?;
    stage.until("a full table", ELECTION, |stage| is_full(stage, FIRST))?;
    let adverts = stage.cluster.capture.adverts(stage.director(FIRST)?.address, |priority| priority > 0);
    let first =
        adverts.into_iter().find(|at| *at > began).ok_or_else(|| Failure::new("lb1 never advertised"))?;
    let what = "lb1 takes back, ready to first advert";
    finish(stage, what, began, between(began, first), down_interval(seed::PRIORITY))
}

/// Tells how long a change of master took, then gives the clients time to notice it.
fn finish(
    stage: &mut Stage,
    what: &'static str,
    began: SystemTime,
    took: Duration,
    formula: Duration,
) -> Outcome<TakeOver> {
    let (seconds, promised) = (took.as_secs_f64(), formula.as_secs_f64());
    let text = format!("{what}: {seconds:.3} s; three adverts and the skew are {promised:.3} s");
    stage.timeline.event(Kind::Note, &text);
    stage.watch(BREATH)?;
    let silence = stage.client.as_ref().map(|client| longest_silence(client, began));
    Ok(TakeOver { what, took, formula, silence })
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
