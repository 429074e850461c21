//! A plan or a configuration at rest: in the form that takes the least room, which is also the one in which a plan travels to
//! its worker. Names and networks come again and again, so that it is compressed.

use std::fmt;
use std::io;
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
    pub(crate) fn new(plan: &P) -> io::Result<Self> {
        let plain = postcard::to_stdvec(plan).map_err(io::Error::other)?;
        // Written into a vector for the worst case; what is kept has no room to spare.
        let bytes = lz4_flex::compress_prepend_size(&plain).into_boxed_slice();
        Ok(Self { bytes: bytes.into(), plan: PhantomData })
    }

    /// The plan again.
    ///
    /// # Errors
    ///
    /// Of bytes that did not come from [`Self::new`] of this version.
    pub(crate) fn unpack(&self) -> io::Result<P> {
        let plain = lz4_flex::decompress_size_prepended(&self.bytes).map_err(io::Error::other)?;
        postcard::from_bytes(&plain).map_err(io::Error::other)
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
