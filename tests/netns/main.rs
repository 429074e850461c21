//! Scenes in network namespaces: two routers on one link, the adverts and ARP frames between them recorded.

mod addresses;
mod announcement;
mod auth;
mod dumps;
#[path = "../monitoring/scene.rs"]
mod dumps_scene;
mod election;
mod hardship;
mod ipv6;
mod manager;
#[path = "../monitoring/mod.rs"]
mod monitoring;
mod packets;
mod processes;
mod reloads;
mod soak;
mod supervision;
mod sync;

use lab::{Binary, Needs, Suite, pair::Cast, tests};
use std::{process::ExitCode, time::Duration};

fn main() -> ExitCode {
    let ours = Binary::under_test(env!("CARGO_BIN_EXE_keepalived"));
    Suite::new(Needs::Namespaces, Duration::from_secs(300))
        .tests(
            &Cast { one: ours.clone(), two: ours },
            tests![
                announcement::announcements_keep_the_configured_distance,
                addresses::a_reload_adds_an_address_and_never_lets_go_of_the_others,
                addresses::an_address_somebody_deletes_is_back_after_a_new_election,
                announcement::a_new_master_announces_its_addresses_round_by_round_and_again_later,
                auth::a_reload_that_brings_an_authentication_header_goes_on_without_a_failed_advert,
                auth::a_router_that_does_not_sign_or_signs_with_another_key_is_not_obeyed,
                auth::a_router_with_another_password_is_not_obeyed,
                auth::peers_with_an_authentication_header_elect_and_give_back,
                auth::routers_that_sign_elect_and_give_back,
                auth::routers_with_an_authentication_header_elect_and_give_back,
                dumps::a_thousand_virtual_routers_are_dumped_while_adverts_keep_their_time,
                dumps::dumps_go_where_they_are_told_and_through_no_link,
                dumps::monitoring_reads_what_the_daemon_writes,
                dumps::statistics_begin_at_nothing_after_they_were_cleared,
                dumps::the_configuration_is_recited_into_the_log,
                election::a_killed_master_is_followed_after_the_down_interval,
                election::a_master_whose_cable_is_pulled_is_followed_and_takes_over_again_later,
                election::a_returning_higher_priority_takes_over,
                election::a_router_that_is_alone_becomes_master_after_the_down_interval,
                election::a_stopped_master_is_followed_after_the_skew_alone,
                election::the_higher_priority_becomes_master_and_alone_holds_the_addresses,
                ipv6::ipv6_addresses_are_set_and_announced_as_the_original_does,
                ipv6::ipv6_peers_elect_by_unicast,
                ipv6::version_2_over_ipv6_elects_and_gives_back,
                ipv6::version_3_over_ipv6_elects_and_gives_back,
                sync::a_group_takes_over_and_yields_as_one,
                sync::a_member_with_a_better_router_holds_its_whole_group,
                sync::a_reload_that_forms_a_group_moves_nothing_and_binds_its_members,
                sync::the_fault_of_one_member_moves_the_group_and_its_recovery_moves_it_back,
                hardship::a_file_that_was_emptied_takes_nothing_away,
                hardship::a_flood_of_short_packets_is_told_in_few_lines,
                hardship::a_worker_that_is_stuck_when_it_must_stop_leaves_no_address_behind,
                packets::forged_adverts_are_named_and_move_neither_router,
                manager::systemd_is_told_what_happens_and_that_all_is_well,
                packets::garbage_of_any_length_stops_nobody,
                processes::core_files_and_addresses_are_watched_on_demand,
                processes::workers_run_as_the_configuration_wants_and_a_reload_changes_it,
                reloads::a_configuration_with_an_error_is_not_taken_when_it_is_to_be_checked,
                reloads::a_reload_comes_at_the_time_in_a_file,
                reloads::what_a_reload_would_change_is_told_before_and_logged_then,
                soak::processes_that_stop_or_die_at_any_moment_lose_and_leave_nothing,
                soak::reloads_and_signals_in_no_order_leave_everything_as_configured,
                supervision::a_killed_master_goes_on_without_losing_an_address,
                supervision::a_killed_master_that_was_followed_gives_its_addresses_up,
                supervision::a_worker_that_is_stuck_is_told_of_and_replaced,
            ],
        )
        .run()
}
