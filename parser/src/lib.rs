//! The keepalived.conf language, read into a typed configuration.
