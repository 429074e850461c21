//! Prints the kernel's table: `cargo run --example table`, with the right to administer the network.

use ipvs::{Error, Handle, ServiceEntry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut ipvs = Handle::open().await?;
    let info = ipvs.info().await?;
    println!("IPVS {info}, {} rows for connections", info.conn_tab_size);
    for ServiceEntry { service, stats, .. } in ipvs.services().await? {
        println!("{:?}: {} connections so far", service.id, stats.conns);
        for entry in ipvs.destinations(service.id).await? {
            let (destination, weight) = (entry.destination, entry.destination.weight.get());
            println!("  {:?} by {:?}, weight {weight}", destination.id, destination.forwarding);
            println!("    {} active, {} inactive", entry.active, entry.inactive);
        }
    }
    Ok(())
}
