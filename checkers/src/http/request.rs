//! The request, byte for byte keepalived's (checkers.md §18.1, §18.2).

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// `http_protocol`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Version {
    /// `1.0`
    #[default]
    Http10,
    /// `1.0c`: 1.0 with `Connection: close`
    Http10Close,
    /// `1.1`, always with `Connection: close`
    Http11,
}

/// There is no such `http_protocol`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownVersion;

impl fmt::Display for UnknownVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the HTTP protocol is 1.0, 1.0c or 1.1")
    }
}

impl std::error::Error for UnknownVersion {}

impl FromStr for Version {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        match text {
            "1.0" => Ok(Self::Http10),
            "1.0c" | "1.0C" => Ok(Self::Http10Close),
            "1.1" => Ok(Self::Http11),
            _ => Err(UnknownVersion),
        }
    }
}

/// What stands after `Host:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host<'a> {
    /// A virtual host, verbatim; no port is added.
    Named(&'a [u8]),
    /// Nobody named one: the address and port that are checked.
    Destination(SocketAddr),
}

/// One `GET`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// HTTP version and whether to ask for the connection to be closed.
    pub version: Version,
    /// What to get, verbatim.
    pub path: &'a [u8],
    /// Of whom.
    pub host: Host<'a>,
}

impl Request<'_> {
    /// What to send.
    pub fn bytes(&self) -> Vec<u8> {
        let (version, close) = match self.version {
            Version::Http10 => ("1.0", ""),
            Version::Http10Close => ("1.0", "Connection: close\r\n"),
            Version::Http11 => ("1.1", "Connection: close\r\n"),
        };
        let mut bytes = b"GET ".to_vec();
        bytes.extend_from_slice(self.path);
        bytes.extend_from_slice(
            format!(" HTTP/{version}\r\nUser-Agent: KeepAliveClient\r\n{close}Host: ").as_bytes(),
        );
        match self.host {
            Host::Named(name) => bytes.extend_from_slice(name),
            Host::Destination(SocketAddr::V4(at)) => bytes.extend_from_slice(at.to_string().as_bytes()),
            // A scope means something on this machine only.
            Host::Destination(SocketAddr::V6(at)) => {
                bytes.extend_from_slice(format!("[{}]:{}", at.ip(), at.port()).as_bytes());
            }
        }
        bytes.extend_from_slice(b"\r\n\r\n");
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(version: Version, host: Host<'_>) -> String {
        String::from_utf8(Request { version, path: b"/x", host }.bytes()).unwrap()
    }

    #[test]
    fn a_plain_1_0_request_says_who_asks_and_whom() {
        assert_eq!(
            sent(Version::Http10, Host::Named(b"www.example.org:81")),
            "GET /x HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: www.example.org:81\r\n\r\n"
        );
    }

    #[test]
    fn connection_close_stands_before_the_host_in_1_0c_and_1_1() {
        let rest = "User-Agent: KeepAliveClient\r\nConnection: close\r\nHost: h\r\n\r\n";
        assert_eq!(sent(Version::Http10Close, Host::Named(b"h")), format!("GET /x HTTP/1.0\r\n{rest}"));
        assert_eq!(sent(Version::Http11, Host::Named(b"h")), format!("GET /x HTTP/1.1\r\n{rest}"));
    }

    #[test]
    fn without_a_virtual_host_the_destination_is_named_with_its_port_even_80() {
        let host = |at: &str| {
            let text = sent(Version::Http10, Host::Destination(at.parse().unwrap()));
            text.lines().nth(2).unwrap().to_owned()
        };
        assert_eq!(host("192.0.2.1:80"), "Host: 192.0.2.1:80");
        assert_eq!(host("[2001:db8::1]:443"), "Host: [2001:db8::1]:443");
        assert_eq!(host("[fe80::1%3]:80"), "Host: [fe80::1]:80");
    }

    #[test]
    fn versions_are_read_as_the_configuration_writes_them() {
        assert_eq!(
            ["1.0", "1.0c", "1.0C", "1.1"].map(|text| text.parse::<Version>()),
            [Ok(Version::Http10), Ok(Version::Http10Close), Ok(Version::Http10Close), Ok(Version::Http11)]
        );
        for text in ["", "1", "1.1c", "2", " 1.0"] {
            assert_eq!(text.parse::<Version>(), Err(UnknownVersion), "{text}");
        }
    }
}
