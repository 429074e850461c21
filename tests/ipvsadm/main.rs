//! Scenes of the administrator's tool, played with ours and with Debian's.

mod beside;
mod bulk;
mod chance;
mod connections;
mod play;
mod random;

use lab::{Binary, Needs, Suite, tests};
use std::{process::ExitCode, time::Duration};

fn main() -> ExitCode {
    let ours = Binary::under_test(env!("CARGO_BIN_EXE_keepalived"));
    Suite::new(Needs::Ipvs, Duration::from_secs(1800))
        .tests_with(
            beside::ORIGINAL,
            "ipvsadm",
            &ours,
            tests![
                beside::services_are_made_and_refused_alike,
                beside::servers_are_made_and_refused_alike,
                beside::listings_are_equal,
                beside::command_lines_are_taken_apart_alike,
                beside::lines_of_standard_input_are_carried_out_alike,
                beside::daemons_are_started_and_stopped_alike,
                beside::names_are_found_and_cut_alike,
                beside::edits_keep_and_drop_the_same,
                beside::the_farm_of_the_seed_is_listed_alike,
                beside::help_and_version_are_its_own,
                beside::large_marks_and_third_flags_are_shown_and_saved_as_they_are,
                beside::a_missing_right_is_named_with_its_remedy,
                bulk::a_bad_line_among_hundreds_is_told_and_the_rest_is_done_alike,
                bulk::a_table_that_others_change_is_listed_in_whole_lines,
                chance::command_lines_by_chance_are_carried_out_and_refused_alike,
                connections::connections_and_counters_are_shown_alike,
                random::random_tables_are_saved_restored_and_shown_alike,
            ],
        )
        .run()
}
