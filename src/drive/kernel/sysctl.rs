//! Kernel parameters that are changed while the configuration says so, and put back afterwards.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

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
            // With its interface the parameter may be gone.
            let _ = write(&key, &value);
        }
        for setting in settings {
            self.set(setting);
        }
    }

    /// Sets one, of an interface that may have come anew.
    pub(super) fn set(&mut self, Setting { key, value }: &Setting) {
        let Ok(before) = read(key) else { return };
        if before == *value {
            return;
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

/// The value of a parameter, without its line end.
pub(super) fn read(key: &str) -> io::Result<String> {
    Ok(std::fs::read_to_string(Path::new(ROOT).join(key))?.trim_end().to_owned())
}

fn write(key: &str, value: &str) -> io::Result<()> {
    std::fs::write(Path::new(ROOT).join(key), value)
}
