//! rtnetlink: connections, questions, and messages that cannot be read whole.
//!
//! Kernels grow attributes, and a reader that is older than its kernel may find one of a length that it does not expect. That
//! costs the attribute, not the message: an interface whose statistics cannot be read has gone down all the same.

mod reader;

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use netlink_packet_core::{NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{AsyncSocket, SocketAddr, TokioSocket};
use rtnetlink::MulticastGroup;
use rtnetlink::proto::{self, ConnectionHandle};
use tokio::time::timeout;

use self::reader::Reader;

/// What the kernel says.
pub(crate) type Message = NetlinkMessage<RouteNetlinkMessage>;

/// Notices, in the kernel's order.
pub(crate) type Messages = futures_util::stream::BoxStream<'static, Message>;

/// How often a list is asked for that changes while it is read.
const ATTEMPTS: usize = 8;

/// The kernel answers before the question's `sendmsg` returns. An answer that is not there after twice as long as this found no
/// room in the socket.
const PATIENCE: Duration = Duration::from_secs(1);

/// A connection, whose socket is read by a task of its own.
pub(crate) struct Connection {
    /// Asks.
    pub(crate) handle: Handle,
    /// What the kernel says without being asked.
    pub(crate) notices: Messages,
    /// For options of the socket.
    pub(crate) socket: OwnedFd,
}

/// Connects, and listens to groups of notices; to be called in a runtime.
///
/// # Errors
///
/// The kernel has no socket for it.
pub(crate) fn connect(groups: &[MulticastGroup]) -> io::Result<Connection> {
    let mut socket = TokioSocket::new(NETLINK_ROUTE)?;
    socket.socket_mut().bind(&SocketAddr::new(0, 0))?;
    for group in groups {
        socket.socket_mut().add_membership(*group as u32)?;
    }
    over(socket)
}

/// Connects without notices. The kernel heeds what a question for a list limits it to, and refuses what it does not know.
///
/// # Errors
///
/// The kernel has no socket for it.
pub(crate) fn connect_strictly() -> io::Result<Connection> {
    let mut socket = TokioSocket::new(NETLINK_ROUTE)?;
    socket.socket_mut().set_netlink_get_strict_chk(true)?;
    over(socket)
}

/// Everything there is of one kind, for those who can wait: the question is asked on a thread of its own, in the network
/// namespace of the caller.
///
/// # Errors
///
/// The kernel refuses, or has no thread or socket for it.
pub(crate) fn dump_now(question: RouteNetlinkMessage) -> io::Result<Vec<RouteNetlinkMessage>> {
    let asking = std::thread::Builder::new().name("rtnetlink".into()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async { connect_strictly()?.handle.dump(question).await })
    })?;
    asking.join().map_err(|_| io::Error::other("the question was not carried through"))?
}

fn over<S: AsyncSocket + Send + 'static>(socket: S) -> io::Result<Connection> {
    let descriptor = socket.socket_ref().as_fd().try_clone_to_owned()?;
    let (mut connection, handle, notices) =
        proto::from_socket_with_codec::<RouteNetlinkMessage, S, Reader>(socket);
    // The end of a list says whether the list is whole.
    connection.set_forward_done(true);
    tokio::spawn(connection);
    let notices = notices.map(|(message, _)| message).boxed();
    Ok(Connection { handle: Handle(handle), notices, socket: descriptor })
}

/// Asks over a connection.
#[derive(Clone, Debug)]
pub(crate) struct Handle(ConnectionHandle<RouteNetlinkMessage>);

impl Handle {
    /// Sends a message. The kernel's answers end with an acknowledgement, which is none of them.
    ///
    /// # Errors
    ///
    /// The connection has ended.
    pub(crate) fn request(
        &self,
        message: Message,
    ) -> io::Result<impl Stream<Item = Message> + Unpin + use<>> {
        self.0.request(message, SocketAddr::new(0, 0)).map_err(io::Error::other)
    }

