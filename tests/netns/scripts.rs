//! What a program that is run for a virtual router finds around it.

use lab::{
    Keepalived, Node, Outcome, eventually,
    pair::{Cast, ELECTION, Pair},
};
use nix::unistd::dup;
use std::{collections::BTreeSet, env, fs, os::unix::fs::PermissionsExt as _};

/// Tells the file that its first word names.
const SCRIPT: &str = "#!/bin/sh
cat /proc/$$/environ >/run/environment.$1
exec 3>>/run/told.$1
for word; do echo \"word $word\" >&3; done
echo \"user $(id -u) $(id -g) $(id -G)\" >&3
echo \"umask $(umask)\" >&3
echo \"folder $(pwd)\" >&3
for number in 0 1 2; do echo \"file $(readlink /proc/$$/fd/$number)\" >&3; done
echo \"leads its group $([ $(cut -d ' ' -f 5 /proc/$$/stat) = $$ ] && echo yes)\" >&3
echo \"is the worker's child $([ $PPID = $(cat /run/vrrp.pid) ] && echo yes)\" >&3
echo \"nice, priority and policy $(cut -d ' ' -f 19,40,41 /proc/$$/stat)\" >&3
echo \"files $(ulimit -n)\" >&3
echo \"core $(ulimit -S -c) $(ulimit -H -c)\" >&3
echo \"locked $(sed -n 's/^VmLck:[\\t ]*//p' /proc/$$/status)\" >&3
# The C library keeps 32 and 33 to itself, and nobody can change what it was given.
for mask in Blk Ign; do
    signals=$(sed -n \"s/^Sig$mask:\\t0*//p\" /proc/$$/status)
    echo \"$mask $((0x0$signals & ~0x180000000))\" >&3
done
ls -l /proc/$$/fd | grep heirloom >/run/inherited.$1
echo end >&3
";

const CONFIG: &str = r#"
global_defs {
    enable_script_security
    script_user nobody
    vrrp_rt_priority 20
    vrrp_rlimit_rttime 4000000
    vrrp_no_swap
}
vrrp_instance VI_1 {
    interface eth1
    virtual_router_id 50
    priority 200
    virtual_ipaddress {
        172.16.0.100
    }
    notify_backup "/run/tell.sh backup" nobody root
    notify_master "/run/tell.sh master 'a b' $HOME ; * 'it''s' \x41"
    notify "/run/tell.sh generic" root
}
"#;

/// A machine with the script, and files that it can tell whoever it is.
fn prepare(node: &Node, names: &[&str]) -> Outcome {
    let script = node.outside("/run/tell.sh");
    fs::write(&script, SCRIPT)?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    for file in names
        .iter()
        .flat_map(|name| ["told", "environment", "inherited"].map(|kind| format!("/run/{kind}.{name}")))
    {
        let file = node.outside(file);
        fs::write(&file, "")?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666))?;
    }
    Ok(())
}

/// All that the script told in one file, when it has told `count` times.
fn told(node: &Node, name: &str, count: usize) -> Outcome<Vec<String>> {
    let file = node.outside(format!("/run/told.{name}"));
    let text = eventually("all that the script tells", ELECTION, || {
        let text = fs::read_to_string(&file).ok()?;
        (text.lines().filter(|line| *line == "end").count() == count).then_some(text)
    })?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// The variables of the script when it was started.
fn environment(node: &Node, name: &str) -> Outcome<BTreeSet<String>> {
    let bytes = fs::read(node.outside(format!("/run/environment.{name}")))?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.split_terminator('\0').map(str::to_owned).collect())
}

