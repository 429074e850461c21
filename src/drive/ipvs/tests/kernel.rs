//! A kernel that keeps a table in memory and can be disturbed behind the daemon's back.

use std::collections::{BTreeMap, VecDeque};
use std::io;

use ipvs::attr::ConfigAttr;
use ipvs::{
    Destination, DestinationEntry, DestinationId, Reply, Request, Service, ServiceEntry, ServiceId, Transport,
};
use netlink_packet_core::{
    Emitable as _, NetlinkBuffer, NetlinkHeader, NetlinkMessage, NetlinkPayload, NlasIterator, Parseable as _,
};
use netlink_packet_generic::GenlMessage;

const FAMILY: u16 = 28;
const ACK: u16 = 4;
const DUMP: u16 = 0x300;
const ENOENT: i32 = 2;
const ESRCH: i32 = 3;
const EEXIST: i32 = 17;
const EINVAL: i32 = 22;

#[derive(Default)]
pub(super) struct Kernel {
    pub(super) table: BTreeMap<ServiceId, (Service, BTreeMap<DestinationId, Destination>)>,
    /// Messages that wanted a change.
    pub(super) changes: usize,
    answers: VecDeque<Vec<u8>>,
}

impl Kernel {
    /// The table as `port: last octet=weight …`.
    pub(super) fn rows(&self) -> Vec<String> {
        let port = |id: &ServiceId| match id {
            ServiceId::Address { port, .. } => *port,
            ServiceId::FwMark { .. } => 0,
        };
        let last = |id: &DestinationId| id.addr.to_string().rsplit('.').next().unwrap_or_default().to_owned();
        let rows = self.table.iter().map(|(id, (_, destinations))| {
            let row = destinations.values().map(|one| format!(" .{}={}", last(&one.id), one.weight.get()));
            format!("{}:{}", port(id), row.collect::<String>())
        });
        rows.collect()
    }

    fn take(&mut self, message: &[u8]) {
        let header = NetlinkBuffer::new(message);
        let (kind, flags, number) = (header.message_type(), header.flags(), header.sequence_number());
        if kind != FAMILY {
            // The look-up of the family: its number, then the acknowledgement.
            let [low, high] = FAMILY.to_ne_bytes();
            self.answer(kind, number, &[1, 2, 0, 0, 6, 0, 1, 0, low, high, 0, 0]);
            self.acknowledge(number, 0);
            return;
        }
        let attrs: Vec<ConfigAttr> =
            NlasIterator::new(&message[20..]).map(|nla| ConfigAttr::parse(&nla.unwrap()).unwrap()).collect();
        let mut service = None;
        let mut destination = None;
        for attr in &attrs {
            if let ConfigAttr::Service(nest) = attr {
                service = Some(ServiceEntry::decode(&nest.attrs).unwrap().service);
            } else if let (ConfigAttr::Destination(nest), Some(service)) = (attr, service) {
                let entry = DestinationEntry::decode(&nest.attrs, service.id.family());
                destination = Some(entry.unwrap().destination);
            }
        }
        match message[16] {
            4 if flags & DUMP == DUMP => {
                let services: Vec<Service> = self.table.values().map(|(service, _)| *service).collect();
                for service in services {
                    self.tell(number, Request::NewService(service));
                }
                self.done(number);
            }
            4 => match self.table.get(&service.unwrap().id) {
                Some((service, _)) => self.tell(number, Request::NewService(*service)),
                None => self.acknowledge(number, ESRCH),
            },
            8 => {
                let id = service.unwrap().id;
                let found = self.table.get(&id).map(|(_, found)| found.clone()).unwrap_or_default();
                for destination in found.into_values() {
                    self.tell(number, Request::NewDestination(id, destination));
                }
                self.done(number);
            }
            command => {
                self.changes += 1;
                let errno = self.change(command, service, destination);
                if errno != 0 || flags & ACK != 0 {
                    self.acknowledge(number, errno);
                }
            }
        }
    }

    fn change(&mut self, command: u8, service: Option<Service>, destination: Option<Destination>) -> i32 {
        let Some(service) = service else { return EINVAL };
        let exists = self.table.contains_key(&service.id);
        let Some(destination) = destination else {
            match (command, exists) {
                (1, true) => return EEXIST,
                (2 | 3, false) => return ESRCH,
                (1, false) => drop(self.table.insert(service.id, (service, BTreeMap::new()))),
                (2, true) => self.table.get_mut(&service.id).unwrap().0 = service,
                _ => drop(self.table.remove(&service.id)),
            }
            return 0;
        };
        let Some((_, destinations)) = self.table.get_mut(&service.id) else { return ESRCH };
        if destination.id.addr.is_multicast() {
            return EINVAL;
        }
        match (command, destinations.contains_key(&destination.id)) {
            (5, true) => EEXIST,
            (6 | 7, false) => ENOENT,
            (7, true) => {
                destinations.remove(&destination.id);
                0
            }
            (_, _) => {
                destinations.insert(destination.id, destination);
                0
            }
        }
    }

    /// A request says the same as the reply that shows its outcome.
    fn tell(&mut self, number: u32, request: Request) {
        let mut attrs = request.to_message().attrs;
        let reply = match attrs.pop() {
            Some(ConfigAttr::Destination(nest)) => Reply::Destination(nest),
            Some(ConfigAttr::Service(nest)) => Reply::Service(nest),
            other => panic!("not a thing in the table: {other:?}"),
        };
        let reply = GenlMessage::from_payload(reply);
        let mut payload = vec![0; reply.buffer_len()];
        reply.emit(&mut payload);
        self.answer(FAMILY, number, &payload);
    }

    fn done(&mut self, number: u32) {
        self.answer(3, number, &[0; 4]);
    }

    fn acknowledge(&mut self, number: u32, errno: i32) {
        let mut payload = (-errno).to_ne_bytes().to_vec();
        payload.extend([0; 16]);
        self.answer(2, number, &payload);
    }

    fn answer(&mut self, kind: u16, number: u32, payload: &[u8]) {
        let mut header = NetlinkHeader::default();
        header.sequence_number = number;
        let mut message: NetlinkMessage<GenlMessage<Reply>> =
            NetlinkMessage::new(header, NetlinkPayload::Overrun(payload.to_vec()));
        message.finalize();
        message.header.message_type = kind;
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        self.answers.push_back(bytes);
    }
}

/// Shared with the test, which looks at the table and disturbs it.
#[derive(Clone, Default)]
pub(super) struct Shared(pub(super) std::sync::Arc<std::sync::Mutex<Kernel>>);

impl Transport for Shared {
    async fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        let mut kernel = self.0.lock().unwrap();
        let mut rest = datagram;
        while !rest.is_empty() {
            let length = NetlinkBuffer::new(rest).length() as usize;
            kernel.take(&rest[..length]);
            rest = &rest[length..];
        }
        Ok(())
    }

    async fn receive(&mut self, into: &mut Vec<u8>) -> io::Result<()> {
        let next = self.0.lock().unwrap().answers.pop_front();
        match next {
            Some(datagram) => {
                *into = datagram;
                Ok(())
            }
            None => std::future::pending().await,
        }
    }
}
