//! How much a socket holds before it is read.

use std::os::fd::AsFd;

use nix::sys::socket::{
    setsockopt,
    sockopt::{RcvBuf, RcvBufForce},
};

use crate::plan::buffer::Buffer;

/// Gives a socket the room it is to have; `name` tells which in the log, where the kernel refuses.
pub(crate) fn give(socket: impl AsFd, room: Option<Buffer>, name: &str) {
    let Some(Buffer { bytes, force }) = room else { return };
    let size = usize::try_from(bytes).unwrap_or(usize::MAX);
    let given =
        if force { setsockopt(&socket, RcvBufForce, &size) } else { setsockopt(&socket, RcvBuf, &size) };
    if let Err(errno) = given {
        tracing::error!(
            "Cannot set the receive buffer of the {name} socket to {bytes} bytes: {}",
            errno.desc()
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::socket::getsockopt;
    use std::net::UdpSocket;

    #[test]
    fn a_socket_has_the_room_it_is_given() {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let before = getsockopt(&socket, RcvBuf).expect("its room");
        give(&socket, None, "test");
        assert_eq!(getsockopt(&socket, RcvBuf), Ok(before));
        give(&socket, Some(Buffer { bytes: 20_000, force: false }), "test");
        // The kernel doubles it for its own book-keeping (socket(7)).
        assert_eq!(getsockopt(&socket, RcvBuf), Ok(40_000));
    }
}
