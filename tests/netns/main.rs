//! Scenes in network namespaces: two routers on one link, the adverts and ARP frames between them recorded.

mod addresses;
mod alerts;
mod announcement;
mod auth;
mod bfd;
mod bfd_peers;
mod buffers;
mod container;
mod decoded;
mod dumps;
#[path = "../monitoring/scene.rs"]
mod dumps_scene;
mod election;
mod hardship;
mod iptables;
mod ipv6;
mod links;
mod logs;
mod manager;
mod marking;
mod marks;
mod modes;
#[path = "../monitoring/mod.rs"]
mod monitoring;
mod packets;
mod places;
mod processes;
mod reloads;
mod rights;
mod routes;
mod scripts;
mod soak;
mod startup;
mod supervision;
mod sync;
mod tracking;
mod vmac;
mod vmac_many;

use lab::{Binary, Needs, Suite, pair::Cast, tests};
use std::{process::ExitCode, time::Duration};

fn main() -> ExitCode {
    let ours = Binary::under_test(env!("CARGO_BIN_EXE_keepalived"));
    Suite::new(Needs::Namespaces, Duration::from_secs(900))
        .tests(
            &Cast { one: ours.clone(), two: ours.clone() },
            tests![
                announcement::announcements_keep_the_configured_distance,
                announcement::an_address_that_is_there_already_is_announced_all_the_same,
                announcement::vmacs_of_one_interface_keep_its_distance_together,
                addresses::a_router_whose_watched_source_address_is_missing_is_in_fault,
                addresses::a_reload_adds_an_address_and_never_lets_go_of_the_others,
                addresses::an_address_somebody_deletes_is_back_after_a_new_election,
                announcement::a_new_master_announces_its_addresses_round_by_round_and_again_later,
                auth::a_reload_that_brings_an_authentication_header_goes_on_without_a_failed_advert,
                auth::a_router_that_does_not_sign_or_signs_with_another_key_is_not_obeyed,
                auth::a_router_with_another_password_is_not_obeyed,
                auth::adverts_that_are_recorded_and_sent_again_neither_hold_nor_move_anybody,
                auth::peers_with_an_authentication_header_elect_and_give_back,
                auth::routers_that_sign_elect_and_give_back,
                auth::routers_with_an_authentication_header_elect_and_give_back,
                bfd::a_cut_link_takes_the_session_down_at_both_ends_and_it_returns_with_the_link,
                bfd::a_master_that_loses_a_tracked_session_gives_way_at_once_and_returns_with_it,
                bfd::a_passive_end_is_silent_until_it_is_spoken_to,
                bfd::a_reload_keeps_the_session_and_takes_new_times_over,
                bfd::a_reload_that_begins_to_track_a_session_that_is_up_moves_nothing,
                bfd::a_session_comes_up_and_the_death_of_one_end_is_noticed,
                bfd::a_weighted_session_moves_the_priority_and_the_better_router_takes_over,
                bfd::a_worker_that_is_started_again_knows_the_sessions_or_finds_them_again,
                bfd::a_session_over_two_hops_comes_up_and_counts_them,
                bfd::forged_and_foreign_packets_move_no_session,
                buffers::netlink_sockets_hold_as_much_as_told_also_after_a_reload,
                container::as_the_first_process_it_collects_orphans_and_obeys_signals,
                decoded::every_bfd_packet_is_whole,
                decoded::every_kind_of_advert_is_whole_and_its_sums_are_good,
                dumps::a_thousand_virtual_routers_are_dumped_while_adverts_keep_their_time,
                dumps::dumps_go_where_they_are_told_and_through_no_link,
                dumps::monitoring_reads_every_state_and_all_that_is_around_routers,
                dumps::monitoring_reads_what_the_daemon_writes,
                dumps::statistics_begin_at_nothing_after_they_were_cleared,
                dumps::the_configuration_is_recited_into_the_log,
                election::a_delayed_start_says_so_and_the_receive_buffer_is_as_large_as_told,
                election::while_a_start_is_delayed_nothing_that_is_heard_counts,
                election::a_reload_that_shortens_the_delay_of_the_start_lets_the_election_begin,
                election::a_killed_master_is_followed_after_the_down_interval,
                election::a_master_whose_cable_is_pulled_is_followed_and_takes_over_again_later,
                election::an_interface_that_is_down_for_a_moment_is_no_fault,
                election::a_returning_higher_priority_takes_over,
                election::a_router_that_is_alone_becomes_master_after_the_down_interval,
                election::a_stopped_master_is_followed_after_the_skew_alone,
                election::the_higher_priority_becomes_master_and_alone_holds_the_addresses,
                iptables::a_chain_that_is_not_there_is_named_and_nothing_is_filtered,
                iptables::iptables_that_is_nftables_in_disguise_is_not_used,
                iptables::sets_hold_the_addresses_that_are_not_accepted_and_go_at_the_end,
                iptables::without_sets_each_address_has_its_rules_and_those_of_a_killed_daemon_are_replaced,
                ipv6::ipv6_addresses_are_set_and_announced_as_the_original_does,
                ipv6::a_vmac_tells_whether_the_interface_below_it_routes,
                ipv6::ipv6_peers_elect_by_unicast,
                ipv6::version_2_over_ipv6_elects_and_gives_back,
                ipv6::version_3_over_ipv6_elects_and_gives_back,
                links::an_interface_that_takes_part_in_multicast_again_carries_its_router,
                links::an_interface_without_multicast_carries_no_router_that_needs_it,
                links::a_dead_link_counts_before_a_backup_would_take_over_from_a_faster_master,
                links::a_link_that_is_asked_says_when_its_cable_is_pulled,
                links::a_static_address_takes_the_routers_that_watch_it_along,
                links::more_notices_than_the_kernel_keeps_hide_no_lost_address,
                links::more_notices_than_the_kernel_keeps_hide_no_lost_vmac,
                marking::packets_of_a_group_get_its_mark_and_no_others,
                modes::every_mode_elects_follows_the_dead_and_the_stopped_and_gives_back,
                routes::a_master_has_its_routes_and_rules_and_takes_everything_back_at_the_end,
                routes::a_reload_touches_only_the_routes_and_rules_that_differ,
                routes::among_fifty_routers_a_reload_moves_only_those_that_change,
                routes::promotion_of_secondary_addresses_is_switched_on_and_back,
                routes::static_objects_are_restored_at_once_and_a_lost_route_leads_to_a_new_election,
                routes::the_removal_of_everything_is_survived,
                routes::what_a_killed_daemon_left_is_taken_back_before_the_election,
                sync::a_group_takes_over_and_yields_as_one,
                sync::a_master_whose_group_grows_stays_master,
                sync::a_member_with_a_better_router_holds_its_whole_group,
                sync::a_reload_that_forms_a_group_moves_nothing_and_binds_its_members,
                sync::the_fault_of_one_member_moves_the_group_and_its_recovery_moves_it_back,
                vmac::a_filter_larger_than_what_netlink_keeps_is_put_in_force_once_and_put_back_once,
                vmac::a_filter_that_others_flush_or_change_is_put_back_and_theirs_is_left_alone,
                vmac::a_reload_makes_a_new_routers_vmac_before_the_router_starts,
                vmac::a_vmac_carries_addresses_and_adverts_and_is_taken_away_at_the_end,
                vmac::a_vmac_comes_and_goes_with_the_interface_below,
                vmac::a_vmac_left_by_a_killed_daemon_is_used_again,
                vmac::a_vmac_on_a_macvlan_is_made_once_and_becomes_master,
                vmac::a_vmac_somebody_deletes_is_made_again_and_the_router_recovers,
                vmac::a_vmac_with_a_mac_address_of_its_own_is_filtered_like_any_other,
                vmac::an_interface_that_vanishes_and_returns_at_any_moment_ends_with_a_master,
                vmac::membership_reports_never_bear_the_virtual_mac_address,
                vmac::packets_to_addresses_that_are_not_accepted_are_dropped_while_they_are_held,
                vmac_many::a_router_of_the_same_number_on_another_link_takes_nobodys_vmac,
                vmac_many::a_vmac_on_a_bridge_carries_addresses_and_adverts,
                vmac_many::addresses_on_other_interfaces_have_vmacs_of_their_own,
                vmac_many::an_ipv6_vmac_has_an_address_where_there_is_none_below_and_changes_it_in_silence,
                vmac_many::an_ipv6_vmac_speaks_from_a_copy_of_the_address_below,
                vmac_many::two_hundred_vmacs_come_through_the_loss_of_their_link,
                vmac_many::where_packets_cannot_be_duplicated_the_interface_below_joins_the_group,
                hardship::a_missing_nft_is_named_and_costs_the_filter_alone,
                hardship::an_address_that_the_kernel_refuses_is_named_and_the_others_are_there,
                hardship::a_file_that_was_emptied_takes_nothing_away,
                hardship::a_flood_of_short_packets_is_told_in_few_lines,
                hardship::a_worker_that_is_stuck_when_it_must_stop_leaves_no_address_behind,
                packets::forged_adverts_are_named_and_move_neither_router,
                packets::forged_adverts_of_a_peer_are_named_and_move_neither_router,
                alerts::a_mail_is_the_originals_line_by_line,
                alerts::a_mail_waits_for_a_server_that_is_away,
                alerts::faults_are_mailed_unless_no_email_faults_says_otherwise,
                logs::each_process_appends_to_a_file_of_its_own,
                logs::the_journal_is_told_what_a_line_is_about,
                rights::a_user_who_is_not_root_needs_two_capabilities_to_be_master,
                rights::a_worker_gives_up_what_it_never_needs_and_roots_scripts_do_not,
                rights::the_capability_that_is_missing_is_named_and_ends_the_start,
                manager::systemd_is_told_of_the_start_reloads_and_the_end,
                manager::systemd_is_told_what_happens_and_that_all_is_well,
                packets::garbage_of_any_length_stops_nobody,
                places::a_daemon_moves_into_a_network_namespace_and_its_files_with_it,
                places::a_network_namespace_that_is_not_there_ends_the_start,
                places::a_start_in_a_network_namespace_that_is_not_there_has_failed,
                places::an_instance_has_pid_files_idents_and_dumps_of_its_own,
                processes::a_worker_whose_timers_are_late_hurries,
                processes::core_files_and_addresses_are_watched_on_demand,
                processes::the_bfd_worker_runs_as_its_own_settings_want,
                processes::workers_run_as_the_configuration_wants_and_a_reload_changes_it,
                reloads::a_configuration_with_an_error_is_not_taken_when_it_is_to_be_checked,
                reloads::a_start_with_an_error_is_none_when_reloads_are_to_be_checked,
                reloads::a_time_of_day_is_kept_every_day_when_that_is_wanted,
                reloads::every_configuration_that_was_in_force_is_kept,
                reloads::a_reload_comes_at_the_time_in_a_file,
                reloads::reloads_in_quick_succession_end_with_the_last_configuration,
                reloads::what_a_reload_would_change_is_told_before_and_logged_then,
                scripts::a_program_has_its_words_its_user_and_the_daemons_environment,
                scripts::a_program_has_nothing_of_the_daemons,
                startup::a_folder_for_temporary_files_that_is_none_is_named_and_not_used,
                startup::a_pid_file_that_cannot_be_had_leaves_no_other_behind,
                startup::pid_files_that_a_power_cut_left_are_taken_over,
                startup::a_process_that_a_reload_brings_brings_its_pid_file,
                startup::a_start_is_told_in_order_and_a_second_one_changes_nothing,
                soak::processes_that_stop_or_die_at_any_moment_lose_and_leave_nothing,
                soak::reloads_and_signals_in_no_order_leave_everything_as_configured,
                supervision::a_supervisor_that_is_killed_takes_its_workers_along,
                supervision::a_worker_that_is_told_alone_to_stop_does_and_is_started_again,
                supervision::a_worker_that_may_not_be_replaced_ends_the_daemon,
                supervision::a_worker_that_may_not_be_replaced_leaves_no_address,
                supervision::each_worker_is_told_of_by_its_name_and_has_its_pid_file_again,
                supervision::a_worker_that_dies_again_and_again_is_started_ever_later,
                supervision::a_router_that_leaves_the_configuration_while_its_worker_is_dead_leaves_no_address,
                supervision::a_worker_that_is_told_alone_to_reload_puts_the_last_plan_in_force_again,
                supervision::a_killed_master_goes_on_without_losing_an_address,
                supervision::a_killed_master_that_was_followed_gives_its_addresses_up,
                supervision::a_worker_that_is_stuck_is_told_of_and_replaced,
                tracking::a_file_whose_folder_comes_later_counts_from_then_on,
                tracking::a_reader_of_the_fifo_that_is_killed_holds_nothing_up_and_returns,
                tracking::a_full_fifo_loses_whole_lines_and_holds_nothing_up,
                tracking::a_process_is_missed_when_it_ends_and_noticed_when_it_is_back,
                tracking::a_reload_keeps_the_result_of_an_unchanged_script_and_the_fifo,
                tracking::a_router_waits_for_a_slow_script_without_a_word,
                tracking::a_script_takes_its_router_out_and_back_by_rise_and_fall,
                tracking::a_script_that_hangs_is_ended_and_delays_no_advert,
                tracking::a_thousand_changes_are_told_in_their_order,
                tracking::an_unsafe_script_is_not_run_and_a_missing_one_is_named,
                tracking::scripts_and_fifos_tell_of_every_change_in_the_originals_words,
                tracking::the_first_and_the_last_script_run_around_everything_else,
            ],
        )
        .tests(
            &ours,
            tests![
                bfd_peers::a_session_with_bird_agrees_on_its_times_and_ends_with_it,
                bfd_peers::a_session_with_frr_ends_when_it_is_switched_off_and_nobody_is_told,
                marks::the_doctor_reads_marks_from_rules_of_nft_and_of_iptables,
            ],
        )
        .run()
}
