//! `vrrp_script`, `vrrp_track_process`, `track_file`, and the blocks that refer to them.

use std::time::Duration;

use crate::config::{Identity, Located, ParamMatch};
use crate::diag::Class;
use crate::keyword::{Args, Block, Bounds, Lines, Refused, Slot, Value, keywords};
use crate::read::Reader;
use crate::value::flag::Flag;
use crate::value::script::BareCommand;
use crate::value::time::{CoarseSecs, secs, us};
use crate::value::track::{
    TrackBfdLine, TrackFileLine, TrackInterfaceLine, TrackProcessLine, TrackScriptLine, WeightValue,
};

keywords! {
    /// What an instance watches, or a sync group for its members.
    TrackRows {
        track_interface: Lines<TrackInterfaceLine> => "Interfaces watched; those of a sync group by all its members.";
        track_script: Lines<TrackScriptLine> => "Scripts watched; those of a sync group by all its members.";
        track_file: Lines<TrackFileLine> => "Files watched; those of a sync group by all its members.";
        track_process: Lines<TrackProcessLine> => "Processes watched; those of a sync group by all its members.";
        track_bfd: Lines<TrackBfdLine> => "BFD sessions watched; those of a sync group by all its members.";
    }
}

keywords! {
    /// A script whose result changes priorities.
    TrackScriptBlock {
        script: BareCommand => "The command.";
        interval: CoarseSecs [Duration::ZERO..=secs(4294)] = CoarseSecs(secs(1)) => "From one start to the next.", else "({name}): vrrp script interval '{}' must be between 1 and 4294 - ignoring";
        timeout: CoarseSecs [Duration::ZERO..=secs(4294)] => "How long it may run.", else "({name}): vrrp script timeout '{}' invalid - ignoring";
        weight: WeightValue [-253..=253] = WeightValue::default() => "Added to the priority: while it succeeds if positive, while it fails if negative.", else "vrrp_script {name} weight {} must be in [-253, 253]";
        rise: u32 [1..=i32::MAX.unsigned_abs()] = 1 => "Successes until it counts as up.", else "({name}): vrrp script rise value '{}' invalid, defaulting to 1";
        fall: u32 [1..=i32::MAX.unsigned_abs()] = 1 => "Failures until it counts as down.", else "({name}): vrrp script fall value '{}' invalid, defaulting to 1";
        user: Identity => "Who runs it.";
        init_fail: Flag => "It counts as down until it has succeeded.";
        * head: String;
    }
}

impl Block for TrackScriptBlock {
    fn open(args: &mut Args<'_, '_>) -> Result<Self, Refused> {
        Ok(Self { head: args.word()?, ..Self::default() })
    }

    fn name(&self) -> String {
        self.head.clone()
    }

    fn described(&self) -> String {
        format!("vrrp_script {}", self.head)
    }

    fn close(mut self, reader: &mut Reader<'_>) -> Option<Self> {
        let name = &self.head;
        for (slot, what) in [(&mut self.interval, "interval"), (&mut self.timeout, "timeout")] {
            if let Some(said) = slot.as_mut().filter(|said| said.value.0.is_zero()) {
                let text = format!("({name}): vrrp script {what} must be greater than 0, setting to 1");
                reader.complain_at(Class::General, &said.span, text);
                said.value = CoarseSecs(secs(1));
            }
        }
        if self.script.is_none() {
            reader.say(format!("No script set for vrrp_script {name} - removing"));
            return None;
        }
        reader.known.scripts.push(self.head.clone());
        Some(self)
    }
}

/// `process` and its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProcessCommand(pub(crate) Vec<String>);

impl Value for ProcessCommand {
    const SYNTAX: &'static str = "NAME [ARGUMENT]…";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let first = args.word()?;
        Ok(Self(std::iter::once(first).chain(std::iter::from_fn(|| args.optional())).collect()))
    }

    fn store(self, slot: &mut Slot<Self>, args: &mut Args<'_, '_>) {
        if slot.is_some() {
            let text = format!(
                "Process already set for track process {} - ignoring {}",
                args.name(),
                self.0.join(" ")
            );
            args.general(text);
            return;
        }
        *slot = Some(Box::new(args.located(self)));
    }
}

impl Value for ParamMatch {
    const SYNTAX: &'static str = "[initial|partial]";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        match args.optional().as_deref() {
            None => Ok(Self::Exact),
            Some("initial") => Ok(Self::Initial),
            Some("partial") => Ok(Self::Partial),
            Some(_) => Err(Refused::Bad),
        }
    }
}

