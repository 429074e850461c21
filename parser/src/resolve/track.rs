//! Tracked things, and the small blocks around them.

use std::time::Duration;

use crate::block::bfd::BfdBlock;
use crate::block::group::{GarpGroupBlock, TrackGroupBlock};
use crate::block::track::{TrackFileBlock, TrackProcessBlock, TrackScriptBlock};
use crate::config::{
    Address, BfdInstance, Config, Family, GarpGroup, Located, ParamMatch, Program, Script, TrackFile,
    TrackGroup, TrackProcess, TrackScript, Weight,
};
use crate::config::{Route, Rule};
use crate::keyword::Blocks;
use crate::resolve::{Complaints, said};
use crate::value::address::StaticAddress;
use crate::value::route::RouteLine;
use crate::value::rule::RuleLine;

/// Scripts, in the order of the file.
pub(super) fn scripts(blocks: Blocks<TrackScriptBlock>) -> Vec<TrackScript> {
    let script = |Located { value: block, span }: Located<TrackScriptBlock>| {
        let Located { value: command, span: said_at } = block.script.as_deref().cloned()?;
        let interval = block.interval().0;
        let program = match command.0.text.strip_prefix('<').filter(|path| path.starts_with('/')) {
            Some(path) => Program::CanRead { span: said_at, path: path.to_owned() },
            None => Program::Run(Script {
                span: said_at,
                command: command.0,
                identity: block.user.as_deref().cloned(),
            }),
        };
        Some(TrackScript {
            span,
            program,
            interval,
            timeout: block.timeout.as_ref().map(|timeout| timeout.value.0),
            weight: block.weight().0,
            rise: block.rise(),
            fall: block.fall(),
            init_fail: block.init_fail.is_some(),
            name: block.head,
        })
    };
    blocks.into_iter().filter_map(script).collect()
}

/// Files, in the order of the file.
pub(super) fn files(blocks: Blocks<TrackFileBlock>) -> Vec<TrackFile> {
    let file = |Located { value: block, span }: Located<TrackFileBlock>| {
        let path = block.path()?.value.clone();
        let init = block.init_file.as_ref().map(|said| said.value);
        Some(TrackFile {
            span,
            path,
            weight: said(block.weight).map_or(Weight { value: 1, reverse: false }, |weight| weight.0),
            init: init.map(|init| init.value),
            overwrite: init.is_some_and(|init| init.overwrite),
            name: block.head,
        })
    };
    blocks.into_iter().filter_map(file).collect()
}

/// Processes, in the order of the file.
pub(super) fn processes(blocks: Blocks<TrackProcessBlock>) -> Vec<TrackProcess> {
    let process = |Located { value: block, span }: Located<TrackProcessBlock>| {
        let command = said(block.process.clone())?.0;
        let quorum_max = said(block.quorum_max.clone());
        let matched = said(block.param_match.clone());
        let has_arguments = command.len() > 1;
        let delay = said(block.delay.clone()).unwrap_or(Duration::ZERO);
        Some(TrackProcess {
            span,
            param_match: matched.unwrap_or(if has_arguments { ParamMatch::Exact } else { ParamMatch::None }),
            full_command: block.full_command.is_some() || matched.is_some() || has_arguments,
            command,
            weight: block.weight().0,
            quorum: if quorum_max == Some(0) { 0 } else { block.quorum() },
            quorum_max,
            terminate_delay: said(block.terminate_delay).unwrap_or(delay),
            fork_delay: said(block.fork_delay).unwrap_or(delay),
            name: block.head,
        })
    };
    blocks.into_iter().filter_map(process).collect()
}

/// Groups of interfaces that share spacing.
pub(super) fn garp_groups(blocks: Blocks<GarpGroupBlock>) -> Vec<GarpGroup> {
    blocks
        .into_iter()
        .map(|Located { value: block, span }| GarpGroup {
            span,
            garp_interval: said(block.garp_interval).unwrap_or(Duration::ZERO),
            gna_interval: said(block.gna_interval).unwrap_or(Duration::ZERO),
            interfaces: said(block.interface).map_or_else(Vec::new, |interfaces| interfaces.0),
        })
        .collect()
}

