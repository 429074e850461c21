//! Starts on a kernel without IPVS and without a module for it.

mod doctor;
mod refusal;

use lab::{Binary, Needs, Suite, tests};
use std::{process::ExitCode, time::Duration};

fn main() -> ExitCode {
    let ours = Binary::under_test(env!("CARGO_BIN_EXE_keepalived"));
    Suite::new(Needs::NoIpvs, Duration::from_secs(120))
        .tests(
            &ours,
            tests![
                doctor::the_doctor_names_a_kernel_without_ipvs,
                refusal::a_kernel_without_ipvs_is_named_and_ends_the_start,
                refusal::the_tool_ends_as_the_original_does_whatever_it_is_told,
                refusal::the_tool_names_a_kernel_without_ipvs_and_still_helps,
            ],
        )
        .run()
}
