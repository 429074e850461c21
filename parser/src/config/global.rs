//! Daemon-wide settings: the root keywords and `global_defs`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Fifo, Garp, Identity, IfName, Located, Script, Version};

/// Daemon-wide settings. A value that is a default of instances or servers is already applied to them; it is kept here for dumps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Global {
    /// `net_namespace`.
    pub net_namespace: Option<Located<String>>,
    /// `net_namespace_ipvs`: `Some("")` is that of the first process; none is the same as `net_namespace`.
    pub net_namespace_ipvs: Option<Located<String>>,
    /// `namespace_with_ipsets`.
    pub namespace_with_ipsets: bool,
    /// `use_pid_dir`, also set by `net_namespace` and `instance`.
    pub use_pid_dir: bool,
    /// `instance`.
    pub instance: Option<String>,
    /// `child_wait_time`: how long a stop waits for the workers.
    pub child_wait_time: Duration,
    /// `linkbeat_use_polling`.
    pub linkbeat_use_polling: bool,

    /// `process_name` of the supervisor, at most 15 bytes.
    pub process_name: Option<String>,
    /// Scheduling of the VRRP worker.
    pub vrrp_process: ProcessTuning,
    /// Scheduling of the checkers worker.
    pub checker_process: ProcessTuning,
    /// Scheduling of the BFD worker.
    pub bfd_process: ProcessTuning,
    /// `max_auto_priority`: ceiling of automatic real-time priority, 0 is off, -1 also silences the notice.
    pub max_auto_priority: i8,
    /// `min_auto_priority_delay`: lateness that raises the priority.
    pub min_auto_priority_delay: Duration,

    /// `router_id`; none is the host name.
    pub router_id: Option<String>,
    /// Mail.
    pub mail: Mail,

    /// `enable_script_security`.
    pub script_security: bool,
    /// `script_user`.
    pub script_user: Option<Located<Identity>>,
    /// `use_symlink_paths`.
    pub use_symlink_paths: bool,
    /// `set_supplementary_groups`.
    pub set_supplementary_groups: bool,
    /// `startup_script`.
    pub startup_script: Option<Script>,
    /// `startup_script_timeout`.
    pub startup_script_timeout: Duration,
    /// `shutdown_script`.
    pub shutdown_script: Option<Script>,
    /// `shutdown_script_timeout`.
    pub shutdown_script_timeout: Duration,

    /// `notify_fifo` and its script.
    pub notify_fifo: Option<Fifo>,
    /// `vrrp_notify_fifo` and its script.
    pub vrrp_notify_fifo: Option<Fifo>,
    /// `lvs_notify_fifo` and its script.
    pub lvs_notify_fifo: Option<Fifo>,
    /// `fifo_write_vrrp_states_on_reload`.
    pub fifo_write_vrrp_states_on_reload: bool,

    /// `dynamic_interfaces`.
    pub dynamic_interfaces: DynamicInterfaces,
    /// `default_interface` of static addresses without `dev`; none is eth0.
    pub default_interface: Option<Located<IfName>>,
    /// `disable_local_igmp`.
    pub disable_local_igmp: bool,
    /// `vrrp_version`: of IPv4 instances that do not say.
    pub vrrp_version: Version,
    /// `vrrp_strict`.
    pub vrrp_strict: bool,
    /// `vrrp_mcast_group4`.
    pub vrrp_mcast_group4: Ipv4Addr,
    /// `vrrp_mcast_group6`.
    pub vrrp_mcast_group6: Ipv6Addr,
    /// `vrrp_garp_…`: the defaults of instances.
    pub garp: Garp,
    /// What virtual routers do that do not say; already applied.
    pub adverts: Adverts,
    /// `vrrp_garp_interval`: space between GARPs on interfaces without a `garp_group`; zero is none.
    pub garp_interval: Duration,
    /// `vrrp_gna_interval`: the same for unsolicited neighbour advertisements.
    pub gna_interval: Duration,
    /// `vrrp_startup_delay`.
    pub vrrp_startup_delay: Duration,
    /// `vrrp_delay_after_boot`.
    pub vrrp_delay_after_boot: Duration,
    /// `log_unknown_vrids`.
    pub log_unknown_vrids: bool,
    /// `vmac_prefix`.
    pub vmac_prefix: Option<String>,
    /// `vmac_addr_prefix`.
    pub vmac_addr_prefix: Option<String>,
    /// `vrrp_rx_bufs_policy` and `vrrp_rx_bufs_multiplier`.
    pub rx_buffers: RxBuffers,
    /// `vrrp_notify_priority_changes`.
    pub notify_priority_changes: bool,

    /// `vrrp_iptables`.
    pub iptables: Option<Iptables>,
    /// `vrrp_ipsets`; none when switched off or without `vrrp_iptables`.
    pub ipsets: Option<Ipsets>,
    /// `nftables`.
    pub nftables: Option<Nftables>,
    /// `nftables_ipvs`.
    pub nftables_ipvs: Option<NftablesIpvs>,
    /// `nftables_counters`.
    pub nftables_counters: bool,

    /// `checker_log_all_failures`.
    pub checker_log_all_failures: bool,
    /// `lvs_timeouts`.
    pub ipvs_timeouts: IpvsTimeouts,
    /// `lvs_flush`.
    pub lvs_flush: bool,
    /// `lvs_flush_on_stop`.
    pub lvs_flush_on_stop: FlushOnStop,
    /// `lvs_sync_daemon`.
    pub sync_daemon: Option<SyncDaemon>,
    /// `rs_init_notifies`.
    pub rs_init_notifies: bool,
    /// `no_checker_emails`.
    pub no_checker_emails: bool,

    /// `vrrp_netlink_cmd_rcv_bufs`.
    pub vrrp_netlink_cmd_rcv_bufs: ReceiveBuffer,
    /// `vrrp_netlink_monitor_rcv_bufs`.
    pub vrrp_netlink_monitor_rcv_bufs: ReceiveBuffer,
    /// `lvs_netlink_cmd_rcv_bufs`.
    pub lvs_netlink_cmd_rcv_bufs: ReceiveBuffer,
    /// `lvs_netlink_monitor_rcv_bufs`.
    pub lvs_netlink_monitor_rcv_bufs: ReceiveBuffer,
    /// `process_monitor_rcv_bufs`.
    pub process_monitor_rcv_bufs: ReceiveBuffer,

    /// SNMP.
    pub snmp: Snmp,
    /// `enable_dbus`.
    pub dbus: bool,
    /// `dbus_service_name`.
    pub dbus_service_name: Option<String>,
    /// `dbus_no_interface_name`.
    pub dbus_no_interface_name: Option<String>,

    /// `umask`, given as the bits to clear.
    pub umask: Option<u16>,
    /// `reload_check_config`: the log file of the check; none is off.
    pub reload_check_config: Option<String>,
    /// `reload_time_file`.
    pub reload_time_file: Option<String>,
    /// `reload_repeat`.
    pub reload_repeat: bool,
    /// `reload_file`: `Some("")` is the default name.
    pub reload_file: Option<String>,
    /// `config_save_dir`.
    pub config_save_dir: Option<String>,
    /// `tmp_config_directory`.
    pub tmp_config_directory: Option<String>,
    /// `data_use_instance`.
    pub data_use_instance: bool,
    /// `json_version`, 1 or 2.
    pub json_version: u8,
    /// `iproute_usr_dir`.
    pub iproute_usr_dir: Option<String>,
    /// `iproute_etc_dir`.
    pub iproute_etc_dir: Option<String>,
    /// `state_dump_file`.
    pub state_dump_file: Option<String>,
    /// `stats_dump_file`.
    pub stats_dump_file: Option<String>,
    /// `json_dump_file`.
    pub json_dump_file: Option<String>,
}