/// Lines that are the same for every program, given its user and its groups.
fn around(user: &str) -> Outcome<Vec<String>> {
    let files = fs::read_to_string("/proc/self/limits")?;
    let limit = |title: &str| -> Vec<String> {
        let line = files.lines().find_map(|line| line.strip_prefix(title)).unwrap_or_default();
        line.split_whitespace().take(2).map(str::to_owned).collect()
    };
    let cores: Vec<_> = limit("Max core file size");
    // The shell counts blocks of 512 bytes.
    let cores =
        cores.iter().map(|text| text.parse().map_or(text.clone(), |bytes: u64| (bytes / 512).to_string()));
    Ok(vec![
        format!("user {user}"),
        "umask 0177".to_owned(),
        format!("folder {}", env::current_dir()?.display()),
        "file /dev/null".to_owned(),
        "file /dev/null".to_owned(),
        "file /dev/null".to_owned(),
        "leads its group yes".to_owned(),
        "is the worker's child yes".to_owned(),
        "nice, priority and policy 0 0 0".to_owned(),
        format!("files {}", limit("Max open files")[0]),
        format!("core {}", cores.collect::<Vec<_>>().join(" ")),
        "locked 0 kB".to_owned(),
        "Blk 0".to_owned(),
        "Ign 0".to_owned(),
        "end".to_owned(),
    ])
}

/// These words, and what is around every program.
fn with_words(words: &[&str], user: &str) -> Outcome<Vec<String>> {
    let words = words.iter().map(|word| format!("word {word}"));
    Ok(words.chain(around(user)?).collect())
}

pub(crate) fn a_program_has_its_words_its_user_and_the_daemons_environment(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    prepare(node, &["backup", "master", "generic"])?;
    let variables = [("SPECIAL", "kept as it is"), ("HOME", "/somewhere")];
    let _daemon = Keepalived::start_in(node, pair.one.binary(), &[], &variables, CONFIG)?;
    let nobody = "65534 65534 65534";
    let master = ["master", "a b", "$HOME", ";", "*", "its", "A"];
    assert_eq!(told(node, "master", 1)?, with_words(&master, nobody)?);
    assert_eq!(told(node, "backup", 1)?, with_words(&["backup"], "65534 0 0")?);
    let generic = told(node, "generic", 2)?;
    let of = |state| with_words(&["generic", "INSTANCE", "VI_1", state, "200"], "0 0 0");
    assert_eq!(generic, [of("BACKUP")?, of("MASTER")?].concat());

    // A library path is nothing for a program that may be another user's.
    let is_kept = |name: &str| !name.starts_with("LD_") && !variables.iter().any(|(said, _)| *said == name);
    let own = env::vars().filter(|(name, _)| is_kept(name));
    let said = variables.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    let wanted: BTreeSet<_> = own.chain(said).map(|(name, value)| format!("{name}={value}")).collect();
    for name in ["backup", "master", "generic"] {
        let found = environment(node, name)?.into_iter().filter(|one| !one.starts_with("LD_"));
        assert_eq!(found.collect::<BTreeSet<_>>(), wanted, "{name}");
    }
    Ok(())
}

pub(crate) fn a_program_has_nothing_of_the_daemons(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    prepare(node, &["master"])?;
    // Open in the daemon as well, because a copy is not closed when a program is started.
    let heirloom = fs::File::create(node.outside("/run/heirloom"))?;
    let _copy = dup(&heirloom)?;
    let variables =
        [("NOTIFY_SOCKET", "/run/none"), ("WATCHDOG_USEC", "90000000"), ("LD_LIBRARY_PATH", "/run")];
    let config = CONFIG.replace("'a b'", r#"\"c d\""#).replace(r"\x41", r"\x41\ b");
    let config = config.replace("notify_backup", "#").replace("notify \"", "# \"");
    let _daemon = Keepalived::start_in(node, pair.one.binary(), &["-m"], &variables, &config)?;
    let words = ["master", "\"c", "d\"", "$HOME", ";", "*", "its", "A b"];
    assert_eq!(told(node, "master", 1)?, with_words(&words, "65534 65534 65534")?);
    assert_eq!(fs::read_to_string(node.outside("/run/inherited.master"))?, "");
    let forbidden = ["NOTIFY_SOCKET=", "WATCHDOG_", "LD_", "KEEPALIVED"];
    let found = environment(node, "master")?;
    let own: BTreeSet<_> = env::vars().map(|(name, value)| format!("{name}={value}")).collect();
    let heirs: Vec<_> =
        found.difference(&own).filter(|one| forbidden.iter().any(|name| one.starts_with(name))).collect();
    assert_eq!(heirs, [""; 0]);
    Ok(())
}
