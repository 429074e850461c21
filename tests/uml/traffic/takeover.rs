//! The master dies, and connections that were open live on through the other director.

use super::farm::{Family, Farm, Plan, Way, service, vip};
use lab::{Binary, Outcome, eventually, http::Conversation};
use std::time::Duration;

pub(crate) fn open_connections_outlive_their_director(binary: &Binary) -> Outcome {
    let plan = Plan { synced: true, ..Plan::new(Way::Dr, "rr") };
    let mut farm = Farm::start(binary, &plan, 2)?;
    farm.warm_up(Family::V4)?;
    let mut conversations = Vec::new();
    for _ in 0..3 {
        let mut conversation = Conversation::open(farm.client.namespace(), service(Family::V4))?;
        let server = conversation.ask()?.name;
        conversations.push((server, conversation));
    }
    // The other director has heard of them.
    let backup = &farm.directors[1].node;
    eventually("the connections in the backup's table", Duration::from_secs(20), || {
        for (_, conversation) in &mut conversations {
            // A connection is made known after a few of its packets.
            conversation.ask().ok()?;
        }
        let list = backup.run("ipvsadm", &["-Lcn"]).ok()?;
        (list.lines().filter(|line| line.contains("ESTABLISHED")).count() >= 3).then_some(())
    })?;

    let first = &mut farm.directors[0];
    first.node.unplug("eth0")?;
    first.node.unplug("eth1")?;
    first.daemon.cut();
    let backup = &farm.directors[1].node;
    eventually("the virtual address on the backup", Duration::from_secs(20), || {
        backup.addresses().ok()?.contains(&vip(Family::V4)).then_some(())
    })?;
    for (server, conversation) in &mut conversations {
        assert_eq!(conversation.ask()?.name, *server);
    }
    Ok(())
}
