/** The calls of Secrets Manager that are made. A bundle has these, and nothing else of the SDK: a new one is named here. */
export { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager"
