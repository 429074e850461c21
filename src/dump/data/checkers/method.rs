//! The checkers of real servers.

use std::time::SystemTime;

use checkers::params::{
    BeforeFirst, BetweenPages, CheckerKind, CheckerParams, Endpoint, LoggedFailures, Scheme, UdpReply,
};
use checkers::params::{MiscCheck, TlsFarewell, UdpCheck, WebCheck};
use parser::config::{self, Check, HttpCheck, Regex, RegexOption, Sni};

use crate::dump::Scene;
use crate::dump::sheet::{Sheet, attribute, member, object};
use crate::dump::words::{either, late_moment, moment, quoted, seconds};
use crate::status::checkers as status;

/// Whether a checker is told of changes instead of asking.
fn is_told(kind: &CheckerKind) -> bool {
    matches!(kind, CheckerKind::File(_) | CheckerKind::Bfd(_))
}

/// All of them, those of files last.
pub(super) fn write(scene: &Scene<'_>, status: Option<&status::CheckersStatus>, sheet: &mut Sheet) {
    for is_of_file in [false, true] {
        for (at, service) in scene.plan.checkers.services.iter().enumerate() {
            let told = status.and_then(|status| status.services.get(at));
            for (index, server) in service.params.servers.iter().enumerate() {
                let said = scene.config.virtual_servers.get(at).and_then(|vs| vs.real_servers.get(index));
                // None of these is ever left out of a plan.
                let (host, all) =
                    said.map_or((None, &[][..]), |server| (server.virtualhost.as_ref(), &server.checkers));
                let (mut webs, mut udps) = (all.iter().filter_map(web_said), all.iter().filter_map(udp_said));
                let server_told = told.and_then(|service| service.servers.get(index));
                for (nth, params) in server.checkers.iter().enumerate() {
                    let said = Said {
                        host,
                        web: if let CheckerKind::Web(_) = &*params.kind { webs.next() } else { None },
                        udp: if let CheckerKind::Udp(_) = &*params.kind { udps.next() } else { None },
                    };
                    if matches!(&*params.kind, CheckerKind::File(_)) != is_of_file {
                        continue;
                    }
                    object!(sheet, "{} -> {}", service.params.id, server.id);
                    let is_enabled = is_told(&params.kind) || !told.is_some_and(|told| told.suspended);
                    attribute!(sheet, "Enabled = {}", either(is_enabled, "yes", "no"));
                    checker(params, said, server_told.and_then(|server| server.checkers.get(nth)), sheet);
                }
            }
        }
    }
}

/// What the configuration says of a checker and its plan does not.
#[derive(Clone, Copy)]
struct Said<'a> {
    /// The virtual host of the real server.
    host: Option<&'a String>,
    web: Option<&'a HttpCheck>,
    udp: Option<&'a config::UdpCheck>,
}

fn web_said(one: &config::Checker) -> Option<&HttpCheck> {
    if let Check::Http(http) = &one.check { Some(http) } else { None }
}

fn udp_said(one: &config::Checker) -> Option<&config::UdpCheck> {
    if let Check::Udp(udp) = &one.check { Some(udp) } else { None }
}

fn checker(params: &CheckerParams, said: Said<'_>, told: Option<&status::Checker>, sheet: &mut Sheet) {
    let yes = |is_so| either(is_so, "yes", "no");
    if let Some(told) = told {
        attribute!(sheet, "Up = {}", yes(told.up));
        attribute!(sheet, "Has run = {}", yes(told.has_run));
        attribute!(sheet, "Current weight = {}", told.contribution);
    }
    if !is_told(&params.kind) {
        let cadence = &params.cadence;
        attribute!(sheet, "Alpha = {}", yes(params.before_first == BeforeFirst::Down));
        attribute!(sheet, "Delay loop = {} us", cadence.delay_loop.as_micros());
        attribute!(sheet, "Warmup = {} us", cadence.warmup.as_micros());
        attribute!(sheet, "Retries = {}", params.retry);
        if params.retry > 0 {
            attribute!(sheet, "Delay before retry = {} us", cadence.delay_before_retry.as_micros());
            if let Some(told) = told {
                attribute!(sheet, "Retries iterations = {}", told.failures);
            }
        }
        attribute!(sheet, "Default delay before retry = {} us", usual_delay(&params.kind));
    }
    attribute!(sheet, "Log all failures = {}", yes(params.failures == LoggedFailures::Every));
    if let Some(endpoint) = params.kind.endpoint() {
        connection(endpoint, sheet);
    }
    let last = told.and_then(|told| told.last.as_ref());
    kind(params, said, last, sheet);
    if let Some(probe) = last {
        let result = probe.passed.map_or("not made", |passed| either(passed, "passed", "failed"));
        attribute!(sheet, "Last check = {}", moment(probe.at));
        member!(sheet, "Result = {result}");
        member!(sheet, "Took = {} us", probe.took.as_micros());
        member!(sheet, "Started late by = {} us", probe.late.as_micros());
    }
}

