//! The number in a tracked file, as C reads one.

/// How much of a file is looked at, in bytes.
pub const LENGTH: usize = 127;

/// What a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A number; 0 if there is none.
    Number(i32),
    /// A number that is too large to count.
    OutOfRange(i128),
}

/// Reads the number a text begins with: blanks, a sign, then decimal digits, hexadecimal ones after `0x`, octal ones after `0`.
/// What follows is not looked at.
#[must_use]
pub fn read(text: &[u8]) -> Found {
    let text = &text[..text.len().min(LENGTH)];
    let text = text.trim_ascii_start();
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let (radix, digits) = match text {
        [b'0', b'x' | b'X', digit, ..] if digit.is_ascii_hexdigit() => (16, &text[2..]),
        [b'0', ..] => (8, text),
        _ => (10, text),
    };
    let value =
        digits.iter().map_while(|byte| char::from(*byte).to_digit(radix)).fold(0_i128, |value, digit| {
            value.saturating_mul(i128::from(radix)).saturating_add(i128::from(digit))
        });
    let value = if negative { -value } else { value };
    i32::try_from(value).map_or(Found::OutOfRange(value), Found::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_c_reads_them() {
        let cases: [(&str, i32); 12] = [
            ("5\n", 5),
            ("  -17 of them", -17),
            ("+3", 3),
            ("0x10", 16),
            ("0X1f", 31),
            ("0x", 0),
            ("010", 8),
            ("09", 0),
            ("", 0),
            ("none", 0),
            ("- 3", 0),
            ("2147483647", i32::MAX),
        ];
        for (text, number) in cases {
            assert_eq!(read(text.as_bytes()), Found::Number(number), "{text:?}");
        }
    }

    #[test]
    fn a_number_beyond_32_bits_does_not_count() {
        assert_eq!(read(b"2147483648"), Found::OutOfRange(2_147_483_648));
        assert_eq!(read(b"-2147483648"), Found::Number(i32::MIN));
        assert!(matches!(read(&[b'9'; 4096]), Found::OutOfRange(_)));
    }
}