/// Mail alerts. Nothing is sent unless there are a server and a recipient.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mail {
    /// `smtp_server`.
    pub server: Option<Located<SmtpServer>>,
    /// `smtp_helo_name`; none is the host name.
    pub helo_name: Option<String>,
    /// `smtp_connect_timeout`, also the limit for each reply.
    pub connect_timeout: Duration,
    /// `smtp_tls`; none is no protection.
    pub tls: Option<SmtpTls>,
    /// `smtp_tls_ca`; none is those the system trusts.
    pub tls_ca: Option<Located<String>>,
    /// `smtp_auth_file`: a user name and, on the next line, a password.
    pub auth_file: Option<Located<String>>,
    /// `smtp_retry`: how long an alert that was not taken is tried again.
    pub retry: Duration,
    /// `notification_email_from`; none is `login@hostname` of the running user.
    pub from: Option<String>,
    /// `notification_email`.
    pub to: Vec<String>,
    /// `no_email_faults`.
    pub no_faults: bool,
    /// `smtp_alert`, already applied to instances and servers.
    pub alert: Option<bool>,
    /// `smtp_alert_vrrp`, already applied to instances and groups.
    pub alert_vrrp: Option<bool>,
    /// `smtp_alert_checker`, already applied to servers.
    pub alert_checker: Option<bool>,
}

/// `smtp_tls`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SmtpTls {
    /// Asked for on a plain connection (RFC 3207).
    Starttls,
    /// From the first byte on (RFC 8314 §3.3).
    Implicit,
}

/// The mail server: an address, or a name to be resolved once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmtpServer {
    /// An address in text form, or a host name.
    pub host: String,
    /// The address, if `host` is one.
    pub addr: Option<IpAddr>,
    /// The port.
    pub port: u16,
}

