//! What stands whoever is master, whom it concerns, and how far apart announcements are kept.

use std::collections::BTreeMap;

use crate::dump::Scene;
use crate::dump::sheet::{Sheet, attribute, member, object};
use crate::dump::words::{address, seconds};
use crate::plan::object::Object;
use crate::plan::vrrp::Space;
use crate::status::vrrp::VrrpStatus;

pub(super) fn write(scene: &Scene<'_>, status: Option<&VrrpStatus>, sheet: &mut Sheet) {
    spaces(scene, status, sheet);
    let (config, standing) = (scene.config, &scene.plan.vrrp.standing);
    let held =
        status.map_or(&[][..], |status| &status.standing).iter().copied().chain(std::iter::repeat(false));
    let addresses: Vec<_> =
        standing.addresses().zip(held).map(|(one, is_held)| address(one, &one.interface, is_held)).collect();
    let groups = config.static_addresses.iter().map(|line| line.track_group);
    list("Static Addresses", scene, addresses, groups, sheet);

    let is_route = |object: &&Object| matches!(object, Object::Route(_));
    let routes = standing.objects.iter().filter(is_route).map(ToString::to_string).collect();
    list("Static Routes", scene, routes, config.static_routes.iter().map(|line| line.track_group), sheet);

    let is_rule = |object: &&Object| matches!(object, Object::Rule(_));
    let rules = standing.objects.iter().filter(is_rule).map(ToString::to_string).collect();
    list("Static Rules", scene, rules, config.static_rules.iter().map(|line| line.track_group), sheet);

    if !config.track_groups.is_empty() {
        sheet.section("Static Track groups");
    }
    for group in &config.track_groups {
        object!(sheet, "Static Track Group = {}", group.name);
        attribute!(sheet, "VRRP member instances :");
        for one in group.members.iter().filter_map(|at| config.vrrp_instances.get(*at)) {
            member!(sheet, "{}", one.name);
        }
    }
}

/// One kind, and the group of each; with lines left out of the plan it is not known whose group is whose.
fn list(
    title: &str,
    scene: &Scene<'_>,
    planned: Vec<String>,
    groups: impl ExactSizeIterator<Item = Option<usize>>,
    sheet: &mut Sheet,
) {
    if planned.is_empty() {
        return;
    }
    sheet.section(title);
    let is_whole = planned.len() == groups.len();
    for (text, group) in planned.iter().zip(groups.chain(std::iter::repeat(None))) {
        match group.filter(|_| is_whole).and_then(|at| scene.config.track_groups.get(at)) {
            // Whether it is held stands last.
            Some(group) => match text.strip_suffix(" set") {
                Some(text) => member!(sheet, "{text} track_group {} set", group.name),
                None => member!(sheet, "{text} track_group {}", group.name),
            },
            None => member!(sheet, "{text}"),
        }
    }
}

fn spaces(scene: &Scene<'_>, status: Option<&VrrpStatus>, sheet: &mut Sheet) {
    let spacing = &scene.plan.vrrp.spacing;
    let alone = if spacing.each == Space::default() { Vec::new() } else { alone(scene) };
    if !spacing.groups.is_empty() || !alone.is_empty() {
        sheet.section("Gratuitous ARP delays");
    }
    for (number, space, interfaces) in numbered(scene) {
        // In the order of the interfaces of the system.
        let place = |name: &&String| status?.links.iter().position(|link| link.name == **name);
        let mut interfaces: Vec<_> = interfaces.iter().collect();
        interfaces.sort_by_key(place);
        group(number, space, &interfaces, sheet);
    }
    // Whoever is in no group has no number.
    alone.iter().for_each(|name| group(0, spacing.each, &[name], sheet));
}

/// The space between frames that leave by each interface, and the number of its group.
pub(super) fn spaced(scene: &Scene<'_>) -> BTreeMap<String, (usize, Space)> {
    let each = scene.plan.vrrp.spacing.each;
    let alone = alone(scene).into_iter().map(|name| (name, (0, each)));
    let together = numbered(scene)
        .flat_map(|(number, space, names)| names.iter().map(move |name| (name.clone(), (number, space))));
    alone.chain(together).collect()
}

/// The groups with their numbers, which count from 1; an interface that shares its space with no other has 0.
fn numbered<'a>(scene: &Scene<'a>) -> impl Iterator<Item = (usize, Space, &'a Vec<String>)> {
    let mut last = 0;
    scene.plan.vrrp.spacing.groups.iter().map(move |(space, interfaces)| {
        let is_shared = interfaces.len() > 1;
        last += usize::from(is_shared);
        (if is_shared { last } else { 0 }, *space, interfaces)
    })
}

fn group(number: usize, space: Space, interfaces: &[&String], sheet: &mut Sheet) {
    sheet.section(&format!("GARP delay group {number}"));
    for (title, every) in [("GARP", space.arp), ("GNA", space.na)] {
        if !every.is_zero() {
            object!(sheet, "{title} interval = {}", seconds(every));
        }
    }
    object!(sheet, "Interfaces");
    interfaces.iter().for_each(|name| sheet.line(2, format_args!("{name}")));
}

/// The interfaces that virtual routers and their addresses are on, those below VMACs in their place, without the members of
/// groups.
fn alone(scene: &Scene<'_>) -> Vec<String> {
    let plan = &scene.plan.vrrp;
    let below = |name: &str| {
        let vmac = plan.standing.vmacs.iter().find(|vmac| vmac.name == name);
        vmac.map_or_else(|| name.to_owned(), |vmac| vmac.base.to_string())
    };
    let mut all: Vec<String> = Vec::new();
    for one in &plan.instances {
        let own = one.params.interface.iter().map(String::as_str);
        let addresses = one.addresses.iter().chain(&one.excluded).map(|address| address.interface.as_str());
        for name in own.chain(addresses).map(below) {
            let is_in_group = plan.spacing.groups.iter().any(|(_, names)| names.contains(&name));
            if !is_in_group && !all.contains(&name) {
                all.push(name);
            }
        }
    }
    all
}
