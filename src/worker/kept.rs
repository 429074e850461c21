//! The plan in force, for a worker that is told to read it once more.

use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A plan in the form that takes the least room: a worker needs it again only when a signal is sent to it alone.
#[derive(Debug)]
pub(super) struct Kept<P> {
    bytes: Box<[u8]>,
    plan: PhantomData<fn() -> P>,
}

impl<P: Serialize + DeserializeOwned> Kept<P> {
    /// Keeps a plan.
    ///
    /// # Errors
    ///
    /// Of a plan that cannot be encoded, which then did not come from the supervisor.
    pub(super) fn new(plan: &P) -> postcard::Result<Self> {
        Ok(Self { bytes: postcard::to_stdvec(plan)?.into_boxed_slice(), plan: PhantomData })
    }

    /// The plan again.
    ///
    /// # Errors
    ///
    /// None that [`Self::new`] lets arise.
    pub(super) fn unpack(&self) -> postcard::Result<P> {
        postcard::from_bytes(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::whole;

    #[test]
    fn a_plan_comes_back_as_it_was() {
        let text = "virtual_server 10.1.0.1 80 {\nreal_server 10.2.0.1 80 {\nTCP_CHECK {\n}\n}\n}\n";
        let plan = whole(text).0.checkers;
        assert_eq!(plan.services.len(), 1);
        assert_eq!(Kept::new(&plan).unwrap().unpack().unwrap(), plan);
    }
}
