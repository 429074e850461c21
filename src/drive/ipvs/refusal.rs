//! What the kernel refused, in keepalived's words.

use std::fmt;

use ipvs::{Cause, Refusal, Request, ServiceId};
use nix::libc::{EMSGSIZE, ENOMEM};

/// The line about a refused request, with keepalived's command names and texts (§5.6).
pub(super) fn line(request: &Request, refusal: &Refusal) -> String {
    let (name, number) = match request {
        Request::NewService(_) => ("ADD", 1154),
        Request::SetService(_) => ("EDIT", 1155),
        Request::DelService(_) => ("DEL", 1156),
        Request::Flush => ("FLUSH", 1157),
        Request::NewDestination(..) => ("ADDDEST", 1159),
        Request::DelDestination(..) => ("DELDEST", 1160),
        Request::SetDestination(..) => ("EDITDEST", 1161),
        Request::NewDaemon(_) => ("STARTDAEMON", 1163),
        Request::DelDaemon { .. } => ("STOPDAEMON", 1164),
        Request::SetTimeouts(_) => ("TIMEOUT", 1162),
        Request::Zero(_) => ("ZERO", 1167),
        Request::GetService(_)
        | Request::ListServices
        | Request::ListDestinations(_)
        | Request::ListDaemons
        | Request::GetTimeouts
        | Request::GetInfo => ("GET", 1154),
    };
    let text = match refusal.cause {
        Cause::ServiceExists => "Service already exists".to_owned(),
        Cause::DestinationExists => "Destination already exists".to_owned(),
        Cause::DaemonRuns => "Daemon has already run".to_owned(),
        Cause::NoSuchScheduler => "Scheduler or persistence engine not found".to_owned(),
        Cause::NoSuchService => "No such service".to_owned(),
        Cause::NoSuchDestination => "No such destination".to_owned(),
        Cause::NoSuchDaemon => "No daemon is running".to_owned(),
        Cause::NotPermitted => "Permission denied (you must be root)".to_owned(),
        Cause::Invalid => {
            "Invalid operation.  Possibly wrong module version, address not unicast, ...".to_owned()
        }
        Cause::Unsupported => "Operation not supported with IPv6".to_owned(),
        Cause::BadFamily => "Operation not supported with specified address family".to_owned(),
        Cause::NoSuchInterface
        | Cause::Unreachable
        | Cause::OutOfRange
        | Cause::StaleFamily
        | Cause::Other(_)
        | _ => match refusal.errno {
            ENOMEM => "Memory allocation problem".to_owned(),
            EMSGSIZE => "Module is wrong version".to_owned(),
            _ => checkers::log::Strerror(refusal.errno).to_string(),
        },
    };
    let object = match object_of(request) {
        Some((service, Some(destination))) => {
            format!(" ({} -> {}:{})", ServiceName(&service), destination.addr, destination.port)
        }
        Some((service, None)) => format!(" ({})", ServiceName(&service)),
        None => String::new(),
    };
    format!("IPVS cmd IP_VS_SO_SET_{name}({number}) error: {text}({}){object}", refusal.errno)
}

/// What to do about it, where the kernel's number does not tell: which modules it looked for.
pub(super) fn advice(request: &Request, refusal: &Refusal) -> Option<String> {
    let (Cause::NoSuchScheduler, Request::NewService(service) | Request::SetService(service)) =
        (refusal.cause, request)
    else {
        return None;
    };
    let scheduler = service.scheduler.map(|name| format!("ip_vs_{name}"));
    let engine = service.engine.map(|name| format!("ip_vs_pe_{name}"));
    let modules: Vec<String> = scheduler.into_iter().chain(engine).collect();
    let modules = modules.join(" and ");
    Some(format!("IPVS: this needs the kernel module {modules}; `modprobe` says why it is not there"))
}

/// The service that a request is about, with the destination if it is about one.
pub(super) fn object_of(request: &Request) -> Option<(ServiceId, Option<ipvs::DestinationId>)> {
    service_of(request).map(|service| (service, destination_of(request)))
}

