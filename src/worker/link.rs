//! The socket pair between supervisor and worker: length-prefixed postcard frames.

use std::io;
use std::marker::PhantomData;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;

use futures_util::{SinkExt, StreamExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio_util::bytes::{Bytes, BytesMut};
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec};

/// The largest frame accepted. A plan of a hundred thousand real servers stays far below it; a length beyond it can
/// only come from a broken peer.
const MAX_FRAME: usize = 1 << 30;

/// A buffer in which a plan was, and nothing is left, is given up from so many bytes on. Other messages are shorter.
const LARGE: usize = 1 << 16;

/// Makes the two ends: the supervisor's, and the descriptor that the worker inherits.
pub(crate) fn pair() -> io::Result<(UnixStream, OwnedFd)> {
    let (ours, theirs) = StdStream::pair()?;
    ours.set_nonblocking(true)?;
    theirs.set_nonblocking(true)?;
    Ok((UnixStream::from_std(ours)?, theirs.into()))
}

/// Splits an end into what is sent and what is received.
pub(crate) fn split<S, R>(stream: UnixStream) -> (Sender<S>, Receiver<R>) {
    let (read, write) = stream.into_split();
    let codec = || LengthDelimitedCodec::builder().max_frame_length(MAX_FRAME).new_codec();
    (
        Sender { frames: FramedWrite::new(write, codec()), message: PhantomData },
        Receiver { frames: FramedRead::new(read, codec()), message: PhantomData },
    )
}

/// Sends messages of one kind.
#[derive(Debug)]
pub(crate) struct Sender<S> {
    frames: FramedWrite<OwnedWriteHalf, LengthDelimitedCodec>,
    message: PhantomData<fn(S)>,
}

impl<S: Serialize> Sender<S> {
    /// Sends one message; an error means that the other end is gone.
    pub(crate) async fn send(&mut self, message: &S) -> io::Result<()> {
        let frame = postcard::to_stdvec(message).map_err(io::Error::other)?;
        self.send_frame(Bytes::from(frame)).await
    }

    /// Sends a message that is encoded already.
    pub(crate) async fn send_frame(&mut self, frame: Bytes) -> io::Result<()> {
        self.frames.send(frame).await?;
        give_up(self.frames.write_buffer_mut());
        Ok(())
    }
}

/// Receives messages of one kind.
#[derive(Debug)]
pub(crate) struct Receiver<R> {
    frames: FramedRead<OwnedReadHalf, LengthDelimitedCodec>,
    message: PhantomData<fn() -> R>,
}

impl<R: DeserializeOwned> Receiver<R> {
    /// Waits for the next message; `None` when the other end is gone. Loses nothing when dropped while waiting.
    pub(crate) async fn next(&mut self) -> Option<io::Result<R>> {
        let frame = self.frames.next().await?;
        let message = frame.and_then(|bytes| postcard::from_bytes(&bytes).map_err(io::Error::other));
        give_up(self.frames.read_buffer_mut());
        Some(message)
    }
}

fn give_up(buffer: &mut BytesMut) {
    if buffer.is_empty() && buffer.capacity() > LARGE {
        *buffer = BytesMut::new();
    }
}
