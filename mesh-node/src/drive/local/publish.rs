//! What a local mesh tells of itself to whoever watches the process: counts for Prometheus, and whether it is well.

use super::Local;
use crate::observe::{Health, Part};
use crate::usage;
use metrics::{counter, gauge};

impl Local {
    /// Puts its counts where metrics are rendered from.
    pub fn publish(&self) {
        let figures = self.figures();
        counter!("mesh_messages_total").absolute(figures.messages);
        counter!("mesh_inputs_handled_total").absolute(figures.handled);
        counter!("mesh_messages_dropped_total").absolute(figures.dropped);
        let workers = self.worker_figures();
        counter!("mesh_worker_tasks_begun_total").absolute(workers.begun);
        counter!("mesh_worker_tasks_total", "outcome" => "done").absolute(workers.done);
        counter!("mesh_worker_tasks_total", "outcome" => "failed").absolute(workers.failed);
        counter!("mesh_worker_tasks_total", "outcome" => "interrupted")
            .absolute(workers.interrupted);
        counter!("mesh_worker_restarts_total").absolute(workers.restarts);
        counter!("mesh_worker_garbage_lines_total").absolute(workers.garbage);
        counter!("mesh_worker_log_failures_total").absolute(workers.unwritten);
        let [written, refused, dropped] = self.store().counts();
        counter!("mesh_store_writes_total").absolute(written);
        counter!("mesh_store_refusals_total").absolute(refused);
        counter!("mesh_store_dropped_total").absolute(dropped);
        gauge!("mesh_agents").set(self.shared.config.agents);
        gauge!("process_resident_memory_bytes").set(usage::rss_mb() * 1_048_576.0);
        counter!("mesh_process_cpu_milliseconds_total").absolute(usage::cpu().as_millis() as u64);
    }

    /// Whether its threads run, and its workers' log is written.
    pub fn health(&self) -> Health {
        let ended = self.threads.iter().filter(|thread| thread.is_finished());
        let ended = ended.count();
        let workers = self.worker_figures();
        let trouble = self.store().now();
        Health {
            parts: vec![
                Part {
                    name: "shards",
                    ok: ended == 0,
                    detail: format!("{} run, {ended} ended", self.threads.len() - ended),
                },
                Part {
                    name: "store",
                    ok: trouble.is_none(),
                    detail: trouble.unwrap_or_else(|| "can be written".to_owned()),
                },
                Part {
                    name: "worker log",
                    ok: !workers.log_fails,
                    detail: format!("{} writes failed", workers.unwritten),
                },
            ],
        }
    }
}
