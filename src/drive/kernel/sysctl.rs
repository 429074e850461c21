//! Kernel parameters that are changed while the configuration says so, and put back afterwards.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::vmac::Vmacs;
use crate::mirror::Mirror;
use crate::plan::setting::Setting;

/// Where kernel parameters are.
const ROOT: &str = "/proc/sys";

/// The parameters changed, with what they were before.
#[derive(Debug, Default)]
pub(super) struct Sysctls {
    before: BTreeMap<String, String>,
}

impl Sysctls {
    /// Makes exactly these the ones that are changed. What is set already is left alone, and will be.
    pub(super) fn want(&mut self, settings: &[Setting]) {
        let is_wanted = |key: &String| settings.iter().any(|setting| setting.key == *key);
        let (kept, over): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut self.before).into_iter().partition(|(key, _)| is_wanted(key));
        self.before = kept;
        for (key, value) in over {
            if is_for_all(&key)
                && let Ok(now) = read(&key)
            {
                tracing::info!("NOTICE: resetting sysctl {} from {now} to {value}", key.replace('/', "."));
            }
            // With its interface the parameter may be gone.
            let _ = write(&key, &value);
        }
        for setting in settings {
            self.set(setting);
        }
    }

    /// Adds what lets the reverse path filter of VMACs be off: `all` counts for every interface that has a lower value, so
    /// its value is given to each of the others, and to those to come.
    pub(super) fn with_reverse_path(
        &self,
        mut settings: Vec<Setting>,
        vmacs: &Vmacs,
        mirror: &Mirror,
    ) -> Vec<Setting> {
        if vmacs.is_empty() {
            return settings;
        }
        let before = |interface: &str| {
            let key = Setting::of("ipv4", interface, "rp_filter", 0).key;
            let text = self.before.get(&key).cloned().or_else(|| read(&key).ok());
            text.and_then(|text| text.parse::<u8>().ok()).unwrap_or(0)
        };
        let all = before("all");
        if all == 0 {
            return settings;
        }
        let others = mirror.links().map(|link| link.name.as_str()).filter(|name| !vmacs.has(name));
        for interface in std::iter::once("default").chain(others) {
            settings.push(Setting::of("ipv4", interface, "rp_filter", all.max(before(interface))));
        }
        settings.push(Setting::of("ipv4", "all", "rp_filter", 0));
        settings
    }

    /// Sets one, of an interface that may have come anew.
    pub(super) fn set(&mut self, Setting { key, value }: &Setting) {
        let Ok(before) = read(key) else { return };
        if before == *value {
            return;
        }
        if is_for_all(key) {
            tracing::info!("NOTICE: setting sysctl {} from {before} to {value}", key.replace('/', "."));
        }
        match write(key, value) {
            Ok(()) => {
                self.before.entry(key.clone()).or_insert(before);
            }
            Err(error) => {
                tracing::info!("Unable to set sysctl {} to {value}: {error}", key.replace('/', "."))
            }
        }
    }
}

/// Whether a parameter is about more than one interface.
fn is_for_all(key: &str) -> bool {
    key.contains("/all/") || key.contains("/default/")
}

/// Sets one of an interface that goes with the daemon, so that nothing has to be remembered.
pub(super) fn give(Setting { key, value }: &Setting) {
    if let Err(error) = write(key, value) {
        tracing::info!("Unable to set sysctl {} to {value}: {error}", key.replace('/', "."));
    }
}

/// The value of a parameter, without its line end.
pub(super) fn read(key: &str) -> io::Result<String> {
    Ok(std::fs::read_to_string(Path::new(ROOT).join(key))?.trim_end().to_owned())
}

fn write(key: &str, value: &str) -> io::Result<()> {
    std::fs::write(Path::new(ROOT).join(key), value)
}
