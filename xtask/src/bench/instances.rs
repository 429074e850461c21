//! What a thousand masters with twenty addresses each cost.

use super::Cast;
use lab::{Binary, Keepalived, Node, Outcome, Scene, While as _};
use nix::unistd::Pid;
use std::{
    fmt::Write as _,
    fs,
    net::IpAddr,
    time::{Duration, Instant},
};

const INSTANCES: usize = 1_000;
const ADDRESSES: usize = 20;

/// A VRID is one of 255 on its interface.
const PER_INTERFACE: usize = 250;

/// For how long the masters are watched.
const WATCH: Duration = Duration::from_secs(30);

/// For how long a start is waited for; then what is held by then counts.
const PATIENCE: Duration = Duration::from_secs(240);

/// Prints the table.
pub(super) fn measure(cast: &Cast, instances: Option<usize>) -> Outcome {
    let instances = instances.unwrap_or(INSTANCES);
    println!("{instances} instances with {ADDRESSES} addresses each, advert_int 1");
    println!("a start that takes longer than {} s is looked at then\n", PATIENCE.as_secs());
    println!(
        "| | addresses held | after | processor time until then | processor time a minute as master | memory (PSS) |\n\
         |---|---|---|---|---|---|"
    );
    for (name, binary) in cast.both() {
        let Costs { held, start, cpu, minute, memory } = play(binary, instances)?;
        println!(
            "| {name} | {held} | {:.2} s | {:.2} s | {:.2} s | {:.1} MiB |",
            start.as_secs_f64(),
            cpu.as_secs_f64(),
            minute.as_secs_f64(),
            memory / 1024.0
        );
    }
    Ok(())
}

struct Costs {
    held: usize,
    start: Duration,
    cpu: Duration,
    minute: Duration,
    /// In KiB.
    memory: f64,
}

fn play(binary: &Binary, instances: usize) -> Outcome<Costs> {
    let scene = Scene::new()?;
    let node = scene.node("one")?;
    let config = config(&interfaces(&node)?, instances, ADDRESSES);
    let begun = Instant::now();
    let mut daemon = Keepalived::start(&node, binary, &config)?;
    let wanted = instances * ADDRESSES;
    // Asking takes time from what is asked about, with a lock that it needs: not often.
    let held = || node.addresses().map(|all| all.iter().filter(|one| is_virtual(one)).count());
    while held()? < wanted && begun.elapsed() < PATIENCE {
        wait(Duration::from_millis(500));
    }
    let (held, start) = (held()?, begun.elapsed());
    let cpu = processor_time(&mut daemon)?;
    // Announcements are repeated once, five seconds later; they belong to the start.
    wait(Duration::from_secs(8));
    let before = processor_time(&mut daemon)?;
    wait(WATCH);
    let spent = processor_time(&mut daemon)?.saturating_sub(before);
    let minute = spent * 60 / u32::try_from(WATCH.as_secs()).unwrap_or(1);
    Ok(Costs { held, start, cpu, minute, memory: memory(&mut daemon)? })
}

/// Whether it is one of those in [`config`], and not the interface's own.
fn is_virtual(address: &IpAddr) -> bool {
    matches!(address, IpAddr::V4(v4) if v4.octets()[0] == 10 && v4.octets()[2] != 255)
}

/// Time is what is measured here, so it is let pass.
fn wait(time: Duration) {
    std::thread::sleep(time);
}

/// Interfaces for four times [`PER_INTERFACE`] instances, that lead nowhere.
pub(super) fn interfaces(node: &Node) -> Outcome<Vec<String>> {
    let names: Vec<_> = (0..4).map(|number| format!("side{number}")).collect();
    for (number, name) in names.iter().enumerate() {
        node.ip(&format!("link add {name} type veth peer name far{number}"))?;
        node.ip(&format!("address add 10.{}.255.1/16 dev {name}", 100 + number))?;
        node.ip(&format!("link set {name} up"))?;
        node.ip(&format!("link set far{number} up"))?;
    }
    Ok(names)
}

/// So many instances on these interfaces, each with so many addresses.
pub(super) fn config(interfaces: &[String], instances: usize, addresses: usize) -> String {
    let mut text = String::new();
    for number in 0..instances {
        let (network, host) = (number / PER_INTERFACE, number % PER_INTERFACE);
        let Some(interface) = interfaces.get(network) else { break };
        let _ = writeln!(
            text,
            "vrrp_instance V_{number} {{\n version 3\n interface {interface}\n virtual_router_id {}\n \
             priority 100\n advert_int 1\n virtual_ipaddress {{",
            host + 1
        );
        for address in 1..=addresses {
            let _ = writeln!(text, "  10.{}.{host}.{address}/32", 100 + network);
        }
        text.push_str(" }\n}\n");
    }
    text
}

fn processes(daemon: &mut Keepalived) -> Vec<Pid> {
    let supervisor = daemon.process().pid();
    daemon.workers().into_iter().chain([supervisor]).collect()
}

/// Of all its processes, in user and system mode.
fn processor_time(daemon: &mut Keepalived) -> Outcome<Duration> {
    /// The kernel counts for user programs in hundredths of a second, whatever its own clock.
    const TICK: Duration = Duration::from_millis(10);
    let mut ticks = 0;
    for pid in processes(daemon) {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).doing("a process of the daemon")?;
        // The name in parentheses may contain blanks; behind it the two times are the 12th and 13th word.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        ticks += fields.skip(11).take(2).filter_map(|field| field.parse::<u32>().ok()).sum::<u32>();
    }
    Ok(TICK * ticks)
}

/// Of all its processes, shared pages counted in parts, in KiB.
fn memory(daemon: &mut Keepalived) -> Outcome<f64> {
    let mut sum = 0.0;
    for pid in processes(daemon) {
        let text =
            fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).doing("a process of the daemon")?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        sum += number.unwrap_or_default();
    }
    Ok(sum)
}
