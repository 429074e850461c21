//! Lines of `static_rules` and `virtual_rules`.

use crate::config::{Family, Lookup, Prefix, RouteKind, Rule, RuleAction, Selector};
use crate::diag::Class;
use crate::keyword::{Args, Bounds, Entry};
use crate::value::address::{interface, prefix};
use crate::value::encap::realms;
use crate::value::number::{Integer, any_base};
use crate::value::route::kind;
use crate::value::word::lookup;

/// A rule line, its track group still a name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RuleLine {
    pub(crate) rule: Rule,
    pub(crate) track_group: Option<String>,
}

/// What the line said so far.
#[derive(Debug, Default)]
struct Draft {
    family: Option<Family>,
    preference: Option<u32>,
    selector: Selector,
    action: Option<Action>,
    suppress_prefix_length: Option<u32>,
    suppress_group: Option<Lookup>,
    realms: Option<crate::config::Realms>,
    protocol: Option<u8>,
    no_track: bool,
    track_group: Option<String>,
}

#[derive(Debug)]
enum Action {
    Table(Lookup),
    L3mdev,
    Goto(u32),
    Nop,
    Blackhole,
    Unreachable,
    Prohibit,
}

/// Goes on with the line, or drops it.
type Step = Option<()>;

/// The protocol under which the daemon's rules are kept.
const KEEPALIVED: u8 = 18;

impl Entry for RuleLine {
    const SYNTAX: &'static str = "{ [from ADDRESS] [to ADDRESS] [preference INTEGER] ACTION … }";

    fn read(args: &mut Args<'_, '_>) -> Option<Self> {
        let mut draft = Draft::default();
        while let Some(word) = args.optional() {
            draft.option(args, &word)?;
        }
        draft.finish(args)
    }
}

impl Draft {
    fn join(&mut self, args: &mut Args<'_, '_>, family: Family) -> Step {
        if *self.family.get_or_insert(family) == family {
            return Some(());
        }
        args.general("rule specification has mixed IPv4 and IPv6");
        None
    }

    fn option(&mut self, args: &mut Args<'_, '_>, word: &str) -> Step {
        match word {
            "inet" => return self.join(args, Family::V4),
            "inet6" => return self.join(args, Family::V6),
            "from" => self.selector.from = self.addresses(args, word)?,
            "to" => self.selector.to = self.addresses(args, word)?,
            "not" => self.selector.invert = true,
            "no_track" => self.no_track = true,
            "l3mdev" => return self.act(args, Action::L3mdev),
            "nop" => return self.act(args, Action::Nop),
            "type" => {
                let text = args.word().ok()?;
                return match text.as_str() {
                    "goto" => self.target(args, "goto"),
                    "nop" => self.act(args, Action::Nop),
                    _ => self.kind(args, &text),
                };
            }
            "track_group" if args.reader.outside_instances() => {
                let name = args.word().ok()?;
                self.track_group = args.reader.known_track_group(&name).then_some(name);
            }
            "table" | "lookup" | "goto" => return self.target(args, word),
            "sport" | "dport" | "ipproto" | "tos" | "dsfield" | "fwmark" | "dev" | "iif" | "oif"
            | "tunnel-id" | "uidrange" => return self.select(args, word),
            "preference"
            | "order"
            | "priority"
            | "protocol"
            | "realms"
            | "suppress_prefixlength"
            | "sup_pl"
            | "suppress_ifgroup"
            | "sup_group" => return self.modify(args, word),
            _ => return self.kind(args, word),
        }
        Some(())
    }

    /// An action that has the name or number of a kind of route.
    fn kind(&mut self, args: &mut Args<'_, '_>, word: &str) -> Step {
        match kind(word) {
            Some(RouteKind::Blackhole) => self.act(args, Action::Blackhole),
            Some(RouteKind::Unreachable) => self.act(args, Action::Unreachable),
            Some(RouteKind::Prohibit) => self.act(args, Action::Prohibit),
            Some(
                RouteKind::Unicast
                | RouteKind::Local
                | RouteKind::Broadcast
                | RouteKind::Anycast
                | RouteKind::Multicast
                | RouteKind::Throw
                | RouteKind::Nat
                | RouteKind::Xresolve
                | RouteKind::Number(_),
            ) => args.refuse(format!("Invalid rule action {word}")),
            None => args.refuse(format!("Unknown rule option {word}")),
        }
    }

