//! The options of `genhash`, one row each, and what they say.

use std::ffi::{OsStr, OsString};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::time::Duration;

use checkers::http::Version;
use checkers::io::tls::PeerName;

use crate::cli::words::{Row, Takes, Word, Words};
use crate::cli::{Genhash, usage};

/// Unless `--timeout` says otherwise: a little more than an hour, keepalived's 2³²−1 microseconds.
pub(super) const DEFAULT_TIMEOUT: Duration = Duration::from_micros(u32::MAX as u64);

/// What to fetch and how.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Options {
    /// `--server` and `--port`
    pub(super) server: SocketAddr,
    /// `--url`
    pub(super) url: Vec<u8>,
    /// `--use-virtualhost`
    pub(super) virtual_host: Option<Vec<u8>>,
    /// `--use-ssl` and `--use-sni`
    pub(super) tls: Option<PeerName>,
    /// `--protocol`
    pub(super) version: Version,
    /// `--fwmark`, 0 for none.
    pub(super) mark: u32,
    /// `--timeout`
    pub(super) timeout: Duration,
    /// `--verbose`
    pub(super) verbose: bool,
}

/// Which option it is, under its long name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Id {
    UseSsl,
    UseSni,
    Server,
    Port,
    Url,
    UseVirtualhost,
    Verbose,
    Fwmark,
    Protocol,
    Timeout,
    Help,
}

const fn row(id: Id, short: char, long: &'static str, takes: Takes, help: &'static str) -> Row<Id> {
    Row { id, short: Some(short), long, takes, help }
}

/// Every option, in the order of the help text.
const OPTIONS: &[Row<Id>] = &[
    row(Id::UseSsl, 'S', "use-ssl", Takes::Nothing, "Connect over TLS; no certificate is verified"),
    row(Id::UseSni, 'I', "use-sni", Takes::Nothing, "Send the virtual host (see -V) as TLS server name"),
    row(Id::Server, 's', "server", Takes::Word("ADDRESS"), "Address of the server (required)"),
    row(Id::Port, 'p', "port", Takes::Word("PORT"), "Port of the server (required)"),
    row(Id::Url, 'u', "url", Takes::Word("URL"), "Path to fetch (required)"),
    row(
        Id::UseVirtualhost,
        'V',
        "use-virtualhost",
        Takes::Word("HOST"),
        "Host to ask for, else ADDRESS:PORT",
    ),
    row(Id::Verbose, 'v', "verbose", Takes::Nothing, "Show header, body and time as well"),
    row(Id::Fwmark, 'm', "fwmark", Takes::Word("MARK"), "Firewall mark of the packets"),
    row(
        Id::Protocol,
        'P',
        "protocol",
        Takes::Word("VERSION"),
        "HTTP 1.0 (default), 1.0c (with 'Connection: close') or 1.1",
    ),
    row(Id::Timeout, 't', "timeout", Takes::Word("SECONDS"), "Longest wait to connect and for each read"),
    row(Id::Help, 'h', "help", Takes::Nothing, "Display this help message"),
];

/// What was said, one option at a time; the last of each kind counts.
#[derive(Default)]
struct Given {
    server: Option<IpAddr>,
    port: Option<u16>,
    url: Option<Vec<u8>>,
    virtual_host: Option<OsString>,
    tls: bool,
    sni: bool,
    version: Version,
    mark: u32,
    timeout: Option<Duration>,
    verbose: bool,
}

/// Reads the command line.
///
/// # Errors
///
/// What to say on standard error: what is wrong, and the help text.
pub(super) fn read(call: Genhash) -> Result<Options, String> {
    let mut said = String::new();
    given(call.words, &mut said)
        .and_then(|given| given.together(&mut said))
        .ok_or_else(|| said + &usage::text(&format!("{} -s ADDRESS -p PORT -u URL", call.program), OPTIONS))
}

