//! `vrrp_instance` and the blocks in it.

use std::time::Duration;

use crate::block::group::only_name;
use crate::block::track::TrackRows;
use crate::config::{Family, Role, Script, Secret, Span, UnicastChecksum};
use crate::diag::Class;
use crate::keyword::{Args, Block, Lines, Nested, Rare, Refused, keywords};
use crate::read::Reader;
use crate::value::address::{ExcludedAddress, PeerLine, SourceAddress, VirtualAddress};
use crate::value::flag::{Flag, Unless};
use crate::value::global::ExtraIf;
use crate::value::instance::{
    AntiReplayValue, AuthType, ExpiredBackup, HmacKeyValue, HmacModeValue, InterfaceValue, IpvlanValue,
    MulticastGroup, NativeV6, PollingValue, SyncInterface, UnicastMark, VersionValue, VmacValue, VrfValue,
};
use crate::value::number::{AtLeastOne, Only};
use crate::value::route::RouteLine;
use crate::value::rule::RuleLine;
use crate::value::script::MaybeScript;
use crate::value::time::{WholeSecs, ms, secs};

keywords! {
    /// One virtual router.
    InstanceBlock {
        state: Role => "Role taken until the first election is over.";
        interface: InterfaceValue => "Interface the adverts travel on.";
        vrf: VrfValue => "VRF the adverts travel in.";
        source ("mcast_src_ip") | "unicast_src_ip": SourceAddress => "Source address of adverts.";
        mcast_dst_ip: MulticastGroup => "Multicast group of adverts.";
        virtual_router_id: u8 [1..=255, strict] => "VRID; the same on every router of the group.", else "({name}): VRID '{}' not valid - must be between 1 & 255";
        version: VersionValue => "Version of the protocol.", else "({name}): Version must be either 2 or 3";
        priority: u8 [1..=255, strict] => "Election weight; 255 marks the address owner.", else "({name}) Priority not valid! must be between 1 & 255. Using default 100";
        advert_int: Duration [ms(10)..=ms(255_000)] = secs(1) => "Time between adverts while master.", else "({name}) Advert interval ({}) not valid! Must be > 0 - ignoring";
        virtual_ipaddress: Lines<VirtualAddress> => "Addresses held while master, and announced.";
        virtual_ipaddress_excluded: Lines<ExcludedAddress> => "Addresses held while master, not announced.";
        virtual_routes: Lines<RouteLine> => "Routes held while master.";
        virtual_rules: Lines<RuleLine> => "Rules held while master.";
        preempt | "nopreempt": Unless => "Take over from a master of lower priority.";
        authentication: Nested<AuthBlock> => "Authentication of VRRPv2.";
        auth_hmac: Nested<HmacBlock> => "HMAC trailer of adverts.";
        unicast_peer: Lines<PeerLine> => "Send adverts to these routers instead of the multicast group.";
        + unicast: Rare<UnicastRows>;
        + device: Rare<DeviceRows>;
        + track: Rare<TrackRows>;
        + rules: Rare<RulesRows>;
        + notify: Rare<NotifyRows>;
        + garp: Rare<GarpRows>;
        + seldom: Rare<SeldomRows>;
        * seen: Seen;
        * head: String;
    }
}

keywords! {
    /// How peers are reached without multicast.
    UnicastRows {
        unicast_fault_no_peer: UnicastMark => "Without a peer stay in FAULT.";
        check_unicast_src: UnicastMark => "Take adverts from the peers only.";
        old_unicast_checksum: UnicastChecksum => "Which checksum unicast peers use.", else "({name}) Unknown old_unicast_chksum mode {} - ignoring";
        unicast_ttl: u8 [0..=255, strict] => "TTL of unicast adverts.", else "({name}): TTL '{}' not valid - must be between 0 & 255";
    }
}

keywords! {
    /// Devices it makes, and what belongs to them.
    DeviceRows {
        use_vmac: VmacValue => "Use a macvlan with the virtual router's MAC address.";
        use_vmac_addr: Flag => "Use VMACs for addresses on other interfaces too.";
        vmac_xmit_base: Flag => "Send adverts from the interface below the VMAC.";
        use_ipvlan: IpvlanValue => "Use an ipvlan.", once "({name}) ipvlan already specified - ignoring";
        promote_secondaries: Flag => "Keep secondary addresses when the primary one goes.";
    }
}

