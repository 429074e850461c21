//! What is done with text that pretends to be command lines, or the kernel's list of connections.

use std::net::{IpAddr, Ipv4Addr};

use ipvs::{Protocol, Request};
use ipvsadm::{Command, Names, Numeric};

/// Knows a name for everything.
struct Talkative;

impl Names for Talkative {
    fn host(&self, name: &str) -> Option<Ipv4Addr> {
        name.starts_with('h').then_some(Ipv4Addr::LOCALHOST)
    }
    fn port(&self, name: &str, _protocol: Protocol) -> Option<u16> {
        name.starts_with('p').then_some(7)
    }
    fn host_name(&self, _addr: IpAddr) -> Option<String> {
        Some("a host with a name of more than 28 letters, not all of them ä".to_owned())
    }
    fn port_name(&self, _port: u16, _protocol: Protocol) -> Option<String> {
        Some("ö".to_owned())
    }
}

/// Every line as `-R` would take it, and the whole as a list of connections.
pub(crate) fn script(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = ipvsadm::connections(&text, true, true, &Numeric);
    let _ = ipvsadm::connections(&text, false, false, &Talkative);
    for line in text.lines() {
        let words = ipvsadm::words(line);
        match ipvsadm::read(&words, "ipvsadm", &Talkative) {
            Ok(Command::Change(request)) => saved_and_read_again(&request),
            Ok(_) => {}
            Err(refusal) => assert!(refusal.code != 0 && refusal.text.ends_with('\n'), "{refusal:?}"),
        }
    }
}

/// What `-S` writes of a service, `-R` reads as that service.
fn saved_and_read_again(request: &Request) {
    let Request::NewService(service) = request else { return };
    let mut saved = String::new();
    ipvsadm::save(&mut saved, service, &mut Vec::new(), true, &Numeric);
    let again = ipvsadm::read(&ipvsadm::words(&saved), "ipvsadm", &Numeric);
    // An engine's name may hold what a line cannot.
    if service.engine.is_none() && service.scheduler.is_some_and(|name| name.as_bytes().is_ascii()) {
        assert_eq!(again, Ok(Command::Change(*request)), "{saved}");
    }
}
