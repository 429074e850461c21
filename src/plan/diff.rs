//! What a new plan changes, in lines for people.
//!
//! Both plans are laid out as trees whose branches are named as in the configuration, so that a virtual router is compared
//! with the one of its name, wherever it stands. What a virtual router or server comes to hold
//! in future is compared without a word here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::checkers::{CheckersPlan, Service};
use super::vrrp::{Group, Instance, VrrpPlan};
use crate::dump;

/// Fields whose values nobody should see.
const SECRET: [&str; 6] = ["auth", "credential", "key", "password", "secret", "signing"];

/// The parts of two plans that differ. No line, no difference.
pub(crate) fn changes(old: (&VrrpPlan, &CheckersPlan), new: (&VrrpPlan, &CheckersPlan)) -> Vec<String> {
    let (before, after) = (branches(old), branches(new));
    let mut lines = Vec::new();
    for (name, part) in &before {
        match after.get(name) {
            // What has not changed is most of it, and quickly compared as it is.
            Some(other) if part.is_same(other) => {}
            Some(other) => compare(&mut vec![name], &part.tree(), &other.tree(), &mut lines),
            None => lines.push(line(&[name], "removed")),
        }
    }
    let come = after.keys().filter(|name| !before.contains_key(*name));
    lines.extend(come.map(|name| line(&[name], "added")));
    lines
}

/// A part of a plan that is compared on its own.
enum Branch<'a> {
    Instance(&'a Instance),
    Group(&'a Group, &'a VrrpPlan),
    Service(&'a Service),
    /// What is not of one of these.
    Rest(Value),
}

impl Branch<'_> {
    /// Whether there is nothing to tell, as far as it is seen without looking closely.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Instance(one), Self::Instance(other)) => one == other,
            (Self::Service(one), Self::Service(other)) => one == other,
            // Members are numbers, and others in another plan.
            (Self::Instance(_) | Self::Group(..) | Self::Service(_) | Self::Rest(_), _) => false,
        }
    }

    fn tree(&self) -> Value {
        match self {
            Self::Instance(one) => instance(one),
            Self::Group(one, plan) => group(one, plan),
            Self::Service(one) => service(one),
            Self::Rest(value) => value.clone(),
        }
    }
}

fn branches<'a>((vrrp, checkers): (&'a VrrpPlan, &'a CheckersPlan)) -> BTreeMap<String, Branch<'a>> {
    let instances = vrrp.instances.iter();
    let instances =
        instances.map(|one| (format!("vrrp_instance {}", one.params.name), Branch::Instance(one)));
    let groups = vrrp.groups.iter();
    let groups = groups.map(|one| (format!("vrrp_sync_group {}", one.name), Branch::Group(one, vrrp)));
    let services = checkers.services.iter();
    let services = services.map(|one| (format!("virtual_server {}", one.params.id), Branch::Service(one)));
    let rest = [("vrrp", rest_of_vrrp(vrrp)), ("checkers", rest_of_checkers(checkers))];
    let rest = rest.into_iter().map(|(name, value)| (name.to_owned(), Branch::Rest(value)));
    instances.chain(groups).chain(services).chain(rest).collect()
}

/// A plan without its virtual routers and their groups.
fn rest_of_vrrp(plan: &VrrpPlan) -> Value {
    let VrrpPlan {
        alerts,
        mails_faults,
        watched,
        fifos,
        repeat_states,
        instances: _,
        groups: _,
        standing,
        sync_daemon,
        ipvs_namespace,
        delays,
        head_start,
        log_unknown_vrids,
        spacing,
    } = plan;
    json!({
        "alerts": alerts,
        "mails_faults": mails_faults,
        "watched": watched,
        "fifos": fifos,
        "repeat_states": repeat_states,
        "standing": standing,
        "sync_daemon": sync_daemon,
        "ipvs_namespace": ipvs_namespace,
        "delays": delays,
        "head_start": head_start,
        "log_unknown_vrids": log_unknown_vrids,
        "spacing": spacing,
    })
}

/// A plan without its virtual servers.
fn rest_of_checkers(plan: &CheckersPlan) -> Value {
    let CheckersPlan {
        alerts,
        credentials,
        files,
        table,
        buffers,
        fifos,
        tells_first,
        programs,
        marking,
        services: _,
    } = plan;
    json!({
        "alerts": alerts,
        "credentials": credentials,
        "files": files,
        "table": table,
        "buffers": buffers,
        "fifos": fifos,
        "tells_first": tells_first,
        "programs": programs,
        "marking": marking,
    })
}

fn instance(one: &Instance) -> Value {
    let mut value = without(one, &["addresses", "excluded", "routes", "rules"]);
    let texts = |all: &[Arc<super::address::Address>]| {
        Value::from_iter(all.iter().map(|one| dump::address(one, &one.interface, false)))
    };
    lift(&mut value, "params");
    if let Value::Object(fields) = &mut value {
        fields.insert("virtual_ipaddress".to_owned(), texts(&one.addresses));
        fields.insert("virtual_ipaddress_excluded".to_owned(), texts(&one.excluded));
        fields.insert("virtual_routes".to_owned(), one.routes.iter().map(ToString::to_string).collect());
        fields.insert("virtual_rules".to_owned(), one.rules.iter().map(ToString::to_string).collect());
        // The same once more.
        fields.remove("addresses");
    }
    value
}