keywords! {
    /// How it keeps to the protocol and where it does not.
    RulesRows {
        dont_track_primary: Flag => "Do not fault with the interface.";
        track_src_ip: Flag => "Fault while the source address is missing.";
        v3_checksum_as_v2: bool => "VRRPv3 checksum without pseudo header.", else "({name}) invalid {kw} {} specified";
        accept | "no_accept": Unless => "Take packets sent to the addresses.";
        skip_check_adv_addr: bool => "Do not compare the addresses of adverts.", else "({name}) invalid {kw} {} specified";
        strict_mode: bool => "Keep to the RFC.", else "({name}) invalid {kw} {} specified";
        preempt_delay: Duration [Duration::ZERO..=secs(1000)] => "Wait before preempting a lower priority.", else "({name}) Preempt_delay not valid! must be between 0-1000";
        down_timer_adverts: u8 [1..=100] => "Adverts missed before taking over.", else "({name}): Invalid down_timer_adverts [1:100] '{}'";
        timer_expired_backup | "thread_timer_expired": ExpiredBackup => "Fall back to BACKUP when timers ran too late.";
        lower_prio_no_advert: bool => "Do not answer an advert of lower priority.", else "({name}) invalid {kw} {} specified";
        higher_prio_send_advert: bool => "Answer an advert of higher priority.", else "({name}) invalid {kw} {} specified";
        owner_ignore_adverts: bool => "The address owner does not look at adverts.", else "({name}) invalid {kw} {} specified";
    }
}

keywords! {
    /// Who is told of its changes.
    NotifyRows {
        notify_backup: Script => "Run when it becomes BACKUP.";
        notify_master: Script => "Run when it becomes MASTER.";
        notify_fault: Script => "Run when it faults.";
        notify_stop: Script => "Run when the daemon stops.";
        notify_deleted: MaybeScript => "Report DELETED when a reload removes it.";
        notify: Script => "Run on every change, with four more arguments.";
        notify_master_rx_lower_pri: Script => "Run when a master gets an advert of lower priority.";
        smtp_alert: bool => "Mail on every change.", else "Invalid vrrp_instance smtp_alert parameter {}";
        notify_priority_changes: bool => "Write changes of priority to the FIFOs.", else "({name}) Invalid value '{}' for notify_priority_changes specified";
    }
}

keywords! {
    /// How addresses are announced to the link.
    GarpRows {
        garp_master_delay: WholeSecs [secs(0)..=secs(4294)] => "Second burst of gratuitous ARPs so long after becoming master.", else "({name}): garp_master_delay '{}' invalid - ignoring";
        garp_master_refresh: WholeSecs => "Repeat them while master.", else "({name}): Invalid garp_master_refresh '{}' - ignoring";
        garp_master_repeat: AtLeastOne => "How many in a burst.", else "({name}): garp_master_repeat '{}' invalid - ignoring";
        garp_master_refresh_repeat: AtLeastOne => "How many in a refresh.", else "({name}): garp_master_refresh_repeat '{}' invalid - ignoring";
        garp_lower_prio_delay: WholeSecs [secs(0)..=secs(4294)] => "Second burst so long after an advert of lower priority.", else "({name}): garp_lower_prio_delay '{}' invalid - ignoring";
        garp_lower_prio_repeat: u32 [0..=i32::MAX.unsigned_abs()] => "How many in such a burst.", else "({name}): Invalid garp_lower_prio_repeat '{}'";
        garp_extra_if | "vmac_garp_intvl": ExtraIf [secs(0)..=secs(86400)] => "Announce on other interfaces so often.";
    }
}

