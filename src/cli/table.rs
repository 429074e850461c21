//! The option table: letters, names, arguments and help, as keepalived(8) has them.

use super::words::{Row, Takes};

/// Which option it is, under its long name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::enum_variant_names, reason = "the names are keepalived's own")]
pub(super) enum Id {
    UseFile,
    Vrrp,
    Check,
    NoBfd,
    All,
    LogConsole,
    LogDetail,
    LogFacility,
    LogFile,
    FlushLogFile,
    NoSyslog,
    Umask,
    ReleaseVips,
    DontReleaseVrrp,
    DontReleaseIpvs,
    DontRespawn,
    DontFork,
    DumpConf,
    Pid,
    VrrpPid,
    CheckersPid,
    BfdPid,
    Genhash,
    AddressMonitoring,
    Snmp,
    SnmpAgentSocket,
    Namespace,
    CoreDump,
    CoreDumpPattern,
    AllConfig,
    ConfigId,
    Signum,
    ConfigTest,
    IgnoreSigint,
    Debug,
    Version,
    Help,
}

const fn row(id: Id, short: Option<char>, long: &'static str, takes: Takes, help: &'static str) -> Row<Id> {
    Row { id, short, long, takes, help }
}

use Takes::{Attached, Nothing, Word};

/// Every option, in the order of the help text.
pub(super) const OPTIONS: &[Row<Id>] = &[
    row(Id::UseFile, Some('f'), "use-file", Word("FILE"), "Use the specified configuration file"),
    row(Id::Vrrp, Some('P'), "vrrp", Nothing, "Only run with VRRP subsystem"),
    row(Id::Check, Some('C'), "check", Nothing, "Only run with Health-checker subsystem"),
    row(Id::NoBfd, Some('B'), "no_bfd", Nothing, "Don't run BFD subsystem"),
    row(
        Id::All,
        None,
        "all",
        Nothing,
        "Force all child processes to run, even if they have no configuration",
    ),
    row(Id::LogConsole, Some('l'), "log-console", Nothing, "Log messages to local console"),
    row(Id::LogDetail, Some('D'), "log-detail", Nothing, "Detailed log messages"),
    row(
        Id::LogFacility,
        Some('S'),
        "log-facility",
        Word("[0-7]|local[0-7]|user|daemon"),
        "Set syslog facility",
    ),
    row(
        Id::LogFile,
        Some('g'),
        "log-file",
        Attached("FILE"),
        "Also log to FILE, a file for each process (default: keepalived.log in TMPDIR or /tmp)",
    ),
    row(
        Id::FlushLogFile,
        None,
        "flush-log-file",
        Nothing,
        "Flush the log file after each line, as is always done",
    ),
    row(Id::NoSyslog, Some('G'), "no-syslog", Nothing, "Don't log via syslog"),
    row(Id::Umask, Some('u'), "umask", Word("MASK"), "umask for file creation (in numeric form)"),
    row(Id::ReleaseVips, Some('X'), "release-vips", Nothing, "Drop VIPs on transition from signal"),
    row(
        Id::DontReleaseVrrp,
        Some('V'),
        "dont-release-vrrp",
        Nothing,
        "Don't remove VRRP VIPs and VROUTEs on stop",
    ),
    row(Id::DontReleaseIpvs, Some('I'), "dont-release-ipvs", Nothing, "Don't remove IPVS topology on stop"),
    row(Id::DontRespawn, Some('R'), "dont-respawn", Nothing, "Don't respawn child processes"),
    row(Id::DontFork, Some('n'), "dont-fork", Nothing, "Don't fork the daemon process"),
    row(Id::DumpConf, Some('d'), "dump-conf", Nothing, "Dump the configuration data"),
    row(Id::Pid, Some('p'), "pid", Word("FILE"), "Use specified pidfile for parent process"),
    row(Id::VrrpPid, Some('r'), "vrrp_pid", Word("FILE"), "Use specified pidfile for VRRP child process"),
    row(
        Id::CheckersPid,
        Some('c'),
        "checkers_pid",
        Word("FILE"),
        "Use specified pidfile for checkers child process",
    ),
    row(Id::BfdPid, Some('b'), "bfd_pid", Word("FILE"), "Use specified pidfile for BFD child process"),
    row(Id::Genhash, Some('T'), "genhash", Nothing, "Enter into genhash utility mode (must be first option)"),
    row(
        Id::AddressMonitoring,
        Some('a'),
        "address-monitoring",
        Nothing,
        "Report all address additions/deletions notified via netlink",
    ),
    row(Id::Snmp, Some('x'), "snmp", Nothing, "Enable SNMP subsystem"),
    row(
        Id::SnmpAgentSocket,
        Some('A'),
        "snmp-agent-socket",
        Word("FILE"),
        "Use the specified socket for master agent",
    ),
    row(
        Id::Namespace,
        Some('s'),
        "namespace",
        Word("NAME"),
        "Run in network namespace NAME (overrides config)",
    ),
    row(Id::CoreDump, Some('m'), "core-dump", Nothing, "Produce core dump if terminate abnormally"),
    row(
        Id::CoreDumpPattern,
        Some('M'),
        "core-dump-pattern",
        Attached("PATN"),
        "Also set /proc/sys/kernel/core_pattern to PATN (default 'core')",
    ),
    row(Id::AllConfig, Some('e'), "all-config", Nothing, "Error if any configuration file is missing"),
    row(
        Id::ConfigId,
        Some('i'),
        "config-id",
        Word("ID"),
        "Skip any configuration lines beginning '@' that don't match ID",
    ),
    row(
        Id::Signum,
        None,
        "signum",
        Word("SIGFUNC"),
        "Return signal number for STOP, RELOAD, DATA, STATS, STATS_CLEAR, JSON",
    ),
    row(
        Id::ConfigTest,
        Some('t'),
        "config-test",
        Attached("LOG_FILE"),
        "Check the configuration for obvious errors, output to stderr by default",
    ),
    row(Id::IgnoreSigint, None, "ignore-sigint", Nothing, "Ignore SIGINT (Ctrl-C)"),
    row(
        Id::Debug,
        None,
        "debug",
        Attached("LEVELS"),
        "Accepted for the sake of old command lines; does nothing",
    ),
    row(Id::Version, Some('v'), "version", Nothing, "Display the version number"),
    row(Id::Help, Some('h'), "help", Nothing, "Display this help message"),
];

#[cfg(test)]
mod tests {
    use super::OPTIONS;

    /// What stands before a long option, the text, and what may follow the option.
    const COMPLETIONS: [(&str, &str, &[char]); 3] = [
        ("--", include_str!("../../packaging/completions/keepalived.bash"), &[' ', '\n', '\'']),
        ("--", include_str!("../../packaging/completions/_keepalived"), &['}', '=', '[']),
        (" -l ", include_str!("../../packaging/completions/keepalived.fish"), &[' ']),
    ];

    #[test]
    fn every_option_is_completed_by_every_shell() {
        for (mark, text, ends) in COMPLETIONS {
            for option in OPTIONS {
                let name = format!("{mark}{}", option.long);
                let offered =
                    text.match_indices(&name).any(|(at, _)| text[at + name.len()..].starts_with(ends));
                assert!(offered, "no {name:?} in the completions with {mark:?}");
            }
        }
    }
}