/// The first bad value ends the reading, but not an unknown option.
fn given(words: Vec<OsString>, said: &mut String) -> Option<Given> {
    let mut given = Given::default();
    let mut stray = Vec::new();
    let mut refused = false;
    for word in Words::new(OPTIONS, words.into_iter()) {
        match word {
            Word::Option(Id::Help, _) => refused = true,
            Word::Option(id, argument) => {
                if let Err(fault) = given.set(id, argument.unwrap_or_default()) {
                    said.push_str(&format!("{fault}\n"));
                    return None;
                }
            }
            Word::Unknown(option) => {
                said.push_str(&format!("Unknown option {option}\n"));
                refused = true;
            }
            Word::MissingParameter(option) => {
                said.push_str(&format!("Missing parameter for option {option}\n"));
                refused = true;
            }
            Word::Stray(word) => stray.push(word),
        }
    }
    if !stray.is_empty() && !refused {
        let stray = stray.join(OsStr::new(" "));
        said.push_str(&format!("Unexpected argument(s): {}\n", stray.to_string_lossy()));
        refused = true;
    }
    (!refused).then_some(given)
}

impl Given {
    fn set(&mut self, id: Id, argument: OsString) -> Result<(), String> {
        let text = argument.to_string_lossy();
        match id {
            Id::UseSsl => self.tls = true,
            Id::UseSni => self.sni = true,
            Id::Verbose => self.verbose = true,
            Id::Server => {
                let address = text.parse().map_err(|_| format!("server should be an IP, not {text}"))?;
                self.server = Some(address);
            }
            Id::Port => {
                let port = number(&text).and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0);
                self.port = Some(port.ok_or_else(|| format!("invalid port number '{text}'"))?);
            }
            Id::Fwmark => {
                let mark = number(&text).and_then(|mark| u32::try_from(mark).ok());
                self.mark = mark.ok_or_else(|| format!("invalid fwmark '{text}'"))?;
            }
            Id::Timeout => {
                let seconds = number(&text).ok_or_else(|| format!("invalid timeout '{text}'"))?;
                self.timeout = Some(Duration::from_secs(seconds));
            }
            Id::Protocol => {
                self.version = text.parse().map_err(|_| format!("invalid HTTP protocol version '{text}'"))?;
            }
            Id::Url => self.url = Some(argument.into_vec()),
            Id::UseVirtualhost => self.virtual_host = Some(argument),
            // Seen to where options are counted.
            Id::Help => {}
        }
        Ok(())
    }

    /// `None` when an option is missing; the help text says which are needed.
    fn together(self, said: &mut String) -> Option<Options> {
        let (server, port, url) = (self.server?, self.port?, self.url?);
        let tls = match &self.virtual_host {
            Some(host) if self.tls && self.sni => {
                let Ok(name) = PeerName::indicated(&host.to_string_lossy()) else {
                    let host = host.to_string_lossy();
                    said.push_str(&format!("'{host}' cannot be a TLS server name\n"));
                    return None;
                };
                Some(name)
            }
            Some(_) | None => self.tls.then(|| PeerName::unnamed(server)),
        };
        Some(Options {
            server: SocketAddr::new(server, port),
            url,
            virtual_host: self.virtual_host.map(|host| host.as_bytes().to_vec()),
            tls,
            version: self.version,
            mark: self.mark,
            timeout: self.timeout.unwrap_or(DEFAULT_TIMEOUT),
            verbose: self.verbose,
        })
    }
}

