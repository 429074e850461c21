//! Which server a scheduler gives a new connection to: counted.

use super::farm::{Family, Farm, Plan, Way, service};
use lab::{
    Binary, Outcome, eventually,
    http::{Conversation, get},
};
use std::time::{Duration, Instant};

/// Each connection to the next server.
pub(crate) fn rr_takes_turns(binary: &Binary) -> Outcome {
    let farm = Farm::start(binary, &Plan::new(Way::Nat, "rr"), 1)?;
    farm.warm_up(Family::V4)?;
    let names = names(&farm, 12)?;
    for (one, two) in names.iter().zip(&names[3..]) {
        assert_eq!(one, two, "{names:?}");
    }
    assert_eq!(counted(&names), [4, 4, 4]);
    Ok(())
}

/// In proportion to the weights.
pub(crate) fn wrr_takes_turns_by_weight(binary: &Binary) -> Outcome {
    let plan = Plan { weights: [3, 2, 1], ..Plan::new(Way::Nat, "wrr") };
    let farm = Farm::start(binary, &plan, 1)?;
    farm.warm_up(Family::V4)?;
    assert_eq!(counted(&names(&farm, 12)?), [6, 4, 2]);
    Ok(())
}

/// To the server with the fewest open connections.
pub(crate) fn lc_prefers_the_least_busy(binary: &Binary) -> Outcome {
    let farm = Farm::start(binary, &Plan::new(Way::Nat, "lc"), 1)?;
    farm.warm_up(Family::V4)?;
    let mut open = held(&farm, 9)?;
    assert_eq!(counted_of(&open), [3, 3, 3]);
    // Those of one server end; the next connections are its own.
    open.retain(|(name, _)| name != "web2");
    eventually("the kernel to see them end", Duration::from_secs(20), || {
        let list = farm.director().node.run("ipvsadm", &["-Ln"]).ok()?;
        let line = list.lines().find(|line| line.contains("10.2.0.12:80"))?.to_owned();
        (line.split_whitespace().nth(4)? == "0").then_some(())
    })?;
    let next = held(&farm, 3)?;
    assert_eq!(counted_of(&next), [0, 3, 0]);
    Ok(())
}

/// To the server with the fewest for its weight.
pub(crate) fn wlc_prefers_the_least_busy_for_its_weight(binary: &Binary) -> Outcome {
    let plan = Plan { weights: [2, 1, 1], ..Plan::new(Way::Nat, "wlc") };
    let farm = Farm::start(binary, &plan, 1)?;
    farm.warm_up(Family::V4)?;
    assert_eq!(counted_of(&held(&farm, 8)?), [4, 2, 2]);
    Ok(())
}

/// A server that takes long to answer keeps its connections open and gets fewer.
pub(crate) fn lc_spares_the_slow_server(binary: &Binary) -> Outcome {
    let slow = Duration::from_millis(800);
    let plan = Plan { delays: [Duration::ZERO, slow, Duration::ZERO], ..Plan::new(Way::Nat, "lc") };
    let [first, second, third] = under_load(binary, &plan)?;
    // In turns it would be a third; how few there are depends on how fast this machine asks.
    assert!(second > 0 && second * 2 < first && second * 2 < third, "{first} {second} {third}");
    Ok(())
}

/// Slowness counts beside the weight: of two servers with the same weight the slow one gets fewer; of two that are equally
/// fast, the heavier one gets more.
pub(crate) fn wlc_spares_the_slow_server_and_heeds_the_weights(binary: &Binary) -> Outcome {
    let slow = Duration::from_millis(800);
    // The quick ones take long enough for connections to be open at the same time.
    let quick = Duration::from_millis(40);
    let plan = Plan { weights: [3, 3, 1], delays: [quick, slow, quick], ..Plan::new(Way::Nat, "wlc") };
    let [heavy, heavy_but_slow, light] = under_load(binary, &plan)?;
    let counts = format!("{heavy} {heavy_but_slow} {light}");
    assert!(heavy_but_slow > 0 && light > 0, "{counts}");
    // By weight alone the slow one would get as many as its twin.
    assert!(heavy_but_slow * 2 < heavy, "{counts}");
    // By slowness alone the light one would get as many as the heavy one.
    assert!(light * 3 < heavy * 2, "{counts}");
    Ok(())
}

/// How many requests of some clients each server has answered in a few seconds.
fn under_load(binary: &Binary, plan: &Plan) -> Outcome<[usize; 3]> {
    let farm = Farm::start(binary, plan, 1)?;
    farm.warm_up(Family::V4)?;
    let end = Instant::now() + Duration::from_secs(6);
    let mut all = Vec::new();
    let network = farm.client.namespace();
    std::thread::scope(|scope| -> Outcome {
        let workers: Vec<_> = (0..6)
            .map(|_| {
                scope.spawn(|| {
                    let mut names = Vec::new();
                    while Instant::now() < end {
                        names.extend(get(network, service(Family::V4)).ok().map(|answer| answer.name));
                    }
                    names
                })
            })
            .collect();
        for worker in workers {
            all.extend(worker.join().map_err(|_| lab::Failure::new("a client panicked"))?);
        }
        Ok(())
    })?;
    Ok(counted(&all))
}

/// Who answers so many requests, each over a connection that ends with it.
fn names(farm: &Farm, count: usize) -> Outcome<Vec<String>> {
    (0..count).map(|_| Ok(farm.ask(Family::V4)?.name)).collect()
}

type Held = Vec<(String, Conversation)>;

/// Connections that stay open, with the server of each.
fn held(farm: &Farm, count: usize) -> Outcome<Held> {
    (0..count)
        .map(|_| {
            let mut conversation = Conversation::open(farm.client.namespace(), service(Family::V4))?;
            Ok((conversation.ask()?.name, conversation))
        })
        .collect()
}

fn counted(names: &[String]) -> [usize; 3] {
    ["web1", "web2", "web3"].map(|server| names.iter().filter(|name| *name == server).count())
}

fn counted_of(held: &Held) -> [usize; 3] {
    counted(&held.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>())
}
