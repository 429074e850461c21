//! VRRP as a sans-IO state machine, and its sockets.