/// `dynamic_interfaces`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum DynamicInterfaces {
    /// Every interface must exist.
    #[default]
    No,
    /// An interface may appear later.
    Yes,
    /// `allow_if_changes`: the interface below a VMAC or ipvlan may change as well.
    AllowIfChanges,
}

/// How a worker is scheduled.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ProcessTuning {
    /// `…_process_name`.
    pub name: Option<String>,
    /// `…_priority`: nice value, -20 to 19.
    pub nice: i8,
    /// `…_no_swap`: lock memory.
    pub no_swap: bool,
    /// `…_rt_priority`: SCHED_RR, 1 to 99.
    pub realtime: Option<u8>,
    /// `…_cpu_affinity`.
    pub cpus: Option<Located<Cpus>>,
    /// `…_rlimit_rttime`; none is 10 ms.
    pub realtime_limit: Option<Duration>,
}

/// Numbers of processors; whether they exist is the plan's question.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cpus(pub Vec<u32>);

/// What virtual routers that do not say do with adverts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adverts {
    /// `vrrp_down_timer_adverts`: missed adverts until the master counts as dead, 1 to 100.
    pub down_timer: u8,
    /// `vrrp_lower_prio_no_advert`
    pub lower_prio_no_advert: bool,
    /// `vrrp_higher_prio_send_advert`
    pub higher_prio_send_advert: bool,
    /// `vrrp_check_unicast_src`
    pub check_unicast_src: bool,
    /// `vrrp_skip_check_adv_addr`
    pub skip_check_adv_addr: bool,
}

impl Default for Adverts {
    fn default() -> Self {
        Self {
            down_timer: 3,
            lower_prio_no_advert: false,
            higher_prio_send_advert: false,
            check_unicast_src: false,
            skip_check_adv_addr: false,
        }
    }
}

/// `vrrp_rx_bufs_policy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum RxBuffers {
    /// What the system gives.
    #[default]
    System,
    /// So many bytes.
    Bytes(u32),
    /// So many times the interface's MTU.
    Mtu(u32),
    /// So many times the size of an advert.
    Advert(u32),
}

/// Size of a netlink socket's receive buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReceiveBuffer {
    /// Bytes; none is the system's default.
    pub bytes: Option<u32>,
    /// Go beyond the system's limit (SO_RCVBUFFORCE).
    pub force: bool,
}

/// `vrrp_iptables`: names of chains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Iptables {
    /// Chain for incoming packets.
    pub input: String,
    /// Chain for outgoing packets.
    pub output: Option<String>,
}

/// `vrrp_ipsets`: names of sets, each at most 31 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ipsets {
    /// IPv4 addresses.
    pub address: String,
    /// IPv6 addresses.
    pub address6: String,
    /// Link-local IPv6 addresses with interface.
    pub address_if6: String,
    /// Interfaces for IGMP.
    pub igmp: String,
    /// Interfaces for MLD.
    pub mld: String,
    /// Addresses for neighbour discovery.
    pub nd: String,
}

/// `nftables`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nftables {
    /// Name of the table.
    pub table: String,
    /// Priority of its chains.
    pub priority: i32,
    /// Key link-local sets by interface number.
    pub by_index: bool,
}

/// `nftables_ipvs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NftablesIpvs {
    /// Name of the table.
    pub table: String,
    /// Priority of its chains.
    pub priority: i32,
    /// First firewall mark given to a group.
    pub first_mark: u32,
}

/// `lvs_timeouts`; none leaves the kernel's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct IpvsTimeouts {
    /// Idle TCP connections.
    pub tcp: Option<Duration>,
    /// TCP connections after FIN.
    pub tcp_fin: Option<Duration>,
    /// UDP.
    pub udp: Option<Duration>,
}

/// `lvs_flush_on_stop`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum FlushOnStop {
    /// Take out what was put in, one by one.
    #[default]
    No,
    /// Empty the whole IPVS table.
    All,
    /// `VS`: delete managed services without deleting their servers first.
    Services,
}

/// `lvs_sync_daemon`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SyncDaemon {
    /// Interface of the multicast traffic.
    pub interface: Located<IfName>,
    /// Instance whose state decides between master and backup daemon: index into `Config::vrrp_instances`; none runs both.
    pub instance: Option<usize>,
    /// Sync identity.
    pub id: u8,
    /// `maxlen` in bytes.
    pub max_len: Option<u16>,
    /// `port`.
    pub port: Option<u16>,
    /// `ttl`.
    pub ttl: Option<u8>,
    /// `group`.
    pub group: Option<IpAddr>,
}

