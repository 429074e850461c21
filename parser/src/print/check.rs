//! Checkers of a real server.

use super::text::{Printer, command, hex, identity, pattern, seconds, word};
use super::track::weight;
use crate::config::{
    BfdCheck, Check, Checker, Config, DnsCheck, DnsType, Endpoint, FileCheck, HttpCheck, HttpProtocol,
    HttpUrl, Inherited, MiscCheck, Pace, RealServer, Regex, RegexOption, ReplyPattern, Script, SmtpCheck,
    Sni, StatusCodes, TlsVerify, UdpCheck, VirtualServer,
};

/// What checkers take from the block around them, but for `alpha`, which virtual servers say in another way than real ones.
pub(super) fn inherited(p: &mut Printer, inherited: &Inherited) {
    let Inherited { delay_loop, connect_timeout, retry, delay_before_retry, warmup, alpha: _ } = inherited;
    p.value("delay_loop", seconds(*delay_loop));
    p.value("connect_timeout", seconds(*connect_timeout));
    p.optional("retry", *retry);
    p.optional("delay_before_retry", delay_before_retry.map(seconds));
    p.optional("warmup", warmup.map(seconds));
}

pub(super) fn checker(
    p: &mut Printer,
    checker: &Checker,
    real: &RealServer,
    server: &VirtualServer,
    config: &Config,
) {
    let Checker { span: _, pace, check } = checker;
    match check {
        Check::Tcp(endpoint) => p.block("TCP_CHECK", |p| connecting(p, endpoint, pace)),
        Check::Ping(endpoint) => p.block("PING_CHECK", |p| connecting(p, endpoint, pace)),
        Check::Udp(udp) => {
            let UdpCheck { endpoint, payload, reply, min_reply_length, max_reply_length } = &**udp;
            p.block("UDP_CHECK", |p| {
                connecting(p, endpoint, pace);
                p.optional("payload", payload.as_ref().map(|bytes| hex(bytes)));
                if let Some(ReplyPattern { bytes }) = reply {
                    p.line(format!("require_reply {}", masked(bytes)).trim_end());
                }
                p.value("min_reply_length", min_reply_length);
                p.value("max_reply_length", max_reply_length);
            });
        }
        Check::Http(http) => {
            p.block(if http.tls { "SSL_GET" } else { "HTTP_GET" }, |p| {
                self::http(p, http, pace, real, server)
            });
        }
        Check::Smtp(SmtpCheck { endpoint, helo_name }) => p.block("SMTP_CHECK", |p| {
            connecting(p, endpoint, pace);
            p.value("helo_name", word(helo_name));
        }),
        Check::Dns(DnsCheck { endpoint, kind, name }) => p.block("DNS_CHECK", |p| {
            connecting(p, endpoint, pace);
            p.value("type", dns_type(*kind));
            p.value("name", word(name));
        }),
        Check::Misc(misc) => p.block("MISC_CHECK", |p| {
            let MiscCheck { script, timeout, dynamic } = &**misc;
            self::pace(p, pace);
            let Script { span: _, command: run, identity: who } = script;
            p.value("misc_path", command(run));
            p.optional("user", who.as_ref().map(|who| identity(&who.value)));
            p.optional("misc_timeout", (*timeout != server.inherited.delay_loop).then(|| seconds(*timeout)));
            p.flag("misc_dynamic", *dynamic);
        }),
        Check::File(FileCheck { file, weight: effect }) => p.block("FILE_CHECK", |p| {
            p.value("track_file", super::name_at(&config.track_files, *file, |file| &file.name));
            p.value("weight", weight(*effect));
        }),
        Check::Bfd(BfdCheck { bfd }) => p.block("BFD_CHECK", |p| {
            p.value("name", super::name_at(&config.bfd_instances, *bfd, |bfd| &bfd.name));
            p.switch("alpha", pace.alpha);
        }),
    }
}

fn connecting(p: &mut Printer, endpoint: &Endpoint, pace: &Pace) {
    let Endpoint { dest, bind, bind_port, bind_if, connect_timeout, fwmark } = endpoint;
    p.value("connect_ip", dest.ip());
    p.optional("connect_port", (dest.port() > 0).then(|| dest.port()));
    p.optional("bindto", *bind);
    p.optional("bind_port", (*bind_port > 0).then_some(bind_port));
    p.optional("bind_if", bind_if.as_ref().map(|said| word(said.value.as_str())));
    p.value("connect_timeout", seconds(*connect_timeout));
    p.optional("fwmark", (*fwmark > 0).then_some(fwmark));
    self::pace(p, pace);
}

fn pace(p: &mut Printer, pace: &Pace) {
    let Pace { delay_loop, delay_before_retry, retry, warmup, alpha, log_all_failures } = pace;
    p.value("delay_loop", seconds(*delay_loop));
    p.value("delay_before_retry", seconds(*delay_before_retry));
    p.value("retry", retry);
    p.value("warmup", seconds(*warmup));
    p.switch("alpha", *alpha);
    p.switch("log_all_failures", *log_all_failures);
}

