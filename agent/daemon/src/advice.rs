//! What to do about a failure, by the code under which it is told.

/// A sentence for whoever reads the failure.
pub(crate) fn on(code: &str) -> &'static str {
    match code {
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedTaggingOperation" => {
            "allow it in the policy of the agent's role; the next pass tries again"
        }
        "InvalidCredentials"
        | "InvalidCredentialsException"
        | "UnrecognizedClientException"
        | "ExpiredTokenException"
        | "InvalidSignatureException" => {
            "give the agent credentials of this account that hold; the next pass tries again"
        }
        "ServiceLimitExceeded" | "ServiceLimitExceededException" => {
            "ask the provider for a higher limit, or declare less; the next pass tries again"
        }
        "AlreadyExists" | "AlreadyExistsException" => {
            "something that is not ours has the name: remove it or rename it; the next pass tries again"
        }
        "NotFound" | "ResourceNotFoundException" => {
            "something it needs is gone: the next pass looks and plans anew"
        }
        "Throttled" | "Throttling" | "ThrottlingException" => "nothing: the next pass goes on more slowly",
        "NoAnswer" | "InProgress" | "NotReadBack" => {
            "nothing: what was begun is in the journal, and the next pass finds out what became of it"
        }
        "Gone" => "nothing: the next pass makes it again",
        "Unhealthy" => {
            "look at the log of what was deployed; what was healthy last runs until another document is published"
        }
        "Waiting" => {
            "nothing, if what it waits for comes; else look at what is held in `manifest-agent plan`"
        }
        "Vault" | "NoVault" => {
            "see to it that the agent reaches the place of its secrets; the next pass tries again"
        }
        "InvalidRequest"
        | "InvalidRequestException"
        | "ValidationException"
        | "Invalid"
        | "NotUpdatable"
        | "NotUpdatableException" => "correct what is asked for in the repository, and publish it",
        _ => {
            "the next pass tries again; if it stays, take the provider's words and its request id to the provider"
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_code_has_an_advice() {
        assert!(super::on("AccessDenied").contains("policy"));
        assert!(super::on("InvalidRequest").contains("correct"));
        assert!(super::on("SomethingNew").contains("request id"));
    }
}
