// Where AWS's documentation decides for us.

const A = '111111111111'
const UNLIMITED = ['*', `arn:aws:sts::${A}:assumed-role/deploy/build`]

/** Why the two may part in this case; undefined if they may not. */
export function accepted(one, ours, theirs) {
  const granted = (one.resource_policy?.Statement ?? []).filter(({ Effect }) => Effect === 'Allow')
  const isUnlimited = granted.some(({ Principal }) => UNLIMITED.includes(Principal?.AWS ?? Principal))
  if (one.session.length && one.account === A && isUnlimited && ours === 'Allowed' && theirs === 'ImplicitlyDenied') {
    // Session policies don't limit what a policy on a resource grants to the session itself, or to everyone:
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session,
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-roles
    return 'accepted: session policies do not limit grants to the session'
  }
  const spares = (one.resource_policy?.Statement ?? []).map(({ NotPrincipal }) => NotPrincipal?.AWS ?? [])
  const isSparedByAccount = spares.some((names) => names.includes(A) && !names.includes(one.user ?? one.role))
  if (!one.service && isSparedByAccount && ours === 'ExplicitlyDenied') {
    // A user listed with its account is spared, and nobody else of the account (the page's example of Bob):
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
    return 'accepted: NotPrincipal spares who is listed with the account, not all of the account'
  }
  return undefined
}

/**
 * The documents as the other evaluator reads them right: it takes no range of all addresses
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_IPAddress),
 * which two halves are too.
 */
export function inHalves(value) {
  if (Array.isArray(value)) return value.flatMap((one) => (one === '0.0.0.0/0' ? ['0.0.0.0/1', '128.0.0.0/1'] : [inHalves(one)]))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, inHalves(one)]))
}
