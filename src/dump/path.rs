//! Where dumps go.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The folder unless `TMPDIR` names one.
const TMP: &str = "/tmp";

/// The dumps there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum File {
    /// Global settings, by the supervisor.
    ParentData,
    /// Of VRRP.
    VrrpData,
    /// Of the checkers.
    CheckerData,
    /// Of BFD.
    BfdData,
    /// Counters of VRRP.
    Stats,
    /// VRRP as JSON.
    Json,
}

/// What moves dumps to other places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Naming<'a> {
    /// The folder for temporary files.
    pub(super) folder: PathBuf,
    /// `state_dump_file`.
    pub(super) state: Option<&'a str>,
    /// `stats_dump_file`.
    pub(super) stats: Option<&'a str>,
    /// `json_dump_file`.
    pub(super) json: Option<&'a str>,
    /// With `data_use_instance`: names of namespace and instance.
    pub(super) instance: Option<String>,
}

impl Naming<'_> {
    /// The path of a dump.
    pub(super) fn path(&self, file: File) -> PathBuf {
        let (given, default, suffix) = match file {
            File::VrrpData => (self.state, "keepalived.data", ""),
            File::ParentData => (self.state, "keepalived.data", "_parent"),
            File::CheckerData => (self.state, "keepalived.data", "_check"),
            File::BfdData => (self.state, "keepalived.data", "_bfd"),
            File::Stats => (self.stats, "keepalived.stats", ""),
            File::Json => (self.json, "keepalived.json", ""),
        };
        let mut path = self.folder.clone();
        match given {
            // A trailing slash gives the folder alone. An absolute path replaces the folder when joined.
            Some(folder) if folder.ends_with('/') => path.extend([folder, default]),
            Some(whole) => path.push(whole),
            None => path.push(default),
        }
        let is_data = matches!(file, File::VrrpData | File::ParentData | File::CheckerData | File::BfdData);
        insert(&path, suffix, self.instance.as_deref().filter(|_| is_data))
    }
}

/// `keepalived.data` to `keepalived_parent.name.data`.
fn insert(path: &Path, suffix: &str, instance: Option<&str>) -> PathBuf {
    let mut name: OsString = path.file_stem().unwrap_or_default().to_owned();
    name.push(suffix);
    for word in instance.into_iter().map(std::ffi::OsStr::new).chain(path.extension()) {
        name.push(".");
        name.push(word);
    }
    path.with_file_name(name)
}

/// `TMPDIR` if it is the absolute path of a folder, else `/tmp`.
pub(crate) fn temporary_folder() -> PathBuf {
    wanted().filter(|path| is_usable(path)).unwrap_or_else(|| TMP.into())
}

/// What `TMPDIR` says, if that is not the absolute path of a folder.
pub(crate) fn unusable_temporary_folder() -> Option<PathBuf> {
    wanted().filter(|path| !is_usable(path))
}

fn wanted() -> Option<PathBuf> {
    std::env::var_os("TMPDIR").map(PathBuf::from)
}

fn is_usable(path: &Path) -> bool {
    path.is_absolute() && path.is_dir()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(naming: &Naming<'_>) -> [String; 5] {
        [File::ParentData, File::VrrpData, File::CheckerData, File::Stats, File::Json]
            .map(|file| naming.path(file).display().to_string())
    }

    fn naming() -> Naming<'static> {
        Naming { folder: TMP.into(), ..Naming::default() }
    }

    #[test]
    fn the_original_s_names_in_the_folder_for_temporary_files() {
        let expected = [
            "/tmp/keepalived_parent.data",
            "/tmp/keepalived.data",
            "/tmp/keepalived_check.data",
            "/tmp/keepalived.stats",
            "/tmp/keepalived.json",
        ];
        assert_eq!(paths(&naming()), expected);
    }

    #[test]
    fn a_given_name_takes_the_suffix_before_its_last_dot() {
        let given = Naming { state: Some("/run/st.txt"), stats: Some("x"), ..naming() };
        let [parent, vrrp, checker, stats, json] = paths(&given);
        assert_eq!(
            [parent.as_str(), &vrrp, &checker],
            ["/run/st_parent.txt", "/run/st.txt", "/run/st_check.txt"]
        );
        assert_eq!([stats.as_str(), &json], ["/tmp/x", "/tmp/keepalived.json"]);
    }

    #[test]
    fn a_given_folder_keeps_the_names() {
        let given = Naming { state: Some("/run/ka/"), ..naming() };
        assert_eq!(paths(&given)[0], "/run/ka/keepalived_parent.data");
    }

    #[test]
    fn an_instance_stands_before_the_extension_of_the_data_alone() {
        let named = Naming { instance: Some("foo".into()), ..naming() };
        let [parent, vrrp, _, stats, json] = paths(&named);
        assert_eq!([parent.as_str(), &vrrp], ["/tmp/keepalived_parent.foo.data", "/tmp/keepalived.foo.data"]);
        assert_eq!([stats.as_str(), &json], ["/tmp/keepalived.stats", "/tmp/keepalived.json"]);
    }
}
