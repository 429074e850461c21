//! Scenes that need IPVS: the seed's configuration on two directors over a real table.

mod table;

use lab::{Needs, Suite, tests};
use std::{process::ExitCode, time::Duration};

fn main() -> ExitCode {
    Suite::new(Needs::Ipvs, Duration::from_secs(600))
        .tests_with(
            lab::ORIGINAL,
            "theirs",
            &(),
            tests![table::the_table_equals_the_originals_entry_for_entry],
        )
        .run()
}
