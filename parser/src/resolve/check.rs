//! Checkers: checker block over real server over virtual server over built-in.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::block::check::{BfdCheckBlock, Connect, SmtpCheckBlock, Timing, UdpCheckBlock};
use crate::block::http::{HttpRows, UrlRows};
use crate::block::server::{RealServerBlock, VirtualServerBlock};
use crate::config::{
    BfdCheck, Check, Checker, Config, DnsCheck, Endpoint, Family, FileCheck, HttpCheck, HttpUrl, Inherited,
    Located, MiscCheck, Pace, Protocol, Regex, Script, SmtpCheck, Sni, Span, TlsVerify, UdpCheck,
    server_label,
};
use crate::keyword::{Blocks, Nested, Slot, Table};
use crate::resolve::{Complaints, said};
use crate::value::check::BfdName;

/// The real server that is checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Server {
    pub(super) addr: IpAddr,
    pub(super) port: u16,
    /// Where checks connect unless they say otherwise.
    pub(super) checked_port: u16,
    pub(super) protocol: Protocol,
}

/// What a kind of checker does when nobody says.
#[derive(Debug, Clone, Copy)]
struct Defaults {
    retry: u32,
    /// None is the checker's own `delay_loop`.
    delay_before_retry: Option<Duration>,
}

const PLAIN: Defaults = Defaults { retry: 1, delay_before_retry: Some(Duration::from_secs(1)) };
const HTTP: Defaults = Defaults { retry: 1, delay_before_retry: Some(Duration::from_secs(3)) };
const DNS: Defaults = Defaults { retry: 3, delay_before_retry: None };
const MISC: Defaults = Defaults { retry: 0, delay_before_retry: Some(Duration::from_secs(1)) };

/// The name an SMTP checker gives itself.
const HELO: &str = "smtpchecker.keepalived.org";

/// What a virtual server says of the checkers in it.
pub(super) fn of_virtual_server(vs: &VirtualServerBlock) -> Inherited {
    let time = |slot: &Slot<Duration>| slot.as_ref().map(|said| said.value);
    Inherited {
        delay_loop: vs.delay_loop(),
        connect_timeout: vs.checking.connect_timeout(),
        retry: vs.checking.retry.as_ref().map(|said| said.value),
        delay_before_retry: time(&vs.checking.delay_before_retry),
        warmup: time(&vs.checking.warmup),
        alpha: vs.checking.alpha.is_some(),
    }
}

/// What a real server says of its checkers, filled up from its virtual server; nothing if it says nothing.
pub(super) fn of_real_server(rs: &RealServerBlock, vs: &VirtualServerBlock) -> Option<Box<Inherited>> {
    let (own, of_vs) = (&rs.own, of_virtual_server(vs));
    let either = |own: &Slot<Duration>, of_vs| own.as_ref().map(|said| said.value).or(of_vs);
    let inherited = Inherited {
        delay_loop: own.delay_loop.as_ref().map_or(of_vs.delay_loop, |said| said.value),
        connect_timeout: own.connect_timeout.as_ref().map_or(of_vs.connect_timeout, |said| said.value),
        retry: own.retry.as_ref().map(|said| said.value).or(of_vs.retry),
        delay_before_retry: either(&own.delay_before_retry, of_vs.delay_before_retry),
        warmup: either(&own.warmup, of_vs.warmup),
        alpha: own.alpha.as_ref().map_or(of_vs.alpha, |said| said.value),
    };
    (inherited != of_vs).then(|| Box::new(inherited))
}

