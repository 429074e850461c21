//! The commands that show: `-L` and `-S`.

use std::io::{self, Write as _};

use ipvs::{Cause, Connection, Error, Handle, ServiceEntry, ServiceId};
use ipvsadm::{List, Listing, Refusal};

use super::{End, Session, print};

/// Text is written in pieces of this many bytes.
const PIECE: usize = 64 * 1024;

impl Session<'_> {
    pub(super) async fn list(&mut self, list: List) -> Result<(), End> {
        match list {
            List::Table { service, listing, sorted } => self.table(service, listing, sorted).await,
            List::Connections { numeric, engines } => {
                let text = match std::fs::read_to_string(Connection::FILE) {
                    Ok(text) => text,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        // Opening loads the module, or says why it cannot be.
                        self.handle().await?;
                        std::fs::read_to_string(Connection::FILE)?
                    }
                    Err(error) => return Err(error.into()),
                };
                print(&ipvsadm::connections(&text, numeric, engines, &self.names))
            }
            List::Timeouts => {
                let timeouts = self.handle().await?.timeouts().await?;
                print(&ipvsadm::timeouts(&timeouts))
            }
            List::Daemons => {
                let daemons = self.handle().await?.daemons().await?;
                print(&daemons.iter().map(ipvsadm::daemon).collect::<String>())
            }
        }
    }

    async fn table(&mut self, only: Option<ServiceId>, listing: Listing, sorted: bool) -> Result<(), End> {
        self.handle().await?;
        let Self { handle: Some(handle), names, .. } = self else { return Ok(()) };
        let mut text = String::new();
        let services = match only {
            Some(id) => vec![one(handle, id).await?],
            None => {
                text.push_str(&Listing::title(&handle.info().await?));
                services(handle, sorted).await?
            }
        };
        text.push_str(listing.headings());
        for entry in services {
            let mut destinations = handle.destinations(entry.service.id).await?;
            listing.write(&mut text, &entry, &mut destinations, sorted, names);
            pour(&mut text, PIECE)?;
        }
        pour(&mut text, 0)
    }

    pub(super) async fn save(&mut self, numeric: bool) -> Result<(), End> {
        self.handle().await?;
        let Self { handle: Some(handle), names, .. } = self else { return Ok(()) };
        let mut text = String::new();
        for ServiceEntry { service, .. } in services(handle, true).await? {
            let mut destinations = handle.destinations(service.id).await?;
            ipvsadm::save(&mut text, &service, &mut destinations, numeric, names);
            pour(&mut text, PIECE)?;
        }
        pour(&mut text, 0)
    }
}

async fn services(handle: &mut Handle, sorted: bool) -> Result<Vec<ServiceEntry>, Error> {
    let mut services = handle.services().await?;
    if sorted {
        ipvsadm::sort(&mut services, |entry| &entry.service);
    }
    Ok(services)
}

async fn one(handle: &mut Handle, id: ServiceId) -> Result<ServiceEntry, End> {
    handle.service(id).await.map_err(|error| {
        let is_missing = matches!(&error, Error::Refused(refusal) if refusal.cause == Cause::NoSuchService);
        if is_missing { Refusal::missing_service().into() } else { error.into() }
    })
}

/// Writes what has gathered, if it is more than `limit`.
fn pour(text: &mut String, limit: usize) -> Result<(), End> {
    if text.len() > limit {
        io::stdout().lock().write_all(text.as_bytes())?;
        text.clear();
    }
    if limit == 0 {
        io::stdout().lock().flush()?;
    }
    Ok(())
}
