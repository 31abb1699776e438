//! What agents of a class can do unless they say otherwise (§2.2 `best_for`), and what a capability needs of its host.

use crate::operation::resource::{Hardware, Resource};
use crate::operation::view::Need;
use crate::place::{Class, ClassSet};

/// What a class is best for (§2.2), in the words of capabilities. An agent with others says so itself.
pub const fn of_class(class: Class) -> &'static [&'static str] {
    match class {
        Class::Edge => &["routing", "transform", "cache"],
        Class::Serverless => &["api", "database", "integration"],
        Class::Persistent => &["reasoning", "batch", "training"],
        Class::Gpu => &["llm_inference", "embedding", "vision"],
        Class::Local => &["sensor", "local_state", "physical"],
        Class::Human => &["judgement", "review"],
    }
}

/// What a capability needs, where it needs something of a host; `None` for what any host can run.
pub fn need(capability: &str) -> Option<Need> {
    of_class(Class::Gpu).contains(&capability).then(|| Need {
        classes: ClassSet::default().with(Class::Gpu),
        hardware: Some(Resource::GpuMemory),
    })
}

/// What hosts of a class have until their probe has told: boxes with a graphics processor have one, the rest have not.
pub const fn hardware(class: Class) -> Hardware {
    match class {
        Class::Gpu => Hardware::NONE
            .with(Resource::GpuMemory)
            .with(Resource::Accelerator),
        Class::Edge | Class::Serverless | Class::Persistent | Class::Local | Class::Human => {
            Hardware::NONE
        }
    }
}
