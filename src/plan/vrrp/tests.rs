use super::instance::{receive_buffer, room_for_addresses};
use super::*;
use parser::config::{IfName, Located, Peering, RxBuffers, Span, UnicastChecksum, VrrpInstance};
use std::net::IpAddr;

fn span() -> Span {
    Span::new("keepalived.conf", 7)
}

fn named(name: &str) -> Located<IfName> {
    Located { value: IfName::new(name).expect("short enough"), span: span() }
}

fn line(text: &str, len: u8) -> config::Address {
    config::Address {
        span: span(),
        of: config::AddressOf::Virtual,
        prefix: config::Prefix { addr: text.parse().expect("an address"), len },
        dev: None,
        scope: None,
        broadcast: None,
        label: None,
        peer: None,
        home: false,
        detect_duplicates: false,
        manage_temporary: false,
        no_prefix_route: false,
        autojoin: false,
        track: true,
        preferred_lifetime: None,
        track_group: None,
        use_vmac: false,
    }
}

fn instance() -> VrrpInstance {
    VrrpInstance {
        name: "VI_1".into(),
        span: span(),
        vrid: 51,
        interface: Some(named("eth0")),
        vrf: None,
        version: config::Version::V2,
        family: config::Family::V4,
        strict: false,
        state: config::Role::Backup,
        priority: 100,
        advert_int: Duration::from_secs(1),
        preempt: true,
        preempt_delay: Duration::ZERO,
        accept: true,
        down_timer_adverts: 3,
        timer_expired_backup: None,
        peering: Peering::Multicast { group: "224.0.0.18".parse().expect("an address") },
        source: None,
        track_source: false,
        dont_track_primary: false,
        skip_check_adv_addr: false,
        v3_checksum_as_v2: false,
        unicast_checksum: UnicastChecksum::Detect,
        rx_buffer: None,
        linkbeat_use_polling: false,
        addresses: vec![line("10.0.0.100", 24)],
        excluded: Vec::new(),
        routes: Vec::new(),
        rules: Vec::new(),
        promote_secondaries: false,
        vmac: None,
        vmac_addr: false,
        vmac_xmit_base: false,
        ipvlan: None,
        garp: config::Garp::default(),
        lower_prio_no_advert: false,
        higher_prio_send_advert: false,
        owner_ignore_adverts: false,
        auth: config::Auth::None,
        hmac: None,
        tracking: config::Tracking::default(),
        sync_group: None,
        notify: config::Notify::default(),
        report_deleted: false,
        smtp_alert: false,
        notify_priority_changes: false,
    }
}

fn with_interfaces(instances: Vec<VrrpInstance>, interfaces: &[&str]) -> (VrrpPlan, Vec<Diagnostic>) {
    let config = Config { vrrp_instances: instances, ..Config::default() };
    let interfaces = interfaces.iter().map(|&name| name.to_owned()).collect();
    let mut complaints = Vec::new();
    let plan = plan(&config, &System { interfaces, ..System::default() }, None, &mut complaints);
    (plan, complaints)
}

#[test]
fn an_address_without_device_goes_on_the_interface_of_its_instance() {
    let elsewhere = config::Address { dev: Some(Box::new(named("eth1"))), ..line("10.0.1.100", 32) };
    let one = VrrpInstance { excluded: vec![elsewhere], ..instance() };
    let (plan, complaints) = with_interfaces(vec![one], &["eth0", "eth1"]);
    assert_eq!(complaints, []);
    let [one] = &plan.instances[..] else { panic!("one instance") };
    assert_eq!(one.addresses[0].interface, "eth0");
    assert_eq!(one.excluded[0].interface, "eth1");
    assert_eq!(one.interfaces().collect::<Vec<_>>(), ["eth0", "eth1"]);
    assert_eq!(one.params.addresses, [IpAddr::from([10, 0, 0, 100])]);
}

#[test]
fn a_missing_interface_is_named_and_fatal() {
    let (_, complaints) = with_interfaces(vec![instance()], &["eth1"]);
    let lines: Vec<String> = complaints.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "(keepalived.conf: Line 7) WARNING - interface eth0 for vrrp_instance VI_1 doesn't exist",
            "Non-existent interface specified in configuration",
            "Create the interface first, correct its name, or set dynamic_interfaces if it comes later"
        ]
    );
    assert_eq!(parser::diag::refusal(&complaints), Some(2));
    assert_eq!(parser::diag::test_exit_code(&complaints), 5);
}

#[test]
fn an_instance_is_left_out_rather_than_run_without_its_authentication() {
    let file = Located { value: "/nonexistent/key".to_owned(), span: span() };
    let hmac = config::Hmac {
        keys: vec![config::HmacKey { id: 1, key: config::KeySource::File(file) }],
        active: 1,
        window: Duration::from_secs(5),
        anti_replay: config::AntiReplay::Time,
        mode: config::HmacMode::Enforce,
    };
    let (plan, complaints) =
        with_interfaces(vec![VrrpInstance { hmac: Some(Box::new(hmac)), ..instance() }], &["eth0"]);
    assert_eq!(plan.instances, []);
    assert_eq!(complaints[1].text, "(VI_1) active key of auth_hmac cannot be used - ignoring the instance");
}

#[test]
fn a_full_packet_holds_as_many_addresses_as_the_originals() {
    let on = |mtu| {
        let mtus = std::iter::once(("eth0".to_owned(), mtu)).collect();
        System { mtus, ..System::default() }
    };
    let v6 = || VrrpInstance { family: config::Family::V6, version: config::Version::V3, ..instance() };
    assert_eq!(room_for_addresses(&instance(), &System::default()), 255);
    assert_eq!(room_for_addresses(&v6(), &System::default()), 89);
    assert_eq!(room_for_addresses(&instance(), &on(576)), 131);
    let ah = VrrpInstance { auth: config::Auth::Ah(config::Secret::new("secret")), ..instance() };
    assert_eq!(room_for_addresses(&ah, &on(576)), 125);
}

#[test]
fn addresses_beyond_what_an_advert_counts_are_held_but_not_advertised() {
    let addresses = (0..300_u16).map(|n| line(&format!("10.1.{}.{}", n / 200, n % 200), 32)).collect();
    let (plan, complaints) = with_interfaces(vec![VrrpInstance { addresses, ..instance() }], &["eth0"]);
    assert_eq!((plan.instances[0].params.addresses.len(), plan.instances[0].excluded.len()), (255, 45));
    assert!(complaints[0].text.starts_with("(VI_1) Number of VIPs (300) exceeds maximum"));
}

#[test]
fn receive_buffers_are_as_large_as_the_instance_or_else_the_policy_says() {
    let system = System::default();
    let of = |instance: &VrrpInstance, policy| receive_buffer(instance, policy, 2, &system);
    assert_eq!(of(&instance(), RxBuffers::System), None);
    assert_eq!(of(&instance(), RxBuffers::Bytes(5000)), Some(5000));
    assert_eq!(of(&instance(), RxBuffers::Mtu(3)), Some(4500));
    // IP and VRRP header, two addresses, the authentication data of version 2.
    assert_eq!(of(&instance(), RxBuffers::Advert(3)), Some(3 * (20 + 8 + 8 + 8)));
    let six = VrrpInstance { family: config::Family::V6, version: config::Version::V3, ..instance() };
    assert_eq!(of(&six, RxBuffers::Advert(3)), Some(3 * (8 + 2 * 16)));
    let own = VrrpInstance { rx_buffer: Some(70_000), ..instance() };
    assert_eq!(of(&own, RxBuffers::Mtu(3)), Some(70_000));
}
