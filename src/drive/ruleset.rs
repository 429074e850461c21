//! Hears when somebody else changes our tables of nftables.
//!
//! The daemon changes a table only by replacing it as a whole in one transaction. So a transaction that leaves a table behind
//! which it did not make is somebody else's, and no word of our own makes us act again.

use std::fmt;
use std::io;
use std::time::Duration;

use netlink_sys::{AsyncSocket as _, AsyncSocketExt as _, SocketAddr, TokioSocket};
use nix::libc::{ENOBUFS, MSG_DONTWAIT};
use tokio::time::{Instant, sleep_until};

use crate::plan::buffer::Buffer;
use crate::receive_buffer;

/// `NETLINK_NETFILTER`
const NETFILTER: isize = 12;

/// `NFNLGRP_NFTABLES`
const GROUP: u32 = 7;

/// `NFNL_SUBSYS_NFTABLES`
const SUBSYSTEM: u8 = 10;

/// `NFT_MSG_NEWTABLE`
const NEW_TABLE: u8 = 0;

/// `NFT_MSG_DELTABLE`
const DELETED_TABLE: u8 = 2;

/// `NFT_MSG_NEWGEN`: the end of a transaction.
const NEW_GENERATION: u8 = 15;

/// The attribute that names the table, the same in every message about something in one.
const TABLE: u16 = 1;

/// How much the kernel may queue while we do not listen, as during a transaction of our own. It is no memory until then.
const ROOM: Buffer = Buffer { bytes: 16 << 20, force: true };

/// More than the kernel puts into one datagram of notices.
const DATAGRAM: usize = 1 << 16;

/// Tables are put back no more often than this, so that two who disagree about them do no harm.
const PAUSE: Duration = Duration::from_secs(1);

/// Families that have a table of ours: IPv4 and IPv6, by their numbers (`NFPROTO_IPV4`, `NFPROTO_IPV6`).
const FAMILIES: [u8; 2] = [2, 10];

/// Hears about one table of IPv4 and one of IPv6.
#[derive(Default)]
pub(super) struct Ruleset {
    tables: [Option<String>; 2],
    /// Open as soon as there is a table.
    socket: Option<TokioSocket>,
    transaction: Transaction,
    changed: [bool; 2],
    rest: Option<Instant>,
}

impl fmt::Debug for Ruleset {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tables, socket: _, transaction: _, changed, rest: _ } = self;
        out.debug_struct("Ruleset").field("tables", tables).field("changed", changed).finish_non_exhaustive()
    }
}

impl Ruleset {
    /// Hears about these from now on, the one of IPv4 and the one of IPv6, which have just been put in force.
    pub(super) fn watch(&mut self, tables: [Option<&str>; 2]) {
        self.tables = tables.map(|name| name.map(str::to_owned));
        if self.socket.is_none() && self.tables != [None, None] {
            match listen() {
                Ok(socket) => self.socket = Some(socket),
                Err(error) => tracing::info!("nftables: changes by others are not noticed: {error}"),
            }
        }
        self.pass_own();
    }

