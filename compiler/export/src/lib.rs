//! From a desired state to what other tools read: templates of CloudFormation.
//!
//! Nothing here changes what is desired; it is said in another language. The same document gives the same bytes.

pub mod cloudformation;
