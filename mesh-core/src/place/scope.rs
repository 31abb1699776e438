//! Scopes and the filter language, parsed once here for command line, console and conversation.
