//! How keepalived writes values in its dumps: the same in text and JSON.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Local};
use parser::config::{self, Family, VrrpInstance};

use crate::plan::address::Address;
use crate::plan::vrrp::{Instance, VrrpPlan};
use crate::script::Program;

/// `true` or `false` as other words.
pub(super) fn either(is_first: bool, first: &'static str, second: &'static str) -> &'static str {
    if is_first { first } else { second }
}

/// `1795359088.785074`: seconds since 1970.
pub(super) fn epoch(at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{}.{:06}", since.as_secs(), since.subsec_micros())
}

/// `1795359088.785074 (Sun Nov 22 14:51:28.785074 2026)`.
pub(super) fn moment(at: SystemTime) -> String {
    let local = DateTime::<Local>::from(at);
    format!("{} ({})", epoch(at), local.format("%a %b %e %T%.6f %Y"))
}

/// `1795359088.785074 (Sun Nov 22 14:51:28 2026.785074)`: the same with the part of a second behind the year, as the
/// original has it for checks and BFD.
pub(super) fn late_moment(at: SystemTime) -> String {
    let (local, seconds) = (DateTime::<Local>::from(at), epoch(at));
    let micros = seconds.split_once('.').map_or("", |(_, micros)| micros);
    format!("{seconds} ({}.{micros})", local.format("%a %b %e %T %Y"))
}

/// Seconds with as many decimals as they need.
pub(super) fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

/// `'/usr/bin/logger' 'it'\''s', uid:gid 0:0`; a file of another name than the first word stands before them.
pub(super) fn program(program: &Program) -> String {
    let Program { path, argv, identity, .. } = program;
    let file = other_file(program).map_or_else(String::new, |_| format!("{path}, params = "));
    format!("{file}{}, uid:gid {}:{}", quoted(argv), identity.uid, identity.gid)
}

/// The file that is executed, if the first word is not its name.
pub(super) fn other_file(program: &Program) -> Option<&str> {
    let is_other = program.argv.first().is_some_and(|word| *word != program.path);
    (is_other && !program.by_shell).then_some(program.path.as_str())
}

/// Words as a shell would read them: `'/usr/bin/logger' 'it'\''s'`.
pub(super) fn quoted(words: &[String]) -> String {
    let quoted = words.iter().map(|word| format!("'{}'", word.replace('\'', r"'\''")));
    quoted.collect::<Vec<_>>().join(" ")
}

/// `02:00:00:00:00:01`.
pub(super) fn mac(mac: [u8; 6]) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}

/// `192.0.2.100/24 brd 192.0.2.255 dev eth0 scope global label eth0:1 set`, the last word if it is held. `device` is what
/// there is to tell about its interface.
pub(crate) fn address(one: &Address, device: &str, is_held: bool) -> String {
    let own_prefix = |prefix: u8| prefix != Family::of(one.address).host_bits();
    let mut text = one.address.to_string();
    let mut say = |words: std::fmt::Arguments<'_>| {
        // Writing to a string cannot fail.
        let _ = text.write_fmt(words);
    };
    if one.peer().is_none() && own_prefix(one.prefix) {
        say(format_args!("/{}", one.prefix));
    }
    if let Some(broadcast) = one.broadcast() {
        say(format_args!(" brd {broadcast}"));
    }
    say(format_args!(" dev {device} scope {}", scope(one.scope)));
    if let Some(label) = one.label() {
        say(format_args!(" label {label}"));
    }
    if let Some(peer) = one.peer() {
        say(format_args!(" peer {peer}/{}", one.prefix));
    }
    let seldom = one.seldom();
    let flags = [
        (seldom.home, " home"),
        (one.address.is_ipv6() && !one.no_duplicate_detection, " -nodad"),
        (seldom.manage_temporary, " mngtmpaddr"),
        (seldom.no_prefix_route, " noprefixroute"),
        (seldom.autojoin, " autojoin"),
        (!one.tracked, " no_track"),
    ];
    for (_, flag) in flags.into_iter().filter(|(is_set, _)| *is_set) {
        say(format_args!("{flag}"));
    }
    if one.address.is_ipv6() {
        match one.preferred() {
            None => say(format_args!(" preferred_lft forever")),
            Some(0) => say(format_args!(" deprecated")),
            Some(seconds) => say(format_args!(" preferred_lft {seconds}")),
        }
    }
    if is_held {
        say(format_args!(" set"));
    }
    text
}

