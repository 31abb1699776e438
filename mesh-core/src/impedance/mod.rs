//! How slow an agent is, and how sure we are: profile, predictor, confidence (§1.3, §3.1, §4.1).

use crate::place::Class;
use crate::throw::Timing;
use crate::time::Micros;
use crate::unit::{Share, Weight};

/// temporary: replaced at merge
#[derive(Debug, Clone)]
pub struct Profile {
    class: Class,
    trip: f64,
    trip_dev: f64,
    total: f64,
    total_dev: f64,
    n: u32,
}

impl Profile {
    /// n
    pub fn new(class: Class) -> Self {
        let p = class.prior();
        let t = (p.typical_high.0 + p.typical_low.0) as f64 / 2.0;
        Self {
            class,
            trip: (t - p.processing.0 as f64).max(1000.0),
            trip_dev: 5000.0,
            total: t,
            total_dev: t / 4.0,
            n: 0,
        }
    }
    /// one-way delay
    pub fn network(&mut self, trip: Micros) {
        let e = trip.0 as f64 - self.trip;
        self.trip += e / 8.0;
        self.trip_dev += (e.abs() - self.trip_dev) / 8.0;
    }
    /// throw outcome
    pub fn outcome(
        &mut self,
        _trip: Micros,
        _processing: Micros,
        total: Micros,
        _w: Weight,
        _q: u16,
    ) {
        let e = total.0 as f64 - self.total;
        self.n += 1;
        let k = if self.n < 8 {
            1.0 / f64::from(self.n)
        } else {
            1.0 / 8.0
        };
        self.total += e * k;
        self.total_dev += (e.abs() - self.total_dev) * k;
    }
    /// timing
    pub fn timing(&self, _w: Weight, _q: u16, _p: Share) -> Timing {
        let m = Micros(self.total as i64);
        let lead = Micros((self.total + 3.0 * self.total_dev + 2000.0) as i64);
        let back = Micros((self.trip + 4.0 * self.trip_dev + 2000.0) as i64);
        Timing {
            median: m,
            lead,
            limit: Micros((self.total + 5.0 * self.total_dev) as i64),
            processing: Micros((self.total - self.trip) as i64),
            back,
            round: Micros(back.0 * 2),
            confidence: Share::new(0.99),
        }
    }
    /// c
    pub const fn class(&self) -> Class {
        self.class
    }
}
