//! `keepalived.json`, in both layouts.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use parser::config::{Auth, Config, ParamMatch, TrackProcess, Version, VrrpInstance};
use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CompactFormatter, Formatter};
use serde_json::value::RawValue;
use vrrp::counters::Counters;

use super::words::{address, closed, device, either, epoch, quoted};
use crate::plan::address::Address;
use crate::plan::notify::Scripts as Told;
use crate::plan::vrrp::{Instance as Plan, VrrpPlan};
use crate::script::Program;
use crate::status::vrrp::{Instance as Status, Known, VrrpStatus};

/// All virtual routers on one line; nothing if there is none. `json_version 1` is a list of them, 2 an object that holds the
/// list.
pub(super) fn json(config: &Config, plan: &VrrpPlan, status: &VrrpStatus) -> Option<String> {
    let all: Vec<Instance> = super::instances(config, plan, status)
        .map(|(one, own, status)| Instance {
            data: data(config, plan, one, own, status),
            stats: stats(&status.counters),
        })
        .collect();
    if all.is_empty() {
        return None;
    }
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, Escaping);
    let written = if config.global.json_version == 2 {
        Whole { vrrp: all, track_process: processes(config, status) }.serialize(&mut serializer)
    } else {
        all.serialize(&mut serializer)
    };
    // Neither writing to memory nor these types can fail.
    written.ok()?;
    bytes.push(b'\n');
    String::from_utf8(bytes).ok()
}

/// Writes `/` as `\/`, and whole floating-point numbers without a fraction, which readers take for integers.
struct Escaping;

impl Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut parts = fragment.split('/');
        if let Some(first) = parts.next() {
            CompactFormatter.write_string_fragment(writer, first)?;
        }
        for part in parts {
            writer.write_all(b"\\/")?;
            CompactFormatter.write_string_fragment(writer, part)?;
        }
        Ok(())
    }

    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        write!(writer, "{value}")
    }
}

/// `json_version 2`.
#[derive(Serialize)]
struct Whole {
    vrrp: Vec<Instance>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    track_process: Vec<Process>,
}

/// A `vrrp_track_process` that somebody tracks.
#[derive(Serialize)]
struct Process {
    process: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<String>,
    param_match: &'static str,
    min_processes: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_processes: Option<u32>,
    current_processes: usize,
    have_quorum: bool,
    weight: i32,
    terminate_delay: f64,
    fork_delay: f64,
    full_command: bool,
}

#[derive(Serialize)]
struct Instance {
    data: Data,
    stats: Stats,
}

/// The names and their order are keepalived's.
#[derive(Serialize)]
struct Data {
    iname: String,
    dont_track_primary: u8,
    skip_check_adv_addr: u8,
    strict_mode: u8,
    vmac_ifname: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ifp_ifname: Option<String>,
    master_priority: u8,
    last_transition: Box<RawValue>,
    garp_delay: f64,
    garp_refresh: u64,
    garp_rep: u32,
    garp_refresh_rep: u32,
    garp_lower_prio_delay: u64,
    garp_lower_prio_rep: u32,
    lower_prio_no_advert: u8,
    higher_prio_send_advert: u8,
    vrid: u8,
    base_priority: u8,
    effective_priority: u8,
    vipset: bool,
    promote_secondaries: bool,
    adver_int: f64,
    master_adver_int: f64,
    accept: u8,
    nopreempt: bool,
    preempt_delay: u64,
    state: u8,
    wantstate: u8,
    version: u8,
    smtp_alert: bool,
    notify_deleted: bool,
    #[serde(flatten)]
    scripts: Scripts,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    vips: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evips: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    vroutes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    vrules: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    track_ifp: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    track_script: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    track_process: Vec<String>,
    auth_type: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_data: Option<&'static str>,
}

#[derive(Serialize)]
struct Scripts {
    #[serde(skip_serializing_if = "Option::is_none")]
    script_backup: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    script_master: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    script_fault: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    script_stop: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    script_deleted: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    script: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    script_master_rx_lower_pri: Option<String>,
}

#[derive(Serialize)]
struct Stats {
    advert_rcvd: u64,
    advert_sent: u64,
    become_master: u64,
    release_master: u64,
    packet_len_err: u64,
    advert_interval_err: u64,
    ip_ttl_err: u64,
    invalid_type_rcvd: u64,
    addr_list_err: u64,
    invalid_authtype: u64,
    authtype_mismatch: u64,
    auth_failure: u64,
    auth_ext_missing: u64,
    auth_ext_malformed: u64,
    auth_ext_unknown_key: u64,
    auth_ext_invalid_hmac: u64,
    auth_ext_stale: u64,
    auth_ext_replay: u64,
    pri_zero_rcvd: u64,
    pri_zero_sent: u64,
}

