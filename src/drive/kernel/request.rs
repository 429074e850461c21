//! One request to rtnetlink at a time, and the kernel's answer.

use std::io;
use std::os::fd::OwnedFd;

use futures_util::StreamExt as _;
use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::RouteNetlinkMessage;
use nix::errno::Errno;

use super::route::NoInterface;
use super::{address, route, rule};
use crate::mirror::Mirror;
use crate::netlink::{Connection, Handle, connect_strictly};
use crate::plan::address::Address;
use crate::plan::buffer::Buffer;
use crate::plan::object::Object;
use crate::plan::route::Position;
use crate::receive_buffer;

/// The kernel's no.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) errno: Errno,
    request: &'static str,
    header: NetlinkHeader,
}

impl Refusal {
    pub(super) fn log(&self) {
        let Self { errno, request, header } = self;
        tracing::info!(
            "Netlink: error: {}({}), type={request}, seq={}, pid={}",
            errno.desc(),
            *errno as i32,
            header.sequence_number,
            header.port_number
        );
    }
}

/// A socket of its own, so that no notification can be taken for an answer.
#[derive(Debug)]
pub(super) struct Requests {
    handle: Handle,
    socket: OwnedFd,
}

impl Requests {
    /// Opens the socket; to be called in a runtime, on which its reader then lives.
    pub(super) fn open() -> io::Result<Self> {
        let Connection { handle, notices: _, socket } = connect_strictly()?;
        Ok(Self { handle, socket })
    }

    /// Gives the socket another receive buffer.
    pub(super) fn make_room(&self, room: Option<Buffer>) {
        receive_buffer::give(&self.socket, room, "netlink command");
    }

    /// Adds an object. Returns whether it is there and not in vain; what is wrong is logged.
    pub(super) async fn add(&mut self, object: &Object, mirror: &Mirror) -> bool {
        // Somebody else's route may be in a place that was to be taken only if it is free.
        let only_if_free = matches!(object, Object::Route(route) if route.position == Position::Add);
        self.put(object, None, only_if_free, mirror).await
    }

    /// Adds a route behind its equals, wherever it is to be later. Returns whether it is there.
    pub(super) async fn add_behind(&mut self, object: &Object, mirror: &Mirror) -> bool {
        self.put(object, Some(Position::Append), false, mirror).await
    }

    /// Adds an object that was there before, if it is not there any more. Returns whether it is there.
    pub(super) async fn confirm(&mut self, object: &Object, mirror: &Mirror) -> bool {
        self.put(object, None, false, mirror).await
    }

    async fn put(
        &mut self,
        object: &Object,
        position: Option<Position>,
        only_if_free: bool,
        mirror: &Mirror,
    ) -> bool {
        let (message, flags, name) = match object {
            Object::Address(one) => {
                let Some(link) = mirror.link(&one.interface) else {
                    let Address { address, interface, .. } = &**one;
                    tracing::info!(
                        "Not adding address {address} to {interface} since interface doesn't exist"
                    );
                    return false;
                };
                (RouteNetlinkMessage::NewAddress(address::to_add(one, link.index)), 0, "RTM_NEWADDR(20)")
            }
            Object::Route(one) => match route::to_add(one, mirror) {
                Ok(message) => {
                    let flags = route::flags(position.unwrap_or(one.position));
                    (RouteNetlinkMessage::NewRoute(message), flags, "RTM_NEWROUTE(24)")
                }
                Err(NoInterface(interface)) => {
                    tracing::info!("Not adding route {object} since interface {interface} doesn't exist");
                    return false;
                }
            },
            Object::Rule(one) => {
                let message = RouteNetlinkMessage::NewRule(rule::message(one));
                (message, NLM_F_CREATE | NLM_F_EXCL, "RTM_NEWRULE(32)")
            }
        };
        match self.ask(message, flags, name).await {
            Ok(()) => true,
            Err(refusal) if refusal.errno == Errno::EEXIST && !only_if_free => true,
            Err(refusal) => {
                refusal.log();
                tracing::info!("Unable to add {} {object}", object.kind());
                false
            }
        }
    }

    /// Deletes an object. That it is not there, or its interface, is no mistake.
    pub(super) async fn delete(&mut self, object: &Object, mirror: &Mirror) {
        let (message, name) = match object {
            Object::Address(one) => {
                let Some(link) = mirror.link(&one.interface) else { return };
                (RouteNetlinkMessage::DelAddress(address::to_delete(one, link.index)), "RTM_DELADDR(21)")
            }
            Object::Route(one) => {
                let Ok(message) = route::to_delete(one, mirror) else { return };
                (RouteNetlinkMessage::DelRoute(message), "RTM_DELROUTE(25)")
            }
            Object::Rule(one) => (RouteNetlinkMessage::DelRule(rule::message(one)), "RTM_DELRULE(33)"),
        };
        let is_gone =
            |errno| matches!(errno, Errno::EADDRNOTAVAIL | Errno::ENODEV | Errno::ESRCH | Errno::ENOENT);
        match self.ask(message, 0, name).await {
            Err(refusal) if !is_gone(refusal.errno) => {
                refusal.log();
                tracing::info!("Unable to delete {} {object}", object.kind());
            }
            Ok(()) | Err(_) => {}
        }
    }

    /// Everything there is of one kind, as the fields of `message` that are set demand.
    pub(super) async fn dump(
        &mut self,
        message: RouteNetlinkMessage,
    ) -> io::Result<Vec<RouteNetlinkMessage>> {
        self.handle.dump(message).await
    }

    /// The one that `message` names.
    pub(super) async fn get(&mut self, message: RouteNetlinkMessage) -> io::Result<Vec<RouteNetlinkMessage>> {
        self.handle.get(message).await
    }

    /// Makes a request and logs a refusal. Returns whether it was carried out.
    pub(super) async fn ask_logged(
        &mut self,
        message: RouteNetlinkMessage,
        flags: u16,
        request: &'static str,
    ) -> bool {
        let answer = self.ask(message, flags, request).await;
        if let Err(refusal) = &answer {
            refusal.log();
        }
        answer.is_ok()
    }

    async fn ask(
        &mut self,
        message: RouteNetlinkMessage,
        flags: u16,
        request: &'static str,
    ) -> Result<(), Refusal> {
        let mut message = NetlinkMessage::from(message);
        message.header.flags = NLM_F_REQUEST | NLM_F_ACK | flags;
        let lost = Refusal { errno: Errno::ECONNRESET, request, header: NetlinkHeader::default() };
        let mut answers = self.handle.request(message).map_err(|_| lost)?;
        // An acknowledgement ends the answers without being one of them.
        while let Some(answer) = answers.next().await {
            if let NetlinkPayload::Error(error) = answer.payload
                && let Some(code) = error.code
            {
                return Err(Refusal { errno: Errno::from_raw(-code.get()), request, header: answer.header });
            }
        }
        Ok(())
    }
}
