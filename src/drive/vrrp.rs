//! The vrrp worker's loop.

use crate::exit::Exit;
use crate::plan::vrrp::VrrpPlan;
use crate::worker::{Order, Orders};

/// Works until told to stop.
pub(crate) async fn run(plan: VrrpPlan, orders: &mut Orders<VrrpPlan>, _leave_on_stop: bool) -> Exit {
    let mut _plan = plan;
    orders.configured().await;
    loop {
        match orders.next().await {
            Order::Reload(new) => {
                _plan = *new;
                tracing::info!("Reloading");
                orders.configured().await;
            }
            Order::Stop => return Exit::Ok,
        }
    }
}
