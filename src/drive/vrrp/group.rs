//! Sync groups of the worker: the core, and the way from a virtual router to its group.

use vrrp::{Router, sync};

use super::instance::Instance;
use super::tell::Voice;
use crate::plan::vrrp as plan;

/// One sync group.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) plan: plan::Group,
    pub(super) core: sync::Group,
    pub(super) voice: Voice,
}

impl Group {
    pub(super) fn new(plan: plan::Group) -> Self {
        Self { plan, core: sync::Group::new(), voice: Voice::default() }
    }

    /// The place in it of the virtual router with this index.
    pub(super) fn place(&self, index: usize) -> Option<usize> {
        self.plan.members.iter().position(|member| *member == index)
    }
}

/// The members of a group among all virtual routers.
pub(super) struct Members<'a> {
    pub(super) instances: &'a mut [Instance],
    pub(super) indexes: &'a [usize],
}

impl sync::Members for Members<'_> {
    fn count(&self) -> usize {
        self.indexes.len()
    }

    fn get(&self, member: usize) -> &Router {
        &self.instances[self.indexes[member]].router
    }

    fn get_mut(&mut self, member: usize) -> &mut Router {
        &mut self.instances[self.indexes[member]].router
    }
}
