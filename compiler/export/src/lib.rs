//! From a desired state to what other tools read: templates of CloudFormation, among them the one that installs the agent.
//!
//! Nothing here changes what is desired; it is said in another language. The same document gives the same bytes.

pub mod bootstrap;
pub mod cloudformation;
pub mod graph;
