//! Scenes that need IPVS: the seed's configuration on directors over a real table.

mod bfd;
mod core;
mod daemon;
mod doctor;
mod dumps;
mod end;
mod health;
mod hostile;
mod marking;
mod misc;
mod namespace;
mod presence;
mod refusal;
mod reload;
mod soak;
mod stage;
mod steps;
mod syncd;
mod table;
mod traffic;
mod vmac;
mod whole;

use lab::{Binary, Needs, ORIGINAL, Suite, tests};
use std::{process::ExitCode, time::Duration};

fn main() -> ExitCode {
    let ours = Binary::under_test(env!("CARGO_BIN_EXE_keepalived"));
    let suite = Suite::new(Needs::Ipvs, Duration::from_secs(1500))
        .tests(
            &ours,
            tests![
                end::a_killed_checkers_worker_is_started_again_over_the_same_table,
                end::a_killed_vrrp_worker_is_started_again_and_becomes_master,
                end::a_stopped_director_leaves_nothing,
                end::the_supervisors_death_takes_workers_and_addresses_along,
                health::a_dead_server_leaves_and_returns_and_each_change_is_mailed,
                marking::both_workers_tell_their_news_in_whole_lines_of_one_fifo,
                misc::a_program_takes_servers_in_and_out_and_sets_their_weight,
                presence::checks_rest_when_the_last_place_that_has_the_address_is_gone,
                refusal::a_missing_interface_is_named_and_ends_the_start,
                reload::one_changed_weight_touches_that_entry_alone,
                syncd::a_master_sends_connections_and_a_backup_receives_them,
                vmac::a_vmac_follows_the_interface_below_into_its_vrf,
                vmac::a_vmac_on_a_bond_outlives_the_loss_of_one_of_its_cables,
                vmac::a_vmac_on_a_vlan_carries_the_addresses,
                vmac::an_ipvlan_without_an_address_is_in_fault_until_it_has_one,
                vmac::an_ipvlan_speaks_and_the_addresses_stay_below_it,
                vmac::unicast_routers_in_a_vrf_hear_each_other,
                whole::a_start_with_lvs_flush_removes_what_others_left,
                whole::a_stop_that_leaves_the_services_puts_the_rest_back,
                whole::a_stop_with_lvs_flush_on_stop_empties_the_table,
                whole::a_stop_with_lvs_flush_on_stop_vs_leaves_the_services_of_others,
                whole::both_sync_daemons_run_as_long_as_no_instance_decides,
                whole::timeouts_are_set_changed_and_put_back,
                traffic::direct_routing_carries_requests_and_answers,
                traffic::lc_prefers_the_least_busy,
                traffic::lc_spares_the_slow_server,
                traffic::nat_carries_requests_and_answers,
                traffic::connections_through_an_untouched_service_outlive_reloads,
                traffic::a_sorry_server_without_a_port_gets_the_port_that_was_asked_for,
                traffic::open_connections_outlive_their_director,
                traffic::rr_takes_turns,
                traffic::tunnelling_carries_requests_and_answers,
                traffic::wlc_prefers_the_least_busy_for_its_weight,
                traffic::wlc_spares_the_slow_server_and_heeds_the_weights,
                traffic::wrr_takes_turns_by_weight,
            ],
        )
        .tests_with(
            "/etc/keepalived",
            "installed",
            &ours,
            tests![daemon::without_options_it_reads_the_usual_file_and_goes_to_the_background],
        )
        .tests_with(
            ORIGINAL,
            "oracle",
            &ours,
            tests![
                dumps::every_kind_of_server_is_dumped_as_the_original_does,
                marking::a_group_of_addresses_is_one_service_behind_a_mark_as_the_originals,
                steps::every_step_leads_to_the_same_table_and_the_same_words_as_the_originals,
                table::the_table_equals_the_originals_entry_for_entry,
            ],
        );
    if ours == Binary::original() {
        // The original dies or empties the service; see docs/differences.md.
        return suite.run();
    }
    suite
        .tests(
            &ours,
            tests![
                core::core_files_are_named_as_told_until_the_daemon_stops,
                bfd::a_server_leaves_with_its_bfd_session_and_returns_with_it,
                dumps::checkers_that_die_again_and_again_take_no_row_out_of_the_table,
                dumps::the_checkers_dump_tells_of_every_server_of_the_seed,
                hostile::servers_that_answer_nonsense_cost_nobody_but_themselves,
                refusal::a_missing_right_is_named_and_ends_the_start,
                refusal::a_scheduler_without_a_module_is_named_and_keeps_nothing_else_away,
                reload::a_broken_file_leaves_everything_as_it_was,
                reload::a_file_with_a_missing_interface_leaves_everything_as_it_was,
                reload::a_missing_file_leaves_everything_as_it_was,
                soak::reloads_signals_and_deaths_leave_the_table_as_configured,
                whole::sync_daemons_that_run_as_they_should_are_left_alone,
                namespace::a_handle_speaks_to_the_table_of_another_namespace,
                namespace::the_daemon_writes_the_table_of_the_namespace_that_net_namespace_ipvs_names,
                doctor::a_doctor_that_cannot_look_says_so_and_ends_with_2,
                doctor::the_doctor_mends_a_daemon_without_a_capability,
                doctor::the_doctor_mends_a_director,
                doctor::the_doctor_mends_a_director_without_a_scheduler,
                doctor::the_doctor_mends_connection_tracking_that_is_nearly_full,
                doctor::the_doctor_mends_rules_for_connections_that_nobody_tracks,
                doctor::the_doctor_mends_a_firewall_mark_that_no_rule_gives,
                doctor::the_doctor_mends_a_real_server_behind_nat,
                doctor::the_doctor_mends_a_real_server_of_direct_routing,
                doctor::the_doctor_mends_a_real_server_of_tunnels,
                doctor::the_doctor_mends_a_real_server_of_udp_tunnels,
                doctor::the_doctor_mends_a_strict_filter_where_answers_leave_elsewhere,
                doctor::the_doctor_tells_what_the_configuration_loses,
                traffic::a_real_server_is_prepared_for_direct_routing_and_left_as_it_was,
                traffic::a_real_server_is_prepared_for_gre_and_left_as_it_was,
                traffic::a_real_server_is_prepared_for_gue_and_left_as_it_was,
                traffic::a_real_server_is_prepared_for_tunnels_and_left_as_it_was,
                traffic::a_real_server_is_prepared_for_tunnels_through_the_other_family,
                traffic::a_strict_filter_is_loosened_where_answers_leave_elsewhere,
            ],
        )
        .run()
}
