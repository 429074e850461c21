//! ICMP and ICMPv6 echo (RFC 792, RFC 4443 §4) as the kernel's unprivileged sockets want it: they fill in checksum and
//! identifier.

/// The sequence number of the first request on a socket.
pub const FIRST: u16 = 1;

/// Bytes behind the header.
const DATA: usize = 128;

/// Type of a request and of the reply.
fn types(ipv6: bool) -> (u8, u8) {
    if ipv6 { (128, 129) } else { (8, 0) }
}

/// A request of 136 bytes (checkers.md §22.1).
pub fn request(ipv6: bool, sequence: u16) -> Vec<u8> {
    let (kind, _) = types(ipv6);
    let [high, low] = sequence.to_be_bytes();
    let header = [kind, 0, 0, 0, 0, 0, high, low];
    header.into_iter().chain(b"keepalived check - ".iter().copied().cycle().take(DATA)).collect()
}

/// Whether a message is the reply to the request with this number.
pub fn is_reply(ipv6: bool, sequence: u16, message: &[u8]) -> bool {
    let (_, kind) = types(ipv6);
    match message {
        [first, 0, _, _, _, _, high, low, ..] => *first == kind && [*high, *low] == sequence.to_be_bytes(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_what_keepalived_sends() {
        let request = request(false, 1);
        assert_eq!(request.len(), 136);
        assert_eq!(request[..8], [8, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(&request[8..46], b"keepalived check - keepalived check - ");
        assert_eq!(super::request(true, 258)[..8], [128, 0, 0, 0, 0, 0, 1, 2]);
    }

    #[test]
    fn a_reply_has_the_type_of_its_family_and_the_number_of_the_request() {
        assert!(is_reply(false, 1, &[0, 0, 9, 9, 7, 7, 0, 1]));
        assert!(is_reply(true, 1, &[129, 0, 9, 9, 7, 7, 0, 1, 5]));
        for (ipv6, message) in [
            (true, &[0, 0, 9, 9, 7, 7, 0, 1][..]),
            (false, &[0, 0, 9, 9, 7, 7, 0, 2]),
            (false, &[0, 1, 9, 9, 7, 7, 0, 1]),
            (false, &[3, 0, 9, 9, 7, 7, 0, 1]),
            (false, &[0, 0, 9, 9, 7, 7, 0]),
            (false, &[]),
        ] {
            assert!(!is_reply(ipv6, 1, message), "{message:?}");
        }
    }
}
