//! Scenes in network namespaces: two routers on one link, the adverts and ARP frames between them recorded.

mod election;
mod pair;

use lab::{Needs, Suite, tests};
use std::{process::ExitCode, time::Duration};

fn main() -> ExitCode {
    Suite::new(Needs::Namespaces, Duration::from_secs(300))
        .tests(tests![
            election::the_higher_priority_becomes_master_and_alone_holds_the_addresses,
            election::a_router_that_is_alone_becomes_master_after_the_down_interval,
            election::a_stopped_master_is_followed_after_the_skew_alone,
            election::a_killed_master_is_followed_after_the_down_interval,
            election::a_master_whose_cable_is_pulled_is_followed_and_yields_when_it_is_back,
            election::a_returning_higher_priority_takes_over,
        ])
        .run()
}
