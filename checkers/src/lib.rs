//! Health checks and quorum as sans-IO machines, and their probes.
