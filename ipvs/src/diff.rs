//! From what is to what is wanted in as few requests as possible.

use std::collections::{HashMap, HashSet};

use crate::{Destination, DestinationId, Request, Service, ServiceId};

/// A service with its destinations, as wanted or as found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ServiceSpec {
    /// The service.
    pub service: Service,
    /// Its destinations; each address and port once.
    pub destinations: Vec<Destination>,
}

/// What to ask of the kernel, in this order.
pub type Difference = Vec<Request>;

/// The shortest list of requests that turns `actual` into `wanted`.
///
/// Services and destinations that only `actual` has are removed, so leave out of it what belongs to others. Services
/// come in the order of `wanted`; within one, destinations are added and changed before others are removed, so that it
/// is never emptier than both states. Where a list names an identity twice, the first counts.
pub fn diff(actual: &[ServiceSpec], wanted: &[ServiceSpec]) -> Difference {
    let mut requests = Vec::new();
    let mut leftover: HashMap<ServiceId, &ServiceSpec> = HashMap::with_capacity(actual.len());
    for spec in actual {
        leftover.entry(spec.service.id).or_insert(spec);
    }
    let mut seen = HashSet::with_capacity(wanted.len());
    for spec in wanted {
        let id = spec.service.id;
        if !seen.insert(id) {
            continue;
        }
        match leftover.remove(&id) {
            None => {
                requests.push(Request::NewService(spec.service));
                destinations(id, &[], &spec.destinations, &mut requests);
            }
            Some(found) => {
                if !spec.service.is_as(&found.service) {
                    requests.push(Request::SetService(spec.service));
                }
                destinations(id, &found.destinations, &spec.destinations, &mut requests);
            }
        }
    }
    let gone = actual.iter().map(|spec| spec.service.id).filter(|id| leftover.remove(id).is_some());
    requests.extend(gone.map(Request::DelService));
    requests
}

fn destinations(
    service: ServiceId,
    actual: &[Destination],
    wanted: &[Destination],
    requests: &mut Vec<Request>,
) {
    let mut found: HashMap<DestinationId, &Destination> = HashMap::with_capacity(actual.len());
    for destination in actual {
        found.entry(destination.id).or_insert(destination);
    }
    let mut seen = HashSet::with_capacity(wanted.len());
    for destination in wanted {
        if !seen.insert(destination.id) {
            continue;
        }
        match found.remove(&destination.id) {
            None => requests.push(Request::NewDestination(service, *destination)),
            Some(same) if same == destination => {}
            Some(_) => requests.push(Request::SetDestination(service, *destination)),
        }
    }
    let gone = actual.iter().map(|destination| destination.id).filter(|id| found.remove(id).is_some());
    requests.extend(gone.map(|id| Request::DelDestination(service, id)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Forwarding, Name, Weight};

    fn web(last: u8) -> Service {
        Service::new(ServiceId::tcp(([192, 0, 2, last], 80).into()))
    }

    fn server(last: u8) -> Destination {
        Destination::new(([198, 51, 100, last], 80).into(), Forwarding::Direct)
    }

    fn spec(service: Service, destinations: &[Destination]) -> ServiceSpec {
        ServiceSpec { service, destinations: destinations.to_vec() }
    }

    #[test]
    fn equal_tables_need_nothing() {
        let table = [spec(web(1), &[server(1), server(2)]), spec(web(2), &[])];
        let shuffled = [spec(web(2), &[]), spec(web(1), &[server(2), server(1)])];
        assert_eq!(diff(&table, &shuffled), []);
    }

    #[test]
    fn an_empty_table_gets_services_and_destinations_in_the_wanted_order() {
        let wanted = [spec(web(2), &[server(2), server(1)]), spec(web(1), &[])];
        let id = web(2).id;
        assert_eq!(
            diff(&[], &wanted),
            [
                Request::NewService(web(2)),
                Request::NewDestination(id, server(2)),
                Request::NewDestination(id, server(1)),
                Request::NewService(web(1)),
            ]
        );
    }

    #[test]
    fn one_changed_weight_is_one_request() {
        let heavier = Destination { weight: Weight::new(5).expect("in range"), ..server(1) };
        let actual = [spec(web(1), &[server(1), server(2)])];
        let wanted = [spec(web(1), &[heavier, server(2)])];
        assert_eq!(diff(&actual, &wanted), [Request::SetDestination(web(1).id, heavier)]);
    }

    #[test]
    fn a_changed_scheduler_leaves_the_destinations_alone() {
        let rr = Service { scheduler: Some(Name::new("rr").expect("short")), ..web(1) };
        assert_eq!(diff(&[spec(web(1), &[server(1)])], &[spec(rr, &[server(1)])]), [Request::SetService(rr)]);
    }

    #[test]
    fn a_service_that_goes_takes_its_destinations_along() {
        let actual = [spec(web(1), &[server(1), server(2)]), spec(web(2), &[server(1)])];
        assert_eq!(diff(&actual, &[spec(web(2), &[server(1)])]), [Request::DelService(web(1).id)]);
    }

    #[test]
    fn a_replaced_server_comes_before_the_old_one_goes() {
        let id = web(1).id;
        assert_eq!(
            diff(&[spec(web(1), &[server(1)])], &[spec(web(1), &[server(2)])]),
            [Request::NewDestination(id, server(2)), Request::DelDestination(id, server(1).id)]
        );
    }

    #[test]
    fn an_identity_named_twice_counts_once() {
        let id = web(1).id;
        let heavier = Destination { weight: Weight::MAX, ..server(1) };
        assert_eq!(
            diff(&[], &[spec(web(1), &[server(1), heavier]), spec(web(1), &[server(2)])]),
            [Request::NewService(web(1)), Request::NewDestination(id, server(1))]
        );
    }
}
