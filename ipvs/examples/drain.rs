//! Takes a server out of a service without cutting a connection:
//! `cargo run --example drain 192.0.2.1:80 198.51.100.1:80`.
//!
//! With weight 0 it gets no new connections; those that it has go on until they end by themselves. Clients that are
//! bound to it by persistence still come back unless the sysctl `net.ipv4.vs.expire_quiescent_template` is 1.

use std::{env, error::Error, time::Duration};

use ipvs::{DestinationId, Handle, ServiceId};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let [service, server] =
        env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "SERVICE SERVER")?;
    let service = ServiceId::tcp(service.parse()?);
    let server = DestinationId::from(server.parse::<std::net::SocketAddr>()?);
    let mut ipvs = Handle::open().await?;
    loop {
        match ipvs.drain(service, server, Duration::from_secs(5)).await? {
            0 => break,
            left => println!("{left} connections left"),
        }
    }
    println!("gone");
    Ok(())
}
