//! The words of the mesh (specification, appendix A and the sections that use them), each explained in a sentence or two.

/// A term and what it means.
pub(crate) struct Term {
    /// The term, in lower case and in the singular.
    pub(crate) name: &'static str,
    /// Other names for it.
    pub(crate) also: &'static [&'static str],
    /// What it means.
    pub(crate) text: &'static str,
}

const fn term(name: &'static str, also: &'static [&'static str], text: &'static str) -> Term {
    Term { name, also, text }
}

/// All of them, by name.
pub(crate) const TERMS: &[Term] = &[
    term(
        "acknowledgement",
        &["ack"],
        "An agent's word that a message reached it. A broadcast asks for it only when told to.",
    ),
    term(
        "agent",
        &["node", "worker"],
        "One of those who do the work: a function, a server, a GPU box, a Pi or a person. It sits in a cluster and answers to its lead.",
    ),
    term(
        "arrival",
        &["arrival rate"],
        "The share of agents that are ready within the window that was predicted for them.",
    ),
    term(
        "arrival state",
        &[],
        "The instant T at which everybody who was called is ready, having been called earlier the slower they are.",
    ),
    term(
        "arrival window",
        &["window"],
        "How long around T answers are waited for.",
    ),
    term(
        "breaker",
        &["circuit breaker", "circuit"],
        "A switch in front of a cluster or sector. Open, nothing new is routed there; half-open, a little is let through to see; closed, all is well.",
    ),
    term("broadcast", &[], "A message to many agents at once."),
    term(
        "capability",
        &["skill"],
        "A kind of work that an agent can be given, such as llm_inference; rules say to whom it may go.",
    ),
    term(
        "cascade",
        &["throw"],
        "An operation that goes down the whole tree, each level calling the next, so that all are ready at the same instant.",
    ),
    term(
        "class",
        &["classes", "agent class", "impedance class"],
        "What kind of agent: A edge, B serverless, C persistent, D GPU, E local, F human, from the quickest to the slowest.",
    ),
    term("cluster", &[], "Some thirty agents with one lead."),
    term(
        "cluster lead",
        &["lead"],
        "Who calls the agents of a cluster, learns how long each takes, and adds up their answers.",
    ),
    term(
        "conflict",
        &["conflict state"],
        "An agent's answer that what it holds does not fit what it was sent: minus one, neither yes nor failure. It is set aside and looked into while the rest goes on.",
    ),
    term(
        "confidence",
        &[],
        "How sure a reading of your words is. Below a limit I ask instead of acting.",
    ),
    term(
        "context",
        &["context hash"],
        "What an agent knows when it works, named by its hash; two agents with one hash know the same.",
    ),
    term(
        "context divergence",
        &["divergence"],
        "An agent holds another context than it should.",
    ),
    term(
        "coordinator",
        &["sector coordinator"],
        "Who calls the leads of a sector and adds up their answers.",
    ),
    term(
        "degradation",
        &["graceful degradation"],
        "What the mesh gives up, step by step, when parts of it fail.",
    ),
    term(
        "drift",
        &["drift coefficient"],
        "How much an agent's impedance varies, from 0, steady, upwards.",
    ),
    term(
        "heartbeat",
        &["beat"],
        "A short sign of life that every agent sends every few seconds.",
    ),
    term(
        "impedance",
        &["z"],
        "How long an agent takes until it is ready: way, work and queue together, in milliseconds.",
    ),
    term(
        "lead time",
        &["lead times"],
        "How much earlier than T an agent is called, so that it is ready at T.",
    ),
    term(
        "local",
        &["raspberry", "pi"],
        "Class E: small boards such as Raspberry Pis.",
    ),
    term(
        "mesh",
        &[],
        "All agents with the tree that calls them: an orchestrator, sectors, clusters, agents.",
    ),
    term(
        "mode",
        &["operating mode"],
        "How freely the mesh works: from FULL down to what an emergency leaves.",
    ),
    term(
        "orchestrator",
        &[],
        "The top of the tree, where your words arrive.",
    ),
    term(
        "predictor",
        &["prediction"],
        "What learns from past arrivals how long an agent will take the next time.",
    ),
    term(
        "priority",
        &["priorities"],
        "0 low, 1 normal, 2 high, 3 urgent: what goes first when not everything can.",
    ),
    term(
        "proof sheet",
        &["proof"],
        "What is kept of a throw: who was to be ready when, and who was.",
    ),
    term("proposal", &[], "An operation that waits for your yes."),
    term(
        "queue",
        &["queue length"],
        "Operations that wait at an agent.",
    ),
    term(
        "quorum",
        &[],
        "How many ready answers are enough to go on, with few enough conflicts.",
    ),
    term(
        "ready",
        &["ready state"],
        "Plus one of the three answers: the agent has done its part and holds.",
    ),
    term(
        "reliability",
        &["success rate"],
        "How often an agent succeeds, as a share of 1.",
    ),
    term("sector", &[], "Ten clusters with one coordinator."),
    term(
        "strategy",
        &["cascade strategy"],
        "How a throw goes down the tree: in waves, in parallel, or the important ones first.",
    ),
    term(
        "task",
        &["job"],
        "A piece of work given to an agent, with an id and an end.",
    ),
    term(
        "transit",
        &["transit state"],
        "Zero of the three answers: on the way, not there yet.",
    ),
    term(
        "trinary state",
        &["trinary", "trinary logic", "trinary state logic"],
        "The three answers: ready (+1), in transit (0), conflict (-1).",
    ),
    term(
        "wave",
        &["waves"],
        "One level of the tree after the other, each confirmed before the next.",
    ),
    term(
        "orient",
        &[],
        "The step of a cascade in which agents place what they saw in what they know.",
    ),
    term(
        "observe",
        &[],
        "The step of a cascade in which agents look.",
    ),
    term(
        "scope",
        &["scopes", "filter"],
        "Whom an operation is about: all, a sector, a cluster, an agent, a class, or a filter such as where:state=offline.",
    ),
    term(
        "latency",
        &["round trip", "rtt"],
        "The time that a message takes there and back.",
    ),
    term(
        "event",
        &[],
        "Something that happened in the mesh, kept in order.",
    ),
    term(
        "registry",
        &["impedance registry"],
        "Where what is known of every agent is kept.",
    ),
    term(
        "freeze epoch",
        &["epoch"],
        "The number of a freeze, by which late joiners know that it holds for them too.",
    ),
    term(
        "edge",
        &["edge function"],
        "Class A: functions close to the network's edge, the quickest.",
    ),
    term(
        "serverless",
        &["lambda", "serverless function"],
        "Class B: functions that start when they are called.",
    ),
    term(
        "persistent",
        &["container", "server"],
        "Class C: containers and servers that run all the time.",
    ),
    term(
        "gpu",
        &["jetson", "gpu box"],
        "Class D: boxes with a graphics processor, for models.",
    ),
    term(
        "human",
        &["people", "person"],
        "Class F: people, whose lane is minutes.",
    ),
];

/// The name under which a term is explained, when it is one.
pub(crate) fn find(text: &str) -> Option<&'static str> {
    entry(text).map(|term| term.name).map(|name| {
        // Another name is answered under the word that was asked for where that is a term's own.
        TERMS
            .iter()
            .find(|term| term.name == text)
            .map_or(name, |term| term.name)
    })
}

/// The entry of a term by any of its names.
pub(crate) fn entry(text: &str) -> Option<&'static Term> {
    let text = text.trim();
    let single = text.strip_suffix('s').unwrap_or(text);
    TERMS.iter().find(|term| {
        term.name == text
            || term.name == single
            || term.also.contains(&text)
            || term.also.contains(&single)
    })
}
