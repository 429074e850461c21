//! Numbers in no order, and the same ones each time, so that a failure can be had again.

/// A generator of small numbers: xorshift.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// One that gives other numbers than those of other seeds.
    pub fn new(seed: u64) -> Self {
        // Zero would stay zero.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `sides`, which is not 0.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    /// One of these, of which there must be one.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let place = self.roll(u64::try_from(from.len()).unwrap_or(u64::MAX));
        from[usize::try_from(place).unwrap_or(0)]
    }
}
