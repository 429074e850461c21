//! HTTP as `HTTP_GET`, `SSL_GET` and `genhash` speak it: a request out, bytes in, a verdict at the end
//! (checkers.md §18).
//!
//! ```text
//! Request ──► bytes          bytes ──► Reader ──► Response ──► Wanted::judge
//! ```
//!
//! This is keepalived's HTTP, not RFC 9112's: a reply ends with the connection, chunks are not taken apart, and the head
//! must be found in the first [`MAX_HEAD`] bytes. Administrators have stored digests that were made by these rules.

mod digest;
mod pattern;
mod reason;
mod request;
mod response;
mod verdict;

pub use self::digest::{BadDigest, Digest};
pub use self::pattern::{BadPattern, MAX_TEXT, Options, Pattern, Presence, Source};
pub use self::reason::Reason;
pub use self::request::{Host, Request, UnknownVersion, Version};
pub use self::response::{MAX_HEAD, NoHead, Reader, Response};
pub use self::verdict::{Flaw, Wanted};
