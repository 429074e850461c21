//! Ours and Debian's keepalived side by side.
//!
//! - The scenes of `tests/netns` with the original as one of the two routers, in both roles, and as both: what only we
//!   pass shows where we differ, what the original fails shows a wrong scene.
//! - [`command_line`]: both programs on the same command lines.
//! - [`config`]: both readers on one file.
//! - [`corpus`]: both readers on files that are made.
//! - [`mail`]: what both say to a mail server.
//! - [`dumps`]: what both write about the same virtual routers.
//! - [`system`]: what both add to the kernel with one configuration.

#[expect(dead_code, reason = "the original does nothing about track_src_ip")]
#[path = "../netns/addresses.rs"]
mod addresses;
#[expect(
    dead_code,
    reason = "Debian's keepalived 2.2.7 takes names of recipients for addresses, and the original tries no mail again"
)]
#[path = "../netns/alerts.rs"]
mod alerts;
#[path = "../netns/announcement.rs"]
#[expect(dead_code, reason = "Debian's version forgets how often a spaced announcement is to be repeated")]
mod announcement;
#[path = "../netns/auth.rs"]
#[expect(dead_code, reason = "the original has no auth_hmac")]
mod auth;
#[path = "../netns/bfd.rs"]
#[expect(
    dead_code,
    reason = "the original forgets its sessions with a worker, a reload moves what it tracks, and Debian's knows no multihop"
)]
mod bfd;
mod command_line;
mod config;
#[path = "../netns/container.rs"]
mod container;
mod corpus;
mod dumps;
mod dumps_knobs;
#[path = "../monitoring/scene.rs"]
mod dumps_scene;
#[expect(dead_code, reason = "the original says nothing when so short a loss of the link is over")]
#[path = "../netns/election.rs"]
mod election;
#[path = "../netns/ipv6.rs"]
mod ipv6;
#[expect(dead_code, reason = "the original forgets tracked addresses with a lost notice")]
#[path = "../netns/links.rs"]
mod links;
mod mail;
#[expect(dead_code, reason = "the original tells of no state and has no watchdog")]
#[path = "../netns/manager.rs"]
mod manager;
#[path = "../netns/modes.rs"]
mod modes;
#[expect(dead_code, reason = "Debian's keepalived 2.2.7 has not all of the messages of 2.4.3")]
#[path = "../netns/packets.rs"]
mod packets;
#[expect(dead_code, reason = "the original ends with 0 where there is no such namespace")]
#[path = "../netns/places.rs"]
mod places;
#[expect(dead_code, reason = "the original does not tell what a reload changes")]
#[path = "../netns/reloads.rs"]
mod reloads;
#[expect(
    dead_code,
    reason = "the original gives up no right, and Debian's version goes on without those it needs"
)]
#[path = "../netns/rights.rs"]
mod rights;
#[expect(dead_code, reason = "the original adds every route again at a reload, and leaves some behind")]
#[path = "../netns/routes.rs"]
mod routes;
mod rules;
#[expect(
    dead_code,
    reason = "Debian's keepalived 2.2.7 reads backslashes otherwise, and leaves descriptors open"
)]
#[path = "../netns/scripts.rs"]
mod scripts;
#[expect(dead_code, reason = "Debian's keepalived 2.2.7 knows no locks, and says something else")]
#[path = "../netns/startup.rs"]
mod startup;
#[expect(
    dead_code,
    reason = "the original's successor gives addresses up first, and nobody replaces a child that hangs"
)]
#[path = "../netns/supervision.rs"]
mod supervision;
#[expect(dead_code, reason = "the original's master sometimes steps down when a reload forms its group")]
#[path = "../netns/sync.rs"]
mod sync;
mod system;

#[expect(
    dead_code,
    reason = "the original tells changes in any order, gives its FIFO up at a reload, and misses processes in a namespace"
)]
#[path = "../netns/tracking.rs"]
mod tracking;
mod verdict;
#[expect(dead_code, reason = "not all of two hundred VMACs of the original come back")]
#[path = "../netns/vmac_many.rs"]
mod vmac_many;