/// The pause after a failure that nobody has configured, in microseconds; 0 is the checker's own interval.
fn usual_delay(kind: &CheckerKind) -> u32 {
    match kind {
        CheckerKind::Web(_) => 3_000_000,
        CheckerKind::Dns(_) => 0,
        CheckerKind::Tcp(_)
        | CheckerKind::Smtp(_)
        | CheckerKind::Udp(_)
        | CheckerKind::Ping(_)
        | CheckerKind::File(_)
        | CheckerKind::Bfd(_)
        | CheckerKind::Misc(_) => 1_000_000,
    }
}

fn connection(endpoint: &Endpoint, sheet: &mut Sheet) {
    attribute!(sheet, "Connection");
    member!(sheet, "Dest = [{}]:{}", endpoint.dest.ip(), endpoint.dest.port());
    if let Some(bind) = endpoint.bind {
        member!(sheet, "Bind to = [{}]:{}", bind.ip(), bind.port());
    }
    if let Some(device) = &endpoint.device {
        member!(sheet, "Bind i/f = {device}");
    }
    if endpoint.mark != 0 {
        member!(sheet, "Mark = {}", endpoint.mark);
    }
    member!(sheet, "Timeout = {:.6}", seconds(endpoint.timeout));
}

fn kind(params: &CheckerParams, said: Said<'_>, last: Option<&status::Probe>, sheet: &mut Sheet) {
    match &*params.kind {
        CheckerKind::Tcp(_) => attribute!(sheet, "Keepalive method = TCP_CHECK"),
        CheckerKind::Web(check) => web(check, said, sheet),
        CheckerKind::Smtp(smtp) => {
            attribute!(sheet, "Keepalive method = SMTP_CHECK");
            attribute!(sheet, "helo = {}", smtp.helo_name);
        }
        CheckerKind::Udp(check) => udp(check, said.udp, sheet),
        CheckerKind::Ping(_) => attribute!(sheet, "Keepalive method = PING_CHECK"),
        CheckerKind::File(file) => {
            attribute!(sheet, "Keepalive method = FILE_CHECK");
            member!(sheet, "Tracked file = {}", file.name);
            member!(sheet, "Reloaded = No");
        }
        CheckerKind::Bfd(bfd) => {
            attribute!(sheet, "Keepalive method = BFD_CHECK");
            attribute!(sheet, "Name = {}", bfd.session);
            attribute!(sheet, "Alpha is {}", either(params.before_first == BeforeFirst::Down, "ON", "OFF"));
        }
        CheckerKind::Misc(check) => misc(check, last, sheet),
        CheckerKind::Dns(dns) => {
            attribute!(sheet, "Keepalive method = DNS_CHECK");
            attribute!(sheet, "Type = {}", format!("{:?}", dns.question.record).to_uppercase());
            attribute!(sheet, "Name = {}", dns.question.name);
        }
    }
}

fn web(web: &WebCheck, Said { host, web: said, .. }: Said<'_>, sheet: &mut Sheet) {
    let scheme = match web.scheme {
        Scheme::Http => "HTTP_GET",
        Scheme::Https => "SSL_GET",
    };
    let version = match web.version {
        checkers::http::Version::Http10 => "1.0",
        checkers::http::Version::Http10Close => "1.0C",
        checkers::http::Version::Http11 => "1.1",
    };
    attribute!(sheet, "Keepalive method = {scheme}, http protocol {version}");
    if let Some(said) = said {
        // One of its own.
        if let Some(own) = said.virtualhost.as_ref().filter(|own| Some(*own) != host) {
            attribute!(sheet, "Virtualhost = {own}");
        }
        let is_named = matches!(said.sni, Some(Sni::VirtualHost(_)));
        attribute!(sheet, "Enable SNI {}", either(is_named, "set", "unset"));
        if let Some(Sni::Name(name)) = &said.sni {
            member!(sheet, "SNI name = {name}");
        }
    }
    attribute!(sheet, "Fast recovery {}", either(web.between == BetweenPages::Hurry, "set", "unset"));
    if web.scheme == Scheme::Https {
        let is_compliant = web.pages.iter().all(|page| page.farewell == TlsFarewell::CloseNotify);
        attribute!(sheet, "tls_compliant {}", either(is_compliant, "set", "unset"));
    }
    let urls = said.map_or(&[][..], |said| &said.urls);
    for (at, page) in web.pages.iter().enumerate() {
        let url = urls.get(at);
        attribute!(sheet, "Checked url = {}", page.path);
        if let Some(digest) = &page.wanted.digest {
            member!(sheet, "digest = {digest}");
        }
        if page.farewell == TlsFarewell::CloseNotify {
            member!(sheet, "tls_compliant set");
        }
        member!(sheet, "HTTP Status Code(s)");
        for codes in &page.wanted.status {
            let (first, last) = (codes.start(), codes.end());
            if first == last {
                sheet.line(7, format_args!("{first}"));
            } else {
                sheet.line(7, format_args!("{first}-{last}"));
            }
        }
        if let Some(host) = url.and_then(|url| url.virtualhost.as_ref()) {
            member!(sheet, "Virtual host = {host}");
        }
        if let Some(pattern) = url.and_then(|url| url.regex.as_ref()) {
            regex(pattern, sheet);
        }
    }
}

