//! `HTTP_GET`, `SSL_GET` and their `url`.

use crate::block::check::{Connect, Timing};
use crate::config::{HttpProtocol, TlsVerify};
use crate::keyword::{Args, Block, Nested, Rare, Refused, keywords};
use crate::read::Reader;
use crate::value::check::{
    DeprecatedRetry, Digest, Offset, RegexOptions, RegexPattern, RegexStack, StatusCodesValue,
};
use crate::value::flag::Flag;
use crate::value::word::{Maybe, Replaceable};

keywords! {
    /// What HTTP and HTTPS checks have in common.
    HttpRows {
        nb_get_retry: DeprecatedRetry => "Old name of retry.", else "Invalid nb_get_retry value '{}'", is Deprecated;
        virtualhost: Replaceable => "Host header.", missing "HTTP_GET virtualhost name missing";
        http_protocol: HttpProtocol => "Version of the request.", else "Invalid http_protocol version {}", missing "Missing http_protocol version";
        enable_sni: bool => "Send the virtual host by SNI.", else "Invalid enable_sni parameter {}";
        sni_name: Maybe => "Send this name by SNI.";
        fast_recovery: bool = false => "No pause between URLs at start and recovery.", else "Invalid fast_recovery parameter {}";
        + connect: Connect;
        + timing: Rare<Timing>;
    }
}

keywords! {
    /// Fetch by HTTP.
    HttpGetBlock {
        url: Nested<UrlBlock> => "What to fetch.";
        + http: HttpRows;
    }
}

keywords! {
    /// Fetch by HTTPS.
    SslGetBlock {
        url: Nested<TlsUrlBlock> => "What to fetch.";
        tls_compliant: bool = false => "Say goodbye as TLS wants it.", else "Invalid tls_compliant parameter {}";
        tls_verify: TlsVerify => "Whose certificate is good: anybody's, one of an authority of SSL, or one for this name too.", else "Invalid tls_verify parameter {}";
        tls_min_days: u16 [0..=3650] = 0 => "Days for which a verified certificate must be valid yet.", else "Invalid tls_min_days parameter {}";
        + http: HttpRows;
    }
}

keywords! {
    /// What to fetch and what must come back.
    UrlRows {
        path: Replaceable => "Path of the request.";
        digest: Digest => "MD5 of the body.", once "Digest '{}' is a duplicate";
        status_code: StatusCodesValue => "Status codes that are fine.";
        virtualhost: Replaceable => "Host header.", missing "Missing HTTP_GET virtualhost name";
        regex: RegexPattern => "The body must match.";
        regex_no_match: Flag => "The body must not match.";
        regex_options: RegexOptions => "Options of the pattern.";
        regex_min_offset: Offset => "A match may not begin before.";
        regex_max_offset: Offset => "A match may not begin behind.";
        regex_stack: RegexStack => "Has no effect: there is no such stack.", is NoEffect;
    }
}

keywords! {
    /// What to fetch by HTTP.
    UrlBlock {
        + rows: UrlRows;
    }
}

keywords! {
    /// What to fetch by HTTPS.
    TlsUrlBlock {
        tls_compliant: bool = false => "Say goodbye as TLS wants it.", else "Invalid tls_compliant parameter {}";
        + rows: UrlRows;
    }
}

/// Both forms of a block whose completion is the same.
macro_rules! blocks {
    ($($Block:ident |$block:ident| $missing:expr, $text:literal;)*) => {$(
        impl Block for $Block {
            fn open(_: &mut Args<'_, '_>) -> Result<Self, Refused> {
                Ok(Self::default())
            }

            fn close(self, reader: &mut Reader<'_>) -> Option<Self> {
                let $block = &self;
                if $missing {
                    reader.say($text);
                    return None;
                }
                Some(self)
            }
        }
    )*};
}

blocks! {
    HttpGetBlock |block| block.url.is_none(), "HTTP/SSL_GET checker has no urls specified - ignoring";
    SslGetBlock |block| block.url.is_none(), "HTTP/SSL_GET checker has no urls specified - ignoring";
    UrlBlock |block| block.rows.path.is_none(), "HTTP/SSL_GET checker url has no path - ignoring";
    TlsUrlBlock |block| block.rows.path.is_none(), "HTTP/SSL_GET checker url has no path - ignoring";
}
