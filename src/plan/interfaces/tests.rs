use super::super::tests::whole;

const INSTANCE: &str =
    "vrrp_instance v {\n interface eth0\n virtual_router_id 1\n virtual_ipaddress {\n  10.0.0.1\n }\n";

fn said(text: String) -> Vec<String> {
    let (_, said) = whole(text.leak());
    said
}

/// config-language.md §18, 53
#[test]
fn a_delay_for_an_interface_that_is_not_there_is_told_and_has_no_effect() {
    let said = said(format!("{INSTANCE}}}\ninterface_up_down_delays {{\n eth1 2\n nosuch0 1\n}}\n"));
    assert_eq!(said, ["(keepalived.conf: Line 10) unknown interface nosuch0 specified for up/down delay"]);
}

#[test]
fn whatever_needs_an_interface_that_is_not_there_is_told() {
    let all = |inside: &str, outside: &str| said(format!("{INSTANCE}{inside}}}\n{outside}"));
    for (inside, outside, told) in [
        ("track_interface {\nnosuch weight 5\n}\n", "", "8) (v) tracked interface nosuch doesn't exist"),
        (
            "virtual_ipaddress_excluded {\n10.0.0.2/24 dev nosuch\n}\n",
            "",
            "8) WARNING - interface nosuch for ip address 10.0.0.2/24 doesn't exist",
        ),
        (
            "virtual_routes {\n10.1.0.0/16 nexthop dev eth1 nexthop dev nosuch\n}\n",
            "",
            "8) WARNING - interface nosuch for VROUTE nexthop doesn't exist",
        ),
        (
            "virtual_rules {\niif nosuch table 1 preference 1\n}\n",
            "",
            "8) WARNING - interface nosuch for rule doesn't exist",
        ),
        (
            "",
            "static_ipaddress {\n10.0.0.3 dev nosuch\n}\n",
            "9) WARNING - interface nosuch for ip address 10.0.0.3 doesn't exist",
        ),
        (
            "",
            "garp_group {\ngarp_interval 1\ninterface nosuch\n}\n",
            "10) WARNING - interface nosuch specified for garp_group doesn't exist",
        ),
    ] {
        let told = format!("(keepalived.conf: Line {told}");
        let said = all(inside, outside);
        assert!(said.contains(&told), "{told} {said:?}");
        assert!(
            said.iter().any(|line| line == "Non-existent interface specified in configuration"),
            "{said:?}"
        );
        let later = format!("global_defs {{ dynamic_interfaces }} {outside}");
        let awaited =
            "Configuration specifies interface nosuch which doesn't currently exist - will use if created";
        assert_eq!(
            all(inside, &later).iter().filter(|line| line.contains("nosuch")).collect::<Vec<_>>(),
            [awaited]
        );
    }
}

#[test]
fn an_interface_that_the_daemon_makes_is_there() {
    let said = said(format!("{INSTANCE}use_vmac vrrp9\ntrack_interface {{\nvrrp9\n}}\n}}\n"));
    assert!(!said.iter().any(|line| line.contains("doesn't exist")), "{said:?}");
}

#[test]
fn a_static_address_without_interface_needs_the_default_one() {
    let text = "global_defs {\ndefault_interface nosuch\n}\nstatic_ipaddress {\n10.0.0.1\n}\n";
    let said = said(text.to_owned());
    let told = "(keepalived.conf: Line 5) Static address 10.0.0.1 requires either an interface or default interface must exist";
    assert!(said.iter().any(|line| line == told), "{said:?}");
}