fn regex(regex: &Regex, sheet: &mut Sheet) {
    member!(sheet, "Regex = \"{}\"", regex.pattern);
    if regex.invert {
        member!(sheet, "Regex no match");
    }
    match (regex.min_offset, regex.max_offset) {
        (0, None) => {}
        (least, None) => member!(sheet, "Regex min offset = {least}"),
        (least, Some(most)) => member!(sheet, "Regex min offset = {least}, max_offset = {most}"),
    }
    let options: String = regex.options.iter().map(|option| format!(" {}", name_of(*option))).collect();
    member!(sheet, "Regex options:{options}");
}

fn name_of(option: RegexOption) -> &'static str {
    match option {
        RegexOption::AllowEmptyClass => "allow_empty_class",
        RegexOption::AltBsux => "alt_bsux",
        RegexOption::AltCircumflex => "alt_circumflex",
        RegexOption::AltVerbnames => "alt_verbnames",
        RegexOption::AutoCallout => "auto_callout",
        RegexOption::Caseless => "caseless",
        RegexOption::DollarEndonly => "dollar_endonly",
        RegexOption::Dotall => "dotall",
        RegexOption::Dupnames => "dupnames",
        RegexOption::Extended => "extended",
        RegexOption::Firstline => "firstline",
        RegexOption::MatchUnsetBackref => "match_unset_backref",
        RegexOption::Multiline => "multiline",
        RegexOption::NeverBackslashC => "never_backslash_c",
        RegexOption::NeverUcp => "never_ucp",
        RegexOption::NeverUtf => "never_utf",
        RegexOption::NoAutoCapture => "no_auto_capture",
        RegexOption::NoAutoPossess => "no_auto_possess",
        RegexOption::NoDotstarAnchor => "no_dotstar_anchor",
        RegexOption::NoStartOptimize => "no_start_optimize",
        RegexOption::Ucp => "ucp",
        RegexOption::Ungreedy => "ungreedy",
        RegexOption::UseOffsetLimit => "use_offset_limit",
        RegexOption::Utf => "utf",
    }
}

fn udp(udp: &UdpCheck, said: Option<&config::UdpCheck>, sheet: &mut Sheet) {
    attribute!(sheet, "Keepalive method = UDP_CHECK");
    if udp.payload == UdpCheck::PAYLOAD {
        attribute!(sheet, "Payload specified = no");
    } else {
        attribute!(sheet, "Payload len = {}", udp.payload.len());
    }
    attribute!(sheet, "Require reply = {}", either(udp.reply == UdpReply::Optional, "no", "yes"));
    let (Some(said), UdpReply::Any | UdpReply::Like { .. }) = (said, &udp.reply) else { return };
    member!(sheet, "Min reply length = {}", said.min_reply_length);
    member!(sheet, "Max reply length = {}", said.max_reply_length);
    let pattern = if let UdpReply::Like { pattern, .. } = &udp.reply { &pattern[..] } else { &[] };
    member!(sheet, "Reply data len = {}", pattern.len());
    if !pattern.is_empty() {
        let has_mask = pattern.iter().any(|(_, mask)| *mask != 0xff);
        member!(sheet, "Reply data mask = {}", either(has_mask, "yes", "no"));
    }
}

fn misc(misc: &MiscCheck, last: Option<&status::Probe>, sheet: &mut Sheet) {
    attribute!(sheet, "Keepalive method = MISC_CHECK");
    attribute!(sheet, "script = {}", quoted(&misc.argv));
    attribute!(sheet, "timeout = {}", misc.timeout.as_secs());
    attribute!(sheet, "dynamic = {}", either(misc.dynamic, "YES", "NO"));
    attribute!(sheet, "uid:gid = {}:{}", misc.user.0, misc.user.1);
    let begun = last.map_or(SystemTime::UNIX_EPOCH, |probe| probe.at - probe.took);
    attribute!(sheet, "Last ran = {}", late_moment(begun));
    if let Some(exit_status) = last.map_or(Some(0), |probe| probe.exit_status) {
        attribute!(sheet, "Last status = {exit_status}");
    }
}
