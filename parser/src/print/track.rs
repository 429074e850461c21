//! Tracked things and the small blocks around them.

use std::net::IpAddr;

use super::text::{Printer, command, identity, milliseconds, seconds, word};
use crate::config::{
    BfdInstance, Command, GarpGroup, InterfaceDelay, Linkbeat, LinkbeatKind, ParamMatch, Program, Script,
    TrackFile, TrackGroup, TrackProcess, TrackScript, Weight,
};

/// A weight, and whether it is reversed.
pub(super) fn weight(weight: Weight) -> String {
    let Weight { value, reverse } = weight;
    format!("{value}{}", if reverse { " reverse" } else { "" })
}

pub(super) fn linkbeat(p: &mut Printer, lines: &[Linkbeat]) {
    p.lines("linkbeat_interfaces", lines, |Linkbeat { interface, kind }| {
        let kind = match kind {
            None => "",
            Some(LinkbeatKind::Mii) => " MII",
            Some(LinkbeatKind::Ethtool) => " ETHTOOL",
            Some(LinkbeatKind::Ioctl) => " IOCTL",
        };
        format!("{}{kind}", word(interface.value.as_str()))
    });
}

pub(super) fn interface_delays(p: &mut Printer, lines: &[InterfaceDelay]) {
    p.lines("interface_up_down_delays", lines, |InterfaceDelay { interface, down, up }| {
        format!("{} {} {}", word(interface.value.as_str()), seconds(*down), seconds(*up))
    });
}

pub(super) fn garp_group(p: &mut Printer, group: &GarpGroup) {
    let GarpGroup { span: _, garp_interval, gna_interval, interfaces } = group;
    p.block("garp_group", |p| {
        p.value("garp_interval", seconds(*garp_interval));
        p.value("gna_interval", seconds(*gna_interval));
        p.lines("interfaces", interfaces, |interface| word(interface.value.as_str()));
    });
}

pub(super) fn script(p: &mut Printer, script: &TrackScript) {
    let TrackScript { name, span: _, program, interval, timeout, weight, rise, fall, init_fail } = script;
    p.block(&format!("vrrp_script {}", word(name)), |p| {
        match program {
            Program::Run(Script { span: _, command: run, identity: who }) => {
                p.value("script", command(run));
                p.optional("user", who.as_ref().map(|who| identity(&who.value)));
            }
            Program::CanRead { span: _, path } => {
                let text = format!("<{path}");
                p.value("script", command(&Command { argv: vec![text.clone()], text }));
            }
        }
        p.value("interval", seconds(*interval));
        p.optional("timeout", timeout.map(seconds));
        p.value("weight", self::weight(*weight));
        p.value("rise", rise);
        p.value("fall", fall);
        p.flag("init_fail", *init_fail);
    });
}

pub(super) fn file(p: &mut Printer, file: &TrackFile) {
    let TrackFile { name, span: _, path, weight, init, overwrite } = file;
    p.block(&format!("track_file {}", word(name)), |p| {
        p.value("file", word(path));
        p.value("weight", self::weight(*weight));
        let overwrite = if *overwrite { " overwrite" } else { "" };
        p.optional("init_file", init.map(|number| format!("{number}{overwrite}")));
    });
}

pub(super) fn process(p: &mut Printer, process: &TrackProcess) {
    let TrackProcess {
        name,
        span: _,
        command,
        param_match,
        full_command,
        weight,
        quorum,
        quorum_max,
        terminate_delay,
        fork_delay,
    } = process;
    p.block(&format!("vrrp_track_process {}", word(name)), |p| {
        let words: Vec<String> = command.iter().map(|argument| word(argument)).collect();
        p.value("process", words.join(" "));
        match param_match {
            ParamMatch::None => {}
            ParamMatch::Exact => p.line("param_match"),
            ParamMatch::Partial => p.line("param_match partial"),
            ParamMatch::Initial => p.line("param_match initial"),
        }
        p.flag("full_command", *full_command);
        p.value("weight", self::weight(*weight));
        // None at most is written as such, and then none at least follows.
        p.optional("quorum", (*quorum > 0).then_some(quorum));
        p.optional("quorum_max", *quorum_max);
        p.optional("terminate_delay", (!terminate_delay.is_zero()).then(|| seconds(*terminate_delay)));
        p.optional("fork_delay", (!fork_delay.is_zero()).then(|| seconds(*fork_delay)));
    });
}

pub(super) fn bfd(p: &mut Printer, bfd: &BfdInstance) {
    let BfdInstance {
        name,
        span: _,
        neighbor,
        source,
        multihop,
        min_rx,
        min_tx,
        idle_tx,
        multiplier,
        passive,
        ttl,
        max_hops,
        weight,
        for_vrrp,
        for_checkers,
    } = bfd;
    p.block(&format!("bfd_instance {}", word(name)), |p| {
        p.value("neighbor_ip", neighbor);
        p.optional("source_ip", source.as_ref());
        p.flag("multihop", *multihop);
        p.value("min_rx", milliseconds(*min_rx));
        p.value("min_tx", milliseconds(*min_tx));
        p.value("idle_tx", milliseconds(*idle_tx));
        p.value("multiplier", multiplier);
        p.flag("passive", *passive);
        p.value(if matches!(neighbor, IpAddr::V4(_)) { "ttl" } else { "hoplimit" }, ttl);
        p.value("max_hops", max_hops.map_or(-1, i32::from));
        p.value("weight", self::weight(*weight));
        p.flag("vrrp", *for_vrrp);
        p.flag("checker", *for_checkers);
    });
}

pub(super) fn group<'a>(p: &mut Printer, group: &TrackGroup, members: impl Iterator<Item = &'a str>) {
    let TrackGroup { name, span: _, members: _ } = group;
    let members: Vec<&str> = members.collect();
    p.block(&format!("track_group {}", word(name)), |p| {
        p.lines("group", &members, |member| word(member));
    });
}
