//! Readers of `keepalived.json`: mehdy/keepalived-exporter, gen2brain/keepalived_exporter, VyOS, Checkmk.

use lab::{Failure, Outcome};
use serde_json::{Map, Value};

/// What all of them look for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Router {
    pub(crate) name: String,
    pub(crate) interface: String,
    pub(crate) state: u64,
    pub(crate) vrid: u64,
    pub(crate) priority: u64,
    pub(crate) last_transition: f64,
    pub(crate) vips: Vec<String>,
    pub(crate) excluded: Vec<String>,
    pub(crate) stats: Map<String, Value>,
}

/// Whole numbers, which Go would refuse with a fraction.
const WHOLE: [&str; 8] = [
    "state",
    "wantstate",
    "vrid",
    "garp_delay",
    "base_priority",
    "effective_priority",
    "version",
    "garp_rep",
];

/// What mehdy's exporter counts.
const COUNTED: [&str; 14] = [
    "advert_rcvd",
    "advert_sent",
    "become_master",
    "release_master",
    "packet_len_err",
    "advert_interval_err",
    "ip_ttl_err",
    "invalid_type_rcvd",
    "addr_list_err",
    "invalid_authtype",
    "authtype_mismatch",
    "auth_failure",
    "pri_zero_rcvd",
    "pri_zero_sent",
];

/// Reads layout 1, a list, or layout 2, an object with the list.
pub(crate) fn routers(text: &str, layout: u8) -> Outcome<Vec<Router>> {
    let whole: Value =
        serde_json::from_str(text).map_err(|error| Failure::new(format!("{error} in {text}")))?;
    let list = if layout == 2 { whole.get("vrrp").unwrap_or(&Value::Null) } else { &whole };
    let list = list.as_array().ok_or_else(|| Failure::new(format!("no list: {text}")))?;
    list.iter().map(router).collect()
}

fn router(one: &Value) -> Outcome<Router> {
    let missing = |what: &str| Failure::new(format!("{what} in {one}"));
    let data = one.get("data").and_then(Value::as_object).ok_or_else(|| missing("data"))?;
    let stats = one.get("stats").and_then(Value::as_object).ok_or_else(|| missing("stats"))?;
    let whole = |key: &str| data.get(key).and_then(Value::as_u64).ok_or_else(|| missing(key));
    let word =
        |key: &str| data.get(key).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| missing(key));
    for key in WHOLE {
        whole(key)?;
    }
    for key in COUNTED {
        stats.get(key).and_then(Value::as_u64).ok_or_else(|| missing(key))?;
    }
    let list = |key: &str| -> Vec<String> {
        let texts = data.get(key).and_then(Value::as_array).into_iter().flatten();
        texts.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    Ok(Router {
        name: word("iname")?,
        interface: word("ifp_ifname")?,
        state: whole("state")?,
        vrid: whole("vrid")?,
        priority: whole("effective_priority")?,
        last_transition: data
            .get("last_transition")
            .and_then(Value::as_f64)
            .ok_or_else(|| missing("last_transition"))?,
        vips: list("vips"),
        excluded: list("evips"),
        stats: stats.clone(),
    })
}