/// Bytes of which some half bytes may be anything.
fn masked(bytes: &[(u8, u8)]) -> String {
    let nibble = |value: u8, mask: u8| match mask & 0xf {
        0 => 'x',
        _ => char::from_digit((value & 0xf).into(), 16).unwrap_or('x'),
    };
    bytes.iter().flat_map(|(value, mask)| [nibble(value >> 4, mask >> 4), nibble(*value, *mask)]).collect()
}

fn dns_type(kind: DnsType) -> &'static str {
    match kind {
        DnsType::A => "A",
        DnsType::Ns => "NS",
        DnsType::Cname => "CNAME",
        DnsType::Soa => "SOA",
        DnsType::Mx => "MX",
        DnsType::Txt => "TXT",
        DnsType::Aaaa => "AAAA",
        DnsType::Rrsig => "RRSIG",
        DnsType::Dnskey => "DNSKEY",
    }
}

fn http(p: &mut Printer, check: &HttpCheck, pace: &Pace, real: &RealServer, server: &VirtualServer) {
    let HttpCheck { endpoint, tls, verify, min_days, protocol, virtualhost, sni, fast_recovery, urls } =
        check;
    connecting(p, endpoint, pace);
    p.value(
        "http_protocol",
        match protocol {
            HttpProtocol::Http10 => "1.0",
            HttpProtocol::Http10Close => "1.0C",
            HttpProtocol::Http11 => "1.1",
        },
    );
    // What is inherited from the real server is not what SNI falls back on, so it must stay inherited.
    let inherits_sni = match sni {
        None | Some(Sni::Name(_)) => true,
        Some(Sni::VirtualHost(host)) => *host == server.virtualhost,
    };
    if *virtualhost != real.virtualhost || !inherits_sni {
        p.word("virtualhost", virtualhost.as_ref());
    }
    match sni {
        None => {}
        Some(Sni::Name(name)) => p.value("sni_name", word(name)),
        Some(Sni::VirtualHost(_)) => p.line("enable_sni"),
    }
    p.switch("fast_recovery", *fast_recovery);
    match verify {
        TlsVerify::No => {}
        TlsVerify::Authority => p.value("tls_verify", "ca"),
        TlsVerify::AuthorityAndName => p.value("tls_verify", "full"),
    }
    if *min_days > 0 {
        p.value("tls_min_days", min_days);
    }
    for url in urls {
        self::url(p, url, *tls);
    }
}

fn url(p: &mut Printer, url: &HttpUrl, tls: bool) {
    let HttpUrl { path, virtualhost, digest, status: StatusCodes(codes), regex, tls_compliant } = url;
    p.block("url", |p| {
        p.value("path", word(path));
        p.word("virtualhost", virtualhost.as_ref());
        p.optional("digest", digest.map(|digest| hex(&digest)));
        const PER_LINE: usize = 16;
        for some in codes.chunks(PER_LINE) {
            let ranges: Vec<String> = some
                .iter()
                .map(
                    |(first, last)| if first == last { first.to_string() } else { format!("{first}-{last}") },
                )
                .collect();
            p.value("status_code", ranges.join(" "));
        }
        if let Some(Regex { span: _, pattern: text, invert, options, min_offset, max_offset }) = regex {
            p.value("regex", pattern(text));
            p.flag("regex_no_match", *invert);
            let options: Vec<&str> = options.iter().copied().map(regex_option).collect();
            p.optional("regex_options", (!options.is_empty()).then(|| options.join(" ")));
            p.value("regex_min_offset", min_offset);
            p.optional("regex_max_offset", *max_offset);
        }
        if tls {
            p.switch("tls_compliant", *tls_compliant);
        }
    });
}

fn regex_option(option: RegexOption) -> &'static str {
    match option {
        RegexOption::AllowEmptyClass => "allow_empty_class",
        RegexOption::AltBsux => "alt_bsux",
        RegexOption::AutoCallout => "auto_callout",
        RegexOption::Caseless => "caseless",
        RegexOption::DollarEndonly => "dollar_endonly",
        RegexOption::Dotall => "dotall",
        RegexOption::Dupnames => "dupnames",
        RegexOption::Extended => "extended",
        RegexOption::Firstline => "firstline",
        RegexOption::MatchUnsetBackref => "match_unset_backref",
        RegexOption::Multiline => "multiline",
        RegexOption::NeverUcp => "never_ucp",
        RegexOption::NeverUtf => "never_utf",
        RegexOption::NoAutoCapture => "no_auto_capture",
        RegexOption::NoAutoPossess => "no_auto_possess",
        RegexOption::NoDotstarAnchor => "no_dotstar_anchor",
        RegexOption::NoStartOptimize => "no_start_optimize",
        RegexOption::Ucp => "ucp",
        RegexOption::Ungreedy => "ungreedy",
        RegexOption::Utf => "utf",
        RegexOption::NeverBackslashC => "never_backslash_c",
        RegexOption::AltCircumflex => "alt_circumflex",
        RegexOption::AltVerbnames => "alt_verbnames",
        RegexOption::UseOffsetLimit => "use_offset_limit",
    }
}
