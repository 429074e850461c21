//! What routers track: scripts, files and processes.

use ::vrrp::track::Object;
use parser::config::{Config, ParamMatch, TrackFile, TrackProcess, TrackScript, Tracked, Tracking};

use crate::dump::Scene;
use crate::dump::sheet::{Sheet, attribute, member, object};
use crate::dump::words::{either, other_file, quoted, seconds, weight};
use crate::plan::watch::Script as Plan;
use crate::status::vrrp::{Known, VrrpStatus, Watched};

pub(super) fn write(scene: &Scene<'_>, status: Option<&VrrpStatus>, sheet: &mut Sheet) {
    let (config, plan) = (scene.config, &scene.plan.vrrp.watched);
    let told = |object: Object| status?.watched.iter().find(|one| one.object == object);
    let titled = |is_any: bool, title: &str, sheet: &mut Sheet| {
        if is_any {
            sheet.section(title);
        }
    };
    titled(!plan.scripts.is_empty(), "VRRP Scripts", sheet);
    for (at, one) in config.scripts.iter().enumerate() {
        if let Some(plan) = plan.scripts.iter().find(|plan| plan.name == one.name) {
            script(one, plan, told(Object::Script(one.name.clone())), sheet);
            users(scene, sheet, |tracking| &tracking.scripts, at);
            if let Some(told) = told(Object::Script(one.name.clone())) {
                attribute!(sheet, "State = {}", either(told.is_running, "running", "idle"));
            }
        }
    }
    titled(!plan.files.is_empty(), "VRRP Track files", sheet);
    for (at, one) in config.track_files.iter().enumerate() {
        if plan.files.iter().any(|plan| plan.name == one.name) {
            file(one, told(Object::File(one.name.clone())), sheet);
            users(scene, sheet, |tracking| &tracking.files, at);
        }
    }
    titled(!plan.processes.is_empty(), "VRRP Track processes", sheet);
    for (at, one) in config.track_processes.iter().enumerate() {
        if plan.processes.iter().any(|plan| plan.name == one.name) {
            process(one, told(Object::Process(one.name.clone())), sheet);
            users(scene, sheet, |tracking| &tracking.processes, at);
        }
    }
    sessions(scene, status, sheet);
}

fn script(one: &TrackScript, plan: &Plan, told: Option<&Watched>, sheet: &mut Sheet) {
    let known = told.map_or(Known::Nothing, |told| told.known);
    let whole = |time: std::time::Duration| {
        if time.subsec_nanos() == 0 { time.as_secs().to_string() } else { format!("{:.3}", seconds(time)) }
    };
    object!(sheet, "VRRP Script = {}", one.name);
    attribute!(sheet, "Command = {}", quoted(&plan.program.argv));
    if let Some(file) = other_file(&plan.program) {
        attribute!(sheet, "Path = {file}");
    }
    attribute!(sheet, "Interval = {} sec", whole(one.interval));
    attribute!(sheet, "Timeout = {} sec", whole(one.timeout.unwrap_or_default()));
    attribute!(sheet, "Weight = {}{}", one.weight.value, either(one.weight.reverse, " reverse", ""));
    attribute!(sheet, "Rise = {}", one.rise);
    attribute!(sheet, "Fall = {}", one.fall);
    if let Some(told) = told {
        attribute!(sheet, "Result = {}", told.count);
    }
    attribute!(sheet, "Insecure = no");
    // There is nothing initial about one that has been tried.
    let init = if told.is_some_and(|told| told.is_tried) {
        "unknown"
    } else {
        either(one.init_fail, "INIT/FAILED", "INIT")
    };
    attribute!(sheet, "Init state = {init}");
    if told.is_some() {
        attribute!(sheet, "Status = {}", either(known == Known::Good, "GOOD", "BAD"));
    }
    let identity = &plan.program.identity;
    attribute!(sheet, "Script uid:gid = {}:{}", identity.uid, identity.gid);
    attribute!(sheet, "VRRP instances :");
}

