//! Virtual routers and the groups they move in.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Address, Family, IfName, Located, Lookup, Prefix, Route, Rule, Script, Secret, Span, Tracking};

/// Version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Version {
    /// RFC 3768, whole seconds, IPv4.
    #[default]
    V2,
    /// RFC 9568, hundredths of a second, IPv4 and IPv6.
    V3,
}

/// `state`: the role wanted at start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Role {
    /// MASTER.
    Master,
    /// BACKUP.
    #[default]
    Backup,
}

/// One `vrrp_instance`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VrrpInstance {
    /// Its name.
    pub name: String,
    /// The line that opened it.
    pub span: Span,
    /// `virtual_router_id`, 1 to 255; [`VrrpInstance::NO_VRID`] when the file does not say it, which no daemon runs with.
    pub vrid: u8,
    /// `interface`; none only with unicast and a source address.
    pub interface: Option<Located<IfName>>,
    /// `vrf`.
    pub vrf: Option<Located<IfName>>,
    /// `version`, given, from the family, or the global default.
    pub version: Version,
    /// Family of the adverts, from the first address that tells it.
    pub family: Family,
    /// `strict_mode`.
    pub strict: bool,
    /// `state`.
    pub state: Role,
    /// `priority`, 1 to 255.
    pub priority: u8,
    /// `advert_int`, already rounded as the version demands.
    pub advert_int: Duration,
    /// False with `nopreempt`.
    pub preempt: bool,
    /// `preempt_delay`.
    pub preempt_delay: Duration,
    /// `accept`.
    pub accept: bool,
    /// `down_timer_adverts`: adverts missed before taking over, 1 to 100.
    pub down_timer_adverts: u8,
    /// `timer_expired_backup`: fall back to BACKUP when timers ran too late and the highest other priority is this.
    pub timer_expired_backup: Option<u8>,

    /// Multicast or unicast.
    pub peering: Peering,
    /// `mcast_src_ip`, `unicast_src_ip` or the address of `use_ipvlan`; none is the primary address of the interface.
    pub source: Option<IpAddr>,
    /// `track_src_ip`.
    pub track_source: bool,
    /// `dont_track_primary`.
    pub dont_track_primary: bool,
    /// `skip_check_adv_addr`.
    pub skip_check_adv_addr: bool,
    /// `v3_checksum_as_v2`.
    pub v3_checksum_as_v2: bool,
    /// `old_unicast_checksum`.
    pub unicast_checksum: UnicastChecksum,
    /// `kernel_rx_buf_size` in bytes.
    pub rx_buffer: Option<u32>,
    /// `linkbeat_use_polling`.
    pub linkbeat_use_polling: bool,

    /// `virtual_ipaddress`, in the order in which they are announced.
    pub addresses: Vec<Address>,
    /// `virtual_ipaddress_excluded`.
    pub excluded: Vec<Address>,
    /// `virtual_routes`.
    pub routes: Vec<Route>,
    /// `virtual_rules`.
    pub rules: Vec<Rule>,
    /// `promote_secondaries`.
    pub promote_secondaries: bool,

    /// `use_vmac`.
    pub vmac: Option<Box<Vmac>>,
    /// `use_vmac_addr`.
    pub vmac_addr: bool,
    /// `vmac_xmit_base`.
    pub vmac_xmit_base: bool,
    /// `use_ipvlan`.
    pub ipvlan: Option<Box<Ipvlan>>,

    /// Gratuitous ARP and unsolicited neighbour advertisements.
    pub garp: Garp,
    /// `lower_prio_no_advert`.
    pub lower_prio_no_advert: bool,
    /// `higher_prio_send_advert`.
    pub higher_prio_send_advert: bool,
    /// `owner_ignore_adverts`.
    pub owner_ignore_adverts: bool,

    /// `authentication`.
    pub auth: Auth,
    /// `auth_hmac`.
    pub hmac: Option<Box<Hmac>>,

    /// `track_…`.
    pub tracking: Tracking,
    /// Sync group it belongs to: index into `Config::sync_groups`.
    pub sync_group: Option<usize>,

    /// Scripts.
    pub notify: Notify,
    /// `notify_deleted` without or with script: report DELETED instead of FAULT when a reload removes it.
    pub report_deleted: bool,
    /// `smtp_alert`.
    pub smtp_alert: bool,
    /// `notify_priority_changes`.
    pub notify_priority_changes: bool,
}

impl VrrpInstance {
    /// What stands for the identifier of an instance that has none.
    pub const NO_VRID: u8 = 0;
}

/// Whom adverts are sent to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Peering {
    /// A group of the link.
    Multicast {
        /// `mcast_dst_ip` or the global group.
        group: IpAddr,
    },
    /// A list of peers.
    Unicast {
        /// `unicast_peer`; never empty.
        peers: Vec<Peer>,
        /// `unicast_ttl`; none is 255 for IPv4, the kernel's default for IPv6.
        ttl: Option<u8>,
        /// `check_unicast_src`: accept adverts from these peers only.
        check_source: bool,
    },
    /// `unicast_fault_no_peer` without a peer: stay in FAULT.
    Missing,
}

/// One line of `unicast_peer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// Its address.
    pub addr: IpAddr,
    /// Adverts below this TTL are refused.
    pub min_ttl: u8,
    /// Adverts above this TTL are refused.
    pub max_ttl: u8,
}

/// Which checksum VRRPv3 unicast peers use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum UnicastChecksum {
    /// Find out from what they send.
    #[default]
    Detect,
    /// The one before release 1.3.6.
    Old,
    /// `never`: the right one, without detection.
    New,
}

