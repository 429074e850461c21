//! `interface_up_down_delays` to what counts: no longer than the routers on an interface can wait.

use std::collections::BTreeMap;
use std::time::Duration;

use parser::config::Config;
use serde::{Deserialize, Serialize};

use super::vmac::Vmac;

/// How long a state must last to count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Delay {
    /// Being down.
    pub(crate) down: Duration,
    /// Being up.
    pub(crate) up: Duration,
}

/// By name of the interface; a VMAC waits as the interface below does.
pub(super) fn plan(config: &Config, vmacs: &[Vmac]) -> BTreeMap<String, Delay> {
    let mut delays = BTreeMap::new();
    for line in &config.interface_delays {
        let name = line.interface.value.as_str();
        let patience = patience(config, name);
        let delay = Delay { down: line.down.min(patience), up: line.up.min(patience) };
        let above = vmacs.iter().filter(|vmac| vmac.base == name).map(|vmac| vmac.name.clone());
        delays.extend(above.chain([name.to_owned()]).map(|name| (name, delay)));
    }
    delays
}

/// How long a change may be held back before a backup would take over: §12.4.8.
fn patience(config: &Config, interface: &str) -> Duration {
    let is_on = |name: &parser::config::Located<parser::config::IfName>| name.value.as_str() == interface;
    let on_it = config.vrrp_instances.iter().filter(|one| one.interface.as_ref().is_some_and(is_on));
    let each = on_it.map(|one| match one.down_timer_adverts {
        0 | 1 => Duration::ZERO,
        adverts => one.advert_int * u32::from(adverts - 1) - one.advert_int / 256,
    });
    each.min().unwrap_or(Duration::MAX)
}
