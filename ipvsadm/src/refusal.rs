//! What goes wrong, in the words and with the exit codes that scripts know.

use ipvs::{Cause, Request, Service};

/// A command line that is not carried out, or one that the kernel refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What to print on standard error, whole lines.
    pub text: String,
    /// The exit code.
    pub code: u8,
    /// Whether `-R` goes on with the next line.
    pub goes_on: bool,
}

impl Refusal {
    /// A command line that means nothing.
    pub(crate) fn senseless(text: impl AsRef<str>) -> Self {
        Self { text: format!("{}\n", text.as_ref()), code: 2, goes_on: false }
    }

    /// An option that cannot be read.
    pub(crate) fn unreadable(text: impl AsRef<str>) -> Self {
        Self { text: format!("{}\n", text.as_ref()), code: 255, goes_on: true }
    }

    /// A command line without a command, or `-R` within `-R`.
    pub fn advice(program: &str) -> Self {
        let text = format!("Try `{program} -h' or '{program} --help' for more information.\n");
        Self { text, code: 255, goes_on: false }
    }

    /// What the kernel refused.
    pub(crate) fn kernel(text: impl AsRef<str>) -> Self {
        Self { text: format!("{}\n", text.as_ref()), code: 255, goes_on: true }
    }

    /// `-L` of a service that is not there.
    pub fn missing_service() -> Self {
        Self { text: "No such service\n".to_owned(), code: 1, goes_on: false }
    }
}

/// What a refusal of the kernel is called. What `ipvsadm` does not say stands in a line of its own that begins with
/// `Hint: `.
pub fn of_kernel(request: &Request, refusal: &ipvs::Refusal) -> Refusal {
    let of_server = matches!(
        request,
        Request::NewDestination(..) | Request::SetDestination(..) | Request::DelDestination(..)
    );
    let text = match refusal.cause {
        Cause::ServiceExists => "Service already exists".to_owned(),
        Cause::DestinationExists => "Destination already exists".to_owned(),
        Cause::DaemonRuns => "Daemon has already run".to_owned(),
        Cause::NoSuchScheduler => "Scheduler or persistence engine not found".to_owned(),
        Cause::NoSuchService if of_server => "Service not defined".to_owned(),
        Cause::NoSuchService => "No such service".to_owned(),
        Cause::NoSuchDestination => "No such destination".to_owned(),
        Cause::NoSuchDaemon => "No daemon is running".to_owned(),
        Cause::Invalid if of_server || matches!(request, Request::NewDaemon(_)) => {
            "Invalid operation.  Possibly wrong module version, address not unicast, ...".to_owned()
        }
        Cause::NotPermitted => "Permission denied (you must be root)".to_owned(),
        Cause::Invalid
        | Cause::NoSuchInterface
        | Cause::Unreachable
        | Cause::BadFamily
        | Cause::OutOfRange
        | Cause::Unsupported
        | Cause::StaleFamily
        | Cause::Other(_) => system_text(refusal.errno),
        _ => refusal.to_string(),
    };
    let hint = match (refusal.cause, request) {
        (Cause::NoSuchScheduler, Request::NewService(service) | Request::SetService(service)) => {
            module_hint(service)
        }
        _ => String::new(),
    };
    Refusal::kernel(text + &hint)
}

/// Which modules to look for.
fn module_hint(service: &Service) -> String {
    let scheduler = service.scheduler.map(|name| format!("ip_vs_{name}"));
    let engine = service.engine.map(|name| format!("ip_vs_pe_{name}"));
    let modules: Vec<String> = scheduler.into_iter().chain(engine).collect();
    let modules = modules.join(" and ");
    format!("\nHint: this needs the kernel module {modules}; `modprobe' says why it is not there")
}

/// The system's text for an error number.
fn system_text(errno: i32) -> String {
    let text = std::io::Error::from_raw_os_error(errno).to_string();
    // Rust adds the number.
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipvs::{Command, Destination, Forwarding, ServiceId};

    fn text(request: &Request, errno: i32) -> String {
        let command = request.command();
        let refusal = ipvs::Refusal { command, cause: Cause::of(command, errno), errno, explanation: None };
        of_kernel(request, &refusal).text
    }

    #[test]
    fn the_same_number_means_something_else_for_servers() {
        let web = ServiceId::tcp("192.0.2.1:80".parse().expect("an address"));
        let server = Destination::new("198.51.100.1:80".parse().expect("an address"), Forwarding::Direct);
        let (add, add_server) =
            (Request::NewService(Service::new(web)), Request::NewDestination(web, server));
        assert_eq!(add.command(), Command::NewService);
        assert_eq!(text(&add, 17), "Service already exists\n");
        assert_eq!(
            text(&add, 2),
            "Scheduler or persistence engine not found\n\
             Hint: this needs the kernel module ip_vs_wlc; `modprobe' says why it is not there\n"
        );
        assert_eq!(text(&add, 22), "Invalid argument\n");
        assert_eq!(text(&Request::DelService(web), 3), "No such service\n");
        assert_eq!(text(&add_server, 3), "Service not defined\n");
        assert_eq!(text(&add_server, 17), "Destination already exists\n");
        assert_eq!(text(&add_server, 34), "Numerical result out of range\n");
        assert_eq!(text(&Request::DelDestination(web, server.id), 2), "No such destination\n");
    }
}
