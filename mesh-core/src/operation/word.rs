//! The closed sets of words that arguments are made of, each spelt once.

use core::fmt;
use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every one, in the order in which they are listed to people.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];
            /// The words, in the same order.
            pub const WORDS: &'static [&'static str] = &[$($word,)+];

            /// The word itself.
            pub const fn word(self) -> &'static str {
                Self::WORDS[self as usize]
            }

            /// From the word, exactly.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|each| each.word() == text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}

words! {
    /// What a list or a count is of.
    What {
        /// Agents.
        Agents = "agents",
        /// Clusters.
        Clusters = "clusters",
        /// Sectors.
        Sectors = "sectors",
        /// Conflicts (§5.1).
        Conflicts = "conflicts",
        /// Circuit breakers (§6.2).
        Breakers = "breakers",
        /// Tasks.
        Tasks = "tasks",
        /// Items that wait for a person.
        Reviews = "reviews",
        /// Events.
        Events = "events",
        /// Operations that were asked for, and what came of them.
        Operations = "operations",
    }
}

words! {
    /// Whether something still waits for its end.
    Openness {
        /// Still open.
        Open = "open",
        /// Settled.
        Closed = "closed",
    }
}

words! {
    /// What a list is sorted by.
    SortBy {
        /// Z.
        Impedance = "impedance",
        /// Pending operations.
        Queue = "queue",
        /// Historical success rate.
        Reliability = "reliability",
        /// How much Z varies.
        Drift = "drift",
        /// Conflicts.
        Conflicts = "conflicts",
        /// How many agents.
        Agents = "agents",
    }
}

words! {
    /// Which end comes first.
    Order {
        /// Smallest first.
        Ascending = "asc",
        /// Largest first.
        Descending = "desc",
    }
}

words! {
    /// What can be followed over time.
    Metric {
        /// Mean Z.
        Impedance = "impedance",
        /// Agents that are active.
        Active = "active",
        /// Conflicts.
        Conflicts = "conflicts",
        /// Round-trip time.
        Latency = "latency",
        /// Pending operations.
        Queue = "queue",
        /// Agents arriving in the predicted window.
        Arrival = "arrival",
    }
}

words! {
    /// What a cascade asks of agents (§2.4, PROTOCOL §9a).
    Verb {
        /// Read.
        Observe = "observe",
        /// Update context.
        Orient = "orient",
        /// Vote.
        Decide = "decide",
        /// Do something at T.
        Act = "act",
        /// Append.
        Record = "record",
        /// Bring context in line.
        Sync = "sync",
    }
}

words! {
    /// How a cascade goes down the tree (§3.3).
    Strategy {
        /// Each tier is gated on the one above.
        Wave = "wave",
        /// Everybody at once.
        Parallel = "parallel",
        /// Class by class, the critical ones first.
        PriorityFirst = "priority_first",
    }
}

words! {
    /// How a person settles a conflict (§5.1).
    Settlement {
        /// What we had stays.
        KeepExpected = "keep_expected",
        /// What came takes its place.
        KeepReceived = "keep_received",
        /// Both live on, on branches.
        Branch = "branch",
        /// It was none.
        Dismiss = "dismiss",
    }
}

words! {
    /// Which way a capability rule goes.
    Grant {
        /// May be routed there.
        Grant = "grant",
        /// May not.
        Revoke = "revoke",
    }
}

words! {
    /// A seat above agents.
    SeatKind {
        /// Of a cluster.
        Lead = "lead",
        /// Of a sector.
        Coordinator = "coordinator",
    }
}

words! {
    /// What is done with a review item.
    ReviewAct {
        /// Yes.
        Approve = "approve",
        /// No.
        Reject = "reject",
        /// Look at it.
        Show = "show",
        /// Say something and leave it open.
        Comment = "comment",
    }
}

words! {
    /// What is done with context (PROTOCOL §9a).
    ContextAct {
        /// Branches, heads and who holds what.
        Show = "show",
        /// A new branch from a hash or from the present head.
        Branch = "branch",
        /// One branch into the main one.
        Merge = "merge",
        /// Agents fetch the known-good document again.
        Reload = "reload",
        /// This head is the known-good one.
        MarkGood = "mark_good",
    }
}

words! {
    /// What is done with keys (PROTOCOL §10).
    KeyAct {
        /// Who holds which, and until when.
        Show = "show",
        /// A one-time token for a node to join with.
        Token = "token",
        /// A key that waits is let in.
        Admit = "admit",
        /// A new key in place of the present one.
        Rotate = "rotate",
        /// Never again.
        Revoke = "revoke",
    }
}

words! {
    /// What is done with backups (§10.1).
    BackupAct {
        /// When the last ones were made and of what.
        Show = "show",
        /// One now.
        Make = "make",
        /// The last one is read back and compared.
        Verify = "verify",
    }
}

words! {
    /// Which chained log is verified (PROTOCOL §9).
    LogKind {
        /// The conflict log.
        Conflicts = "conflicts",
        /// The audit trail.
        Audit = "audit",
    }
}

words! {
    /// How a proof sheet is written down.
    SheetFormat {
        /// JSON.
        Json = "json",
        /// Comma-separated, one straggler a line.
        Csv = "csv",
        /// A picture.
        Svg = "svg",
    }
}

words! {
    /// The runbooks of §10.2 and §10.3.
    Runbook {
        /// A sector that does not answer.
        SectorUnresponsive = "sector_unresponsive",
        /// Adding many agents.
        AddAgents = "add_agents",
        /// The daily check of §10.1.
        DailyCheck = "daily_check",
    }
}

words! {
    /// How much an event or a finding matters.
    Severity {
        /// For the record.
        Info = "info",
        /// Worth a look.
        Notice = "notice",
        /// Something is not as it should be.
        Warning = "warning",
        /// A person should act.
        Critical = "critical",
    }
}
