//! What systemd is told of a unit of `Type=notify`. Without systemd nothing happens.

use sd_notify::NotifyState;
use std::time::Duration;

/// The unit that this process is, if it is one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unit(());

impl Unit {
    /// It is up, and this is what it does.
    pub fn ready(self, status: &str) {
        tell(&[NotifyState::Ready, NotifyState::Status(&one_line(status))]);
    }

    /// What it does now.
    pub fn status(self, status: &str) {
        tell(&[NotifyState::Status(&one_line(status))]);
    }

    /// It drains and ends.
    pub fn stopping(self) {
        tell(&[NotifyState::Stopping]);
    }

    /// Tells that it is well, twice in each span in which systemd wants to hear it, for as long as `well` says so; does not
    /// end, and does nothing where nobody wants to hear it.
    pub async fn watch(self, well: impl Fn() -> bool) {
        let Some(every) = sd_notify::watchdog_enabled().filter(|every| !every.is_zero()) else {
            return std::future::pending().await;
        };
        let mut beat = tokio::time::interval((every / 2).max(Duration::from_millis(10)));
        loop {
            beat.tick().await;
            if well() {
                tell(&[NotifyState::Watchdog]);
            }
        }
    }
}

fn tell(states: &[NotifyState<'_>]) {
    // A unit whose manager does not listen runs all the same.
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager was not told");
    }
}

/// A newline would be another message.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_one_line_and_telling_nobody_is_no_error() {
        assert_eq!(one_line("up\nSTOPPING=1"), "up STOPPING=1");
        Unit::default().ready("up");
        Unit::default().stopping();
    }
}