fn data(all: &Config, plans: &VrrpPlan, config: &VrrpInstance, plan: &Plan, status: &Status) -> Data {
    let (own, excluded) = status.holds.split_at_checked(plan.addresses.len()).unwrap_or_default();
    let texts = |all: &[Arc<Address>], held: &[bool]| {
        let told = |(one, is_held): (&Arc<Address>, &bool)| {
            let filter = either(*is_held, closed(one, plan, plans), "");
            format!("{}{filter}", address(one, &device(one, config, plans), *is_held))
        };
        all.iter().zip(held).map(told).collect()
    };
    let garp = &config.garp;
    let own_vmac = super::own_vmac(config, plans).map(|vmac| vmac.name.clone());
    let script = |at: usize| {
        let name = &all.scripts.get(at)?.name;
        let script = plans.watched.scripts.iter().find(|one| one.name == *name)?;
        Some(quoted(&script.program.argv))
    };
    let process = |at: usize| all.track_processes.get(at).map(|one| one.name.clone());
    Data {
        iname: config.name.clone(),
        dont_track_primary: config.dont_track_primary.into(),
        skip_check_adv_addr: config.skip_check_adv_addr.into(),
        strict_mode: config.strict.into(),
        vmac_ifname: own_vmac.clone().unwrap_or_default(),
        ifp_ifname: own_vmac.or(plan.params.interface.clone()).filter(|_| config.vrf.is_none()),
        master_priority: status.leader.map_or(0, |leader| leader.priority.get()),
        last_transition: number(epoch(status.since)),
        garp_delay: garp.master_delay.as_secs_f64(),
        garp_refresh: garp.refresh.as_secs(),
        garp_rep: garp.master_repeat,
        garp_refresh_rep: garp.refresh_repeat,
        garp_lower_prio_delay: garp.lower_prio_delay.as_secs(),
        garp_lower_prio_rep: garp.lower_prio_repeat,
        lower_prio_no_advert: config.lower_prio_no_advert.into(),
        higher_prio_send_advert: config.higher_prio_send_advert.into(),
        vrid: config.vrid,
        base_priority: config.priority,
        effective_priority: status.effective_priority,
        vipset: status.holds.contains(&true),
        promote_secondaries: config.promote_secondaries,
        adver_int: config.advert_int.as_secs_f64(),
        master_adver_int: status.master_interval.as_secs_f64(),
        accept: config.accept.into(),
        nopreempt: !config.preempt,
        preempt_delay: whole(config.preempt_delay),
        state: status.state.number(),
        wantstate: status.wanted.number(),
        version: match config.version {
            Version::V2 => 2,
            Version::V3 => 3,
        },
        smtp_alert: config.smtp_alert,
        notify_deleted: config.report_deleted,
        scripts: scripts(&plan.scripts),
        vips: texts(&plan.addresses, own),
        evips: texts(&plan.excluded, excluded),
        vroutes: plan.routes.iter().map(ToString::to_string).collect(),
        vrules: plan.rules.iter().map(ToString::to_string).collect(),
        track_ifp: config.tracking.interfaces.iter().map(|one| one.what.to_string()).collect(),
        track_script: config.tracking.scripts.iter().filter_map(|one| script(one.what)).collect(),
        track_process: config.tracking.processes.iter().filter_map(|one| process(one.what)).collect(),
        auth_type: match config.auth {
            Auth::None => 0,
            Auth::Pass(_) => 1,
            Auth::Ah(_) => 2,
        },
        auth_data: (config.auth != Auth::None).then_some("********"),
    }
}

fn whole(time: Duration) -> u64 {
    time.as_secs()
}

fn number(text: String) -> Box<RawValue> {
    RawValue::from_string(text).expect("digits with a point between them are JSON")
}

fn scripts(told: &Told) -> Scripts {
    let text = |program: &Option<Box<Program>>| program.as_ref().map(|program| quoted(&program.argv));
    Scripts {
        script_backup: text(&told.backup),
        script_master: text(&told.master),
        script_fault: text(&told.fault),
        script_stop: text(&told.stop),
        script_deleted: text(&told.deleted),
        script: text(&told.any),
        script_master_rx_lower_pri: text(&told.lower_heard),
    }
}

fn processes(config: &Config, status: &VrrpStatus) -> Vec<Process> {
    let told = |one: &TrackProcess| {
        let is_it = |watched: &&crate::status::vrrp::Watched| matches!(&watched.object, vrrp::track::Object::Process(name) if *name == one.name);
        let watched = status.watched.iter().find(is_it)?;
        let (process, parameters) = one.command.split_first()?;
        Some(Process {
            process: process.clone(),
            parameters: (!parameters.is_empty()).then(|| parameters.join(" ")),
            param_match: match one.param_match {
                ParamMatch::None => "none",
                ParamMatch::Exact => "exact",
                ParamMatch::Partial => "partial",
                ParamMatch::Initial => "initial",
            },
            min_processes: one.quorum,
            max_processes: one.quorum_max,
            current_processes: watched.count,
            have_quorum: watched.known == Known::Good,
            weight: one.weight.value,
            terminate_delay: one.terminate_delay.as_secs_f64(),
            fork_delay: one.fork_delay.as_secs_f64(),
            full_command: one.full_command,
        })
    };
    config.track_processes.iter().filter_map(told).collect()
}

fn stats(c: &Counters) -> Stats {
    let x = &c.extension;
    Stats {
        advert_rcvd: c.received,
        advert_sent: c.sent,
        become_master: c.became_master,
        release_master: c.released_master,
        packet_len_err: c.length,
        advert_interval_err: c.interval,
        ip_ttl_err: c.ttl,
        invalid_type_rcvd: c.invalid_type,
        addr_list_err: c.address_list,
        invalid_authtype: c.auth_invalid_type,
        authtype_mismatch: c.auth_type_mismatch,
        auth_failure: c.auth_failure,
        auth_ext_missing: x.missing,
        auth_ext_malformed: x.malformed,
        auth_ext_unknown_key: x.unknown_key,
        auth_ext_invalid_hmac: x.invalid_hmac,
        auth_ext_stale: x.stale,
        auth_ext_replay: x.replay,
        pri_zero_rcvd: c.zero_received,
        pri_zero_sent: c.zero_sent,
    }
}
