//! Prints the kernel's IPVS table: `cargo build --example list_ipvs && sudo target/debug/examples/list_ipvs`.

use ipvs::{Error, Handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut ipvs = Handle::open().await?;
    for entry in ipvs.services().await? {
        println!("{:?}", entry.service);
        for server in ipvs.destinations(entry.service.id).await? {
            println!("  {:?}, {} active, {} inactive", server.destination, server.active, server.inactive);
        }
    }
    Ok(())
}
