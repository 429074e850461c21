//! Whether enough weight is up (checkers.md §8).

/// The quorum of one virtual server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quorum {
    quorum: u32,
    hysteresis: u32,
    met: bool,
}

/// A change of the quorum, with the threshold that was crossed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// There is enough weight now.
    Gained(u32),
    /// There is no longer enough.
    Lost(u32),
}

impl Quorum {
    /// Not met until weighed.
    pub fn new(quorum: u32, hysteresis: u32) -> Self {
        Self { quorum, hysteresis, met: false }
    }

    /// The same state under new numbers.
    pub fn reconfigured(self, quorum: u32, hysteresis: u32) -> Self {
        Self { quorum, hysteresis, ..self }
    }

    /// Whether there was enough weight when last weighed.
    pub fn is_met(&self) -> bool {
        self.met
    }

    /// The configured quorum.
    pub fn quorum(&self) -> u32 {
        self.quorum
    }

    /// The configured hysteresis.
    pub fn hysteresis(&self) -> u32 {
        self.hysteresis
    }

    /// The weight that gains the quorum. The sum is taken in 32 bits, as keepalived's is: a quorum of 0 comes with a
    /// hysteresis of 4,294,967,295 and is never met.
    pub fn to_gain(&self) -> u32 {
        self.quorum.wrapping_add(self.hysteresis)
    }

    /// The weight below which the quorum is lost.
    pub fn to_keep(&self) -> u32 {
        self.quorum.wrapping_sub(self.hysteresis)
    }

    /// Takes the weight of all servers that are up.
    pub fn weigh(&mut self, sum: u64) -> Option<Turn> {
        if self.met {
            let lost = sum == 0 || sum < u64::from(self.to_keep());
            self.met = !lost;
            lost.then_some(Turn::Lost(self.to_keep()))
        } else {
            self.met = sum >= u64::from(self.to_gain());
            self.met.then_some(Turn::Gained(self.to_gain()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn gain_and_loss_lie_a_hysteresis_on_either_side_of_the_quorum() {
        let mut quorum = Quorum::new(2, 1);
        assert_eq!([quorum.weigh(2), quorum.weigh(3)], [None, Some(Turn::Gained(3))]);
        assert_eq!([quorum.weigh(1), quorum.weigh(0)], [None, Some(Turn::Lost(1))]);
    }

    #[test]
    fn without_any_weight_the_quorum_is_lost_whatever_the_threshold() {
        let mut quorum = Quorum::new(1, 1);
        assert_eq!([quorum.weigh(2), quorum.weigh(0)], [Some(Turn::Gained(2)), Some(Turn::Lost(0))]);
    }

    #[test]
    fn servers_that_all_weigh_nothing_never_make_a_quorum() {
        let mut quorum = Quorum::new(0, u32::MAX);
        assert_eq!(quorum.weigh(0), None);
        assert!(!quorum.is_met());
    }

    proptest! {
        /// The model looks at the whole history: met since the last time the sum reached the upper threshold, unless it
        /// was zero or below the lower one since.
        #[test]
        fn the_state_is_that_of_a_model_that_reads_the_whole_history(
            quorum in 1u32..20,
            hysteresis in 0u32..19,
            sums in prop::collection::vec(0u64..45, 0..60),
        ) {
            prop_assume!(hysteresis < quorum);
            let (upper, lower) = (u64::from(quorum + hysteresis), u64::from(quorum - hysteresis));
            let mut machine = Quorum::new(quorum, hysteresis);
            for (at, sum) in sums.iter().enumerate() {
                let before = machine.is_met();
                let turn = machine.weigh(*sum);
                let gained = sums[..=at].iter().rposition(|sum| *sum >= upper);
                let lost = sums[..=at].iter().rposition(|sum| *sum == 0 || *sum < lower);
                prop_assert_eq!(machine.is_met(), gained > lost);
                prop_assert_eq!(turn.is_some(), before != machine.is_met());
            }
        }
    }
}