/// All checkers of a real server, in the order of the file.
pub(super) fn checkers(
    rs: &mut RealServerBlock,
    vs: &VirtualServerBlock,
    server: Server,
    config: &Config,
    complaints: &mut Complaints,
) -> Vec<Checker> {
    let (tcp, http) = (Nested::all(rs.tcp_check.take()), Nested::all(rs.http_get.take()));
    let (ssl, misc) = (Nested::all(rs.ssl_get.take()), Nested::all(rs.misc_check.take()));
    let special = std::mem::take(&mut rs.special).into_inner();
    let (ping, udp) = (Nested::all(special.ping_check), Nested::all(special.udp_check));
    let (dns, smtp) = (Nested::all(special.dns_check), Nested::all(special.smtp_check));
    let (file, bfd) = (Nested::all(special.file_check), Nested::all(special.bfd_check));
    // Most servers have one.
    let mut all = Inheritance { rs, vs, server, config, complaints, checkers: Vec::with_capacity(1) };
    for Located { value, span } in tcp {
        all.connecting(&span, &value.connect, &value.timing, PLAIN, Check::Tcp);
    }
    for Located { value, span } in ping {
        all.connecting(&span, &value.connect, &value.timing, PLAIN, Check::Ping);
    }
    for Located { value, span } in udp {
        all.udp(&span, value);
    }
    for Located { value, span } in dns {
        let (kind, name) =
            (said(value.kind).unwrap_or_default(), said(value.name).map_or_else(|| ".".to_owned(), |n| n.0));
        let check = |endpoint| Check::Dns(DnsCheck { endpoint, kind, name });
        all.connecting(&span, &value.connect, &value.timing, DNS, check);
    }
    for Located { value, span } in smtp {
        all.smtp(&span, value);
    }
    for Located { value, span } in http {
        let urls =
            Nested::all(value.url).into_iter().filter_map(|url| http_url(url.value.rows, false)).collect();
        all.http(&span, value.http, urls, None);
    }
    for Located { value, span } in ssl {
        let compliant = value.tls_compliant();
        let verify = (said(value.tls_verify.clone()).unwrap_or_default(), value.tls_min_days());
        let url = |url: Located<crate::block::http::TlsUrlBlock>| {
            let compliant = compliant || url.value.tls_compliant();
            http_url(url.value.rows, compliant)
        };
        all.http(
            &span,
            value.http,
            Nested::all(value.url).into_iter().filter_map(url).collect(),
            Some(verify),
        );
    }
    for Located { value, span } in misc {
        let Some(Located { value: command, span: said_at }) = value.misc_path.map(|said| *said) else {
            continue;
        };
        let script = Script { span: said_at, command: command.0, identity: value.user.map(|said| *said) };
        let timeout = said(value.misc_timeout).map(|timeout| timeout.0).filter(|timeout| !timeout.is_zero());
        let timeout = timeout.unwrap_or_else(|| vs.delay_loop());
        let check = MiscCheck { script, timeout, dynamic: value.misc_dynamic.is_some() };
        all.push(&span, &value.timing, MISC, Check::Misc(Box::new(check)));
    }
    for Located { value, span } in file {
        let name = said(value.track_file).map(|name| name.0);
        let file = config.track_files.iter().position(|file| Some(&file.name) == name.as_ref());
        let Some(file) = file else { continue };
        let weight = said(value.weight).map_or(config.track_files[file].weight, |weight| weight.0);
        all.push(&span, &Timing::default(), PLAIN, Check::File(FileCheck { file, weight }));
    }
    all.bfd(bfd);
    let mut checkers = all.checkers;
    checkers.sort_by_key(|checker| checker.span.line);
    checkers.shrink_to_fit();
    checkers
}

struct Inheritance<'a> {
    rs: &'a RealServerBlock,
    vs: &'a VirtualServerBlock,
    server: Server,
    config: &'a Config,
    complaints: &'a mut Complaints,
    checkers: Vec<Checker>,
}

