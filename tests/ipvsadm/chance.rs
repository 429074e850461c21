//! Command lines by chance: a valid one, most of them, and then something added, left out, doubled or broken.

use crate::beside::differences;
use lab::{Binary, Dice, Outcome};
use std::fmt::Write as _;

/// So many lines are played from one empty table.
const LINES: usize = 60;

/// So many such tables, each of which takes some seconds.
const ROUNDS: u64 = 2;

const TCP: &[&str] =
    &["10.0.0.1:80", "10.0.0.2:443", "10.0.0.1:0", "[fd00::1]:80", "10.0.0.4:http", "short:81"];
const UDP: &[&str] = &["10.0.0.1:53", "10.0.0.2:5060", "[fd00::1]:53", "10.0.0.1:domain"];
const SCTP: &[&str] = &["10.0.0.1:80", "[fd00::1]:132"];
const MARKS: &[&str] = &["1", "2 -6", "7", "7 --ipv6", "2147483647"];
const BROKEN: &[&str] = &[
    "",
    "x",
    "-1",
    "0",
    "0x10",
    "99999999999",
    "10.0.0.300",
    "10.0.0.1:65536",
    "[fd00::1]",
    "fd00::1",
    "1,2",
    "' 5'",
    "5x",
    "--",
    "-",
    "''",
    "=",
    "=3",
    "::",
    "[::]:0",
    ":80",
    "10.0.0.1:",
    "nosuch.invalid:80",
    "+3",
    "007",
];
/// Options with the values that each of them takes. Left out is what the original shows wrongly or does not save.
const OPTIONS: &[(&str, &str, &[&str])] = &[
    ("-s", "--scheduler", &["rr", "wrr", "wlc", "lc", "sh", "mh", "sed", "none"]),
    ("-p", "--persistent", &["", "60", "360", "2678400"]),
    ("-M", "--netmask", &["255.255.255.0", "255.255.255.255", "64", "128", "255.0.255.0"]),
    ("-o", "--ops", &[""]),
    ("--pe", "--pe", &["sip"]),
    ("-b", "--sched-flags", &["flag-1", "flag-1,flag-2", "sh-port", "mh-fallback,mh-port"]),
    ("-r", "--real-server", &["10.0.1.1", "10.0.1.2:80", "10.0.1.3:8080", "[fd00::11]:80", "fd00::12"]),
    ("-g", "--gatewaying", &[""]),
    ("-i", "--ipip", &[""]),
    ("-m", "--masquerading", &[""]),
    ("-w", "--weight", &["0", "1", "100", "2147483647"]),
    ("-x", "--u-threshold", &["0", "10", "100"]),
    ("-y", "--l-threshold", &["0", "5", "100"]),
    ("--tun-type", "--tun-type", &["ipip", "gue", "gre"]),
    ("--tun-port", "--tun-port", &["1", "6080", "65535"]),
    ("--tun-nocsum", "--tun-nocsum", &[""]),
    ("--tun-csum", "--tun-csum", &[""]),
    ("--tun-remcsum", "--tun-remcsum", &[""]),
    ("-n", "--numeric", &[""]),
    ("-c", "--connection", &[""]),
    ("--timeout", "--timeout", &[""]),
    ("--daemon", "--daemon", &[""]),
    ("--stats", "--stats", &[""]),
    ("--rate", "--rate", &[""]),
    ("--thresholds", "--thresholds", &[""]),
    ("--persistent-conn", "--persistent-conn", &[""]),
    ("--tun-info", "--tun-info", &[""]),
    ("--nosort", "--nosort", &[""]),
    ("--sort", "--sort", &[""]),
    ("--exact", "--exact", &[""]),
    ("-6", "--ipv6", &[""]),
    ("--syncid", "--syncid", &["0", "7", "255"]),
    ("--sync-maxlen", "--sync-maxlen", &["1", "1400"]),
    ("--mcast-interface", "--mcast-interface", &["eth9"]),
    ("--mcast-group", "--mcast-group", &["224.0.0.90", "ff02::51"]),
    ("--mcast-port", "--mcast-port", &["9000"]),
    ("--mcast-ttl", "--mcast-ttl", &["1", "255"]),
];
/// Commands, whether a service belongs to them, and options that do.
const COMMANDS: &[(&str, &str, bool, &[&str])] = &[
    ("-A", "--add-service", true, &["-s", "-p", "-M", "-o", "--pe", "-b"]),
    ("-A", "--add-service", true, &["-s", "-p"]),
    ("-E", "--edit-service", true, &["-s", "-p", "-M", "-o", "--pe", "-b"]),
    ("-D", "--delete-service", true, &[]),
    (
        "-a",
        "--add-server",
        true,
        &["-r", "-g", "-i", "-m", "-w", "-x", "-y", "--tun-type", "--tun-port", "--tun-csum"],
    ),
    ("-a", "--add-server", true, &["-r", "-m", "-w"]),
    ("-a", "--add-server", true, &["-r", "-i", "--tun-type"]),
    ("-e", "--edit-server", true, &["-r", "-m", "-w", "-x"]),
    ("-d", "--delete-server", true, &["-r"]),
    ("-Z", "--zero", true, &[]),
    ("-Z", "--zero", false, &[]),
    (
        "-L",
        "--list",
        false,
        &[
            "-n",
            "--stats",
            "--rate",
            "--exact",
            "--thresholds",
            "--persistent-conn",
            "--tun-info",
            "--nosort",
        ],
    ),
    ("-L", "--list", false, &["-n", "-c", "--persistent-conn", "--exact"]),
    ("-l", "--list", true, &["-n", "--stats", "--persistent-conn", "--thresholds", "--sort", "--exact"]),
    ("-L", "--list", false, &["--timeout", "--daemon", "-n"]),
    ("--set", "--set", false, &[]),
    (
        "--start-daemon",
        "--start-daemon",
        false,
        &["--syncid", "--sync-maxlen", "--mcast-interface", "--mcast-group", "--mcast-port", "--mcast-ttl"],
    ),
    ("--stop-daemon", "--stop-daemon", false, &["--syncid"]),
    ("-C", "--clear", false, &[]),
];

