//! The files and BFD sessions that real servers watch, with who does.

use parser::config::{Check, RealServer, VirtualServer};

use crate::dump::Scene;
use crate::dump::sheet::{Sheet, attribute, member, object};
use crate::dump::words::{either, weight};
use crate::status::checkers::CheckersStatus;

pub(super) fn write(scene: &Scene<'_>, status: Option<&CheckersStatus>, sheet: &mut Sheet) {
    files(scene, status, sheet);
    sessions(scene, sheet);
}

fn files(scene: &Scene<'_>, status: Option<&CheckersStatus>, sheet: &mut Sheet) {
    let watched = &scene.plan.checkers.files;
    if watched.is_empty() {
        return;
    }
    sheet.section("Checker track files");
    for (at, file) in scene.config.track_files.iter().enumerate() {
        if !watched.iter().any(|one| one.name == file.name) {
            continue;
        }
        object!(sheet, "Track file = {}", file.name);
        attribute!(sheet, "File = {}", file.path);
        if let Some(number) = status.and_then(|status| status.files.get(&file.name)) {
            attribute!(sheet, "Status = {number}");
        }
        attribute!(sheet, "Weight = {}{}", file.weight.value, either(file.weight.reverse, " reverse", ""));
        attribute!(sheet, "Tracking instances :");
        each(scene, |service, server, check| {
            if let Check::File(check) = check
                && check.file == at
            {
                let (vs, rs) = (service.label(), server.label(service.protocol));
                member!(sheet, "{vs} -> {rs}, {}", weight(check.weight));
            }
        });
    }
}

fn sessions(scene: &Scene<'_>, sheet: &mut Sheet) {
    let all = || scene.config.bfd_instances.iter().enumerate().filter(|(_, session)| session.for_checkers);
    if all().next().is_some() {
        sheet.section("Checker track BFDs");
    }
    for (at, session) in all() {
        object!(sheet, "Checker Track BFD = {}", session.name);
        attribute!(sheet, "Tracking RS :");
        each(scene, |service, server, check| {
            if matches!(check, Check::Bfd(check) if check.bfd == at) {
                attribute!(sheet, "{}", server.label(service.protocol));
            }
        });
    }
}

/// Every checker there is.
fn each(scene: &Scene<'_>, mut tell: impl FnMut(&VirtualServer, &RealServer, &Check)) {
    for service in &scene.config.virtual_servers {
        for server in &service.real_servers {
            server.checkers.iter().for_each(|checker| tell(service, server, &checker.check));
        }
    }
}
