//! What netlink's sockets hold before it is read.

use lab::{
    Outcome, eventually,
    pair::{Cast, ELECTION, Pair, config},
};

pub(crate) fn netlink_sockets_hold_as_much_as_told_also_after_a_reload(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    let sized = |commands: u32, notices: u32| {
        format!(
            "global_defs {{\n vrrp_netlink_cmd_rcv_bufs {commands}\n vrrp_netlink_monitor_rcv_bufs {notices}\n \
             vrrp_netlink_monitor_rcv_bufs_force true\n}}\n{}",
            config(100)
        )
    };
    let have = |rooms: [&str; 2]| {
        eventually("sockets of the sizes told", ELECTION, || {
            let all = node.run("ss", &["--no-header", "--family=netlink", "--memory"]).ok()?;
            rooms.iter().all(|room| all.contains(room)).then_some(())
        })
    };
    // The kernel doubles what it is told, for its own book-keeping.
    let one = pair.one.start_with(&sized(30_000, 9_000_000))?;
    have(["rb60000,", "rb18000000,"])?;
    one.write_config(&sized(40_000, 8_000_000))?;
    one.reload()?;
    have(["rb80000,", "rb16000000,"])
}
