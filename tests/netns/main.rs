//! Scenes in network namespaces: two routers on one link, the adverts and ARP frames between them recorded.

mod addresses;
mod announcement;
mod election;
mod packets;

use lab::{Binary, Needs, Suite, pair::Cast, tests};
use std::{process::ExitCode, time::Duration};

fn main() -> ExitCode {
    let ours = Binary::under_test(env!("CARGO_BIN_EXE_keepalived"));
    Suite::new(Needs::Namespaces, Duration::from_secs(300))
        .tests(
            &Cast { one: ours.clone(), two: ours },
            tests![
                addresses::a_reload_adds_an_address_and_never_lets_go_of_the_others,
                addresses::an_address_somebody_deletes_is_back_after_a_new_election,
                announcement::a_new_master_announces_its_addresses_round_by_round_and_again_later,
                election::a_killed_master_is_followed_after_the_down_interval,
                election::a_master_whose_cable_is_pulled_is_followed_and_takes_over_again_later,
                election::a_returning_higher_priority_takes_over,
                election::a_router_that_is_alone_becomes_master_after_the_down_interval,
                election::a_stopped_master_is_followed_after_the_skew_alone,
                election::the_higher_priority_becomes_master_and_alone_holds_the_addresses,
                packets::forged_adverts_are_named_and_move_neither_router,
                packets::garbage_of_any_length_stops_nobody,
            ],
        )
        .run()
}
