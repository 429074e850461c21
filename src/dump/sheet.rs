//! The page that a dump is written on: keepalived's titles and indents.

use std::fmt::{self, Write as _};

/// A text in the making.
#[derive(Debug, Default)]
pub(super) struct Sheet(String);

impl Sheet {
    /// `------< Title >------`
    pub(super) fn section(&mut self, title: &str) {
        self.line(0, format_args!("------< {title} >------"));
    }

    /// A line after so many blanks. Objects are told by one, their attributes by three, members of a list by five.
    pub(super) fn line(&mut self, indent: usize, text: fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{:indent$}{text}", "");
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}

/// The name of an object, as in ` VRRP Instance = VI_1`.
macro_rules! object {
    ($sheet:expr, $($text:tt)*) => { $sheet.line(1, format_args!($($text)*)) };
}

/// An attribute, as in `   State = MASTER`.
macro_rules! attribute {
    ($sheet:expr, $($text:tt)*) => { $sheet.line(3, format_args!($($text)*)) };
}

/// A member of a list, as in `     192.0.2.100/24 dev eth0 scope global set`.
macro_rules! member {
    ($sheet:expr, $($text:tt)*) => { $sheet.line(5, format_args!($($text)*)) };
}

pub(super) use {attribute, member, object};