fn once_in(dice: &mut Dice, times: u64) -> bool {
    dice.roll(times) == 0
}

fn service(dice: &mut Dice) -> String {
    let (short, long, values) = dice.pick(&[
        ("-t", "--tcp-service", TCP),
        ("-t", "--tcp-service", TCP),
        ("-u", "--udp-service", UDP),
        ("--sctp-service", "--sctp-service", SCTP),
        ("-f", "--fwmark-service", MARKS),
    ]);
    option(dice, short, long, values)
}

/// An option in one of the forms in which it can be written, with a value that is usually right.
fn option(dice: &mut Dice, short: &str, long: &str, values: &[&str]) -> String {
    let value = if once_in(dice, 25) { dice.pick(BROKEN) } else { dice.pick(values) };
    match dice.roll(6) {
        _ if value.is_empty() => dice.pick(&[short, long]).to_owned(),
        0 => format!("{long} {value}"),
        1 => format!("{long}={value}"),
        2 if !short.starts_with("--") => format!("{short}{value}"),
        _ => format!("{short} {value}"),
    }
}

fn line(dice: &mut Dice) -> String {
    let (short, long, has_service, own) = dice.pick(COMMANDS);
    let mut parts = Vec::new();
    if has_service && !once_in(dice, 30) {
        parts.push(service(dice));
    }
    let obligatory = |name: &&str| ["-r", "--mcast-interface"].contains(name);
    for name in own {
        if if obligatory(name) { !once_in(dice, 15) } else { once_in(dice, 3) } {
            parts
                .extend(OPTIONS.iter().find(|known| known.0 == *name).map(|(s, l, v)| option(dice, s, l, v)));
        }
    }
    if once_in(dice, 8) {
        let (short, long, values) = dice.pick(OPTIONS);
        parts.push(option(dice, short, long, values));
    }
    match dice.roll(40) {
        0 => parts.push(service(dice)),
        1 => parts.push(dice.pick(BROKEN).to_owned()),
        2 => parts.extend(parts.last().cloned()),
        3 => {
            let (short, long, _, _) = dice.pick(COMMANDS);
            parts.push(dice.pick(&[short, long]).to_owned());
        }
        _ => {}
    }
    for at in (1..parts.len()).rev() {
        let other = usize::try_from(dice.roll(at as u64 + 1)).unwrap_or(0);
        parts.swap(at, other);
    }
    let mut line = dice.pick(&[short, short, long]).to_owned();
    match short {
        "--set" => {
            for _ in 0..if once_in(dice, 8) { 2 } else { 3 } {
                let _ = write!(line, " {}", dice.pick(&["0", "30", "900", "2678400", "2678401", "x"]));
            }
        }
        "--start-daemon" | "--stop-daemon" => {
            let _ = write!(line, " {}", dice.pick(&["master", "backup", "backup", "mas"]));
        }
        _ => {}
    }
    for part in parts {
        let _ = write!(line, " {part}");
    }
    line
}

pub(crate) fn command_lines_by_chance_are_carried_out_and_refused_alike(ours: &Binary) -> Outcome {
    let mut different = Vec::new();
    for seed in 0..ROUNDS {
        let dice = &mut Dice::new(seed);
        let lines: String = (0..LINES).map(|_| line(dice) + "\n").collect();
        different.extend(differences(ours, &lines)?);
    }
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
    Ok(())
}