    /// Everything there is of one kind, as the fields of `question` that are set demand. A list that changed while it was read
    /// may lack what did not change, so it is asked for again; what changes without end is given as it was at any of the times.
    ///
    /// # Errors
    ///
    /// The kernel refuses, or the connection has ended.
    pub(crate) async fn dump(&self, question: RouteNetlinkMessage) -> io::Result<Vec<RouteNetlinkMessage>> {
        let (mut all, mut was_answered) = (Vec::new(), false);
        for _ in 0..ATTEMPTS {
            match self.answers(question.clone(), NLM_F_DUMP).await? {
                Answers::All(found) => return Ok(found),
                Answers::Some(found) => {
                    all.extend(found);
                    was_answered = true;
                }
                Answers::Lost => {}
            }
        }
        if was_answered { Ok(all) } else { Err(io::ErrorKind::TimedOut.into()) }
    }

    /// The one that `question` names.
    ///
    /// # Errors
    ///
    /// There is none, the kernel refuses, or the connection has ended.
    pub(crate) async fn get(&self, question: RouteNetlinkMessage) -> io::Result<Vec<RouteNetlinkMessage>> {
        for _ in 0..ATTEMPTS {
            match self.answers(question.clone(), 0).await? {
                Answers::All(found) | Answers::Some(found) => return Ok(found),
                Answers::Lost => {}
            }
        }
        Err(io::ErrorKind::TimedOut.into())
    }

    async fn answers(&self, question: RouteNetlinkMessage, flags: u16) -> io::Result<Answers> {
        let mut question = NetlinkMessage::from(question);
        question.header.flags = NLM_F_REQUEST | flags;
        let mut answers = self.request(question)?;
        let (mut found, mut are_all) = (Vec::new(), true);
        loop {
            let answer = match timeout(PATIENCE, answers.next()).await {
                Ok(answer) => answer,
                // If this thread was held up in a system call meanwhile, what it waits for is there now.
                Err(_) => match timeout(PATIENCE, answers.next()).await {
                    Ok(answer) => answer,
                    Err(_) => return Ok(Answers::Lost),
                },
            };
            let Some(answer) = answer else {
                return Ok(if are_all { Answers::All(found) } else { Answers::Some(found) });
            };
            are_all &= answer.header.flags & NLM_F_DUMP_INTR == 0;
            if let NetlinkPayload::InnerMessage(inner) = answer.payload {
                found.push(inner);
            } else if let NetlinkPayload::Error(error) = answer.payload {
                return Err(error.to_io());
            }
        }
    }
}

/// What a question has led to.
enum Answers {
    /// To all answers.
    All(Vec<RouteNetlinkMessage>),
    /// To a list that changed meanwhile.
    Some(Vec<RouteNetlinkMessage>),
    /// To nothing that arrived.
    Lost,
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::{Arc, Mutex};
    use std::task::{Context, Poll, Waker};

    use bytes::BufMut;
    use netlink_packet_core::{DoneMessage, ErrorMessage, NLM_F_MULTIPART};
    use netlink_packet_route::address::AddressMessage;
    use netlink_sys::Socket;

    use super::*;

    /// A socket whose kernel answers each question with the next of some lists of messages.
    struct Scripted {
        socket: Socket,
        state: Arc<Mutex<State>>,
    }

    #[derive(Default)]
    struct State {
        lists: VecDeque<Vec<Message>>,
        on_the_way: VecDeque<Vec<u8>>,
        reader: Option<Waker>,
    }

    impl Scripted {
        fn answer(&self, question: &[u8]) {
            let mut state = self.state.lock().expect("no holder panics");
            let number = u32::from_ne_bytes(question[8..12].try_into().expect("four bytes"));
            for mut message in state.lists.pop_front().unwrap_or_default() {
                message.header.sequence_number = number;
                message.finalize();
                let mut bytes = vec![0; message.buffer_len()];
                message.serialize(&mut bytes);
                state.on_the_way.push_back(bytes);
            }
            state.reader.take().into_iter().for_each(Waker::wake);
        }
    }

    impl AsyncSocket for Scripted {
        fn socket_ref(&self) -> &Socket {
            &self.socket
        }

        fn socket_mut(&mut self) -> &mut Socket {
            &mut self.socket
        }

