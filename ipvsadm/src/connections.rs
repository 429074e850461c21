//! What `-L -c` shows: the kernel's `/proc/net/ip_vs_conn` in readable form.

use ipvs::Connection;

use crate::Names;
use crate::listing::endpoint;

/// The listing of connections. Lines of the kernel that make no sense are left out.
pub fn connections(text: &str, numeric: bool, engines: bool, names: &impl Names) -> String {
    let mut listing = String::from(
        "IPVS connection entries\npro expire state       source             virtual            destination",
    );
    listing.push_str(if engines { "        pe name          pe_data\n" } else { "\n" });
    listing.extend(Connection::read(text).map(|connection| row(&connection, numeric, engines, names)));
    listing
}

fn row(connection: &Connection<'_>, numeric: bool, engines: bool, names: &impl Names) -> String {
    let transport = connection.transport();
    let [source, virtual_end, destination] = [connection.client, connection.service, connection.server]
        .map(|end| endpoint(end.ip(), end.port(), transport, numeric, names));
    let seconds = connection.expires.as_secs();
    let expire = format!("{:02}:{:02}", seconds / 60, seconds % 60);
    let Connection { protocol, state, .. } = connection;
    let common = format!("{protocol:<3} {expire:<6} {state:<11} {source:<18} {virtual_end:<18}");
    match connection.engine.filter(|_| engines) {
        Some((engine, data)) => format!("{common} {destination:<16} {engine:<18} {data}\n"),
        None => format!("{common} {destination}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Numeric;

    const TEXT: &str = "\
Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData
TCP 0A010002 A5C8 0A010064 0050 0A02000C 0050 ESTABLISHED     897
TCP fd01:0000:0000:0000:0000:0000:0000:0000 0000 fd01:0000:0000:0000:0000:0000:0000:0100 1F90 fd02:0000:0000:0000:0000:0000:0000:0011 1F90 ASSURED          97
IP  0A010001 0000 00000007 0000 0A02000B 0000 ASSURED     2678399
UDP 0A010002 0000 0A010064 13C4 0A02000B 13C4 ASSURED          57 sip abc123@10.1.0.2
nonsense
";

    #[test]
    fn a_row_is_the_kernels_line_in_readable_form() {
        let rows = "\
TCP 14:57  ESTABLISHED 10.1.0.2:42440     10.1.0.100:80      10.2.0.12:80
TCP 01:37  ASSURED     [fd01::]:0         [fd01::100]:8080   [fd02::11]:8080
IP  44639:59 ASSURED     10.1.0.1:0         0.0.0.7:0          10.2.0.11:0
";
        let last = "UDP 00:57  ASSURED     10.1.0.2:0         10.1.0.100:5060    10.2.0.11:5060";
        let plain = connections(TEXT, true, false, &Numeric);
        let head = "IPVS connection entries\n\
                    pro expire state       source             virtual            destination";
        assert_eq!(plain, format!("{head}\n{rows}{last}\n"));
        let engines = connections(TEXT, true, true, &Numeric);
        assert_eq!(
            engines,
            format!(
                "{head}        pe name          pe_data\n{rows}{last}   sip                abc123@10.1.0.2\n"
            )
        );
    }
}