use lab::{Binary, Needs, ORIGINAL, Suite, Test, pair::Cast, tests};
use std::{process::ExitCode, time::Duration};

const PAIRS: &[Test<Cast>] = tests![
    auth::a_router_with_another_password_is_not_obeyed,
    auth::peers_with_an_authentication_header_elect_and_give_back,
    auth::routers_with_an_authentication_header_elect_and_give_back,
    bfd::a_cut_link_takes_the_session_down_at_both_ends_and_it_returns_with_the_link,
    bfd::a_master_that_loses_a_tracked_session_gives_way_at_once_and_returns_with_it,
    bfd::a_passive_end_is_silent_until_it_is_spoken_to,
    bfd::a_reload_keeps_the_session_and_takes_new_times_over,
    bfd::a_session_comes_up_and_the_death_of_one_end_is_noticed,
    bfd::a_weighted_session_moves_the_priority_and_the_better_router_takes_over,
    election::a_killed_master_is_followed_after_the_down_interval,
    election::a_master_whose_cable_is_pulled_is_followed_and_takes_over_again_later,
    election::a_returning_higher_priority_takes_over,
    election::a_stopped_master_is_followed_after_the_skew_alone,
    election::the_higher_priority_becomes_master_and_alone_holds_the_addresses,
    ipv6::ipv6_peers_elect_by_unicast,
    ipv6::version_2_over_ipv6_elects_and_gives_back,
    ipv6::version_3_over_ipv6_elects_and_gives_back,
    modes::every_mode_elects_follows_the_dead_and_the_stopped_and_gives_back,
    sync::a_group_takes_over_and_yields_as_one,
    sync::a_member_with_a_better_router_holds_its_whole_group,
    sync::the_fault_of_one_member_moves_the_group_and_its_recovery_moves_it_back,
];

const ALONE: &[Test<Cast>] = tests![
    ipv6::a_vmac_tells_whether_the_interface_below_it_routes,
    ipv6::ipv6_addresses_are_set_and_announced_as_the_original_does,
    addresses::a_reload_adds_an_address_and_never_lets_go_of_the_others,
    addresses::an_address_somebody_deletes_is_back_after_a_new_election,
    announcement::a_new_master_announces_its_addresses_round_by_round_and_again_later,
    announcement::an_address_that_is_there_already_is_announced_all_the_same,
    links::an_interface_without_multicast_carries_no_router_that_needs_it,
    links::a_dead_link_counts_before_a_backup_would_take_over_from_a_faster_master,
    links::a_link_that_is_asked_says_when_its_cable_is_pulled,
    links::a_static_address_takes_the_routers_that_watch_it_along,
    vmac_many::a_vmac_on_a_bridge_carries_addresses_and_adverts,
    vmac_many::addresses_on_other_interfaces_have_vmacs_of_their_own,
    vmac_many::an_ipv6_vmac_speaks_from_a_copy_of_the_address_below,
    container::as_the_first_process_it_collects_orphans_and_obeys_signals,
    election::a_router_that_is_alone_becomes_master_after_the_down_interval,
    election::while_a_start_is_delayed_nothing_that_is_heard_counts,
    places::a_daemon_moves_into_a_network_namespace_and_its_files_with_it,
    places::an_instance_has_pid_files_idents_and_dumps_of_its_own,
    alerts::faults_are_mailed_unless_no_email_faults_says_otherwise,
    manager::systemd_is_told_of_the_start_reloads_and_the_end,
    places::a_network_namespace_that_is_not_there_ends_the_start,
    reloads::a_configuration_with_an_error_is_not_taken_when_it_is_to_be_checked,
    reloads::a_reload_comes_at_the_time_in_a_file,
    reloads::a_start_with_an_error_is_none_when_reloads_are_to_be_checked,
    reloads::a_time_of_day_is_kept_every_day_when_that_is_wanted,
    reloads::every_configuration_that_was_in_force_is_kept,
    reloads::reloads_in_quick_succession_end_with_the_last_configuration,
    rights::a_user_who_is_not_root_needs_two_capabilities_to_be_master,
    scripts::a_program_has_its_words_its_user_and_the_daemons_environment,
    startup::a_process_that_a_reload_brings_brings_its_pid_file,
    startup::a_start_is_told_in_order_and_a_second_one_changes_nothing,
    startup::pid_files_that_a_power_cut_left_are_taken_over,
    supervision::a_killed_master_that_was_followed_gives_its_addresses_up,
    supervision::a_supervisor_that_is_killed_takes_its_workers_along,
    supervision::a_worker_that_dies_again_and_again_is_started_ever_later,
    supervision::a_worker_that_is_told_alone_to_reload_puts_the_last_plan_in_force_again,
    supervision::a_worker_that_is_told_alone_to_stop_does_and_is_started_again,
    supervision::a_worker_that_may_not_be_replaced_ends_the_daemon,
    supervision::each_worker_is_told_of_by_its_name_and_has_its_pid_file_again,
    packets::garbage_of_any_length_stops_nobody,
    routes::a_master_has_its_routes_and_rules_and_takes_everything_back_at_the_end,
    routes::promotion_of_secondary_addresses_is_switched_on_and_back,
    routes::static_objects_are_restored_at_once_and_a_lost_route_leads_to_a_new_election,
    tracking::a_router_waits_for_a_slow_script_without_a_word,
    tracking::a_script_takes_its_router_out_and_back_by_rise_and_fall,
    tracking::a_script_that_hangs_is_ended_and_delays_no_advert,
    tracking::an_unsafe_script_is_not_run_and_a_missing_one_is_named,
    tracking::scripts_and_fifos_tell_of_every_change_in_the_originals_words,
    tracking::the_first_and_the_last_script_run_around_everything_else,
];

