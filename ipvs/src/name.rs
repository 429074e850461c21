//! Names the kernel keeps in 16 bytes: schedulers, persistence engines, interfaces.

use std::fmt;

use crate::attr::Text;

/// A name of 1 to 15 bytes without NUL.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub struct Name {
    bytes: [u8; Self::MAX],
    len: u8,
}

/// Why a text is not a [`Name`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// There is nothing in it.
    #[error("the name is empty")]
    Empty,
    /// It has more than 15 bytes.
    #[error("the name has {0} bytes, the kernel takes 15")]
    TooLong(usize),
    /// It contains a NUL.
    #[error("the name contains a NUL")]
    Nul,
}

impl Name {
    /// The longest name, in bytes.
    pub const MAX: usize = 15;

    /// The default scheduler of every tool: weighted least connections.
    pub const WLC: Self = Self { bytes: *b"wlc\0\0\0\0\0\0\0\0\0\0\0\0", len: 3 };

    /// Checks a name; whether the kernel knows it shows when it is used.
    pub fn new(name: impl AsRef<[u8]>) -> Result<Self, NameError> {
        let name = name.as_ref();
        if name.is_empty() {
            return Err(NameError::Empty);
        }
        if name.contains(&0) {
            return Err(NameError::Nul);
        }
        let mut bytes = [0; Self::MAX];
        bytes.get_mut(..name.len()).ok_or(NameError::TooLong(name.len()))?.copy_from_slice(name);
        let len = u8::try_from(name.len()).map_err(|_| NameError::TooLong(name.len()))?;
        Ok(Self { bytes, len })
    }

    /// The bytes of the name.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The name of an optional thing: the kernel writes "none" as an empty text.
    pub(crate) fn optional(text: &Text) -> Option<Self> {
        Self::new(&text.0).ok()
    }

    pub(crate) fn text(self) -> Text {
        Text(self.as_bytes().to_vec())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&String::from_utf8_lossy(self.as_bytes()))
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(self.as_bytes()))
    }
}

impl std::str::FromStr for Name {
    type Err = NameError;
    fn from_str(name: &str) -> Result<Self, NameError> {
        Self::new(name)
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;
    fn try_from(name: String) -> Result<Self, NameError> {
        Self::new(name)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.to_string()
    }
}
