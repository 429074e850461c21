//! The sockets that virtual routers share.

use ::vrrp::params::{Auth, Transport};
use parser::config::VrrpInstance;

use crate::dump::sheet::{Sheet, attribute, member, object};
use crate::dump::words::either;
use crate::plan::vrrp::Instance as Plan;
use crate::status::vrrp::Instance as Status;

/// The sockets in the order in which their first user is configured.
pub(super) fn write(all: &[(&VrrpInstance, &Plan, Option<&Status>)], sheet: &mut Sheet) {
    let mut done: Vec<(i32, i32)> = Vec::new();
    let descriptors = |status: Option<&Status>| status.and_then(|status| status.sockets);
    sheet.section("VRRP Sockpool");
    for (_, plan, status) in all {
        let Some(pair) = descriptors(*status).filter(|pair| !done.contains(pair)) else { continue };
        done.push(pair);
        let params = &plan.params;
        object!(sheet, "fd_in {} fd_out = {}", pair.0, pair.1);
        if let Some(interface) = &params.interface {
            attribute!(sheet, "Interface = {interface}");
        }
        attribute!(sheet, "Family = {}", params.family);
        attribute!(sheet, "Protocol = {}", either(matches!(params.auth, Auth::Ah(_)), "AH", "VRRP"));
        match &params.transport {
            Transport::Multicast { .. } => attribute!(sheet, "Type = Multicast"),
            Transport::Unicast { .. } => {
                attribute!(sheet, "Type = Unicast");
                if let Some(source) = params.source.or(status.and_then(|status| status.source)) {
                    attribute!(sheet, "Address = {source}");
                }
            }
        }
        let users = || all.iter().filter(|(_, _, status)| descriptors(*status) == Some(pair));
        let room = users().filter_map(|(_, plan, _)| plan.receive_buffer).fold(0, u32::saturating_add);
        attribute!(sheet, "Rx buf size = {room}");
        attribute!(sheet, "VRRP instances");
        users().for_each(|(user, plan, _)| member!(sheet, "{} vrid {}", user.name, plan.params.vrid));
    }
}
