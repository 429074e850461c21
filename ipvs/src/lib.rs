//! The kernel's IP Virtual Server table over generic netlink.
