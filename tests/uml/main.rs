//! Scenes that need IPVS: the seed's configuration on directors over a real table.

mod daemon;
mod end;
mod health;
mod refusal;
mod reload;
mod stage;
mod steps;
mod table;

use lab::{Binary, Needs, ORIGINAL, Suite, tests};
use std::{process::ExitCode, time::Duration};

fn main() -> ExitCode {
    let ours = Binary::under_test(env!("CARGO_BIN_EXE_keepalived"));
    let suite = Suite::new(Needs::Ipvs, Duration::from_secs(600))
        .tests(
            &ours,
            tests![
                end::a_killed_checkers_worker_is_started_again_over_the_same_table,
                end::a_killed_vrrp_worker_is_started_again_and_becomes_master,
                end::a_stopped_director_leaves_nothing,
                end::the_supervisors_death_takes_workers_and_addresses_along,
                health::a_dead_server_leaves_and_returns_and_each_change_is_mailed,
                refusal::a_missing_interface_is_named_and_ends_the_start,
                reload::one_changed_weight_touches_that_entry_alone,
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
                steps::every_step_leads_to_the_same_table_as_the_originals,
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
                refusal::a_missing_right_is_named_and_ends_the_start,
                reload::a_broken_file_leaves_everything_as_it_was,
                reload::a_file_with_a_missing_interface_leaves_everything_as_it_was,
                reload::a_missing_file_leaves_everything_as_it_was,
            ],
        )
        .run()
}
