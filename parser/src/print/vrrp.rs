//! `vrrp_sync_group` and `vrrp_instance`.

use std::net::IpAddr;

use super::net::{address, lookup, route, rule};
use super::text::{Printer, hex, password, seconds, word};
use super::track::weight;
use crate::config::{
    AntiReplay, Auth, Config, Family, Garp, Hmac, HmacKey, HmacMode, Ipvlan, IpvlanMode, KeySource,
    MacAddress, Notify, Peer, Peering, Role, Secret, SyncGroup, Tracked, Tracking, UnicastChecksum, Version,
    Vmac, VrrpInstance,
};

pub(super) fn sync_group(p: &mut Printer, group: &SyncGroup, config: &Config) {
    let SyncGroup { name, span: _, members, tracking, tracking_weight, notify, smtp_alert } = group;
    p.block(&format!("vrrp_sync_group {}", word(name)), |p| {
        p.lines("group", members, |at| super::name_at(&config.vrrp_instances, *at, |member| &member.name));
        self::tracking(p, tracking, config);
        p.flag("sync_group_tracking_weight", *tracking_weight);
        self::notify(p, notify);
        p.switch("smtp_alert", *smtp_alert);
    });
}

fn tracking(p: &mut Printer, tracking: &Tracking, config: &Config) {
    let Tracking { interfaces, scripts, files, processes, bfds } = tracking;
    p.lines("track_interface", interfaces, |Tracked { span: _, what, weight: effect }| {
        format!("{} weight {}", word(what.as_str()), weight(*effect))
    });
    let line = |name: String, effect| {
        // A definition may be reversed; a line says which of both it means.
        let crate::config::Weight { value, reverse } = effect;
        format!("{name} weight {value} {}", if reverse { "reverse" } else { "noreverse" })
    };
    p.lines("track_script", scripts, |Tracked { span: _, what, weight }| {
        line(super::name_at(&config.scripts, *what, |script| &script.name), *weight)
    });
    p.lines("track_file", files, |Tracked { span: _, what, weight }| {
        line(super::name_at(&config.track_files, *what, |file| &file.name), *weight)
    });
    p.lines("track_process", processes, |Tracked { span: _, what, weight }| {
        line(super::name_at(&config.track_processes, *what, |process| &process.name), *weight)
    });
    p.lines("track_bfd", bfds, |Tracked { span: _, what, weight }| {
        line(super::name_at(&config.bfd_instances, *what, |bfd| &bfd.name), *weight)
    });
}

fn notify(p: &mut Printer, notify: &Notify) {
    let Notify { master, backup, fault, stop, deleted, any, master_rx_lower_pri } = notify;
    p.script("notify_master", master.as_deref());
    p.script("notify_backup", backup.as_deref());
    p.script("notify_fault", fault.as_deref());
    p.script("notify_stop", stop.as_deref());
    p.script("notify_deleted", deleted.as_deref());
    p.script("notify", any.as_deref());
    p.script("notify_master_rx_lower_pri", master_rx_lower_pri.as_deref());
}

