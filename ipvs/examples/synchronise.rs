//! Starts the daemon that sends this director's connections to another one, or stops it if it runs:
//! `cargo run --example synchronise eth0`.

use std::{env, error::Error};

use ipvs::{Daemon, Handle, Request, Role};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let interface = env::args().nth(1).ok_or("which interface?")?.parse()?;
    let mut ipvs = Handle::open().await?;
    let running = ipvs.daemons().await?;
    let request = match running.iter().find(|daemon| daemon.role == Role::Master) {
        Some(daemon) => {
            println!("stopping {daemon:?}");
            Request::DelDaemon { role: Role::Master, interface: None, sync_id: daemon.sync_id }
        }
        None => Request::NewDaemon(Daemon::new(Role::Master, interface, 1)),
    };
    ipvs.change(&request).await??;
    println!("running now: {:?}", ipvs.daemons().await?);
    Ok(())
}
