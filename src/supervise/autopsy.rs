//! What a process that does not answer is doing, as far as the kernel says.

use std::fs;

use nix::unistd::Pid;

/// Its threads: name, state, and where in the kernel each waits.
pub(super) fn of(pid: Pid) -> String {
    let folder = format!("/proc/{pid}/task");
    let threads = fs::read_dir(folder).into_iter().flatten().flatten();
    let told: Vec<_> = threads
        .filter_map(|thread| {
            let read = |name: &str| fs::read_to_string(thread.path().join(name)).ok();
            let status = read("status")?;
            let place = read("wchan").unwrap_or_default();
            let call = read("syscall").unwrap_or_default();
            Some(thread_words(&status, &place, &call))
        })
        .collect();
    if told.is_empty() { "nothing is known of it".to_owned() } else { told.join("; ") }
}

/// Whether somebody looks at it with a debugger, and may have stopped it.
pub(super) fn is_debugged(pid: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    field(&status, "TracerPid:").is_some_and(|tracer| tracer != "0")
}

fn thread_words(status: &str, place: &str, call: &str) -> String {
    let name = field(status, "Name:").unwrap_or("?");
    let state = field(status, "State:").unwrap_or("?");
    let mut words = format!("thread {name}: {state}");
    let place = place.trim();
    if !place.is_empty() && place != "0" {
        words.push_str(&format!(", waiting in {place}"));
    }
    match call.split_whitespace().next() {
        None | Some("running" | "-1") => {}
        Some(number) => words.push_str(&format!(", system call {number}")),
    }
    words
}

fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_thread_and_a_waiting_one_are_told_apart() {
        let status = "Name:\tkeepalived\nState:\tT (stopped)\nTracerPid:\t0\n";
        assert_eq!(
            thread_words(status, "do_signal_stop", "-1 0x0\n"),
            "thread keepalived: T (stopped), waiting in do_signal_stop"
        );
        let status = "Name:\trtnetlink\nState:\tD (disk sleep)\n";
        assert_eq!(
            thread_words(status, "0", "46 0x3 0x7f\n"),
            "thread rtnetlink: D (disk sleep), system call 46"
        );
    }

    #[test]
    fn this_process_can_be_looked_at_and_is_not_debugged() {
        let own = Pid::this();
        assert!(of(own).contains("thread "), "{}", of(own));
        assert!(!is_debugged(own));
    }
}