    fn addresses(&mut self, args: &mut Args<'_, '_>, word: &str) -> Option<Option<Prefix>> {
        let text = args.word().ok()?;
        match text.as_str() {
            "default" | "any" | "all" => Some(None),
            "default6" => {
                args.complain(Class::Log, "\"default6\" is deprecated - please use \"inet6 default\"");
                self.join(args, Family::V6)?;
                Some(None)
            }
            text => {
                let Some((found, _)) = prefix(args, text) else {
                    args.general(format!("Invalid rule {word} address {text}"));
                    return None;
                };
                self.join(args, Family::of(found.addr))?;
                Some(Some(found))
            }
        }
    }

    fn act(&mut self, args: &mut Args<'_, '_>, action: Action) -> Step {
        let with_l3mdev = matches!(action, Action::L3mdev) || matches!(self.action, Some(Action::L3mdev));
        if self.action.is_some() {
            let all = "table/nop/goto/blackhole/prohibit/unreachable";
            let all = if with_l3mdev && !matches!(action, Action::L3mdev) {
                all.to_owned()
            } else {
                format!("{all}/l3mdev")
            };
            args.general(format!("Cannot specify more than one of {all} for rule"));
            return None;
        }
        self.action = Some(action);
        Some(())
    }

    fn target(&mut self, args: &mut Args<'_, '_>, word: &str) -> Step {
        let text = args.word().ok()?;
        if word == "goto" {
            let Some(target) = u32::parse_any(args, &text) else {
                args.general(format!("Invalid goto target {text} specified"));
                return None;
            };
            return self.act(args, Action::Goto(target));
        }
        match lookup(args, &text, u32::MAX) {
            None => {
                args.general(format!("Routing table {text} not found for rule"));
                None
            }
            Some(Lookup::Number(0)) => {
                args.general("Table 0 is not valid");
                None
            }
            Some(table) => self.act(args, Action::Table(table)),
        }
    }

    /// What a packet is compared with.
    fn select(&mut self, args: &mut Args<'_, '_>, word: &str) -> Step {
        let text = args.word().ok()?;
        match word {
            "sport" | "dport" => {
                let ports = range(&text).filter(|(_, last)| *last <= u16::MAX.into());
                let ports =
                    ports.and_then(|(first, last)| Some((first.try_into().ok()?, last.try_into().ok()?)));
                match (ports, word) {
                    (None, _) => args.general(format!("invalid {word} range {text}")),
                    (ports, "sport") => self.selector.source_ports = ports,
                    (ports, _) => self.selector.destination_ports = ports,
                }
            }
            "ipproto" => match lookup(args, &text, 127) {
                None => args.general(format!("Invalid ipproto {text}")),
                protocol => self.selector.ip_protocol = protocol,
            },
            "tos" | "dsfield" => match lookup(args, &text, 255) {
                None => return args.refuse(format!("TOS value {text} is invalid")),
                tos => self.selector.tos = tos,
            },
            "fwmark" => {
                let (mark, mask) = text.split_once('/').unwrap_or((&text, "0xffffffff"));
                match any_base(mark).zip(any_base(mask)) {
                    None => return args.refuse(format!("Invalid rule fwmark {text} specified")),
                    both => self.selector.fwmark = both,
                }
            }
            "dev" | "iif" => self.selector.input = Some(interface(args, &text, "rule")?),
            "oif" => self.selector.output = Some(interface(args, &text, "rule")?),
            "tunnel-id" => match u64::parse_any(args, &text) {
                None => {
                    args.general(format!("Invalid tunnel-id {text} specified"));
                    return None;
                }
                id => self.selector.tunnel_id = id,
            },
            _ => match range(&text) {
                None => return args.refuse(format!("Invalid uidrange {text} specified")),
                uids => self.selector.uids = uids,
            },
        }
        Some(())
    }

