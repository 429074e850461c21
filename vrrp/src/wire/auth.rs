//! The eight bytes of authentication data at the end of a version 2 packet (RFC 2338 §5.3.10).

/// Length in bytes of the authentication data, present in IPv4 packets of version 2 whatever the type.
pub const DATA_LEN: usize = 8;

/// Compares in a time that does not depend on where the first difference is.
#[must_use]
pub fn equal(ours: &[u8; DATA_LEN], theirs: &[u8]) -> bool {
    theirs.len() == DATA_LEN && ours.iter().zip(theirs).fold(0, |diff, (a, b)| diff | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::equal;

    #[test]
    fn only_the_same_eight_bytes_are_equal() {
        assert!(equal(b"1111\0\0\0\0", b"1111\0\0\0\0"));
        assert!(!equal(b"1111\0\0\0\0", b"1111\0\0\0\x01"));
        assert!(!equal(b"1111\0\0\0\0", b"1111"));
    }
}
