//! Who is told by mail.

use std::sync::OnceLock;
use std::sync::mpsc::channel;
use std::time::Duration;

use parser::config::Global;

use super::System;
use crate::notify::mail::{Server, Settings};

/// How long a slow name service may hold up the start.
const PATIENCE: Duration = Duration::from_secs(2);

/// Alert settings, if the configuration names both a server and somebody to tell.
pub(super) fn plan(global: &Global, system: &System) -> Option<Settings> {
    let server = global.mail.server.as_ref()?;
    if global.mail.to.is_empty() {
        return None;
    }
    let host = canonical_name(&system.node);
    Some(Settings {
        server: Server { host: server.value.host.clone(), port: server.value.port },
        helo: global.mail.helo_name.clone().unwrap_or_else(|| host.to_owned()),
        from: global.mail.from.clone().unwrap_or_else(|| format!("{}@{host}", system.user)),
        to: global.mail.to.clone(),
        timeout: global.mail.connect_timeout,
        router_id: global.router_id.clone().unwrap_or_else(|| host.to_owned()),
    })
}

/// The host's full name as the resolver knows it, else its plain name. Asked once in the life of the process, and never
/// waited for longer than [`PATIENCE`].
fn canonical_name(node: &str) -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let (answer, answered) = channel();
        let asked = node.to_owned();
        std::thread::spawn(move || {
            let hints = dns_lookup::AddrInfoHints { flags: nix::libc::AI_CANONNAME, ..Default::default() };
            let found = dns_lookup::getaddrinfo(Some(&asked), None, Some(hints));
            let name = found.ok().and_then(|mut list| list.next()?.ok()?.canonname);
            // Nobody listens any more when the answer came too late.
            let _ = answer.send(name);
        });
        let name = answered.recv_timeout(PATIENCE).ok().flatten();
        match name.filter(|name| !name.is_empty()) {
            Some(name) => name,
            None if node.is_empty() => "localhost".to_owned(),
            None => node.to_owned(),
        }
    })
}