/// SNMP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snmp {
    /// `snmp_socket`.
    pub socket: Option<String>,
    /// `enable_traps`.
    pub traps: bool,
    /// `enable_snmp_vrrp`.
    pub vrrp: bool,
    /// `enable_snmp_checker`.
    pub checker: bool,
    /// `enable_snmp_rfcv2`.
    pub rfc_v2: bool,
    /// `enable_snmp_rfcv3`.
    pub rfc_v3: bool,
    /// `snmp_vs_stats_update_interval`.
    pub vs_interval: Duration,
    /// `snmp_rs_stats_update_interval`.
    pub rs_interval: Duration,
}

/// The checks of include statements in force: which problems make the daemon refuse to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct IncludeCheck {
    /// `read`: unreadable, directory, executable or irregular files.
    pub read: bool,
    /// `match`: a plain name matches nothing.
    pub matches: bool,
    /// `wildcard_match`: a pattern matches nothing.
    pub wildcard: bool,
    /// `brace_match`: a brace alternative matches nothing.
    pub brace: bool,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            server: None,
            helo_name: None,
            connect_timeout: Duration::from_secs(30),
            tls: None,
            tls_ca: None,
            auth_file: None,
            retry: Duration::ZERO,
            from: None,
            to: Vec::new(),
            no_faults: false,
            alert: None,
            alert_vrrp: None,
            alert_checker: None,
        }
    }
}

impl Default for Global {
    fn default() -> Self {
        Self {
            net_namespace: None,
            net_namespace_ipvs: None,
            namespace_with_ipsets: false,
            use_pid_dir: false,
            instance: None,
            child_wait_time: Duration::from_secs(5),
            linkbeat_use_polling: false,
            process_name: None,
            vrrp_process: ProcessTuning::default(),
            checker_process: ProcessTuning::default(),
            bfd_process: ProcessTuning::default(),
            max_auto_priority: 0,
            min_auto_priority_delay: Duration::from_secs(1),
            router_id: None,
            mail: Mail::default(),
            script_security: false,
            script_user: None,
            use_symlink_paths: false,
            set_supplementary_groups: false,
            startup_script: None,
            startup_script_timeout: Duration::from_secs(10),
            shutdown_script: None,
            shutdown_script_timeout: Duration::from_secs(10),
            notify_fifo: None,
            vrrp_notify_fifo: None,
            lvs_notify_fifo: None,
            fifo_write_vrrp_states_on_reload: false,
            dynamic_interfaces: DynamicInterfaces::No,
            default_interface: None,
            disable_local_igmp: false,
            vrrp_version: Version::V2,
            vrrp_strict: false,
            vrrp_mcast_group4: Ipv4Addr::new(224, 0, 0, 18),
            vrrp_mcast_group6: Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12),
            garp: Garp::default(),
            adverts: Adverts::default(),
            garp_interval: Duration::ZERO,
            gna_interval: Duration::ZERO,
            vrrp_startup_delay: Duration::ZERO,
            vrrp_delay_after_boot: Duration::ZERO,
            log_unknown_vrids: false,
            vmac_prefix: None,
            vmac_addr_prefix: None,
            rx_buffers: RxBuffers::System,
            notify_priority_changes: false,
            iptables: None,
            ipsets: None,
            nftables: None,
            nftables_ipvs: None,
            nftables_counters: false,
            checker_log_all_failures: false,
            ipvs_timeouts: IpvsTimeouts::default(),
            lvs_flush: false,
            lvs_flush_on_stop: FlushOnStop::No,
            sync_daemon: None,
            rs_init_notifies: false,
            no_checker_emails: false,
            vrrp_netlink_cmd_rcv_bufs: ReceiveBuffer::default(),
            vrrp_netlink_monitor_rcv_bufs: ReceiveBuffer::default(),
            lvs_netlink_cmd_rcv_bufs: ReceiveBuffer::default(),
            lvs_netlink_monitor_rcv_bufs: ReceiveBuffer::default(),
            process_monitor_rcv_bufs: ReceiveBuffer::default(),
            snmp: Snmp::default(),
            dbus: false,
            dbus_service_name: None,
            dbus_no_interface_name: None,
            umask: None,
            reload_check_config: None,
            reload_time_file: None,
            reload_repeat: false,
            reload_file: None,
            config_save_dir: None,
            tmp_config_directory: None,
            data_use_instance: false,
            json_version: 1,
            iproute_usr_dir: None,
            iproute_etc_dir: None,
            state_dump_file: None,
            stats_dump_file: None,
            json_dump_file: None,
        }
    }
}

impl Default for Snmp {
    fn default() -> Self {
        Self {
            socket: None,
            traps: false,
            vrrp: false,
            checker: false,
            rfc_v2: false,
            rfc_v3: false,
            vs_interval: Duration::from_secs(5),
            rs_interval: Duration::from_secs(5),
        }
    }
}