/// A decimal number as C's strtoul takes it, blanks and a plus before it included.
fn number(text: &str) -> Option<u64> {
    let text = text.trim_ascii_start();
    let digits = text.strip_prefix('+').unwrap_or(text);
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(line: &[&str]) -> Result<Options, String> {
        let words = line.iter().map(OsString::from).collect();
        read(Genhash { program: "genhash".into(), words })
    }

    /// What stands before the help text.
    fn refusal(line: &[&str]) -> String {
        let text = ask(line).expect_err("the line is refused");
        let (said, usage) = text.split_once("Usage: ").expect("the help text follows");
        assert!(usage.starts_with("genhash -s ADDRESS -p PORT -u URL [OPTION...]\n"), "{usage}");
        said.to_owned()
    }

    fn with(more: &[&str]) -> Options {
        ask(&[&["-s", "192.0.2.1", "-p", "80", "-u", "/"], more].concat()).expect("the line is good")
    }

    #[test]
    fn address_port_and_url_are_enough() {
        assert_eq!(
            with(&[]),
            Options {
                server: "192.0.2.1:80".parse().unwrap(),
                url: b"/".to_vec(),
                virtual_host: None,
                tls: None,
                version: Version::Http10,
                mark: 0,
                timeout: Duration::from_micros(4_294_967_295),
                verbose: false,
            }
        );
    }

    #[test]
    fn every_option_is_understood_in_both_forms() {
        let short = with(&["-S", "-I", "-V", "h.example", "-v", "-m", "7", "-P", "1.1", "-t", "3"]);
        let long = [
            "--use-ssl",
            "--use-sni",
            "--use-virtualhost=h.example",
            "--verb",
            "--fwmark=7",
            "--prot=1.1",
            "--time=3",
        ];
        assert_eq!(short, with(&long));
        assert_eq!(short.tls, PeerName::indicated("h.example").ok());
        assert_eq!((short.mark, short.version, short.verbose), (7, Version::Http11, true));
        assert_eq!(
            (short.timeout, short.virtual_host),
            (Duration::from_secs(3), Some(b"h.example".to_vec()))
        );
    }

    #[test]
    fn the_server_is_named_only_with_both_options() {
        let unnamed = Some(PeerName::unnamed("192.0.2.1".parse().unwrap()));
        assert_eq!(with(&["-S", "-V", "h"]).tls, unnamed);
        assert_eq!(with(&["-S", "-I"]).tls, unnamed);
        assert_eq!(with(&["-I", "-V", "two words"]).tls, None);
    }

    #[test]
    fn numbers_are_read_as_strtoul_reads_them() {
        assert_eq!(
            [" 1", "+1", "007", "18446744073709551615"].map(number),
            [Some(1), Some(1), Some(7), Some(u64::MAX)]
        );
        assert_eq!(["", " ", "1x", "-1", "0x1", "1 ", "++1", "18446744073709551616"].map(number), [None; 8]);
    }

    #[test]
    fn a_bad_value_ends_the_reading() {
        for (line, said) in [
            (["-s", "host", "-Q"], "server should be an IP, not host\n"),
            (["-s", "[::1]", "-Q"], "server should be an IP, not [::1]\n"),
            (["-p", "0", "-Q"], "invalid port number '0'\n"),
            (["-p", "65536", "-Q"], "invalid port number '65536'\n"),
            (["-m", "4294967296", "-Q"], "invalid fwmark '4294967296'\n"),
            (["-t", "1.5", "-Q"], "invalid timeout '1.5'\n"),
            (["-P", "2", "-Q"], "invalid HTTP protocol version '2'\n"),
        ] {
            assert_eq!(refusal(&line), said);
        }
    }

    #[test]
    fn unknown_options_and_missing_words_are_all_named() {
        assert_eq!(
            refusal(&["-ZY", "--foo=3", "--verbose=1", "--us", "word", "-u"]),
            "Unknown option -Z\nUnknown option -Y\nUnknown option --foo=3\nUnknown option --verbose=1\n\
             Unknown option --us\nMissing parameter for option -u\n"
        );
    }

    #[test]
    fn stray_words_are_refused() {
        assert_eq!(refusal(&["a", "-v", "--", "-Z"]), "Unexpected argument(s): a -Z\n");
    }

    #[test]
    fn help_and_what_is_missing_get_the_help_text_alone() {
        for line in [&[][..], &["-h"], &["-v"], &["-s", "::1", "-p", "1"], &["-s", "::1", "-u", "/"]] {
            assert_eq!(refusal(line), "");
        }
    }

    #[test]
    fn a_name_that_tls_cannot_send_is_refused() {
        assert_eq!(
            refusal(&["-s", "::1", "-p", "1", "-u", "/", "-SI", "-V", "two words"]),
            "'two words' cannot be a TLS server name\n"
        );
    }

    #[test]
    fn every_option_stands_in_the_help_text() {
        let text = ask(&["-h"]).expect_err("the help text");
        for row in OPTIONS {
            assert!(text.contains(&format!("--{}", row.long)), "{}", row.long);
        }
    }
}
