//! The command line: what the user asked for, and nothing done about it yet.

pub(crate) mod subcommand;
mod table;
pub(crate) mod usage;
pub(crate) mod words;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use table::Id;
use words::{Word, Words};

use crate::worker::Role;

/// The configuration file unless `--use-file` names another.
pub(crate) const DEFAULT_FILE: &str = "/etc/keepalived/keepalived.conf";

/// Where older installations keep it; used when [`DEFAULT_FILE`] does not exist.
pub(crate) const OLD_DEFAULT_FILE: &str = "/etc/keepalived.conf";

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Invocation {
    /// Be the daemon.
    Run(Box<Options>),
    /// Check the configuration, writing to standard error or appending to a file.
    ConfigTest(Box<Options>, Option<PathBuf>),
    /// `config` as the first word: do something with the configuration that is not running it. The words behind it.
    Config(Vec<OsString>),
    /// `realserver` as the first word: prepare a real server. The words behind it.
    Realserver(Vec<OsString>),
    /// `doctor` as the first word: say what keeps traffic away. The words behind it.
    Doctor(Vec<OsString>),
    /// Print to standard error and end well.
    Version,
    /// Print the help text to standard error and end well.
    Help(String),
    /// Print a signal's number.
    Signum(i32),
    /// Refuse; everything to say has been said.
    Refused,
    /// Be `genhash`.
    Genhash(Genhash),
    /// Be `ipvsadm`.
    Ipvsadm(Ipvsadm),
}

/// A call of `genhash`, not read yet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Genhash {
    /// What to call the program in its help text.
    pub(crate) program: String,
    /// What was said to it.
    pub(crate) words: Vec<OsString>,
}

/// A call of `ipvsadm`, not read yet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ipvsadm {
    /// What to call the program in its messages.
    pub(crate) program: String,
    /// What was said to it.
    pub(crate) words: Vec<OsString>,
}

impl Ipvsadm {
    /// The call under a name of the tool or of one of its two scripts.
    fn by_name(program: &OsStr, arguments: &mut dyn Iterator<Item = OsString>) -> Option<Self> {
        let before: &[&str] = match Path::new(program).file_name()?.to_str()? {
            "ipvsadm" => &[],
            "ipvsadm-save" => &["-S"],
            "ipvsadm-restore" => &["-R"],
            _ => return None,
        };
        let words = before.iter().map(OsString::from).chain(arguments).collect();
        Some(Self { program: program.to_string_lossy().into_owned(), words })
    }
}

/// The options of a daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// `--use-file`, absolute so that a daemon in `/` can read it again; a glob pattern.
    pub(crate) file: PathBuf,
    /// The subsystems that may run.
    pub(crate) vrrp: bool,
    /// See [`Options::vrrp`].
    pub(crate) checkers: bool,
    /// See [`Options::vrrp`].
    pub(crate) bfd: bool,
    /// `--all`: run them even without configuration.
    pub(crate) all: bool,
    /// `--log-console`.
    pub(crate) console: bool,
    /// How often `--log-detail` was given.
    pub(crate) detail: u8,
    /// `--log-facility` as its number.
    pub(crate) facility: u8,
    /// `--log-file`; an empty path is the usual one.
    pub(crate) log_file: Option<PathBuf>,
    /// `--no-syslog`.
    pub(crate) no_syslog: bool,
    /// `--umask`.
    pub(crate) umask: Option<u32>,
    /// `--dont-release-vrrp`.
    pub(crate) keep_vrrp: bool,
    /// `--dont-release-ipvs`.
    pub(crate) keep_ipvs: bool,
    /// `--dont-respawn`.
    pub(crate) dont_respawn: bool,
    /// `--dont-fork`.
    pub(crate) foreground: bool,
    /// `--pid`.
    pub(crate) pid_file: Option<PathBuf>,
    /// `--vrrp_pid`.
    pub(crate) vrrp_pid_file: Option<PathBuf>,
    /// `--checkers_pid`.
    pub(crate) checkers_pid_file: Option<PathBuf>,
    /// `--bfd_pid`.
    pub(crate) bfd_pid_file: Option<PathBuf>,
    /// `--all-config`.
    pub(crate) all_config: bool,
    /// `--config-id`, else the host's name up to the first dot.
    pub(crate) config_id: Option<String>,
    /// `--namespace`.
    pub(crate) namespace: Option<String>,
    /// `--ignore-sigint`.
    pub(crate) ignore_sigint: bool,
    /// `--dump-conf`.
    pub(crate) dump_config: bool,
    /// `--address-monitoring`.
    pub(crate) watch_addresses: bool,
    /// `--core-dump`.
    pub(crate) core_files: bool,
    /// `--core-dump-pattern`.
    pub(crate) core_pattern: Option<String>,
    /// Options that are understood but that this version does not act on; to be logged.
    pub(crate) without_effect: Vec<&'static str>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            file: PathBuf::new(),
            vrrp: true,
            checkers: true,
            bfd: true,
            all: false,
            console: false,
            detail: 0,
            facility: 3,
            log_file: None,
            no_syslog: false,
            umask: None,
            keep_vrrp: false,
            keep_ipvs: false,
            dont_respawn: false,
            foreground: false,
            pid_file: None,
            vrrp_pid_file: None,
            checkers_pid_file: None,
            bfd_pid_file: None,
            all_config: false,
            config_id: None,
            namespace: None,
            ignore_sigint: false,
            dump_config: false,
            watch_addresses: false,
            core_files: false,
            core_pattern: None,
            without_effect: Vec::new(),
        }
    }
}

