//! What a program that is run for a virtual router finds around it.

use lab::{
    Keepalived, Outcome, eventually,
    pair::{Cast, ELECTION, Pair},
};
use nix::unistd::dup;
use std::{env, fs, os::unix::fs::PermissionsExt as _};

const SCRIPT: &str = "#!/bin/sh
exec 3>>/run/told
for word; do echo \"word $word\" >&3; done
echo \"user $(id -u) $(id -g) $(id -G)\" >&3
echo \"umask $(umask)\" >&3
echo \"folder $(pwd)\" >&3
for number in 0 1 2; do echo \"file $(readlink /proc/$$/fd/$number)\" >&3; done
echo \"leads its group $([ $(cut -d ' ' -f 5 /proc/$$/stat) = $$ ] && echo yes)\" >&3
echo \"blocked $(sed -n 's/^SigBlk:\\t//p' /proc/$$/status)\" >&3
echo \"inherited $(ls -l /proc/$$/fd | grep -c heirloom)\" >&3
env | grep -E '^(LD_|NOTIFY_SOCKET|WATCHDOG|SPECIAL)' | sed 's/^/variable /' >&3
echo end >&3
";

const CONFIG: &str = r#"
global_defs {
    enable_script_security
    script_user nobody
}
vrrp_instance VI_1 {
    interface eth1
    virtual_router_id 50
    priority 200
    virtual_ipaddress {
        172.16.0.100
    }
    notify_master "/run/tell.sh 'a b' \"c d\" $HOME ; *"
}
"#;

pub(crate) fn a_program_has_its_words_its_user_and_nothing_of_the_daemons(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    let [script, told] = ["/run/tell.sh", "/run/told"].map(|path| node.outside(path));
    fs::write(&script, SCRIPT)?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    fs::write(&told, "")?;
    fs::set_permissions(&told, fs::Permissions::from_mode(0o666))?;
    // Open in the daemon as well, because a copy is not closed when a program is started.
    let heirloom = fs::File::create(node.outside("/run/heirloom"))?;
    let _copy = dup(&heirloom)?;
    let variables = [("NOTIFY_SOCKET", "/run/none"), ("WATCHDOG_USEC", "90000000"), ("SPECIAL", "kept")];
    let _daemon = Keepalived::start_in(node, pair.one.binary(), &[], &variables, CONFIG)?;
    let text = eventually("all that the script tells", ELECTION, || {
        fs::read_to_string(&told).ok().filter(|text| text.ends_with("end\n"))
    })?;
    let folder = env::current_dir()?;
    assert_eq!(
        text.lines().collect::<Vec<_>>(),
        [
            "word a b",
            "word \"c",
            "word d\"",
            "word $HOME",
            "word ;",
            "word *",
            "user 65534 65534 65534",
            "umask 0177",
            &format!("folder {}", folder.display()),
            "file /dev/null",
            "file /dev/null",
            "file /dev/null",
            "leads its group yes",
            "blocked 0000000000000000",
            "inherited 0",
            "variable SPECIAL=kept",
            "end",
        ]
    );
    Ok(())
}
