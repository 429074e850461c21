//! The thread that writes lines: everything that waits, in one go.

use std::thread::sleep;
use std::time::Duration;

use tokio::sync::mpsc::Receiver;

use super::{Parcel, Writer};

/// After writing it lets lines gather for so long. Who has thousands to say would otherwise wake it for each of them, and lose
/// the processor to it each time.
const PAUSE: Duration = Duration::from_millis(2);

/// Writes what comes, until nobody can send any more.
pub(super) fn write_all(mut lines: Receiver<Parcel>, writer: &mut Writer) {
    while let Some(first) = lines.blocking_recv() {
        let mut next = Some(first);
        while let Some(parcel) = next.take() {
            take(parcel, writer);
            while let Ok(parcel) = lines.try_recv() {
                take(parcel, writer);
            }
            writer.flush();
            sleep(PAUSE);
            next = lines.try_recv().ok();
        }
    }
}

fn take(parcel: Parcel, writer: &mut Writer) {
    match parcel {
        Parcel::Line(line) => writer.write(&line),
        Parcel::Flush(done) => {
            writer.flush();
            // Whoever waited may have given up.
            let _ = done.try_send(());
        }
    }
}