fn file(one: &TrackFile, told: Option<&Watched>, sheet: &mut Sheet) {
    object!(sheet, "Track file = {}", one.name);
    attribute!(sheet, "File = {}", one.path);
    if let Some(Known::Number(number)) = told.map(|told| told.known) {
        attribute!(sheet, "Status = {number}");
    }
    attribute!(sheet, "Weight = {}{}", one.weight.value, either(one.weight.reverse, " reverse", ""));
}

fn process(one: &TrackProcess, told: Option<&Watched>, sheet: &mut Sheet) {
    object!(sheet, "VRRP Track process = {}", one.name);
    if let Some((program, words)) = one.command.split_first() {
        attribute!(sheet, "Process = {program}");
        if !words.is_empty() {
            attribute!(sheet, "Parameters = {}", words.join(" "));
        }
    }
    match one.param_match {
        ParamMatch::None => {}
        ParamMatch::Exact => attribute!(sheet, "Param match"),
        ParamMatch::Partial => attribute!(sheet, "Param match = partial"),
        ParamMatch::Initial => attribute!(sheet, "Param match = initial"),
    }
    attribute!(sheet, "Min processes = {}", one.quorum);
    if let Some(most) = one.quorum_max {
        attribute!(sheet, "Max processes = {most}");
    }
    if let Some(told) = told {
        attribute!(sheet, "Current processes = {}", told.count);
        attribute!(sheet, "Have quorum = {}", told.known == Known::Good);
    }
    attribute!(sheet, "Weight = {}{}", one.weight.value, either(one.weight.reverse, " reverse", ""));
    attribute!(sheet, "Terminate delay = {:.6}s", seconds(one.terminate_delay));
    attribute!(sheet, "Fork delay = {:.6}s", seconds(one.fork_delay));
    if let Some(told) = told {
        // What waits is the other of what is.
        let (fork, end) =
            (told.is_waiting && told.known != Known::Good, told.is_waiting && told.known == Known::Good);
        for (title, is_running) in [("Fork", fork), ("Terminate", end)] {
            attribute!(sheet, "{title} delay timer {}", either(is_running, "running", "not running"));
        }
    }
    attribute!(sheet, "Full command = {}", one.full_command);
}

fn sessions(scene: &Scene<'_>, status: Option<&VrrpStatus>, sheet: &mut Sheet) {
    let all = || scene.config.bfd_instances.iter().enumerate().filter(|(_, one)| one.for_vrrp);
    if all().next().is_some() {
        sheet.section("VRRP Track BFDs");
    }
    for (at, one) in all() {
        object!(sheet, "VRRP Track BFD = {}", one.name);
        attribute!(sheet, "Weight = {}{}", one.weight.value, either(one.weight.reverse, " reverse", ""));
        if let Some(status) = status {
            attribute!(sheet, "Bfd is {}", either(status.paths_up.contains(&one.name), "up", "down"));
        }
        attribute!(sheet, "Tracking VRRP instances :");
        for (name, tracking) in tracking(scene.config) {
            for line in tracking.bfds.iter().filter(|line| line.what == at) {
                member!(sheet, "{name}, {}", weight(line.weight));
            }
        }
    }
}

/// What each virtual router tracks, its group's things included.
fn tracking(config: &Config) -> impl Iterator<Item = (&str, &Tracking)> {
    let own = config.vrrp_instances.iter().map(|one| (one.name.as_str(), &one.tracking));
    let of_groups = config.sync_groups.iter().flat_map(|group| {
        let members = group.members.iter().filter_map(|at| config.vrrp_instances.get(*at));
        members.map(|one| (one.name.as_str(), &group.tracking))
    });
    own.chain(of_groups)
}

/// Who tracks it, with which weight.
fn users(scene: &Scene<'_>, sheet: &mut Sheet, lines: impl Fn(&Tracking) -> &Vec<Tracked<usize>>, at: usize) {
    attribute!(sheet, "Tracking instances :");
    for (name, tracking) in tracking(scene.config) {
        for line in lines(tracking).iter().filter(|line| line.what == at) {
            member!(sheet, "{name}, {}", weight(line.weight));
        }
    }
}