keywords! {
    /// A process whose presence changes priorities.
    TrackProcessBlock {
        process: ProcessCommand => "The process and its arguments.";
        param_match: ParamMatch => "How arguments are compared.", else "Invalid param_match type {} - ignoring";
        weight: WeightValue [-254..=254] = WeightValue::default() => "Added to the priority while enough, or too few, run.", else "Weight ({}) for vrrp_track_process {name} must be between [-254..254] inclusive. Ignoring...", missing "No weight specified for track process {name} - ignoring";
        quorum: u32 [1..=65535] = 1 => "How many must run.", else "Quorum ({}) for vrrp_track_process {name} must be between [1..65535] inclusive. Ignoring...";
        quorum_max: u32 [0..=65535] => "How many may run.", else "quorum_max ({}) for vrrp_track_process {name} must be between [0..65535] inclusive. Ignoring...";
        delay: Duration [us(1)..=secs(3600)] => "Both delays.", else "delay ({}) for vrrp_track_process {name} must be between [0.000001..3600] inclusive. Ignoring...";
        terminate_delay: Duration [us(1)..=secs(3600)] => "Before too few counts.", else "terminate_delay ({}) for vrrp_track_process {name} must be between [0.000001..3600] inclusive. Ignoring...";
        fork_delay: Duration [us(1)..=secs(3600)] => "Before enough counts.", else "fork_delay ({}) for vrrp_track_process {name} must be between [0.000001..3600] inclusive. Ignoring...";
        full_command: Flag => "Compare the whole command line.";
        * head: String;
    }
}

impl Block for TrackProcessBlock {
    fn open(args: &mut Args<'_, '_>) -> Result<Self, Refused> {
        Ok(Self { head: args.word()?, ..Self::default() })
    }

    fn name(&self) -> String {
        self.head.clone()
    }

    fn described(&self) -> String {
        format!("vrrp_track_process {}", self.head)
    }

    fn close(mut self, reader: &mut Reader<'_>) -> Option<Self> {
        if self.process.is_none() {
            reader.say(format!("track process '{}' process name not specified", self.head));
            return None;
        }
        self.settle_quorum(reader);
        reader.known.processes.push(self.head.clone());
        Some(self)
    }
}

impl TrackProcessBlock {
    /// Of two limits that contradict each other the first one stays.
    fn settle_quorum(&mut self, reader: &mut Reader<'_>) {
        let (Some(quorum), Some(max)) = (&self.quorum, &self.quorum_max) else { return };
        let never = max.value == 0 && quorum.value == 1;
        if never || quorum.value <= max.value {
            return;
        }
        if quorum.span.line > max.span.line {
            let span = quorum.span.clone();
            reader.complain_at(Class::General, &span, "Quorum is greater than quorum_max - ignoring");
            self.quorum = None;
        } else {
            let span = max.span.clone();
            reader.complain_at(Class::General, &span, "quorum_max is less than quorum - ignoring");
            self.quorum_max = None;
        }
    }
}

/// `init_file [NUMBER] [overwrite]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InitFile {
    pub(crate) value: i32,
    pub(crate) overwrite: bool,
}

impl Value for InitFile {
    const SYNTAX: &'static str = "[INTEGER] [overwrite]";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let mut init = Self { value: 0, overwrite: false };
        while let Some(word) = args.optional() {
            match word.as_str() {
                "overwrite" => init.overwrite = true,
                number if number.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+') => {
                    let Some(value) = number.parse().ok() else {
                        let text = format!("Track file {} init value {number} is invalid", args.name());
                        args.general(text);
                        return Err(Refused::Said);
                    };
                    init.value = value;
                    if !(-254..=254).contains(&init.value) {
                        let text = format!(
                            "Track file {} init value {number} is outside sensible range",
                            args.name()
                        );
                        args.general(text);
                    }
                }
                other => args.general(format!("Unknown track file init option {other}")),
            }
        }
        Ok(init)
    }
}

keywords! {
    /// A file whose number changes priorities or weights.
    TrackFileBlock {
        file: String => "Its path.", missing "track file file name missing", once "File already set for track file {name} - ignoring {}";
        weight: WeightValue [-254..=254] => "The number is multiplied by it.", else "Weight ({}) for track_file {name} must be between [-254..254] inclusive. Ignoring...", missing "No weight specified for track file {name} - ignoring";
        init_file: InitFile => "Create the file with this number.";
        * head: String;
    }
}

impl Block for TrackFileBlock {
    fn open(args: &mut Args<'_, '_>) -> Result<Self, Refused> {
        Ok(Self { head: args.word()?, ..Self::default() })
    }

    fn name(&self) -> String {
        self.head.clone()
    }

    fn described(&self) -> String {
        format!("track_file {}", self.head)
    }

    fn close(self, reader: &mut Reader<'_>) -> Option<Self> {
        if self.file.is_none() {
            reader.say(format!("No file set for track_file {} - ignoring", self.head));
            return None;
        }
        reader.known.files.push(self.head.clone());
        Some(self)
    }
}

impl TrackFileBlock {
    /// The block and its place, for the resolver.
    pub(crate) fn path(&self) -> Option<&Located<String>> {
        self.file.as_deref()
    }
}