fn service_of(request: &Request) -> Option<ServiceId> {
    match request {
        Request::NewService(service) | Request::SetService(service) => Some(service.id),
        Request::DelService(id)
        | Request::GetService(id)
        | Request::NewDestination(id, _)
        | Request::SetDestination(id, _)
        | Request::DelDestination(id, _)
        | Request::ListDestinations(id)
        | Request::Zero(Some(id)) => Some(*id),
        Request::ListServices
        | Request::NewDaemon(_)
        | Request::DelDaemon { .. }
        | Request::ListDaemons
        | Request::SetTimeouts(_)
        | Request::GetTimeouts
        | Request::GetInfo
        | Request::Zero(None)
        | Request::Flush => None,
    }
}

fn destination_of(request: &Request) -> Option<ipvs::DestinationId> {
    match request {
        Request::NewDestination(_, destination) | Request::SetDestination(_, destination) => {
            Some(destination.id)
        }
        Request::DelDestination(_, id) => Some(*id),
        Request::NewService(_)
        | Request::SetService(_)
        | Request::DelService(_)
        | Request::GetService(_)
        | Request::ListServices
        | Request::ListDestinations(_)
        | Request::NewDaemon(_)
        | Request::DelDaemon { .. }
        | Request::ListDaemons
        | Request::SetTimeouts(_)
        | Request::GetTimeouts
        | Request::GetInfo
        | Request::Zero(_)
        | Request::Flush => None,
    }
}

/// A service as the lines about refusals name it.
pub(super) struct ServiceName<'a>(pub(super) &'a ServiceId);

impl fmt::Display for ServiceName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ServiceId::Address { protocol, addr, port } => {
                write!(f, "{addr}:{}:{port}", protocol.to_string().to_lowercase())
            }
            ServiceId::FwMark { mark, family: ipvs::Family::V4 } => write!(f, "Fwm {mark}"),
            ServiceId::FwMark { mark, family: ipvs::Family::V6 } => write!(f, "Fwm {mark} inet6"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU32;

    fn refusal(request: &Request, errno: i32) -> Refusal {
        let command = request.command();
        Refusal { command, cause: Cause::of(command, errno), errno, explanation: None }
    }

    #[test]
    fn a_refusal_is_told_in_the_originals_words() {
        let web = ServiceId::tcp("10.1.0.1:80".parse().unwrap());
        let server = ipvs::Destination::new("10.0.0.2:80".parse().unwrap(), ipvs::Forwarding::Direct);
        let add = Request::NewDestination(web, server);
        assert_eq!(
            line(&add, &refusal(&add, 17)),
            "IPVS cmd IP_VS_SO_SET_ADDDEST(1159) error: Destination already exists(17) \
             (10.1.0.1:tcp:80 -> 10.0.0.2:80)"
        );
        let mark = ServiceId::FwMark { mark: NonZeroU32::MIN, family: ipvs::Family::V6 };
        let delete = Request::DelService(mark);
        assert_eq!(
            line(&delete, &refusal(&delete, 3)),
            "IPVS cmd IP_VS_SO_SET_DEL(1156) error: No such service(3) (Fwm 1 inet6)"
        );
        let create = Request::NewService(ipvs::Service::new(web));
        assert_eq!(
            advice(&create, &refusal(&create, 2)).as_deref(),
            Some("IPVS: this needs the kernel module ip_vs_wlc; `modprobe` says why it is not there")
        );
        assert_eq!(advice(&create, &refusal(&create, 12)), None);
        let others = [
            (12, "Memory allocation problem"),
            (90, "Module is wrong version"),
            (28, "No space left on device"),
        ];
        for (errno, text) in others {
            assert_eq!(
                line(&create, &refusal(&create, errno)),
                format!("IPVS cmd IP_VS_SO_SET_ADD(1154) error: {text}({errno}) (10.1.0.1:tcp:80)")
            );
        }
    }
}
