//! What an operation does to the mesh, decided by its type and its row, never by the sentence that asked for it.

use super::kind::Operation;
use super::scope::Scopes;
use super::table::{self, Acts, Asks, Row};
use super::word::Grant;
use serde::{Deserialize, Serialize};

/// What has to be said before an operation is carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Confirm {
    /// Nothing.
    None,
    /// Yes.
    Yes,
    /// A console asks for these very words; over the door they count as a yes.
    TypedPhrase(String),
}

impl Confirm {
    /// Whether anything has to be said: `confirm` of the contract.
    pub const fn is_needed(&self) -> bool {
        !matches!(self, Self::None)
    }
}

/// What the modes of §6.3 look at when they decide whether an operation may be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own that one restriction asks"
)]
pub struct Traits {
    /// It changes the mesh.
    pub changes: bool,
    /// Its scope is the whole mesh.
    pub mesh_wide: bool,
    /// It protects or recovers: carried out in every mode.
    pub protects: bool,
    /// It travels at the highest priority.
    pub critical: bool,
    /// It can wait for better times.
    pub background: bool,
    /// It can be queued: it is neither critical nor does anybody wait for its answer now.
    pub urgent: bool,
    /// It sends the same to many agents and gathers their answers, so that its size matters.
    pub scatters: bool,
    /// It is carried out while its scope is frozen.
    pub when_frozen: bool,
}

/// Operations that protect or recover, which no mode refuses (§6.3: what an emergency needs must work in one).
const PROTECTS: &[&str] = &[
    "freeze",
    "thaw",
    "avoid",
    "quarantine",
    "release",
    "trip",
    "reset",
    "restore",
    "heal",
    "cancel",
    "promote",
    "backup",
    "review",
];

impl Operation {
    /// Its row in the table.
    pub fn row(&self) -> &'static Row {
        // Every name has a row: tested by reading and naming each variant.
        table::row(self.name()).expect("every operation has a row")
    }

    /// What has to be said first. `undo` says nothing here: it asks for what its inverse would ask for, which only the
    /// history knows.
    pub fn confirm_needed(&self) -> Confirm {
        let row = self.row();
        let scope = self.scope();
        let needed = match row.asks {
            Asks::Never => false,
            Asks::Always => true,
            Asks::WhenAll => scope.is_none_or(Scopes::is_all),
            Asks::WhenWide => scope.is_none_or(Scopes::is_wide),
            Asks::WhenMany => scope.and_then(Scopes::single_agent).is_none(),
            Asks::ForAction(actions) => self
                .action()
                .is_some_and(|action| actions.contains(&action)),
            Asks::ForActionWhenWide(action) => {
                self.action() == Some(action) && scope.is_none_or(Scopes::is_wide)
            }
            Asks::AsHeld => return self.inner().map_or(Confirm::None, Self::confirm_needed),
        };
        match (needed, row.phrase && scope.is_some_and(Scopes::is_all)) {
            (false, _) => Confirm::None,
            (true, false) => Confirm::Yes,
            (true, true) => Confirm::TypedPhrase(format!("{} all", row.name)),
        }
    }

    /// Whether carrying it out changes the mesh.
    pub fn changes(&self) -> bool {
        match self.row().acts {
            Acts::Looks | Acts::Console => false,
            Acts::Undoable | Acts::Changes => true,
            Acts::UnlessAction(actions) => !self
                .action()
                .is_some_and(|action| actions.contains(&action)),
            Acts::AsHeld => self.inner().is_some_and(Self::changes),
        }
    }

    /// The operation that takes it back, as far as it follows from the operation alone. Whoever carries it out knows
    /// better which agents it touched, and puts that into the history ([`super::undo`]).
    pub fn inverse(&self) -> Option<Self> {
        let both = |scope: &Scopes, except: &Option<Scopes>| (scope.clone(), except.clone());
        macro_rules! turned {
            ($scope:ident, $except:ident => $to:ident) => {{
                let (scope, except) = both($scope, $except);
                Some(Self::$to { scope, except })
            }};
        }
        match self {
            Self::Avoid { scope, except, .. } => turned!(scope, except => Restore),
            Self::Freeze { scope, except } => turned!(scope, except => Thaw),
            Self::Thaw { scope, except } => turned!(scope, except => Freeze),
            Self::Quarantine { scope, except } => turned!(scope, except => Release),
            Self::Release { scope, except } => turned!(scope, except => Quarantine),
            Self::Trip { scope, except } => turned!(scope, except => Reset),
            Self::Reset { scope, except } => turned!(scope, except => Trip),
            Self::Restore { scope, except } => {
                let (scope, except) = both(scope, except);
                Some(Self::Avoid {
                    scope,
                    except,
                    for_s: None,
                })
            }
            Self::Capability {
                action,
                scope,
                except,
                capability,
            } => {
                let (scope, except) = both(scope, except);
                let action = match action {
                    Grant::Grant => Grant::Revoke,
                    Grant::Revoke => Grant::Grant,
                };
                Some(Self::Capability {
                    action,
                    scope,
                    except,
                    capability: capability.clone(),
                })
            }
            Self::Scale {
                add,
                remove,
                class,
                scope,
                except,
            } => Some(Self::Scale {
                add: *remove,
                remove: *add,
                class: *class,
                scope: scope.clone(),
                except: except.clone(),
            }),
            other => {
                // The ids that `cancel` and `unschedule` need come with the answer, not with the operation.
                debug_assert!(
                    matches!(other.row().inverse, None | Some("cancel" | "unschedule")),
                    "{}",
                    other.name()
                );
                None
            }
        }
    }

    /// The priority at which its messages travel: 0 background to 3 critical (§2.4).
    pub fn priority(&self) -> u8 {
        let said = match self {
            Self::Broadcast { priority, .. } | Self::Delegate { priority, .. } => *priority,
            // The rest say none: theirs is the row's.
            _ => None,
        };
        said.unwrap_or_else(|| self.inner().map_or(self.row().priority, Self::priority))
    }

    /// What the modes look at.
    pub fn traits(&self) -> Traits {
        let row = self.row();
        let priority = self.priority();
        let everywhere = self.scope().map_or(
            row.arg("scope").is_some_and(|arg| !arg.needed),
            Scopes::is_all,
        );
        let changes = self.changes();
        Traits {
            changes,
            mesh_wide: everywhere && (changes || table::THROWS.contains(&row.name)),
            protects: PROTECTS.contains(&row.name),
            critical: priority >= 3,
            background: priority == 0,
            urgent: priority >= 2 || !changes,
            scatters: table::THROWS.contains(&row.name),
            when_frozen: row.when_frozen,
        }
    }

    fn action(&self) -> Option<&'static str> {
        match self {
            Self::Capability { action, .. } => Some(action.word()),
            Self::Context { action, .. } => Some(action.word()),
            Self::Backup { action } => Some(action.word()),
            Self::Keys { action, .. } => Some(action.word()),
            Self::Review { action, .. } => Some(action.word()),
            // What has an action is named by the table too: the test of its rules would miss a new one.
            _ => None,
        }
    }
}
