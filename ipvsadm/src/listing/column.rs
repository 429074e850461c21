//! A counter in nine columns.

use std::fmt;

/// Prints a counter, cut to thousands, millions and so on where it would not fit, unless it is wanted in full.
pub(super) struct Column {
    pub(super) value: u64,
    pub(super) exact: bool,
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value;
        match value {
            _ if self.exact => write!(f, " {value:>8}"),
            0..100_000_000 => write!(f, "{value:>9}"),
            100_000_000..1_000_000_000 => write!(f, "{:>8}K", value / 1_000),
            1_000_000_000..100_000_000_000 => write!(f, "{:>8}M", value / 1_000_000),
            100_000_000_000..100_000_000_000_000 => write!(f, "{:>8}G", value / 1_000_000_000),
            100_000_000_000_000.. => write!(f, "{:>8}T", value / 1_000_000_000_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_cut_where_it_would_not_fit() {
        let columns = [
            (0, "        0"),
            (99_999_999, " 99999999"),
            (100_000_000, "  100000K"),
            (999_999_999, "  999999K"),
            (1_000_000_000, "    1000M"),
            (99_999_999_999, "   99999M"),
            (100_000_000_000, "     100G"),
            (99_999_999_999_999, "   99999G"),
            (100_000_000_000_000, "     100T"),
            (u64::MAX, "18446744T"),
        ];
        for (value, text) in columns {
            assert_eq!(Column { value, exact: false }.to_string(), text);
        }
    }

    #[test]
    fn in_full_it_keeps_its_distance_however_long_it_is() {
        assert_eq!(Column { value: 7, exact: true }.to_string(), "        7");
        assert_eq!(Column { value: u64::MAX, exact: true }.to_string(), " 18446744073709551615");
    }
}
