//! What clients notice of reloads, and of a sorry server without a port.

use super::farm::{Family, Farm, Plan, Way, service};
use lab::{Binary, Outcome, eventually, http::Conversation};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);

pub(crate) fn connections_through_an_untouched_service_outlive_reloads(binary: &Binary) -> Outcome {
    let plan = Plan::new(Way::Nat, "rr");
    let farm = Farm::start(binary, &plan, 1)?;
    farm.warm_up(Family::V4)?;
    let mut conversations = Vec::new();
    for _ in 0..3 {
        let mut conversation = Conversation::open(farm.client.namespace(), service(Family::V4))?;
        let server = conversation.ask()?.name;
        conversations.push((server, conversation));
    }
    let director = farm.director();
    let text = plan.config(200);
    let (untouched, other) = text.split_once("virtual_server 2001:").expect("there is a service for IPv6");
    let weighted = format!("{untouched}virtual_server 2001:{}", other.replace("weight 1", "weight 7"));
    let table = || director.node.run("ipvsadm", &["-Sn"]);
    let rows = |weight: &str| Some(table().ok()?.lines().filter(|line| line.ends_with(weight)).count());
    for (config, weight, servers) in
        [(weighted.as_str(), "-w 7", 3), (untouched, "-w 1", 3), (text.as_str(), "-w 1", 6)]
    {
        director.daemon.write_config(config)?;
        director.daemon.reload()?;
        eventually("the table of the new configuration", SOON, || {
            (rows(weight)? == servers
                && table().ok()?.lines().filter(|line| line.starts_with("-a ")).count() >= servers)
                .then_some(())
        })?;
        for (server, conversation) in &mut conversations {
            assert_eq!(conversation.ask()?.name, *server);
        }
    }
    Ok(())
}

pub(crate) fn a_sorry_server_without_a_port_gets_the_port_that_was_asked_for(binary: &Binary) -> Outcome {
    let plan = Plan::new(Way::Nat, "rr");
    let mut farm = Farm::start(binary, &plan, 1)?;
    farm.warm_up(Family::V4)?;
    let config = plan.config(200).replacen(
        "protocol TCP\n",
        "protocol TCP\n    quorum 3\n    sorry_server 10.2.0.13\n",
        1,
    );
    let director = farm.director();
    director.daemon.write_config(&config)?;
    director.daemon.reload()?;
    director.daemon.logs("Reload complete", SOON)?;
    farm.servers[1].origin = None;
    let director = farm.director();
    eventually("the sorry server alone", SOON, || {
        let table = director.node.run("ipvsadm", &["-Sn"]).ok()?;
        let servers: Vec<_> = table.lines().filter(|line| line.starts_with("-a -t 10.1.0.100:80")).collect();
        (servers == ["-a -t 10.1.0.100:80 -r 10.2.0.13:0 -m -w 1"]).then_some(())
    })?;
    for _ in 0..3 {
        assert_eq!(farm.ask(Family::V4)?.name, "web3");
    }
    Ok(())
}