/// `vrrp.51@eth0`: the interface of an address, and the one below it if it is a VMAC; ` use_vmac` says that the address itself
/// asked for it.
pub(super) fn device(one: &Address, of: &VrrpInstance, plan: &VrrpPlan) -> String {
    let Some(vmac) = plan.standing.vmacs.iter().find(|vmac| vmac.name == one.interface) else {
        return one.interface.to_string();
    };
    let is_own = super::own_vmac(of, plan).is_some_and(|own| own.name == vmac.name);
    format!("{}@{}{}", vmac.name, vmac.base, either(is_own || of.vmac_addr, "", " use_vmac"))
}

/// ` nftable_set`: what the filter does about an address that is held and takes no packets.
pub(super) fn closed(one: &Address, of: &Instance, plan: &VrrpPlan) -> &'static str {
    let is_closed = of.closed.iter().any(|closed| closed.address == one.address);
    match plan.standing.firewall.as_ref().filter(|_| is_closed) {
        Some(filter) if filter.iptables.is_some() => " iptable_set",
        Some(_) => " nftable_set",
        None => "",
    }
}

/// The names that iproute2 has without its files.
fn scope(scope: u8) -> String {
    match scope {
        0 => "global".to_owned(),
        200 => "site".to_owned(),
        253 => "link".to_owned(),
        254 => "host".to_owned(),
        255 => "nowhere".to_owned(),
        number => number.to_string(),
    }
}

/// ` weight 5 reverse`, as keepalived writes what tracking does.
pub(super) fn weight(weight: config::Weight) -> String {
    format!("weight {}{}", weight.value, either(weight.reverse, " reverse", ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::address::Seldom;

    fn plain(address: &str, prefix: u8) -> Address {
        let plain = Address::plain("v0", address.parse().unwrap(), prefix);
        Address { no_duplicate_detection: true, ..plain }
    }

    /// Lines of Debian's keepalived.
    #[test]
    fn addresses_read_as_in_the_original_s_dump() {
        let with = |seldom: Seldom, plain: Address| Address { seldom: seldom.boxed(), ..plain };
        let label = Seldom {
            broadcast: Some([192, 0, 2, 255].into()),
            label: Some("v0:1".into()),
            ..Seldom::default()
        };
        let labelled = with(label, plain("192.0.2.100", 24));
        let peer = Seldom { peer: Some([10, 1, 1, 1].into()), ..Seldom::default() };
        let with_peer = with(peer, plain("192.0.2.102", 32));
        let flags = Seldom { no_prefix_route: true, ..Seldom::default() };
        let flags = with(flags, Address { tracked: false, scope: 253, ..plain("192.0.2.103", 32) });
        let deprecated =
            Address { no_duplicate_detection: false, deprecated: true, ..plain("2001:db8::6", 128) };
        let fading = with(Seldom { preferred: Some(100), ..Seldom::default() }, plain("2001:db8::7", 64));
        let cases = [
            (labelled, true, "192.0.2.100/24 brd 192.0.2.255 dev v0 scope global label v0:1 set"),
            (with_peer, false, "192.0.2.102 dev v0 scope global peer 10.1.1.1/32"),
            (flags, true, "192.0.2.103 dev v0 scope link noprefixroute no_track set"),
            (deprecated, true, "2001:db8::6 dev v0 scope global -nodad deprecated set"),
            (fading, false, "2001:db8::7/64 dev v0 scope global preferred_lft 100"),
            (plain("2001:db8::5", 64), false, "2001:db8::5/64 dev v0 scope global preferred_lft forever"),
        ];
        for (one, is_held, text) in cases {
            assert_eq!(address(&one, &one.interface, is_held), text);
        }
    }

    #[test]
    fn commands_are_quoted_word_by_word() {
        let argv = ["/x", "it's", "b c"].map(str::to_owned).to_vec();
        assert_eq!(quoted(&argv), r"'/x' 'it'\''s' 'b c'");
    }

    #[test]
    fn moments_have_six_decimals() {
        let at = UNIX_EPOCH + Duration::from_micros(1_795_359_088_000_074);
        assert_eq!(epoch(at), "1795359088.000074");
        assert!(moment(at).starts_with("1795359088.000074 ("), "{}", moment(at));
    }
}
