//! The crate `ipvs` in a network namespace that its caller is not in.

use ipvs::{Handle, Name, Request, Service, ServiceId};
use lab::{Binary, Failure, Outcome, Scene};
use std::{fs::File, os::fd::AsFd as _, path::Path};

pub(crate) fn a_handle_speaks_to_the_table_of_another_namespace(_: &Binary) -> Outcome {
    let scene = Scene::new()?;
    let [here, there] = [scene.node("here")?, scene.node("there")?];
    // The file by which `ip netns` and others hand a namespace around, and the number by which to tell it.
    let own = Path::new("/proc/thread-self/ns/net");
    let namespace = there.enter(|| File::open(own))??;
    let service = Service {
        scheduler: Some(Name::new("rr").map_err(|error| Failure::new(error.to_string()))?),
        ..Service::new(ServiceId::tcp(([10, 0, 0, 1], 80).into()))
    };
    let failure = |error: ipvs::Error| Failure::new(error.to_string());
    here.enter(|| -> Outcome {
        let before = std::fs::read_link(own)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut elsewhere = Handle::open_in(namespace.as_fd()).await.map_err(failure)?;
            let answer = elsewhere.change(&Request::NewService(service)).await.map_err(failure)?;
            answer.map_err(|refusal| Failure::new(refusal.to_string()))?;
            let found = elsewhere.table().await.map_err(failure)?;
            assert_eq!(found.iter().map(|spec| spec.service).collect::<Vec<_>>(), [service]);
            let mut own_table = Handle::open().await.map_err(failure)?;
            assert_eq!(own_table.table().await.map_err(failure)?, []);
            Ok::<_, Failure>(())
        })?;
        assert_eq!(std::fs::read_link(own)?, before, "the caller stays where it is");
        Ok(())
    })??;
    let shown = there.run("ipvsadm", &["-Sn"])?;
    assert_eq!(shown, "-A -t 10.0.0.1:80 -s rr\n");
    assert_eq!(here.run("ipvsadm", &["-Sn"])?, "");
    Ok(())
}
