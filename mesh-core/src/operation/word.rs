//! The closed sets of words that arguments are made of, each spelt once.

use crate::text::words;

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
