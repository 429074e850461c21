//! Brings one service to what is wanted and leaves all others alone: `cargo run --example reconcile`. Run it twice: the
//! second time there is nothing to do.

use std::error::Error;

use ipvs::{Destination, Forwarding, Handle, Service, ServiceId, ServiceSpec, Weight, diff};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let id = ServiceId::tcp("192.0.2.1:80".parse()?);
    let server = |address: &str, weight| -> Result<Destination, Box<dyn Error>> {
        let weight = Weight::new(weight).ok_or("a weight beyond 2147483647")?;
        Ok(Destination { weight, ..Destination::new(address.parse()?, Forwarding::Direct) })
    };
    let wanted = ServiceSpec {
        service: Service { scheduler: "wrr".parse().ok(), ..Service::new(id) },
        destinations: vec![server("198.51.100.1:80", 3)?, server("198.51.100.2:80", 1)?],
    };

    let mut ipvs = Handle::open().await?;
    let mut table = ipvs.settled_table().await?;
    table.retain(|spec| spec.service.id == id);
    let requests = diff(&table, &[wanted]);
    println!("{} requests", requests.len());
    for (request, answer) in requests.iter().zip(ipvs.apply(&requests).await?) {
        match answer {
            Ok(()) => println!("done: {request:?}"),
            Err(refusal) => println!("refused: {request:?}: {refusal}"),
        }
    }
    Ok(())
}