fn group(one: &Group, plan: &VrrpPlan) -> Value {
    let mut value = without(one, &["members"]);
    let names =
        one.members.iter().filter_map(|at| plan.instances.get(*at)).map(|one| one.params.name.clone());
    if let Value::Object(fields) = &mut value {
        fields.insert("group".to_owned(), Value::from_iter(names));
    }
    value
}

fn service(one: &Service) -> Value {
    let mut value = without(&one.params, &["servers"]);
    let Value::Object(fields) = &mut value else { return value };
    let mut kernel = without(&one.kernel, &["servers"]);
    if let Value::Object(kernel) = &mut kernel {
        fields.append(kernel);
    }
    for (at, server) in one.params.servers.iter().enumerate() {
        let mut branch = without(server, &[]);
        if let (Value::Object(branch), Some(backend)) = (&mut branch, one.kernel.servers.get(at))
            && let Value::Object(mut backend) = without(backend, &[])
        {
            branch.append(&mut backend);
        }
        fields.insert(format!("real_server {}", server.id), branch);
    }
    value
}

/// A part of a plan without some of its fields.
fn without(part: &impl Serialize, fields: &[&str]) -> Value {
    // Plans are structures of plain values.
    let mut value = serde_json::to_value(part).unwrap_or_default();
    if let Value::Object(all) = &mut value {
        fields.iter().for_each(|field| drop(all.remove(*field)));
    }
    value
}

/// Puts the fields of a field in its place.
fn lift(value: &mut Value, field: &str) {
    if let Value::Object(all) = value
        && let Some(Value::Object(mut inner)) = all.remove(field)
    {
        all.append(&mut inner);
    }
}

/// A branch that the configuration has a name for, as `vrrp_instance VI_1`.
fn is_titled(name: &str) -> bool {
    name.contains(' ')
}

fn compare<'a>(path: &mut Vec<&'a str>, old: &'a Value, new: &'a Value, lines: &mut Vec<String>) {
    if old == new {
        return;
    }
    match (old, new) {
        (Value::Object(before), Value::Object(after)) if is_structure(before, after) => {
            for (name, value) in before {
                path.push(name);
                match after.get(name) {
                    Some(other) => compare(path, value, other, lines),
                    None if is_titled(name) => lines.push(line(path, "removed")),
                    None => compare(path, value, &Value::Null, lines),
                }
                path.pop();
            }
            for (name, value) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
                path.push(name);
                if is_titled(name) {
                    lines.push(line(path, "added"));
                } else {
                    compare(path, &Value::Null, value, lines);
                }
                path.pop();
            }
        }
        _ if path.iter().any(|name| is_secret(name)) => lines.push(line(path, "changed")),
        (Value::Array(before), Value::Array(after)) => {
            let known = lines.len();
            let others = |all: &[Value], one: &Value| !all.contains(one);
            for gone in before.iter().filter(|one| others(after, one)) {
                lines.push(line(path, &format!("- {}", words(gone))));
            }
            for come in after.iter().filter(|one| others(before, one)) {
                lines.push(line(path, &format!("+ {}", words(come))));
            }
            if lines.len() == known {
                lines.push(line(path, "another order"));
            }
        }
        _ => lines.push(line(path, &format!("{} -> {}", words(old), words(new)))),
    }
}

/// Whether two objects are the same structure. Spans of time are values, and so are variants of an enumeration, whose only
/// field is their name.
fn is_structure(before: &Map<String, Value>, after: &Map<String, Value>) -> bool {
    let is_variant = |one: &Map<String, Value>| {
        one.len() == 1 && one.keys().all(|name| name.starts_with(char::is_uppercase))
    };
    let same_variant = before.keys().eq(after.keys());
    duration(before).is_none() && (same_variant || !(is_variant(before) && is_variant(after)))
}

fn duration(one: &Map<String, Value>) -> Option<Duration> {
    let (secs, nanos) = (one.get("secs")?.as_u64()?, one.get("nanos")?.as_u64()?);
    (one.len() == 2).then(|| Duration::from_secs(secs) + Duration::from_nanos(nanos))
}

fn is_secret(name: &str) -> bool {
    !is_titled(name) && SECRET.iter().any(|word| name.to_lowercase().contains(word))
}

fn line(path: &[&str], change: &str) -> String {
    let titles: Vec<_> = path.iter().copied().filter(|name| is_titled(name)).collect();
    let fields: Vec<_> = path.iter().copied().filter(|name| !is_titled(name)).collect();
    let (title, field) = (titles.join(", "), fields.join("."));
    match (title.is_empty(), field.is_empty()) {
        (_, true) => format!("{title}: {change}"),
        (true, false) => format!("{field} {change}"),
        (false, false) => format!("{title}: {field} {change}"),
    }
}

