//! Failures whose code says less than their words.
//!
//! A service behind Cloud Control has codes of its own, and what its handler makes of them is often one of three that say
//! nothing: that the request is invalid, that it is denied, that the service failed. Then a part of the sentence tells what it
//! means. A row holds such a part, what it means, and who says it why. What one service does not know yet of another sounds as
//! final as a mistake: how long that is believed is the engine's to say, which knows what was just made.

use agent_world::FailureKind;
use agent_world::FailureKind::{NotYet, Rejected, Transient};

/// A part of a message, what the message means, and who says so why.
type Row = (&'static str, FailureKind, &'static str);

#[rustfmt::skip]
const WORDS: &[Row] = &[
    // A role, or what it may do, is not known to the service that is to act as it.
    ("annot be assumed", NotYet, "many services: the role was made seconds ago"),
    ("could not be assumed", NotYet, "EKS: role and trust policy of a cluster or a node group"),
    ("nable to assume", NotYet, "flow logs, ECS, autoscaling, Glue: a role or a service-linked role"),
    ("to assume the role", NotYet, "Scheduler, CodeDeploy, Cognito: the trust policy"),
    ("to assume the provided role", NotYet, "Step Functions: the trust policy"),
    ("is not authorized to perform: sts:AssumeRole", NotYet, "a service that passes on what STS says"),
    ("Role is not valid", NotYet, "ECS: the execution role or the role of a task definition"),
    ("Error in role params", NotYet, "EKS: the role of a cluster"),
    ("role defined for the function", NotYet, "Lambda: the execution role"),
    ("permissions for: ENHANCED_MONITORING", NotYet, "RDS: the role for enhanced monitoring"),
    ("doesn't have the Amazon EKS Managed Policies", NotYet, "EKS: policies that were attached seconds ago"),
    ("role's policy must include", NotYet, "EKS: permissions that were granted seconds ago"),
    ("that the ECS service role being passed has the proper permissions", NotYet, "ECS: permissions that were granted seconds ago"),
    ("Caught ServiceAccessDeniedException", NotYet, "ECS: the infrastructure role of a capacity provider"),
    ("KMS key is invalid for CreateGrant", NotYet, "many services: what their role may do with the key"),

    // A principal is not known to the service that takes a policy.
    ("nvalid principal in policy", NotYet, "S3, and trust policies of IAM"),
    ("one or more invalid principals", NotYet, "KMS: the policy of a key"),
    ("PrincipalNotFound", NotYet, "SNS: the policy of a topic"),
    ("Invalid value for the parameter Policy", NotYet, "SQS: the policy of a queue"),
    ("contains an unsupported principal", NotYet, "Secrets Manager: the policy of a secret"),
    ("Invalid repository policy provided", NotYet, "ECR: the policy of a repository"),
    ("specified principalArn is invalid", NotYet, "EKS: the principal of an access entry"),

    // Something else that was just made.
    ("Some input subnets in", NotYet, "RDS, ElastiCache: subnets of a group"),
    ("does not have an associated load balancer", NotYet, "ECS: the listener of a target group"),
    ("does not exist", NotYet, "EC2 and whoever asks it, Logs, SNS, SQS: by id or ARN"),
    ("doesn't exist", NotYet, "autoscaling: the service that it scales"),
    ("cannot be found", NotYet, "IAM: a role by name"),
    ("security group IDs are invalid", NotYet, "Lambda: groups of a network"),
    ("can't find the specified secret", NotYet, "Secrets Manager: a secret by ARN"),
    ("is not allowed to be used with", NotYet, "Logs: the key, or its policy"),

    // Something is still there that has to go first, or goes by itself in minutes.
    ("has dependencies and cannot be deleted", Transient, "EC2: network interfaces of what was just deleted stay for a while"),
    ("has a dependent object", Transient, "EC2: a security group that a network interface still has"),
    ("has some mapped public address", Transient, "EC2: a gateway is detached while addresses are in use"),

    // A service's own error that no waiting mends.
    ("you tried to delete is not empty", Rejected, "S3: objects, or versions of them, are in the bucket"),
    ("because it still contains images", Rejected, "ECR: images are in the repository"),
];

/// What a failure in these words means, if they say more than its code.
pub(crate) fn meaning(message: &str) -> Option<FailureKind> {
    WORDS.iter().find(|(says, ..)| message.contains(says)).map(|(_, means, _)| *means)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_row_is_a_part_of_another_and_each_says_why() {
        for (nth, (says, _, because)) in WORDS.iter().enumerate() {
            assert!(!because.is_empty(), "{says}");
            let mut others = WORDS.iter().enumerate().filter(|(at, _)| *at != nth);
            assert!(!others.any(|(_, (other, ..))| says.contains(other)), "{says}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_request_itself_is_meant() {
        for message in
            ["bad value", "Model validation failed (#/Name: too long)", "db has deletion protection"]
        {
            assert_eq!(meaning(message), None, "{message}");
        }
    }
}