/// A MAC address as written in `use_vmac`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MacAddress(pub [u8; 6]);

/// `use_vmac`: a macvlan with the virtual router's MAC address.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Vmac {
    /// Its name; none is `PREFIX.VRID`.
    pub name: Option<Located<IfName>>,
    /// Its address; none is the protocol's.
    pub mac: Option<MacAddress>,
    /// `netlink_notify_msg`.
    pub netlink_notify: bool,
    /// `group`: link group.
    pub group: Option<Lookup>,
}

/// Mode of an ipvlan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum IpvlanMode {
    /// `bridge`.
    #[default]
    Bridge,
    /// `private`.
    Private,
    /// `vepa`.
    Vepa,
}

/// `use_ipvlan`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Ipvlan {
    /// Its name; none is `PREFIX.VRID`.
    pub name: Option<Located<IfName>>,
    /// Its address.
    pub addr: Option<Prefix>,
    /// Its mode.
    pub mode: IpvlanMode,
    /// `group`: link group.
    pub group: Option<Lookup>,
}

/// When and how often addresses are announced to the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Garp {
    /// `garp_master_delay`: second burst after becoming master; zero is none.
    pub master_delay: Duration,
    /// `garp_master_repeat`: messages in a burst.
    pub master_repeat: u32,
    /// `garp_master_refresh`: repeat while master; zero is off.
    pub refresh: Duration,
    /// `garp_master_refresh_repeat`: messages of a refresh.
    pub refresh_repeat: u32,
    /// `garp_lower_prio_delay`: second burst after an advert of lower priority; zero is none.
    pub lower_prio_delay: Duration,
    /// `garp_lower_prio_repeat`: messages in that burst.
    pub lower_prio_repeat: u32,
    /// `garp_extra_if`: refresh on VMACs other than the instance's; zero is off.
    pub extra_if: Duration,
    /// `garp_extra_if all`: on every other interface.
    pub extra_if_all: bool,
}

/// RFC 2338 authentication of VRRPv2.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub enum Auth {
    /// None.
    #[default]
    None,
    /// `auth_type PASS`: at most 8 bytes in clear.
    Pass(Secret),
    /// `auth_type AH`: at most 8 bytes as HMAC-MD5-96 key.
    Ah(Secret),
}

/// One `key` of `auth_hmac`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HmacKey {
    /// Its number, 1 to 255.
    pub id: u8,
    /// Where the key is.
    pub key: KeySource,
}

impl HmacKey {
    /// The key that the text of a key file means: `hex:DIGITS` or itself, without the line ends after it.
    ///
    /// # Errors
    /// What is wrong with it, to follow the key's number in a message.
    pub fn read(text: &str) -> Result<Secret, &'static str> {
        let text = text.trim_end_matches(['\r', '\n']);
        let bytes = match text.strip_prefix("hex:") {
            Some(digits) => crate::value::instance::hex(digits).ok_or("is not valid hexadecimal")?,
            None => text.as_bytes().to_vec(),
        };
        if (32..=64).contains(&bytes.len()) {
            Ok(Secret::new(bytes))
        } else {
            Err("must be between 32 and 64 bytes long")
        }
    }
}

/// Where the bytes of a key are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum KeySource {
    /// In the configuration: 32 to 64 bytes.
    Given(Secret),
    /// In a file the plan reads.
    File(Located<String>),
}

/// What protects against repeated packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum AntiReplay {
    /// The clock, with a window.
    #[default]
    Time,
    /// A counter.
    Monotonic,
}

/// What happens to packets without a valid trailer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum HmacMode {
    /// They are dropped.
    #[default]
    Enforce,
    /// They are taken.
    Permissive,
    /// They are taken, and none is sent.
    ReceiveOnly,
}

/// `auth_hmac`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hmac {
    /// Known keys.
    pub keys: Vec<HmacKey>,
    /// `active_key`: the key to send with.
    pub active: u8,
    /// `time_window`.
    pub window: Duration,
    /// `anti_replay`.
    pub anti_replay: AntiReplay,
    /// `mode`.
    pub mode: HmacMode,
}

/// Scripts of an instance or a sync group.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Notify {
    /// `notify_master`.
    pub master: Option<Box<Script>>,
    /// `notify_backup`.
    pub backup: Option<Box<Script>>,
    /// `notify_fault`.
    pub fault: Option<Box<Script>>,
    /// `notify_stop`.
    pub stop: Option<Box<Script>>,
    /// `notify_deleted`.
    pub deleted: Option<Box<Script>>,
    /// `notify`, with four more arguments.
    pub any: Option<Box<Script>>,
    /// `notify_master_rx_lower_pri`.
    pub master_rx_lower_pri: Option<Box<Script>>,
}

/// One `vrrp_sync_group`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SyncGroup {
    /// Its name.
    pub name: String,
    /// The line that opened it.
    pub span: Span,
    /// Its members: indexes into `Config::vrrp_instances`; never empty.
    pub members: Vec<usize>,
    /// `track_…`, for every member.
    pub tracking: Tracking,
    /// `sync_group_tracking_weight`: members may have weights.
    pub tracking_weight: bool,
    /// Scripts.
    pub notify: Notify,
    /// `smtp_alert`.
    pub smtp_alert: bool,
}

impl Default for Garp {
    fn default() -> Self {
        Self {
            master_delay: Duration::from_secs(5),
            master_repeat: 5,
            refresh: Duration::ZERO,
            refresh_repeat: 1,
            lower_prio_delay: Duration::from_secs(5),
            lower_prio_repeat: 5,
            extra_if: Duration::ZERO,
            extra_if_all: false,
        }
    }
}
