//! `global_defs`.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use crate::config::{Identity, IfName, Script, SmtpTls, Version};
use crate::keyword::{Args, Block, Refused, WordList, keywords};
use crate::value::flag::Flag;
use crate::value::global::{
    AffinityValue, DynamicInterfacesValue, ExtraIf, FlushValue, HeloName, IncludeCheckValue, IpsetsValue,
    IptablesValue, IpvsTimeoutsValue, MailFrom, MinGarp, ProcessName, RealtimePriority, RxPolicy,
    SmtpServerValue, SmtpTimeout, SyncDaemonValue, TableName, Umask,
};
use crate::value::number::{AtLeastOne, Only};
use crate::value::script::FifoPath;
use crate::value::time::{Micros, WholeSecs, ms, secs, us};
use crate::value::word::{Maybe, OneWord};

/// The largest span of seconds a 32-bit number of microseconds holds.
const MAX_SECS: Duration = us(u32::MAX as u64);

keywords! {
    /// Settings of the whole daemon.
    GlobalBlock {
        process_names: Flag => "Give the workers names of their own in the process list.";
        process_name: ProcessName => "Name of the supervisor in the process list.";
        vrrp_process_name: ProcessName => "Name of the VRRP worker in the process list.";
        checker_process_name | "lvs_process_name": ProcessName => "Name of the checkers worker in the process list.";
        bfd_process_name: ProcessName => "Name of the BFD worker in the process list.";
        use_symlink_paths: bool = false => "Keep symbolic links in the paths of scripts.", else "Invalid value '{}' for global {kw} specified";
        set_supplementary_groups: bool = false => "Scripts get all groups of their user.", else "Invalid value '{}' for global {kw} specified";
        router_id: String => "How this machine calls itself in mail.", missing "routerid name missing - ignoring";
        notification_email_from: MailFrom => "Sender of mail.", missing "emailfrom missing - ignoring";
        smtp_server: SmtpServerValue => "Mail server and port.";
        smtp_helo_name: HeloName => "Name used to greet the mail server.";
        smtp_connect_timeout: SmtpTimeout [secs(0)..=secs(4294)] = SmtpTimeout(secs(30)) => "How long to wait for the mail server.", else "smtp_connect_timeout '{}' must be in [0, 4294] - ignoring";
        smtp_tls: SmtpTls => "Protect mail: from the first byte, or after a greeting.", else "Invalid smtp_tls {}";
        smtp_tls_ca: OneWord => "File of authorities that vouch for the mail server.", else "smtp_tls_ca has extra parameters", missing "smtp_tls_ca file missing";
        smtp_auth_file: OneWord => "File with user name and password for the mail server.", else "smtp_auth_file has extra parameters", missing "smtp_auth_file file missing";
        smtp_retry: WholeSecs [secs(0)..=secs(86400)] = WholeSecs(secs(0)) => "How long an alert that was not taken is tried again.", else "smtp_retry '{}' must be in [0, 86400] - ignoring", missing "smtp_retry requires a time";
        notification_email: WordList => "Recipients of mail.";
        smtp_alert: bool => "Default of every smtp_alert.", else "Invalid value '{}' for global smtp_alert specified";
        startup_script: Script => "Run once before the workers start.", missing "startup script missing", once "startup script already specified";
        startup_script_timeout: WholeSecs [secs(1)..=secs(1000)] = WholeSecs(secs(10)) => "How long it may run.", else "startup_script_timeout '{}' must be in [1, 1000] - ignoring", missing "startup_script_timeout requires value";
        shutdown_script: Script => "Run once after the workers ended.", missing "shutdown script missing", once "shutdown script already specified";
        shutdown_script_timeout: WholeSecs [secs(1)..=secs(1000)] = WholeSecs(secs(10)) => "How long it may run.", else "shutdown_script_timeout '{}' must be in [1, 1000] - ignoring", missing "shutdown_script_timeout requires value";
        max_auto_priority: crate::value::global::AutoPriority => "Ceiling of automatic real-time priority.", else "max_auto_priority '{}' must be in [0, 99] (or -1 to disable) - ignoring";
        min_auto_priority_delay: crate::value::global::AutoDelay => "Lateness that raises the priority.", else "min_auto_priority_delay '{}' must be in [1, 10000000] - ignoring", missing "min_auto_priority_delay requires delay time";
        smtp_alert_vrrp: bool => "Default of smtp_alert of instances and groups.", else "Invalid value '{}' for global smtp_alert_vrrp specified";
        smtp_alert_checker: bool => "Default of smtp_alert of servers.", else "Invalid value '{}' for global smtp_alert_checker specified";
        checker_log_all_failures: bool = false => "Log every failed check.", else "Invalid value for {kw} specified";
        dynamic_interfaces: DynamicInterfacesValue => "Interfaces may appear later.";
        no_email_faults: Flag => "No mail when an instance faults.";
        default_interface: IfName => "Interface of static addresses that name none.", missing "default_interface requires interface name";
        disable_local_igmp: Flag => "Do not join link-local multicast groups by IGMP.";
        v3_checksum_as_v2: Flag => "Default of v3_checksum_as_v2.";
        lvs_timeouts: IpvsTimeoutsValue => "IPVS connection timeouts.", missing "lvs_timeouts requires at least one option";
        lvs_flush: Flag => "Empty the IPVS table at start.";
        lvs_flush_on_stop | "lvs_flush_onstop": FlushValue => "Empty the IPVS table at stop.", else "Unknown lvs_flush_on_stop type {}";
        lvs_sync_daemon: SyncDaemonValue => "Connection synchronisation of IPVS.", missing "lvs_sync_daemon requires interface", once "lvs_sync_daemon has already been specified as {} - ignoring";
        vrrp_mcast_group4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18) => "Multicast group of IPv4 adverts.", else "Can't parse vrrp_mcast_group4 [{}]. Skipping";
        vrrp_mcast_group6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12) => "Multicast group of IPv6 adverts.", else "Can't parse vrrp_mcast_group6 [{}]. Skipping";
        vrrp_garp_master_delay: WholeSecs [secs(0)..=secs(4294)] = WholeSecs(secs(5)) => "Default of garp_master_delay.", else "vrrp_garp_master_delay '{}' invalid - ignoring";
        vrrp_garp_master_repeat: AtLeastOne = AtLeastOne(5) => "Default of garp_master_repeat.", else "vrrp_garp_master_repeat '{}' invalid - ignoring";
        vrrp_garp_master_refresh: WholeSecs = WholeSecs(secs(0)) => "Default of garp_master_refresh.", else "Invalid vrrp_garp_master_refresh '{}' - ignoring";
        vrrp_garp_master_refresh_repeat: AtLeastOne = AtLeastOne(1) => "Default of garp_master_refresh_repeat.", else "vrrp_garp_master_refresh_repeat '{}' invalid - ignoring";
        vrrp_garp_lower_prio_delay: WholeSecs [secs(0)..=secs(4294)] => "Default of garp_lower_prio_delay.", else "vrrp_garp_lower_prio_delay '{}' invalid - ignoring";
        vrrp_garp_lower_prio_repeat: u32 [0..=i32::MAX.unsigned_abs()] => "Default of garp_lower_prio_repeat.", else "Invalid vrrp_garp_lower_prio_repeat '{}'";
        vrrp_down_timer_adverts: u8 [1..=100] = 3 => "Default of down_timer_adverts.", else "Invalid vrrp_down_timer_adverts [1:100] '{}'";
        vrrp_garp_interval: Duration [us(1)..=MAX_SECS] = Duration::ZERO => "Space between gratuitous ARPs.", else "vrrp_garp_interval '{}' is invalid";
        vrrp_gna_interval: Duration [us(1)..=MAX_SECS] = Duration::ZERO => "Space between unsolicited neighbour advertisements.", else "vrrp_gna_interval '{}' is invalid";
        vrrp_min_garp: MinGarp => "Send as few gratuitous ARPs as possible.", else "Invalid value for vrrp_min_garp specified";
        vrrp_garp_extra_if | "vrrp_vmac_garp_intvl": ExtraIf [secs(1)..=secs(86400)] => "Default of garp_extra_if.";
        vrrp_lower_prio_no_advert: bool => "Default of lower_prio_no_advert.", else "Invalid value for {kw} specified";
        vrrp_higher_prio_send_advert: bool => "Default of higher_prio_send_advert.", else "Invalid value for {kw} specified";
        vrrp_version: Version = Version::V2 => "Version of IPv4 instances that do not say.", else "VRRP Error: Version must be either 2 or 3";
        vrrp_iptables: IptablesValue => "Filter with iptables, in these chains.", once "{kw} already specified - ignoring";
        vrrp_ipsets: IpsetsValue => "Names of the sets used with iptables.";
        nftables: TableName => "Filter with nftables, in this table.", once "nftables already specified - ignoring";
        nftables_priority: i32 [i32::MIN..=i32::MAX, strict] => "Priority of its chains.", else "invalid nftables chain priority '{}'";
        nftables_ifindex: Flag => "Sets hold interface numbers instead of names.";
        vrrp_check_unicast_src: Flag => "Default of check_unicast_src.";
        vrrp_skip_check_adv_addr: bool = false => "Default of skip_check_adv_addr.", else "Invalid value for {kw} specified";
        vrrp_strict: bool = false => "Default of strict_mode.", else "Invalid value for {kw} specified";
        vrrp_priority: i8 [-20..=19] => "Nice value of the VRRP worker.", else "Invalid vrrp process priority specified", missing "No vrrp process priority specified";
        vrrp_no_swap: Flag => "Lock the VRRP worker's memory.";
        vrrp_rt_priority: RealtimePriority => "Real-time priority of the VRRP worker.", else "vrrp process real-time priority '{}' invalid", missing "No vrrp process real-time priority specified";
        vrrp_cpu_affinity: AffinityValue => "Processors of the VRRP worker.", missing "No vrrp cpu_id set specified";
        vrrp_rlimit_rttime | "vrrp_rlimit_rtime": Micros [us(1)..=MAX_SECS] => "How long it may run without pause.", else "Invalid vrrp real-time limit - {}";
        nftables_ipvs: TableName => "Mark packets of groups with nftables, in this table.", once "nftables_ipvs already specified - ignoring";
        nftables_ipvs_priority: i32 [i32::MIN..=i32::MAX, strict] => "Priority of its chains.", else "invalid ipvs nftables chain priority '{}'";
        nftables_ipvs_start_fwmark: u32 [1..=u32::MAX, strict] => "First mark.", else "invalid ipvs nftables start_fwmark priority '{}'";
        nftables_counters: Flag => "Rules count packets.";
        notify_fifo: FifoPath => "FIFO for every event.", missing "No notify_fifo name specified", once "notify_fifo already specified - ignoring {}";
        notify_fifo_script: Script => "Reader of the FIFO.", missing "No notify_fifo_script specified", once "{kw} already specified - ignoring {}";
        vrrp_notify_fifo: FifoPath => "FIFO for VRRP events.", missing "No vrrp_notify_fifo name specified", once "vrrp_notify_fifo already specified - ignoring {}";
        vrrp_notify_fifo_script: Script => "Reader of the FIFO.", missing "No vrrp_notify_fifo_script specified", once "{kw} already specified - ignoring {}";
        vrrp_notify_priority_changes: bool = false => "Default of notify_priority_changes.", else "Invalid value '{}' for global {kw} specified";
        fifo_write_vrrp_states_on_reload: Flag => "Write all states to the FIFOs after a reload.";
        lvs_notify_fifo: FifoPath => "FIFO for server events.", missing "No lvs_notify_fifo name specified", once "lvs_notify_fifo already specified - ignoring {}";
        lvs_notify_fifo_script: Script => "Reader of the FIFO.", missing "No lvs_notify_fifo_script specified", once "{kw} already specified - ignoring {}";
        checker_priority: i8 [-20..=19] => "Nice value of the checkers worker.", else "Invalid checker process priority specified", missing "No checker process priority specified";
        checker_no_swap: Flag => "Lock the checkers worker's memory.";
        checker_rt_priority: RealtimePriority => "Real-time priority of the checkers worker.", else "checker process real-time priority '{}' invalid", missing "No checker process real-time priority specified";
        checker_cpu_affinity: AffinityValue => "Processors of the checkers worker.", missing "No checker cpu_id set specified";
        checker_rlimit_rttime | "checker_rlimit_rtime": Micros [us(1)..=MAX_SECS] => "How long it may run without pause.", else "Invalid checker real-time limit - {}";
        bfd_priority: i8 [-20..=19] => "Nice value of the BFD worker.", else "Invalid bfd process priority specified", missing "No bfd process priority specified";
        bfd_no_swap: Flag => "Lock the BFD worker's memory.";
        bfd_rt_priority: RealtimePriority => "Real-time priority of the BFD worker.", else "bfd process real-time priority '{}' invalid", missing "No bfd process real-time priority specified";
        bfd_cpu_affinity: AffinityValue => "Processors of the BFD worker.", missing "No bfd cpu_id set specified";
        bfd_rlimit_rttime | "bfd_rlimit_rtime": Micros [us(1)..=MAX_SECS] => "How long it may run without pause.", else "Invalid bfd real-time limit - {}";
        snmp_socket: OneWord => "Address of the SNMP master agent.", else "Too many parameters specified for snmp_socket - ignoring", missing "SNMP error : snmp socket name missing", once "SNMP socket already set - ignoring {}", is ParsedOnly;
        enable_traps: Flag => "Send SNMP traps.", is ParsedOnly;
        enable_snmp_vrrp | "enable_snmp_keepalived": Flag => "SNMP: VRRP part of the KEEPALIVED MIB.", is ParsedOnly;
        enable_snmp_rfc: Flag => "SNMP: both RFC MIBs.", is ParsedOnly;
        enable_snmp_rfcv2: Flag => "SNMP: RFC 2787.", is ParsedOnly;
        enable_snmp_rfcv3: Flag => "SNMP: RFC 6527.", is ParsedOnly;
        enable_snmp_checker: Flag => "SNMP: checker part of the KEEPALIVED MIB.", is ParsedOnly;
        snmp_vs_stats_update_interval: Duration [ms(1)..=secs(30)] => "How long statistics of virtual servers are kept.", else "{kw} '{}' is invalid", is ParsedOnly;
        snmp_rs_stats_update_interval: Duration [ms(1)..=secs(30)] => "How long statistics of real servers are kept.", else "{kw} '{}' is invalid", is ParsedOnly;
        enable_dbus: Flag => "Offer the D-Bus interface.", is ParsedOnly;
        dbus_service_name: String => "Its name.", missing "dbus_service_name missing - ignoring", is ParsedOnly;
        dbus_no_interface_name: String => "What stands for an interface that is not there.", missing "dbus_no_interface_name missing - ignoring", is ParsedOnly;
        script_user: Identity => "Who runs scripts that do not say.", missing "No script username specified";
        enable_script_security: Flag => "Refuse scripts that others than root may change.";
        vrrp_netlink_cmd_rcv_bufs: u32 [0..=u32::MAX, strict] => "Receive buffer in bytes.", else "{kw} size ({}) invalid", missing "{kw} size missing";
        vrrp_netlink_cmd_rcv_bufs_force: bool = false => "Go beyond the system's limit.", else "Invalid value '{}' for global {kw} specified";
        vrrp_netlink_monitor_rcv_bufs: u32 [0..=u32::MAX, strict] => "Receive buffer in bytes.", else "{kw} size ({}) invalid", missing "{kw} size missing";
        vrrp_netlink_monitor_rcv_bufs_force: bool = false => "Go beyond the system's limit.", else "Invalid value '{}' for global {kw} specified";
        process_monitor_rcv_bufs: u32 [0..=u32::MAX, strict] => "Receive buffer in bytes.", else "{kw} size ({}) invalid", missing "{kw} size missing";
        process_monitor_rcv_bufs_force: bool = false => "Go beyond the system's limit.", else "Invalid value '{}' for global {kw} specified";
        lvs_netlink_cmd_rcv_bufs: u32 [0..=u32::MAX, strict] => "Receive buffer in bytes.", else "{kw} size ({}) invalid", missing "{kw} size missing";
        lvs_netlink_cmd_rcv_bufs_force: bool = false => "Go beyond the system's limit.", else "Invalid value '{}' for global {kw} specified";
        lvs_netlink_monitor_rcv_bufs: u32 [0..=u32::MAX, strict] => "Receive buffer in bytes.", else "{kw} size ({}) invalid", missing "{kw} size missing";
        lvs_netlink_monitor_rcv_bufs_force: bool = false => "Go beyond the system's limit.", else "Invalid value '{}' for global {kw} specified";
        rs_init_notifies: bool = false => "Notify the first state of real servers too.", else "Invalid value '{}' for global {kw} specified";
        no_checker_emails: bool = false => "Mail only when a real server comes or goes.", else "Invalid value '{}' for global {kw} specified";
        vrrp_rx_bufs_policy: RxPolicy => "Size of receive buffers.", else "Invalid vrrp_rx_bufs_policy {}", missing "vrrp_rx_bufs_policy missing";
        vrrp_rx_bufs_multiplier: Only<u32> [1..=u32::MAX, strict] = Only(3) => "How many packets a receive buffer holds.", else "Invalid vrrp_rx_bufs_multiplier {}", missing "Invalid vrrp_rx_bufs_multiplier";
        vrrp_startup_delay: Duration [ms(1)..=MAX_SECS] = Duration::ZERO => "Wait before the first election.", else "vrrp_startup_delay '{}' is invalid";
        vrrp_delay_after_boot: Duration [ms(1)..=MAX_SECS] = Duration::ZERO => "Wait so long after boot before the first election.", else "vrrp_delay_after_boot '{}' is invalid";
        log_unknown_vrids: Flag => "Log adverts of unknown virtual routers.";
        vrrp_owner_ignore_adverts: bool => "Default of owner_ignore_adverts.", else "Invalid value for {kw} specified";
        vmac_prefix: String => "How names of VMACs begin.", once "vmac_prefix already specified - ignoring";
        vmac_addr_prefix: String => "How names of VMACs of addresses begin.", once "vmac_addr_prefix already specified - ignoring";
        umask: Umask => "Permissions that new files do not get.";
        random_seed: u32 [0..=u32::MAX, strict] => "Has no effect.", else "random_seed {} invalid", is NoEffect;
        reload_check_config: Maybe => "Check a new configuration before using it; log file of the check.";
        reload_time_file: OneWord => "File with the time of the next reload.", else "reload_time_file invalid", missing "reload_time_file invalid";
        reload_repeat: Flag => "Keep that file.";
        reload_file: Maybe => "File that exists while the configuration is read.";
        include_check: IncludeCheckValue => "Which failures of include statements are errors.";
        config_save_dir: String => "Where copies of the configuration are kept.";
        tmp_config_directory: String => "Where the consolidated configuration is kept.", missing "tmp_config_directory missing directory name", once "tmp_config_directory already specified - ignoring", is NoEffect;
        data_use_instance: bool = false => "Add the instance to names of dump files.", else "Invalid value '{}' for global date_use_instance specified";
        json_version: u8 [1..=2] = 1 => "Layout of the JSON dump.", else "Invalid json_version {}";
        iproute_usr_dir: OneWord => "iproute2's tables of names.", else "Invalid iproute_usr_dir";
        iproute_etc_dir: OneWord => "iproute2's tables of names that go before the others.", else "Invalid iproute_etc_dir";
        state_dump_file: String => "Where the state is dumped.";
        stats_dump_file: String => "Where the statistics are dumped.";
        json_dump_file: String => "Where the JSON is dumped.";
    }
}

impl Block for GlobalBlock {
    fn open(_: &mut Args<'_, '_>) -> Result<Self, Refused> {
        Ok(Self::default())
    }
}