/// Static track groups whose members exist.
pub(super) fn groups(
    blocks: Blocks<TrackGroupBlock>,
    config: &Config,
    complaints: &mut Complaints,
) -> Vec<TrackGroup> {
    let mut groups = Vec::new();
    for Located { value: block, span } in blocks {
        let name = block.head;
        let mut members = Vec::new();
        for member in said(block.group).map_or_else(Vec::new, |group| group.0) {
            match config.vrrp_instances.iter().position(|instance| instance.name == member.value) {
                Some(index) => members.push(index),
                None => complaints.class(
                    crate::diag::Class::Log,
                    format!(
                        "vrrp instance {} specified in track_group {name} doesn't exist - ignoring",
                        member.value
                    ),
                ),
            }
        }
        match members.is_empty() {
            true => complaints.class(
                crate::diag::Class::Log,
                format!("track_group {name} has no virtual router(s) - removing"),
            ),
            false => groups.push(TrackGroup { name, span, members }),
        }
    }
    groups
}

/// Static addresses, their groups found.
pub(super) fn static_addresses(lines: Vec<StaticAddress>, config: &Config) -> Vec<Address> {
    lines
        .into_iter()
        .map(|StaticAddress(line)| Address {
            track_group: group_named(line.track_group, config),
            ..line.address
        })
        .collect()
}

/// Static routes, their groups found.
pub(super) fn static_routes(lines: Vec<RouteLine>, config: &Config) -> Vec<Route> {
    lines
        .into_iter()
        .map(|line| Route { track_group: group_named(line.track_group, config), ..line.route })
        .collect()
}

/// Static rules, their groups found.
pub(super) fn static_rules(lines: Vec<RuleLine>, config: &Config) -> Vec<Rule> {
    lines
        .into_iter()
        .map(|line| Rule { track_group: group_named(line.track_group, config), ..line.rule })
        .collect()
}

fn group_named(name: Option<String>, config: &Config) -> Option<usize> {
    position(&config.track_groups, &name?, |group| &group.name)
}

/// BFD sessions that know their neighbour.
pub(super) fn bfds(blocks: Blocks<BfdBlock>, complaints: &mut Complaints) -> Vec<BfdInstance> {
    let mut sessions: Vec<BfdInstance> = Vec::new();
    for Located { value: block, span } in blocks {
        let name = block.head.clone();
        let what = format!("Configuration error: BFD instance {name}");
        let end = block.end.clone().unwrap_or_else(|| span.clone());
        let Some(neighbor) = block.neighbor_ip.as_ref().map(|said| said.value) else {
            let text = format!("{what} has no neighbor address set, disabling instance");
            complaints.at(&end, text);
            continue;
        };
        let source = block.source_ip.as_ref().map(|said| said.value);
        if let Some(source) = source.filter(|source| Family::of(*source) != Family::of(neighbor)) {
            complaints.at(&end, format!(
                "{what} source address {source} and neighbor address {neighbor} are not of the same family, disabling instance"
            ));
            continue;
        }
        let multihop = block.multihop();
        let rival = sessions.iter().any(|other| {
            other.neighbor == neighbor
                && other.multihop == multihop
                && (other.source == source || other.source.is_none() || source.is_none())
        });
        if rival {
            complaints
                .at(&end, format!("{what} has duplicate neighbor address {neighbor}, ignoring instance"));
            continue;
        }
        let ttl = said(block.ttl.clone()).unwrap_or(match Family::of(neighbor) {
            Family::V4 => 255,
            Family::V6 => 64,
        });
        // -1 is any number.
        let any = i32::from(u8::MAX);
        let mut max_hops = if block.max_hops() < 0 { any } else { block.max_hops() };
        if max_hops > i32::from(ttl) {
            complaints.at(
                &end,
                format!("BFD instance {name}: max_hops exceeds ttl/hoplimit - setting to ttl/hoplimit"),
            );
            max_hops = i32::from(ttl);
        }
        let (vrrp, checker) = (block.vrrp.is_some(), block.checker.is_some());
        sessions.push(BfdInstance {
            span,
            neighbor,
            source,
            multihop,
            min_rx: block.min_rx().0,
            min_tx: block.min_tx().0,
            idle_tx: block.idle_tx().0,
            multiplier: block.multiplier(),
            passive: block.passive.is_some(),
            ttl,
            max_hops: u8::try_from(max_hops).ok().filter(|_| max_hops < any),
            weight: block.weight().0,
            for_vrrp: vrrp || !checker,
            for_checkers: checker || !vrrp,
            name,
        });
    }
    sessions
}

/// Names that are still used after blocks became lists.
pub(super) fn position<T>(list: &[T], name: &str, of: impl Fn(&T) -> &str) -> Option<usize> {
    list.iter().position(|item| of(item) == name)
}