pub(super) fn instance(p: &mut Printer, instance: &VrrpInstance, config: &Config) {
    let VrrpInstance {
        name,
        span: _,
        vrid,
        interface,
        vrf,
        version,
        family,
        strict,
        state,
        priority,
        advert_int,
        preempt,
        preempt_delay,
        accept,
        down_timer_adverts,
        timer_expired_backup,
        peering,
        source,
        track_source,
        dont_track_primary,
        skip_check_adv_addr,
        v3_checksum_as_v2,
        unicast_checksum,
        rx_buffer,
        linkbeat_use_polling,
        addresses,
        excluded,
        routes,
        rules,
        promote_secondaries,
        vmac,
        vmac_addr,
        vmac_xmit_base,
        ipvlan,
        garp,
        lower_prio_no_advert,
        higher_prio_send_advert,
        owner_ignore_adverts,
        auth,
        hmac,
        tracking,
        // Said by the group.
        sync_group: _,
        notify,
        report_deleted,
        smtp_alert,
        notify_priority_changes,
    } = instance;
    p.block(&format!("vrrp_instance {}", word(name)), |p| {
        // Above everything that tells the family: version 2 is refused once it is known to be IPv6.
        p.value("version", if *version == Version::V2 { 2 } else { 3 });
        p.switch("strict_mode", *strict);
        p.value("state", if *state == Role::Master { "MASTER" } else { "BACKUP" });
        p.optional("interface", interface.as_ref().map(|said| word(said.value.as_str())));
        p.optional("vrf", vrf.as_ref().map(|said| word(said.value.as_str())));
        p.optional("virtual_router_id", Some(vrid).filter(|vrid| **vrid != VrrpInstance::NO_VRID));
        p.value("priority", priority);
        p.value("advert_int", seconds(*advert_int));
        p.line(if *preempt { "preempt" } else { "nopreempt" });
        p.optional("preempt_delay", (!preempt_delay.is_zero()).then(|| seconds(*preempt_delay)));
        p.line(if *accept { "accept" } else { "no_accept" });
        p.value("down_timer_adverts", down_timer_adverts);
        p.optional("timer_expired_backup", *timer_expired_backup);
        let told = source.is_some() || !addresses.is_empty();
        self::peering(p, peering, *family, told, config);
        let unicast = matches!(peering, Peering::Unicast { .. } | Peering::Missing);
        p.optional(if unicast { "unicast_src_ip" } else { "mcast_src_ip" }, *source);
        p.flag("track_src_ip", *track_source);
        p.flag("dont_track_primary", *dont_track_primary);
        p.flag("skip_check_adv_addr", *skip_check_adv_addr);
        p.switch("v3_checksum_as_v2", *v3_checksum_as_v2);
        match unicast_checksum {
            UnicastChecksum::Detect => {}
            UnicastChecksum::Old => p.line("old_unicast_checksum"),
            UnicastChecksum::New => p.line("old_unicast_checksum never"),
        }
        p.optional("kernel_rx_buf_size", *rx_buffer);
        p.flag("linkbeat_use_polling", *linkbeat_use_polling);
        p.lines("virtual_ipaddress", addresses, |line| address(line, config));
        p.lines("virtual_ipaddress_excluded", excluded, |line| address(line, config));
        p.flag("no_virtual_ipaddress", addresses.is_empty() && !strict);
        p.lines("virtual_routes", routes, |line| route(line, config));
        p.lines("virtual_rules", rules, |line| rule(line, config));
        p.flag("promote_secondaries", *promote_secondaries);
        if let Some(vmac) = vmac {
            self::vmac(p, vmac);
        }
        p.flag("use_vmac_addr", *vmac_addr);
        p.flag("vmac_xmit_base", *vmac_xmit_base && vmac.is_some());
        if let Some(ipvlan) = ipvlan {
            self::ipvlan(p, ipvlan);
        }
        self::garp(p, garp);
        p.switch("lower_prio_no_advert", *lower_prio_no_advert);
        p.switch("higher_prio_send_advert", *higher_prio_send_advert);
        const OWNER: u8 = 255;
        if *priority == OWNER {
            p.switch("owner_ignore_adverts", *owner_ignore_adverts);
        }
        self::auth(p, auth);
        if let Some(hmac) = hmac {
            self::hmac(p, hmac);
        }
        self::tracking(p, tracking, config);
        p.flag("notify_deleted", *report_deleted && notify.deleted.is_none());
        self::notify(p, notify);
        p.switch("smtp_alert", *smtp_alert);
        p.switch("notify_priority_changes", *notify_priority_changes);
    });
}

/// Whom adverts go to. `told` says that something else tells the family.
fn peering(p: &mut Printer, peering: &Peering, family: Family, told: bool, config: &Config) {
    match peering {
        Peering::Multicast { group } => {
            let global = match family {
                Family::V4 => IpAddr::V4(config.global.vrrp_mcast_group4),
                Family::V6 => IpAddr::V6(config.global.vrrp_mcast_group6),
            };
            if *group != global {
                p.value("mcast_dst_ip", group);
            } else if !told && family == Family::V6 {
                p.line("native_ipv6");
            }
        }
        Peering::Unicast { peers, ttl, check_source } => {
            p.lines("unicast_peer", peers, |Peer { addr, min_ttl, max_ttl }| {
                let (mut line, any) = (addr.to_string(), (0, u8::MAX));
                if *min_ttl != any.0 {
                    line += &format!(" min_ttl {min_ttl}");
                }
                if *max_ttl != any.1 {
                    line += &format!(" max_ttl {max_ttl}");
                }
                line
            });
            p.optional("unicast_ttl", *ttl);
            p.flag("check_unicast_src", *check_source);
        }
        Peering::Missing => {
            p.line("unicast_fault_no_peer");
            p.flag("native_ipv6", !told && family == Family::V6);
        }
    }
}

