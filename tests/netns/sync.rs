//! Sync groups of two virtual routers, the second of which has an address on an interface of its own.

use lab::{
    Keepalived, Mark, Outcome,
    pair::{Cast, ELECTION, Pair, Router, settles},
    seed::VIPS,
};

fn config(first: u8, second: u8) -> String {
    let [one, two, three] = VIPS;
    let instance = |name: &str, vrid: u8, priority: u8, addresses: &str| {
        format!(
            "vrrp_instance {name} {{
                version 3
                interface eth1
                virtual_router_id {vrid}
                priority {priority}
                advert_int 0.1
                virtual_ipaddress {{ {addresses} }}
            }}\n"
        )
    };
    let group = "vrrp_sync_group G1 {\n group {\n VI_1\n VI_2\n }\n}\n";
    let second = instance("VI_2", 52, second, &format!("\n{two}\n{three} dev extra0\n"));
    format!("{group}{}{second}", instance("VI_1", 51, first, &format!("\n{one}\n")))
}

fn stage(cast: &Cast) -> Outcome<Pair> {
    let pair = Pair::new(cast)?;
    for router in [&pair.one, &pair.two] {
        router.node.ip("link add extra0 type veth peer name extra1")?;
        router.node.ip("link set extra0 up")?;
        router.node.ip("link set extra1 up")?;
    }
    Ok(pair)
}

fn extra(router: &Router, state: &str) -> Outcome {
    router.node.ip(&format!("link set extra0 {state}")).map(drop)
}

pub(crate) fn a_group_takes_over_and_yields_as_one(cast: &Cast) -> Outcome {
    let pair = stage(cast)?;
    let two = pair.two.start_with(&config(100, 100))?;
    settles(&pair.two, &pair.one)?;
    two.logs("VRRP_Group(G1) Syncing instances to MASTER state", ELECTION)?;
    let one = pair.one.start_with(&config(200, 150))?;
    settles(&pair.one, &pair.two)?;
    one.logs("VRRP_Group(G1) Syncing instances to MASTER state", ELECTION)?;
    two.logs("VRRP_Group(G1) Syncing instances to BACKUP state", ELECTION)?;
    Ok(())
}

pub(crate) fn a_member_with_a_better_router_holds_its_whole_group(cast: &Cast) -> Outcome {
    let pair = stage(cast)?;
    let _two = pair.two.start_with(&config(100, 100))?;
    settles(&pair.two, &pair.one)?;
    // Better in one, worse in the other: nothing may move.
    let one = pair.one.start_with(&config(200, 50))?;
    one.logs("(VI_1) Receive advertisement timeout", ELECTION)?;
    one.logs("(VI_1) received lower priority (100) advert from 172.16.0.2 - discarding", ELECTION)?;
    lab::throughout("the group stays where it is", std::time::Duration::from_secs(1), || {
        pair.one.holds().is_ok_and(|held| held == 0) && pair.two.holds().is_ok_and(|held| held == VIPS.len())
    })
}

pub(crate) fn the_fault_of_one_member_moves_the_group_and_its_recovery_moves_it_back(cast: &Cast) -> Outcome {
    let pair = stage(cast)?;
    let one = pair.one.start_with(&config(200, 200))?;
    let _two = pair.two.start_with(&config(100, 100))?;
    settles(&pair.one, &pair.two)?;
    extra(&pair.one, "down")?;
    one.logs("(VI_2) Entering FAULT STATE", ELECTION)?;
    one.logs("VRRP_Group(G1) Syncing instances to FAULT state", ELECTION)?;
    one.logs("(VI_1) Entering FAULT STATE", ELECTION)?;
    settles(&pair.two, &pair.one)?;
    extra(&pair.one, "up")?;
    one.logs("VRRP_Group(G1) Syncing instances to BACKUP state", ELECTION)?;
    settles(&pair.one, &pair.two)
}

/// The place in the journal after both have said that they are master. They say so later than their addresses are there.
fn reigns(one: &Keepalived) -> Outcome<Mark> {
    for name in ["VI_1", "VI_2"] {
        one.logs(&format!("({name}) Entering MASTER STATE"), ELECTION)?;
    }
    Ok(one.journal().mark())
}

pub(crate) fn a_reload_that_forms_a_group_moves_nothing_and_binds_its_members(cast: &Cast) -> Outcome {
    let pair = stage(cast)?;
    let grouped = config(200, 200);
    let alone = grouped.find("vrrp_instance").map_or("", |start| &grouped[start..]);
    let one = pair.one.start_with(alone)?;
    settles(&pair.one, &pair.two)?;
    let before = reigns(&one)?;
    one.write_config(&grouped)?;
    one.reload()?;
    one.journal().wait(before, "Reloading", ELECTION)?;
    lab::throughout("the addresses stay", std::time::Duration::from_secs(1), || {
        pair.one.holds().is_ok_and(|held| held == VIPS.len())
    })?;
    assert!(one.journal().find(before, "Entering").is_none(), "nothing moves");
    extra(&pair.one, "down")?;
    one.journal().wait(before, "VRRP_Group(G1) Syncing instances to FAULT state", ELECTION)?;
    one.journal().wait(before, "(VI_1) Entering FAULT STATE", ELECTION)?;
    Ok(())
}

/// The original's group goes to BACKUP when a reload gives it a member, and its masters with it.
pub(crate) fn a_master_whose_group_grows_stays_master(cast: &Cast) -> Outcome {
    let pair = stage(cast)?;
    let small = config(200, 200);
    let third = small[small.rfind("vrrp_instance").unwrap_or_default()..]
        .replace("VI_2", "VI_3")
        .replace("virtual_router_id 52", "virtual_router_id 53")
        .replace(&VIPS[1].to_string(), "172.16.0.245")
        .replace(&format!("{} dev extra0", VIPS[2]), "");
    let large = format!("{}{third}", small.replacen("VI_2\n }", "VI_2\n VI_3\n }", 1));
    let one = pair.one.start_with(&small)?;
    settles(&pair.one, &pair.two)?;
    let before = reigns(&one)?;
    let watch = pair.one.node.watch_addresses()?;
    one.write_config(&large)?;
    one.reload()?;
    one.journal().wait(before, "(VI_3) Entering MASTER STATE", ELECTION)?;
    let told = one.journal().since(before);
    let moved = |name: &str| told.iter().any(|line| line.text.contains(&format!("({name}) Entering")));
    assert!(!moved("VI_1") && !moved("VI_2"), "{told:?}");
    let lost: Vec<String> = watch.changes().into_iter().filter(|line| line.starts_with("Deleted")).collect();
    assert_eq!(lost, Vec::<String>::new());
    Ok(())
}