impl Inheritance<'_> {
    fn push(&mut self, span: &Span, timing: &Timing, defaults: Defaults, check: Check) {
        let mut pace = self.pace(timing, defaults);
        // A file checker shows what the file says from the beginning.
        pace.alpha &= !matches!(check, Check::File(_));
        self.checkers.push(Checker { span: span.clone(), pace, check });
    }

    fn connecting(
        &mut self,
        span: &Span,
        connect: &Connect,
        timing: &Timing,
        defaults: Defaults,
        check: impl FnOnce(Endpoint) -> Check,
    ) {
        if let Some(endpoint) = self.endpoint(span, connect) {
            self.push(span, timing, defaults, check(endpoint));
        }
    }

    fn pace(&self, timing: &Timing, defaults: Defaults) -> Pace {
        let (rs, vs) = (self.rs, self.vs);
        let either = |own: &Slot<Duration>, rs: &Slot<Duration>, vs: &Slot<Duration>| {
            own.as_ref().or(rs.as_ref()).or(vs.as_ref()).map(|said| said.value)
        };
        let delay_loop =
            either(&timing.delay_loop, &rs.own.delay_loop, &vs.delay_loop).unwrap_or_else(|| vs.delay_loop());
        let delay_before_retry =
            either(&timing.delay_before_retry, &rs.own.delay_before_retry, &vs.checking.delay_before_retry)
                .or(defaults.delay_before_retry)
                .unwrap_or(delay_loop);
        let retry = timing.retry.as_ref().or(rs.own.retry.as_ref()).or(vs.checking.retry.as_ref());
        let alpha = timing.alpha.as_ref().or(rs.own.alpha.as_ref());
        Pace {
            delay_loop,
            delay_before_retry,
            retry: retry.map_or(defaults.retry, |said| said.value),
            warmup: either(&timing.warmup, &rs.own.warmup, &vs.checking.warmup).unwrap_or(delay_loop),
            alpha: alpha.map_or(vs.checking.alpha.is_some(), |said| said.value),
            log_all_failures: timing.log_all_failures() || self.config.global.checker_log_all_failures,
        }
    }

    /// Where to connect to and from; none when there is no way to do it.
    fn endpoint(&mut self, span: &Span, connect: &Connect) -> Option<Endpoint> {
        let addr = connect.connect_ip.as_ref().map_or(self.server.addr, |said| said.value);
        let port = connect.connect_port.as_ref().map_or(self.server.checked_port, |said| said.value);
        let bind = connect.bindto.as_ref().filter(|bind| {
            let fine = Family::of(bind.value) == Family::of(addr);
            if !fine {
                let text = format!(
                    "bindto address {} does not match address family of connect_ip - skipping",
                    bind.value
                );
                self.complaints.at(&bind.span, text);
            }
            fine
        });
        let link_local = matches!(addr, IpAddr::V6(v6) if v6.is_unicast_link_local());
        if link_local && connect.bind_if.is_none() {
            self.complaints.at(span, format!("Checker link local address {addr} requires a bind_if"));
            return None;
        }
        let timeout = connect.connect_timeout.as_ref().or(self.rs.own.connect_timeout.as_ref());
        Some(Endpoint {
            dest: SocketAddr::new(addr, port),
            bind: bind.map(|said| said.value),
            bind_port: connect.bind_port(),
            bind_if: connect.bind_if.clone(),
            connect_timeout: timeout.map_or_else(|| self.vs.checking.connect_timeout(), |said| said.value),
            fwmark: connect.fwmark(),
        })
    }

    fn udp(&mut self, span: &Span, block: UdpCheckBlock) {
        let (min_reply_length, max_reply_length) = (block.min_reply_length(), block.max_reply_length());
        let payload = said(block.payload).map(|payload| payload.0);
        let reply = said(block.require_reply).map(|reply| reply.0);
        let check = |endpoint| {
            Check::Udp(Box::new(UdpCheck { endpoint, payload, reply, min_reply_length, max_reply_length }))
        };
        self.connecting(span, &block.connect, &block.timing, PLAIN, check);
    }

    /// One checker for each host, and one for the block itself unless only its hosts say where to connect.
    fn smtp(&mut self, span: &Span, block: SmtpCheckBlock) {
        let hosts = Nested::all(block.host);
        let helo = said(block.helo_name).map_or_else(|| HELO.to_owned(), |name| name.0);
        let check = |helo_name: &str| {
            let helo_name = helo_name.to_owned();
            move |endpoint| Check::Smtp(SmtpCheck { endpoint, helo_name })
        };
        if hosts.is_empty() || block.connect != Connect::default() {
            self.connecting(span, &block.connect, &block.timing, PLAIN, check(&helo));
        }
        for Located { value: host, span } in hosts {
            let mut timing = block.timing.clone();
            timing.overlay(host.timing);
            self.connecting(&span, &host.connect, &timing, PLAIN, check(&helo));
        }
    }

    fn http(&mut self, span: &Span, mut rows: HttpRows, urls: Vec<HttpUrl>, tls: Option<(TlsVerify, u16)>) {
        if urls.is_empty() {
            return;
        }
        let host =
            |slot: &Slot<crate::value::word::Replaceable>| slot.as_ref().map(|said| said.value.0.clone());
        let own = host(&rows.virtualhost);
        let sni_host = own.clone().or_else(|| host(&self.vs.checking.virtualhost));
        let virtualhost =
            own.or_else(|| host(&self.rs.own.virtualhost)).or_else(|| host(&self.vs.checking.virtualhost));
        let enabled = said(rows.enable_sni.take()).unwrap_or(false) || rows.sni_name.is_some();
        let sni = enabled.then(|| {
            match said(rows.sni_name.take()).map(|name| name.0).filter(|name| !name.is_empty()) {
                Some(name) => Sni::Name(name),
                None => Sni::VirtualHost(sni_host),
            }
        });
        if let Some(Located { value, span }) = rows.nb_get_retry.take().map(|said| *said) {
            rows.timing.part().retry.get_or_insert_with(|| Box::new(Located { value: value.0, span }));
        }
        let (protocol, fast_recovery) =
            (said(rows.http_protocol.clone()).unwrap_or_default(), rows.fast_recovery());
        let check = |endpoint| {
            let (verify, min_days) = tls.unwrap_or_default();
            let tls = tls.is_some();
            Check::Http(Box::new(HttpCheck {
                endpoint,
                tls,
                verify,
                min_days,
                protocol,
                virtualhost,
                sni,
                fast_recovery,
                urls,
            }))
        };
        self.connecting(span, &rows.connect, &rows.timing, HTTP, check);
    }

    fn bfd(&mut self, blocks: Blocks<BfdCheckBlock>) {
        let mut taken = Vec::new();
        for Located { value: block, span } in blocks {
            let label = server_label(self.server.addr, self.server.protocol, self.server.port);
            let fault = match said(block.name.clone()) {
                None | Some(BfdName::NotOne) => {
                    "No or too many names specified - skipping checker".to_owned()
                }
                Some(BfdName::Unknown(name)) => format!("BFD {name} not configured"),
                Some(BfdName::Known(name)) => {
                    match self
                        .config
                        .bfd_instances
                        .iter()
                        .position(|bfd| bfd.name == name && bfd.for_checkers)
                    {
                        None => format!("BFD {name} not configured"),
                        Some(bfd) if taken.contains(&bfd) => format!("BFD {name} already specified"),
                        Some(bfd) => {
                            taken.push(bfd);
                            let timing = Timing { alpha: block.alpha, ..Timing::default() };
                            self.push(&span, &timing, PLAIN, Check::Bfd(BfdCheck { bfd }));
                            continue;
                        }
                    }
                }
            };
            let at = block.name.map_or(span, |name| name.span);
            self.complaints.at(&at, format!("({label}) BFD_CHECK - {fault}"));
        }
    }
}

/// A URL that has a path.
fn http_url(rows: UrlRows, tls_compliant: bool) -> Option<HttpUrl> {
    let mut min_offset = said(rows.regex_min_offset).map_or(0, |offset| offset.0);
    let mut max_offset = said(rows.regex_max_offset).map(|offset| offset.0);
    if max_offset.is_some_and(|max| min_offset > max) {
        (min_offset, max_offset) = (0, None);
    }
    let regex = rows.regex.map(|said| *said).map(|Located { value, span }| Regex {
        span,
        pattern: value.0,
        invert: rows.regex_no_match.is_some(),
        options: said(rows.regex_options).map_or_else(Vec::new, |options| options.0),
        min_offset,
        max_offset,
    });
    Some(HttpUrl {
        path: said(rows.path)?.0,
        virtualhost: said(rows.virtualhost).map(|host| host.0),
        digest: said(rows.digest).map(|digest| digest.0),
        status: said(rows.status_code).map_or_else(Default::default, |codes| codes.0),
        regex,
        tls_compliant,
    })
}
