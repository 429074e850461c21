//! Keywords outside of every block.

use crate::block::bfd::BfdBlock;
use crate::block::global::GlobalBlock;
use crate::block::group::{GarpGroupBlock, SyncGroupBlock, TrackGroupBlock};
use crate::block::server::{ServerGroupBlock, SslBlock, VirtualServerBlock};
use crate::block::track::{TrackFileBlock, TrackProcessBlock, TrackScriptBlock};
use crate::block::vrrp::InstanceBlock;
use crate::config::{InterfaceDelay, Linkbeat};
use crate::keyword::{Lines, Nested, keywords};
use crate::value::address::StaticAddress;
use crate::value::flag::Flag;
use crate::value::route::RouteLine;
use crate::value::rule::RuleLine;
use crate::value::time::{WholeSecs, secs};
use crate::value::word::Maybe;

keywords! {
    /// Everything the files say.
    Root {
        net_namespace: String => "Network namespace the daemon enters before it starts its workers.", missing "net_namespace name missing - ignoring", once "Duplicate net_namespace definition {} - ignoring";
        net_namespace_ipvs: Maybe => "Network namespace of IPVS; without a name that of the machine's first process.", once "Duplicate net_namespace_ipvs definition {} - ignoring";
        namespace_with_ipsets: Flag => "Allow ipsets in a network namespace.";
        use_pid_dir: Flag => "Pid files go to a directory of their own.";
        instance: String => "Name of this daemon among several; used in pid files and the log.", missing "instance name missing - ignoring", once "Duplicate instance definition {} - ignoring";
        child_wait_time: WholeSecs [secs(0)..=secs(u32::MAX as u64), strict] = WholeSecs(secs(5)) => "How long a stop waits for the workers.", else "Invalid child_wait_time {}";
        linkbeat_use_polling: Flag => "Poll the link of every interface.";
        linkbeat_interfaces: Lines<Linkbeat> => "Interfaces whose link is polled.";
        interface_up_down_delays: Lines<InterfaceDelay> => "How long a link must stay up or down to count.";
        global_defs: Nested<GlobalBlock> => "Settings of the whole daemon.";
        track_group: Nested<TrackGroupBlock> => "Instances that fault when a static item is lost.";
        static_ipaddress: Lines<StaticAddress> => "Addresses kept while the daemon runs.";
        static_routes: Lines<RouteLine> => "Routes kept while the daemon runs.";
        static_rules: Lines<RuleLine> => "Rules kept while the daemon runs.";
        vrrp_sync_group: Nested<SyncGroupBlock> => "Instances that change state together.";
        garp_group: Nested<GarpGroupBlock> => "Interfaces that share the space between announcements.";
        vrrp_instance: Nested<InstanceBlock> => "One virtual router: a VRID on an interface.";
        vrrp_script: Nested<TrackScriptBlock> => "A script whose result changes priorities.";
        vrrp_track_process: Nested<TrackProcessBlock> => "A process whose presence changes priorities.";
        track_file | "vrrp_track_file": Nested<TrackFileBlock> => "A file whose number changes priorities or weights.";
        bfd_instance: Nested<BfdBlock> => "A BFD session.";
        ssl ("SSL"): Nested<SslBlock> => "Certificates for every SSL_GET.";
        virtual_server_group: Nested<ServerGroupBlock> => "Addresses and marks that are served alike.";
        virtual_server: Nested<VirtualServerBlock> => "A virtual service and its real servers.";
    }
}