impl Options {
    /// Whether what a role programmed in the kernel stays there at a stop.
    pub(crate) const fn leaves_behind(&self, role: Role) -> bool {
        match role {
            Role::Checkers => self.keep_ipvs,
            Role::Vrrp => self.keep_vrrp,
            // It programs nothing.
            Role::Bfd => true,
        }
    }

    /// Whether a role's subsystem was left on by `--vrrp`, `--check` and `--no_bfd`.
    pub(crate) const fn enabled(&self, role: Role) -> bool {
        match role {
            Role::Checkers => self.checkers,
            Role::Vrrp => self.vrrp,
            Role::Bfd => self.bfd,
        }
    }
}

/// What is said while reading the command line; apart so that tests can look at it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// For standard output.
    pub(crate) out: String,
    /// For standard error.
    pub(crate) err: String,
}

/// What stands below the options in the help text.
const COMMANDS: &str = "
Commands, each with a --help of its own:
  config COMMAND                Check, compare, print and explain the configuration
  doctor                        Find what keeps traffic away
  realserver                    Prepare a server that stands behind directors
  ipvsadm                       Administer the kernel's table of virtual servers
";

/// Reads the arguments, the program's name first. `cwd` makes a relative configuration file absolute.
pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>, cwd: &Path) -> (Invocation, Said) {
    let mut arguments = arguments.into_iter().peekable();
    let program = arguments.next().unwrap_or_else(|| "keepalived".into());
    let mut said = Said::default();
    if Path::new(&program).file_name().is_some_and(|name| name == "genhash") {
        let program = program.to_string_lossy().into_owned();
        return (Invocation::Genhash(Genhash { program, words: arguments.collect() }), said);
    }

    if let Some(call) = Ipvsadm::by_name(&program, &mut arguments) {
        return (Invocation::Ipvsadm(call), said);
    }
    if arguments.next_if(|word| word == "ipvsadm").is_some() {
        let program = format!("{} ipvsadm", program.to_string_lossy());
        return (Invocation::Ipvsadm(Ipvsadm { program, words: arguments.collect() }), said);
    }
    if arguments.next_if(|word| word == "config").is_some() {
        return (Invocation::Config(arguments.collect()), said);
    }
    if arguments.next_if(|word| word == "realserver").is_some() {
        return (Invocation::Realserver(arguments.collect()), said);
    }
    if arguments.next_if(|word| word == "doctor").is_some() {
        return (Invocation::Doctor(arguments.collect()), said);
    }

    let mut options = Options::default();
    let mut config_test: Option<Option<PathBuf>> = None;
    let mut stray = Vec::new();
    let mut refused = false;
    let mut options_seen = 0_usize;
    let mut words = Words::new(table::OPTIONS, arguments);
    while let Some(word) = words.next() {
        options_seen += usize::from(!matches!(word, Word::Stray(_)));
        let (id, argument) = match word {
            Word::Option(id, argument) => (id, argument.unwrap_or_default()),
            Word::Unknown(option) => {
                said.err.push_str(&format!("Unknown option {option}\n"));
                refused = true;
                continue;
            }
            Word::MissingParameter(option) => {
                said.err.push_str(&format!("Missing parameter for option {option}\n"));
                refused = true;
                continue;
            }
            Word::Stray(word) => {
                stray.push(word);
                continue;
            }
        };
        let text = argument.to_string_lossy();
        let path = || PathBuf::from(&argument);
        match id {
            Id::UseFile => options.file = path(),
            Id::Vrrp => options.checkers = false,
            Id::Check => options.vrrp = false,
            Id::NoBfd => options.bfd = false,
            Id::Debug => {}
            Id::All => {
                options.all = true;
                options.vrrp = true;
                options.checkers = true;
                options.bfd = true;
            }
            Id::LogConsole => options.console = true,
            Id::LogDetail => options.detail = options.detail.saturating_add(1),
            Id::LogFacility => match facility(&text) {
                Some(number) => options.facility = number,
                None => said.err.push_str(&format!("Invalid log facility '{text}'\n")),
            },
            Id::LogFile => options.log_file = Some(path()),
            // Each line is in the file as soon as it is written.
            Id::FlushLogFile => {}
            Id::NoSyslog => options.no_syslog = true,
            Id::Umask => match c_number(&text).filter(|mask| *mask <= 0o777) {
                Some(mask) => options.umask = Some(mask),
                None => said.err.push_str(&format!("Invalid --umask option {text}")),
            },
            Id::DontReleaseVrrp => options.keep_vrrp = true,
            Id::DontReleaseIpvs => options.keep_ipvs = true,
            Id::DontRespawn => options.dont_respawn = true,
            Id::DontFork => options.foreground = true,
            Id::Pid => options.pid_file = Some(path()),
            Id::VrrpPid => options.vrrp_pid_file = Some(path()),
            Id::CheckersPid => options.checkers_pid_file = Some(path()),
            Id::BfdPid => options.bfd_pid_file = Some(path()),
            Id::Genhash => {
                if options_seen > 1 {
                    said.err.push_str("Warning -- `-T` not used as first option, previous options ignored\n");
                }
                let program = format!("{} --genhash", program.to_string_lossy());
                let words = stray.into_iter().chain(words.into_rest()).collect();
                return (Invocation::Genhash(Genhash { program, words }), said);
            }
            Id::AllConfig => options.all_config = true,
            Id::ConfigId => options.config_id = Some(text.into_owned()),
            Id::Namespace => options.namespace = Some(text.into_owned()),
            Id::Signum => match signal_number(&text) {
                Some(number) => return (Invocation::Signum(number), said),
                None => {
                    said.err.push_str(&format!("Unknown sigfunc {text}\n"));
                    return (Invocation::Refused, said);
                }
            },
            Id::ConfigTest => config_test = Some((!argument.is_empty()).then(path)),
            Id::IgnoreSigint => options.ignore_sigint = true,
            Id::Version => return (Invocation::Version, said),
            Id::Help => {
                let options = usage::text(&program.to_string_lossy(), table::OPTIONS);
                return (Invocation::Help(options + COMMANDS), said);
            }
            Id::DumpConf => options.dump_config = true,
            Id::AddressMonitoring => options.watch_addresses = true,
            Id::CoreDump => options.core_files = true,
            Id::CoreDumpPattern => {
                options.core_files = true;
                let pattern = if text.is_empty() { "core".to_owned() } else { text.into_owned() };
                options.core_pattern = Some(pattern);
            }
            // What is held as master is always given up.
            Id::ReleaseVips => {}
            Id::Snmp | Id::SnmpAgentSocket => options.without_effect.push(name_of(id)),
        }
    }
    if !stray.is_empty() {
        // The blank before the line end is the original's.
        let stray = stray.join(OsStr::new(" "));
        said.out.push_str(&format!("Unexpected argument(s): {} \n", stray.to_string_lossy()));
    }
    if refused {
        return (Invocation::Refused, said);
    }
    options.file = configuration_file(&options.file, cwd);
    match config_test {
        Some(file) => (Invocation::ConfigTest(Box::new(options), file), said),
        None => (Invocation::Run(Box::new(options)), said),
    }
}

