//! What keys can make the console do: a closed list, each with the words that help and palette show. What concerns the
//! mesh is not here but in the operation table; a key for that writes its command line and lets the person send it.

macro_rules! commands {
    ($($(#[$doc:meta])* $variant:ident: $name:literal, $help:literal;)*) => {
        /// Something a key does.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum Command { $($(#[$doc])* $variant,)* }

        impl Command {
            /// All of them, as help lists them.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name, also in a file of keys.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it does, in a few words.
            pub(crate) const fn help(self) -> &'static str {
                match self { $(Self::$variant => $help,)* }
            }
        }
    };
}

commands! {
    /// To the composer.
    Ask: "ask", "type a question or a sentence";
    /// A command line.
    Line: "command", "type a command line";
    /// A filter.
    Filter: "filter", "filter the table: class=gpu state=degraded impedance>500 !beat<10";
    /// Send what is typed.
    Send: "send", "send what is typed";
    /// Leave the composer, or one level up.
    Back: "back", "up one level, or out of what lies over the screen";
    /// Open what is selected.
    Open: "open", "open what is selected";
    /// Up.
    Up: "up", "up";
    /// Down.
    Down: "down", "down";
    /// Left.
    Left: "left", "left";
    /// Right.
    Right: "right", "right";
    /// A page up.
    PageUp: "page up", "a page up, older";
    /// A page down.
    PageDown: "page down", "a page down, newer";
    /// To the first.
    First: "first", "to the first";
    /// To the last.
    Last: "last", "to the last";
    /// The sector, cluster or agent before.
    Previous: "previous", "the sector, cluster or agent before";
    /// The one after.
    Next: "next", "the sector, cluster or agent after";
    /// Where one was before.
    Return: "return", "back to where one was";
    /// The next pane.
    NextPane: "next pane", "the keyboard goes to the next pane";
    /// The one before.
    PreviousPane: "previous pane", "the keyboard goes to the pane before";
    /// The pane alone.
    Zoom: "zoom", "the pane alone, and back";
    /// The next metric.
    Metric: "metric", "the grid shows another figure";
    /// The next order.
    Sort: "sort", "the table in another order";
    /// The view stands still.
    Hold: "hold", "the view stands still; the mesh does not";
    /// Only what matters.
    Important: "important", "only events that matter, or all";
    /// Long answers in full.
    Expand: "expand", "long answers in full, or folded";
    /// Copy what is selected.
    Copy: "copy", "copy what is selected to the clipboard";
    /// Take the last change back.
    Undo: "undo", "take the last change back";
    /// A command line that freezes what is selected.
    FreezeHere: "freeze selection", "write the command line that freezes what is selected";
    /// A command line that freezes everything.
    FreezeAll: "freeze all", "write the command line that freezes everything";
    /// A command line that thaws what is selected.
    ThawHere: "thaw selection", "write the command line that thaws what is selected";
    /// A command line that thaws everything.
    ThawAll: "thaw all", "write the command line that thaws everything";
    /// A command line that approves.
    Approve: "approve", "write the command line that approves the review";
    /// A command line that rejects.
    Reject: "reject", "write the command line that rejects it";
    /// A command line that comments.
    Comment: "comment", "write the command line that comments on it";
    /// The mesh.
    ScreenMesh: "mesh", "screen: sectors, clusters, agents";
    /// Throws.
    ScreenThrow: "throw", "screen: the throw that runs, or its proof sheet";
    /// Conflicts.
    ScreenConflicts: "conflicts", "screen: conflicts";
    /// Breakers.
    ScreenBreakers: "breakers", "screen: breakers";
    /// Tasks.
    ScreenTasks: "tasks", "screen: tasks";
    /// Reviews.
    ScreenReviews: "reviews", "screen: what waits for a person";
    /// Indicators.
    ScreenKpis: "kpis", "screen: the indicators against their targets";
    /// The daily check.
    ScreenHealth: "health", "screen: the daily health check";
    /// A runbook.
    ScreenRunbook: "runbook", "screen: a runbook as guided steps";
    /// The audit trail.
    ScreenAudit: "audit", "screen: who did what";
    /// The sheet as JSON.
    ExportJson: "export json", "write the proof sheet to a file as JSON";
    /// As CSV.
    ExportCsv: "export csv", "write the proof sheet to a file as CSV";
    /// As SVG.
    ExportSvg: "export svg", "write the proof sheet to a file as SVG";
    /// What a cascade would look like.
    PlanHere: "plan", "what a sync of what is selected would look like";
    /// The next theme.
    Theme: "theme", "another theme";
    /// Nothing may be changed.
    ReadOnly: "read-only", "nothing can be changed from here, and back";
    /// Mouse reports.
    Mouse: "mouse", "the mouse selects, and back to where it marks text";
    /// Asks and reads again.
    Reload: "reload", "read theme files again, ask for the screen again";
    /// What the console measures of itself.
    Dump: "dump", "write the screen and the console's figures to a file";
    /// Draws anew.
    Redraw: "redraw", "draw everything anew";
    /// As the shell does.
    Suspend: "suspend", "to the shell; fg comes back";
    /// Help.
    Help: "help", "operations and keys";
    /// Palette.
    Palette: "palette", "anything that can be done, by a few letters of it";
    /// What was typed before.
    History: "history", "search what was typed before";
    /// An older line.
    Older: "older", "the line typed before";
    /// A newer one.
    Newer: "newer", "the line typed after";
    /// The rest of the word.
    Complete: "complete", "the rest of the word";
    /// Clears, and twice quits.
    Interrupt: "interrupt", "clear what is typed; twice within two seconds quits";
    /// The character before goes.
    DeleteBack: "delete back", "the character before goes";
    /// The character under the cursor goes.
    Delete: "delete", "the character under the cursor goes";
    /// The word before goes.
    DeleteWord: "delete word", "the word before goes";
    /// Everything before goes.
    DeleteToStart: "delete to start", "everything before the cursor goes";
    /// Everything after goes.
    DeleteToEnd: "delete to end", "everything after the cursor goes";
    /// A character back.
    CursorLeft: "cursor left", "a character back";
    /// A character on.
    CursorRight: "cursor right", "a character on";
    /// To the beginning.
    CursorStart: "cursor start", "to the beginning";
    /// To the end.
    CursorEnd: "cursor end", "to the end";
}
