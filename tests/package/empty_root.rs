//! The binary that needs no C library, where there is none.

use crate::root::{Root, packaged, run};
use libtest_mimic::Failed;
use std::{fs, process::Command};

const CONFIGURATION: &str = "
vrrp_instance alone {
    interface net0
    virtual_router_id 7
    priority 200
    advert_int 1
    virtual_ipaddress { 192.0.2.77/24 }
}
";

/// A master within the time in which nobody else speaks, and no address left at the end.
const PLAY: &str = r#"
exec 2>&1
ip link set lo up
ip link add net0 type veth peer name net1
ip link set net0 up
ip link set net1 up
ip address add 192.0.2.1/24 dev net0
mount -t proc proc "$1/proc"
mount -t tmpfs tmpfs "$1/run"
touch "$1/dev/null"
mount --bind /dev/null "$1/dev/null"
chroot "$1" /usr/sbin/keepalived --config-test
chroot "$1" /usr/sbin/keepalived --dont-fork --log-console --no-syslog &
daemon=$!
waited=0
until ip address show dev net0 | grep -q 192.0.2.77; do
    waited=$((waited + 1))
    [ "$waited" -le 300 ] || exit 3
    sleep 0.1
done
kill "$daemon"
wait "$daemon"
! ip address show dev net0 | grep 192.0.2.77
"#;

pub(crate) fn a_static_binary_is_master() -> Result<(), Failed> {
    let binary = packaged(&["--static"])?;
    let root = Root::empty()?;
    for folder in ["/usr/sbin", "/etc/keepalived", "/proc", "/run", "/dev"] {
        fs::create_dir_all(root.path(folder))?;
    }
    fs::copy(binary, root.path("/usr/sbin/keepalived"))?;
    root.write("/etc/keepalived/keepalived.conf", CONFIGURATION)?;
    let said = run(Command::new("unshare")
        .args(["--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-ec", PLAY, "sh"])
        .arg(root.path("/")))?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("(alone) Entering MASTER STATE"), "{said}");
    Ok(())
}
