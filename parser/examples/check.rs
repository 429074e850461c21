//! Reads a configuration file and prints what is wrong with it: `cargo run -p parser --example check -- FILE [CONFIG-ID]`.

use std::process::ExitCode;

use parser::diag::{Class, test_exit_code};
use parser::io::files::Files;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(file) = arguments.next() else {
        eprintln!("usage: check FILE [CONFIG-ID]");
        return ExitCode::from(1);
    };
    let config_id = arguments.next().unwrap_or_default();
    let options = parser::Options { config_id, ..parser::Options::default() };
    let (config, diagnostics) = parser::parse(&file, &mut Files::new(), options);
    for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.class > Class::Log) {
        eprintln!("{diagnostic}");
    }
    println!(
        "{} instances, {} virtual servers, {} real servers",
        config.vrrp_instances.len(),
        config.virtual_servers.len(),
        config.virtual_servers.iter().map(|vs| vs.real_servers.len()).sum::<usize>(),
    );
    ExitCode::from(test_exit_code(&diagnostics))
}
