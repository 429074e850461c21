//! Takes a server out of a service without cutting a connection:
//! `cargo run --example drain 192.0.2.1:80 198.51.100.1:80`.
//!
//! With weight 0 it gets no new connections; those that it has go on until they end by themselves. Clients that are
//! bound to it by persistence still come back unless the sysctl `net.ipv4.vs.expire_quiescent_template` is 1.

use std::{env, error::Error, time::Duration};

use ipvs::{Destination, DestinationId, Handle, Request, ServiceId, Weight};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let [service, server] =
        env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "SERVICE SERVER")?;
    let service = ServiceId::tcp(service.parse()?);
    let server = DestinationId::from(server.parse::<std::net::SocketAddr>()?);
    let mut ipvs = Handle::open().await?;
    loop {
        let entries = ipvs.destinations(service).await?;
        let Some(entry) = entries.into_iter().find(|entry| entry.destination.id == server) else {
            println!("it is not there");
            return Ok(());
        };
        if entry.destination.weight != Weight::ZERO {
            let quiet = Destination { weight: Weight::ZERO, ..entry.destination };
            ipvs.change(&Request::SetDestination(service, quiet)).await??;
        } else if entry.active + entry.inactive == 0 {
            ipvs.change(&Request::DelDestination(service, server)).await??;
            println!("gone");
            return Ok(());
        }
        println!("{} active, {} inactive", entry.active, entry.inactive);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