    fn modify(&mut self, args: &mut Args<'_, '_>, word: &str) -> Step {
        let text = args.word().ok()?;
        match word {
            "protocol" => match u8::parse(args, &text, &Bounds { range: 0..=255, strict: true }) {
                None => {
                    args.general(format!("Invalid protocol {text}"));
                    return None;
                }
                protocol => self.protocol = protocol,
            },
            "realms" => match realms(args, &text) {
                None => return args.refuse(format!("invalid realms {text} for rule")),
                found => {
                    self.realms = found;
                    return self.join(args, Family::V4);
                }
            },
            "suppress_prefixlength" | "sup_pl" => {
                let length =
                    u32::parse(args, &text, &Bounds { range: 0..=i32::MAX.unsigned_abs(), strict: true });
                if length.is_none() {
                    args.general(format!("Invalid suppress_prefixlength {text} specified"));
                    return None;
                }
                self.suppress_prefix_length = length;
            }
            "suppress_ifgroup" | "sup_group" => match lookup(args, &text, i32::MAX.unsigned_abs()) {
                None => return args.refuse(format!("suppress_group {text} is invalid")),
                group => self.suppress_group = group,
            },
            _ => match any_base(&text) {
                None => return args.refuse(format!("Invalid rule preference {text} specified")),
                preference => self.preference = preference,
            },
        }
        Some(())
    }

    fn finish(self, args: &mut Args<'_, '_>) -> Option<RuleLine> {
        let table_only =
            self.suppress_prefix_length.is_some() || self.suppress_group.is_some() || self.realms.is_some();
        let action = match self.action {
            None => return args.refuse("No action specified for rule - ignoring".to_owned()),
            Some(Action::Table(table)) => RuleAction::Table {
                table,
                suppress_prefix_length: self.suppress_prefix_length,
                suppress_group: self.suppress_group,
                realms: self.realms,
            },
            Some(_) if table_only => {
                return args.refuse("suppressor/realm specified for non table action - skipping".to_owned());
            }
            Some(Action::Goto(target)) => match self.preference {
                None => {
                    return args
                        .refuse(format!("Invalid rule - goto target {target} specified without preference"));
                }
                Some(preference) if preference >= target => {
                    return args
                        .refuse(format!("Invalid rule - preference {preference} >= goto target {target}"));
                }
                Some(_) => RuleAction::Goto(target),
            },
            Some(Action::L3mdev) => RuleAction::L3mdev,
            Some(Action::Nop) => RuleAction::Nop,
            Some(Action::Blackhole) => RuleAction::Blackhole,
            Some(Action::Unreachable) => RuleAction::Unreachable,
            Some(Action::Prohibit) => RuleAction::Prohibit,
        };
        let family = self.family.unwrap_or(Family::V4);
        let preference = self.preference.unwrap_or_else(|| {
            let assigned = args.reader.known.next_rule_preference(family);
            args.general(format!(
                "Rule has no preference specified - setting to {assigned}. This is probably not what you want."
            ));
            assigned
        });
        let protocol = match self.protocol {
            Some(protocol) if !self.no_track && protocol != KEEPALIVED => {
                args.general(
                    "Rule cannot be tracked if protocol is not RTPROT_KEEPALIVED(18), resetting protocol",
                );
                KEEPALIVED
            }
            protocol => protocol.unwrap_or(KEEPALIVED),
        };
        let mut track_group = self.track_group;
        if track_group.is_some() && self.selector.input.is_none() {
            args.general("Cannot track group of a rule without interface - ignoring");
            track_group = None;
        }
        let rule = Rule {
            span: args.span(),
            family,
            preference,
            selector: self.selector,
            action,
            protocol,
            track: !self.no_track,
            track_group: None,
        };
        Some(RuleLine { rule, track_group })
    }
}

/// `FIRST-LAST`, in order. A single number is both; the original refuses it although it documents it.
fn range(text: &str) -> Option<(u32, u32)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let range = (first.parse().ok()?, last.parse().ok()?);
    (range.0 <= range.1).then_some(range)
}
