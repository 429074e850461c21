//! Reads a configuration and says what it understood: `cargo run --example check_configuration -- FILE`.

use std::process::ExitCode;

use parser::diag::test_exit_code;
use parser::io::files::Files;

fn main() -> ExitCode {
    let Some(file) = std::env::args().nth(1) else {
        eprintln!("usage: check_configuration FILE");
        return ExitCode::FAILURE;
    };
    let (config, findings) = parser::parse(&file, &mut Files::new(), parser::Options::default());
    for finding in &findings {
        println!("{finding}");
    }
    for instance in &config.vrrp_instances {
        let addresses: Vec<_> = instance.addresses.iter().map(|one| one.prefix.addr.to_string()).collect();
        println!(
            "{}: virtual router {}, priority {}, {}",
            instance.name,
            instance.vrid,
            instance.priority,
            addresses.join(" ")
        );
    }
    for server in &config.virtual_servers {
        println!("{}: {} real servers", server.label(), server.real_servers.len());
    }
    ExitCode::from(test_exit_code(&findings))
}