/// The file that `--use-file` names, absolute; nothing named means the usual place.
pub(crate) fn configuration_file(named: &Path, cwd: &Path) -> PathBuf {
    let (preferred, old) = (Path::new(DEFAULT_FILE), Path::new(OLD_DEFAULT_FILE));
    match named.as_os_str().as_bytes().first() {
        None if !preferred.exists() && old.exists() => old.into(),
        None => preferred.into(),
        Some(b'/') => named.into(),
        Some(_) => cwd.join(named),
    }
}

fn name_of(id: Id) -> &'static str {
    table::OPTIONS.iter().find(|row| row.id == id).map_or("", |row| row.long)
}

/// `--log-facility`: `0` to `7` and `local0` to `local7`, `daemon`, `user`.
fn facility(text: &str) -> Option<u8> {
    match text {
        "daemon" => Some(3),
        "user" => Some(1),
        _ => match text.strip_prefix("local").unwrap_or(text).as_bytes() {
            [digit @ b'0'..=b'7'] => Some(16 + digit - b'0'),
            _ => None,
        },
    }
}

/// A number as C writes it: `0x` for hexadecimal, `0` for octal.
fn c_number(text: &str) -> Option<u32> {
    let (digits, radix) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&text[2..], 16),
        [b'0', _, ..] => (&text[1..], 8),
        _ => (text, 10),
    };
    // from_str_radix would take a sign here.
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, radix).ok())?
}

