//! How long the reader takes, without files and without what the daemon makes of the result: `cargo bench -p parser`.

use criterion::{BenchmarkId, Criterion, Throughput};
use parser::source::{Found, Sources, Text};
use parser::{Options, parse};

/// One text, whatever is asked for.
struct One(String);

impl Sources for One {
    fn find(&mut self, pattern: &str, directory: &str) -> Found {
        let text = Text {
            name: pattern.to_owned(),
            directory: directory.to_owned(),
            identity: pattern.to_owned(),
            bytes: self.0.clone().into_bytes(),
        };
        Found { texts: vec![text], problems: Vec::new() }
    }

    fn directory(&self) -> String {
        "/".to_owned()
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn random(&mut self) -> u32 {
        0
    }
}

/// Virtual servers with one real server each.
fn services(count: u32) -> String {
    (0..count)
        .map(|nth| {
            let [_, high, middle, low] = nth.to_be_bytes();
            format!(
                "virtual_server 10.{high}.{middle}.{low} 80 {{\n    lb_algo rr\n    lb_kind NAT\n    protocol TCP\n    \
                 real_server 172.16.{middle}.{low} 80 {{\n        TCP_CHECK {{\n            connect_timeout 3\n        \
                 }}\n    }}\n}}\n"
            )
        })
        .collect()
}

/// Virtual routers, each with a group of its own.
fn instances(count: u32) -> String {
    (0..count)
        .map(|nth| {
            let [_, high, middle, low] = nth.to_be_bytes();
            format!(
                "vrrp_instance VI_{nth} {{\n    interface eth0\n    virtual_router_id {}\n    \
                 mcast_dst_ip 224.{high}.{middle}.{low}\n    virtual_ipaddress {{\n        10.{high}.{middle}.{low}/32\n    \
                 }}\n}}\n",
                nth % 255 + 1
            )
        })
        .collect()
}

/// Each size is ten times the one before: the throughput must stay.
fn read(criterion: &mut Criterion) {
    for (name, text) in [("services", services as fn(u32) -> String), ("instances", instances)] {
        let mut group = criterion.benchmark_group(name);
        for count in [100, 1_000, 10_000] {
            let mut source = One(text(count));
            group.throughput(Throughput::Bytes(source.0.len() as u64)).sample_size(10);
            group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
                bencher.iter(|| parse("F", &mut source, Options::default()));
            });
        }
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    read(&mut criterion);
    criterion.final_summary();
}