        fn new(_: isize) -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn poll_send(&self, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            self.answer(bytes);
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_send_to(
            &self,
            context: &mut Context<'_>,
            bytes: &[u8],
            _: &SocketAddr,
        ) -> Poll<io::Result<usize>> {
            self.poll_send(context, bytes)
        }

        fn poll_recv<B: BufMut>(&self, context: &mut Context<'_>, buffer: &mut B) -> Poll<io::Result<()>> {
            let mut state = self.state.lock().expect("no holder panics");
            let Some(bytes) = state.on_the_way.pop_front() else {
                state.reader = Some(context.waker().clone());
                return Poll::Pending;
            };
            buffer.put_slice(&bytes);
            Poll::Ready(Ok(()))
        }

        fn poll_recv_from<B: BufMut>(
            &self,
            context: &mut Context<'_>,
            buffer: &mut B,
        ) -> Poll<io::Result<SocketAddr>> {
            self.poll_recv(context, buffer).map_ok(|()| SocketAddr::new(0, 0))
        }

        fn poll_recv_from_full(&self, context: &mut Context<'_>) -> Poll<io::Result<(Vec<u8>, SocketAddr)>> {
            let mut buffer = Vec::new();
            self.poll_recv_from(context, &mut buffer).map_ok(|from| (buffer, from))
        }
    }

    /// The notice of an address on the interface with this number.
    fn on(index: u32) -> RouteNetlinkMessage {
        let mut message = AddressMessage::default();
        message.header.index = index;
        RouteNetlinkMessage::NewAddress(message)
    }

    /// A list of addresses; `changed` where the kernel notes it, in the last of them or in its end.
    fn list(numbers: &[u32], changed: [bool; 2]) -> Vec<Message> {
        let [changed, changed_at_end] = changed.map(|changed| if changed { NLM_F_DUMP_INTR } else { 0 });
        let mut all: Vec<Message> = numbers.iter().map(|number| NetlinkMessage::from(on(*number))).collect();
        for message in &mut all {
            message.header.flags = NLM_F_MULTIPART;
        }
        if let Some(last) = all.last_mut() {
            last.header.flags |= changed;
        }
        let mut end = NetlinkMessage::from(on(0));
        end.payload = NetlinkPayload::Done(DoneMessage::default());
        end.header.flags = NLM_F_MULTIPART | changed_at_end;
        all.push(end);
        all
    }

    /// Asks for addresses where the kernel has these lists. Returns how many of them are left, too.
    fn ask(lists: Vec<Vec<Message>>) -> (io::Result<Vec<RouteNetlinkMessage>>, usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let socket = Socket::new(NETLINK_ROUTE).expect("a socket");
            let state = Arc::new(Mutex::new(State { lists: lists.into(), ..State::default() }));
            let Connection { handle, notices: _notices, socket: _ } =
                over(Scripted { socket, state: state.clone() }).expect("a connection");
            let question = RouteNetlinkMessage::GetAddress(AddressMessage::default());
            let answer = handle.dump(question).await;
            let left = state.lock().expect("no holder panics").lists.len();
            (answer, left)
        })
    }

    #[test]
    fn a_list_that_changed_while_it_was_read_is_asked_for_again() {
        let whole = list(&[1, 2, 3], [false; 2]);
        for changed in [[true, false], [false, true]] {
            let (found, left) = ask(vec![list(&[1, 3], changed), whole.clone(), whole.clone()]);
            assert_eq!(found.expect("a list"), [on(1), on(2), on(3)], "{changed:?}");
            assert_eq!(left, 1);
        }
    }

    #[test]
    fn a_list_that_never_stops_changing_lacks_nothing_that_was_in_it() {
        let parts = (0..20).map(|number| list(&[number % 4], [true; 2])).collect();
        let (found, left) = ask(parts);
        let found = found.expect("a list");
        assert!((0..4).all(|number| found.contains(&on(number))), "{found:?}");
        assert_eq!(left, 20 - ATTEMPTS);
    }

    #[test]
    fn a_refusal_is_an_error() {
        let mut refusal = NetlinkMessage::from(on(0));
        let mut error = ErrorMessage::default();
        error.code = std::num::NonZeroI32::new(-1);
        refusal.payload = NetlinkPayload::Error(error);
        let (answer, _) = ask(vec![vec![refusal]]);
        assert_eq!(answer.expect_err("a refusal").kind(), io::ErrorKind::PermissionDenied);
    }

    #[test]
    fn an_answer_that_is_lost_does_not_keep_anybody_waiting() {
        let (found, left) = ask(vec![Vec::new(), list(&[1], [false; 2])]);
        assert_eq!((found.expect("a list"), left), (vec![on(1)], 0));
    }
}
