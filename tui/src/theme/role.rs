//! The meanings that a cell can have. Views name these, never colours.

macro_rules! roles {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What a cell means.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub(crate) enum Role { $($(#[$doc])* $variant,)* }

        impl Role {
            /// All, in the order of their numbers.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in theme files.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

roles! {
    /// Plain text.
    Text = "text",
    /// Beside the point.
    Dim = "dim",
    /// Names of keys, the place one is at.
    Accent = "accent",
    /// A box.
    Border = "border",
    /// The box that has the keyboard.
    BorderFocus = "border_focus",
    /// A box's title.
    Title = "title",
    /// What is selected.
    Selection = "selection",
    /// Well.
    Ok = "ok",
    /// A little slow.
    Elevated = "elevated",
    /// Not as it should be.
    Degraded = "degraded",
    /// Far too slow.
    Slow = "slow",
    /// A conflict.
    Conflict = "conflict",
    /// A breaker that is open.
    Open = "open",
    /// One that tries again.
    HalfOpen = "half_open",
    /// Not heard of lately.
    Stale = "stale",
    /// Stopped.
    Frozen = "frozen",
    /// Not there.
    Offline = "offline",
    /// What a person must see.
    Banner = "banner",
    /// What is modelled, not real.
    Lab = "lab",
    /// What a person said.
    You = "you",
    /// What the mesh said.
    Mesh = "mesh",
    /// What waits for a yes.
    Proposal = "proposal",
    /// When something happened.
    EventTime = "event_time",
    /// Coolest of five.
    Heat0 = "heat_0",
    /// Cool.
    Heat1 = "heat_1",
    /// Warm.
    Heat2 = "heat_2",
    /// Hot.
    Heat3 = "heat_3",
    /// Hottest.
    Heat4 = "heat_4",
    /// A figure over time.
    Sparkline = "sparkline",
    /// Where one types.
    Cursor = "cursor",
}

impl Role {
    /// The heat for a step 0 to 4 and beyond.
    pub(crate) const fn heat(step: u8) -> Self {
        match step {
            0 => Self::Heat0,
            1 => Self::Heat1,
            2 => Self::Heat2,
            3 => Self::Heat3,
            _ => Self::Heat4,
        }
    }

    /// From the name in theme files.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.name() == name)
    }
}