const FILES: &[Test<Cast>] = tests![
    command_line::command_lines_are_answered_alike,
    corpus::damaged_files_are_read_alike,
    corpus::every_word_by_itself_mangled_and_misplaced_is_read_alike,
    corpus::every_word_with_every_value_is_read_alike,
    corpus::the_language_put_together_by_chance_is_read_alike,
    corpus::the_words_that_debian_does_not_know_are_listed,
    config::files_from_the_wild_are_read_alike,
    config::global_settings_are_read_alike,
    config::instances_are_read_alike,
    config::servers_are_read_alike,
    config::the_language_is_read_alike,
    config::the_seed_gives_the_same_two_complaints,
    mail::a_mail_server_hears_the_same,
    dumps::every_process_tells_of_every_global_setting_alike,
    dumps::masters_are_dumped_alike,
    dumps::settings_that_say_something_else_are_dumped_alike,
    dumps::vmacs_routes_rules_and_what_stands_are_dumped_alike,
    dumps::what_routers_are_told_besides_is_dumped_alike,
    system::addresses_routes_and_rules_are_the_same,
    system::filters_are_the_same_as_backup_as_master_as_backup_again_and_after_the_end,
    system::vmacs_and_filters_are_the_same,
];

/// How many of [`FILES`] compare the two readers by the rules.
const COMPARISONS: usize = 10;

fn main() -> ExitCode {
    let ours = Binary::under_test(env!("CARGO_BIN_EXE_keepalived"));
    let theirs = Binary::original();
    let cast = |one: &Binary, two: &Binary| Cast { one: one.clone(), two: two.clone() };
    let code = Suite::new(Needs::Namespaces, Duration::from_secs(900))
        .tests_with(ORIGINAL, "both", &cast(&ours, &theirs), FILES)
        .tests_with(ORIGINAL, "ours_then_theirs", &cast(&ours, &theirs), PAIRS)
        .tests_with(ORIGINAL, "theirs_then_ours", &cast(&theirs, &ours), PAIRS)
        .tests_with(ORIGINAL, "theirs", &cast(&theirs, &theirs), PAIRS)
        .tests_with(ORIGINAL, "theirs", &cast(&theirs, &theirs), ALONE)
        .run();
    match rules::all_were_needed(COMPARISONS) {
        Ok(()) => code,
        Err(idle) => {
            println!("{idle}");
            ExitCode::FAILURE
        }
    }
}
