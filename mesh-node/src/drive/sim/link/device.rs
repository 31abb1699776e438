//! What an agent's machine does with a payload, and how long it takes.

use mesh_core::chance::Chance;
use mesh_core::place::Class;
use mesh_core::time::Micros;
use mesh_core::unit::Weight;

/// One agent's machine: processing is base × (1 + ~0.5 weight) × (1 + ~0.1 queue) (§3.1), with a base of its own and
/// its class's true slopes, which are not quite the specification's, so that learning them matters. 12 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Device {
    /// Processing for weight 0 and an empty queue, microseconds.
    base: u32,
    /// How much slower than that it is at present, in 1/256: set by scenarios.
    slow: u16,
    class: Class,
    queue: u8,
}

/// What is true of a class and nobody is told.
struct Truth {
    /// Base between agents, milliseconds, evenly.
    base: (f64, f64),
    /// Added by weight 1 and by each queued item, as a share.
    slopes: (f64, f64),
    /// Spread of the processing times of one agent, as a share (the sigma of a lognormal).
    sigma: f64,
    /// Share of calls that are slow (collections of garbage, an SD card, the rare cold start of a function that a beat every
    /// five seconds keeps warm), and by how many milliseconds.
    stall: (f64, f64, f64),
}

const fn truth(class: Class) -> Truth {
    let (base, slopes, sigma, stall) = match class {
        Class::Edge => ((9.0, 11.0), (0.45, 0.10), 0.08, (0.000_2, 10.0, 60.0)),
        Class::Serverless => ((45.0, 55.0), (0.50, 0.08), 0.08, (0.000_3, 250.0, 900.0)),
        Class::Persistent => ((180.0, 220.0), (0.58, 0.12), 0.08, (0.000_3, 50.0, 250.0)),
        Class::Gpu => ((140.0, 240.0), (0.40, 0.07), 0.06, (0.000_3, 100.0, 600.0)),
        Class::Local => ((135.0, 165.0), (0.55, 0.13), 0.08, (0.000_3, 50.0, 400.0)),
        Class::Human => ((60_000.0, 600_000.0), (0.2, 0.5), 0.8, (0.05, 6e5, 1.4e7)),
    };
    Truth {
        base,
        slopes,
        sigma,
        stall,
    }
}

impl Device {
    /// Queued items that a machine makes up for itself at most; what the mesh queues comes on top.
    pub(crate) const QUEUE_MAX: u8 = 6;

    /// One of many machines of a class.
    pub(crate) fn new(class: Class, chance: &mut Chance) -> Self {
        let (low, high) = truth(class).base;
        let mut device = Self {
            base: (chance.between(low, high) * 1_000.0) as u32,
            slow: 256,
            class,
            queue: 0,
        };
        device.stir(chance);
        device
    }

    /// How long it takes for a payload of `weight` with `queue` items before it.
    pub(crate) fn processing(self, weight: Weight, queue: u32, chance: &mut Chance) -> Micros {
        let truth = truth(self.class);
        let (by_weight, by_queue) = truth.slopes;
        let load =
            (1.0 + by_weight * weight.value()) * (1.0 + by_queue * f64::from(queue.min(1_000)));
        let bits = chance.bits();
        let mut time = f64::from(self.base) * load * lognormal(truth.sigma, bits);
        let (share, low, high) = truth.stall;
        if chance.happens(share) {
            time += 1_000.0 * chance.between(low, high);
        }
        Micros((time * f64::from(self.slow) / 256.0) as i64)
    }

    /// Work of its own that stands before the mesh's: mostly none, sometimes a few.
    pub(crate) const fn queue(self) -> u8 {
        self.queue
    }

    /// Lets that work change, as it does over some seconds: call it once a beat.
    pub(crate) fn stir(&mut self, chance: &mut Chance) -> u8 {
        let bits = chance.bits();
        // Every fourth time it is drawn anew: 0 60 %, 1 25 %, 2 10 %, 3 4 %, 4 to 6 1 %.
        if bits.is_multiple_of(4) {
            self.queue = match bits >> 32 & 0xFFFF {
                0..39_322 => 0,
                39_322..55_706 => 1,
                55_706..62_259 => 2,
                62_259..64_881 => 3,
                _ => 4 + (bits >> 48) as u8 % (Self::QUEUE_MAX - 3),
            };
        }
        self.queue
    }

    /// From now on it takes `factor` times as long as when it is well (0.01 to 255); 1 makes it well again.
    pub(crate) fn slow_down(&mut self, factor: f64) {
        self.slow = (factor.clamp(0.01, 255.0) * 256.0) as u16;
    }

    /// Its own base without jitter: what learning should come to.
    #[cfg(test)]
    pub(crate) const fn base(self) -> Micros {
        Micros(self.base as i64)
    }
}

/// A factor around 1 with a spread of `sigma`, from 64 random bits.
///
/// The normal number is the sum of four 16-bit parts (variance 1/3, so times the root of 3): within 3.5 of its middle
/// and close to normal there, which is all that a processing time needs.
fn lognormal(sigma: f64, bits: u64) -> f64 {
    let sum = (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48);
    let x = sigma * 1.732_050_807_568_877_2 * (sum as f64 / 65_536.0 - 2.0);
    if sigma > 0.1 {
        return libm::exp(x);
    }
    // The series of exp to the fourth term: |x| is below 0.35, the error below 0.001.
    1.0 + x * (1.0 + x * (0.5 + x / 6.0))
}
