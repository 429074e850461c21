//! `vrrp_sync_group`, `track_group` and `garp_group`.

use std::time::Duration;

use crate::block::track::TrackRows;
use crate::config::{IfName, Located, Script};
use crate::keyword::{Args, Block, Bounds, Rare, Refused, Slot, Value, WordList, keywords};
use crate::read::Reader;
use crate::value::flag::Flag;
use crate::value::time::us;

/// The one name of a block, or the message that there must be one.
pub(crate) fn only_name(args: &mut Args<'_, '_>, complaint: &str) -> Result<String, Refused> {
    match args.left() {
        1 => args.word(),
        _ => {
            args.general(complaint);
            Err(Refused::Said)
        }
    }
}

/// Members of a group; a second list is ignored.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group(pub(crate) Vec<Located<String>>);

impl Value for Group {
    const SYNTAX: &'static str = "{ NAME… }";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        Ok(Self(WordList::read_block(args).0))
    }

    fn store(self, slot: &mut Slot<Self>, args: &mut Args<'_, '_>) {
        if slot.is_some() {
            let text = format!("Group list already specified for sync group {}", args.name());
            args.general(text);
            return;
        }
        *slot = Some(Box::new(args.located(self)));
    }
}

keywords! {
    /// Instances that change state together.
    SyncGroupBlock {
        group: Group => "Its members.";
        notify_backup: Script => "Run when the group becomes BACKUP.";
        notify_master: Script => "Run when the group becomes MASTER.";
        notify_fault: Script => "Run when the group faults.";
        notify_stop: Script => "Run when the daemon stops.";
        notify: Script => "Run on every change, with four more arguments.";
        smtp_alert: bool => "Mail on every change.", else "Invalid vrrp_group smtp_alert parameter {}";
        global_tracking: GlobalTracking => "Old name of sync_group_tracking_weight.", is Deprecated;
        sync_group_tracking_weight: Flag => "Members may have weights.";
        notify_priority_changes: bool => "Default of members.", else "({name}) Invalid value '{}' for sync group notify_priority_changes specified";
        + track: Rare<TrackRows>;
        * head: String;
    }
}

/// `global_tracking`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GlobalTracking;

impl Value for GlobalTracking {
    const SYNTAX: &'static str = "";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let text = format!(
            "({}) global_tracking is deprecated. Use track_interface/script/file on the sync group",
            args.name()
        );
        args.general(text);
        Ok(Self)
    }
}

impl Block for SyncGroupBlock {
    fn open(args: &mut Args<'_, '_>) -> Result<Self, Refused> {
        let head = only_name(args, "vrrp_sync_group must have a name - skipping")?;
        if args.reader.known.sync_groups.contains(&head) {
            args.general(format!("vrrp sync group {head} already defined"));
            return Err(Refused::Said);
        }
        args.reader.known.sync_groups.push(head.clone());
        Ok(Self { head, ..Self::default() })
    }

    fn name(&self) -> String {
        self.head.clone()
    }

    fn described(&self) -> String {
        format!("vrrp group {}", self.head)
    }
}

keywords! {
    /// Instances that fault when a static item is lost.
    TrackGroupBlock {
        group: Group => "Its members.";
        * head: String;
    }
}

impl Block for TrackGroupBlock {
    fn open(args: &mut Args<'_, '_>) -> Result<Self, Refused> {
        let head = only_name(args, "track_group must have a name - skipping")?;
        if args.reader.known.track_groups.contains(&head) {
            args.general(format!("track_group {head} already defined"));
            return Err(Refused::Said);
        }
        args.reader.known.track_groups.push(head.clone());
        Ok(Self { head, ..Self::default() })
    }

    fn name(&self) -> String {
        self.head.clone()
    }
}

/// Interfaces of a garp group, each in one group only.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GroupedInterfaces(pub(crate) Vec<Located<IfName>>);

impl Value for GroupedInterfaces {
    const SYNTAX: &'static str = "{IFNAME | { IFNAME… }}";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let words = match args.keyword() {
            "interfaces" => WordList::read_block(args).0,
            _ => {
                let word = args.word()?;
                vec![args.located(word)]
            }
        };
        let mut interfaces = Vec::new();
        for Located { value: word, span } in words {
            if args.reader.known.garp_interfaces.contains(&word) {
                args.general(format!("garp_group already specified for {word} - ignoring"));
                continue;
            }
            let Some(value) = IfName::new(&word) else {
                args.general(format!("WARNING - interface {word} specified for garp_group doesn't exist"));
                continue;
            };
            args.reader.known.garp_interfaces.push(word);
            interfaces.push(Located { value, span });
        }
        Ok(Self(interfaces))
    }

    fn store(self, slot: &mut Slot<Self>, args: &mut Args<'_, '_>) {
        match slot {
            Some(all) => all.value.0.extend(self.0),
            None => *slot = Some(Box::new(args.located(self))),
        }
    }
}

keywords! {
    /// Interfaces that share the space between announcements.
    GarpGroupBlock {
        garp_interval: Duration [Duration::ZERO..=us(u32::MAX as u64)] => "Space between gratuitous ARPs.", else "garp_group garp_interval '{}' invalid";
        gna_interval: Duration [Duration::ZERO..=us(u32::MAX as u64)] => "Space between unsolicited neighbour advertisements.", else "garp_group gna_interval '{}' invalid";
        interface | "interfaces": GroupedInterfaces => "The interfaces.";
    }
}

impl Block for GarpGroupBlock {
    fn open(_: &mut Args<'_, '_>) -> Result<Self, Refused> {
        Ok(Self::default())
    }

    fn close(self, reader: &mut Reader<'_>) -> Option<Self> {
        if self.garp_interval.is_none() && self.gna_interval.is_none() {
            for interface in self.interface.iter().flat_map(|said| &said.value.0) {
                reader.known.garp_interfaces.retain(|known| known != interface.value.as_str());
            }
            let text =
                format!("garp group {} does not have any delay set - removing", reader.known.garp_groups);
            reader.say(text);
            return None;
        }
        reader.known.garp_groups += 1;
        Some(self)
    }
}