fn vmac(p: &mut Printer, vmac: &Vmac) {
    let Vmac { name, mac, netlink_notify, group } = vmac;
    let mut line = String::from("use_vmac");
    if let Some(name) = name {
        line += &format!(" name {}", word(name.value.as_str()));
    }
    if let Some(MacAddress(octets)) = mac {
        let octets = octets.map(|octet| format!("{octet:02x}"));
        line += &format!(" {}", octets.join(":"));
    }
    if *netlink_notify {
        line += " netlink_notify_msg";
    }
    if let Some(group) = group {
        line += &format!(" group {}", lookup(group));
    }
    p.line(line);
}

fn ipvlan(p: &mut Printer, ipvlan: &Ipvlan) {
    let Ipvlan { name, addr, mode, group } = ipvlan;
    let mut line = String::from("use_ipvlan");
    if let Some(name) = name {
        line += &format!(" name {}", word(name.value.as_str()));
    }
    if let Some(addr) = addr {
        line += &format!(" {addr}");
    }
    line += match mode {
        IpvlanMode::Bridge => " bridge",
        IpvlanMode::Private => " private",
        IpvlanMode::Vepa => " vepa",
    };
    if let Some(group) = group {
        line += &format!(" group {}", lookup(group));
    }
    p.line(line);
}

fn garp(p: &mut Printer, garp: &Garp) {
    let Garp {
        master_delay,
        master_repeat,
        refresh,
        refresh_repeat,
        lower_prio_delay,
        lower_prio_repeat,
        extra_if,
        extra_if_all,
    } = garp;
    p.value("garp_master_delay", seconds(*master_delay));
    p.value("garp_master_repeat", master_repeat);
    p.value("garp_master_refresh", seconds(*refresh));
    // None comes from `vrrp_min_garp` and cannot be said here.
    p.optional("garp_master_refresh_repeat", (*refresh_repeat > 0).then_some(refresh_repeat));
    p.value("garp_lower_prio_delay", seconds(*lower_prio_delay));
    p.value("garp_lower_prio_repeat", lower_prio_repeat);
    let all = if *extra_if_all { "all " } else { "" };
    p.value("garp_extra_if", format!("{all}{}", seconds(*extra_if)));
}

fn auth(p: &mut Printer, auth: &Auth) {
    let (kind, secret): (_, &Secret) = match auth {
        Auth::None => return,
        Auth::Pass(secret) => ("PASS", secret),
        Auth::Ah(secret) => ("AH", secret),
    };
    p.block("authentication", |p| {
        p.value("auth_type", kind);
        p.secret("auth_pass", secret, password);
    });
}

fn hmac(p: &mut Printer, hmac: &Hmac) {
    let Hmac { keys, active, window, anti_replay, mode } = hmac;
    p.block("auth_hmac", |p| {
        for HmacKey { id, key } in keys {
            match key {
                KeySource::Given(secret) => {
                    p.secret(&format!("key {id}"), secret, |secret| format!("hex:{}", hex(secret.expose())));
                }
                KeySource::File(path) => {
                    p.value(&format!("key {id}"), word(&format!("file:{}", path.value)));
                }
            }
        }
        p.value("active_key", active);
        p.value("time_window", seconds(*window));
        p.value(
            "anti_replay",
            match anti_replay {
                AntiReplay::Time => "time",
                AntiReplay::Monotonic => "monotonic",
            },
        );
        p.value(
            "mode",
            match mode {
                HmacMode::Enforce => "enforce",
                HmacMode::Permissive => "permissive",
                HmacMode::ReceiveOnly => "receive-only",
            },
        );
    });
}
