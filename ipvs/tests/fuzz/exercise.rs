//! What is done with bytes that pretend to come from a kernel.

use std::io;

use ipvs::{
    Daemon, DestinationEntry, Family, Handle, Info, Message, Name, Reply, Request, Role, Service,
    ServiceEntry, ServiceId, Timeouts, Transport,
};
use netlink_packet_core::{Emitable, ParseableParametrized};
use netlink_packet_generic::GenlHeader;

/// The first byte is the command of a reply, the rest its attributes.
#[allow(dead_code, reason = "each fuzz target calls one of these")]
pub(crate) fn replies(bytes: &[u8]) {
    let Some((command, attrs)) = bytes.split_first() else { return };
    let header = GenlHeader { cmd: *command, version: 1 };
    let Ok(reply) = Reply::parse_with_param(attrs, header) else { return };
    // What was read can be written, and what was written can be read and written again. (Of an unknown attribute, the
    // mark of network byte order is not kept.)
    let written = bytes_of(&reply);
    let again = Reply::parse_with_param(written.as_slice(), header);
    assert_eq!(again.ok().as_ref().map(bytes_of), Some(written));
    match reply {
        Reply::Service(nest) => {
            if let Ok(entry) = ServiceEntry::decode(&nest.attrs) {
                same_again(&Request::NewService(entry.service), entry.service.id);
            }
        }
        Reply::Destination(nest) => {
            let _ = DestinationEntry::decode(&nest.attrs, Family::V6);
            if let Ok(entry) = DestinationEntry::decode(&nest.attrs, Family::V4) {
                let _ = emitted(&Request::NewDestination(web(), entry.destination).to_message());
            }
        }
        Reply::Daemon(nest) => drop(Daemon::decode(&nest.attrs)),
        Reply::Config(attrs) => drop(Timeouts::decode(&attrs)),
        Reply::Info(attrs) => drop(Info::decode(&attrs)),
        Reply::Other { .. } | _ => {}
    }
}

fn bytes_of(reply: &Reply) -> Vec<u8> {
    let mut bytes = vec![0; reply.buffer_len()];
    reply.emit(&mut bytes);
    bytes
}

/// A service that was read and written is that service.
fn same_again(request: &Request, id: ServiceId) {
    let bytes = emitted(&request.to_message());
    let header = GenlHeader { cmd: 1, version: 1 };
    if let Ok(Reply::Service(nest)) = Reply::parse_with_param(bytes.as_slice(), header) {
        assert_eq!(ServiceEntry::decode(&nest.attrs).map(|entry| entry.service.id), Ok(id));
    }
}

fn emitted(message: &Message) -> Vec<u8> {
    let mut bytes = vec![0; message.buffer_len()];
    message.emit(&mut bytes);
    bytes
}

fn web() -> ServiceId {
    ServiceId::tcp(([192, 0, 2, 1], 80).into())
}

/// Datagrams, each after its length in two bytes.
struct Datagrams<'a>(&'a [u8]);

impl Transport for Datagrams<'_> {
    async fn send(&mut self, _datagram: &[u8]) -> io::Result<()> {
        Ok(())
    }

    async fn receive(&mut self, into: &mut Vec<u8>) -> io::Result<()> {
        let (length, rest) = self.0.split_first_chunk::<2>().ok_or(io::ErrorKind::UnexpectedEof)?;
        let (datagram, rest) = rest.split_at(rest.len().min(u16::from_le_bytes(*length).into()));
        self.0 = rest;
        into.clear();
        into.extend_from_slice(datagram);
        Ok(())
    }
}

/// A kernel that says anything: first when it is asked for the family, then to every kind of question.
#[allow(dead_code, reason = "each fuzz target calls one of these")]
pub(crate) fn conversation(bytes: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime without sockets").block_on(async {
        let Ok(mut handle) = Handle::over(Datagrams(bytes)).await else { return };
        let daemon = Request::DelDaemon { role: Role::Master, interface: Name::new("eth0").ok(), sync_id: 0 };
        let changes = [Request::NewService(Service::new(web())), Request::Flush];
        while handle.info().await.is_ok()
            && handle.table().await.is_ok()
            && handle.daemons().await.is_ok()
            && handle.timeouts().await.is_ok()
            && handle.service(web()).await.is_ok()
            && handle.change(&daemon).await.is_ok()
            && handle.apply(&changes).await.is_ok()
        {}
    });
}
