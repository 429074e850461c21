//! The message of an alert, as keepalived writes it (compat/daemon.md §17.4).

use super::Settings;

/// The longest subject, in bytes, as keepalived cuts it.
const MAX_SUBJECT: usize = 255;
/// The longest body line, in bytes.
const MAX_BODY: usize = 511;

/// The part of a configured address that goes into the envelope: what stands in `<…>`, else all of it.
pub(super) fn envelope(address: &str) -> &str {
    match (address.rfind('<'), address.strip_suffix('>')) {
        (Some(open), Some(inner)) => &inner[open + 1..],
        (None, _) | (_, None) => address,
    }
}

/// An address as it stands in a header: a display name with a special character is quoted (RFC 5322 §3.2.3).
fn header(address: &str) -> String {
    let Some(open) = address.rfind('<').filter(|_| address.ends_with('>')) else { return address.to_owned() };
    let name = address[..open].trim_end();
    let already_quoted = name.len() >= 2 && name.starts_with('"') && name.ends_with('"');
    if already_quoted || !name.contains(|c| r#"()<>[]:;@\,.""#.contains(c)) {
        return address.to_owned();
    }
    let escaped = name.replace('\\', r"\\").replace('"', r#"\""#);
    format!("\"{escaped}\" {}", &address[open..])
}

/// Cuts to at most `limit` bytes, never through a character.
fn cut(text: &str, limit: usize) -> &str {
    let mut end = text.len().min(limit);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The message without the empty line and the dot that end it on the wire; the transport adds these.
pub(super) fn compose(
    settings: &Settings,
    now: chrono::DateTime<chrono::FixedOffset>,
    subject: &str,
    body: &str,
) -> String {
    let subject = format!("[{}] {subject}", settings.router_id);
    let to = settings.to.iter().map(|address| header(address)).collect::<Vec<_>>().join(",\r\n ");
    format!(
        "Date: {}\r\nFrom: {}\r\nSubject: {}\r\nX-Mailer: Keepalived\r\nTo: {to}\r\n\r\n{}\r\n",
        now.format("%a, %d %b %Y %T %z"),
        header(&settings.from),
        cut(&subject, MAX_SUBJECT),
        cut(body, MAX_BODY),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_the_originals_byte_for_byte() {
        let now = chrono::DateTime::parse_from_rfc3339("2026-11-22T15:00:31+00:00").unwrap();
        let text = compose(
            &super::super::tests::settings(([127, 0, 0, 1], 25).into()),
            now,
            "VRRP Group G1 - Entering BACKUP state",
            "=> All VRRP group instances are now in BACKUP state <=",
        );
        assert_eq!(
            text,
            "Date: Sun, 22 Nov 2026 15:00:31 +0000\r\n\
             From: Keepalived Box <ka@lb1.example.com>\r\n\
             Subject: [ROUTER_A] VRRP Group G1 - Entering BACKUP state\r\n\
             X-Mailer: Keepalived\r\n\
             To: admin@example.com,\r\n \"Ops.Team (night)\" <ops@example.org>,\r\n plain@example.net\r\n\
             \r\n\
             => All VRRP group instances are now in BACKUP state <=\r\n"
        );
    }

    #[test]
    fn the_envelope_holds_only_what_stands_in_angle_brackets() {
        assert_eq!(envelope("Ops <ops@example.org>"), "ops@example.org");
        assert_eq!(envelope("a < b <ops@example.org>"), "ops@example.org");
        assert_eq!(envelope("ops@example.org"), "ops@example.org");
        assert_eq!(envelope(">"), ">");
    }

    #[test]
    fn a_long_subject_is_cut_between_characters() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
    }
}