keywords! {
    /// What is left of little use.
    SeldomRows {
        linkbeat_use_polling: PollingValue => "Poll the link of the interface.", is Deprecated;
        native_ipv6: NativeV6 => "Use IPv6.", is Deprecated;
        no_virtual_ipaddress: Flag => "It is meant to have no address.";
        debug: u8 [0..=4] => "Has no effect.", else "({name}) Debug value '{}' not valid; must be between 0-4", is NoEffect;
        lvs_sync_daemon_interface: SyncInterface => "Old form of lvs_sync_daemon.", is Deprecated;
        kernel_rx_buf_size: Only<u32> [0..=u32::MAX, strict] => "Receive buffer in bytes.", else "({name}) invalid kernel_rx_buf_size specified", missing "({name}) invalid kernel_rx_buf_size specified";
    }
}

/// What the instance's reader noticed besides values.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Seen {
    /// The family told by the first address.
    pub(crate) family: Option<Family>,
    /// A keyword that only unicast needs.
    pub(crate) unicast: bool,
    /// The line of its `}`.
    pub(crate) end: Option<Span>,
}

impl Block for InstanceBlock {
    fn open(args: &mut Args<'_, '_>) -> Result<Self, Refused> {
        args.reader.family = None;
        args.reader.unicast = false;
        let head = only_name(args, "vrrp_instance must have a name")?;
        if args.reader.known.instances.contains(&head) {
            args.general(format!("vrrp instance {head} already defined"));
            return Err(Refused::Said);
        }
        args.reader.known.instances.insert(head.clone());
        Ok(Self { head, ..Self::default() })
    }

    fn name(&self) -> String {
        self.head.clone()
    }

    fn close(mut self, reader: &mut Reader<'_>) -> Option<Self> {
        let name = &self.head;
        let peers = self.unicast_peer.as_ref().is_some_and(|peers| !peers.value.0.is_empty());
        self.seen = Seen {
            family: reader.family.take(),
            unicast: std::mem::take(&mut reader.unicast) || self.unicast_peer.is_some(),
            end: Some(reader.position()),
        };
        if self.unicast.unicast_ttl.is_some() && !peers {
            reader.say(format!("({name}): Cannot use unicast_ttl without unicast peers - resetting"));
        }
        Some(self)
    }
}

keywords! {
    /// Authentication of VRRPv2.
    AuthBlock {
        auth_type: AuthType => "PASS or AH.", else "({name}) unknown authentication type '{}'";
        auth_pass: Secret => "The password; 8 bytes of it count.";
        * head: String;
    }
}

impl Block for AuthBlock {
    fn open(args: &mut Args<'_, '_>) -> Result<Self, Refused> {
        Ok(Self { head: args.name(), ..Self::default() })
    }

    fn name(&self) -> String {
        self.head.clone()
    }

    fn close(mut self, reader: &mut Reader<'_>) -> Option<Self> {
        const LENGTH: usize = 8;
        if let Some(pass) = self.auth_pass.as_mut().filter(|pass| pass.value.expose().len() > LENGTH) {
            reader.complain_at(
                Class::General,
                &pass.span,
                format!("Truncating auth_pass to {LENGTH} characters"),
            );
            pass.value = Secret::new(&pass.value.expose()[..LENGTH]);
        }
        Some(self)
    }
}

keywords! {
    /// HMAC trailer of adverts.
    HmacBlock {
        key: HmacKeyValue => "A key and its number.";
        active_key: u8 [1..=255, strict] => "Number of the key to send with.", else "({name}) auth_hmac active_key '{}' not valid - must be between 1 & 255";
        time_window: WholeSecs [secs(1)..=secs(300), strict] => "How old a packet may be.", else "({name}) auth_hmac time_window '{}' not valid - must be between 1 & 300";
        anti_replay: AntiReplayValue => "What protects against repeated packets.", else "({name}) unknown auth_hmac anti_replay '{}' - ignoring";
        mode: HmacModeValue => "What happens to packets without trailer.", else "({name}) unknown auth_hmac mode '{}' - ignoring";
        * head: String;
    }
}

impl Block for HmacBlock {
    fn open(args: &mut Args<'_, '_>) -> Result<Self, Refused> {
        Ok(Self { head: args.name(), ..Self::default() })
    }

    fn name(&self) -> String {
        self.head.clone()
    }
}