/// `--signum`. The real-time signals are glibc's, counted from 34, whatever libc we are linked with: scripts send 36.
fn signal_number(name: &str) -> Option<i32> {
    Some(match name {
        "STOP" => 15,
        "RELOAD" => 1,
        "DATA" => 10,
        "STATS" => 12,
        "STATS_CLEAR" => 63,
        "JSON" => 36,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(line: &[&str]) -> (Invocation, Said) {
        let words = std::iter::once("keepalived").chain(line.iter().copied()).map(OsString::from);
        read(words, Path::new("/srv"))
    }

    fn options(line: &[&str]) -> Options {
        let invocation = ask(line).0;
        let Invocation::Run(options) = invocation else { panic!("not a run: {invocation:?}") };
        *options
    }

    #[test]
    fn the_options_of_a_usual_call_are_understood() {
        let options = options(&["-nlD", "-f", "k.conf", "-p", "/p", "-r", "/r", "-c", "/c"]);
        assert_eq!(options.file, Path::new("/srv/k.conf"));
        assert!(options.foreground && options.console);
        assert_eq!(options.detail, 1);
        assert_eq!(options.pid_file.as_deref(), Some(Path::new("/p")));
        assert_eq!(options.vrrp_pid_file.as_deref(), Some(Path::new("/r")));
        assert_eq!(options.checkers_pid_file.as_deref(), Some(Path::new("/c")));
    }

    #[test]
    fn the_order_of_all_and_vrrp_matters() {
        let (all_then_vrrp, vrrp_then_all) = (options(&["--all", "-P"]), options(&["-P", "--all"]));
        assert!(!all_then_vrrp.enabled(Role::Checkers) && all_then_vrrp.enabled(Role::Vrrp));
        assert!(vrrp_then_all.enabled(Role::Checkers) && vrrp_then_all.enabled(Role::Vrrp));
    }

    #[test]
    fn bfd_is_left_out_by_its_own_option_alone() {
        assert!(options(&["-P", "-C"]).enabled(Role::Bfd));
        let without = options(&["-B", "-b", "/run/x.pid"]);
        assert!(!without.enabled(Role::Bfd) && without.enabled(Role::Vrrp));
        assert_eq!(without.bfd_pid_file, Some("/run/x.pid".into()));
        assert!(options(&["-B", "--all"]).enabled(Role::Bfd));
    }

    #[test]
    fn an_unknown_option_refuses_after_everything_was_read() {
        let (invocation, said) = ask(&["-Z", "--nosuch", "-f"]);
        assert!(matches!(invocation, Invocation::Refused));
        assert_eq!(said.err, "Unknown option -Z\nUnknown option --nosuch\nMissing parameter for option -f\n");
    }

    #[test]
    fn signum_wins_over_an_unknown_option_before_it() {
        let (invocation, said) = ask(&["-Z", "--signum", "STOP"]);
        assert!(matches!(invocation, Invocation::Signum(15)));
        assert_eq!(said.err, "Unknown option -Z\n");
    }

    #[test]
    fn ipvsadm_is_a_name_or_the_first_word() {
        let ipvsadm = |program: &str, words: &[&str]| {
            let words = words.iter().map(OsString::from).collect();
            (Invocation::Ipvsadm(Ipvsadm { program: program.into(), words }), Said::default())
        };
        let called = |words: &[&str]| read(words.iter().map(OsString::from), Path::new("/"));
        assert_eq!(called(&["/sbin/ipvsadm", "-Ln"]), ipvsadm("/sbin/ipvsadm", &["-Ln"]));
        assert_eq!(called(&["ipvsadm-save", "-n"]), ipvsadm("ipvsadm-save", &["-S", "-n"]));
        assert_eq!(called(&["ipvsadm-restore"]), ipvsadm("ipvsadm-restore", &["-R"]));
        assert_eq!(ask(&["ipvsadm", "-C"]), ipvsadm("keepalived ipvsadm", &["-C"]));
        assert!(matches!(ask(&["-n", "ipvsadm"]).0, Invocation::Run(_)));
    }

    fn genhash(program: &str, words: &[&str]) -> Invocation {
        Invocation::Genhash(Genhash {
            program: program.into(),
            words: words.iter().map(OsString::from).collect(),
        })
    }

    #[test]
    fn genhash_is_a_name_or_the_first_option() {
        let called = read(["/usr/bin/genhash", "-v"].map(OsString::from), Path::new("/"));
        assert_eq!(called, (genhash("/usr/bin/genhash", &["-v"]), Said::default()));
        for line in [&["-T", "-s", "::1"][..], &["-Ts", "::1"], &["--genhash", "-s", "::1"]] {
            assert_eq!(ask(line), (genhash("keepalived --genhash", &["-s", "::1"]), Said::default()));
        }
    }

    #[test]
    fn genhash_after_other_options_forgets_them_and_says_so() {
        let (invocation, said) = ask(&["-n", "-Z", "word", "-T", "-v"]);
        assert_eq!(invocation, genhash("keepalived --genhash", &["word", "-v"]));
        assert_eq!(
            said.err,
            "Unknown option -Z\nWarning -- `-T` not used as first option, previous options ignored\n"
        );
        assert_eq!(said.out, "");
    }

    #[test]
    fn every_signal_name_has_keepalived_s_number() {
        let numbers = ["STOP", "RELOAD", "DATA", "STATS", "STATS_CLEAR", "JSON"].map(signal_number);
        assert_eq!(numbers, [15, 1, 10, 12, 63, 36].map(Some));
        assert_eq!(signal_number("stop"), None);
    }

    #[test]
    fn a_stray_word_is_reported_and_tolerated() {
        let (invocation, said) = ask(&["-n", "word", "two"]);
        assert!(matches!(invocation, Invocation::Run(_)));
        assert_eq!(said.out, "Unexpected argument(s): word two \n");
    }

    #[test]
    fn facilities_are_numbers_or_names() {
        assert_eq!(["3", "local3", "daemon", "user"].map(facility), [Some(19), Some(19), Some(3), Some(1)]);
        assert_eq!(["8", "local8", "mail", ""].map(facility), [None; 4]);
        assert_eq!(ask(&["-S", "mail"]).1.err, "Invalid log facility 'mail'\n");
    }

    #[test]
    fn a_umask_is_read_as_c_reads_numbers() {
        assert_eq!(
            ["022", "0x12", "18", "0", "+1", "9x"].map(c_number),
            [Some(18), Some(18), Some(18), Some(0), None, None]
        );
        assert_eq!(options(&["-u", "022"]).umask, Some(0o22));
        assert_eq!(options(&["-u", "01000"]).umask, None);
    }

    #[test]
    fn every_option_stands_in_the_help_text() {
        let usage = usage::text("keepalived", table::OPTIONS);
        for row in table::OPTIONS {
            assert!(usage.contains(&format!("--{}", row.long)), "{}", row.long);
        }
    }
}
