//! Ours and Debian's keepalived side by side.
//!
//! - The scenes of `tests/netns` with the original as one of the two routers, in both roles, and as both: what only we
//!   pass shows where we differ, what the original fails shows a wrong scene.
//! - [`config`]: both readers on one file.

#[path = "../netns/addresses.rs"]
mod addresses;
#[path = "../netns/announcement.rs"]
mod announcement;
mod config;
#[path = "../netns/election.rs"]
mod election;
#[expect(dead_code, reason = "Debian's keepalived 2.2.7 has not all of the messages of 2.4.3")]
#[path = "../netns/packets.rs"]
mod packets;

use lab::{Binary, Needs, ORIGINAL, Suite, Test, pair::Cast, tests};
use std::{process::ExitCode, time::Duration};

const PAIRS: &[Test<Cast>] = tests![
    election::a_killed_master_is_followed_after_the_down_interval,
    election::a_master_whose_cable_is_pulled_is_followed_and_takes_over_again_later,
    election::a_returning_higher_priority_takes_over,
    election::a_stopped_master_is_followed_after_the_skew_alone,
    election::the_higher_priority_becomes_master_and_alone_holds_the_addresses,
];

const ALONE: &[Test<Cast>] = tests![
    addresses::a_reload_adds_an_address_and_never_lets_go_of_the_others,
    addresses::an_address_somebody_deletes_is_back_after_a_new_election,
    announcement::a_new_master_announces_its_addresses_round_by_round_and_again_later,
    election::a_router_that_is_alone_becomes_master_after_the_down_interval,
    packets::garbage_of_any_length_stops_nobody,
];

const FILES: &[Test<Cast>] = tests![
    config::global_settings_are_read_alike,
    config::instances_are_read_alike,
    config::servers_are_read_alike,
    config::the_language_is_read_alike,
    config::the_seed_gives_the_same_two_complaints,
];

fn main() -> ExitCode {
    let ours = Binary::under_test(env!("CARGO_BIN_EXE_keepalived"));
    let theirs = Binary::original();
    let cast = |one: &Binary, two: &Binary| Cast { one: one.clone(), two: two.clone() };
    Suite::new(Needs::Namespaces, Duration::from_secs(300))
        .tests_with(ORIGINAL, "both", &cast(&ours, &theirs), FILES)
        .tests_with(ORIGINAL, "ours_then_theirs", &cast(&ours, &theirs), PAIRS)
        .tests_with(ORIGINAL, "theirs_then_ours", &cast(&theirs, &ours), PAIRS)
        .tests_with(ORIGINAL, "theirs", &cast(&theirs, &theirs), PAIRS)
        .tests_with(ORIGINAL, "theirs", &cast(&theirs, &theirs), ALONE)
        .run()
}