    /// Reads the notices about a transaction of ours, which the kernel has queued by the time that it is done. A large table is
    /// more than the queue holds, and that its notices overran it is no reason to put the table in force again.
    fn pass_own(&mut self) {
        let mut was_overrun = false;
        while let Some(socket) = &self.socket {
            let mut datagram = Vec::with_capacity(DATAGRAM);
            match socket.socket_ref().recv(&mut datagram, MSG_DONTWAIT) {
                Ok(_) => self.take(Ok(datagram)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.raw_os_error() == Some(ENOBUFS) => was_overrun = true,
                Err(error) => self.take(Err(error)),
            }
        }
        if was_overrun {
            self.transaction = Transaction::default();
        }
    }

    /// Waits until others have changed a table; says which. Loses nothing when dropped while waiting.
    pub(super) async fn changed(&mut self) -> [bool; 2] {
        loop {
            let may_tell = self.changed != [false, false];
            let rest = self.rest.filter(|until| may_tell && *until > Instant::now());
            if may_tell && rest.is_none() {
                self.rest = Some(Instant::now() + PAUSE);
                return std::mem::take(&mut self.changed);
            }
            let rested = async {
                match rest {
                    Some(until) => sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                heard = hear(&mut self.socket) => self.take(heard),
                () = rested => {}
            }
        }
    }

    fn take(&mut self, heard: io::Result<Vec<u8>>) {
        let changed = match heard {
            Ok(datagram) => self.transaction.read(&datagram, &self.tables),
            Err(error) if error.raw_os_error() == Some(ENOBUFS) => {
                tracing::info!(
                    "nftables: Receive buffer overrun on monitor socket - tables are put in force again"
                );
                self.transaction = Transaction::default();
                self.tables.each_ref().map(Option::is_some)
            }
            Err(error) => {
                tracing::info!("nftables: changes by others are no longer noticed: {error}");
                self.socket = None;
                [false, false]
            }
        };
        for (known, new) in self.changed.iter_mut().zip(changed) {
            *known |= new;
        }
    }
}

fn listen() -> io::Result<TokioSocket> {
    let mut socket = TokioSocket::new(NETFILTER)?;
    socket.socket_mut().bind(&SocketAddr::new(0, 0))?;
    receive_buffer::give(socket.socket_ref(), Some(ROOM), "nftables monitor");
    socket.socket_mut().add_membership(GROUP)?;
    Ok(socket)
}

async fn hear(socket: &mut Option<TokioSocket>) -> io::Result<Vec<u8>> {
    let Some(socket) = socket else { return std::future::pending().await };
    let mut datagram = Vec::with_capacity(DATAGRAM);
    socket.recv(&mut datagram).await?;
    Ok(datagram)
}

/// A transaction as far as it has been read: what it does to each of our tables.
#[derive(Debug, Default)]
struct Transaction {
    touched: [bool; 2],
    made: [bool; 2],
}

impl Transaction {
    /// Reads some notices. Returns which tables others have changed in the transactions that end among them. What cannot be
    /// read is passed over.
    fn read(&mut self, datagram: &[u8], tables: &[Option<String>; 2]) -> [bool; 2] {
        let mut changed = [false; 2];
        for (kind, body) in messages(datagram) {
            if kind == NEW_GENERATION {
                let Self { touched, made } = std::mem::take(self);
                for place in 0..tables.len() {
                    changed[place] |= touched[place] && !made[place];
                }
                continue;
            }
            let Some(place) = FAMILIES.iter().position(|family| body.first() == Some(family)) else {
                continue;
            };
            let (Some(ours), Some(name)) = (&tables[place], table(body)) else { continue };
            if name != ours.as_bytes() {
                continue;
            }
            self.touched[place] = true;
            match kind {
                NEW_TABLE => self.made[place] = true,
                DELETED_TABLE => self.made[place] = false,
                _ => {}
            }
        }
        changed
    }
}

/// The messages of nftables in a datagram: kind, and what follows the header.
fn messages(datagram: &[u8]) -> Vec<(u8, &[u8])> {
    const HEADER: usize = 16;
    let mut all = Vec::new();
    let mut rest = datagram;
    while let Some([a, b, c, d, kind, subsystem, ..]) = rest.get(..HEADER) {
        let length = usize::try_from(u32::from_ne_bytes([*a, *b, *c, *d])).unwrap_or(usize::MAX);
        let Some(body) = rest.get(HEADER..length) else { break };
        if *subsystem == SUBSYSTEM {
            all.push((*kind, body));
        }
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    all
}

/// The name of the table that a message is about.
fn table(body: &[u8]) -> Option<&[u8]> {
    const FAMILY: usize = 4;
    let mut rest = body.get(FAMILY..)?;
    while let [a, b, c, d, ..] = rest {
        let length = usize::from(u16::from_ne_bytes([*a, *b]));
        let value = rest.get(4..length)?;
        if u16::from_ne_bytes([*c, *d]) & 0x3fff == TABLE {
            return Some(value.strip_suffix(&[0]).unwrap_or(value));
        }
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW_RULE: u8 = 6;
    const DELETED_RULE: u8 = 8;

    fn notice(kind: u8, family: u8, table: &str) -> Vec<u8> {
        let name = u16::try_from(table.len() + 5).expect("a short name");
        let mut body = vec![family, 0, 0, 0];
        body.extend([name.to_ne_bytes(), TABLE.to_ne_bytes()].concat());
        body.extend(table.as_bytes());
        body.push(0);
        body.resize(body.len().next_multiple_of(4), 0);
        let length = u32::try_from(16 + body.len()).expect("a short notice");
        [&length.to_ne_bytes()[..], &[kind, SUBSYSTEM], &[0; 10], &body].concat()
    }

    fn read(notices: &[Vec<u8>]) -> [bool; 2] {
        let tables = [Some("keepalived".to_owned()), Some("keepalived".to_owned())];
        let mut transaction = Transaction::default();
        // It makes no difference which notices come together.
        let one_by_one = notices.iter().fold([false; 2], |[a, b], notice| {
            let [c, d] = transaction.read(notice, &tables);
            [a | c, b | d]
        });
        assert_eq!(Transaction::default().read(&notices.concat(), &tables), one_by_one);
        one_by_one
    }

    #[test]
    fn a_table_that_is_replaced_as_a_whole_is_no_news() {
        let ours = [
            notice(DELETED_RULE, 2, "keepalived"),
            notice(DELETED_TABLE, 2, "keepalived"),
            notice(NEW_TABLE, 2, "keepalived"),
            notice(NEW_RULE, 2, "keepalived"),
            notice(NEW_GENERATION, 0, ""),
        ];
        assert_eq!(read(&ours), [false, false]);
    }

    #[test]
    fn what_others_add_and_delete_in_a_table_of_ours_is_news_when_their_transaction_ends() {
        let end = || notice(NEW_GENERATION, 0, "");
        assert_eq!(read(&[notice(DELETED_TABLE, 10, "keepalived"), end()]), [false, true]);
        assert_eq!(read(&[notice(DELETED_RULE, 2, "keepalived"), end()]), [true, false]);
        assert_eq!(read(&[notice(NEW_RULE, 2, "keepalived"), end()]), [true, false]);
        assert_eq!(read(&[notice(NEW_RULE, 2, "keepalived")]), [false, false]);
        assert_eq!(
            read(&[notice(NEW_RULE, 2, "another"), notice(DELETED_TABLE, 1, "keepalived"), end()]),
            [false; 2]
        );
    }

    #[test]
    fn notices_that_are_cut_short_are_passed_over() {
        let whole = [notice(DELETED_RULE, 2, "keepalived"), notice(NEW_GENERATION, 0, "")].concat();
        for end in 0..whole.len() {
            let tables = [Some("keepalived".to_owned()), None];
            assert_eq!(Transaction::default().read(&whole[..end], &tables), [false; 2]);
        }
    }
}
