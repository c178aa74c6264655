/** The policies that were made with each tracker, so that a page can show them. They are held weakly. */
import { globalValue } from "effect/GlobalValue"
import type { RetryPolicy } from "./policyModel.js"

// A program has a policy for each host. One that makes a policy for each call keeps the newest.
const maxPolicies = 256

// Shared by all installed copies of the package.
const policies = globalValue(
  "effect-errata/RetryPolicy/policies",
  () => new WeakMap<object, ReadonlyArray<WeakRef<RetryPolicy>>>()
)

export const register = (tracker: object, policy: RetryPolicy): RetryPolicy => {
  const alive = (policies.get(tracker) ?? []).filter((ref) => ref.deref() !== undefined)
  policies.set(tracker, [...alive.slice(1 - maxPolicies), new WeakRef(policy)])
  return policy
}

/** In the order in which they were made. */
export const policiesOf = (tracker: object): ReadonlyArray<RetryPolicy> =>
  (policies.get(tracker) ?? []).flatMap((ref) => ref.deref() ?? [])
