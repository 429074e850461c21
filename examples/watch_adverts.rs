//! Prints the VRRP adverts that an interface hears:
//! `cargo build --example watch_adverts && sudo target/debug/examples/watch_adverts eth0`.

use std::error::Error;
use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr};

use vrrp::Family;
use vrrp::io::socket::{Arrival, Endpoint, Envelope, Pair, Read};
use vrrp::wire::ipv4::Ipv4View;
use vrrp::wire::{PROTOCOL_VRRP, PduView};

/// The group of RFC 9568 §5.1.1.2.
const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let name = std::env::args().nth(1).ok_or("usage: watch_adverts INTERFACE")?;
    let index = nix::net::if_::if_nametoindex(&*name)?;
    let endpoint = Endpoint {
        family: Family::Ipv4,
        protocol: PROTOCOL_VRRP,
        interface: Some(name),
        arrival: Arrival::Group(IpAddr::V4(GROUP)),
    };
    let sockets = Pair::open(&endpoint, index)?;
    let mut buffer = [0; 2048];
    loop {
        poll_fn(|context| sockets.poll_readable(context)).await;
        while let Read::Whole { envelope: Envelope::Ipv4 { length }, .. } = sockets.read(&mut buffer)? {
            let Ok(header) = Ipv4View::new(&buffer[..length]) else { continue };
            let Ok(advert) = PduView::new(header.payload()) else { continue };
            let addresses: Vec<_> = advert.addresses(Family::Ipv4).map(|one| one.to_string()).collect();
            println!(
                "{} version {} router {} priority {} for {}",
                header.source(),
                advert.version(),
                advert.vrid(),
                advert.priority(),
                addresses.join(" ")
            );
        }
    }
}
