//! A plan at rest: in the form that takes the least room, which is also the one in which it travels to its worker.

use std::fmt;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio_util::bytes::Bytes;

/// A packed `P`. Copies share their bytes.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub(crate) struct Packed<P> {
    bytes: Bytes,
    plan: PhantomData<fn() -> P>,
}

impl<P: Serialize + DeserializeOwned> Packed<P> {
    /// Packs a plan.
    ///
    /// # Errors
    ///
    /// None that a plan can cause.
    pub(crate) fn new(plan: &P) -> postcard::Result<Self> {
        // Written into a vector that doubles; what is kept has no room to spare.
        let bytes = postcard::to_stdvec(plan)?.into_boxed_slice();
        Ok(Self { bytes: bytes.into(), plan: PhantomData })
    }

    /// The plan again.
    ///
    /// # Errors
    ///
    /// Of bytes that did not come from [`Self::new`] of this version.
    pub(crate) fn unpack(&self) -> postcard::Result<P> {
        postcard::from_bytes(&self.bytes)
    }
}

impl<P> Clone for Packed<P> {
    fn clone(&self) -> Self {
        Self { bytes: self.bytes.clone(), plan: PhantomData }
    }
}

impl<P> fmt::Debug for Packed<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::checkers::CheckersPlan;
    use crate::plan::tests::whole;

    #[test]
    fn a_plan_comes_back_as_it_was() {
        let text = "virtual_server 10.1.0.1 80 {\nreal_server 10.2.0.1 80 {\nTCP_CHECK {\n}\n}\n}\n";
        let plan = whole(text).0.checkers;
        assert_eq!(plan.services.len(), 1);
        let packed = Packed::new(&plan).unwrap();
        assert_eq!(packed.unpack().unwrap(), plan);
        let sent: Packed<CheckersPlan> =
            postcard::from_bytes(&postcard::to_stdvec(&packed).unwrap()).unwrap();
        assert_eq!(sent.unpack().unwrap(), plan);
    }
}
