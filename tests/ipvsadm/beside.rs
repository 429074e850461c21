//! The administrator's tool beside Debian's: the same command lines on equal tables.

use crate::play::{self, Played, play};
use lab::{Binary, Node, Outcome, Scene};
use std::path::Path;

/// Where Debian installs the original.
pub(crate) const ORIGINAL: &str = "/usr/sbin/ipvsadm";

/// Shows everything that command lines can change.
const STATE: &str = "\
-Sn
-Ln --thresholds
-Ln --tun-info --nosort
-L --timeout
-L --daemon
";

/// Undoes it.
pub(crate) const RESET: &str = "\
-C
--set 900 120 300
--stop-daemon master
--stop-daemon backup
";

const HOSTS: &str = "\
127.0.0.1 localhost
10.0.0.1 short
10.0.0.2 averylonghostnamethatgoeson.example.com averylong
10.0.0.3 exactlytwentythreechars1
10.0.0.4 exactlytwentyeightchars12345
10.0.0.5 exactlytwentytwochars1
10.9.9.9 dual
fd00::61 six.example.com
fd00::62 averylonghostnamethatgoesonandon6.example.com
fd00::8 only6
fd00::9 dual
";

/// A machine with an interface for multicast and names of its own.
pub(crate) struct Stage {
    pub(crate) node: Node,
    /// Holds the node's files.
    _scene: Scene,
}

/// Sets it up.
pub(crate) fn stage() -> Outcome<Stage> {
    let scene = Scene::new()?;
    let node = scene.node("director")?;
    node.ip("link add dev eth9 type dummy")?;
    node.ip("link set dev eth9 up")?;
    node.ip("address add 10.77.0.1/24 dev eth9")?;
    node.ip("address add fd77::1/64 dev eth9 nodad")?;
    node.ip("address add 10.0.0.1/32 dev lo")?;
    node.ip("address add fd00::1/128 dev lo nodad")?;
    std::fs::write(node.outside("/etc/hosts"), HOSTS)?;
    Ok(Stage { node, _scene: scene })
}

/// Plays the lines with the original and with ours, and compares.
fn compare(ours: &Binary, lines: &str) -> Outcome {
    let different = differences(ours, lines)?;
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
    Ok(())
}

/// Where the original and ours, each from an empty table, differ in what they say, how they end and what they leave.
pub(crate) fn differences(ours: &Binary, lines: &str) -> Outcome<Vec<String>> {
    let Stage { node, .. } = &stage()?;
    let script = format!("{lines}{STATE}");
    let told_by = |program: &Path| -> Outcome<Vec<_>> {
        play(node, ORIGINAL.as_ref(), RESET)?;
        let mut played = play(node, program, lines)?;
        played.extend(play(node, ORIGINAL.as_ref(), STATE)?);
        Ok(played)
    };
    let (theirs, ours) = (told_by(ORIGINAL.as_ref())?, told_by(ours.as_ref())?);
    assert_eq!(theirs.len(), play::lines(&script).count());
    let pairs = theirs.iter().zip(&ours).filter(|(theirs, ours)| !ours.is_as(theirs));
    Ok(pairs.map(|(theirs, ours)| format!("theirs: {theirs}\nours:   {ours}")).collect())
}

macro_rules! files {
    ($($test:ident = $file:literal;)+) => {
        $(pub(crate) fn $test(ours: &Binary) -> Outcome {
            compare(ours, include_str!($file))
        })+
    };
}

files! {
    services_are_made_and_refused_alike = "services.txt";
    servers_are_made_and_refused_alike = "servers.txt";
    listings_are_equal = "listing.txt";
    command_lines_are_taken_apart_alike = "grammar.txt";
    lines_of_standard_input_are_carried_out_alike = "restore.txt";
    daemons_are_started_and_stopped_alike = "daemons.txt";
    names_are_found_and_cut_alike = "names.txt";
    edits_keep_and_drop_the_same = "edits.txt";
    the_farm_of_the_seed_is_listed_alike = "seed.txt";
}

