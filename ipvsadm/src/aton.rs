//! IPv4 addresses in all the forms of `inet_aton`: one to four numbers, decimal, octal or hexadecimal, of which the
//! last fills the bytes that remain.

use std::net::Ipv4Addr;

/// Reads an address; blanks and anything behind them are ignored.
pub(crate) fn ipv4(text: &str) -> Option<Ipv4Addr> {
    let end =
        text.find(|letter: char| letter.is_ascii_whitespace() || letter == '\x0b').unwrap_or(text.len());
    let mut address: u32 = 0;
    let mut parts = text[..end].split('.');
    let mut next = parts.next();
    for room in (0..4).rev() {
        let part = part(next?)?;
        next = parts.next();
        let bits = 8 * room;
        if next.is_none() {
            let fits = u64::from(part) < 1 << (bits + 8);
            return fits.then(|| Ipv4Addr::from(address | part));
        }
        if part > 0xff {
            return None;
        }
        address |= part << bits;
    }
    None
}

fn part(text: &str) -> Option<u32> {
    let (digits, radix) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&text[2..], 16),
        [b'0', _, ..] => (&text[1..], 8),
        _ => (text, 10),
    };
    // from_str_radix would take a sign.
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, radix).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(text: &str, as_text: &str) {
        assert_eq!(ipv4(text), Some(as_text.parse().expect("an address")), "{text:?}");
    }

    #[test]
    fn the_last_number_fills_what_remains() {
        reads("10.0.0.1", "10.0.0.1");
        reads("10.1", "10.0.0.1");
        reads("10.1.258", "10.1.1.2");
        reads("167772420", "10.0.1.4");
        reads("24", "0.0.0.24");
        reads("4294967295", "255.255.255.255");
    }

    #[test]
    fn numbers_may_be_octal_or_hexadecimal_and_blanks_end_them() {
        reads("0x0a000103", "10.0.1.3");
        reads("010.0.0.1", "8.0.0.1");
        reads("10.0.0.0X2a", "10.0.0.42");
        reads("10.0.0.5 and more", "10.0.0.5");
    }

    #[test]
    fn what_does_not_fit_is_no_address() {
        for text in [
            "",
            ".",
            "10.",
            "256.0.0.1",
            "10.0.0.256",
            "10.256.1",
            "10.0.0.1.1",
            " 10.0.0.1",
            "08",
            "+1",
            "a",
            "0x",
            "4294967296",
            "1..2",
        ] {
            assert_eq!(ipv4(text), None, "{text:?}");
        }
    }
}
