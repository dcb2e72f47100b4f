/** What to do where the AWS client found no credentials: where it looks. */
const noCredentials =
  "No AWS credentials were found: not in the environment (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), not in a profile of ~/.aws (AWS_PROFILE), and there is no role of a task, function or instance. Give one of these; after `aws sso login`, set AWS_PROFILE to its profile."

const noRegion = "Give the AWS region: --region, SLUICE_REGION, AWS_REGION, or a region in the profile."

/**
 * What to do about an error that the AWS client makes before it asks anybody; null for any other.
 *
 * @param said the error's message
 */
export const hintOfClient = (said: string): string | null => {
  if (/\bregion is missing\b/i.test(said)) return noRegion
  // An answer of a service never speaks of loading or resolving them.
  return /\b(load|resolve|find|get)\b.*\bcredentials\b|\bprofile\b.*\bnot (be )?found\b|\bsso\b.*\b(session|token)\b/i.test(said)
    ? noCredentials
    : null
}