/// What ours says that the original does not.
pub(crate) fn help_and_version_are_its_own(ours: &Binary) -> Outcome {
    let Stage { node, .. } = &stage()?;
    let version = "ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\n";
    for Played { code, out, err, line } in play(node, ours.as_ref(), "-h\n--help foo\n-h --bogus\n-hv\n")? {
        assert_eq!((code, err.as_str()), (Some(0), ""), "{line}");
        let usage = out.strip_prefix(version).expect("the version comes first");
        assert!(usage.starts_with("Usage:\n  ipvsadm -A|-E SERVICE"), "{usage}");
    }
    // Within standard input it is the end.
    let played = play(node, ours.as_ref(), "-R <<< -h\\n-A -t 10.1.0.11:80\\n\n-Sn\n")?;
    assert!(played[0].out.starts_with(version) && played[0].code == Some(0));
    assert_eq!(played[1].out, "");
    Ok(())
}

/// Where the original lies or writes what it cannot read, ours does better.
pub(crate) fn large_marks_and_third_flags_are_shown_and_saved_as_they_are(ours: &Binary) -> Outcome {
    let Stage { node, .. } = &stage()?;
    let lines = "\
-A -f 4294967295
-A -t 10.0.0.1:80 -s sh -b flag-3
-A -t 10.0.0.2:80 -s mh -b mh-port,flag-3
-a -t 10.0.0.1:80 -r 10.0.0.9 -x 10 -y 5
";
    let saved = "\
-A -f 4294967295 -s wlc
-A -t 10.0.0.1:80 -s sh -b flag-3
-a -t 10.0.0.1:80 -r 10.0.0.9:80 -g -w 1 -x 10 -y 5
-A -t 10.0.0.2:80 -s mh -b mh-port,flag-3
";
    let played = play(node, ours.as_ref(), &format!("{lines}-Sn\n-Ln -f 4294967295\n"))?;
    assert_eq!(played[4].out, saved);
    assert_eq!(played[5].out.lines().last(), Some("FWM  4294967295 wlc"));
    play(node, ORIGINAL.as_ref(), RESET)?;
    let script = saved.replace('\n', "\\n");
    let played = play(node, ORIGINAL.as_ref(), &format!("-R <<< {script}\n"))?;
    assert_eq!((played[0].code, played[0].err.as_str()), (Some(0), ""), "the original can read it");
    let played = play(node, ours.as_ref(), "-Sn\n")?;
    assert_eq!(played[0].out, saved);
    Ok(())
}

/// Refusals keep their first lines and exit codes and say what to do about them.
pub(crate) fn a_missing_right_is_named_with_its_remedy(ours: &Binary) -> Outcome {
    let Stage { node, .. } = &stage()?;
    let run = |program: &Path| -> Outcome<std::process::Output> {
        let mut command = std::process::Command::new("setpriv");
        command.args(["--bounding-set=-net_admin", "--inh-caps=-net_admin"]).arg(program).arg("-Ln");
        if program != Path::new(ORIGINAL) {
            command.args(["--nosort"]);
        }
        Ok(node.enter(|| command.output())??)
    };
    let link = node.outside("/run/ipvsadm");
    std::os::unix::fs::symlink(ours, &link)?;
    let (theirs, ours) = (run(ORIGINAL.as_ref())?, run("/run/ipvsadm".as_ref())?);
    assert_eq!(ours.status.code(), Some(2));
    assert_eq!(ours.status.code(), theirs.status.code());
    let (theirs, ours) = (String::from_utf8(theirs.stderr)?, String::from_utf8(ours.stderr)?);
    // Theirs also lets modprobe say that there is no such module on the machine around this one.
    let theirs: String = theirs.split_inclusive('\n').filter(|line| !line.starts_with("modprobe:")).collect();
    let advice = ours.strip_prefix(&theirs);
    let advice = advice.ok_or_else(|| lab::Failure::new(format!("{ours:?} against {theirs:?}")))?;
    assert!(advice.contains("CAP_NET_ADMIN"), "{advice}");
    Ok(())
}