fn words(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Object(fields) => match duration(fields) {
            Some(time) => format!("{} s", time.as_secs_f64()),
            None => value.to_string(),
        },
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::whole;

    const BEFORE: &str = "
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    priority 100
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass before
    }
    virtual_ipaddress {
        10.0.0.1
        10.0.0.2
    }
}
vrrp_instance VI_2 {
    interface eth0
    virtual_router_id 52
    virtual_ipaddress {
        10.0.0.3
    }
}
virtual_server 10.1.0.1 80 {
    lb_algo rr
    lb_kind DR
    protocol TCP
    real_server 10.2.0.1 80 {
        weight 1
    }
    real_server 10.2.0.2 80 {
        weight 1
    }
}
";

    fn changed(edits: &[(&str, &str)]) -> Vec<String> {
        let text = edits.iter().fold(BEFORE.to_owned(), |text, (from, to)| text.replacen(from, to, 1));
        let (old, new) = (whole(BEFORE).0, whole(Box::leak(text.into_boxed_str())).0);
        changes((&old.vrrp, &old.checkers), (&new.vrrp, &new.checkers))
    }

    #[test]
    fn equal_plans_have_nothing_to_tell() {
        assert_eq!(changed(&[]), [""; 0]);
    }

    #[test]
    fn values_are_told_before_and_after() {
        let edits =
            [("priority 100", "priority 150"), ("advert_int 1", "advert_int 3"), ("10.0.0.2", "10.0.0.9")];
        assert_eq!(
            changed(&edits),
            [
                "vrrp_instance VI_1: interval 1 s -> 3 s",
                "vrrp_instance VI_1: priority 100 -> 150",
                "vrrp_instance VI_1: virtual_ipaddress - 10.0.0.2 dev eth0 scope global",
                "vrrp_instance VI_1: virtual_ipaddress + 10.0.0.9 dev eth0 scope global",
            ]
        );
    }

    #[test]
    fn a_password_changes_without_being_shown() {
        let lines = changed(&[("auth_pass before", "auth_pass after")]);
        assert_eq!(lines, ["vrrp_instance VI_1: auth.Pass changed"]);
    }

    #[test]
    fn blocks_come_and_go_by_name() {
        assert_eq!(
            changed(&[
                ("vrrp_instance VI_2", "vrrp_instance VI_3"),
                ("virtual_router_id 52", "virtual_router_id 53")
            ]),
            ["vrrp_instance VI_2: removed", "vrrp_instance VI_3: added"]
        );
    }

    #[test]
    fn members_of_a_group_are_compared_by_name() {
        let text = |first: &str, second: &str, member: &str| {
            let instance = |name: &str, vrid| {
                format!(
                    "vrrp_instance {name} {{\ninterface lo\nvirtual_router_id {vrid}\nvirtual_ipaddress {{\n10.0.0.{vrid}\n}}\n}}\n"
                )
            };
            let group = format!("vrrp_sync_group G {{\ngroup {{\n{member}\n}}\n}}\n");
            let vrid = |name: &str| if name == "VI_1" { 1 } else { 2 };
            instance(first, vrid(first)) + &instance(second, vrid(second)) + &group
        };
        let plan = |text: String| whole(Box::leak(text.into_boxed_str())).0;
        let told = |new: String| {
            let (old, new) = (plan(text("VI_1", "VI_2", "VI_1")), plan(new));
            changes((&old.vrrp, &old.checkers), (&new.vrrp, &new.checkers))
        };
        let about_group = |lines: Vec<String>| -> Vec<String> {
            lines.into_iter().filter(|line| line.contains("sync_group") && line.contains("group ")).collect()
        };
        assert_eq!(about_group(told(text("VI_2", "VI_1", "VI_1"))), [""; 0], "the same in another order");
        let moved = about_group(told(text("VI_2", "VI_1", "VI_2")));
        assert_eq!(moved, ["vrrp_sync_group G: group - VI_1", "vrrp_sync_group G: group + VI_2"]);
    }

    #[test]
    fn what_is_said_of_all_is_told() {
        let edits =
            [("vrrp_instance VI_1", "global_defs {\nvrrp_startup_delay 5\nlvs_flush\n}\nvrrp_instance VI_1")];
        assert_eq!(
            changed(&edits),
            ["checkers.table.flush_at_start false -> true", "vrrp.head_start.of_program 0 s -> 5 s"]
        );
    }

    #[test]
    fn real_servers_are_told_under_their_virtual_server() {
        let lines = changed(&[("weight 1", "weight 3"), ("real_server 10.2.0.2", "real_server 10.2.0.7")]);
        assert_eq!(
            lines,
            [
                "virtual_server [10.1.0.1]:tcp:80, real_server [10.2.0.1]:tcp:80: weight 1 -> 3",
                "virtual_server [10.1.0.1]:tcp:80, real_server [10.2.0.2]:tcp:80: removed",
                "virtual_server [10.1.0.1]:tcp:80, real_server [10.2.0.7]:tcp:80: added",
            ]
        );
    }
}
