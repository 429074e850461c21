//! What a distribution ships: the Debian package in a Debian of its own, and the static binary in an empty root.

mod debian;
mod empty_root;
mod root;

use libtest_mimic::{Arguments, Failed, Trial};
use std::process::ExitCode;

type Scene = (&'static str, fn() -> Result<(), Failed>);

fn main() -> ExitCode {
    let scenes: [Scene; 4] = [
        ("debian::it_takes_the_place_of_debians_keepalived_and_back", debian::it_takes_the_place_and_back),
        ("debian::it_outlives_the_purge_of_debians_keepalived", debian::it_outlives_the_purge),
        (
            "debian::its_own_purge_leaves_only_the_configuration",
            debian::its_own_purge_leaves_the_configuration,
        ),
        ("empty_root::a_static_binary_is_master_in_an_empty_root", empty_root::a_static_binary_is_master),
    ];
    let scenes = scenes.into_iter().map(|(name, play)| Trial::test(name, play)).collect();
    libtest_mimic::run(&Arguments::from_args(), scenes).exit_code()
}
