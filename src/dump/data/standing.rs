//! What stands whoever is master, whom it concerns, and how far apart announcements are kept.

use crate::dump::Scene;
use crate::dump::sheet::{Sheet, attribute, member, object};
use crate::dump::words::{address, seconds};
use crate::plan::object::Object;
use crate::status::vrrp::VrrpStatus;

pub(super) fn write(scene: &Scene<'_>, status: Option<&VrrpStatus>, sheet: &mut Sheet) {
    spaces(scene, sheet);
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

fn spaces(scene: &Scene<'_>, sheet: &mut Sheet) {
    let groups = &scene.plan.vrrp.spacing.groups;
    if !groups.is_empty() {
        sheet.section("Gratuitous ARP delays");
    }
    for (number, (space, interfaces)) in groups.iter().enumerate() {
        sheet.section(&format!("GARP delay group {}", number + 1));
        object!(sheet, "GARP interval = {}", seconds(space.arp));
        object!(sheet, "GNA interval = {}", seconds(space.na));
        object!(sheet, "Interfaces");
        interfaces.iter().for_each(|name| sheet.line(2, format_args!("{name}")));
    }
}
