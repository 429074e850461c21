//! Decimal numbers as `strtol` takes them: blanks, a sign and zeros may lead, nothing may follow.

use std::ops::RangeInclusive;

use crate::Refusal;

/// The longest timeout in seconds: 31 days.
const MAX_TIMEOUT: u32 = 31 * 24 * 60 * 60;

/// Reads a number within a range.
pub(crate) fn number(text: &str, range: RangeInclusive<u32>) -> Option<u32> {
    let text = text.trim_start_matches(|letter: char| letter.is_ascii_whitespace() || letter == '\x0b');
    // `-0` is the one negative number that could be in a range.
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = digits.trim_start_matches('0');
    let number: u32 = if number.is_empty() { 0 } else { number.parse().ok()? };
    let negative = text.starts_with('-') && number != 0;
    (!negative && range.contains(&number)).then_some(number)
}

/// Reads a timeout in seconds.
pub(crate) fn timeout(text: &str, least: u32) -> Result<u32, Refusal> {
    number(text, least..=MAX_TIMEOUT)
        .ok_or_else(|| Refusal::senseless(format!("invalid timeout value `{text}' specified")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_a_sign_and_zeros_may_lead() {
        for text in ["10", " 10", "+10", "010", "\t+0010"] {
            assert_eq!(number(text, 1..=10), Some(10), "{text:?}");
        }
    }

    #[test]
    fn anything_else_is_no_number() {
        for text in ["", " ", "+", "x", "10 ", "1x", "0x10", "-1", "- 1", "+-1", "4294967296", "11", "0"] {
            assert_eq!(number(text, 1..=10), None, "{text:?}");
        }
        assert_eq!(number("4294967295", 1..=u32::MAX), Some(u32::MAX));
        assert_eq!(number("-0", 0..=1), Some(0));
    }
}
