//! The modules of the kernel that runs.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// For the reader to fill in: how the modules of the running kernel are installed is the distribution's.
const INSTALL: &str = "INSTALL-KERNEL-MODULES";

/// The kernel's modules: those it has, and those it could load.
#[derive(Clone, Debug, Default)]
pub(super) struct Modules {
    /// The names of those that are loaded or built in, as far as they show.
    present: BTreeSet<String>,
    /// Whether the modules that could be loaded were found where they usually are.
    complete: bool,
    /// `/proc/kallsyms`, which has the functions of those that are built in and do not show otherwise.
    symbols: String,
}

impl Modules {
    /// Looks where modules usually are.
    pub(super) fn look() -> Self {
        let release = nix::sys::utsname::uname().map(|name| name.release().to_owned()).unwrap_or_default();
        let release = Path::new("/lib/modules").join(release);
        let mut present = BTreeSet::new();
        let loaded = fs::read_to_string("/proc/modules").unwrap_or_default();
        present.extend(loaded.lines().filter_map(|line| line.split_whitespace().next()).map(String::from));
        let complete = release.join("modules.dep").exists();
        for file in ["modules.builtin", "modules.dep"] {
            let text = fs::read_to_string(release.join(file)).unwrap_or_default();
            present.extend(text.lines().filter_map(module_name));
        }
        let symbols = fs::read_to_string("/proc/kallsyms").unwrap_or_default();
        Self { present, complete, symbols }
    }

    /// Whether a module is certainly missing. A system that does not show what it has is given the benefit of the doubt.
    pub(super) fn lacks(&self, module: &str) -> bool {
        self.complete && !self.present.contains(module) && !self.symbols.contains(&format!(" {module}_"))
    }

    /// The command that loads a module; where it is certainly missing, it has to be installed first.
    pub(super) fn mend(&self, module: &str) -> String {
        let load = format!("modprobe {module}");
        if self.lacks(module) { format!("{INSTALL} && {load}") } else { load }
    }
}

/// The name of the module that a line of `modules.dep` or `modules.builtin` is about.
fn module_name(line: &str) -> Option<String> {
    let path = line.split(':').next()?;
    let name = path.rsplit('/').next()?.split(".ko").next()?;
    (!name.is_empty()).then(|| name.replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_missing_only_where_modules_are_known() {
        let mut modules = Modules::default();
        assert!(!modules.lacks("ip_vs_mh"));
        modules.present.insert("ip_vs_rr".into());
        assert!(!modules.lacks("ip_vs_mh"));
        modules.complete = true;
        assert!(modules.lacks("ip_vs_mh") && !modules.lacks("ip_vs_rr"));
        modules.symbols = "0000000000000000 t ip_vs_mh_schedule\n".into();
        assert!(!modules.lacks("ip_vs_mh"));
        assert_eq!(modules.mend("ip_vs_mh"), "modprobe ip_vs_mh");
        assert_eq!(modules.mend("ip_vs_wlc"), "INSTALL-KERNEL-MODULES && modprobe ip_vs_wlc");
    }

    #[test]
    fn modules_are_named_by_their_files() {
        let line = "kernel/net/netfilter/ipvs/ip_vs_wlc.ko.xz: kernel/net/netfilter/ipvs/ip_vs.ko.xz";
        assert_eq!(module_name(line).as_deref(), Some("ip_vs_wlc"));
        assert_eq!(module_name("kernel/net/ip-tunnel.ko").as_deref(), Some("ip_tunnel"));
    }
}
